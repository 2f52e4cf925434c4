/** What each kind of machine is played with in `test/machines/moves.test.ts`: its nodes, the memories that differ in what matters, and the events. */
import type { PlanNode, TaskDefinition } from '../../src/definition.ts';
import type { GateSpec } from '../../src/gates.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { NO_RETRY } from '../../src/retry.ts';
import type { ScheduleSpec } from '../../src/schedules/spec.ts';
import type { Standing } from '../../src/schedules/standing.ts';
import type { Event, Scene } from './moves.ts';
import { BEGUN, inputOf, nodeOf } from './nodes.ts';
import { scenesOfParent, scenesOfRun, scenesOfWait, standings, undoing } from './parent-scenes.ts';
import { answered, faults, type Memories, newborn, spoken } from './spoken.ts';

const { error, earlier, final, late, expired, left } = faults;

const failed = (actor: string): Event[] =>
  [{ error }, { error: final }, { error: late }, { error, spared: true }, { error: left }].map((more) => ({
    type: `xstate.error.actor.${actor}`,
    ...more,
  }));

const decided = { resolution: { decision: 'approve' } };

/** What is said of what people were asked. */
const answers: readonly Event[] = [
  { type: 'asked', approval: { number: 1 } },
  { type: 'asked', approval: null },
  ...[
    { how: 'go' },
    { how: 'go', input: 'edited' },
    { how: 'go', input: undefined, approval: decided, error: null, held: false },
    { how: 'go', input: 'edited', approval: decided, held: true },
    { how: 'complete', output: 'decided', approval: decided },
    { how: 'complete', output: { by: 'ada', comment: 'fine' } },
    { how: 'complete', output: { by: null } },
    { how: 'complete' },
    { how: 'skip', approval: decided },
    { how: 'skip', output: undefined },
    { how: 'fail', error: final, approval: decided },
    { how: 'fail', error: expired },
    { how: 'fail', error: expired, spared: true },
    { how: 'fail', error: null },
  ].map((each) => ({ type: 'resolved', ...each })),
];

const leafEvents: readonly Event[] = [
  { type: 'start' },
  ...spoken,
  ...answers,
  { type: 'compensate', output: 'made', attempt: 2 },
  { type: 'compensate', output: null, attempt: 1, completedAt: 5, of: 'another' },
  ...answered(
    'execute',
    { output: 'made' },
    { output: null },
    {},
    { output: 'made', keeps: { id: 'k' } },
    { output: 'made', keeps: null },
  ),
  ...['backoff', 'cleanup', 'compensate', 'sleep', 'undoChild'].flatMap((actor) =>
    answered(actor, { output: undefined }),
  ),
  ...['childRun', 'send'].flatMap((actor) => answered(actor, { output: 'answer' }, { output: undefined })),
  ...answered(
    'endChild',
    { output: null },
    { output: undefined },
    { output: {} },
    { output: { late: { output: 'made' } } },
    { output: { late: { output: null } } },
    { output: { late: null } },
    {},
  ),
  ...['execute', 'cleanup', 'compensate', 'childRun', 'endChild', 'undoChild', 'send'].flatMap(failed),
];

const undo = { tries: 1, completedAt: 5, of: null };

const waiting: Memories = { 'at its first attempt': { attempt: 1 }, 'at its second': { attempt: 2, error: earlier } };
/** The policy allows three. */
const last: Memories = { 'at its last': { attempt: 3, error: earlier, output: 'old' } };
const cancelled: Memories = { 'cancelled at its first': { attempt: 1, reason: 'before' } };
/** And two to undo what it has done. */
const undone: Memories = {
  undone: { attempt: 1, output: 'made', undo },
  'undone, the last time': { attempt: 1, output: 'made', error: earlier, undo: { ...undo, tries: 2, of: 'another' } },
};
const asked: Memories = {
  asked: { approval: { number: 1, resolution: null } },
  'asked about its output': {
    attempt: 1,
    output: 'made',
    keeps: { id: 'k' },
    approval: { number: 2, resolution: null },
  },
};
const decidedUpon: Memories = {
  approved: { approval: decided },
  'approved as edited': { approval: { resolution: { decision: 'edit' } } },
  rejected: { approval: { resolution: { decision: 'reject' } } },
  'never asked': { attempt: 1 },
  'approved, for its output': { attempt: 1, keeps: { id: 'k' }, approval: decided },
};
const stuck: Memories = {
  'failed before it began': { error: earlier },
  'failed at its last': { attempt: 3, error: earlier },
};

