/** What a store, or what is kept in it, does not let happen. */
import { SignalboxError } from './base.ts';
import { abandonLine, known, sentence } from './wording.ts';

/** The store did not take a commit; its outcome counts as unknown (I3). */
export class CommitFailed extends SignalboxError<{ readonly runs: readonly string[]; readonly retryIn: number }> {
  readonly code = 'commit-failed';
  constructor(fields: { runs: readonly string[]; retryIn: number; reason: string }, cause?: unknown) {
    const which = fields.runs.length === 1 ? `run "${fields.runs[0]}"` : `${fields.runs.length} runs`;
    super(
      `The store did not commit a turn of ${which}: ${sentence(fields.reason)} Nothing was dispatched; the runs are read again and their messages repeated in ${fields.retryIn} ms.`,
      { runs: fields.runs, retryIn: fields.retryIn },
      cause,
    );
  }
}

/** Somebody else wrote to the run in between: its history does not end where this process thought (I2). */
export class CommitConflict extends SignalboxError<{
  readonly run: string;
  readonly expected: number;
  readonly found: number;
}> {
  readonly code = 'commit-conflict';
  constructor(fields: { run: string; expected: number; found: number }) {
    super(
      `Run "${fields.run}" was to go on after event ${fields.expected}, but its history ends at ${fields.found}. It is read again.`,
      fields,
    );
  }
}

/** Another process owns the run now (I2). What this one wanted to commit is dropped. */
export class LeaseLost extends SignalboxError<{
  readonly run: string;
  readonly owner: string;
  readonly fence: number;
}> {
  readonly code = 'lease-lost';
  constructor(fields: { run: string; owner: string; fence: number }) {
    const { run, owner, fence } = fields;
    // Nobody has a run that has ended, was let go of, or was deleted.
    const whose =
      owner === 'nobody'
        ? 'another process has had it since, and has ended it or let go of it. The turn of this process is dropped'
        : 'this process was taken for dead. Its turn is dropped, and the run goes on over there';
    super(
      `Run "${run}" belongs to ${owner} by now (fence ${fence}): ${whose}. If the process was only slow, give the box a longer "lease".`,
      fields,
    );
  }
}

/** The definition of an unfinished run was changed without a new version. */
export class DefinitionChanged extends SignalboxError<{
  readonly orchestrator: string;
  readonly version: string;
  readonly run: string;
  readonly gone: readonly string[];
  readonly come: readonly string[];
}> {
  readonly code = 'definition-changed';
  constructor(fields: {
    orchestrator: string;
    version: string;
    run: string;
    gone: readonly string[];
    come: readonly string[];
  }) {
    const { orchestrator, version, gone, come } = fields;
    const lines = [...gone.map((line) => `\n  - ${line}`), ...come.map((line) => `\n  + ${line}`)];
    const more = lines.length > 40 ? `\n  … and ${lines.length - 40} more` : '';
    super(
      `Orchestrator "${orchestrator}" has changed under version "${version}", and run "${fields.run}" is pinned to what it was, so it is not resumed. Give the changed definition a new version and hand both to createSignalbox, or bring the old one back. If nobody needs the run any more: ${abandonLine(fields.run)}.${lines.slice(0, 40).join('')}${more}`,
      fields,
    );
  }
}

/** An unfinished run needs a definition that this box was not given. */
export class DefinitionMissing extends SignalboxError<{
  readonly orchestrator: string;
  readonly version: string;
  readonly run: string;
  readonly known: readonly string[];
}> {
  readonly code = 'definition-missing';
  constructor(fields: { orchestrator: string; version: string; run: string; known: readonly string[] }) {
    super(
      `Run "${fields.run}" is pinned to version "${fields.version}" of orchestrator "${fields.orchestrator}", which this box was not given, so it is not resumed. ${known('orchestrators', fields.known)} Add the version to createSignalbox({ orchestrators: [...] }). If nobody needs the run any more: ${abandonLine(fields.run)}.`,
      fields,
    );
  }
}

/** Another process holds the file. */
export class StoreHeld extends SignalboxError<{ readonly store: string; readonly holder: string }> {
  readonly code = 'store-held';
  constructor(fields: { store: string; holder: string }) {
    super(
      `${fields.store} is open in another box: ${fields.holder}. One process at a time may write to it; end that one, or use a store that processes share.`,
      fields,
    );
  }
}

/** A store that was this box's, and is no more. */
export class StoreLost extends SignalboxError<{ readonly store: string; readonly reason: string }> {
  readonly code = 'store-lost';
  constructor(fields: { store: string; reason: string }) {
    super(
      `${fields.store} does not belong to this box any more: ${fields.reason} The box has ended its work; its unfinished runs go on with whoever has the store.`,
      fields,
    );
  }
}

/** A file or a server that cannot be used as a store. */
export class StoreUnusable extends SignalboxError<{ readonly store: string; readonly reason: string }> {
  readonly code = 'store-unusable';
  /** The fault will not pass by itself: a statement that the store does not know, a file that is corrupt. Asking again is of no use. */
  readonly isLasting: boolean;
  constructor(
    { store, reason, isLasting = false }: { store: string; reason: string; isLasting?: boolean },
    cause?: unknown,
  ) {
    super(`${store} cannot be used as a store: ${reason}`, { store, reason }, cause);
    this.isLasting = isLasting;
  }
}

/** The store will never commit what a message changes. The message is given back to whoever sent it; nothing was changed. */
export class CommitRefused extends SignalboxError<{ readonly run: string; readonly message: string }> {
  readonly code = 'commit-refused';
  constructor({ run, message, reason }: { run: string; message: string; reason: string }, cause?: unknown) {
    // What a body has done is not to be lost: its answer comes to something in any case.
    const then =
      message === 'answer'
        ? 'its step fails with this, or the answer is kept until the store takes one of them.'
        : 'the message is not repeated.';
    super(
      `The store does not commit what a message of type "${message}" changes in run "${run}", and would not the next time: ${sentence(reason)} Nothing was changed, and ${then}`,
      { run, message },
      cause,
    );
  }
}

/** A package that a store or the inspector needs is not installed. */
export class DriverMissing extends SignalboxError<{ readonly driver: string }> {
  readonly code = 'driver-missing';
  constructor(fields: { driver: string }, cause?: unknown) {
    const { driver } = fields;
    super(
      `${driver === 'ws' ? 'The server of the inspector' : 'The store'} needs the package "${driver}", which is not installed. Install it beside signalbox: npm install ${driver}`,
      fields,
      cause,
    );
  }
}

/** This Node is older than the package needs. */
export class NodeTooOld extends SignalboxError<{ readonly needed: string; readonly found: string }> {
  readonly code = 'node-too-old';
  constructor(fields: { needed: string; found: string }) {
    super(`signalbox needs Node ${fields.needed} or later; this is ${fields.found}.`, fields);
  }
}

/** A row that does not fit any more. */
export class RowUnreadable extends SignalboxError<{
  readonly store: string;
  readonly table: string;
  readonly row: string;
}> {
  readonly code = 'row-unreadable';
  constructor(fields: { store: string; table: string; row: string; reason: string }, cause?: unknown) {
    super(
      `${fields.store} has a row in "${fields.table}" (${fields.row}) that cannot be read: ${fields.reason}. Nothing was changed. Restore it from a backup, or fix the row by hand.`,
      fields,
      cause,
    );
  }
}
