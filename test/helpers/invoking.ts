/**
 * What the actors that states invoke are asked, for `test/machines/invoked.test.ts`: rows that differ in what somebody waits for, and
 * invokers that differ in what they owe; and all answers, as text in which those that are alike stand together.
 */
import type { Invoked, Invoker } from '../../src/core/effect.ts';
import type { Actor } from '../../src/core/run.ts';
import type { PlanNode, TaskDefinition } from '../../src/definition.ts';
import type { Json } from '../../src/json.ts';
import { NO_RETRY } from '../../src/retry.ts';
import type { ActorRow, AttemptRow } from '../../src/store.ts';
import { say } from './moves.ts';
import { nodeOf } from './nodes.ts';
import { faults } from './spoken.ts';

const { error, final } = faults;

/** What each of some things is asked, and the answers, the ones that are alike in one line. */
function answersOf<T>(things: { readonly [name: string]: T }, ask: (thing: T) => unknown): readonly string[] {
  const said = Object.entries(things).map(([name, thing]) => ({ name, answer: saidBy(() => ask(thing)) }));
  return [...Map.groupBy(said, ({ answer }) => answer)].map(
    ([answer, some]) =>
      `    ${some.length === said.length ? '' : `${some.map(({ name }) => name).join(' | ')}: `}${answer}`,
  );
}

function saidBy(ask: () => unknown): string {
  try {
    return say(ask());
  } catch (thrown) {
    return `throws ${(thrown as Error).name}`;
  }
}

const row = {
  run: 'r',
  path: 'a/b',
  attempt: 2,
  startedAt: 100,
  attemptedAt: 200,
  due: null,
  input: null,
  output: null,
  memory: {},
} as unknown as ActorRow;
const ended = (endedAt: number): AttemptRow => ({ endedAt }) as AttemptRow;

const approval = {
  id: 'r/a/b#1',
  question: 'Ship it?',
  users: ['ada'],
  roles: ['lead'],
  claimed: null,
  delegated: null,
  deferred: null,
  votes: [],
  info: [],
  createdAt: 150,
  expiresAt: null,
  escalations: 0,
  approvals: 1,
  resolution: null,
};
const ask = { by: 'ada', question: 'Why?', at: 160, answer: null };
const votes = [
  { by: 'ada', decision: 'approve', weight: 1 },
  { by: 'bob', decision: 'reject', weight: 4 },
  { by: 'eve', decision: 'edit', weight: 2 },
];

type Rows = { readonly [name: string]: readonly [ActorRow, readonly AttemptRow[]] };
const some = (more: object, earlier: readonly AttemptRow[] = []): Rows[string] => [
  { ...row, ...more } as ActorRow,
  earlier,
];
const asked = (more: object): Rows[string] => some({ memory: { approval: { ...approval, ...more } }, due: 900 });

/** Rows of somebody who waits. */
const ROWS: Rows = {
  'a step': some({}),
  'with a timer': some({ due: 900 }),
  'tried before': some({}, [ended(120), ended(150)]),
  'to be undone again': some({ memory: { undo: { tries: 4, of: null } } }),
  'undone for another run': some({ memory: { undo: { tries: 1, of: 'o' } } }),
  'with a signal': some({ memory: { signal: 'go' }, due: 900 }),
  'for a run with an id': some({ input: { id: 'mine' } }),
  paused: some({ output: { paused: { at: 300 } } }),
  'not paused': some({ output: { paused: null } }),
};
/** The same of somebody who has asked people. */
const ASKED: Rows = {
  'nobody yet': some({ due: 900 }),
  asked: asked({}),
  'with an end': asked({ expiresAt: 5_000 }),
  claimed: asked({ claimed: { by: 'ada', until: 700 } }),
  delegated: asked({ delegated: { by: 'ada', to: 'bob' }, escalations: 2 }),
  'put off': asked({ deferred: { by: 'ada', until: 700 } }),
  'asked for more': asked({ info: [{ ...ask, answer: 'so' }, ask, { ...ask, by: 'bob' }] }),
  'all answered': asked({ info: [{ ...ask, answer: 'so' }] }),
  'of several': asked({ approvals: 3, votes }),
};

