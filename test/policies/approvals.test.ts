/** What comes of what somebody says to an approval: every act in every status, votes, revisions, time (S20–S22, S28, S29, P141). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/json.ts';
import {
  type Approval,
  type ApprovalAct,
  type ApprovalAsk,
  type ApprovalSpec,
  type ApprovalStatus,
  CHANGING,
  isOpen,
  placeOfApproval,
  RESOLVING,
  type Vote,
} from '../../src/people.ts';
import { said, saidTooLate } from '../../src/policies/approvals/decide.ts';
import { patched } from '../../src/policies/approvals/patch.ts';
import { keysOf, opened } from '../../src/policies/approvals/record.ts';
import { changed, elapsed, nextDue } from '../../src/policies/approvals/time.ts';
import { electorate, outcomeOfVotes } from '../../src/policies/approvals/votes.ts';

const HOUR = 3_600_000;
const spec: ApprovalSpec = {
  ask: 'Ship it?',
  show: null,
  propose: null,
  value: null,
  decisions: Object.fromEntries(RESOLVING.map((name) => [name, null])),
  assignees: { users: ['mia', 'tom', 'eve'], roles: ['manager'] },
  excluded: { initiator: false, decidersOf: [], users: [] },
  approvals: 1,
  of: null,
  veto: true,
  reasons: false,
  weights: {},
  expires: null,
  onExpiry: 'fail',
  escalate: null,
  remind: [],
  lease: HOUR,
  onReject: 'fail',
  onEdit: 'approve',
  onDefer: 'keep',
  override: ['boss'],
  substitutes: { mia: ['sub'] },
};
const at = {
  run: 'r',
  path: 'a/b',
  number: 1,
  when: 'step',
  orchestrator: 'flow',
  version: '1',
  hash: 'h',
  now: 0,
} as const;

function approvalOf(more: Partial<ApprovalSpec> = {}, opening: Partial<Approval> = {}): Approval {
  const { users, roles } = { ...spec, ...more }.assignees as { users: string[]; roles: string[] };
  const proposed: Json = { to: 'x', cents: 5 };
  return {
    ...opened({ question: 'Ship it?', shown: null, proposed, users, roles, excluded: [] }, { ...spec, ...more }, at),
    ...opening,
  };
}

const asks = (act: ApprovalAct, more: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  act,
  by: 'mia',
  roles: [],
  onBehalfOf: null,
  comment: 'so',
  form: null,
  value: { to: 'y' },
  patch: null,
  as: null,
  to: null,
  until: 2,
  digest: null,
  version: null,
  made: null,
  fault: null,
  ...more,
});

/** `resolved how`, `open`, `same` or the reason of a refusal. */
function cameOf(approval: Approval, ask: ApprovalAsk, more: Partial<ApprovalSpec> = {}, now = 1): string {
  const came = said(approval, { ...spec, ...more }, ask, now);
  if ('refused' in came) return came.refused.reason;
  if (came.verdict !== null) return `resolved ${came.verdict.how}`;
  return came.approval === approval ? 'same' : `open ${came.approval.status}`;
}

function later(approval: Approval, ask: ApprovalAsk, more: Partial<ApprovalSpec> = {}, now = 1): Approval {
  const came = said(approval, { ...spec, ...more }, ask, now);
  if ('refused' in came) throw new Error(`${came.refused.reason}: ${came.refused.message}`);
  return came.approval;
}

