/** Putting an approval off, as a rule: until when it can be, what becomes of its own time, and what ends it (S22). */
import { describe, expect, test } from 'vitest';
import type { Approval, ApprovalAsk, ApprovalSpec } from '../../src/people.ts';
import { said } from '../../src/policies/approvals/decide.ts';
import { opened } from '../../src/policies/approvals/record.ts';
import { elapsed, nextDue } from '../../src/policies/approvals/time.ts';

const spec: ApprovalSpec = {
  ask: 'Ship it?',
  show: null,
  propose: null,
  value: null,
  decisions: { approve: null, reject: null },
  assignees: { users: ['mia', 'tom'], roles: [] },
  excluded: { initiator: false, decidersOf: [], users: [] },
  approvals: 1,
  of: null,
  veto: true,
  reasons: false,
  weights: {},
  expires: 100,
  onExpiry: 'fail',
  escalate: { users: ['boss'], roles: [] },
  remind: [20, 40, 80],
  lease: 10,
  onReject: 'fail',
  onEdit: 'approve',
  onDefer: 'keep',
  override: [],
  substitutes: {},
};
const moving: ApprovalSpec = { ...spec, onDefer: 'move' };
const what = { question: 'Ship it?', shown: null, proposed: null, users: ['mia', 'tom'], roles: [], excluded: [] };
const at = {
  run: 'r',
  path: 'a',
  number: 1,
  when: 'step',
  orchestrator: 'o',
  version: '1',
  hash: 'h',
  now: 0,
} as const;
const fresh = opened(what, spec, at);

function ask(act: ApprovalAsk['act'], more: Partial<ApprovalAsk> = {}): ApprovalAsk {
  const nothing = {
    form: null,
    value: null,
    patch: null,
    as: null,
    digest: null,
    version: null,
    made: null,
    fault: null,
  };
  return { act, by: 'mia', roles: [], onBehalfOf: null, comment: 'so', to: null, until: null, ...nothing, ...more };
}

function later(approval: Approval, asked: ApprovalAsk, now: number, rules = spec): Approval {
  const came = said(approval, rules, asked, now);
  if ('refused' in came) throw new Error(`${came.refused.reason}: ${came.refused.message}`);
  return came.approval;
}

const off = (until: number | null, now = 10, approval = fresh, rules = spec): Approval =>
  later(approval, ask('defer', { until }), now, rules);

/** What can be seen of it in time. */
const timesOf = ({ deferred, reminders, expiresAt, status }: Approval) => [
  status,
  deferred?.until ?? null,
  reminders,
  expiresAt,
];