const whole: Scene['states'] = {
  pending: { ...newborn, ...decidedUpon },
  awaitingApproval: asked,
  running: { ...waiting, ...last },
  retrying: { ...waiting, ...undone },
  awaitingIntervention: stuck,
  cancelling: cancelled,
  compensating: undone,
};
/** Of the usual steps, in whichever of these states they come to. */
const some: Scene['states'] = {
  pending: newborn,
  awaitingApproval: asked,
  awaitingIntervention: stuck,
  waiting,
  running: waiting,
  cancelling: cancelled,
  compensating: undone,
};

function leaf(name: string, node: PlanNode | undefined, kind: string, more: Partial<Scene> = {}): Scene {
  const { states } = builtInKinds.get(kind).machine;
  const known = Object.fromEntries(Object.entries(some).filter(([state]) => state in states));
  return { name, node, input: inputOf(kind), states: known, events: leafEvents, ...more };
}

function scenesOfTask(): readonly Scene[] {
  const retry = { ...NO_RETRY, maxAttempts: 2 };
  const taskNode = (more: Partial<TaskDefinition>): PlanNode => nodeOf('task', { task: more });
  const both = { approval: {}, review: {} } as unknown as Partial<TaskDefinition>;
  const plain = taskNode({ compensate: { run: () => null, retry, timeout: undefined, parses: false } });
  const few = { pending: { ...newborn, ...decidedUpon }, running: waiting };
  return [
    leaf('three attempts, and two to undo it', plain, 'task', { states: whole }),
    leaf('the same, which stands still where it fails', { ...plain, holds: true }, 'task', { states: whole }),
    leaf('somebody is asked before it, and about what it leaves behind', taskNode(both), 'task', { states: few }),
    leaf('without policies', taskNode({ retry: NO_RETRY }), 'task', {
      states: { running: waiting, compensating: undone },
    }),
    leaf('without a definition', undefined, 'task', { states: { ...few, compensating: { ...newborn, ...undone } } }),
  ];
}

/** A step that begins, waits and ends: as it is, and as one that stands still where it fails. */
const both = (kind: string, node = nodeOf(kind)): readonly Scene[] => [
  leaf('as it is', node, kind),
  leaf('it stands still where it fails', { ...node, holds: true }, kind),
];

// --- Steps with something of their own --------------------------------------------------------

function scenesOfGate(): readonly Scene[] {
  const node = nodeOf('gate');
  const inputs = {
    'good enough': { n: 1, m: 1 },
    'not quite good enough': { n: 1 },
    'not good enough': { n: 0, m: 1 },
  };
  const remeasured: Event[] = Object.values(inputs).map((input) => ({ type: 'retry', input }));
  const events = [...leafEvents, ...remeasured];
  const scenes = Object.entries(inputs).map(([name, input]) => leaf(name, node, 'gate', { events, input }));
  const states = { pending: newborn };
  const { criteria } = node.spec as unknown as GateSpec;
  return [
    ...scenes,
    leaf('it stands still where it fails', { ...node, holds: true }, 'gate', { events, input: { n: 1 } }),
    leaf('with nothing measured', node, 'gate', { input: null, states }),
    leaf('with a lower threshold', { ...node, spec: { criteria, threshold: 40 } }, 'gate', { input: { n: 1 }, states }),
    leaf('without a threshold', { ...node, spec: { criteria: { m: { min: 1 } } } }, 'gate', {
      input: { n: 0 },
      states,
    }),
  ];
}

function scenesOfChildRun(kind: string): readonly Scene[] {
  const node = nodeOf(kind);
  const states = { waiting: { 'at its first attempt': { attempt: 1 } } };
  return [
    ...both(kind),
    leaf('it is not waited for', { ...node, spec: { ...node.spec, detach: true } }, kind, { states }),
    leaf('without a definition', undefined, kind, { states }),
  ];
}

