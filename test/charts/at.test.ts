/** A run as it stood after one of its events: what the history and the rows tell, and what is not kept. */
import {
  type AnyOrchestrator,
  createSignalbox,
  diagram,
  orchestrator,
  type Run,
  type RunSnapshot,
  task,
  track,
} from 'signalbox';
import { describe, expect, test } from 'vitest';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { Anything, eventsOf, graphOf, hurriedClock, rejection, stage, work } from '../helpers/stage.ts';

/** What was known then, without what is not kept. */
function without(snapshot: RunSnapshot, notKept: { readonly [path: string]: readonly string[] }) {
  const strip = (parts: RunSnapshot['steps']) =>
    Object.fromEntries(
      Object.entries(parts).map(([path, part]) => [
        path,
        Object.fromEntries(Object.entries(part).filter(([field]) => !notKept[path]?.includes(field))),
      ]),
    );
  return { ...snapshot, tracks: strip(snapshot.tracks), steps: strip(snapshot.steps) };
}

describe('after its last event, a run is what its snapshot says', () => {
  test.each(scenarios.map((flow) => [flow.name, flow] as const))('%s', async (_, flow) => {
    await using box = await createSignalbox({
      orchestrators: [flow as AnyOrchestrator],
      clock: hurriedClock(),
      logger: () => {},
    } as never);
    playing.box = box as never;
    called.length = 0;
    const run = (await (box as never as { start(...given: unknown[]): Promise<Run> }).start(flow, {
      input: null,
    })) as Run;
    await run.outcome();
    const events = await eventsOf(run);
    const { seq, at, notKept, ...then } = await run.at(events.length);
    expect([seq, at]).toEqual([events.length, events.at(-1)?.at]);
    const snapshot = await run.snapshot();
    // Rounds whose rows were forgotten are in the history still.
    for (const path of Object.keys(notKept))
      for (const kind of ['steps', 'tracks'] as const)
        if (!(path in snapshot[kind])) delete (then[kind] as { [path: string]: unknown })[path];
    expect(without(then, notKept)).toEqual(without(snapshot, notKept));
  });
});

test('in the middle it is what it was then: status, attempts, errors, what it waited for', async () => {
  const flaky = task('flaky', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 3, delay: '1m' } as never,
    run: () => {},
  });
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track('a', track('a', { input: Anything }).step('s', flaky).wait('w', { signal: 'go', timeout: '1h' }))
    .track('b', track('b', { input: Anything }).sleep('s', '5m'), { after: ['a'] });
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'r', input: null })) as Run;
  const seen: { seq: number; snapshot: RunSnapshot }[] = [];
  const look = async (): Promise<void> => {
    await clock.advance(0);
    seen.push({ seq: (await eventsOf(run)).length, snapshot: await run.snapshot() });
  };
  await look();
  await clock.advance('10s');
  desk.fail('a/s#1', new Error('busy'));
  await look();
  await clock.advance('1m');
  await look();
  await run.pause();
  await look();
  desk.give('a/s#2', { n: 1 });
  await look();
  await run.resume();
  await look();
  await run.signal('go', { yes: true });
  await look();
  await clock.advance('1h');
  await look();
  expect(seen.map(({ snapshot }) => snapshot.status)).toEqual([
    'running',
    'waiting',
    'running',
    'paused',
    'paused',
    'waiting',
    'waiting',
    'completed',
  ]);
  for (const { seq, snapshot } of seen) {
    const { seq: told, at: _, notKept, ...then } = await run.at(seq);
    expect(told).toBe(seq);
    expect(Object.values(notKept).flat()).toEqual([]);
    // What is ready and has no word yet is a row and no event.
    const pending = Object.entries(snapshot.steps)
      .filter(([, { status }]) => status === 'pending')
      .map(([path]) => path);
    for (const path of pending) delete (snapshot.steps as { [path: string]: unknown })[path];
    expect(then).toEqual(snapshot);
  }
  const first = await run.at(3);
  expect(diagram(flow, { format: 'text', run: first })).toContain('└─ · b  after a');
});

