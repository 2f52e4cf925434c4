/** What machines with children are played with in `test/machines/moves.test.ts`: tracks, steps that are parents, waits and runs. */
import { TOLD_BY_NAME } from '../../src/core/children/children.ts';
import type { PlanNode, WaitSpec } from '../../src/definition.ts';
import type { Event, Scene } from './moves.ts';
import { nodeOf } from './nodes.ts';
import { answered, faults, type Memories, newborn, spoken } from './spoken.ts';

const { error, earlier, late } = faults;

const usual: { readonly [key: string]: unknown } = {
  status: 'completed',
  error: null,
  ready: 0,
  skipped: 0,
  finished: null,
};
const settled = (...all: readonly object[]): Event[] =>
  all.map((more) => ({ type: 'child.settled', ...usual, ...more }) as Event);

const output = { output: 'all' };
/** Its own output could not be made. */
const spoilt = { error: { code: 'mapper-failed', name: 'Error', message: 'no output' } };

const ends = settled(
  {},
  { ready: 2 },
  { ready: 1, skipped: 1 },
  { skipped: TOLD_BY_NAME },
  { skipped: TOLD_BY_NAME + 1 },
  { finished: output },
  { finished: { output: null } },
  { finished: output, name: 'b' },
  { finished: spoilt },
  { status: 'failed', error },
  { status: 'failed', error, finished: output },
  { status: 'failed', error, finished: spoilt },
  { status: 'timedOut', error: late, ready: 1 },
  { status: 'cancelled', error },
  { status: 'compensationFailed', error },
  { status: 'skipped', finished: output },
  { status: 'skipped', error, isBorne: true },
  { status: 'skipped', error, isBorne: true, finished: output },
  { status: 'failed', error, isBorne: true, finished: output },
  { status: 'skipped', error: null, isBorne: true },
  { status: 'skipped', error, isBorne: false, finished: output },
  { withErrors: true },
  { withErrors: false },
  { kept: { batch: 1 } },
  { kept: undefined },
);

/** What strategies look at. */
const decisive = settled(
  {},
  { skipped: 1 },
  { finished: output },
  { finished: spoilt },
  { status: 'failed', error },
  { status: 'failed', error, skipped: 1 },
  { status: 'failed', error, finished: output },
  { status: 'failed', error, isBorne: true, finished: output },
  { status: 'skipped' },
);

const given = { count: 1, steps: 1, places: [] };
const over = { settled: 2, completed: 1, withErrors: true };

const starts: readonly Event[] = [
  { type: 'start' },
  { type: 'start', total: 0, ready: 0, finished: output },
  { type: 'start', total: 3, ready: 0, finished: spoilt },
  { type: 'start', total: 3, ready: 0, finished: spoilt, spared: true },
  { type: 'start', total: 3, ready: 1, finished: null, kept: { batch: 0 } },
  { type: 'start', total: 9, ready: 9, finished: null, kept: undefined },
  { type: 'start', total: 3, ready: 2, finished: null, given },
  { type: 'start', total: 3, ready: 0, finished: output, given: { ...given, count: TOLD_BY_NAME } },
  { type: 'start', total: 200, ready: 1, finished: null, given: { ...given, count: TOLD_BY_NAME + 1 } },
  { type: 'start', total: 3, ready: 1, finished: null, over },
  { type: 'start', total: 3, ready: 1, finished: null, over: { ...over, withErrors: false, variables: { v: 1 } } },
];

const parentEvents: readonly Event[] = [
  ...starts,
  ...ends,
  ...spoken,
  { type: 'signal', name: 'go', payload: 'here' },
  { type: 'signal', payload: null },
  ...['children', 'signal'].flatMap((actor) => [{ type: `xstate.error.actor.${actor}`, error: late }]),
  { type: 'xstate.error.actor.signal', error: late, spared: true },
  { type: 'xstate.error.actor.children' },
];

