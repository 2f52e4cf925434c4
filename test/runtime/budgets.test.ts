/**
 * Budgets in a box (S38): the attempt that would spend too much is not begun, what was spent is counted across runs, tries and
 * restarts, and there is room again when it was said. Time is moved by hand.
 */
import { memory, orchestrator, type Run, type Store, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { drawing, flowOf, head, opened, times } from '../helpers/drawing.ts';
import { Anything, faultsOfHistory, settled, soon } from '../helpers/stage.ts';
import { places } from '../helpers/waits.ts';

const DAY = 86_400_000;

const errorOf = async (run: Run<unknown>) => (await run.snapshot()).steps['t/s']?.error;

test('what is cancelled while it is asked for is not spent (I5)', async () => {
  const inner = memory();
  const asked = Promise.withResolvers<void>();
  const [read, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isHeld = false;
  const store: Store = {
    ...inner,
    async readRecords(query) {
      if (query.type === 'spent') {
        asked.resolve();
        await read.promise;
      }
      return inner.readRecords(query);
    },
    commit: (changes) => (isHeld ? commit.promise.then(() => inner.commit(changes)) : inner.commit(changes)),
  };
  const { calls, made } = drawing({ budget: { limit: 1, per: '1d' } });
  const flow = flowOf(made);
  const { box, end } = await opened(flow, { store });
  const run = (await box.start(flow as never, { input: null } as never)) as Run<unknown>;
  await asked.promise;
  isHeld = true;
  const cancelled = run.cancel();
  read.resolve();
  await settled();
  isHeld = false;
  commit.resolve();
  await cancelled;
  await settled(box);
  expect([await run.status(), calls]).toEqual(['cancelled', []]);
  // Nor does anything wait for a moment at which it would be asked for again.
  expect(box.counts.timers).toBe(0);

  expect(await times(2, () => end(flow))).toEqual(['completed', 'budget-spent']);
});

describe.each(places)('in %s', (_, place) => {
  test('ten a day: the eleventh is refused by a code, is not called, and a day after the first there is room (S38, P193)', async () => {
    const { calls, made } = drawing();
    const flow = flowOf(made);
    const { clock, run, end } = await opened(flow, { store: place()() });
    const first = clock.now();
    expect(await end(flow)).toBe('completed');
    await clock.advance('1h');
    expect(await times(9, () => end(flow))).toEqual(new Array(9).fill('completed'));

    const refused = await run(flow, null, { id: 'eleventh' });
    expect(await soon(refused.outcome())).toMatchObject({ status: 'failed' });
    expect(calls).toHaveLength(10);
    expect(await errorOf(refused)).toMatchObject({
      code: 'budget-spent',
      retryable: false,
      fields: { task: 'draw', budget: null, key: null, limit: 10, per: DAY, spent: 10, resetsAt: first + DAY },
    });
    expect(await faultsOfHistory(refused)).toEqual([]);

    await clock.advance(23 * 3_600_000 - 1);
    expect(await end(flow)).toBe('budget-spent');
    await clock.advance(1);
    expect(await end(flow)).toBe('completed');
    // The other nine count for another hour.
    expect(await end(flow)).toBe('budget-spent');
    await clock.advance('1h');
    expect(await times(10, () => end(flow))).toEqual([...new Array(9).fill('completed'), 'budget-spent']);
  });

  test('a restart forgets nothing of what was spent', async () => {
    const next = place();
    const { calls, made } = drawing({ budget: { limit: 3, per: '1d' } });
    const flow = flowOf(made);
    const before = await opened(flow, { store: next() });
    expect(await times(2, () => before.end(flow))).toEqual(['completed', 'completed']);
    await before.box.close();

    const clock = fakeClock({ start: before.clock.now() + 3_600_000 });
    const after = await opened(flow, { store: next(), clock });
    expect(await times(2, () => after.end(flow))).toEqual(['completed', 'budget-spent']);
    expect(calls).toHaveLength(3);
    await clock.advance('23h');
    expect(await times(3, () => after.end(flow))).toEqual(['completed', 'completed', 'budget-spent']);
  });

  test('each attempt costs, the tries of one step too; one that a person has tried again asks again', async () => {
    const { calls, made } = drawing({
      budget: { limit: 2, per: '1d' },
      retry: { maxAttempts: 5, delay: 0 },
      run: () => {
        calls.push(null);
        if (calls.length < 3) throw new Error('no');
        return 'fine';
      },
    });
    const flow = flowOf(made, { onFailure: 'pause' });
    const { clock, run } = await opened(flow, { store: place()() });
    const standing = await run(flow);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
    expect((await standing.snapshot()).steps['t/s']).toMatchObject({
      status: 'awaitingIntervention',
      error: { code: 'budget-spent', attempt: 3 },
    });
    await standing.retry('t/s', { reason: 'too early' });
    await settled();
    expect((await standing.snapshot()).steps['t/s']).toMatchObject({
      status: 'awaitingIntervention',
      error: { code: 'budget-spent', attempt: 4 },
    });
    await clock.advance('1d');
    await standing.retry('t/s', { reason: 'it is tomorrow' });
    expect(await soon(standing.outcome())).toMatchObject({ status: 'completed' });
    expect(calls).toHaveLength(3);
  });
});

describe('what a budget is for', () => {
  test('a key: each customer has a budget of his own, and null has none', async () => {
    const key = ({ input }: { input: { by: string | null } }) => input.by;
    const { made } = drawing({ budget: { limit: 1, per: '1d', key } });
    const flow = flowOf(made);
    const { run, end } = await opened(flow);
    for (const by of ['acme', 'bolt', null, null]) expect(await end(flow, { by })).toBe('completed');
    const refused = await run(flow, { by: 'acme' });
    expect(await errorOf(refused)).toMatchObject({ code: 'budget-spent', fields: { key: 'acme', spent: 1 } });
    expect((await errorOf(refused))?.message).toContain('with key "acme"');
  });

  test('a cost: what is spent is a sum, and what costs more than all of it never fits', async () => {
    const cost = ({ input }: { input: { cents: number } }) => input.cents;
    const { calls, made } = drawing({ budget: { limit: 100, per: '1d', cost } });
    const flow = flowOf(made);
    const { run, end } = await opened(flow);
    expect(await end(flow, { cents: 70 })).toBe('completed');
    expect(await end(flow, { cents: 31 })).toBe('budget-spent');
    expect(await end(flow, { cents: 30 })).toBe('completed');
    expect(await end(flow, { cents: 0 })).toBe('completed');
    expect(await errorOf(await run(flow, { cents: 101 }))).toMatchObject({ fields: { cost: 101, resetsAt: null } });
    expect(calls).toHaveLength(3);
  });

  test('several at once: an attempt needs room in all of them, and spends of none if one has no room', async () => {
    const { made } = drawing({
      budget: [
        { limit: 2, per: '1h' },
        { limit: 3, per: '1d' },
      ],
    });
    const flow = flowOf(made);
    const { clock, end } = await opened(flow);
    expect(await times(3, () => end(flow))).toEqual(['completed', 'completed', 'budget-spent']);
    await clock.advance('1h');
    expect(await times(2, () => end(flow))).toEqual(['completed', 'budget-spent']);
    await clock.advance('1h');
    expect(await end(flow)).toBe('budget-spent');
  });

  test('a name: tasks that say the same one spend together, others do not', async () => {
    const budget = { limit: 1, per: '1d', name: 'images' };
    const flows = ['draw', 'paint'].map((name) => flowOf(drawing({ budget }, name).made, {}, name));
    const alike = flowOf(drawing({ budget: { limit: 1, per: '1d' } }, 'sketch').made, {}, 'sketch');
    const { end } = await opened([...flows, alike]);
    expect(await end(flows[0])).toBe('completed');
    expect(await end(flows[1])).toBe('budget-spent');
    expect(await end(alike)).toBe('completed');
  });

  test('many at once spend no more than there is: bodies of a collection', async () => {
    const { calls, made } = drawing();
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything }).map('m', { over: () => '1..30', each: made, strategy: 'bestEffort' }),
    );
    const { run } = await opened(flow);
    const { steps } = await (await run(flow)).snapshot();
    expect(calls).toHaveLength(10);
    const statuses = Object.entries(steps).filter(([path]) => path.startsWith('t/m/'));
    expect(statuses.filter(([, { status }]) => status === 'completed')).toHaveLength(10);
    expect(statuses.filter(([, { error }]) => error?.code === 'budget-spent')).toHaveLength(20);
  });

  test('not for what is not called: a hit of the cache, an attempt that a hook has stopped', async () => {
    const hooks = [
      {
        beforeStep({ input }: { input: unknown }) {
          if (input === 'stop') throw new Error('no');
        },
      },
    ];
    const { calls, made } = drawing({ budget: { limit: 1, per: '1d' }, cache: { ttl: '1d' }, hooks });
    const flow = flowOf(made);
    const { end } = await opened(flow);
    expect(await end(flow, 'stop')).toBe('hook-failed');
    expect(await times(3, () => end(flow, 'a'))).toEqual(['completed', 'completed', 'completed']);
    expect(await end(flow, 'b')).toBe('budget-spent');
    expect(calls).toEqual(['a']);
  });
});

