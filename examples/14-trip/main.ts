/**
 * A trip that is booked whole or not at all. A flight and a hotel are booked side by side, then a car: there is none, so what was
 * booked is given back, the last first. Each compensation has one key, however often it is tried.
 */
import { createSignalbox, orchestrator, task, TerminalError, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Trip = z.object({ to: z.string(), car: z.boolean() });
const Booking = z.object({ ref: z.string() });

/** What the airline, the hotel and the car hire have in their books. */
export const books = new Set<string>();
/** The hotel does not answer the first time. */
let calls = 0;

const flight = task('flight', {
  input: Trip,
  output: Booking,
  run: async ({ input }) => booked(`flight to ${input.to}`),
  compensate: async ({ output }) => void books.delete(output.ref),
});

const hotel = task('hotel', {
  input: Trip,
  output: Booking,
  run: async ({ input }) => booked(`hotel in ${input.to}`),
  compensate: {
    run: async ({ output }) => {
      calls += 1;
      if (calls === 1) throw new Error('the line is busy');
      books.delete(output.ref);
    },
    retry: { maxAttempts: 5, delay: '1m' },
  },
});

const car = task('car', {
  input: Trip,
  output: Booking,
  run: async ({ input }) => {
    if (!input.car) throw new TerminalError(`no car left in ${input.to}`);
    return booked(`car in ${input.to}`);
  },
  compensate: async ({ output }) => void books.delete(output.ref),
});

/** A letter that is sent stays sent. */
const confirm = task('confirm', {
  input: Trip,
  output: z.string(),
  irreversible: true,
  run: async ({ input }) => `we are going to ${input.to}`,
});

const one = <const N extends string>(name: N, body: typeof flight | typeof hotel) =>
  track(name, { input: Trip }).step('book', body as typeof flight, ({ input }) => input);

export const trip = orchestrator('trip', { version: '1', input: Trip, onFailure: 'compensate' })
  .track('flight', one('flight', flight), { input: ({ input }) => input })
  .track('hotel', one('hotel', hotel), { input: ({ input }) => input })
  .track(
    'rest',
    track('rest', { input: Trip })
      .step('letter', confirm, ({ input }) => input)
      .step('car', car, ({ input }) => input),
    { after: ['flight', 'hotel'], input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.rest.ref);

function booked(ref: string): { readonly ref: string } {
  books.add(ref);
  return { ref };
}

export async function main(print: (line: string) => void = console.log) {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [trip], clock, logger: () => {} }));

  const well = await box.start(trip, { id: 'rome', input: { to: 'Rome', car: true } });
  print(`Rome: ${await well.result()}, booked: ${[...books].join(', ')}`);

  const badly = await box.start(trip, { id: 'oslo', input: { to: 'Oslo', car: false } });
  await clock.advance('1m');
  const { status, error, compensation } = await badly.outcome();
  print(`Oslo: ${status}, because of ${error?.path}: ${error?.message}`);
  print(`given back: ${compensation?.undone.join(', ')}; stays: ${compensation?.kept.join(', ')}`);

  const later = await (await well.compensate()).outcome();
  print(`Rome, a week later: ${later.status}, booked: ${[...books].join(', ') || 'nothing'}`);
  return { status, compensation, later };
}

if (import.meta.main) await main();
