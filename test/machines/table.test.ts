/**
 * The fast lane against XState (I9): for every machine of the package, the same events in the same
 * order give the same states, the same contexts and the same wishes in the same order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, not, setup } from 'xstate';
import { builtInKinds } from '../../src/machines/index.ts';
import type { Cause } from '../../src/schedules/standing.ts';
import { type MachineState, type Stepper, type Wish, xstateStepper } from '../../src/core/stepper.ts';
import { tableStepper } from '../../src/core/table.ts';
import type { Strategy } from '../../src/definition.ts';
import { BEGUN, inputOf, nodeOf } from '../helpers/nodes.ts';

const error = (code: string, retryable = true) => ({
  code,
  name: 'Error',
  message: 'no',
  ...(retryable ? {} : { retryable }),
});
const finished = fc.constantFrom(null, { output: 'all' }, { error: error('mapper-failed') });
const counts = fc.nat(3);

const event = fc.oneof(
  fc.record({ type: fc.constant('start'), approval: fc.boolean(), ready: counts, finished }),
  fc.record({
    type: fc.constant('child.settled'),
    status: fc.constantFrom('completed', 'failed', 'skipped', 'cancelled', 'timedOut'),
    error: fc.constantFrom(null, error('task-failed')),
    ready: counts,
    skipped: counts,
    finished,
  }),
  fc.constantFrom(
    { type: 'fail', error: error('mapper-failed') },
    { type: 'skip', output: 7 },
    { type: 'skip' },
    { type: 'cancel', reason: 'enough' },
    { type: 'cancel' },
    { type: 'signal', payload: 'here' },
    { type: 'compensate', output: 'made', attempt: 2 },
    { type: 'cancel', compensate: true },
    { type: 'cancel', force: true },
    { type: 'retry', input: 'other' },
    { type: 'resolve', output: 'by hand' },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'undo', of: 'another' },
    { type: 'undoing', before: 5 },
    { type: 'undone', path: 'a/b', isUndone: true },
    { type: 'undone', path: 'a/b', isUndone: false },
    { type: 'undo.more', before: 3 },
    { type: 'undo.over' },
    { type: 'unheard-of' },
  ),
  fc
    .tuple(
      fc.constantFrom(
        'execute',
        'backoff',
        'sleep',
        'signal',
        'cleanup',
        'compensate',
        'undoChild',
        'pull',
        'children',
        'approval',
      ),
      fc.constantFrom<object>(
        { output: 'result' },
        { output: { decision: 'approve' } },
        { output: { decision: 'skip' } },
        { error: error('task-failed') },
        { error: error('task-failed', false) },
        { error: error('step-timed-out') },
      ),
    )
    .map(([actor, answer]) => ({
      type: `xstate.${'error' in answer ? 'error' : 'done'}.actor.${actor}`,
      actorId: actor,
      ...answer,
    })),
);

/** What a schedule is told beside that: the time, and why it has asked for it. */
const now = fc.record({
  type: fc.constant('now'),
  now: fc.nat(8).map((hours) => hours * BEGUN),
  cause: fc.constantFrom<Cause>(
    { is: 'begun' },
    { is: 'due' },
    { is: 'ended', status: 'completed', code: null, message: null },
    { is: 'word', word: { do: 'pause', reason: 'enough' } },
    { is: 'word', word: { do: 'resume' } },
    { is: 'word', word: { do: 'trigger', key: 'k' } },
  ),
});
const tick = fc.constant({ type: 'xstate.done.actor.tick', actorId: 'tick', output: undefined });

const plain = (state: MachineState) => ({ value: state.value, context: { ...state.context }, status: state.status });

function follow(stepper: Stepper, node: ReturnType<typeof nodeOf>, events: readonly { type: string }[]) {
  const wishes: Wish[] = [];
  let state = stepper.begin({ node, input: inputOf(node.kind) }, wishes);
  const trail: object[] = [{ ...plain(state), wishes: [...wishes] }];
  for (const each of events) {
    if (state.status !== 'active') break;
    wishes.length = 0;
    try {
      state = stepper.next(state, each, wishes);
    } catch (thrown) {
      trail.push({ value: (thrown as Error).message, context: {}, status: 'threw', wishes: [] });
      break;
    }
    trail.push({ ...plain(state), wishes: [...wishes] });
  }
  return trail;
}

