/** What fails a step because of what people decided, or did not. */
import { SignalboxError } from './base.ts';
import { sentence } from './wording.ts';

/** Somebody said no. */
export class ApprovalRejected extends SignalboxError<{
  readonly approval: string;
  readonly by: string | null;
  readonly comment: string | null;
}> {
  readonly code = 'approval-rejected';
  constructor(fields: { approval: string; by: string | null; comment: string | null }) {
    const { approval, by, comment } = fields;
    const why = comment === null ? '' : `: ${sentence(comment)}`;
    super(
      by === null
        ? `Approval "${approval}" counts as rejected, because nobody decided it in time ("onExpiry: 'reject'").`
        : `"${by}" rejected approval "${approval}"${why === '' ? '.' : why}`,
      fields,
    );
  }
}

/** Nobody decided in time. */
export class ApprovalExpired extends SignalboxError<{ readonly approval: string; readonly asked: readonly string[] }> {
  readonly code = 'approval-expired';
  /** `asked` are the users and roles that were asked, before an escalation, too. The rest is what the definition says already. */
  constructor({
    isEscalated = false,
    isReminded = false,
    hasRule = false,
    ...fields
  }: { approval: string; asked: readonly string[]; isEscalated?: boolean; isReminded?: boolean; hasRule?: boolean }) {
    const who = fields.asked.length === 0 ? 'Nobody' : `None of those who were asked (${fields.asked.join(', ')})`;
    const what = [
      'Give it longer ("expires")',
      ...(isReminded ? [] : ['remind them ("remind")']),
      ...(hasRule ? [] : ['say with "onExpiry" what is to happen without a decision']),
    ];
    const after = isEscalated ? ', also after it was escalated' : '';
    const last = what.length === 1 ? '' : `${what.length > 2 ? ',' : ''} or ${what.at(-1)}`;
    const ways = `${what.slice(0, Math.max(1, what.length - 1)).join(', ')}${last}`;
    super(`${who} decided approval "${fields.approval}" in time${after}. ${ways}.`, fields);
  }
}

/** Those who are asked and not excluded are too few to decide. */
export class ApprovalImpossible extends SignalboxError<{
  readonly approval: string;
  readonly approvals: number;
  readonly users: readonly string[];
  readonly excluded: readonly string[];
}> {
  readonly code = 'approval-impossible';
  constructor(fields: { approval: string; approvals: number; users: readonly string[]; excluded: readonly string[] }) {
    const { approval, approvals, users, excluded } = fields;
    const votes = approvals === 1 ? '1 vote' : `votes of weight ${approvals}`;
    super(
      `Approval "${approval}" takes ${votes}, which cannot come together: asked are ${users.join(', ')}, and excluded are ${excluded.join(', ')}. Ask more people, or exclude fewer.`,
      fields,
    );
  }
}

/** Something that a gate requires is missed. */
export class GateRejected extends SignalboxError<{ readonly gate: string; readonly missed: string }> {
  readonly code = 'gate-rejected';
  /** `missed` is all that is missed, in words. */
  constructor(fields: { gate: string; missed: string }) {
    super(
      `Gate "${fields.gate}" is closed: ${fields.missed}. Mend that and measure again (run.retry(path, { input: values })), or have somebody let it pass (box.decide).`,
      fields,
    );
  }
}

/** An approval excludes whoever has started the run, and nobody knows who that is. */
export class InitiatorUnknown extends SignalboxError<{ readonly approval: string }> {
  readonly code = 'initiator-unknown';
  constructor(fields: { approval: string }) {
    super(
      `Approval "${fields.approval}" excludes whoever has started the run, and its metadata do not say who that is. Start it with metadata: { initiator: 'mia' }.`,
      fields,
    );
  }
}
