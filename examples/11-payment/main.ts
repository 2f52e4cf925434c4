/**
 * An order that waits two days for its payment. A payment of the wrong amount is refused to its sender. If none
 * comes, the stock is given back and the run ends there, so that no step after the wait has to ask whether it was
 * paid. Time is a fake clock.
 */
import { createSignalbox, orchestrator, type SignalAnswer, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Order = z.object({ id: z.string(), cents: z.number().int() });
const Payment = z.object({ cents: z.number().int(), by: z.string() });
const Hold = z.object({ hold: z.string() });

const reserve = task('reserve', {
  input: Order,
  output: Hold,
  run: async ({ input }) => ({ hold: `hold-${input.id}` }),
});

const giveBack = task('giveBack', {
  input: Hold,
  output: z.string(),
  run: async ({ input }) => `${input.hold} is given back`,
});

const ship = task('ship', {
  input: z.object({ hold: z.string(), to: z.string() }),
  output: z.string(),
  run: async ({ input }) => `${input.hold} is on its way to ${input.to}`,
});

const unpaid = track('unpaid', { input: Hold })
  .step('stock', giveBack, ({ input }) => input)
  .terminate('end', { output: ({ outputs }) => `not paid in time: ${outputs.stock}` });

const sale = track('sale', { input: Order })
  .step('stock', reserve, ({ input }) => input)
  .wait('payment', {
    signal: 'paid',
    payload: Payment,
    where: ({ payload, input }) => payload.cents === input.cents,
    timeout: '2d',
    onTimeout: { do: unpaid, input: ({ outputs }) => outputs.stock },
  })
  .step('parcel', ship, ({ outputs }) => ({ hold: outputs.stock.hold, to: outputs.payment.by }));

export const order = orchestrator('order', { version: '1', input: Order })
  .track('sale', sale, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.sale);

export async function main(print: (line: string) => void = console.log) {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [order], clock }));
  const said = (answer: SignalAnswer) => (answer.answer === 'refused' ? `refused, ${answer.reason}` : answer.answer);

  const paid = await box.start(order, { id: 'order-17', input: { id: '17', cents: 4200 } });
  await clock.advance('1d');
  print(`42 cents for order 17: ${said(await paid.signal('paid', { cents: 42, by: 'mia' }))}`);
  print(`4200 cents for order 17: ${said(await paid.signal('paid', { cents: 4200, by: 'mia' }))}`);
  const parcel = await paid.result();
  print(`order 17: ${parcel}`);

  const forgotten = await box.start(order, { id: 'order-18', input: { id: '18', cents: 900 } });
  await clock.advance('2d');
  const end = await forgotten.result();
  print(`order 18: ${end}`);
  print(`900 cents for order 18: ${said(await forgotten.signal('paid', { cents: 900, by: 'leo' }))}`);
  return { parcel, end, steps: (await forgotten.snapshot()).steps };
}

if (import.meta.main) await main();
