/**
 * What happens while a commit is under way whose outcome nobody knows yet: messages, closing, other runs, a turn that
 * throws. A commit of these tests is answered when they say so: landed, lost, or landed and unheard (I3).
 */
import { createSignalbox, memory, orchestrator, orchestratorMachine, type Store, taskMachine, track } from 'signalbox';
import { CommitConflict, CommitFailed, LeaseLost } from 'signalbox/errors';

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { News } from '../../src/store.ts';
import { judged, WRONGS } from '../helpers/commits.ts';
import {
  Anything,
  faultsOfHistory,
  graphOf,
  historyOf,
  settled,
  soon,
  stage,
  statusesOf,
  work,
} from '../helpers/stage.ts';
import { alone } from '../helpers/stores.ts';
import { head, one } from '../helpers/waits.ts';

const two = graphOf({ a: [], b: ['a'] });
/** A wait, and a step behind it. */
const signalled = orchestrator('signalled', head).track('t', one('t', 'go').step('work', work), {
  input: ({ input }) => input,
});
const beside = orchestrator('beside', head)
  .track('w', one('w', 'go'), { input: ({ input }) => input })
  .track('a', track('a', { input: Anything }).step('work', work), { input: ({ input }) => input });

afterEach(() => {
  vi.restoreAllMocks();
});

async function opened(flow: typeof two, store: Store, more: object = {}) {
  const { desk, clock, lines, options } = stage();
  const box = await createSignalbox({ orchestrators: [flow], ...options, store, ...more } as never);
  return { box, desk, clock, lines };
}