describe('what an act does, by the status of the approval', () => {
  const resolution = {
    decision: 'approve',
    by: 'eve',
    onBehalfOf: null,
    comment: null,
    form: null,
    value: null,
    at: 0,
    deciders: ['eve'],
    isOverride: false,
  } as const;
  const standing: { readonly [status in ApprovalStatus | 'mine']: Approval } = {
    pending: approvalOf(),
    mine: approvalOf({}, { status: 'claimed', claimed: { by: 'mia', until: HOUR } }),
    claimed: approvalOf({}, { status: 'claimed', claimed: { by: 'eve', until: HOUR } }),
    resolved: approvalOf({}, { status: 'resolved', resolution }),
    expired: approvalOf({}, { status: 'expired', resolution: { ...resolution, by: null } }),
    withdrawn: approvalOf({}, { status: 'withdrawn' }),
  };
  const table: { readonly [act in ApprovalAct]: string } = {
    approve: 'resolved complete',
    edit: 'resolved complete',
    reject: 'resolved fail',
    retry: 'resolved go',
    replace: 'resolved complete',
    respond: 'resolved complete',
    skip: 'resolved skip',
    abort: 'resolved abort',
    claim: 'open claimed',
    release: 'same',
    reassign: 'open pending',
    escalate: 'open pending',
    delegate: 'open pending',
    return: 'not-allowed',
    forward: 'open pending',
    defer: 'open pending',
    requestInfo: 'open pending',
    provideInfo: 'not-allowed',
    withdraw: 'nothing-to-withdraw',
    override: 'resolved complete',
  };
  /** What a claim keeps of its status. */
  const KEEPS = ['delegate', 'requestInfo'];

  test.each([...RESOLVING, ...CHANGING, 'override'] as const)('%s', (act) => {
    const one = { users: ['tom'], roles: [] };
    const ask = asks(act, { to: one, ...(act === 'override' ? { roles: ['boss'], as: 'approve' } : {}) });
    const expected = table[act];
    const mine = KEEPS.includes(act) ? 'open claimed' : act === 'release' ? 'open pending' : expected;
    const ownVote = act === 'provideInfo' || act === 'override';
    const found = Object.fromEntries(
      Object.entries(standing).map(([status, approval]) => [status, cameOf(approval, ask)]),
    );
    expect(found).toEqual({
      pending: expected,
      mine,
      claimed: ownVote ? expected : 'claimed',
      resolved: 'already-resolved',
      expired: 'expired',
      withdrawn: 'withdrawn',
    });
  });

  test('the decision that was made is answered as it was, to whoever made it (S20)', () => {
    expect(cameOf(standing.resolved, asks('approve', { by: 'eve' }))).toBe('same');
    expect(saidTooLate(standing.resolved, asks('approve', { by: 'eve' }))).toBe('again');
    expect(saidTooLate(standing.resolved, asks('reject', { by: 'eve' }))).toMatchObject({ reason: 'already-resolved' });
    expect(saidTooLate(standing.pending, asks('reject'))).toMatchObject({ reason: 'run-ended' });
  });
});

