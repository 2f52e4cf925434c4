/**
 * Kinds from outside: a builder, an action, a wait, children and a policy of their own, in one object each and with no file of
 * the engine changed (P93).
 */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import {
  type Act,
  defineKind,
  type Invoked,
  type KindOptions,
  parentKind,
  waitMachine,
  compositeMachine,
} from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { Anything, never, rejection, stage } from '../helpers/stage.ts';
import { sqlite } from 'signalbox/sqlite';

interface Door {
  readonly opensIn: number;
  readonly greeting: string;
}

/** Until the door opens: a wait of its own, with a time that outlives the process. */
const opening: Invoked = {
  waitsFor: ({ startedAt, due }) => ({ what: 'other', of: 'opening', since: startedAt, due }),
  logic: fromPromise(() => new Promise<never>(() => {})),
  describe: ({ path, attempt, node, now, due }) => ({
    do: 'wake',
    path,
    attempt,
    due: due ?? now + (node.spec as Door).opensIn,
  }),
};

/** An action of its own: the machine wishes it, and hears of it in the same turn. */
const greet: Act = (port, actor) => port.send(actor, { type: 'greeted', by: (actor.node.spec as Door).greeting });

const doorMachine = setup({ actors: { begin: fromPromise(never), opening: fromPromise(never) } }).createMachine({
  id: 'door',
  initial: 'pending',
  context: ({ input }) => ({ ...(input as object), output: null, error: null, attempt: 0, reason: null }) as never,
  states: {
    pending: {
      invoke: { src: 'begin', id: 'begin' },
      on: {
        start: 'waiting',
        cancel: 'cancelled',
        skip: 'skipped',
        fail: {
          target: 'failed',
          actions: assign({ error: ({ event }: { event: { error: unknown } }) => event.error } as never),
        },
      },
    },
    waiting: {
      invoke: { src: 'opening', id: 'opening', onDone: { target: 'running' } },
      on: { cancel: 'cancelled' },
    },
    running: {
      entry: 'greet' as never,
      invoke: { src: 'begin', id: 'begin' },
      on: {
        greeted: {
          target: 'completed',
          actions: assign({ output: ({ event }: { event: { by: unknown } }) => event.by } as never),
        },
        cancel: 'cancelled',
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    skipped: { type: 'final' },
    cancelled: { type: 'final' },
  },
});

const DOOR: KindOptions<{ readonly opensIn: string; readonly greeting: string }, Door> = {
  name: 'door',
  machine: doorMachine,
  actors: { opening },
  acts: { greet },
  read(options, reader): Door {
    const { opensIn, greeting } = reader.options(options, 'options of a door', ['opensIn', 'greeting']);
    return { opensIn: reader.duration(opensIn, 'opensIn', 0), greeting: String(greeting) };
  },
  check({ greeting }, checker) {
    if (greeting === '') checker.option('greeting', greeting, 'what is said at the door');
  },
  line: ({ opensIn, greeting }) => `opens in ${opensIn} ms, says ${greeting}`,
};
const door = defineKind<{ readonly opensIn: string; readonly greeting: string }, string>()(DOOR);

/** Whoever is first: children, and a policy that no kind of the package has yet. */
const fastest = defineKind<{ readonly of: readonly unknown[] }, unknown>()({
  ...parentKind,
  name: 'fastest',
  machine: compositeMachine,
  read: ({ of }, reader) => ({ of: of.map((body, at) => reader.step(`n${at}`, body, () => ({}))) }),
  steps: ({ of }) => of,
  plan: ({ of }, planner) => ({
    ...planner.graph(of.map(planner.use.bind(planner)), []),
    strategy: 'race',
    concurrency: Number.POSITIVE_INFINITY,
    output: ({ ordered }) => ordered.find((each) => each !== null) ?? null,
  }),
  line: ({ of }) => `the fastest of ${of.length}`,
});

const work = (name: string) => task(name, { input: Anything, output: Anything, run: never });
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  'visit',
  track('visit', { input: Anything })
    .kind('front', door, { opensIn: '1h', greeting: 'good morning' })
    .kind('first', fastest, { of: [work('a'), work('b'), work('c')] })
    .step('last', work('last'), ({ outputs }) => ({ said: outputs.front })),
  { input: ({ input }) => input },
);
const kinds = [door, fastest];

describe.each([
  ['in memory', () => memory()],
  ['in a SQLite file', () => sqlite(newFile())],
] as readonly (readonly [string, () => Store])[])('%s', (_, make) => {
  test('a track has steps of kinds from outside, which outlive their process', async () => {
    const store = make();
    const { desk, clock, options } = stage();
    const open = async () => clock.follow(await createSignalbox({ orchestrators: [flow], kinds, ...options, store }));
    const first = await open();
    const { id } = await first.start(flow, { id: 'r', input: null });
    await settled(first);
    const front = (await first.run(id).snapshot()).steps['visit/front'];
    const since = clock.now();
    expect(front?.waitingFor).toEqual({ what: 'other', of: 'opening', since, due: since + 3_600_000 });
    expect(await first.run(id).status()).toBe('waiting');
    await first.close();

    const box = await open();
    await box.recovered;
    await clock.advance('1h');
    // Whoever is first: the others are cancelled, and their cleanup is waited for.
    expect([...desk.open].sort()).toEqual(['visit/first/n0#1', 'visit/first/n1#1', 'visit/first/n2#1']);
    desk.give('visit/first/n1#1', 'b was first');
    await settled(box);
    expect([...desk.open]).toEqual(['visit/last#1']);
    desk.give('visit/last#1', 'done');
    await settled(box);

    const outcome = await box.run(id).outcome();
    expect([outcome.status, outcome.output]).toEqual(['completed', { visit: 'done' }]);
    const { steps } = await box.run(id).snapshot();
    const ends = Object.entries(steps).map(([path, { status, output }]) => [path, status, output]);
    expect(ends).toEqual([
      ['visit/front', 'completed', 'good morning'],
      ['visit/first', 'completed', 'b was first'],
      ['visit/first/n0', 'cancelled', null],
      ['visit/first/n1', 'completed', 'b was first'],
      ['visit/first/n2', 'cancelled', null],
      ['visit/last', 'completed', 'done'],
    ]);
    await box.close();
  });
});

test('its options are checked with everything else, and its line is what runs are pinned by (S3)', async () => {
  const faulty = orchestrator('faulty', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything })
      .kind('mute', door, { opensIn: 'soon', greeting: '', loud: true } as never)
      .kind('none', waitMachine as never, {} as never),
  );
  const error = await rejection(createSignalbox({ orchestrators: [faulty], kinds }));
  expect(error.message).toContain('cannot have "loud"');
  expect(error.message).toContain('Option "opensIn" cannot be "soon"');
  expect(error.message).toContain('Option "greeting" cannot be ""');
  expect(error.message).toContain('is no kind of step');
});

