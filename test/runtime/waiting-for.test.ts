/** What each live part of a run waits for, as snapshots and exports say it (I7): from its rows, in every process alike. */
import {
  compositeTrack,
  createSignalbox,
  memory,
  orchestrator,
  type Run,
  task,
  track,
  type WaitingFor,
} from 'signalbox';
import { afterEach, expect, expectTypeOf, test } from 'vitest';
import { Anything, never, stage, work } from '../helpers/stage.ts';
import { head, one, open, places } from '../helpers/waits.ts';

const flaky = task('flaky', { input: Anything, output: Anything, retry: { maxAttempts: 3, delay: '1m' }, run: never });
const tidy = task('tidy', { input: Anything, output: Anything, run: never, cleanup: () => new Promise(() => {}) });
const single = (name: string, step: typeof flaky | typeof tidy | typeof work) =>
  track(name, { input: Anything }).step('s', step as typeof work);

const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
  .track('signal', one('signal', 'paid', { timeout: '2h' }))
  .track('ever', one('ever', 'shipped'))
  .track('late', one('late', 'never', { timeout: '1s', onTimeout: { do: work } }))
  .track('timer', track('timer', { input: Anything }).sleep('s', '1h'))
  .track('retry', single('retry', flaky))
  .track('body', single('body', tidy))
  .track('many', compositeTrack('many', { tracks: { a: single('a', work) } }))
  .track('done', single('done', work))
  .track('after', single('after', work), { after: ['timer'] });

type Whole = Awaited<ReturnType<Run['snapshot']>>;

/** `waitingFor` of the run (''), and of every track and step. */
function waitsIn(snapshot: Whole): { [path: string]: WaitingFor | null } {
  const parts = Object.entries({ ...snapshot.tracks, ...snapshot.steps });
  return { '': snapshot.waitingFor, ...Object.fromEntries(parts.map(([path, part]) => [path, part.waitingFor])) };
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A run of all that can be waited for; `at` is when it was started, and three seconds have passed since. */
async function standing(store = memory()) {
  const { desk, clock, options } = stage();
  const at = clock.now();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
  ends.push(() => box.close());
  const run = await box.start(flow, { id: 'r', input: null });
  await clock.advance('1s');
  desk.fail('retry/s#1');
  desk.give('done/s#1');
  await clock.advance('2s');
  return { desk, clock, box, run: run as Run, at };
}

const expected = (at: number) => {
  const children = { what: 'children', since: at, due: null };
  return {
    '': children,
    signal: children,
    'signal/w': { what: 'signal', signal: 'paid', since: at, due: at + 7_200_000 },
    ever: children,
    'ever/w': { what: 'signal', signal: 'shipped', since: at, due: null },
    late: children,
    'late/w': { what: 'children', since: at + 1_000, due: null },
    'late/w/onTimeout': { what: 'body', since: at + 1_000, attempt: 1 },
    timer: children,
    'timer/s': { what: 'timer', since: at, due: at + 3_600_000 },
    retry: children,
    'retry/s': { what: 'retry', since: at + 1_000, due: at + 61_000, attempt: 2 },
    body: children,
    'body/s': { what: 'body', since: at, attempt: 1 },
    many: children,
    'many/a': children,
    'many/a/s': { what: 'body', since: at, attempt: 1 },
    done: null,
    'done/s': null,
  };
};

test('every live part of a run says what it waits for, and no part that has ended (I7)', async () => {
  const { run, clock, desk, at } = await standing();
  expect(waitsIn(await run.snapshot())).toEqual(expected(at));

  await clock.advance('1m');
  expect(desk.open).toContain('retry/s#2');
  const { waitingFor } = (await run.snapshot()).steps['retry/s'] as Whole['steps'][string];
  expect(waitingFor).toEqual({ what: 'body', since: at + 61_000, attempt: 2 });
});

test('what is cancelled waits for its cleanup, and a run that has ended for nothing (I7, S14)', async () => {
  const { run } = await standing();
  await run.cancel();
  const cancelling = await run.snapshot();
  expect(cancelling.waitingFor).toMatchObject({ what: 'children' });
  expect(cancelling.tracks.body?.waitingFor).toMatchObject({ what: 'children' });
  expect(cancelling.steps['body/s']?.waitingFor).toEqual({ what: 'cleanup', attempt: 1 });

  const quick = orchestrator('quick', head);
  await using other = await open(quick);
  expect((await (await other.start()).snapshot()).waitingFor).toBe(null);
});

test('an export says the same, row by row', async () => {
  const { run, at } = await standing();
  const { steps } = await run.export();

  expect(Object.fromEntries(steps.map((step) => [step.path, step.waitingFor]))).toEqual(expected(at));
  expect(JSON.parse(JSON.stringify(steps))).toEqual(steps);
});

test.each(places)(
  'in %s, a box without the definition says the same of a run that it cannot resume',
  async (_, place) => {
    const next = place();
    const { box, at } = await standing(next());
    await box.close();
    await using stranger = await createSignalbox({ store: next(), logger: () => {} });

    expect(waitsIn(await stranger.run('r').snapshot())).toEqual(expected(at));
  },
);

test('an approval that never expires is due when somebody is to be reminded, and after the last time never (S22, I7)', async () => {
  const { clock, options } = stage();
  const asks = orchestrator('asks', head).track(
    't',
    track('t', { input: Anything }).approval('release', { ask: 'Ship?', remind: ['1h', '2h'] }),
  );
  await using box = clock.follow(await createSignalbox({ orchestrators: [asks], ...options }));
  const at = clock.now();
  const run = await box.start(asks, { id: 'r', input: null });
  const dues: unknown[] = [];
  for (let hour = 0; hour < 3; hour += 1) {
    await clock.advance(hour === 0 ? 0 : '1h');
    const { waitingFor } = (await run.snapshot()).steps['t/release'] as Whole['steps'][string];
    dues.push(waitingFor?.what === 'approval' ? waitingFor.due : waitingFor);
  }

  expect(dues).toEqual([at + 3_600_000, at + 7_200_000, null]);
});

test('what is waited for is told apart by its type', () => {
  const dueOf = (waits: WaitingFor) => (waits.what === 'timer' || waits.what === 'retry' ? waits.due : null);
  const nameOf = (waits: WaitingFor) => (waits.what === 'signal' ? waits.signal : null);
  expectTypeOf(dueOf).returns.toEqualTypeOf<number | null>();
  expectTypeOf(nameOf).returns.toEqualTypeOf<string | null>();
  expect(dueOf({ what: 'timer', since: 1, due: 2 })).toBe(2);
});
