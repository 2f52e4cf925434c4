/** Machines that are started with `createActor` and persisted the way XState does it: at any moment, as JSON, without their definition. */
import { compositeTrack, orchestrator, task, track } from 'signalbox';
import { compositeMachine, machineInput, orchestratorMachine, taskMachine, trackMachine } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate';
import { z } from 'zod';
import { Anything, never } from '../helpers/stage.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const N = z.object({ n: z.number() });
let calls: string[] = [];
beforeEach(() => {
  calls = [];
});
const adding = (name: string) =>
  task(name, {
    input: N,
    output: N,
    run: async ({ input }) => {
      await null;
      calls.push(name);
      return { n: input.n + 1 };
    },
  });
const flaky = task('flaky', {
  input: N,
  output: N,
  retry: { maxAttempts: 3, delay: '10s' },
  run: ({ input, attempt }) => {
    calls.push(`flaky#${attempt}`);
    if (attempt < 3) throw new Error('again');
    return { n: input.n * 10 };
  },
});
const own = ({ input }: { readonly input: { n: number } }) => input;

const small = track('small', { input: N })
  .step('a', adding('a'), own)
  .step('b', adding('b'), ({ previous }) => previous)
  .step('flaky', flaky, ({ previous }) => previous)
  .sleep('nap', '1m')
  .step('c', adding('c'), ({ outputs }) => ({ n: outputs.a.n + outputs.flaky.n }));
const wide = compositeTrack('wide', {
  input: N,
  tracks: { left: { do: adding('left'), input: own }, right: { do: small, input: own } },
  merge: (_, { left, right }) => left.n + right.n,
});
const whole = orchestrator('whole', { version: '1', input: N, concurrency: 1 })
  .track('small', small, { input: own })
  .track('asks', track('asks', { input: N }).step('d', adding('d'), own).wait('w', { signal: 'go', payload: N }), {
    after: ['small'],
    input: ({ outputs }) => outputs.small,
  })
  .track('wide', wide, { input: own })
  .track(
    'late',
    track('late', { input: N }).wait('w', {
      signal: 'never',
      timeout: '1h',
      onTimeout: { do: adding('e'), input: own },
    }),
    {
      after: ['asks'],
      input: own,
    },
  );

// biome-ignore lint/suspicious/noExplicitAny: the machines take any definition
type Definition = any;
const MACHINES: { readonly [is: string]: AnyStateMachine } = {
  task: taskMachine,
  track: trackMachine,
  composite: compositeMachine,
  orchestrator: orchestratorMachine,
} as never;

const begin = (definition: Definition, snapshot?: string, seen?: (actor: AnyActorRef) => void): AnyActorRef => {
  const actor: AnyActorRef = createActor(MACHINES[definition.is] as AnyStateMachine, {
    input: machineInput(definition, { n: 1 }) as never,
    ...(snapshot === undefined ? {} : { snapshot: JSON.parse(snapshot) }),
    // Not at once: in the middle of a transition there is nothing to persist.
    inspect: () => queueMicrotask(() => seen?.(actor)),
  });
  actor.start();
  return actor;
};

/** The process ends: what waited for time never hears of it. */
const die = (): void => {
  const now = Date.now();
  vi.clearAllTimers();
  vi.setSystemTime(now);
};

/** Lets time pass until it ends. */
const drive = async (actor: AnyActorRef): Promise<{ value: unknown; output: unknown; error: unknown }> => {
  actor.send({ type: 'signal', name: 'go', payload: { n: 7 } });
  for (let round = 0; round < 200 && actor.getSnapshot().status === 'active'; round += 1) {
    await settled();
    vi.advanceTimersByTime(30_000);
  }
  const { value, output, context } = actor.getSnapshot();
  return { value, output, error: context?.error?.message };
};

const save = (actor: AnyActorRef): string => JSON.stringify(actor.getPersistedSnapshot());

