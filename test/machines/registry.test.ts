/** The registry: the only place that knows which kinds there are (P43, P90–P93). */
import { KindTaken, KindUnknown } from 'signalbox/errors';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { setup } from 'xstate';
import { isTerminal, type RunEvent } from '../../src/events.ts';
import { builtInKinds } from '../../src/machines/kinds.ts';
import { type Kind, Kinds } from '../../src/machines/registry.ts';
import { newRun } from '../../src/runtime/recall.ts';
import { steppers } from '../../src/runtime/lanes.ts';
import { Changes } from '../../src/runtime/run-state.ts';
import { Turn } from '../../src/runtime/turn.ts';
import { nodeOf } from '../helpers/nodes.ts';

describe('a kind', () => {
  test('that nobody registered is an error that names the known ones (P91)', () => {
    expect(() => builtInKinds.get('dance')).toThrow(KindUnknown);
    expect(() => builtInKinds.get('dance')).toThrow(/"dance".*task, sleep, wait, track, composite, orchestrator/);
  });

  test('under a name that is taken is refused (P90)', () => {
    expect(() => builtInKinds.register(builtInKinds.get('task'))).toThrow(KindTaken);
  });

  test('has a machine with a start, an end for every cancel, and events that tell of both (P81)', () => {
    for (const name of builtInKinds.names()) {
      const { machine, tell } = builtInKinds.get(name);
      const memory = { node: nodeOf(name), attempt: 1, error: null, reason: null };
      expect(machine.states.pending?.ownEvents).toEqual(expect.arrayContaining(['start', 'cancel', 'fail', 'skip']));
      for (const state of Object.keys(machine.states)) {
        const event = tell({ run: 'r', seq: 1, at: 5, path: 'a' }, 'pending', state, memory, 7);
        expect([name, state, event === null]).toEqual([name, state, state === 'pending']);
        if (isTerminal(state)) expect(event?.type.endsWith(`.${state}`)).toBe(true);
      }
    }
  });

  test('from outside takes its turns without a change to the engine, also when only XState can step it (P93)', () => {
    const dance = setup({}).createMachine({
      initial: 'pending',
      context: ({ input }) => ({ ...(input as object), attempt: 1, output: 'danced', error: null, reason: null }),
      states: {
        pending: { on: { start: 'dancing' } },
        // Nested, so that no table can say it; it is over as soon as its second figure is reached.
        dancing: {
          initial: 'left',
          states: { left: { always: 'right' }, right: { type: 'final' } },
          onDone: 'completed',
        },
        completed: { type: 'final' },
      },
    }) as unknown as AnyStateMachine;
    const kind: Kind = {
      name: 'dance',
      machine: dance,
      noun: 'step',
      parent: false,
      tell: (place, _, to) =>
        to === 'completed' ? ({ ...place, type: 'step.completed', attempt: 1 } as RunEvent) : null,
      keep: () => ({}),
      changed: () => true,
    };
    const kinds = new Kinds().register(builtInKinds.get('orchestrator')).register(kind);
    const root = { ...nodeOf('orchestrator'), children: [nodeOf('dance')] };
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
    const rest = { output: null, error: null, reason: null, metadata: {}, startedAt: 0, endedAt: null };
    const rules = { kinds, signalBuffer: 100, maxValueBytes: 1_000, stepperOf: steppers(kinds, 'table') };
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