describe('who may decide', () => {
  test.each<[string, Partial<ApprovalAsk>, string]>([
    ['one who is asked by name', { by: 'tom' }, 'resolved complete'],
    ['one who has a role that is asked', { by: 'kim', roles: ['cook', 'manager'] }, 'resolved complete'],
    ['nobody else', { by: 'kim', roles: ['cook'] }, 'not-assigned'],
    ['one who stands in for one who is asked', { by: 'sub', onBehalfOf: 'mia' }, 'resolved complete'],
    ['one who stands in for nobody', { by: 'tom', onBehalfOf: 'mia' }, 'not-assigned'],
    ['one whose name objects inherit', { by: 'toString', onBehalfOf: 'constructor' }, 'not-assigned'],
  ])('%s', (_, ask, expected) => {
    expect(cameOf(approvalOf(), asks('approve', ask))).toBe(expected);
  });

  test('anybody, where nobody is named', () => {
    expect(cameOf(approvalOf({ assignees: { users: [], roles: [] } }), asks('approve', { by: 'kim' }))).toBe(
      'resolved complete',
    );
  });

  test('nobody who is excluded, not even for another, nor by handing it to one', () => {
    const approval = approvalOf({}, { excluded: ['tom', 'sub'] });
    expect(cameOf(approval, asks('approve', { by: 'tom', roles: ['manager'] }))).toBe('excluded');
    expect(cameOf(approval, asks('approve', { by: 'sub', onBehalfOf: 'mia' }))).toBe('excluded');
    expect(cameOf(approval, asks('delegate', { to: { users: ['tom'], roles: [] } }))).toBe('excluded');
    expect(cameOf(approval, asks('reassign', { to: { users: ['tom'], roles: [] } }))).toBe('quorum-impossible');
  });

  test('only a declared role may override, with a reason, and over everybody', () => {
    const claimed = approvalOf({}, { status: 'claimed', claimed: { by: 'eve', until: HOUR }, excluded: ['kim'] });
    const over = (more: Partial<ApprovalAsk>) =>
      asks('override', { by: 'kim', roles: ['boss'], as: 'approve', ...more });
    expect(cameOf(claimed, over({ roles: ['manager'] }))).toBe('not-assigned');
    expect(cameOf(claimed, over({ comment: ' ' }))).toBe('comment-missing');
    expect(cameOf(claimed, over({}))).toBe('resolved complete');
    expect(later(claimed, over({})).resolution).toMatchObject({ isOverride: true, by: 'kim' });
  });

  test('a claim lasts for its lease, and then it is anybody’s again', () => {
    const claimed = later(approvalOf(), asks('claim', { by: 'eve' }), {}, 5);
    expect(cameOf(claimed, asks('approve'), {}, 5 + HOUR - 1)).toBe('claimed');
    expect(cameOf(claimed, asks('approve'), {}, 5 + HOUR)).toBe('resolved complete');
    expect(cameOf(later(claimed, asks('release', { by: 'eve' })), asks('approve'))).toBe('resolved complete');
  });

  test('what is delegated is decided by whoever delegated it, once it has come back', () => {
    const away = later(approvalOf(), asks('delegate', { to: { users: ['kim'], roles: [] } }));
    expect(cameOf(away, asks('approve'))).toBe('delegated');
    expect(cameOf(away, asks('approve', { by: 'kim' }))).toBe('delegated');
    expect(cameOf(away, asks('return', { by: 'tom' }))).toBe('delegated');
    const back = later(away, asks('return', { by: 'kim', comment: 'I would' }));
    expect(back.info).toMatchObject([{ by: 'mia', answer: { by: 'kim', text: 'I would' } }]);
    expect(cameOf(back, asks('approve', { by: 'kim' }))).toBe('not-assigned');
    expect(cameOf(back, asks('approve'))).toBe('resolved complete');
  });

  test('what is forwarded is not the forwarder’s any more; what is reassigned is for those and no others', () => {
    const forwarded = later(
      approvalOf({ assignees: { users: ['mia', 'tom'], roles: [] } }),
      asks('forward', { to: { users: ['kim'], roles: [] } }),
    );
    expect([
      forwarded.users,
      cameOf(forwarded, asks('approve')),
      cameOf(forwarded, asks('approve', { by: 'kim' })),
    ]).toEqual([['tom', 'kim'], 'not-assigned', 'resolved complete']);
    const reassigned = later(approvalOf(), asks('reassign', { to: { users: ['kim'], roles: [] } }));
    expect([reassigned.users, reassigned.roles]).toEqual([['kim'], []]);
    expect(cameOf(reassigned, asks('approve', { by: 'tom' }))).toBe('not-assigned');
    expect(cameOf(approvalOf(), asks('reassign'))).toBe('not-allowed');
  });

  test('a question is answered, and the approval stays open meanwhile', () => {
    const open = later(approvalOf(), asks('requestInfo', { comment: 'which parcel?' }));
    expect(cameOf(open, asks('approve'))).toBe('resolved complete');
    const answered = later(open, asks('provideInfo', { by: 'anybody', comment: 'the big one' }));
    expect(answered.info).toMatchObject([
      { question: 'which parcel?', answer: { by: 'anybody', text: 'the big one' } },
    ]);
    expect(cameOf(answered, asks('provideInfo'))).toBe('not-allowed');
    expect(cameOf(approvalOf(), asks('requestInfo', { comment: null }))).toBe('comment-missing');
  });
});

