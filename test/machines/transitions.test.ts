/** Which status may follow which: the tables that a reader of a run's history can rely on, held to the machines as they are; and what a cancel leaves behind. */
import { describe, expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { isTerminal } from '../../src/events.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { inputOf, nodeOf } from '../helpers/nodes.ts';

type Table = { readonly [from: string]: readonly string[] };

const PARENT: Table = {
  pending: ['cancelled', 'completed', 'failed', 'running', 'skipped'],
  running: ['cancelling', 'completed', 'failed'],
  cancelling: ['cancelled', 'completed', 'failed', 'timedOut'],
};
/** Of one that may stand still before it has begun. */
const STANDING = ['cancelled', 'completed', 'pending', 'skipped'] as const;
/** A parent that is a step. */
const STEP: Table = {
  ...PARENT,
  pending: ['awaitingIntervention', ...(PARENT.pending as string[])],
  awaitingIntervention: STANDING,
};
/** Steps that take no time: they begin and end in one transition. */
const MOMENT: Table = {
  pending: ['awaitingIntervention', 'cancelled', 'completed', 'failed', 'skipped'],
  awaitingIntervention: STANDING,
};
const CHILD_RUN: Table = {
  pending: ['awaitingIntervention', 'cancelled', 'compensating', 'failed', 'skipped', 'waiting'],
  waiting: ['awaitingIntervention', 'cancelled', 'cancelling', 'completed', 'failed'],
  awaitingIntervention: ['cancelled', 'completed', 'pending', 'skipped', 'waiting'],
  // The child had completed before the cancel, or could not undo what it had done.
  cancelling: ['cancelled', 'compensationFailed', 'completed'],
  compensating: ['compensated', 'compensationFailed'],
};
const TABLES: { readonly [kind: string]: Table } = {
  orchestrator: {
    pending: [...(PARENT.pending as string[]), 'compensating'].sort(),
    running: ['cancelling', 'completed'],
    cancelling: ['cancelled', 'compensating', 'completed', 'failed', 'timedOut'],
    compensating: ['cancelled', 'compensated', 'failed'],
  },
  track: PARENT,
  composite: PARENT,
  branch: STEP,
  parallel: STEP,
  group: STEP,
  map: STEP,
  loop: STEP,
  aggregate: MOMENT,
  set: MOMENT,
  emit: MOMENT,
  sleep: {
    pending: ['awaitingIntervention', 'cancelled', 'failed', 'skipped', 'waiting'],
    awaitingIntervention: STANDING,
    waiting: ['cancelled', 'completed', 'skipped'],
  },
  wait: {
    pending: ['awaitingIntervention', 'cancelled', 'failed', 'skipped', 'waiting'],
    awaitingIntervention: STANDING,
    // It runs what is to be done instead, once its time is up.
    waiting: ['awaitingIntervention', 'cancelled', 'completed', 'running', 'skipped', 'timedOut'],
    running: ['cancelling', 'completed', 'failed'],
    cancelling: ['cancelled', 'completed', 'failed', 'timedOut'],
  },
  approval: {
    pending: ['awaitingApproval', 'awaitingIntervention', 'cancelled', 'failed', 'skipped'],
    awaitingApproval: ['awaitingIntervention', 'cancelled', 'completed', 'failed', 'skipped', 'timedOut'],
    awaitingIntervention: ['awaitingApproval', 'cancelled', 'skipped'],
  },
  gate: {
    pending: ['awaitingApproval', 'awaitingIntervention', 'cancelled', 'completed', 'failed', 'skipped'],
    awaitingApproval: ['awaitingIntervention', 'cancelled', 'completed', 'failed', 'skipped', 'timedOut'],
    awaitingIntervention: ['awaitingApproval', 'cancelled', 'completed', 'failed', 'skipped'],
  },
  run: CHILD_RUN,
  firing: CHILD_RUN,
  schedule: {
    pending: ['cancelled', 'failed', 'skipped', 'waiting'],
    waiting: ['cancelling', 'completed', 'paused'],
    paused: ['cancelling', 'waiting'],
    cancelling: ['cancelled'],
  },
  signal: {
    pending: ['awaitingIntervention', 'cancelled', 'failed', 'running', 'skipped'],
    awaitingIntervention: ['cancelled', 'completed', 'pending', 'running', 'skipped'],
    running: ['awaitingIntervention', 'cancelled', 'completed', 'failed'],
  },
  terminate: {
    pending: ['awaitingIntervention', 'cancelled', 'failed', 'running', 'skipped'],
    awaitingIntervention: STANDING,
    running: ['completed'],
  },
  task: {
    pending: ['awaitingApproval', 'awaitingIntervention', 'cancelled', 'compensating', 'failed', 'running', 'skipped'],
    awaitingApproval: [
      'awaitingIntervention',
      'cancelled',
      'completed',
      'failed',
      // It is decided while nothing is to begin.
      'pending',
      'running',
      'skipped',
      'timedOut',
    ],
    running: ['awaitingApproval', 'awaitingIntervention', 'cancelling', 'completed', 'failed', 'retrying', 'timedOut'],
    awaitingIntervention: ['cancelled', 'completed', 'pending', 'running', 'skipped'],
    retrying: ['cancelled', 'compensating', 'compensationFailed', 'running', 'skipped'],
    cancelling: ['cancelled'],
    compensating: ['compensated', 'compensationFailed', 'retrying'],
  },
};

test('each kind has a table (P114)', () => {
  expect(Object.keys(TABLES).sort()).toEqual([...builtInKinds.names()].sort());
});

describe.each(Object.entries(TABLES))('a status of the %s machine', (kind, table) => {
  const { machine } = builtInKinds.get(kind);
  const targetsOf = (state: string): readonly string[] => {
    const node = machine.states[state];
    const edges = [...[...(node?.transitions.values() ?? [])].flat(), ...(node?.always ?? [])];
    const targets = edges.flatMap(({ target }) => (target ?? []).map(({ key }) => key));
    return [...new Set(targets)].filter((to) => to !== state).sort();
  };

  test('is followed by those of its table and by no other (P114, P122, P128, P210)', () => {
    const found = Object.keys(machine.states).filter((state) => !isTerminal(state));
    expect(Object.fromEntries(found.map((state) => [state, targetsOf(state)]))).toEqual(table);
  });

  test('that ends is followed by none (I5)', () => {
    for (const state of Object.keys(machine.states).filter(isTerminal))
      expect([state, targetsOf(state)]).toEqual([state, []]);
  });
});

test.each(builtInKinds.names())('a %s that is cancelled with no word why has no reason, which is null', (name) => {
  const { machine } = builtInKinds.get(name);
  const [pending] = initialTransition(machine, { node: nodeOf(name), input: inputOf(name) });
  for (const why of [{}, { reason: undefined }, { reason: null }]) {
    const [{ value, context }] = transition(machine, pending, { type: 'cancel', ...why } as never);
    expect([value, (context as { readonly reason?: unknown }).reason]).toEqual(['cancelled', null]);
  }
});