const runEvents: readonly Event[] = [
  ...parentEvents,
  { type: 'set', values: { v: 2 } },
  { type: 'set', values: {} },
  { type: 'terminate', output: 'enough', error: null },
  { type: 'terminate', output: null, error },
  { type: 'pause' },
  { type: 'pause', paused: 'above' },
  { type: 'resume' },
  { type: 'resume', paused: 'over' },
  { type: 'resume', paused: undefined },
  { type: 'undo', of: 'another' },
  { type: 'undoing', before: 5 },
  { type: 'undone', path: 'a/b', isUndone: true },
  { type: 'undone', path: 'a/b', isUndone: false },
  { type: 'undo.more', before: 3 },
  { type: 'undo.over' },
  ...answered(
    'pull',
    { output: null },
    { output: { rows: [], next: 4 } },
    { output: { rows: [], next: null, left: ['a/c'] } },
  ),
  ...answered('pull', { output: { rows: [], next: null, left: Array.from({ length: 101 }, (_, at) => `a/${at}`) } }),
  { type: 'xstate.error.actor.pull', error: { message: 'gone' } },
  { type: 'xstate.error.actor.pull', error: undefined },
  { type: 'xstate.error.actor.pull' },
];

const borne = { error: earlier, count: 1 };

/** Of parents with three children, two of which may be under way. */
export const standings: Memories = {
  'one under way, two to come': { total: 3, live: 1, ready: 2 },
  'one to come': { total: 3, live: 1, ready: 1, settled: 1, completed: 1, kept: { batch: 0 } },
  'the last': { total: 3, live: 1, settled: 2, completed: 2, skipped: 101 },
  'the last but one, beside another': { total: 3, live: 2, settled: 1, completed: 1, withErrors: true },
  'the last, one has failed': { total: 3, live: 1, settled: 2, completed: 1, failed: 1, error: earlier },
  'the last, the others have failed': { total: 3, live: 1, settled: 2, failed: 2, error: earlier },
  'the last, with one that is borne': { total: 3, live: 1, settled: 2, completed: 1, borne },
};
const full: Memories = {
  full: { total: 9, live: 2, ready: 5 },
  'one of many': { total: 303, live: 1, settled: 101, skipped: 101 },
};
const endings: Memories = Object.fromEntries(
  ['completed', 'failed', 'cancelled', 'timedOut'].flatMap((ending) => [
    [`to be ${ending}, the last`, { total: 3, live: 1, settled: 2, ending, error: earlier }],
    [`to be ${ending}, beside another`, { total: 3, live: 2, settled: 1, ending, reason: 'before' }],
  ]),
);
const fresh: Memories = { ...newborn, 'which had begun': { total: 3, ready: 2, settled: 1, error: earlier } };

const STRATEGIES: readonly PlanNode['strategy'][] = [
  'waitAll',
  'caught',
  'bestEffort',
  'allowNone',
  'race',
  { quorum: 2, rest: 'cancel' },
  { quorum: 2, rest: 'finish' },
];

const nameOf = (strategy: PlanNode['strategy']): string =>
  typeof strategy === 'string' ? strategy : `of ${strategy.quorum}, and the rest: ${strategy.rest}`;

function parent(name: string, node: PlanNode | undefined, states: Scene['states'], events = parentEvents): Scene {
  return { name, node, input: { n: 1 }, states, events, usual };
}