describe('a decision is bound to what was shown (S28)', () => {
  test('by its digest, which is another one for anything that is shown otherwise', () => {
    const approval = approvalOf();
    const others = [
      approvalOf({}, {}),
      opened(
        { question: 'Ship them?', shown: null, proposed: approval.proposed, users: [], roles: [], excluded: [] },
        spec,
        at,
      ),
      opened(
        { question: 'Ship it?', shown: 1, proposed: approval.proposed, users: [], roles: [], excluded: [] },
        spec,
        at,
      ),
      opened({ question: 'Ship it?', shown: null, proposed: 1, users: [], roles: [], excluded: [] }, spec, at),
      opened(
        { question: 'Ship it?', shown: null, proposed: approval.proposed, users: [], roles: [], excluded: [] },
        spec,
        { ...at, hash: 'x' },
      ),
    ];
    expect(others.map(({ digest }) => digest === approval.digest)).toEqual([true, false, false, false, false]);
    expect(cameOf(approval, asks('approve', { digest: approval.digest }))).toBe('resolved complete');
    expect(cameOf(approval, asks('approve', { digest: others[1]!.digest }))).toBe('subject-changed');
    expect(cameOf(approval, asks('approve', { version: 2 }))).toBe('version-changed');
  });

  test('an edit makes a new revision, whose digest has to be named; what was voted on the old one counts no more', () => {
    const rules = { approvals: 2, decisions: { approve: null, edit: null, reject: null } };
    const voted = later(approvalOf(), asks('approve', { by: 'tom' }), rules);
    const edited = later(voted, asks('edit', { value: { to: 'z' }, made: voted.digest }), rules);
    expect([edited.revision, edited.proposed, edited.votes.map(({ by }) => by)]).toEqual([2, { to: 'z' }, ['mia']]);
    expect(edited.digest).not.toBe(voted.digest);
    expect(cameOf(edited, asks('approve', { by: 'tom' }), rules)).toBe('subject-changed');
    expect(cameOf(edited, asks('approve', { by: 'tom', digest: voted.digest }), rules)).toBe('subject-changed');
    const done = said(edited, { ...spec, ...rules }, asks('approve', { by: 'tom', digest: edited.digest }), 2);
    expect(done).toMatchObject({
      verdict: { how: 'complete', output: { decision: 'edit', value: { to: 'z' }, deciders: ['mia', 'tom'] } },
    });
    expect(cameOf(edited, asks('edit', { made: voted.digest, digest: edited.digest, by: 'eve' }), rules)).toBe(
      'subject-changed',
    );
  });

  test('an edit may be for the others to look at', () => {
    const rules = { onEdit: 'ask' } as const;
    const edited = later(approvalOf(), asks('edit', { value: 1 }), rules);
    expect([edited.status, edited.revision, edited.votes]).toEqual(['pending', 2, []]);
    expect(cameOf(edited, asks('approve', { by: 'tom', digest: edited.digest }), rules)).toBe('resolved complete');
  });
});

describe('votes (S29)', () => {
  const two = { approvals: 2, veto: false };

  test('one each; the same again changes nothing, another one has to be withdrawn first', () => {
    const voted = later(approvalOf(), asks('approve'), two);
    expect(voted.status).toBe('pending');
    expect(cameOf(voted, asks('approve'), two)).toBe('same');
    expect(cameOf(voted, asks('reject'), two)).toBe('already-voted');
    expect(cameOf(voted, asks('approve', { by: 'sub', onBehalfOf: 'mia' }), two)).toBe('already-voted');
    const withdrawn = later(voted, asks('withdraw'), two);
    expect([withdrawn.votes, cameOf(withdrawn, asks('withdraw'), two)]).toEqual([[], 'nothing-to-withdraw']);
    expect(cameOf(voted, asks('approve', { by: 'tom' }), two)).toBe('resolved complete');
  });

  test('nobody votes for two', () => {
    const rules = { ...two, substitutes: { mia: ['tom'] } };
    const voted = later(approvalOf(), asks('approve', { by: 'tom' }), rules);
    expect(cameOf(voted, asks('approve', { by: 'tom', onBehalfOf: 'mia' }), rules)).toBe('already-voted');
  });

  const vote = (by: string, decision: Vote['decision'], weight = 1): Vote => ({
    by,
    onBehalfOf: null,
    decision,
    weight,
    comment: null,
    form: null,
    at: 0,
  });
  const three = { users: ['a', 'b', 'c'], roles: [], excluded: [] };

  test.each<[string, readonly Vote[], Partial<ApprovalSpec>, string | null]>([
    ['one of two', [vote('a', 'approve')], two, null],
    ['two of two', [vote('a', 'approve'), vote('b', 'edit')], two, 'approve'],
    ['one against, who has a veto', [vote('a', 'reject')], { approvals: 2, veto: true }, 'reject'],
    ['one against, of three', [vote('a', 'reject')], two, null],
    ['two against, of three', [vote('a', 'reject'), vote('b', 'reject')], two, 'reject'],
    ['one of weight two', [vote('a', 'approve', 2)], two, 'approve'],
    ['one against, of two that there can be', [vote('a', 'reject')], { ...two, of: 2 }, 'reject'],
  ])('%s', (_, votes, more, expected) => {
    expect(outcomeOfVotes(votes, { ...spec, ...more }, three)).toBe(expected);
  });

  test('whoever has a role cannot be counted: as many are a no as are a yes', () => {
    const some = { users: [], roles: ['manager'], excluded: [] };
    expect(electorate(spec, some)).toBe(null);
    expect(outcomeOfVotes([vote('a', 'reject')], { ...spec, ...two }, some)).toBe(null);
    expect(outcomeOfVotes([vote('a', 'reject'), vote('b', 'reject')], { ...spec, ...two }, some)).toBe('reject');
  });

  test('are decided as soon as, and not before, nothing that may still come can change the outcome', () => {
    const users = ['a', 'b', 'c', 'd', 'e'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom<Vote['decision']>('approve', 'reject'), { maxLength: 5 }),
        (approvals, decisions) => {
          const rules = { ...spec, approvals, veto: false, weights: {} };
          const people = { users, roles: [], excluded: [] };
          const votes = decisions.map((decision, index) => vote(users[index] as string, decision));
          const left = users.length - votes.length;
          const yes = decisions.filter((decision) => decision === 'approve').length;
          // Every way in which the rest may vote.
          const outcomes = new Set(
            Array.from({ length: left + 1 }, (_, more) => (yes + more >= approvals ? 'approve' : 'reject')),
          );
          expect(outcomeOfVotes(votes, rules, people)).toBe(outcomes.size === 1 ? [...outcomes][0] : null);
        },
      ),
    );
  });
});