describe('a retry', () => {
  const retry = { maxAttempts: 5, delay: '1m', backoff: 'fixed' };

  test('is not made by itself, unless "when" says yes; then when there is room', async () => {
    const when = (error: unknown) => (error as { code?: string }).code === 'budget-spent';
    const { calls, made } = drawing({ budget: { limit: 1, per: '1h' }, retry: { ...retry, when } });
    const other = drawing({ budget: { limit: 1, per: '1h' }, retry }, 'other').made;
    const [flow, hasty] = [flowOf(made), flowOf(other, {}, 'hasty')];
    const { clock, run, end } = await opened([flow, hasty]);
    expect(await end(hasty)).toBe('completed');
    expect(await end(hasty)).toBe('budget-spent');

    expect(await end(flow)).toBe('completed');
    await clock.advance('10m');
    const waits = await run(flow);
    expect((await waits.snapshot()).steps['t/s']).toMatchObject({
      status: 'retrying',
      waitingFor: { what: 'retry', attempt: 2, due: clock.now() + 50 * 60_000 },
    });
    await clock.advance('50m');
    expect(await soon(waits.outcome())).toMatchObject({ status: 'completed' });
    expect(calls).toHaveLength(2);
  });

  test('is not waited for where the time of the step is over before that, or where it never fits', async () => {
    const more = { retry: { ...retry, when: () => true }, totalTimeout: '30m' };
    const { made } = drawing({ budget: { limit: 1, per: '1h' }, ...more });
    const dear = drawing({ budget: { limit: 1, per: '1h', cost: 2 }, ...more }, 'dear').made;
    const [flow, never] = [flowOf(made), flowOf(dear, {}, 'dear')];
    const { end } = await opened([flow, never]);
    expect(await end(flow)).toBe('completed');
    expect(await end(flow)).toBe('budget-spent');
    expect(await end(never)).toBe('budget-spent');
  });
});