describe.each(builtInKinds.names())('the table of the %s machine', (name) => {
  const { machine } = builtInKinds.get(name);
  const table = tableStepper(machine);
  const reference = xstateStepper(machine);

  test('exists: the machine is flat', () => {
    expect(table).not.toBeNull();
  });

  test('answers every sequence of events as XState does (I9, P112)', () => {
    fc.assert(
      fc.property(
        fc.array(name === 'schedule' ? fc.oneof(event, now, tick) : event, { maxLength: 14 }),
        fc.constantFrom<Strategy>('failFast', 'waitAll', 'race', { quorum: 2, rest: 'finish' }),
        counts,
        (events, strategy, children) => {
          const node = nodeOf(name, { strategy, children });
          expect(follow(table as Stepper, node, events)).toEqual(follow(reference, node, events));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('recalls a state from a row as XState does', () => {
    const wishes: Wish[] = [];
    const state = reference.begin({ node: nodeOf(name), input: null }, wishes);
    for (const value of Object.keys(machine.states)) {
      expect(plain((table as Stepper).recall(value, state.context))).toEqual(
        plain(reference.recall(value, state.context)),
      );
      expect((table as Stepper).invokedBy(value)).toBe(reference.invokedBy(value));
    }
  });
});

describe('a machine that a table cannot say', () => {
  const flat = { initial: 'a', states: { a: {}, b: {} } } as const;

  test.each([
    ['nested states', { initial: 'a', states: { a: { initial: 'x', states: { x: {} } } } }],
    ['parallel states', { type: 'parallel', states: { a: {}, b: {} } }],
    ['a delayed transition', { initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } }],
    ['a transition of the root', { ...flat, on: { go: '.b' } }],
    ['a wildcard', { initial: 'a', states: { a: { on: { '*': 'b' } }, b: {} } }],
    [
      'two invocations in one state',
      {
        initial: 'a',
        states: {
          a: {
            invoke: [
              { src: 'x', id: 'x' },
              { src: 'y', id: 'y' },
            ],
          },
        },
      },
    ],
    [
      'a guard that is made of others',
      { initial: 'a', states: { a: { on: { go: { guard: and([() => true]), target: 'b' } } }, b: {} } },
    ],
    [
      'a guard that is turned round',
      { initial: 'a', states: { a: { always: { guard: not(() => true), target: 'b' } }, b: {} } },
    ],
    [
      'a guard that nobody has',
      { initial: 'a', states: { a: { on: { go: { guard: 'unheardOf', target: 'b' } } }, b: {} } },
    ],
    ['an action that is a function', { initial: 'a', states: { a: { entry: () => {} }, b: {} } }],
    ['an entry of the root', { ...flat, entry: 'shout' }],
    ['an eventless transition of the root', { ...flat, always: { guard: () => false, target: '.b' } }],
  ])('is left to XState: %s', (_, config) => {
    expect(tableStepper(setup({}).createMachine(config as never) as unknown as AnyStateMachine)).toBeNull();
  });

  test('and that goes round in eventless circles is given up, by the table as by XState', () => {
    const config = {
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
    } as const;
    const machine = setup({}).createMachine(config) as unknown as AnyStateMachine;
    const table = tableStepper(machine) as Stepper;
    const state = table.begin({ node: nodeOf('task'), input: null }, []);
    expect(() => table.next(state, { type: 'go' }, [])).toThrow('goes round in eventless circles');
  });

  test('has no state of another name, and says which it was asked for', () => {
    const machine = setup({}).createMachine(flat) as unknown as AnyStateMachine;
    const table = tableStepper(machine) as Stepper;
    expect(() => table.invokedBy('z')).toThrow('"z"');
  });
});
