/** The machines as drawings: every state can be reached, and every non-final one says what it waits for (I7). */
import { describe, expect, test } from 'vitest';
import { getShortestPaths } from 'xstate/graph';
import { isTerminal } from '../../src/events.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { BEGUN, inputOf, nodeOf } from '../helpers/nodes.ts';

const error = { code: 'task-failed', name: 'Error', message: 'no' };
const final = { code: 'task-failed', name: 'TerminalError', message: 'never', retryable: false };
const late = { code: 'step-timed-out', name: 'StepTimedOut', message: 'late', retryable: false };

/** Everything that can happen, answers of invoked actors with a payload included: `xstate/graph` sends them without one. */
const events = [
  { type: 'start' },
  { type: 'start', ready: 2, finished: null },
  { type: 'start', ready: 0, finished: { output: 'all' } },
  { type: 'fail', error },
  { type: 'skip' },
  { type: 'cancel', reason: 'enough' },
  { type: 'cancel', compensate: true },
  { type: 'cancel', force: true },
  { type: 'compensate', output: 'made', attempt: 1 },
  { type: 'retry', input: 'other' },
  { type: 'retry', input: { n: 1 } },
  { type: 'retry', input: { n: 1, m: 1 } },
  { type: 'resolve', output: 'by hand' },
  { type: 'pause' },
  { type: 'resume' },
  { type: 'undo', of: 'another' },
  { type: 'undone', path: 'a/b', isUndone: true },
  { type: 'undone', path: 'a/b', isUndone: false },
  { type: 'undo.more', before: 3 },
  { type: 'undo.over' },
  { type: 'child.settled', status: 'completed', error: null, ready: 0, skipped: 0, finished: null },
  { type: 'child.settled', status: 'completed', error: null, ready: 0, skipped: 0, finished: { output: 'all' } },
  { type: 'child.settled', status: 'failed', error, ready: 0, skipped: 0, finished: null },
  { type: 'signal', name: 'go', payload: 'here' },
  ...[
    'execute',
    'backoff',
    'sleep',
    'signal',
    'cleanup',
    'compensate',
    'childRun',
    'endChild',
    'undoChild',
    'pull',
    'children',
    'send',
  ].flatMap((actor) => [
    { type: `xstate.done.actor.${actor}`, output: 'made' },
    ...[error, final, late].map((each) => ({ type: `xstate.error.actor.${actor}`, error: each })),
  ]),
  // A child run that had completed before it was cancelled, and one that could not undo what it had done.
  { type: 'xstate.done.actor.endChild', output: { late: { output: 'made' } } },
  { type: 'xstate.error.actor.endChild', error: { ...final, code: 'child-failed' } },
  { type: 'asked', approval: { number: 1 } },
  { type: 'resolved', how: 'go', input: 'edited' },
  { type: 'resolved', how: 'go', held: true, approval: { resolution: { decision: 'approve' } } },
  { type: 'resolved', how: 'complete', output: 'decided' },
  { type: 'resolved', how: 'skip' },
  { type: 'resolved', how: 'fail', error: final },
  { type: 'resolved', how: 'fail', error: { ...final, code: 'approval-expired' } },
  // A schedule that was begun, whose time has come, and whose run has ended; and two words to it.
  ...[
    { now: BEGUN, cause: { is: 'begun' } },
    { now: 2 * BEGUN, cause: { is: 'due' } },
    { now: 9 * BEGUN, cause: { is: 'ended', status: 'completed', code: null, message: null } },
    { now: BEGUN, cause: { is: 'word', word: { do: 'pause', reason: null } } },
    { now: BEGUN, cause: { is: 'word', word: { do: 'resume' } } },
  ].map((each) => ({ type: 'now', ...each })),
];

interface Memory {
  readonly live?: number;
  readonly ready?: number;
  readonly attempt?: number;
  readonly ending?: string | null;
  readonly undo?: { readonly isCut?: boolean; readonly failures?: number } | null;
}

describe.each(builtInKinds.names())('the %s machine', (name) => {
  const { machine, actors } = builtInKinds.get(name);
  // A wait runs another step when its time is up, or it does not.
  const withChildren = nodeOf(name, { children: 2 });
  const without = { ...nodeOf(name), spec: { ...withChildren.spec, onTimeout: 'fail' } };
  // What fails for good stands still, or it does not.
  const { task } = without;
  // Somebody is asked about a task, before it and after it.
  const asking = task === null ? [] : [{ ...without, task: { ...task, approval: {}, review: {} } as typeof task }];
  const paths = [withChildren, without, { ...without, holds: true }, ...asking].flatMap((node) =>
    getShortestPaths(machine, {
      input: { node, input: inputOf(name) },
      // Only what the state handles, and an actor's answer only where it is invoked: the host delivers no other (I5).
      events: (snapshot) =>
        events.filter(({ type }) => machine.states[snapshot.value as string]?.ownEvents.includes(type)) as never,
      serializeState: (snapshot) => {
        const { live = 0, ready = 0, attempt = 0, ending = null, undo = null } = snapshot.context as Memory;
        // Pages and tries are counted without an end.
        const { isCut = false, failures = 0 } = undo ?? {};
        return JSON.stringify([
          snapshot.value,
          live,
          ready,
          Math.min(attempt, 4),
          ending,
          undo !== null,
          isCut,
          failures > 0,
        ]);
      },
      // Two children are two: more would be events for children that are not there.
      stopWhen: (snapshot) => snapshot.status !== 'active' || ((snapshot.context as { live?: number }).live ?? 0) < 0,
      limit: 5_000,
    }),
  );
  const reached = new Set(paths.map(({ state }) => String(state.value)));

  test('reaches every one of its states (P43)', () => {
    expect([...reached].sort()).toEqual(Object.keys(machine.states).sort());
  });

  test('is final exactly in the statuses that are never left (I5)', () => {
    for (const [value, node] of Object.entries(machine.states))
      expect([value, node.type === 'final']).toEqual([value, isTerminal(value)]);
  });

  test('invokes exactly one known actor in every state that is not final, which says what it waits for (I7, P81)', () => {
    for (const [value, node] of Object.entries(machine.states)) {
      if (isTerminal(value)) continue;
      expect(node.invoke.map(({ id }) => id)).toHaveLength(1);
      expect(actors[node.invoke[0]?.id ?? '']?.waitsFor).toEqual(expect.any(Function));
    }
  });

  test('can always end: from every state that is reached, a final one is (P81)', () => {
    const next = new Map<string, Set<string>>();
    for (const { steps, state } of paths) {
      const values = [...steps.map((step) => String(step.state.value)), String(state.value)];
      for (const [at, value] of values.entries())
        next.set(value, (next.get(value) ?? new Set()).add(values[at + 1] ?? value));
    }
    for (const [value, node] of Object.entries(machine.states)) {
      const edges = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
      for (const { target } of edges) for (const each of target ?? []) next.get(value)?.add(each.key);
    }
    const ends = (from: string, seen = new Set<string>()): boolean =>
      isTerminal(from) || (!seen.has(from) && [...(next.get(from) ?? [])].some((to) => ends(to, seen.add(from))));
    for (const value of reached) expect([value, ends(value)]).toEqual([value, true]);
  });
});
