/** Runs that come from elsewhere: an export that is not taken, a state file that cannot be read. */
import { SignalboxError } from './base.ts';
import { sentence } from './wording.ts';

/** What was to be imported is not a run that this box can keep. */
export class ImportRefused extends SignalboxError<{
  readonly run: string | null;
  readonly at: string;
  readonly why: string;
}> {
  readonly code = 'import-refused';
  /** `at` is the place in the document; empty for the whole of it. */
  constructor(fields: { run: string | null; at: string; why: string }) {
    const { run, at, why } = fields;
    const what = run === null ? 'This' : `Run "${run}"`;
    super(`${what} was not imported: ${at === '' ? '' : `${at}: `}${sentence(why)} Nothing of it was kept.`, fields);
  }
}

/** A state file, and the one before it, cannot be read. */
export class StateFileUnusable extends SignalboxError<{
  readonly file: string;
  readonly reasons: readonly { readonly file: string; readonly reason: string }[];
}> {
  readonly code = 'state-file-unusable';
  constructor(fields: { file: string; reasons: readonly { readonly file: string; readonly reason: string }[] }) {
    const each = fields.reasons.map(({ file, reason }) => `${file}: ${reason}`).join('; ');
    super(
      `No run can be restored from the state file ${fields.file}: ${sentence(each)} Look at the path, or restore a backup.`,
      { ...fields, reasons: [...fields.reasons] },
    );
  }
}

/** A state file cannot be written. The run goes on all the same. */
export class StateFileUnwritten extends SignalboxError<{ readonly file: string; readonly reason: string }> {
  readonly code = 'state-file-unwritten';
  constructor(fields: { file: string; reason: string }, cause?: unknown) {
    super(
      `State file ${fields.file} could not be written: ${sentence(fields.reason)} The run goes on, the file is as it was, and it is tried again.`,
      fields,
      cause,
    );
  }
}