export function scenesOfParent(kind: string, events = parentEvents): readonly Scene[] {
  const node = nodeOf(kind, { children: 3 });
  const states = { pending: fresh, running: { ...full, ...standings }, cancelling: endings };
  const isStep = node.noun === 'step';
  const still = { pending: newborn, awaitingIntervention: fresh };
  const scenes = [
    parent(
      'two at once, over with the first failure',
      node,
      isStep ? { ...states, awaitingIntervention: fresh } : states,
      events,
    ),
    ...(isStep ? [parent('it stands still where it fails', { ...node, holds: true }, still)] : []),
  ];
  // The others run as these do.
  if (isStep) return scenes;
  const running = { running: { ...full, ...standings } };
  const any = Number.POSITIVE_INFINITY;
  return [
    ...scenes,
    parent('as many at once as there are', { ...node, concurrency: any }, running, ends.slice(0, 6)),
    parent('one at once', { ...node, concurrency: 1 }, running, ends.slice(0, 6)),
    ...STRATEGIES.map((strategy) =>
      parent(`by the strategy ${nameOf(strategy)}`, { ...node, strategy }, { running: standings }, decisive),
    ),
    parent('without a definition', undefined, running, decisive),
  ];
}

export const undoing = { of: null, before: null, failed: [], failures: 0, isCut: false };

export function scenesOfRun(): readonly Scene[] {
  const node = nodeOf('orchestrator', { children: 3 });
  const hundred = Array.from({ length: 100 }, (_, at) => `a/${at}`);
  const compensating: Memories = {
    'nothing yet': { attempt: 1, ending: 'failed', error: earlier, undo: undoing },
    'with a failure': { attempt: 2, undo: { ...undoing, before: 9, failed: ['a/x'], failures: 1 } },
    'with ninety-nine': { attempt: 2, undo: { ...undoing, failed: hundred.slice(1), failures: 99 } },
    'with a hundred': { attempt: 2, error: earlier, undo: { ...undoing, failed: hundred, failures: 100 } },
    'cut short': { attempt: 1, undo: { ...undoing, of: 'another', isCut: true, failures: 1 } },
    'nothing to undo': {},
  };
  const marked = Object.fromEntries(
    Object.entries(endings).map(([name, memory]) => [`${name}, asked to be undone`, { ...memory, undo: undoing }]),
  );
  const running = {
    'one under way': { total: 3, live: 1, ready: 0, settled: 1, completed: 1, variables: { v: 1, w: 1 } },
    'paused, and to be undone': { total: 3, live: 1, paused: 'both', undo: { ...undoing, of: 'another' } },
  };
  return [
    ...scenesOfParent('orchestrator', runEvents),
    parent('which has variables, is paused, or is to be undone', node, { running }, runEvents),
    parent('which is undone', node, { compensating }, runEvents),
    parent('which somebody asks to be undone', node, { cancelling: marked }, runEvents),
    parent('which undoes itself when it fails', { ...node, undoes: true }, { cancelling: endings }, runEvents),
  ];
}

export function scenesOfWait(): readonly Scene[] {
  const begun = { new: {}, begun: { total: 1, ready: 1 } };
  const of = (name: string, more: Partial<WaitSpec>, states: Scene['states'] = { waiting: begun }): Scene => {
    const node = nodeOf('wait', { children: more.onTimeout === 'step' ? 1 : 0 });
    return parent(name, { ...node, holds: 'awaitingIntervention' in states, spec: { ...node.spec, ...more } }, states);
  };
  const running = { 'the only one': { total: 1, live: 1 } };
  const cancelling = {
    'to be failed': { total: 1, live: 1, ending: 'failed' },
    'to be cancelled': { total: 1, live: 1, ending: 'cancelled' },
  };
  return [
    of(
      'another step is run when its time is up',
      { onTimeout: 'step' },
      { pending: newborn, waiting: begun, running, cancelling },
    ),
    of('it fails when its time is up', { onTimeout: 'fail' }),
    of(
      'it stands still when its time is up',
      { onTimeout: 'fail' },
      { pending: newborn, waiting: begun, awaitingIntervention: fresh },
    ),
    of('there is a value when its time is up', { onTimeout: 'value', value: { v: 1 } }),
    of('there is nothing when its time is up', { onTimeout: 'value', value: null }),
    parent('without a definition', undefined, { waiting: begun }),
  ];
}
