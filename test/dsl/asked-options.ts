/** What approvals are asked with, whoever asks: a step, a task before or after its body, a gate, an orchestrator. */
import { COUNTS, DURATIONS, FLAGS, gives, MAPPERS, NONSENSE, oneOf, SCHEMAS, waits, Any } from './option-values.ts';

const DECISIONS = ['approve', 'edit', 'reject', 'retry', 'replace', 'respond', 'skip', 'abort', 'claim', 'x'];
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `u${index}`);

const LISTS: readonly unknown[] = [...NONSENSE, [''], [1], ['a'], ['a', 'b'], ['n'.repeat(200)], ['n'.repeat(201)]];
const PEOPLE: readonly unknown[] = [
  ...MAPPERS,
  ...LISTS.flatMap((each) => [{ users: each }, { roles: each }]),
  { users: many(100) },
  { users: many(101) },
  { users: ['a'], roles: ['r'] },
  { user: ['a'] },
];
/** Those that are another matter for whoever asks. */
export const WHERE: { readonly [option: string]: readonly unknown[] } = {
  decisions: [
    ...NONSENSE,
    ...DECISIONS,
    ...DECISIONS.map((each) => [each]),
    ...SCHEMAS.map((each) => ({ approve: each })),
    DECISIONS.slice(0, 3),
    { approve: true, retry: Any },
  ],
  value: SCHEMAS,
  onReject: oneOf('fail', 'complete'),
};

export const ASKED: { readonly [option: string]: readonly unknown[] } = {
  ask: [...MAPPERS, 'Well?'],
  show: MAPPERS,
  propose: MAPPERS,
  ...WHERE,
  assignees: PEOPLE,
  excluded: [
    ...MAPPERS,
    ...FLAGS.map((initiator) => ({ initiator })),
    ...LISTS.flatMap((each) => [{ users: each }, { decidersOf: each }]),
    { decidersOf: 'first' },
    { users: many(101) },
    { roles: ['r'] },
  ],
  fourEyes: FLAGS,
  quorum: [
    ...COUNTS,
    0.5,
    ...COUNTS.flatMap((each) => [{ approvals: each }, { approvals: 2, of: each }]),
    ...FLAGS.map((veto) => ({ approvals: 2, veto })),
    ...[...NONSENSE, { a: 2 }, { a: 0 }, { a: -1 }, { a: 'x' }, { a: Number.NaN }, { a: 1, b: null }].map(
      (weights) => ({
        approvals: 2,
        weights,
      }),
    ),
    { approval: 2 },
  ],
  expires: DURATIONS,
  onExpiry: oneOf('reject', 'approve', 'escalate', 'fail', 'wait'),
  escalate: PEOPLE,
  remind: [...DURATIONS, [1, 2], [2, 1], ['1h', 0], ['1h', 'x']],
  claim: DURATIONS,
  reasons: FLAGS,
  onEdit: oneOf('approve', 'ask'),
  onDefer: oneOf('keep', 'move'),
  override: [...NONSENSE, ...LISTS.map((roles) => ({ roles })), { users: ['a'] }],
  substitutes: [...NONSENSE, ...LISTS.map((each) => ({ mia: each })), { mia: many(101) }],
};

export const ASKED_TOGETHER: readonly object[] = [
  ...oneOf('reject', 'approve', 'escalate', 'fail', 'wait').map((onExpiry) => ({ expires: '1h', onExpiry })),
  ...PEOPLE.map((escalate) => ({ expires: '1h', onExpiry: 'escalate', escalate })),
  ...[0, '30m', '59m', '1h', '2h', ['2h', '10m']].map((remind) => ({ expires: '1h', remind })),
  ...DECISIONS.map((each) => ({ quorum: 2, decisions: ['approve', 'reject', each] })),
  ...[0.5, 1, 2, 3].flatMap((quorum) =>
    [
      { assignees: { users: ['a', 'b'] } },
      { assignees: { users: ['a', 'b'] }, excluded: { users: ['b'] } },
      { assignees: { users: ['a', 'b'] }, excluded: { users: ['a', 'b'] } },
      { assignees: { users: ['a'], roles: ['r'] }, excluded: { users: ['a'] } },
      { assignees: { users: ['a', 'b'] }, excluded: gives(['b']) },
      { assignees: gives({ users: ['a'] }) },
    ].map((who) => ({ quorum, ...who })),
  ),
  { quorum: { approvals: 3, weights: { a: 2 } }, assignees: { users: ['a', 'b'] } },
  { quorum: { approvals: 3, weights: { a: 1.9 } }, assignees: { users: ['a', 'b'] } },
  { quorum: { approvals: 3, of: 3 }, assignees: { users: ['a', 'b'] } },
  { quorum: { approvals: 3, of: 2 } },
  { quorum: { approvals: 1, of: 0.5 } },
  { quorum: 2, assignees: { users: 'ab' } },
  { quorum: 2, assignees: { users: [], roles: 'r' } },
  { quorum: 2, assignees: { users: ['a'] }, excluded: { users: 'a' } },
  { quorum: 2, decisions: ['approve', 'replace', 'respond'], assignees: { users: ['a'] } },
  { fourEyes: true, excluded: { initiator: false, users: ['a'] } },
  { fourEyes: true, excluded: waits },
  { fourEyes: true, excluded: gives(['a']) },
  { onExpiry: 'escalate', escalate: { users: ['a'] } },
  { onReject: 'complete', onEdit: 'ask', onDefer: 'move' },
];
