/** What is left when a run was to be undone and could not be, wholly (S13). */
import { SignalboxError } from './base.ts';

/** So many steps that could not be undone are named. */
const MOST_NAMED = 100;

/** Some of what a run has done is still in effect. */
export class CompensationIncomplete extends SignalboxError<{
  readonly failed: readonly string[];
  readonly failures: number;
}> {
  readonly code = 'compensation-incomplete';
  /** `reason` is why nothing could be undone. */
  constructor({ failed, failures, reason }: { failed: readonly string[]; failures: number; reason?: string }) {
    super(reason === undefined ? unfinished(failed, failures) : unread(reason), { failed: [...failed], failures });
  }
}

function unfinished(failed: readonly string[], failures: number): string {
  const steps = failures === 1 ? '1 completed step' : `${failures} completed steps`;
  const named = failed.slice(0, MOST_NAMED);
  const more = failures > named.length ? `, and ${failures - named.length} more` : '';
  return `${steps} could not be undone: ${named.join(', ')}${more}. Mend what the errors say: run.compensate() tries again what is left.`;
}

function unread(reason: string): string {
  return `What has completed could not be read, and was not undone: ${reason} Undo it by run.compensate().`;
}

/** Somebody did not want to wait for the end of a compensation. */
export class CompensationCut extends SignalboxError {
  readonly code = 'compensation-cut';
  constructor() {
    super('The compensation was cut short by a cancel with "force". It may have had its effect: look where.', {});
  }
}
