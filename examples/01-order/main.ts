/**
 * The main example: an order is paid for and checked side by side, and then shipped. Shows a
 * retry that waits, what a body is told, and a run that is watched while it goes.
 */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { progressOf } from 'signalbox/inspect';
import { z } from 'zod';

const Order = z.object({ id: z.string(), cents: z.number().int().positive() });

const reserve = task('reserve', {
  input: Order,
  output: z.object({ hold: z.string() }),
  run: async ({ input }) => ({ hold: `hold-${input.id}` }),
});

const charge = task('charge', {
  input: z.object({ hold: z.string(), cents: z.number() }),
  output: z.object({ receipt: z.string() }),
  retry: { maxAttempts: 3, delay: '200ms', backoff: 'exponential' },
  timeout: '5s',
});

const screen = task('screen', {
  input: Order,
  output: z.object({ risk: z.number() }),
  run: async ({ input, progress }) => {
    progress(0.5, 'looking at the address');
    return { risk: input.cents > 100_000 ? 0.9 : 0.1 };
  },
});

const ship = task('ship', {
  input: z.object({ id: z.string(), receipt: z.string() }),
  output: z.object({ parcel: z.string() }),
  run: async ({ input, key }) => ({ parcel: `parcel for ${input.id}, asked for under the key ${key}` }),
});

const payment = track('payment', { input: Order })
  .step('hold', reserve, ({ input }) => input)
  .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }))
  .output(({ outputs }) => outputs.receipt);

const review = track('review', { input: Order }).step('risk', screen, ({ input }) => input);

const delivery = track('delivery', { input: z.object({ id: z.string(), receipt: z.string() }) }).step(
  'parcel',
  ship,
  ({ input }) => input,
);

export const order = orchestrator('order', { version: '1', input: Order })
  .track('payment', payment, { input: ({ input }) => input })
  .track('review', review, { input: ({ input }) => input })
  .track('delivery', delivery, {
    after: ['payment', 'review'],
    input: ({ input, outputs }) => ({ id: input.id, receipt: outputs.payment.receipt }),
  })
  .output(({ outputs }) => ({
    receipt: outputs.payment.receipt,
    parcel: outputs.delivery.parcel,
    risk: outputs.review.risk,
  }));

/** A bank that is busy at the first try. The key is the same when one attempt is repeated after a crash. */
const bank = {
  charge({ cents, key, attempt }: { cents: number; key: string; attempt: number }) {
    if (attempt === 1) throw new Error('the bank is busy');
    return { receipt: `${cents} cents, ${key}` };
  },
};

export async function main(print: (line: string) => void = console.log) {
  await using box = await createSignalbox({
    orchestrators: [order],
    tasks: { charge: async ({ input, key, attempt }) => bank.charge({ cents: input.cents, key, attempt }) },
  });
  const run = await box.start(order, {
    id: 'order-17',
    input: { id: '17', cents: 4200 },
    metadata: { tenant: 'acme' },
  });

  const fold = progressOf(order);
  let progress = fold.start;
  for await (const event of run.events()) {
    progress = fold.after(progress, event);
    const more = event.type === 'step.retrying' ? `  ${event.error.message}; again in ${event.delay} ms` : '';
    print(`${String(progress.percent).padStart(3)} %  ${event.type.padEnd(16)} ${event.path}${more}`);
  }

  const result = await run.result();
  print(JSON.stringify(result, null, 2));
  return result;
}

if (import.meta.main) await main();