describe.each(WRONGS)('while a commit is under way that fails (%s)', (wrong) => {
  /** A run of which the answer of step "a" is being committed. */
  async function answering(flow = two) {
    const commits = judged();
    const at = await opened(flow, commits.store);
    const starting = at.box.start(flow as never, { id: 'r', input: null } as never);
    await commits.landAll();
    const run = await starting;
    at.desk.give('a/work#1', 'made');
    await settled();
    expect(commits.pending).toHaveLength(1);
    /** Lets the commit fail, and all that follows land. */
    const go = async (): Promise<void> => {
      await commits.pending[0]?.[wrong]();
      await at.clock.advance('1s');
      await commits.landAll();
    };
    return { ...at, run, commits, go };
  }

  test('a cancel is not lost, and whoever cancels is told (I3, S14)', async () => {
    const { run, go, desk, box } = await answering();
    const cancelling = run.cancel({ reason: 'enough' });
    await settled();

    await go();
    await soon(cancelling);

    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(await historyOf(run)).toContain('step.completed a/work');
    expect(await faultsOfHistory(run)).toEqual([]);
    // In one turn with the answer of "a", "b" has begun and has ended again.
    expect(desk.open).toEqual([]);
    await box.close();
  });

  test('a signal is taken once, and its sender is told (I3, S17)', async () => {
    const { run, go, box } = await answering(beside as never);
    const sending = run.signal('go', 'now');
    await settled();

    await go();

    expect(await soon(sending)).toEqual({ answer: 'accepted', step: 'w/w' });
    expect(await soon(run.result())).toEqual({ w: 'now', a: 'made' });
    expect((await historyOf(run)).filter((event) => event.startsWith('signal.'))).toEqual(['signal.accepted w/w']);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('the answer of another step is not lost, and its body is not run again (I3, I6)', async () => {
    const both = graphOf({ a: [], c: [], b: ['a', 'c'] });
    const { run, go, desk, commits, box } = await answering(both);
    desk.give('c/work#1', 'too');
    await settled();

    await go();
    expect(desk.begun).toEqual(['a/work#1', 'c/work#1', 'b/work#1']);
    desk.give('b/work#1', 'all');
    await commits.landAll();

    expect(await soon(run.result())).toEqual({ a: 'made', c: 'too', b: 'all' });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('everything that was taken meanwhile is in one later commit, and the run in no other (I2)', async () => {
    const { run, commits, clock, box } = await answering();
    const cancelling = run.cancel();
    await settled();
    await commits.pending[0]?.[wrong]();
    await clock.advance('1s');

    expect(commits.pending.map(({ runs }) => runs)).toEqual([['r']]);
    await commits.landAll();
    await soon(cancelling);
    await box.close();
  });
});

test('a commit that lands while the box is closed begins nothing any more (I1)', async () => {
  const commits = judged();
  const { box, desk } = await opened(two, commits.store);
  const starting = box.start(two as never, { id: 'r', input: null } as never);
  await commits.landAll();
  await starting;
  desk.give('a/work#1');
  await settled();

  const closing = box.close();
  await settled();
  await commits.landAll();
  await soon(closing);

  expect(desk.begun).toEqual(['a/work#1']);
});

test('a run that takes a message is not let go of before that is committed, however many come to rest (I7)', async () => {
  const commits = judged();
  const { box, desk } = await opened(signalled as never, commits.store, { idleRuns: 1 });
  const start = (id: string) => box.start(signalled as never, { id, input: null } as never);
  const first = start('first');
  await commits.landAll();
  const second = start('second');
  await settled();
  // "first" is the longest idle when "second" comes to rest.
  const sending = (await first).signal('go', 1);
  await settled();
  await commits.landAll();

  expect(await soon(sending)).toEqual({ answer: 'accepted', step: 't/w' });
  expect(desk.begun).toEqual(['t/work#1']);
  await soon(second);
  await box.close();
});

test("what a run asks for that is found to be somebody else's while its commit is under way is not begun (I2, I6)", async () => {
  const inner = memory();
  let [isLost, hear] = [false, (_: News): void => {}];
  const commits = judged(inner, {
    shared: {
      ...alone,
      listen: (listener) => {
        hear = listener;
      },
    },
    async readOpen(run) {
      const found = await inner.readOpen(run);
      return found !== null && isLost ? { ...found, owner: 'another', fence: found.fence + 1 } : found;
    },
  });
  const flow = graphOf({ a: [], c: [], b: ['a'] });
  const { box, desk, lines } = await opened(flow, commits.store);
  const starting = box.start(flow as never, { id: 'r', input: null } as never);
  await commits.landAll();
  await starting;
  desk.give('a/work#1', 'made');
  await settled();
  isLost = true;
  hear({ about: 'runs', runs: ['r'] });
  await settled();
  expect(lines.map(({ error }) => (error as { code?: string }).code)).toEqual(['lease-lost']);

  await commits.landAll();

  expect(desk.begun).toEqual(['a/work#1', 'c/work#1']);
  await box.close();
});

test('of a commit that landed unheard, listeners hear before they hear of the next one, however long it takes to read (I3)', async () => {
  const inner = memory();
  const gate = Promise.withResolvers<void>();
  let isSlow = false;
  const commits = judged(inner, {
    async readEvents(run, query) {
      if (isSlow) await gate.promise;
      return inner.readEvents(run, query);
    },
  });
  const { box, clock, desk } = await opened(two, commits.store);
  const heard: number[] = [];
  box.on('*', ({ seq }) => heard.push(seq));
  const starting = box.start(two as never, { id: 'r', input: null } as never);
  await commits.landAll();
  const run = await starting;
  desk.give('a/work#1', 'made');
  await settled();
  const cancelling = run.cancel();
  await settled();
  isSlow = true;
  await commits.pending[0]?.unheard();
  await clock.advance('1s');
  await commits.landAll();
  expect(heard).toEqual([1, 2, 3]);

  gate.resolve();
  await commits.landAll();
  await soon(cancelling);
  const { length } = await historyOf(run);
  expect(heard).toEqual(Array.from({ length }, (_, at) => at + 1));
  await box.close();
});

test.each([
  ['are not told here', { type: 'step.failed' } as const, []],
  ['are told here when they are ours all the same', {}, [4]],
])(
  'after a commit of which nobody heard, events of a run that has another owner by then %s (I3, R11)',
  async (_, more, told) => {
    const inner = memory();
    let isLost = false;
    const commits = judged(inner, {
      async readOpen(run) {
        const found = await inner.readOpen(run);
        return found !== null && isLost ? { ...found, owner: 'another', fence: found.fence + 1 } : found;
      },
      async readEvents(run, query) {
        const events = await inner.readEvents(run, query);
        return isLost
          ? events.map((event) => (event.seq === 4 ? ({ ...event, ...more } as typeof event) : event))
          : events;
      },
    });
    const { box, clock, desk } = await opened(two, commits.store);
    const heard: number[] = [];
    box.on('*', ({ seq }) => heard.push(seq));
    const starting = box.start(two as never, { id: 'r', input: null } as never);
    await commits.landAll();
    await starting;
    desk.give('a/work#1', 'made');
    await settled();
    heard.length = 0;

    isLost = true;
    await commits.pending[0]?.unheard();
    await clock.advance('1s');

    expect(heard.slice(0, 1)).toEqual(told);
    await box.close();
  },
);

describe('a store that works on two commits at once', () => {
  const OTHERS = 130;

  test('is not given a run in both, whatever the run is told meanwhile (I2)', async () => {
    const commits = judged(undefined, { commitsAtOnce: 2 });
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything }).wait('one', { signal: 'go' }).wait('two', { signal: 'go' }),
    );
    const { box } = await opened(flow as never, commits.store);
    const ids = Array.from({ length: OTHERS }, (_, id) => `r${id}`);
    const starting = ids.map((id) => box.start(flow as never, { id, input: null } as never));
    await commits.landAll();
    await Promise.all(starting);

    const sent = [box.signal('r0', 'go')];
    await settled();
    expect(commits.pending.map(({ runs }) => runs)).toEqual([['r0']]);
    sent.push(...ids.map((id) => box.signal(id, 'go')));
    await settled();

    expect(commits.pending).toHaveLength(2);
    expect(commits.pending[1]?.runs.length).toBeGreaterThan(100);
    expect(commits.pending[1]?.runs).not.toContain('r0');
    await commits.landAll();
    expect(new Set((await soon(Promise.all(sent))).map(({ answer }) => answer))).toEqual(new Set(['accepted']));
    expect(await soon(box.run('r0').result())).toEqual({ t: null });
    await box.close();
  });
});

test('after a commit that failed each run goes by itself, so that one bad one costs the others nothing (I3, I7)', async () => {
  const commits = judged();
  const { box, desk } = await opened(two, commits.store);
  const starting = ['a', 'bad', 'b'].map((id) => box.start(two as never, { id, input: null } as never));
  await settled();
  expect(commits.pending.map(({ runs }) => runs)).toEqual([['a', 'bad', 'b']]);

  // What the store knows better is read at once, and all three in the same round.
  await commits.pending[0]?.lose(new CommitConflict({ run: 'bad', expected: 0, found: 9 }));

  const groups: (readonly string[])[] = [];
  for (let [next] = commits.pending; next !== undefined; [next] = commits.pending) {
    groups.push(next.runs);
    await next.land();
  }
  expect(groups).toEqual([['a'], ['bad'], ['b']]);
  await soon(Promise.all(starting));
  expect(desk.begun).toHaveLength(3);
  await box.close();
});

describe('a turn that throws', () => {
  /** The machine throws once for events of this type; the lane is the one that asks the machine itself. */
  function throwing(machine: typeof taskMachine | typeof orchestratorMachine, type: string, times = 1): void {
    let left = times;
    const transition = machine.transition.bind(machine) as (...args: unknown[]) => never;
    vi.spyOn(machine, 'transition').mockImplementation((...args: unknown[]) => {
      if ((args[1] as { type: string }).type !== type || left === 0) return transition(...args);
      left -= 1;
      throw new Error('an odd machine');
    });
  }

  test('over an answer fails the step with it, and the answer does not come back for ever (I5)', async () => {
    throwing(taskMachine, 'xstate.done.actor.execute', Number.POSITIVE_INFINITY);
    const { desk, clock, lines, options } = stage();
    await using box = clock.follow(await createSignalbox({ orchestrators: [two], ...options, lane: 'xstate' }));
    const run = await box.start(two as never, { input: null } as never);
    desk.give('a/work#1', 'made');
    await clock.advance('1s');

    expect(await soon(run.outcome())).toMatchObject({ status: 'failed', failures: [{ path: 'a/work' }] });
    expect(await faultsOfHistory(run)).toEqual([]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(desk.begun).toEqual(['a/work#1']);
  });

  test('over a cancel tells whoever cancels, and the run goes on without it', async () => {
    throwing(orchestratorMachine, 'cancel');
    const { desk, clock, options } = stage();
    await using box = clock.follow(await createSignalbox({ orchestrators: [two], ...options, lane: 'xstate' }));
    const run = await box.start(two as never, { input: null } as never);

    await expect(run.cancel()).rejects.toThrow('cancel');
    await clock.advance('1s');
    for (const place of ['a/work#1', 'b/work#1']) {
      desk.give(place, place);
      await clock.advance(0);
    }

    expect(await soon(run.result())).toEqual({ a: 'a/work#1', b: 'b/work#1' });
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
  });

  test('leaves what was taken before it in the same commit, and answers that (I3)', async () => {
    throwing(orchestratorMachine, 'cancel');
    const commits = judged();
    const { box } = await opened(signalled as never, commits.store, { lane: 'xstate' });
    const starting = box.start(signalled as never, { id: 'r', input: null } as never);
    await commits.landAll();
    const run = await starting;
    const sent = run.signal('go', 1);
    const cancelling = run.cancel().catch(String);
    await settled();
    await commits.landAll();

    expect(await soon(cancelling)).toMatch(/could not take "cancel"/);
    expect(await soon(sent)).toMatchObject({ answer: 'accepted' });
    await commits.landAll();
    expect((await historyOf(run)).filter((each) => /signal|wait/.test(each))).toContain('signal.accepted t/w');
    await box.close();
  });

  test('while a commit of its run is under way is waited for by that, before the run is read again (I2)', async () => {
    throwing(orchestratorMachine, 'cancel');
    const commits = judged();
    const { box, desk, lines } = await opened(two, commits.store, { lane: 'xstate' });
    const starting = box.start(two as never, { input: null } as never);
    await commits.landAll();
    const run = await starting;
    desk.give('a/work#1', 'made');
    await settled();
    await expect(run.cancel()).rejects.toThrow('cancel');
    await settled();
    await commits.landAll();
    desk.give('b/work#1', 'all');
    await commits.landAll();

    expect(await soon(run.result())).toEqual({ a: 'made', b: 'all' });
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await box.close();
  });
});

test('a start that another process was faster with is no error, whatever else is in its commit (S17)', async () => {
  const { store, pending, landAll } = judged();
  const { box, desk, lines } = await opened(two, store);
  const first = box.start(two as never, { id: 'first', input: null } as never);
  await landAll();
  await first;
  const second = box.start(two as never, { id: 'second', input: null } as never).catch(() => {});
  desk.give('a/work#1');
  await settled();
  expect(pending.map(({ runs }) => [...runs].sort())).toEqual([['first', 'second']]);
  await pending[0]?.lose(new LeaseLost({ run: 'second', owner: 'another', fence: 1 }));
  await landAll();
  await second;
  const told = lines.filter(({ error }) => error instanceof CommitFailed);
  expect(told.map(({ level }) => level)).toEqual(['info']);
  // No process was slow, so nobody is told to give it a longer lease.
  expect(told[0]?.message).toContain('run "second" has begun already, by a start that was faster');
  expect(told[0]?.message).not.toContain('lease');
  desk.give('b/work#1');
  await landAll();
  expect(await statusesOf(await first)).toMatchObject({ a: 'completed', b: 'completed' });
  await box.close();
});
