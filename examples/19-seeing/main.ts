/**
 * Seeing a run: its definition as a chart and as a picture, the run upon it, in a sentence what it waits for, and where its time has
 * gone. An order is paid, its lines are packed, the customer confirms; one line fails at first. Time is a fake clock.
 *
 * `node examples/19-seeing/main.ts order.svg` writes the picture into a file.
 */
import { writeFileSync } from 'node:fs';
import { chart, coverageOf, createSignalbox, diagram, memory, orchestrator, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Order = z.object({ id: z.string(), lines: z.array(z.string()) });

/** How often each line was packed. */
const packed = new Map<string, number>();

const reserve = task('reserve', {
  input: Order,
  output: z.object({ hold: z.string() }),
  run: ({ input }) => ({ hold: `hold-${input.id}` }),
  compensate: () => {},
});
const pack = task('pack', {
  input: z.string(),
  output: z.string(),
  retry: { maxAttempts: 3, delay: '10m' },
  run: ({ input }) => {
    const tries = (packed.get(input) ?? 0) + 1;
    packed.set(input, tries);
    if (input === 'lamp' && tries === 1) throw new Error('the lamp is out of stock');
    return `box of one ${input}`;
  },
});
const remind = task('remind', { input: Order, output: z.string(), run: ({ input }) => `reminded of ${input.id}` });
const tell = task('tell', { input: Order, output: z.string(), run: ({ input }) => `told about ${input.id}` });

const payment = track('payment', { input: Order })
  .step('hold', reserve, ({ input }) => input)
  .wait('paid', { signal: 'paid', timeout: '2d', onTimeout: { do: remind, input: ({ input }) => input } });
const parcels = track('parcels', { input: Order })
  .map('lines', { over: ({ input }) => input.lines, each: pack, strategy: 'waitAll' })
  .sleep('courier', '1h');
const news = track('news', { input: Order }).branch('how', {
  on: ({ input }) => (input.lines.length > 2 ? 'letter' : 'mail'),
  routes: { mail: { do: tell, input: ({ input }) => input }, letter: { do: tell, input: ({ input }) => input } },
});

export const order = orchestrator('order', { version: '1', input: Order, onFailure: 'compensate' })
  .track('payment', payment, { input: ({ input }) => input })
  .track('parcels', parcels, { after: ['payment'], input: ({ input }) => input })
  .track('news', news, { after: ['payment'], input: ({ input }) => input });

export async function main(print: (line: string) => void = console.log, file?: string) {
  packed.clear();
  print(
    `the chart has ${chart(order).events.length} events; its states begin in ${JSON.stringify(chart(order).config.initial)}`,
  );
  print(diagram(order, { format: 'text' }));

  const clock = fakeClock();
  await using box = clock.follow(
    await createSignalbox({ store: memory(), orchestrators: [order], clock, logger: () => {} }),
  );
  const run = await box.start(order, { id: 'order-17', input: { id: '17', lines: ['chair', 'lamp', 'table'] } });
  await clock.advance('2h');
  print((await run.explain()).says);
  await run.signal('paid');
  await clock.advance('5m');
  print(await run.explain({ format: 'text' }));
  print(await run.diagram({ format: 'text' }));
  const underWay = await run.diagram();
  if (file !== undefined) writeFileSync(file, underWay);

  await clock.advance('2h');
  print(await run.timeline({ format: 'text' }));
  const [longest] = (await run.timeline()).dwell.filter(({ path, status }) => path !== '' && status === 'waiting');
  print(`most of the time it waited at ${longest?.path}`);
  const { status, steps } = await run.at(6);
  print(`after event 6 it was ${status}, and payment/paid ${steps['payment/paid']?.status}`);
  print(`never reached: ${(await coverageOf(box, order)).neverBegun.join(', ')}`);
  return { definition: diagram(order), underWay, timeline: await run.timeline({ format: 'svg' }) };
}

if (import.meta.main) await main(console.log, process.argv[2]);