/** What had completed, anywhere below. */
const completedIn = (snapshot: unknown): string[] => {
  const { below } = snapshot as { below?: { steps: { path: string; state: string }[] } };
  return (below?.steps ?? []).flatMap(({ path, state }) =>
    state === 'completed' ? [path.slice(path.lastIndexOf('/') + 1)] : [],
  );
};

describe.each<[string, Definition]>([
  ['a track', small],
  ['a composite track', wide],
  ['an orchestrator of tracks, a composite track, waits and a limit on concurrency', whole],
])('%s', (_, definition) => {
  test('may be killed at any moment: it ends in the same way, and what had completed is not run again', async () => {
    const snapshots = new Set<string>();
    const first = begin(definition, undefined, (actor) => void snapshots.add(save(actor)));
    snapshots.add(save(first));
    const end = await drive(first);
    expect(end.value).toBe('completed');
    expect(snapshots.size).toBeGreaterThan(5);

    for (const snapshot of snapshots) {
      calls = [];
      const again = begin(definition, snapshot);
      expect([snapshot, await drive(again)]).toEqual([snapshot, end]);
      // Steps of one name in two places are not told apart here.
      const names = definition === whole ? ['d', 'e', 'left'] : ['a', 'b', 'c', 'left'];
      const over = completedIn(JSON.parse(snapshot)).filter((name) => names.includes(name));
      expect(calls.filter((name) => over.includes(name))).toEqual([]);
    }
  }, 60_000);
});

test('a step that was killed twice goes on from where it was the second time', async () => {
  const first = begin(small);
  await settled();
  const one = save(first);
  die();
  const second = begin(small, one);
  await settled();
  vi.advanceTimersByTime(10_000);
  await settled();
  const two = save(second);
  die();
  expect(calls).toEqual(['a', 'b', 'flaky#1', 'flaky#2']);
  calls = [];
  const third = begin(small, two);

  expect((await drive(third)).output).toEqual({ n: 33 });
  expect(calls).toEqual(['flaky#3', 'c']);
});

test('the snapshot has no definition in it, and no code', () => {
  const text = save(begin(small));
  expect(text).not.toContain('"retry"');
  expect(text).not.toContain('"children":[');
  expect(text.length).toBeLessThan(1_000);
});

test('the snapshot says of which definition it is, or that it is of none', () => {
  expect(JSON.parse(save(begin(small)))).toHaveProperty('definition', small.name);
  const bare = createActor(taskMachine, { input: { node: null, input: 1 } as never }).start();
  expect(JSON.parse(save(bare))).toHaveProperty('definition', null);
});

describe('a timer goes on with the time that remains:', () => {
  test.each<[string, Definition, number, string]>([
    ['of a sleep', track('t', { input: N }).sleep('nap', '60d'), 60 * 86_400_000, 'completed'],
    ['of a wait', track('t', { input: N }).wait('w', { signal: 'x', timeout: '60d' }), 60 * 86_400_000, 'failed'],
  ])('%s', async (_, definition, ms, end) => {
    const first = begin(definition);
    await settled();
    vi.advanceTimersByTime(ms / 2);
    const text = save(first);
    die();
    // Nobody was there for a while; the time went on.
    vi.setSystemTime(Date.now() + ms / 4);
    const second = begin(definition, text);
    await settled();
    vi.advanceTimersByTime(ms / 4 - 1);
    await settled();
    expect(second.getSnapshot().status).toBe('active');
    vi.advanceTimersByTime(1);
    await settled();
    expect(second.getSnapshot().value).toBe(end);
  });

  test('of a retry, and one that was due meanwhile is over at once', async () => {
    const first = begin(flaky);
    await settled();
    vi.advanceTimersByTime(4_000);
    const text = save(first);
    die();
    begin(flaky, text);
    await settled();
    vi.advanceTimersByTime(5_999);
    await settled();
    expect(calls).toEqual(['flaky#1']);
    vi.advanceTimersByTime(1);
    await settled();
    expect(calls).toEqual(['flaky#1', 'flaky#2']);
    die();

    calls = [];
    vi.setSystemTime(Date.now() + 3_600_000);
    begin(flaky, text);
    await settled();
    vi.advanceTimersByTime(0);
    await settled();
    expect(calls).toEqual(['flaky#2']);
  });
});

