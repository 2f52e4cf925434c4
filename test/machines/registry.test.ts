/** The registry: the only place that knows which kinds there are, and what each of them is asked for (P43, P81–P86, P90–P93). */
import { KindInvalid, KindTaken, KindUnknown } from 'signalbox/errors';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { assign, cancel, emit, enqueueActions, not, raise, sendTo, setup, spawnChild, stopChild } from 'xstate';
import { isTerminal, type RunEvent } from '../../src/events.ts';
import type { AnyDefinition } from '../../src/definition.ts';
import { declarationOf } from '../../src/machines/declarations.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { type Kind, Kinds } from '../../src/core/kind.ts';
import { xstateStepper } from '../../src/core/stepper.ts';
import { tableStepper } from '../../src/core/table.ts';
import { newRun } from '../../src/core/assemble.ts';
import { steppers } from '../../src/core/lanes.ts';
import { takeCommand } from '../../src/commands/index.ts';
import { Changes } from '../../src/core/run.ts';
import { Turn } from '../../src/core/turn.ts';
import { nodeOf, placeOf } from '../helpers/nodes.ts';

describe('a kind', () => {
  test('that nobody registered is an error that names the known ones (P91)', () => {
    expect(() => builtInKinds.get('dance')).toThrow(KindUnknown);
    expect(() => builtInKinds.get('dance')).toThrow(
      /"dance".*task, sleep, wait, branch, parallel, group, map, loop, aggregate, set, terminate, run, signal, emit, approval, gate, track, composite, orchestrator, schedule, …/,
    );
  });

  test('under a name that is taken is refused (P90)', () => {
    expect(() => builtInKinds.register(builtInKinds.get('task'))).toThrow(KindTaken);
  });

  test('of the package has a machine that a host can keep, which no import looks at (R26)', () => {
    for (const name of builtInKinds.names())
      expect(() => new Kinds().register(builtInKinds.get(name)), name).not.toThrow();
  });

  test('has a machine with a start, an end for every cancel, and events that tell of both (P81)', () => {
    for (const name of builtInKinds.names()) {
      const { machine, tell } = builtInKinds.get(name);
      const memory = { node: nodeOf(name), attempt: 1, error: null, reason: null };
      expect(machine.states.pending?.ownEvents).toEqual(expect.arrayContaining(['start', 'cancel', 'fail', 'skip']));
      for (const state of Object.keys(machine.states)) {
        const event = tell({ run: 'r', seq: 1, at: 5, path: 'a' }, 'pending', state, memory, 7);
        // A schedule would fill its history with what is in that of each run that it starts.
        const isQuiet = state === 'pending' || (name === 'firing' && state !== 'failed');
        expect([name, state, event === null]).toEqual([name, state, isQuiet]);
        if (isTerminal(state) && !isQuiet) expect(event?.type.endsWith(`.${state}`)).toBe(true);
      }
    }
  });

  test('has a row that is written when its state is another, or anything that is kept of it, and for no counter of its children (I9)', () => {
    const memory: { readonly [field: string]: unknown } = {
      ...builtInKinds.get('orchestrator').machine.config.context,
      node: nodeOf('track'),
      attempt: 1,
      skipped: 0,
      withErrors: false,
      variables: {},
      live: 1,
      completed: 0,
      ...Object.fromEntries(
        ['error', 'output', 'reason', 'ending', 'kept', 'borne', 'undo', 'paused'].map((name) => [name, null]),
      ),
    };
    const other: typeof memory = {
      error: { code: 'x', message: 'x' },
      output: 1,
      reason: 'why',
      ending: 'failed',
      skipped: 1,
      kept: { a: 1 },
      withErrors: true,
      borne: { code: 'x' },
      variables: { a: 1 },
      undo: { by: 'x' },
      paused: { reason: 'x' },
    };
    for (const name of builtInKinds.names()) {
      const { keep, changed, machine } = builtInKinds.get(name);
      const at = (value: string, more: object = {}) => ({ value, context: { ...memory, ...more } }) as never;
      const stands = at('running');
      expect([name, changed(stands, at('cancelling'))]).toEqual([name, true]);
      for (const [field, value] of Object.entries(other)) {
        const more = { [field]: value };
        const isKept = JSON.stringify(keep({ ...memory, ...more } as never)) !== JSON.stringify(keep(memory as never));
        if (isKept || field === 'output')
          expect([name, field, changed(stands, at('running', more))]).toEqual([name, field, true]);
      }
      if (machine.id !== 'track' && machine.id !== 'orchestrator') continue;
      expect([name, changed(stands, at('running', { live: 0, completed: 1 }))]).toEqual([name, false]);
    }
  });

  test('is called and told the same where it is declared and where it is run', () => {
    // Kinds that no definition names are made by what makes their runs.
    for (const is of builtInKinds.names().filter((name) => name !== 'schedule' && name !== 'firing')) {
      const { name, noun } = declarationOf({ is } as AnyDefinition);
      expect([name, noun]).toEqual([is, builtInKinds.get(is).noun]);
    }
  });

  test('is asked for no more than it has: children, a signal and wishes are for those that need them (P82, P83)', () => {
    const having = (has: (kind: Kind) => unknown): string[] =>
      builtInKinds.names().filter((name) => has(builtInKinds.get(name)));
    const invokes = (actor: string) =>
      having(({ machine }) =>
        Object.values(machine.states).some(({ invoke }) => invoke.some(({ id }) => id === actor)),
      );
    const steps = ['wait', 'branch', 'parallel', 'group', 'map', 'loop'];
    // A schedule has no children in the plan: it starts runs, and counts those that have not ended.
    const parents = [...steps, 'track', 'composite', 'orchestrator', 'schedule'];

    expect(having(({ children }) => children)).toEqual(parents);
    // Whoever has children counts them, and a wait runs its child only when its time is up.
    expect(having(({ recount }) => recount)).toEqual(parents);
    expect(invokes('children')).toEqual(parents);
    expect(having(({ placeNamed }) => placeNamed)).toEqual(['map', 'loop', 'schedule']);
    expect(invokes('signal')).toEqual(['wait']);
    expect(invokes('execute')).toEqual(['task']);
  });

  test('begins, and ends before it has begun, as all others do (P86)', () => {
    const targets = (name: string, event: string) => {
      const found = builtInKinds.get(name).machine.states.pending?.transitions.get(event) ?? [];
      return found.flatMap(({ target }) => (target ?? []).map(({ key }) => key));
    };
    for (const name of builtInKinds.names()) {
      const { machine } = builtInKinds.get(name);
      // Or it stands still first.
      const failed = targets(name, 'fail').filter((target) => target !== 'awaitingIntervention');
      expect([name, failed, targets(name, 'skip')]).toEqual([name, ['failed'], ['skipped']]);
      expect(targets(name, 'cancel')).toEqual(['cancelled']);
      expect(machine.states.pending?.invoke.map(({ id }) => id)).toEqual(['begin']);
      for (const end of ['completed', 'failed', 'skipped', 'cancelled'])
        expect([name, end, machine.states[end]?.type]).toEqual([name, end, 'final']);
    }
  });

  test('from outside takes its turns without a change to the engine, also when only XState can step it (P93)', () => {
    const dance = setup({ guards: { isTired: () => false } }).createMachine({
      initial: 'pending',
      context: ({ input }) => ({ ...(input as object), attempt: 1, output: 'danced', error: null, reason: null }),
      states: {
        // A wildcard and a guard made of another, so that no table can say it.
        pending: { on: { '*': 'left' } },
        left: { always: { guard: not('isTired'), target: 'right', actions: raise({ type: 'bow' }) } },
        right: { on: { bow: 'completed' } },
        completed: { type: 'final' },
      },
    }) as unknown as AnyStateMachine;
    expect(tableStepper(dance)).toBeNull();
    const kind: Kind = {
      name: 'dance',
      machine: dance,
      noun: 'step',
      actors: {},
      tell: (place, _, to) =>
        to === 'completed' ? ({ ...place, type: 'step.completed', attempt: 1 } as RunEvent) : null,
      keep: () => ({}),
      changed: () => true,
    };
    const kinds = new Kinds().register(builtInKinds.get('orchestrator')).register(kind);
    const root = { ...nodeOf('orchestrator'), children: [placeOf('dance')] };
    const plan = { name: 'ball', version: '1', root, tasks: new Map() };
    const row = {
      run: 'r',
      key: null,
      orchestrator: 'ball',
      version: '1',
      hash: '',
      status: 'pending',
      input: null,
    } as const;
    const rest = { output: null, error: null, reason: null, metadata: {}, startedAt: 0, endedAt: null, parent: null };
    const rules = { kinds, signalBuffer: 100, maxValueBytes: 1_000, stepperOf: steppers(kinds, 'table'), takeCommand };
    const run = newRun(rules, plan, { ...row, ...rest });

    const changes = new Changes(0);
    new Turn(rules).take(run, changes, 1, { type: 'start', plan, row: { ...row, ...rest } });

    expect(changes.events.map(({ type, path }) => `${type} ${path}`.trim())).toEqual([
      'run.started',
      'step.completed dance0',
      'run.completed',
    ]);
    expect(run.root.state.context.output).toEqual({ dance0: 'danced' });
  });
});

