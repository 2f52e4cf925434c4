/**
 * What is run: an order is paid for and released by a person while its lines are packed, and then handed over. The bank is busy
 * whenever it is asked for the first time.
 */
import { orchestrator, task, track } from 'signalbox';
import { z } from 'zod';

const Order = z.object({ customer: z.string(), lines: z.array(z.string()).min(1, 'choose something') });
const Parcel = z.object({ parcel: z.string() });
const Parcels = z.object({ parcels: z.array(Parcel) });

/** Stands for a request: takes a while, and is called off with its attempt. */
const request = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

const authorise = task('authorise', {
  input: Order,
  output: z.object({ hold: z.string() }),
  retry: { maxAttempts: 3, delay: '4s' },
  run: async ({ attempt, run, signal }) => {
    await request(1_200, signal);
    if (attempt === 1) throw new Error('the bank is busy');
    return { hold: `hold for ${run.id}` };
  },
});

const pack = task('pack', {
  input: z.string(),
  output: Parcel,
  run: async ({ input, signal }) => {
    await request(1_500, signal);
    return { parcel: `one ${input}` };
  },
});

const handOver = task('hand over', {
  input: Parcels,
  output: z.object({ parcels: z.number(), tracking: z.string() }),
  run: async ({ input, run, signal }) => {
    await request(1_500, signal);
    return { parcels: input.parcels.length, tracking: `track-${run.id}` };
  },
});

const payment = track('payment', { input: Order })
  .step('authorise', authorise, ({ input }) => input)
  .approval('release', {
    ask: ({ input }) => `Send ${input.lines.join(', ')} to ${input.customer}?`,
    propose: ({ input }) => input,
    assignees: { roles: ['sales'] },
  });

const parcels = track('parcels', { input: Order }).map('lines', {
  over: ({ input }) => input.lines,
  each: pack,
  concurrency: 1,
});

const delivery = track('delivery', { input: Parcels }).step('hand over', handOver, ({ input }) => input);

export const order = orchestrator('order', { version: '1', input: Order })
  .track('payment', payment, { input: ({ input }) => input })
  .track('parcels', parcels, { input: ({ input }) => input })
  .track('delivery', delivery, {
    after: ['payment', 'parcels'],
    input: ({ outputs }) => ({ parcels: outputs.parcels }),
  })
  .output(({ outputs }) => outputs.delivery);