test('a box that does not know the kind says so when it is made (P91)', async () => {
  const error = await rejection(createSignalbox({ orchestrators: [flow] }));
  expect(error.message).toContain('No kind of step is called "door"');
  expect(error.message).toContain('createSignalbox({ kinds: [door] })');
});

test('what it leaves behind is typed', () => {
  const typed = track('t', { input: Anything }).kind('front', door, { opensIn: '1s', greeting: 'hello' });
  typed.output(({ outputs }) => expectTypeOf(outputs.front).toEqualTypeOf<string>());
  // @ts-expect-error: there is no such greeting
  track('t', { input: Anything }).kind('front', door, { opensIn: '1s', greeting: 1 });
});

describe('the sleep of the package, in a machine from outside', () => {
  const slept = setup({ actors: { begin: fromPromise(never), sleep: fromPromise(never) } }).createMachine({
    initial: 'pending',
    context: ({ input }) => ({ ...(input as object), output: null, error: null, attempt: 0 }) as never,
    states: {
      pending: { invoke: { src: 'begin', id: 'begin' }, on: { start: 'waiting', fail: 'failed', cancel: 'cancelled' } },
      waiting: { invoke: { src: 'sleep', id: 'sleep', onDone: 'completed' }, on: { cancel: 'cancelled' } },
      completed: { type: 'final' },
      failed: { type: 'final' },
      cancelled: { type: 'final' },
    },
  });
  const start = 1_767_225_600_000;
  test.each([
    ['its length', { ms: 3_600_000 }],
    ['its end', { until: start + 3_600_000 }],
    ["that its end is the step's input", { until: 'input' }],
  ])('is told %s by the spec', async (_, spec) => {
    const kind = defineKind<object, null>()({
      name: 'slept',
      machine: slept,
      read: () => spec,
      input: () => () => start + 3_600_000,
    });
    const flow = orchestrator('o', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).kind('s', kind, {}),
      { input: ({ input }) => input },
    );
    const { clock, options } = stage();
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], kinds: [kind], ...options }));
    const run = await box.start(flow, { input: null });
    await clock.advance('30m');
    const { steps } = await run.snapshot();
    expect(steps['t/s']?.waitingFor).toEqual({ what: 'timer', since: start, due: start + 3_600_000 });
    // Its state takes no `skip`.
    expect(await rejection(run.skip('t/s', { reason: 'early' }))).toMatchObject({ code: 'intervention-refused' });
    await clock.advance('30m');
    expect(await run.status()).toBe('completed');
    await box.close();
  });
});