describe('a key or a cost that cannot be had fails the step, and spends nothing:', () => {
  const no = () => {
    throw new Error('no');
  };
  test.each<[string, object, string]>([
    ['a key that throws', { key: no }, '"key" of the budget of task "draw" threw: no'],
    [
      'a key that is none',
      { key: () => ({}) },
      'task "draw" answered with {}. It has to answer with a text, a number, a boolean or null.',
    ],
    ['a key that is a promise', { key: async () => no() }, 'answered with {}. It has to answer with a text'],
    ['a cost that throws', { cost: no }, '"cost" of the budget of task "draw" threw: no'],
    [
      'a cost below 0',
      { cost: () => -1 },
      'task "draw" answered with -1. It has to answer with a number that is 0 or more.',
    ],
    ['a cost that is no number', { cost: () => Number.NaN }, 'answered with NaN'],
    ['a cost that is a promise', { cost: async () => 1 }, 'It has to answer with a number that is 0 or more.'],
  ])('%s', async (_, options, message) => {
    const { calls, made } = drawing({ budget: { limit: 1, per: '1d', ...options } });
    const flow = flowOf(made);
    const { run } = await opened(flow);
    const failed = await run(flow);
    expect(await errorOf(failed)).toMatchObject({ code: 'mapper-failed', retryable: false });
    expect((await errorOf(failed))?.message).toContain(message);
    expect(calls).toEqual([]);
  });
});
