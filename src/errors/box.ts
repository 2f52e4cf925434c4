/** What a box says of itself and of what it was given to call. */
import { SignalboxError } from './base.ts';
import { sentence } from './wording.ts';

/** The box was closed. */
export class BoxClosed extends SignalboxError {
  readonly code = 'box-closed';
  constructor() {
    super('This box is closed. What was committed is in the store; create a new box on it to go on.', {});
  }
}

/** A box was busy for very long, and whoever waited for it to settle gave up. Thrown by `signalbox/testing` alone. */
export class NeverSettled extends SignalboxError<{
  readonly box: string | null;
  readonly underWay: readonly string[];
  readonly patience: number;
}> {
  readonly code = 'never-settled';
  constructor(fields: { box?: string; what?: readonly string[]; patience: number; text: string }) {
    const { box = null, what = [], patience, text } = fields;
    const busy = what.length === 0 ? '' : `: ${what.join(', ')}`;
    super(
      `The box${box === null ? '' : ` ${box}`} was still busy after ${text} in which nothing came of it${busy}. ` +
        `Look at what its store waits for; if that only takes longer, raise "patience".`,
      { box, underWay: what, patience },
    );
  }
}

/** An executor did something else than to answer a job with an answer. */
export class ExecutorFailed extends SignalboxError<{ readonly key: string }> {
  readonly code = 'executor-failed';
  constructor({ key, did }: { key: string; did: string }, cause?: unknown) {
    super(
      `The executor ${did} for "${key}". It has to call answer({ ok: true, value }) or answer({ ok: false, error, sync }), once.`,
      { key },
      cause,
    );
  }
}

/** An answer that came late, twice, or for something unknown, and changed nothing (I5). Logged and counted. */
export class AnswerIgnored extends SignalboxError<{ readonly key: string; readonly why: 'late' | 'duplicate' }> {
  readonly code = 'answer-ignored';
  constructor(fields: { key: string; why: 'late' | 'duplicate' }) {
    const what = fields.why === 'late' ? 'came when nobody waited for it any more' : 'was the second for one attempt';
    super(`An answer for "${fields.key}" ${what}. It changed nothing.`, fields);
  }
}

/** A subscriber threw. Logged; it disturbs nothing else. */
export class SubscriberFailed extends SignalboxError<{ readonly event: string }> {
  readonly code = 'subscriber-failed';
  constructor(fields: { event: string; reason: string }, cause?: unknown) {
    super(
      `A subscriber of "${fields.event}" threw: ${sentence(fields.reason)} The run is not touched by it; catch what it throws.`,
      { event: fields.event },
      cause,
    );
  }
}

/** The engine itself is at fault: a state that must not be. Please report it. */
export class Impossible extends SignalboxError {
  readonly code = 'impossible';
  constructor(what: string, cause?: unknown) {
    super(`${what} This is a fault of signalbox; please report it with the run's history.`, {}, cause);
  }
}
