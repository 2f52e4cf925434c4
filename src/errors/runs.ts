/** How a run ends, and what is asked of one in vain. */
import { hide, revive, shorten } from '../traces.ts';
import { type ErrorRecord, SignalboxError } from './base.ts';
import { abandonLine, sentence } from './wording.ts';

/**
 * What `result()` rejects with when a run ended without a result. `failures` lists every step that failed; `cause` is what the
 * body threw, with its own name, message and stack, also if that was in another process.
 */
export class RunFailed extends SignalboxError<{
  readonly run: string;
  readonly status: string;
  readonly failures: readonly ErrorRecord[];
}> {
  readonly code = 'run-failed';
  readonly run: string;
  readonly status: string;
  /** The first failure: what made the run fail. */
  readonly error: ErrorRecord;
  readonly failures: readonly ErrorRecord[];
  constructor(fields: {
    run: string;
    orchestrator: string;
    status: string;
    error: ErrorRecord;
    failures: readonly ErrorRecord[];
  }) {
    const { run, status, error, failures } = fields;
    const more =
      failures.length > 1
        ? ` (and ${failures.length - 1} more: ${failures
            .slice(1, 6)
            .map((other) => other.path)
            .join(', ')}${failures.length > 6 ? ', …' : ''})`
        : '';
    super(
      `Run "${run}" of orchestrator "${fields.orchestrator}" ended ${status}: ${where(error)}${error.message}${more}`,
      { run, status, failures },
      revive(error),
    );
    this.run = run;
    this.status = status;
    this.error = error;
    this.failures = failures;
    hide(this, 'fields', 'error', 'failures');
    shorten(this);
  }
}

/** What `result()` rejects with when a run was cancelled. */
export class RunCancelled extends SignalboxError<{ readonly run: string; readonly reason: string | null }> {
  readonly code = 'run-cancelled';
  readonly run: string;
  readonly reason: string | null;
  constructor(fields: { run: string; reason: string | null }) {
    super(`Run "${fields.run}" was cancelled${fields.reason === null ? '' : `: ${fields.reason}`}.`, fields);
    this.run = fields.run;
    this.reason = fields.reason;
  }
}

/** No run has this id. */
export class RunUnknown extends SignalboxError<{ readonly run: string }> {
  readonly code = 'run-unknown';
  readonly run: string;
  constructor(fields: { run: string }) {
    super(`The store has no run "${fields.run}". Look at the id, and at which store this box was given.`, fields);
    this.run = fields.run;
  }
}

/** A run of this id exists and was started differently (S17). */
export class RunExists extends SignalboxError<{ readonly run: string; readonly differs: string }> {
  readonly code = 'run-exists';
  readonly run: string;
  constructor(fields: { run: string; differs: string }) {
    super(
      `Run "${fields.run}" exists already with another ${fields.differs}. Start under a new id, or with the ${fields.differs} that it was started with to get that run.`,
      fields,
    );
    this.run = fields.run;
  }
}

/** A run is to be deleted that has not ended. */
export class RunUnfinished extends SignalboxError<{
  readonly run: string;
  readonly status: string;
  readonly wanted: 'deleted' | 'undone' | 'rerun' | 'recorded';
}> {
  readonly code = 'run-unfinished';
  readonly run: string;
  constructor(fields: { run: string; status: string; wanted: 'deleted' | 'undone' | 'rerun' | 'recorded' }) {
    const { run, wanted } = fields;
    const hint =
      wanted === 'recorded'
        ? 'Wait for its end: await run.outcome()'
        : wanted === 'rerun'
          ? 'Wait for its end, or cancel it first: await run.cancel(); await run.outcome()'
          : wanted === 'undone'
            ? 'Cancel it, and have it undone with that: await run.cancel({ compensate: true })'
            : `Wait for its end, or cancel it first: await run.cancel(); await run.outcome(); await run.delete(). One that no box can go on with is ended by its rows alone: ${abandonLine(run)}`;
    super(`Run "${run}" is still "${fields.status}", and only a run that has ended can be ${wanted}. ${hint}.`, fields);
    this.run = run;
  }
}

/** The process that owns the run could not do what was asked of it. */
export class CommandFailed extends SignalboxError<{
  readonly run: string;
  readonly command: string;
  readonly error: ErrorRecord;
}> {
  readonly code = 'command-failed';
  constructor(fields: { run: string; command: string; error: ErrorRecord }) {
    super(
      `Run "${fields.run}" could not take the ${fields.command}: ${sentence(fields.error.message)} Nothing of it was done.`,
      fields,
    );
  }
}

/** What another process asks of a run lies in the store as nothing that this version can read. */
export class CommandUnreadable extends SignalboxError<{
  readonly command: string;
  readonly field: string;
  readonly wanted: string;
}> {
  readonly code = 'command-unreadable';
  constructor({ command, field, given, wanted }: { command: string; field: string; given: string; wanted: string }) {
    super(
      `A ${command} that was left for a run cannot be read: its "${field}" is ${given}, and ${wanted} belongs there. Bring the processes that share the store to the same version of signalbox.`,
      { command, field, wanted },
    );
  }
}

/** A run under this key is live, and there is to be no other one meanwhile. */
export class RunLive extends SignalboxError<{
  readonly run: string;
  readonly orchestrator: string;
  readonly key: string;
}> {
  readonly code = 'run-live';
  readonly run: string;
  constructor(fields: { run: string; orchestrator: string; key: string }) {
    const { run, orchestrator, key } = fields;
    super(
      `Run "${run}" of orchestrator "${orchestrator}" is live under the singleton key "${key}", so no other one was started. Wait for its end, or say what is to become of it: whenLive: 'join' or 'cancelOther'.`,
      fields,
    );
    this.run = run;
  }
}

/** What was asked of a run is not possible in its present state. */
export class CommandRefused extends SignalboxError<{
  readonly run: string;
  readonly command: string;
  readonly status: string;
  readonly allowed: readonly string[];
}> {
  readonly code = 'command-refused';
  constructor(fields: { run: string; command: string; status: string; allowed: readonly string[] }) {
    const { run, command, status, allowed } = fields;
    const can = allowed.length === 0 ? 'Nothing can be asked of it any more.' : `Possible now: ${allowed.join(', ')}.`;
    super(`Run "${run}" does not take "${command}": it is ${status}. ${can}`, { ...fields, allowed: [...allowed] });
  }
}

/** What somebody wanted to be done about a step is not possible as it stands. */
export class InterventionRefused extends SignalboxError<{
  readonly run: string;
  readonly command: string;
  readonly path: string;
  readonly why: string;
}> {
  readonly code = 'intervention-refused';
  constructor(fields: { run: string; command: string; path: string; why: string }) {
    super(`Nothing was done about run "${fields.run}" ("${fields.command}"): ${sentence(fields.why)}`, fields);
  }
}

/** No schedule has this id, or it has ended. */
export class ScheduleUnknown extends SignalboxError<{ readonly schedule: string }> {
  readonly code = 'schedule-unknown';
  readonly schedule: string;
  constructor(fields: { schedule: string }) {
    super(
      `There is no schedule "${fields.schedule}" any more, or there never was. Look at the id, at which store this box was given, and declare it: box.schedule("${fields.schedule}", { … }).`,
      fields,
    );
    this.schedule = fields.schedule;
  }
}

function where(error: ErrorRecord): string {
  // What fails the run itself, as its deadline does, is at no step.
  return error.path === undefined || error.path === '' ? '' : `step "${error.path}": `;
}