describe('votes when others are asked (S29)', () => {
  const rules = { assignees: { users: ['a', 'b', 'c'], roles: [] }, approvals: 2, veto: false } as const;
  const to = (...users: string[]) => ({ to: { users, roles: [] } });

  test('go with those who are not asked any more', () => {
    const no = later(approvalOf(rules), asks('reject', { by: 'a' }), rules);
    const handed = later(no, asks('reassign', { by: 'b', ...to('b', 'c') }), rules);
    expect([handed.votes, cameOf(handed, asks('approve', { by: 'b' }), rules)]).toEqual([[], 'open pending']);
    const one = later(handed, asks('approve', { by: 'b' }), rules);
    expect(cameOf(one, asks('approve', { by: 'c' }), rules)).toBe('resolved complete');
    const yes = later(approvalOf(rules), asks('approve', { by: 'a' }), rules);
    expect(later(yes, asks('forward', { by: 'a', ...to('d') }), rules)).toMatchObject({
      users: ['b', 'c', 'd'],
      votes: [],
    });
    expect(later(yes, asks('reassign', { by: 'b', ...to('a', 'd') }), rules).votes).toMatchObject([{ by: 'a' }]);
  });

  test('stay where they were cast by a role as long as all roles are asked that were', () => {
    const roles = { ...rules, assignees: { users: [], roles: ['x', 'y'] } };
    const yes = later(approvalOf(roles), asks('approve', { by: 'a', roles: ['x'] }), roles);
    const handed = (...names: string[]) =>
      later(yes, asks('reassign', { by: 'b', roles: ['y'], to: { users: [], roles: names } }), roles).votes.length;
    expect([handed('x', 'y', 'z'), handed('x'), handed('z')]).toEqual([1, 0, 0]);
  });

  test('count for whether those who are asked then can still approve it', () => {
    const no = later(approvalOf(rules), asks('reject', { by: 'a' }), rules);
    expect(cameOf(no, asks('reassign', { by: 'b', ...to('a', 'b') }), rules)).toBe('quorum-impossible');
    // Of one that was kept before, votes of others do not count either.
    const old = { ...no, users: ['b', 'c'] };
    expect(cameOf(old, asks('approve', { by: 'b' }), rules)).toBe('open pending');
  });

  test('begin anew where nobody had decided in time', () => {
    const late = {
      ...spec,
      ...rules,
      expires: 10,
      onExpiry: 'escalate',
      escalate: { users: ['a', 'd'], roles: [] },
    } as const;
    const no = later(approvalOf(late), asks('reject', { by: 'a' }), late);
    expect(elapsed(no, late, 10).approval).toMatchObject({ users: ['a', 'd'], votes: [] });
  });

  test('never make a no of a yes, whoever is asked meanwhile: it ends when, and as, those who are asked cannot end it otherwise', () => {
    const people = ['a', 'b', 'c', 'd', 'e'];
    const who = fc.constantFrom(...people);
    const act = fc.record({
      act: fc.constantFrom<ApprovalAct>('approve', 'reject', 'reassign', 'forward', 'escalate', 'withdraw'),
      by: who,
      to: fc.uniqueArray(who, { minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(act, { maxLength: 30 }), (approvals, acts) => {
        const many = { ...spec, ...rules, approvals, override: [] };
        let approval = approvalOf(many);
        for (const { act: name, by, to: users } of acts) {
          const came = said(approval, many, asks(name, { by, to: { users, roles: [] } }), 1);
          if ('refused' in came) continue;
          approval = came.approval;
          const { votes, users: asked, status, resolution } = approval;
          for (const each of votes) expect(asked).toContain(each.by);
          const yes = votes.filter(({ decision }) => decision === 'approve').length;
          const open = asked.length - votes.length;
          const can = { approve: yes + open >= approvals, reject: yes < approvals };
          if (status === 'pending') expect(can).toEqual({ approve: true, reject: true });
          else {
            expect(resolution?.decision).toBe(name);
            expect(can).toEqual({ approve: name === 'approve', reject: name === 'reject' });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of 0.7 and 0.1 are 0.8', () => {
    const parts = {
      ...rules,
      assignees: { users: ['a', 'b'], roles: [] },
      approvals: 0.8,
      weights: { a: 0.7, b: 0.1 },
    };
    const one = later(approvalOf(parts), asks('approve', { by: 'a' }), parts);
    expect([one.status, cameOf(one, asks('approve', { by: 'b' }), parts)]).toEqual(['pending', 'resolved complete']);
    expect(cameOf(approvalOf(parts), asks('reject', { by: 'b' }), parts)).toBe('resolved fail');
    expect(cameOf(approvalOf(parts), asks('reassign', { by: 'b', ...to('b', 'a') }), parts)).toBe('open pending');
  });

  test('nobody forwards it to more than one list may name', () => {
    const users = Array.from({ length: 100 }, (_, index) => `u${index}`);
    expect(cameOf(approvalOf(), asks('forward', { to: { users, roles: [] } }))).toBe('not-allowed');
    expect(cameOf(approvalOf(), asks('forward', { to: { users: users.slice(2), roles: [] } }))).toBe('open pending');
  });

  test('said again are answered as they were by whoever has closed it, also when others had edited (S20)', () => {
    const edits = { approvals: 2, decisions: { approve: null, edit: null, reject: null } };
    const edited = later(approvalOf(), asks('edit', { by: 'mia', value: { to: 'z' } }), edits);
    const over = later(edited, asks('approve', { by: 'tom', digest: edited.digest }), edits, 2);
    expect(over.resolution).toMatchObject({ decision: 'edit', by: 'tom' });
    expect(cameOf(over, asks('approve', { by: 'tom' }), edits)).toBe('same');
    expect(cameOf(over, asks('edit', { by: 'tom' }), edits)).toBe('already-resolved');
    expect(cameOf(over, asks('edit', { by: 'mia' }), edits)).toBe('already-resolved');
  });
});

describe('time (S22)', () => {
  test('reminds each time once, in order, and not after the end', () => {
    const rules = { expires: 10, remind: [2, 4, 12] };
    const approval = approvalOf(rules);
    expect([approval.reminders, nextDue(approval)]).toEqual([[2, 4], 2]);
    const first = elapsed(approval, { ...spec, ...rules }, 3);
    expect([first.reminded, first.approval.reminders, first.expired, nextDue(first.approval)]).toEqual([
      1,
      [4],
      null,
      4,
    ]);
    expect(elapsed(approval, { ...spec, ...rules }, 9)).toMatchObject({ reminded: 2, expired: null });
    expect(nextDue(elapsed(approval, { ...spec, ...rules }, 9).approval)).toBe(10);
    expect(elapsed(approval, { ...spec, ...rules }, 1)).toEqual({ approval, reminded: 0, expired: null });
  });

  test.each<[ApprovalSpec['onExpiry'], object]>([
    ['fail', { status: 'expired', resolution: { decision: 'expire', by: null, value: null } }],
    ['reject', { status: 'expired', resolution: { decision: 'reject', by: null, value: null } }],
    ['approve', { status: 'expired', resolution: { decision: 'approve', by: null, value: { cents: 5 } } }],
    ['wait', { status: 'pending', expiresAt: null, resolution: null }],
    ['escalate', { status: 'pending', expiresAt: 20, users: ['boss'], escalations: 1, resolution: null }],
  ])('that is up is %s', (onExpiry, expected) => {
    const rules = { ...spec, expires: 10, onExpiry, escalate: { users: ['boss'], roles: [] } };
    const before = approvalOf(rules);
    expect(elapsed(before, rules, 9).expired).toBe(null);
    const { approval, expired } = elapsed(before, rules, 10);
    expect([expired, approval]).toMatchObject([onExpiry, expected]);
    expect(approval.version).toBe(2);
  });

  test('that is up a second time fails, whoever was asked then', () => {
    const rules = { ...spec, expires: 10, onExpiry: 'escalate', escalate: { users: ['boss'], roles: [] } } as const;
    const { approval } = elapsed(approvalOf(rules), rules, 10);
    expect(elapsed(approval, rules, 20)).toMatchObject({ expired: 'fail', approval: { status: 'expired' } });
  });
});

describe('the record', () => {
  test('is found by whom it is for as long as it is open, and by its end afterwards', () => {
    const approval = approvalOf();
    expect(keysOf(approval)).toEqual({
      state: 'open',
      status: 'pending',
      'of:flow': 'open',
      'user:mia': 'open',
      'user:tom': 'open',
      'user:eve': 'open',
      'role:manager': 'open',
    });
    expect(keysOf(changed(approval, { status: 'withdrawn', users: [], roles: [] }))).toEqual({
      state: 'closed',
      status: 'withdrawn',
      'of:flow': 'closed',
      anybody: 'closed',
    });
    expect(placeOfApproval('r/a/b#1')).toEqual({ run: 'r', record: 'a/b#1' });
    for (const id of ['', 'r', '/a', 'r/']) expect(placeOfApproval(id)).toBe(null);
  });
});

describe('a merge patch (RFC 7396)', () => {
  test.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j by %j is %j', (target, patch, expected) => {
    expect(patched(target, patch)).toEqual(expected);
  });

  test('reaches no prototype', () => {
    const made = patched({}, JSON.parse('{"__proto__":{"polluted":1}}'));
    expect(({} as { polluted?: number }).polluted).toBe(undefined);
    expect(JSON.stringify(made)).toBe('{"__proto__":{"polluted":1}}');
  });
});

test('whatever three people say in whatever order, it is decided once, and never on what was not shown (S20, S28)', () => {
  const acts = ['approve', 'reject', 'edit', 'delegate', 'return', 'withdraw', 'claim', 'release'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3),
      fc.boolean(),
      fc.array(
        fc.record({
          by: fc.constantFrom('mia', 'tom', 'eve'),
          act: fc.constantFrom(...acts),
          lag: fc.integer({ min: 0, max: 3 }),
          n: fc.nat(3),
        }),
        {
          maxLength: 20,
        },
      ),
      (approvals, veto, course) => {
        const rules = {
          ...spec,
          approvals,
          veto,
          assignees: { users: ['mia', 'tom', 'eve'], roles: [] },
          decisions: { approve: null, edit: null, reject: null },
        };
        const seen: Approval[] = [approvalOf(rules)];
        let resolutions = 0;
        for (const [now, { by, act, lag, n }] of course.entries()) {
          const approval = seen.at(-1) as Approval;
          // Each decides on what they looked at, perhaps some time ago.
          const looked = seen[Math.max(0, seen.length - 1 - lag)] as Approval;
          const to = { users: [n === 0 ? 'mia' : 'tom'], roles: [] };
          const came = said(
            approval,
            rules,
            asks(act, { by, to, digest: looked.digest, value: n, made: act === 'edit' ? looked.digest : null }),
            now,
          );
          if ('refused' in came || came.approval === approval) continue;
          expect(came.approval.version).toBeGreaterThan(approval.version);
          if (act === 'approve' || act === 'reject') expect(looked.digest).toBe(approval.digest);
          if (came.verdict !== null) {
            resolutions += 1;
            expect(isOpen(came.approval)).toBe(false);
            const { decision, value } = came.approval.resolution as NonNullable<Approval['resolution']>;
            if (decision !== 'reject') expect(value).toEqual(came.approval.proposed);
          }
          seen.push(came.approval);
        }
        expect(resolutions).toBe(isOpen(seen.at(-1) as Approval) ? 0 : 1);
      },
    ),
  );
});
