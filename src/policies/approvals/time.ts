/** What time does to an approval: it reminds, and it ends it or hands it on (S22). */
import { type Approval, type ApprovalSpec, decidersIn, type OnExpiry, type Resolution } from '../../people.ts';

/** When something happens to it next; null if only a person can do anything. */
export function nextDue({ reminders, expiresAt }: Approval): number | null {
  const [reminder = null] = reminders;
  if (reminder === null || expiresAt === null) return reminder ?? expiresAt;
  return Math.min(reminder, expiresAt);
}

/** What has happened by now. */
export interface Elapsed {
  readonly approval: Approval;
  /** The numbers of reminders that were due. */
  readonly reminded: number;
  /** What comes of it that nobody has decided in time; null if there is time left. */
  readonly expired: OnExpiry | null;
}

export function elapsed(before: Approval, spec: ApprovalSpec, now: number): Elapsed {
  const reminders = before.reminders.filter((due) => due > now);
  const reminded = before.reminders.length - reminders.length;
  // Who had put it off stays known (`deferred`): at its end there is a reminder, and nothing more.
  const approval = reminded === 0 ? before : changed(before, { reminders });
  if (approval.expiresAt === null || now < approval.expiresAt) return { approval, reminded, expired: null };
  return { reminded, ...expired(approval, spec, now) };
}

function expired(approval: Approval, spec: ApprovalSpec, now: number): Pick<Elapsed, 'approval' | 'expired'> {
  const { onExpiry, escalate, expires } = spec;
  // Those who were asked instead have not decided either.
  const then = onExpiry === 'escalate' && approval.escalations > 0 ? 'fail' : onExpiry;
  if (then === 'wait') return { expired: then, approval: changed(approval, { expiresAt: null, reminders: [] }) };
  if (then === 'escalate') {
    const more = {
      ...(escalate ?? { users: [], roles: [] }),
      // Those who had voted had not decided: it is asked anew.
      votes: [],
      status: 'pending',
      claimed: null,
      delegated: null,
      deferred: null,
      escalations: approval.escalations + 1,
      expiresAt: expires === null ? null : now + expires,
    } as const;
    return { expired: then, approval: changed(approval, more) };
  }
  const made: Resolution = {
    decision: then === 'fail' ? 'expire' : then,
    by: null,
    onBehalfOf: null,
    comment: null,
    form: null,
    value: then === 'approve' ? approval.proposed : null,
    at: now,
    deciders: [],
    isOverride: false,
  };
  const resolution = { ...made, deciders: decidersIn({ ...approval, resolution: made }) };
  return {
    expired: then,
    approval: changed(approval, { status: 'expired', claimed: null, deferred: null, reminders: [], resolution }),
  };
}

/** The same with something else in it, and the next version. */
export function changed(approval: Approval, more: Partial<Approval>): Approval {
  return { ...approval, ...more, version: approval.version + 1 };
}