test('what is not kept says so: rounds that were forgotten, an input that was changed, an output that has come since (S16)', async () => {
  const flow = orchestrator('flow', { version: '1', input: Anything, onFailure: 'pause' }).track(
    't',
    track('t', { input: Anything })
      .loop('poll', { body: work, until: ({ index }) => index === 3, keepLast: 1 })
      .step('s', work, () => 'as it was'),
  );
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'r', input: null })) as Run;
  for (let round = 0; round < 4; round += 1) {
    await clock.advance('1s');
    desk.give(`t/poll/${round}#1`);
  }
  await clock.advance('1s');
  const before = (await eventsOf(run)).length;
  desk.fail('t/s#1');
  await clock.advance('1s');
  await run.retry('t/s', { reason: 'a better one', input: 'as it is' });
  await clock.advance('1s');
  desk.give('t/s#2');
  await run.result();
  const then = await run.at(before);
  expect(then.notKept).toMatchObject({ 't/poll/0': ['input', 'output'], 't/s': ['input'] });
  expect(then.steps['t/s']).toMatchObject({ status: 'running', input: null, output: null });
  expect(then.steps['t/poll/0']).toMatchObject({ status: 'completed', kind: 'task' });
  expect((await run.at(99)).notKept['t/s']).toBeUndefined();
});

test('a step that waits for a child run, or for people, waits then for what it waited for: the run of that attempt, and by name', async () => {
  const input = { input: Anything };
  const child = orchestrator('child', { version: '1', ...input }).track('c', track('c', input).step('s', work));
  const flow = orchestrator('flow', { version: '1', ...input, onFailure: 'pause' })
    .track('a', track('a', input).run('child', child))
    .track('b', track('b', input).approval('ask', { ask: 'May it?' }))
    .track('c', track('c', input).approval('skipped', { ask: 'May it?' }));
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'r', input: null })) as unknown as Run;
  const seen: { readonly seq: number; readonly snapshot: RunSnapshot }[] = [];
  const look = async (): Promise<unknown> => {
    await clock.advance(0);
    const snapshot = await run.snapshot();
    seen.push({ seq: (await eventsOf(run)).length, snapshot });
    return snapshot.steps['a/child']?.waitingFor;
  };
  const first = await look();
  await run.skip('c/skipped', { reason: 'no need' });
  desk.fail('c/s#1', new Error('busy'));
  await clock.advance('1m');
  await run.retry('a/child', { reason: 'it was busy' });
  const second = await look();

  expect(second).not.toEqual(first);
  for (const { seq, snapshot } of seen) {
    const { steps } = await run.at(seq);
    for (const path of ['a/child', 'b/ask', 'c/skipped'])
      expect(steps[path]?.waitingFor, `${path} after event ${seq}`).toEqual(snapshot.steps[path]?.waitingFor);
    expect(steps['b/ask']?.attempts).toEqual(snapshot.steps['b/ask']?.attempts);
  }
  const { seq, snapshot } = seen[1] as (typeof seen)[number];
  expect((await run.at(seq)).steps['c/skipped']).toEqual(snapshot.steps['c/skipped']);
});

test('an attempt that somebody has had the last word on has failed, as it had', async () => {
  const flow = graphOf({ skipped: [], resolved: [] }, { onFailure: 'pause' });
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'r', input: null })) as Run;
  await clock.advance(0);
  desk.fail('skipped/work#1');
  desk.fail('resolved/work#1');
  await clock.advance(0);
  await run.skip('skipped/work', { reason: 'no need' });
  await run.resolve('resolved/work', { reason: 'known', output: 1 });
  await clock.advance(0);
  const { steps } = await run.at((await eventsOf(run)).length);
  expect(steps).toEqual((await run.snapshot()).steps);
  expect(steps['skipped/work']?.attempts).toMatchObject([
    { status: 'failed', error: { message: 'skipped/work#1 failed' } },
  ]);
});

test.each([0, -1, 1.5, '1', null, undefined])('%j is no number of an event', async (seq) => {
  const { clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [graphOf({ a: [] })] }));
  const run = (await box.start(graphOf({ a: [] }) as never, { input: null } as never).catch(() => null)) as Run | null;
  expect(await rejection((run ?? box.run('r')).at(seq as number))).toBeInstanceOf(Error);
});