describe('an approval that is put off', () => {
  test.each<[string, Approval, unknown[]]>([
    ['reminds then, and after that as it would have', off(30), ['pending', 30, [30, 40, 80], 100]],
    ['and expires when it was to', off(99), ['pending', 99, [99], 100]],
    ['or so much later', off(30, 10, fresh, moving), ['pending', 30, [30, 40, 60, 100], 120]],
    ['once more, for longer', off(50, 10, off(30)), ['pending', 50, [50, 80], 100]],
    [
      'once more, for less: what was passed over comes after all',
      off(30, 10, off(50)),
      ['pending', 30, [30, 40, 80], 100],
    ],
    [
      'once more, moving: by the difference',
      off(50, 10, off(30, 10, fresh, moving), moving),
      ['pending', 50, [50, 60, 80, 120], 140],
    ],
    [
      'for less, moving: back by the difference',
      off(20, 10, off(30, 10, fresh, moving), moving),
      ['pending', 20, [20, 30, 50, 90], 110],
    ],
  ])('%s', (_, approval, expected) => {
    expect(timesOf(approval)).toEqual(expected);
  });

  test('is put off by whoever it is asked, and a claim of theirs ends with it', () => {
    const claimed = later(fresh, ask('claim'), 5);
    expect(off(30, 10, claimed)).toMatchObject({
      status: 'pending',
      claimed: null,
      deferred: { by: 'mia', until: 30 },
    });
    expect(said(fresh, spec, ask('defer', { until: 30, by: 'kim' }), 10)).toMatchObject({
      refused: { reason: 'not-assigned' },
    });
  });

  test.each([null, 9, 10])('is not put off until %s, at 10', (until) => {
    expect(said(fresh, spec, ask('defer', { until }), 10)).toMatchObject({
      refused: { reason: 'not-allowed', message: expect.stringContaining('still to come') },
    });
  });

  test('is not put off beyond its end, unless that moves; without one, as long as anybody likes', () => {
    for (const until of [100, 101])
      expect(said(fresh, spec, ask('defer', { until }), 10)).toMatchObject({
        refused: { reason: 'not-allowed', message: expect.stringContaining('It expires at 1970-01-01T00:00:00.100Z') },
      });
    expect(off(500, 10, fresh, moving).expiresAt).toBe(590);
    const endless = opened(what, { ...spec, expires: null }, at);
    expect(off(8_640_000_000_000_000, 10, endless)).toMatchObject({ expiresAt: null });
    expect(said(fresh, moving, ask('defer', { until: 8_640_000_000_000_000 }), 10)).toMatchObject({
      refused: { reason: 'not-allowed' },
    });
  });

  test('until the same instant again, is as it was', () => {
    const once = off(30);
    expect(off(30, 12, once)).toBe(once);
  });

  test('comes back by itself, with a reminder', () => {
    const once = off(30);
    expect(nextDue(once)).toBe(30);
    expect(elapsed(once, spec, 29)).toMatchObject({ reminded: 0, approval: { deferred: { until: 30 } } });
    const back = elapsed(once, spec, 30);
    // Who had put it off stays known.
    expect([back.reminded, back.expired, timesOf(back.approval)]).toEqual([1, null, ['pending', 30, [40, 80], 100]]);
    expect(elapsed(back.approval, spec, 39).approval).toBe(back.approval);
    const claimed = later(back.approval, ask('claim'), 35);
    expect([claimed.deferred, claimed.reminders]).toEqual([null, [40, 80]]);
    // Nobody looked for a while: it is over as it would have been.
    expect(elapsed(once, spec, 100)).toMatchObject({ reminded: 3, expired: 'fail', approval: { deferred: null } });
  });

  test('reminds nobody any more once its time was up, whoever is asked then', () => {
    const waiting = { ...spec, onExpiry: 'wait' } as const;
    const { approval } = elapsed(off(30, 10, fresh, waiting), waiting, 100);
    expect(timesOf(approval)).toEqual(['pending', 30, [], null]);
    const others = later(approval, ask('reassign', { to: { users: ['eve'], roles: [] } }), 110, waiting);
    expect([others.deferred, others.reminders]).toEqual([null, []]);
  });

  test.each<[ApprovalAsk['act'], Partial<ApprovalAsk>]>([
    ['claim', {}],
    ['reassign', { to: { users: ['eve'], roles: [] } }],
    ['escalate', {}],
    ['delegate', { to: { users: ['eve'], roles: [] } }],
    ['forward', { to: { users: ['eve'], roles: [] } }],
  ])('is asked again when somebody does this about it: %s', (act, more) => {
    const back = later(off(50), ask(act, more), 12);
    expect([back.deferred, back.reminders]).toEqual([null, [20, 40, 80]]);
    const moved = later(off(50, 10, fresh, moving), ask(act, more), 12, moving);
    expect([moved.deferred, moved.reminders, moved.expiresAt]).toEqual([null, [60, 80, 120], 140]);
  });

  test('stays put off when something is asked about it', () => {
    const asked = later(off(50), ask('requestInfo'), 12);
    expect([asked.deferred, asked.reminders]).toEqual([{ by: 'mia', until: 50 }, [50, 80]]);
  });

  test.each(['approve', 'reject'] as const)('can be decided all the while: %s', (act) => {
    expect(later(off(50), ask(act), 12)).toMatchObject({ status: 'resolved', deferred: null, reminders: [] });
  });

  test('was kept by a version that could not put it off: it can be now', () => {
    const { deferred: _, ...older } = fresh;
    expect(timesOf(off(30, 10, older as Approval))).toEqual(['pending', 30, [30, 40, 80], 100]);
    expect(elapsed(older as Approval, spec, 5).approval).toBe(older);
    expect(later(older as Approval, ask('claim'), 5)).toMatchObject({ reminders: [20, 40, 80] });
  });
});