test('a cancel that was under way is carried on', async () => {
  const hanging = task('hanging', {
    input: Anything,
    output: Anything,
    run: () => new Promise<never>(() => {}),
    cleanup: () => new Promise<void>((resolve) => setTimeout(resolve, 10_000)),
  });
  const two = compositeTrack('two', {
    tracks: {
      a: track('a', { input: Anything })
        .step('s', hanging)
        .step('t', task('later', { input: Anything, output: Anything, run: never })),
      b: hanging,
    },
  });
  const first = begin(two);
  await settled();
  first.send({ type: 'cancel', reason: 'enough' });
  await settled();
  const second = begin(two, save(first));

  expect((await drive(second)).value).toBe('cancelled');
});

test('a signal that came early is still there', async () => {
  const waits = track('t', { input: N }).sleep('nap', '1m').wait('w', { signal: 'early' });
  const first = begin(waits);
  first.send({ type: 'signal', name: 'early', payload: 5 });
  const second = begin(waits, save(first));

  expect(await drive(second)).toMatchObject({ value: 'completed', output: 5 });
});

test('what has ended stays ended, and has its output', async () => {
  const first = begin(small);
  await drive(first);
  calls = [];
  const second = begin(small, save(first));
  await settled();

  expect(second.getSnapshot()).toMatchObject({ status: 'done', value: 'completed', output: { n: 33 } });
  expect(calls).toEqual([]);
});

describe('without the right definition it says in words what is wanted:', () => {
  const errorOf = async (machine: unknown, options: object): Promise<string> => {
    const errors: unknown[] = [];
    const actor = createActor(machine as AnyStateMachine, options as never);
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.start();
    await settled();
    return String(errors[0]);
  };
  const text = () => JSON.parse(save(begin(small)));

  test.each<[string, unknown, () => object, RegExp]>([
    [
      'no input',
      trackMachine,
      () => ({}),
      /^Error: Machine "track" needs the definition: createActor\(trackMachine, \{ input: machineInput\(track, input\) \}\)\.$/,
    ],
    ['no input for a task', taskMachine, () => ({}), /^Error: Machine "task" needs the definition/],
    [
      'a snapshot and no input',
      trackMachine,
      () => ({ snapshot: text() }),
      /^Error: Machine "track" needs the definition of "small": createActor\(trackMachine, \{ input: machineInput\(track, input\) \}\)\.$/,
    ],
    [
      'the definition of another',
      trackMachine,
      () => ({ snapshot: text(), input: machineInput(track('other', { input: N }), { n: 1 }) }),
      /needs the definition of "small":/,
    ],
    [
      'one that was changed',
      trackMachine,
      () => ({ snapshot: text(), input: machineInput(track('small', { input: N }), { n: 1 }) }),
      /needs the definition of "small" that has a step "a":/,
    ],
  ])('%s', async (_, machine, options, message) => {
    expect(await errorOf(machine, options())).toMatch(message);
  });
});

test('a machine that was given no definition has none either when it is put back', () => {
  const first = createActor(taskMachine as AnyStateMachine, { input: { input: { n: 2 } } as never }).start();
  const second = createActor(taskMachine as AnyStateMachine, {
    input: { input: { n: 2 } } as never,
    snapshot: JSON.parse(save(first)),
  }).start();

  for (const actor of [first, second])
    expect(actor.getSnapshot().context).toMatchObject({ input: { n: 2 }, node: null });
});

test("a machine with implementations of one's own is persisted, too", async () => {
  const provided = (taskMachine as AnyStateMachine).provide({});
  const first = createActor(provided, { input: machineInput(flaky, { n: 2 }) as never }).start();
  await settled();
  const second = createActor(provided, {
    input: machineInput(flaky, { n: 2 }) as never,
    snapshot: JSON.parse(save(first)),
  }).start();

  expect(await drive(second)).toMatchObject({ value: 'completed', output: { n: 20 } });
  expect(save(first)).not.toContain('"node"');
});
