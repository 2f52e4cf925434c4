/** What fails a step that has to do with other runs: a child run, a signal that it sends. */
import { type ErrorRecord, SignalboxError } from './base.ts';
import { show } from './thrown.ts';
import { sentence } from './wording.ts';

/** Which child run it was. Its error is the cause in the step's record. */
type ChildFields = { readonly run: string; readonly orchestrator: string };

/** A child run failed. */
export class ChildFailed extends SignalboxError<ChildFields> {
  readonly code = 'child-failed';
  constructor({ error, ...fields }: { run: string; orchestrator: string; error: ErrorRecord | null }) {
    const why = error === null ? 'It left no error.' : sentence(error.message);
    super(
      `Child run "${fields.run}" of orchestrator "${fields.orchestrator}" failed: ${why} Its own history says more.`,
      fields,
    );
  }
}

/** A child run came to the end of its time. */
export class ChildTimedOut extends SignalboxError<ChildFields> {
  readonly code = 'child-timed-out';
  constructor({ error, ...fields }: { run: string; orchestrator: string; error: ErrorRecord | null }) {
    const why = error === null ? '' : ` ${sentence(error.message)}`;
    super(
      `Child run "${fields.run}" of orchestrator "${fields.orchestrator}" ran out of time.${why} Give it more, or do less in it.`,
      fields,
    );
  }
}

/** A child run was cancelled, and not by its parent. */
export class ChildCancelled extends SignalboxError<ChildFields & { readonly reason: string | null }> {
  readonly code = 'child-cancelled';
  constructor(fields: { run: string; orchestrator: string; reason: string | null }) {
    const why = fields.reason === null ? '' : `: ${fields.reason}`;
    super(
      `Child run "${fields.run}" of orchestrator "${fields.orchestrator}" was cancelled${why}. The step that waited for it has no output.`,
      fields,
    );
  }
}

/** A child run would stand deeper below the first run of its family than its step allows. */
export class ChildTooDeep extends SignalboxError<{ readonly orchestrator: string; readonly depth: number }> {
  readonly code = 'child-too-deep';
  constructor(fields: { orchestrator: string; depth: number }) {
    super(
      `A child run of orchestrator "${fields.orchestrator}" would be more than ${fields.depth} runs below the first one of its family. End the recursion sooner, or give the step a greater "depth".`,
      fields,
    );
  }
}

/** How many answers a message lists. */
const LISTED = 10;

/** A machine was started without a box, and one of its steps needs other runs, or what a store has of them. */
export class BoxMissing extends SignalboxError<{ readonly what: string }> {
  readonly code = 'box-missing';
  constructor(fields: { what: string }) {
    super(`A machine without a box cannot ${fields.what}. Start the orchestrator in a box: box.start(…).`, fields);
  }
}

/** A signal that somebody had to take was taken by nobody. */
export class SignalUnheard extends SignalboxError<{ readonly signal: string; readonly answers: readonly string[] }> {
  readonly code = 'signal-unheard';
  constructor(fields: { signal: string; to: string; answers: readonly string[] }) {
    const { signal, to, answers } = fields;
    const said = answers.length === 0 ? 'No run waits for it.' : answers.slice(0, LISTED).join(' ');
    const more = answers.length > LISTED ? ` (and ${answers.length - LISTED} more)` : '';
    super(
      `Nobody took signal ${show(signal)}, which was sent to ${to}: ${said}${more} Send it when somebody waits, or leave out "required".`,
      { signal, answers: answers.slice(0, LISTED) },
    );
  }
}