const invoker: Invoker = {
  run: 'r',
  path: 'a/b',
  node: nodeOf('task', { task: { totalTimeout: 60_000 } }),
  input: { n: 1 },
  output: null,
  error: null,
  attempt: 2,
  reason: null,
  undo: null,
  now: 1_000,
  due: null,
};

type Invokers = { readonly [name: string]: Invoker };

const as = (more: Partial<Invoker>): Invoker => ({ ...invoker, ...more });
/** The same, and as somebody who is read back with a timer. */
const twice = (name: string, more: Partial<Invoker>): Invokers => ({
  [name]: as(more),
  [`${name}, read back`]: as({ ...more, due: 1_500 }),
});
const of = (kind: string, spec: object | null): Partial<Invoker> => ({ node: { ...nodeOf(kind), spec } as PlanNode });
const slow = { ...NO_RETRY, maxAttempts: 3, delay: 100 };
const withTask = (task: Partial<TaskDefinition>): Partial<Invoker> => ({ node: nodeOf('task', { task }) });
const undoing = { run: () => null, timeout: undefined, parses: false };

const INVOKERS: { readonly [actor: string]: Invokers } = {
  backoff: {
    ...twice('no policy', { node: { ...invoker.node, task: null } }),
    'at once, by its body': as({ error: { ...error, retryAfter: 0 } }),
    'later, by its body': as({ error: { ...error, retryAfter: 700 } }),
    'a policy, first': as({ ...withTask({ retry: slow }), attempt: 1 }),
    'a policy, third': as({ ...withTask({ retry: slow }), attempt: 3 }),
    'by chance': as(withTask({ retry: { ...slow, jitter: 1 } })),
    'by the chance of another path': as({ ...withTask({ retry: { ...slow, jitter: 1 } }), path: 'a/c' }),
    'by the chance of another run': as({ ...withTask({ retry: { ...slow, jitter: 1 } }), run: 'q' }),
    'undone, without a policy': as({ ...withTask({ compensate: undefined }), undo: { tries: 2 } }),
    'undone, first': as({ ...withTask({ compensate: { ...undoing, retry: slow } }), undo: {} }),
    'undone, third': as({ ...withTask({ compensate: { ...undoing, retry: slow } }), undo: { tries: 3 } }),
  },
  sleep: {
    ...twice('a length', of('sleep', { ms: 250 })),
    'no length': as(of('sleep', {})),
    'no definition': as(of('sleep', null)),
    ...twice('an instant', of('sleep', { until: 4_000 })),
    'an instant that is now': as(of('sleep', { until: 1_000 })),
    'an instant that is past': as(of('sleep', { until: 999 })),
    'an instant for an input': as({ ...of('sleep', { until: 'input' }), input: 2_000 }),
    'a past one for an input': as({ ...of('sleep', { until: 'input' }), input: 10 }),
    'a length for an input': as({ ...of('sleep', { for: 'input' }), input: 70 }),
    'a length below nothing': as({ ...of('sleep', { for: 'input' }), input: -70 }),
    'so long that no date is': as(of('sleep', { ms: 1e17 })),
  },
  signal: {
    ...twice('with a timeout', of('wait', { signal: 'go', timeout: 400 })),
    ...twice('without one', of('wait', { signal: 'go', timeout: null })),
    'no definition': as(of('wait', null)),
  },
  children: {
    ...twice('of a step', { node: { ...nodeOf('parallel'), deadline: null } }),
    ...twice('of a track with a deadline', { node: { ...nodeOf('track'), deadline: 400 } }),
    'of a run with a deadline': as({ node: { ...nodeOf('orchestrator'), deadline: 0 } }),
  },
  cleanup: { cancelled: as({}), 'with a reason': as({ reason: 'enough' }) },
  compensate: {
    'not said': as({ output: 'made' }),
    'the second time': as({ output: 'made', undo: { tries: 2, of: 'o' } }),
    'with nothing said': as({ output: 'made', undo: {} }),
  },
  pull: { first: as({}), next: as({ undo: { before: 9, of: 'o' } }), 'with nothing said': as({ undo: {} }) },
  undoChild: { first: as({}), 'for another': as({ undo: { of: 'o' } }), 'with nothing said': as({ undo: {} }) },
  endChild: { cancelled: as({}), 'with a reason': as({ reason: 'enough' }) },
  tick: {
    ...twice('not begun', {}),
    'with a time': as({ output: { due: 900 } as Json }),
    'with none': as({ output: { due: null } as Json }),
  },
};
const USUAL: Invokers = twice('a step', {});