test.each([
  ['open', { type: 'atomic' }, /State "open" is called what is no status\. Statuses are: pending/],
  ['running', { type: 'final' }, /State "running" is final, and its name is that of a status that goes on/],
  ['failed', { type: 'atomic' }, /State "failed" goes on, and its name is that of a status that is never left/],
])('a state that is called "%s" is told (I5)', async (name, state, told) => {
  const machine = setup({}).createMachine({ initial: name, states: { [name]: state as object } });
  const kind = defineKind<object, null>()({ name: 'odd', machine, read: () => ({}) });
  const error = await rejection(createSignalbox({ kinds: [kind] }));
  expect(error).toMatchObject({ code: 'kind-invalid' });
  expect(error.message).toMatch(told);
  expect(await rejection(createSignalbox({ kinds: [{ ...kind, isForeign: false }] }))).toMatchObject({
    code: 'option-invalid',
  });
});

describe('a kind that is broken', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const brokenBy = (over: Partial<typeof DOOR>) =>
    defineKind<{ readonly opensIn: string; readonly greeting: string }, string>()({ ...DOOR, name: 'broken', ...over });
  const flowWith = (kind: typeof door) =>
    orchestrator('o', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).kind('s', kind, { opensIn: '1h', greeting: 'hello' }),
      { input: ({ input }) => input },
    );
  const beside = orchestrator('beside', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).sleep('nap', '2h'),
  );

  test.each([
    ['throws when it reads', brokenBy({ read: boom }), 'could not read its options: boom'],
    ['reads no object', brokenBy({ read: () => 5 as never }), 'has read 5 of its options'],
    ['throws when its input is asked for', brokenBy({ input: boom }), 'could not say what its input is: boom'],
    ['has an input that is no mapper', brokenBy({ input: () => 5 as never }), 'has 5 for its input'],
    [
      'throws when it is asked',
      defineKind<object, string>()({ name: 'broken', machine: doorMachine, read: () => ({}), check: boom }),
      'boom',
    ],
  ])('%s, is a fault like any other (S3)', async (_, kind, told) => {
    const error = await rejection(
      createSignalbox({ orchestrators: [flowWith(kind as never)], kinds: [kind as never] }),
    );
    expect(error).toMatchObject({ code: 'definition-invalid' });
    expect(error.message).toContain(told);
  });

  test.each([
    ['its action', { acts: { greet: boom } }],
    ['a due time that is none', { acts: { greet: ((port, actor) => port.arm(actor, Number.NaN)) satisfies Act } }],
    ['what it tells', { tell: (...[, , to]: readonly unknown[]) => (to === 'running' ? boom() : null) }],
    ['what it keeps', { keep: ({ output }: { output: unknown }) => (output === null ? {} : boom()) }],
    ['a memory that is no JSON', { keep: ({ output }: { output: unknown }) => ({ n: output === null ? 1 : 1n }) }],
    [
      'an event that is no JSON',
      {
        tell: (place: object, _: string, to: string) =>
          to === 'running' ? { ...place, type: 'step.started', attempt: () => 1 } : null,
      },
    ],
  ])(
    'in %s, when its time has come: its run can be cancelled, and the run beside it goes on (S37, I7)',
    async (_, over) => {
      const kind = brokenBy(over as Partial<typeof DOOR>);
      const flow = flowWith(kind);
      const { clock, options, lines } = stage();
      const box = clock.follow(await createSignalbox({ orchestrators: [flow, beside], kinds: [kind], ...options }));
      const run = await box.start(flow, { input: null });
      const other = await box.start(beside, { input: null });
      await settled(box);
      await clock.advance('1h');
      await clock.advance('1m');
      // It is tried again, with pauses.
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThan(40);
      await clock.advance('1h');
      expect(await other.status()).toBe('completed');
      const cancelled = run.cancel();
      await clock.advance('1m');
      await cancelled;
      expect((await run.outcome()).status).toBe('cancelled');
      for await (const { type } of run.history()) expect(type).toMatch(/./);
      await box.close();
    },
  );
});