function scenesOfTerminate(): readonly Scene[] {
  const node = nodeOf('terminate');
  const states = { pending: newborn };
  const failing = { ...node, spec: { as: 'failed' } };
  return [
    ...both('terminate', { ...node, spec: { as: 'completed' } }),
    leaf('it ends its run as failed', failing, 'terminate', { input: 'too late', states }),
    leaf('without a definition', undefined, 'terminate', { states }),
  ];
}

function scenesOfSchedule(): readonly Scene[] {
  const node = nodeOf('schedule');
  const hourly = inputOf('schedule') as unknown as ScheduleSpec;
  const standing: Standing = {
    changed: null,
    cursor: BEGUN,
    due: 2 * BEGUN,
    paused: null,
    waiting: [],
    failuresInARow: 0,
    counts: { started: 0, completed: 0, failed: 0, skipped: 0, missed: 0, dropped: 0 },
  };
  const paused = { ...standing, due: null, paused: { at: BEGUN, by: 'person', reason: 'holidays' } };
  const decision = { standing, fire: [], cancels: false, isOver: true };
  const memories: Memories = {
    'waiting for its time': { output: standing },
    'with a run under way': { output: { ...standing, cursor: 2 * BEGUN, due: null }, live: 1 },
    'with two runs under way': { output: { ...standing, due: null }, live: 2, reason: 'before' },
    paused: { output: paused, decision },
  };
  const events: Event[] = [
    { type: 'start' },
    ...spoken,
    { type: 'signal', payload: { do: 'pause', reason: 'holidays' } },
    { type: 'child.settled', status: 'completed', error: null },
    { type: 'child.settled', status: 'failed', error },
    { type: 'child.settled', status: 'skipped', error: { ...error, code: undefined, message: undefined } },
    ...answered('tick', { output: undefined }),
    ...[
      { now: BEGUN, cause: { is: 'begun' } },
      { now: 2 * BEGUN, cause: { is: 'due' } },
      { now: 9 * BEGUN, cause: { is: 'ended', status: 'completed', code: null, message: null } },
      { now: BEGUN, cause: { is: 'word', word: { do: 'pause', reason: null } } },
      { now: BEGUN, cause: { is: 'word', word: { do: 'resume' } } },
      { now: BEGUN, cause: { is: 'word', word: { do: 'trigger', key: 'k' } } },
    ].map((each) => ({ type: 'now', ...each })),
  ];
  const states = { pending: newborn, waiting: memories, paused: memories, cancelling: memories };
  return [{ name: 'one time, half an hour after it begins', node, input: hourly as never, states, events }];
}

const PARENTS = ['track', 'composite', 'parallel', 'group', 'map', 'loop', 'branch'];

/** Everything that is played with a kind. */
export function scenesOf(kind: string): readonly Scene[] {
  if (PARENTS.includes(kind)) return scenesOfParent(kind);
  if (kind === 'orchestrator') return scenesOfRun();
  if (kind === 'wait') return scenesOfWait();
  if (kind === 'task') return scenesOfTask();
  if (kind === 'gate') return scenesOfGate();
  if (kind === 'run' || kind === 'firing') return scenesOfChildRun(kind);
  if (kind === 'terminate') return scenesOfTerminate();
  if (kind === 'schedule') return scenesOfSchedule();
  return both(kind);
}

/** What the words of a kind, and what is kept of it, may depend on. */
export function memoriesOf(kind: string): Memories {
  const { noun } = nodeOf(kind);
  if (kind === 'schedule') return { new: {}, cancelled: { reason: 'before', output: { paused: null } } };
  const leaves = { ...newborn, ...waiting, ...cancelled, ...undone, ...asked, ...decidedUpon };
  const alone = {
    'with a reason': { reason: 'before' },
    'with an ending': { ending: 'failed' },
    'with skipped ones': { skipped: 101 },
    'with something kept': { kept: { batch: 0 } },
  };
  const parents = { ...newborn, ...alone, ...standings, 'to be cancelled': { ending: 'cancelled', reason: 'before' } };
  const runs = {
    ...parents,
    paused: { paused: 'above' },
    'with variables': { variables: { v: 1 } },
    'to be undone': { undo: undoing },
  };
  if (noun === 'run') return runs;
  return PARENTS.includes(kind) || kind === 'wait' ? parents : leaves;
}
