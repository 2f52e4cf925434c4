/** What production has never done of a definition, over all runs that a store has. */
import {
  type AnyOrchestrator,
  chart,
  coverageOf,
  createSignalbox,
  InvalidOption,
  orchestrator,
  type Run,
  track,
} from 'signalbox';
import { expect, test, vi } from 'vitest';
import { Anything, graphOf, rejection, stage, work } from '../helpers/stage.ts';

const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything })
    .branch('how', { on: ({ input }) => input.how, routes: { short: work, long: work } })
    .wait('paid', { signal: 'paid', timeout: '1h', onTimeout: { do: work } })
    .map('lines', { over: () => '1..3', each: work, strategy: 'waitAll' }),
  { input: ({ input }) => input },
);

test('what was reached, how often, and what never', async () => {
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  for (const id of ['one', 'two']) {
    const run = (await box.start(flow, { id, input: { how: 'short' } })) as Run;
    await clock.advance(0);
    desk.give('t/how/short#1');
    await clock.advance(0);
    if (id === 'one') await run.signal('paid');
    else await clock.advance('1h');
    await clock.advance(0);
    if (id === 'two') desk.give('t/paid/onTimeout#1');
    await clock.advance(0);
    for (const item of [0, 1, 2]) desk.give(`t/lines/${item}#1`);
    await run.result();
  }
  const open = (await box.start(flow, { id: 'three', input: { how: 'short' } })) as Run;
  await clock.advance(0);
  desk.fail('t/how/short#1');
  await rejection(open.result());

  const coverage = await coverageOf(box, flow as unknown as AnyOrchestrator);
  expect(coverage).toMatchObject({ orchestrator: 'flow', version: '1', runs: 3, ended: { completed: 2, failed: 1 } });
  expect(coverage.neverBegun).toEqual(['t/how/long']);
  expect(Object.fromEntries(coverage.parts.map(({ path, begun }) => [path, begun]))).toEqual({
    t: 3,
    't/how': 3,
    't/how/short': 3,
    't/how/long': 0,
    't/paid': 2,
    't/paid/onTimeout': 1,
    't/lines': 2,
    't/lines/each': 6,
  });
  expect(coverage.fired).toMatchObject({
    't/how/short.taken': 3,
    't/how/short.failed': 1,
    't/lines.next': 6,
    't/lines/each.done': 6,
  });
  expect(coverage.neverFired).toContain('t/how/long.taken');
  expect(coverage.neverFired).toContain('t/lines/each.failed');
  expect(coverage.neverFired).toContain('cancel');
  // Each event of the chart is in one of the two lists, and no other.
  const events = chart(flow).events.filter((event) => !event.startsWith('xstate.'));
  expect(Object.keys(coverage.fired).sort()).toEqual([...events].sort());
});

test('what somebody has decided about a step that stood still (S16)', async () => {
  const held = graphOf({ a: [], b: [] }, { onFailure: 'pause' });
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [held] }));
  const run = (await box.start(held, { id: 'r', input: null } as never)) as Run;
  await clock.advance(0);
  desk.fail('a/work#1');
  desk.fail('b/work#1');
  await clock.advance(0);
  await run.retry('a/work', { reason: 'again' });
  await clock.advance(0);
  desk.give('a/work#2');
  await run.skip('b/work', { reason: 'without' });
  await run.outcome();
  const { fired, parts } = await coverageOf(box, held);
  expect(fired).toMatchObject({
    'a/work.failed': 1,
    'a/work.retry': 1,
    'a/work.done': 1,
    'b/work.skip': 1,
    'b/work.resolve': 0,
  });
  expect(parts.map(({ begun }) => begun)).toEqual([1, 1, 1, 1]);
});

test('other versions are not counted, runs come a page at a time, and no more than were asked for', async () => {
  const [one, two] = ['1', '2'].map((version) => graphOf({ a: [] }, { version })) as [AnyOrchestrator, AnyOrchestrator];
  const { clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [one, two] }));
  for (let at = 0; at < 250; at += 1) await box.start(at % 5 === 0 ? two : one, { input: null } as never);
  const asked = vi.spyOn(box, 'runs');
  expect((await coverageOf(box, one)).runs).toBe(200);
  expect(asked.mock.calls.map(([query]) => query?.limit).every((limit) => limit === 100)).toBe(true);
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect((await coverageOf(box, two, { runs: 7 })).runs).toBe(7);
});

test.each<[string, unknown, unknown, unknown]>([
  ['a box that is none', {}, flow, {}],
  ['no box', undefined, flow, {}],
  ['a definition that is none', null, {}, {}],
  ['an option that is none', null, flow, { run: 1 }],
  ['a number of runs that is none', null, flow, { runs: 0 }],
])('%s is refused in words', async (_, box, definition, options) => {
  const given = box === null ? { runs: async () => ({ runs: [], cursor: null }), run: () => ({}) } : box;
  expect(await rejection(coverageOf(given as never, definition as never, options as never))).toBeInstanceOf(
    InvalidOption,
  );
});