describe('a machine that a host cannot keep is refused when it is registered, with the state and the way out:', () => {
  const kindOf = (config: object, actions: object = {}): Kind => ({
    ...builtInKinds.get('task'),
    name: 'dance',
    machine: setup({ actions } as never).createMachine({
      initial: 'a',
      ...config,
    } as never) as unknown as AnyStateMachine,
  });
  const flat = { a: { on: { go: 'b' } }, b: {} };

  test.each<[string, object, RegExp]>([
    ['nested states', { states: { a: { initial: 'x', states: { x: {} } } } }, /State "a" has nested states.*itself\./],
    ['parallel states', { states: { a: { type: 'parallel', states: { x: {}, y: {} } } } }, /State "a" has parallel/],
    ['a parallel machine', { type: 'parallel', states: flat }, /The machine has parallel.*composite track/],
    ['history', { states: { ...flat, h: { type: 'history' } } }, /State "h" is a history state/],
    [
      'a delayed transition',
      { states: { a: { after: { 10: 'b' } }, b: {} } },
      /State "a" has a transition "after".*"sleep"/,
    ],
    ['one of the root', { states: flat, after: { 10: '.b' } }, /The machine has a transition "after"/],
    [
      'two actors',
      {
        states: {
          a: {
            invoke: [
              { src: 'execute', id: 'execute' },
              { src: 'sleep', id: 'sleep' },
            ],
          },
        },
      },
      /State "a" has several invoked/,
    ],
    [
      'an actor of the root',
      { states: flat, invoke: { src: 'execute', id: 'execute' } },
      /invoked by the machine itself/,
    ],
    [
      'an actor that nobody knows',
      { states: { a: { invoke: { src: 'fetch', id: 'fetch' } } } },
      /State "a" invokes "fetch".*execute/,
    ],
    [
      'a delayed raise',
      { states: { a: { entry: raise({ type: 'go' }, { delay: 5 }) } } },
      /State "a" raises an event with a delay/,
    ],
    [
      'sendTo on an event',
      { states: { a: { on: { go: { actions: sendTo('x', { type: 'y' }) } } } } },
      /State "a" sends an event/,
    ],
    [
      'emit at an eventless transition',
      { states: { a: { always: { target: 'b', actions: emit({ type: 'y' }) } }, b: {} } },
      /State "a" emits/,
    ],
    ['spawnChild', { states: { a: { exit: spawnChild('x' as never) } } }, /State "a" spawns/],
    ['stopChild', { states: { a: { exit: stopChild('x') } } }, /State "a" stops/],
    ['cancel', { states: { a: { exit: cancel('x') } } }, /State "a" cancels/],
  ])('%s', (_, config, message) => {
    expect(() => new Kinds().register(kindOf(config))).toThrow(KindInvalid);
    expect(() => new Kinds().register(kindOf(config))).toThrow(message);
  });

  test('an action of that sort under a name of its own', () => {
    const later = raise({ type: 'go' }, { delay: 5 });
    expect(() => new Kinds().register(kindOf({ states: { a: { entry: 'later' } } }, { later }))).toThrow(/raises/);
  });

  test('all that is wrong is told at once, and a delay once', () => {
    const states = { a: { after: { 10: 'b' }, entry: emit({ type: 'y' }) }, b: { initial: 'x', states: { x: {} } } };
    let faults: readonly string[] = [];
    try {
      new Kinds().register(kindOf({ states }));
    } catch (error) {
      faults = (error as KindInvalid).fields.faults;
    }
    expect(faults).toHaveLength(3);
  });

  test('one that only a transition comes up with fails that transition', () => {
    const entry = enqueueActions(({ enqueue }) => enqueue.emit({ type: 'y' }));
    const { machine } = kindOf({ states: { a: { on: { go: 'b' } }, b: { entry } } });
    const stepper = xstateStepper(machine);
    const state = stepper.begin({ input: null }, []);

    expect(() => stepper.next(state, { type: 'go' }, [])).toThrow(/An action emits an event, which nobody hears/);
  });

  test('what XState does within a transition is none of it', () => {
    const states = {
      a: {
        entry: [assign({}), raise({ type: 'go' }), enqueueActions(() => {}), 'mine', { type: 'yours', params: {} }],
        on: { go: 'b', '*': 'b' },
      },
      b: { always: { guard: () => false, target: 'a' } },
    };
    expect(() => new Kinds().register(kindOf({ states, on: { up: '.b' } }))).not.toThrow();
  });
});