const actor = (more: object = {}, context: object = {}): Actor =>
  ({
    ...invoker,
    startedAt: 500,
    parent: null,
    invoked: 'execute',
    state: { value: 'running', context: { attempt: 2, ...context } },
    ...more,
  }) as unknown as Actor;

const ABORTED = {
  'under way': actor(),
  'for a reason': actor({}, { reason: 'enough' }),
  undone: actor({}, { undo: { tries: 1, of: 'o' } }),
  'undone in its own run': actor({}, { undo: { tries: 1 } }),
};

const parent = (due: number | null, invoked = 'children', above: object | null = null): object => ({
  due,
  invoked,
  parent: above,
});
const three = nodeOf('task', { retry: slow });
const total = nodeOf('task', { retry: slow, task: { totalTimeout: 701 } });
/** Somebody whose attempt has failed; another would begin after 200 ms. */
const FAILED: { readonly [name: string]: readonly [Actor, typeof error] } = {
  'nothing limits it': [actor({ node: three }), error],
  'below what has no deadline': [actor({ node: three, parent: parent(null) }), error],
  'below a deadline that is far': [actor({ node: three, parent: parent(1_201) }), error],
  'below one that is over just then': [actor({ node: three, parent: parent(1_200) }), error],
  'below one further up': [actor({ node: three, parent: parent(9_000, 'children', parent(1_100)) }), error],
  'below one that is over': [actor({ node: three, parent: parent(900) }), error],
  'below what is being stopped': [actor({ node: three, parent: parent(1_100, 'stopping') }), error],
  'with a time of its own': [actor({ node: total }), error],
  'with one that is over just then': [actor({ node: total, startedAt: 499 }), error],
  'with one beside a deadline': [actor({ node: total, startedAt: 0, parent: parent(1_100) }), error],
  'with its last attempt behind it': [actor({ node: three, parent: parent(1_100) }, { attempt: 3 }), error],
  'with no policy': [actor({ node: { ...three, task: null }, parent: parent(1_100) }), error],
  'not to be tried again': [actor({ node: three, parent: parent(1_100) }), final],
  'when its body says': [actor({ node: three, parent: parent(1_100) }), { ...error, retryAfter: 99 } as typeof error],
  'when its body says, too late': [
    actor({ node: three, parent: parent(1_100) }),
    { ...error, retryAfter: 100 } as typeof error,
  ],
};

const HELD = { 'with nothing said': null, 'not waited for': { detach: true }, 'waited for': { detach: false } };

/** All that an actor answers. */
export function invokedAs(
  name: string,
  { waitsFor, describe, late, failed, abort, isHeldWith }: Invoked,
): readonly string[] {
  const invokers = INVOKERS[name] ?? USUAL;
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['waits for', answersOf(name === 'approval' ? ASKED : ROWS, ([one, earlier]) => waitsFor(one, earlier))],
    ['owes', answersOf(invokers, describe)],
    ['is late', late === undefined ? [] : answersOf(invokers, late)],
    [
      'has failed',
      failed === undefined ? [] : answersOf(FAILED, ([one, why]) => failed({ id: 'r' } as never, one, why, 1_000)),
    ],
    ['is ended by', abort === undefined ? [] : answersOf(ABORTED, abort)],
    [
      'stands still with its run',
      isHeldWith === undefined ? [] : answersOf(HELD, (spec) => isHeldWith({ spec } as never)),
    ],
  ];
  return [
    `## ${name}`,
    '',
    ...parts.flatMap(([what, lines]) => (lines.length === 0 ? [] : [`  ${what}`, ...lines])),
    '',
  ];
}
