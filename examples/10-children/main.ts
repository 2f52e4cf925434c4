/**
 * An order of several parcels: each is a run of its own, with its own history, and the order waits for both. When the customer
 * changes their mind, the cancel of the order reaches the parcels. The invoice is a run that nobody waits for: it signals back.
 */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';

const Parcel = z.object({ order: z.string(), weight: z.number() });
const Order = z.object({ id: z.string(), weights: z.tuple([z.number(), z.number()]) });

const pack = task('pack', {
  input: Parcel,
  output: z.object({ label: z.string() }),
  run: ({ input, run }) => ({ label: `${input.order}: ${input.weight} kg, for ${run.metadata.tenant}` }),
});

export const parcel = orchestrator('parcel', { version: '1', input: Parcel })
  .track(
    'packing',
    track('packing', { input: Parcel })
      .step('label', pack, ({ input }) => input)
      .sleep('pickup', '2h')
      .output(({ outputs }) => outputs.label.label),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.packing);

/** Its parent goes on at once, and hears of it by a signal. */
const Invoice = z.object({ order: z.string(), tell: z.string() });
export const invoice = orchestrator('invoice', { version: '1', input: Invoice }).track(
  'billing',
  track('billing', { input: Invoice })
    .sleep('night', '8h')
    .signal('tell', {
      signal: 'billed',
      to: ({ input }) => input.tell,
      payload: ({ input }) => `invoice of ${input.order}`,
      required: true,
    }),
  { input: ({ input }) => input },
);

const fulfilment = (part: 0 | 1) =>
  track(`part${part}`, { input: Order }).run('parcel', parcel, ({ input }) => ({
    order: input.id,
    weight: input.weights[part],
  }));

export const order = orchestrator('order', { version: '1', input: Order })
  .track('first', fulfilment(0), { input: ({ input }) => input })
  .track('second', fulfilment(1), { input: ({ input }) => input })
  .track(
    'billing',
    track('billing', { input: Order })
      .run('invoice', {
        orchestrator: invoice,
        detach: true,
        input: ({ input, run }) => ({ order: input.id, tell: run.id }),
      })
      .wait('billed', { signal: 'billed', payload: z.string() })
      .emit('told', { event: 'order.billed', data: ({ previous }) => previous }),
    { after: ['first', 'second'], input: ({ input }) => input },
  )
  .output(({ outputs }) => [outputs.first, outputs.second]);

export async function main(print: (line: string) => void = console.log): Promise<void> {
  const { fakeClock } = await import('signalbox/testing');
  const clock = fakeClock();
  // The parcels and the invoice come with the order: only what is started by hand has to be given to the box.
  await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock }));

  const metadata = { tenant: 'acme' };
  const run = await box.start(order, { id: 'order-17', input: { id: '17', weights: [3, 5] }, metadata });
  await clock.advance('1h');
  for await (const child of run.children()) print(`${child.parent?.path}: ${child.status}`);
  const { steps } = await run.snapshot();
  print(`order-17 waits for a ${steps['first/parcel']?.waitingFor?.what}`);
  await clock.advance('9h');
  print(JSON.stringify(await run.result()));
  for await (const event of run.history())
    if (event.type === 'user.emitted') print(`${event.name}: ${JSON.stringify(event.data)}`);

  const other = await box.start(order, { id: 'order-18', input: { id: '18', weights: [1, 1] }, metadata });
  await clock.advance('1h');
  await other.cancel({ reason: 'the customer changed their mind' });
  await clock.advance(0);
  for await (const child of other.children()) print(`${child.parent?.path}: ${child.status}, ${child.reason}`);
}

if (import.meta.main) await main();
