/**
 * A handle on one run: ask it, follow it, cancel it. It holds an id and nothing of the run
 * itself, so it is as good after a crash as before, and any number of them may exist.
 *
 * It has over 400 lines because it is one class, with a method for each thing that can be asked and a word on each.
 */
import {
  BoxClosed,
  CommandRefused,
  type ErrorRecord,
  InvalidOption,
  RunCancelled,
  RunFailed,
  RunUnfinished,
  RunUnknown,
} from '../errors/index.ts';
import type { ReadEvent } from '../events.ts';
import { COMMAND } from '../core/audit.ts';
import type { CancelMessage, PauseMessage } from '../core/message.ts';
import { allowedIn, type CommandName } from '../commands/index.ts';
import { randomIds } from '../ids.ts';
import { type Json, toJson } from '../json.ts';
import type { Clock } from '../clock.ts';
import type { Kinds } from '../core/kind.ts';
import type { Plan } from '../definition.ts';
import type { RunRow, Store } from '../store.ts';
import { isFailure, isTerminal, type Status } from '../status.ts';
import { MAX_TEXT } from '../text.ts';
import { ask, askOptions } from '../checks.ts';
import { allowedAt, checkPath, intervene, type InterventionOptions } from './interventions.ts';
import type { AttemptRecord } from '../views/attempts.ts';
import type { DiagramFormat, DiagramOf } from '../charts/diagram.ts';
import {
  diagramOfRun,
  type ExplainOptions,
  type ExplanationOf,
  explainRun,
  type Inspected,
  inspectedRun,
  type RunDiagramOptions,
  runAtEvent,
  type TimelineFormat,
  type TimelineIn,
  type TimelineOptions,
  timelineOfRun,
} from './seeing.ts';
import type { RunAt } from '../views/at.ts';
import type { Abandon } from './ownership/abandon.ts';
import type { ApprovalsPage, ApprovalsQuery } from '../views/approvals.ts';
import type { RunExport } from '../views/export.ts';
import type { Followers } from '../views/followers.ts';
import { rerun, type RerunOptions } from './reruns.ts';
import type { AskRun } from './ownership/requests.ts';
import {
  ASKER_KEYS,
  type AskerOptions,
  askerIn,
  isText,
  keepDone,
  keepRefused,
  orRefused,
  commandRecord,
  sendFor,
  type Wanted,
} from './audit.ts';
import type { Deletions } from './deletions.ts';
import type { AuditRecord } from '../views/audit.ts';
import type { AnyPlaces, AnySignals, PathAmong, SignalArguments } from '../dsl/index.ts';
import { decideAt, type DecidePort, type DecisionAt } from './decisions.ts';
import type { ApprovalAnswer } from '../people.ts';
import type { DecideOptions } from './approvals.ts';
import type { Starts } from './starts.ts';
import type { SignalAnswer } from '../core/signals.ts';
import type { RedactionGate } from '../views/gate.ts';
import type { InterventionRecord } from '../views/interventions.ts';
import type { RunSummary } from '../views/list.ts';
import { isCancelled, isUndoing, type Outcome } from '../views/outcome.ts';
import type { QueuedForOf } from '../views/waiting-for.ts';
import type { RunSnapshot } from '../views/snapshot.ts';

/** What a handle needs of the box that gave it. */
export interface RunContext {
  readonly store: Store;
  /** Hands a request to a run, whoever owns it. */
  readonly command: AskRun;
  readonly maxValueBytes: number;
  readonly followers: Followers;
  /** Through which all leaves that is told of the run. */
  readonly gate: RedactionGate;
  readonly abandon: Abandon;
  /** Who has deleted runs. */
  readonly deletions: Deletions;
  /** Starts runs that have to do with this one: what undoes it, or takes over from it. */
  readonly starts: Starts;
  readonly clock: Clock;
  /** Is the run in memory in this process? */
  readonly holds: (run: string) => boolean;
  readonly kinds: Kinds;
  readonly approvals: (query: ApprovalsQuery) => Promise<ApprovalsPage>;
  readonly decide: DecidePort['decide'];
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** The limit that an attempt stands in line for in this process. */
  readonly queuedFor: QueuedForOf;
  /** What time it is, in milliseconds since 1970. */
  readonly now: () => number;
}

/** How a run is cancelled, by whom, and why. */
export interface CancelOptions extends AskerOptions {
  /** What has completed is undone, the last step first, before the run ends (S13). */
  readonly compensate?: boolean;
  /** Nothing is waited for: cleanups and compensations that are under way are cut short. */
  readonly force?: boolean;
}

/** How a signal is sent, and by whom. */
export interface SignalOptions extends Pick<AskerOptions, 'by'> {
  /** Tells the signal from all others to the same run. Left out: it is a new one. */
  readonly id?: string;
}

const MAX_SIGNAL_TEXT = 200;

function checkText(option: string, value: unknown): void {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_SIGNAL_TEXT) return;
  throw new InvalidOption({ option, value, expected: `a string of 1 to ${MAX_SIGNAL_TEXT} characters` });
}

function checkReason(reason: unknown): void {
  if (isText(reason)) return;
  throw new InvalidOption({ option: 'reason', value: reason, expected: `a string of 1 to ${MAX_TEXT} characters` });
}

/** What comes without an id gets one that no other has: ids that a box is given for its runs may come twice. */
function idAmong(options: SignalOptions): string {
  const { id = randomIds() } = options;
  checkText('id', id);
  return id;
}

/** The number of the event that is asked for the next of. */
function afterIn(what: string, options: { readonly after?: number }, known: readonly string[] = ['after']): number {
  askOptions(what, options, known);
  const { after } = options;
  ask('after', after, 'the number of an event, a whole number from 0 on', (value) => {
    return Number.isSafeInteger(value) && (value as number) >= 0;
  });
  return after ?? 0;
}

/** A handle on a run. `Output` is what its orchestrator results in, `Signals` what it waits for, `Places` where it asks people, by name. */
export class Run<Output = Json, Signals = AnySignals, Places = AnyPlaces> {
  readonly id: string;
  readonly #context: RunContext;

  /** @internal Handles are given by `box.start` and `box.run`. */
  constructor(id: string, context: RunContext) {
    this.id = id;
    this.#context = context;
  }

  /** The run's output, once it has one. Rejects with `RunFailed`, `RunCancelled`, `RunUnknown` or `BoxClosed`. */
  async result(): Promise<Output> {
    const { gate } = this.#context;
    const { row, failures } = await this.#ended<{ readonly failures: readonly ErrorRecord[] }>((_, store, row) =>
      hasFailures(row.status) ? failuresOf(gate, store, row) : { failures: [] },
    );
    if (row.status === 'completed' || (isUndoing(row) && row.status === 'compensated')) return row.output as Output;
    if (isCancelled(row)) throw new RunCancelled({ run: this.id, reason: gate.text(row.reason, row) });
    const error = gate.error(row.error, row) ??
      failures[0] ?? { code: 'impossible', name: 'Error', message: 'it left no error' };
    throw new RunFailed({ run: this.id, orchestrator: row.orchestrator, status: row.status, error, failures });
  }

  /** How the run ended, well or not; never rejects because of the run itself. */
  async outcome(): Promise<Outcome<Output>> {
    const { kinds, gate } = this.#context;
    const { made } = await this.#ended(async (_, store, row) => ({ made: await gate.outcome(store, row, kinds) }));
    return made as Outcome<Output>;
  }

  /** As the store has it: a run whose every live step waits for a signal, a timer or a person is `waiting`. */
  async status(): Promise<Status> {
    return (await this.#row()).status;
  }

  /** What can be asked of the run as it stands now, or done about a step of it: the names of commands. Another process may be faster. */
  async allowed(path?: string): Promise<readonly CommandName[]> {
    if (path !== undefined) ask('path', path, 'the path of a step', isText);
    const row = await this.#row();
    return path === undefined ? allowedIn(row.status) : allowedAt(this.#context, row, path);
  }

  /** Every track and step with its status, attempts and times, as the store has them. */
  async snapshot(): Promise<RunSnapshot> {
    const { store, gate, kinds, queuedFor } = this.#context;
    return this.#whole((row) => gate.snapshot(store, row, { kinds, queuedFor }));
  }

  /**
   * The definition of the run as a picture, with the run upon it: `svg`, if nothing is said, `mermaid`, `text` for a terminal, or `data`.
   * A run with very many items is drawn from counts.
   */
  async diagram<F extends DiagramFormat = 'svg'>(options: RunDiagramOptions<F> = {}): Promise<DiagramOf<F>> {
    return this.#whole((row) => diagramOfRun(this.#context, row, options));
  }

  /**
   * Why the run stands where it stands: of each live step what it waits for, since when, until when, what would move it and what may be
   * done about it; of what has not begun, why. `says` is one sentence for a person, and `format: 'text'` all of it.
   *
   * @example
   * console.log((await run.explain()).says); // waiting for signal "paid" since 2 h; times out in 46 h (payment/paid)
   */
  async explain<F extends 'data' | 'text' = 'data'>(options: ExplainOptions<F> = {}): Promise<ExplanationOf<F>> {
    return this.#whole((row) => explainRun(this.#context, row, options));
  }

  /**
   * The run in time, of its history: when each track and step ran, waited and was tried again, and how long every part of the definition
   * has spent in which status. `data`, if nothing is said, `svg`, `text`, or `mermaid` for a sequence diagram.
   */
  async timeline<F extends TimelineFormat = 'data'>(options: TimelineOptions<F> = {}): Promise<TimelineIn<F>> {
    return this.#whole((row) => timelineOfRun(this.#context, row, this.history(), options));
  }

  /** The run as it stood after event `seq`: the fold of its history, and of its rows what cannot have changed since. `notKept` names the rest. */
  async at(seq: number): Promise<RunAt> {
    return this.#whole((row) => runAtEvent(this.#context, row, this.history(), seq));
  }

  /** @internal For `signalbox/inspect`: how it stands upon its definition, from counts if there is much of it. */
  async inspected(): Promise<Inspected> {
    return this.#whole((row) => inspectedRun(this.#context, row));
  }

  /** Everything that the store has of the run, as one JSON document: `JSON.stringify(await run.export(), null, 2)`. */
  async export(): Promise<RunExport> {
    const { store, gate, kinds, queuedFor } = this.#context;
    return this.#whole((row) => gate.export(store, row, { kinds, queuedFor }));
  }

  /** The runs that this run has started, in the order in which it did; `box.runs({ parent })` has them by the page. */
  async *children(): AsyncGenerator<RunSummary, void, undefined> {
    await this.#row();
    yield* this.#context.gate.children(this.#context.store, this.id);
  }

  /**
   * Events from number `after` on, as they come, until the run ends or `signal` is aborted. Each exactly once, in order. Throws `RunUnknown`
   * if the run is deleted meanwhile.
   */
  async *events(
    options: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ReadEvent, void, undefined> {
    const after = afterIn('events', options, ['after', 'signal']);
    const { signal } = options;
    ask('signal', signal, 'an AbortSignal', (value) => value instanceof AbortSignal);
    yield* this.#context.followers.read(await this.#row(), after, true, signal);
  }

  /** The events that there are, from number `after` on; ends where the history ends now. */
  async *history(options: { readonly after?: number } = {}): AsyncGenerator<ReadEvent, void, undefined> {
    const after = afterIn('history', options);
    yield* this.#context.followers.read(await this.#row(), after, false);
  }

  /** @internal For `programState`: of what it has taken over, what was told in the runs in which that ended, the oldest first. */
  async *taken(): AsyncGenerator<ReadEvent, void, undefined> {
    const { gate, store, followers } = this.#context;
    for (const { row, has } of [...(await gate.taken(store, await this.#row()))].reverse())
      for await (const event of followers.read(row, 0, false)) if (has(event.path)) yield event;
  }

  /**
   * Ends the run and everything below it (S14): running bodies are told by their signal, what
   * has not begun is skipped. Resolves when the cancel is committed; `result()` tells when all
   * is over. Cancelling a run that has ended, or is being cancelled, changes nothing; one that is being undone is undone to
   * the end, unless it is forced.
   *
   * @example
   * await run.cancel({ reason: 'the customer called', compensate: true });
   */
  async cancel(options: CancelOptions = {}): Promise<void> {
    askOptions('cancel', options, [...ASKER_KEYS, 'compensate', 'force']);
    const { compensate = false, force = false } = options;
    ask('compensate', compensate, 'true or false', isBoolean);
    ask('force', force, 'true or false', isBoolean);
    const asker = askerIn('cancel', options);
    const { reason } = asker;
    const message: CancelMessage & Wanted = { type: 'cancel', reason, compensate, force, asker };
    await this.#ask(message, async () => ((await this.#context.command(this.id, message)) ? null : 'ended'));
  }

  /**
   * Pauses the run (S15): what is under way may end, and nothing begins, no retry either, also after a restart. Timers that fall due
   * meanwhile act when it is resumed. Pausing a paused run changes nothing; one that has ended, is cancelled or undone, is refused.
   */
  async pause(options: AskerOptions = {}): Promise<void> {
    await this.#hold('pause', options);
  }

  /** Lets a paused run go on. One that is not paused goes on anyway. */
  async resume(options: AskerOptions = {}): Promise<void> {
    await this.#hold('resume', options);
  }

  async #hold(type: PauseMessage['type'], options: AskerOptions): Promise<void> {
    askOptions(type, options, ASKER_KEYS);
    const message: PauseMessage & Wanted = { type, refused: null, asker: askerIn(type, options) };
    const refused = await this.#ask(message, async () => {
      return (await this.#context.command(this.id, message)) ? message.refused : 'ended';
    });
    if (refused === null) return;
    throw new CommandRefused({ run: this.id, command: type, status: refused, allowed: allowedIn(refused) });
  }

  /** Has it done, and on record if it is refused (S39). Answers with the status that it is refused for; null if it is not. */
  async #ask(wanted: Wanted, work: () => Promise<Status | 'ended' | null>): Promise<Status | null> {
    const { status: before } = await this.#row();
    const came = await orRefused(this.#context, this.id, wanted, before, work);
    if (came === null) return null;
    const status = came === 'ended' ? (await this.#row()).status : came;
    await keepRefused(this.#context, this.id, wanted, status, `the run is ${status}`);
    return status;
  }

  /** Every attempt at a step, the first one first, with its input, its output or error, and its times (S10). Costs what a snapshot costs. */
  async attempts(path: string): Promise<readonly AttemptRecord[]> {
    checkPath(path);
    const { store, kinds, gate } = this.#context;
    return this.#whole((row) => gate.attempts(store, row, kinds, path));
  }

  /** Tries a step again that stands still (S16), perhaps with another input. Its attempts go on counting. */
  async retry(path: string, options: InterventionOptions & { readonly input?: unknown }): Promise<void> {
    await intervene(this.#context, await this.#row(), 'retry', path, options);
  }

  /** Skips a step that stands still, waits or has not begun: what comes after it goes on, with `null` or with the output that is given. */
  async skip(path: string, options: InterventionOptions & { readonly output?: unknown }): Promise<void> {
    await intervene(this.#context, await this.#row(), 'skip', path, options);
  }

  /** Says what a step that stands still results in. It has to be an output of its task. */
  async resolve(path: string, options: InterventionOptions & { readonly output: unknown }): Promise<void> {
    await intervene(this.#context, await this.#row(), 'resolve', path, options);
  }

  /**
   * Makes a new run of one that has ended: it takes over what had finished before a step, and goes on from there (S16). Resolves once that
   * is committed. This run stays as it ended; the new one says `rerunOf`, and `box.runs({ rerunOf })` finds it.
   *
   * @example
   * const again = await run.rerun({ from: 'payment/charge', reason: 'the bank was down', id: 'order-17-again' });
   */
  async rerun(options: RerunOptions): Promise<Run<Output, Signals, Places>> {
    return new Run(await rerun(this.#context, await this.#row(), options), this.#context);
  }

  /** Every attempt to intervene, refused ones too, in the order in which they were made. */
  async *interventions(): AsyncGenerator<InterventionRecord, void, undefined> {
    yield* this.#context.gate.interventions(this.#context.store, await this.#row());
  }

  /** What people were asked in this run, a page at a time: all of it, or what `query` says. */
  async approvals(query: Omit<ApprovalsQuery, 'run'> = {}): Promise<ApprovalsPage> {
    await this.#row();
    return this.#context.approvals({ status: 'any', ...query, run: this.id });
  }

  /**
   * As `box.decide`, to what is asked at a path: to the last approval there, or to the one whose number is said (`payment/release#2`). What can
   * be decided there, and what comes with it, is known by the orchestrator that the run was started with.
   *
   * @example
   * await run.decide('payment/release', { decision: 'edit', patch: { cents: 4000 }, by: 'tom', roles: ['finance'] });
   */
  async decide<const P extends string>(
    path: PathAmong<P, Places>,
    options: DecisionAt<NoInfer<P>, Places>,
  ): Promise<ApprovalAnswer> {
    if (this.#context.followers.closed) throw new BoxClosed();
    return decideAt(this.#context, this.id, path, options as DecideOptions);
  }

  /**
   * Undoes what a run that has ended has done: whatever has completed in it, and can be undone (S13). That is a run of its own, which is
   * answered: `await (await run.compensate()).outcome()`. This one stays as it ended. Asked twice, it is undone once;
   * asked again when something could not be undone, another run tries that again.
   *
   * @example
   * const undoing = await box.run('order-17').compensate();
   * const { compensation } = await undoing.outcome();
   */
  async compensate(options: AskerOptions = {}): Promise<Run<null>> {
    askOptions('compensate', options, ASKER_KEYS);
    const wanted = { asker: askerIn('compensate', options) };
    const row = await this.#row();
    const { run, status } = row;
    const record = commandRecord(
      wanted,
      { at: this.#context.now(), before: status, after: status, refused: null },
      { of: run },
    );
    const undo = (): Promise<string> => this.#context.starts.undo(row, [record]);
    const undoing = await orRefused(this.#context, run, wanted, status, undo);
    if ((await this.#context.store.readRecord(undoing, COMMAND, record.id)) === null)
      await keepRefused(this.#context, run, wanted, status, `run "${undoing}" undoes it, or has undone it`);
    return new Run(undoing, this.#context);
  }

  /**
   * Every command that somebody has given to the run, refused ones too, in the order in which they came: who, when, what, why, and how
   * the run, or the step, stood before and after (S39). Of a run that was deleted, who has deleted it, if that was said.
   *
   * @example
   * for await (const { type, by, reason, refused } of run.audit()) console.log(by, type, reason, refused ?? 'done');
   */
  async *audit(): AsyncGenerator<AuditRecord, void, undefined> {
    const { followers, store, gate } = this.#context;
    if (followers.closed) throw new BoxClosed();
    yield* gate.audit(store, this.id);
  }

  /**
   * Sends the run a signal. A step that waits for it, and that it fits, takes it; one that nobody waits for yet is kept.
   * Resolves once that is committed, with what came of it: `accepted`, `buffered`, `refused` (and why), `noSuchRun`.
   *
   * Give it an `id` if it may be sent twice: the second time is answered as the first one was, and changes nothing (S17).
   *
   * @example
   * const { answer } = await run.signal('confirm', { id: '17' }, { id: request.headers['idempotency-key'] });
   */
  async signal<const K extends keyof Signals & string>(
    name: K,
    ...[payload = null as never, options = {}]: SignalArguments<Signals[K], SignalOptions>
  ): Promise<SignalAnswer> {
    const { maxValueBytes, followers } = this.#context;
    checkText('name', name);
    askOptions('options', options, ['id', 'by']);
    const id = idAmong(options);
    const asker = askerIn('signal', options);
    const value = toJson(payload, `payload of signal "${name}"`, maxValueBytes);
    if (followers.closed) throw new BoxClosed();
    const said = { id, name, payload: value, asker } as const;
    return sendFor(this.#context, this.id, { type: 'signal', ...said, answer: null, known: false });
  }

  /**
   * Ends the run by its rows alone, as `cancelled` (S18), whatever it does and whoever owns it: also one whose definition is gone or has
   * changed, which nothing else can end. No compensation and no cleanup runs; a process that is at work on it is told by its
   * next commit, or sooner, and its bodies are aborted. Afterwards the run can be deleted. False if the run had ended before.
   *
   * @example
   * await box.run('order-17').abandon({ reason: 'version 3 was never released' });
   */
  async abandon(options: AskerOptions & { readonly reason: string }): Promise<boolean> {
    askOptions('abandon', options ?? {}, ASKER_KEYS);
    checkReason(options?.reason);
    const { reason } = options;
    const wanted = { asker: askerIn('abandon', options) };
    const { status } = await this.#row();
    const isDone = await orRefused(this.#context, this.id, wanted, status, () =>
      this.#context.abandon(this.id, reason),
    );
    if (isDone) await keepDone(this.#context, this.id, wanted, status, 'cancelled');
    else await keepRefused(this.#context, this.id, wanted, status, `the run has ended`);
    return isDone;
  }

  /**
   * Deletes the run, which has to have ended, with all that the store has of it: steps, attempts, events, signals, and its
   * key. False if there is no such run, or none any more. One that has not ended is refused with `RunUnfinished`.
   * Any box of the store may do it, and afterwards start a run under the same id or key, which is a new one (P130).
   */
  async delete(options: AskerOptions = {}): Promise<boolean> {
    const { followers, store } = this.#context;
    askOptions('delete', options, ASKER_KEYS);
    const wanted = { asker: askerIn('delete', options) };
    if (followers.closed) throw new BoxClosed();
    const row = await store.readRun(this.id);
    if (row === null) return false;
    await orRefused(this.#context, this.id, wanted, row.status, async () => {
      if (!isTerminal(row.status)) throw new RunUnfinished({ run: this.id, status: row.status, wanted: 'deleted' });
    });
    // What the run has goes with it: who has deleted it is kept elsewhere, and before, so that nothing is gone of which nobody knows why.
    if (wanted.asker.by !== null) await this.#context.deletions.keep(row, wanted);
    // An end is never taken back (I5): if there is nothing to delete by now, somebody else was faster.
    const deleted = await store.deleteRun(this.id);
    if (deleted) followers.deleted(this.id);
    return deleted;
  }

  /** What `read` makes of the run. One that is deleted while it is read, piece by piece, is unknown, and not half there. */
  async #whole<T>(read: (row: RunRow) => Promise<T>): Promise<T> {
    for (;;) {
      const row = await this.#row();
      const made = await read(row);
      if (await this.#isStill(row)) return made;
    }
  }

  /** Not if it was deleted and begun anew: then what was read since may be of two runs. */
  async #isStill({ startedAt }: RunRow): Promise<boolean> {
    return (await this.#row()).startedAt === startedAt;
  }

  async #row(): Promise<RunRow> {
    if (this.#context.followers.closed) throw new BoxClosed();
    const row = await this.#context.store.readRun(this.id);
    if (row === null) throw new RunUnknown({ run: this.id });
    return row;
  }

  /** The run's row once it has ended, and what `read` asks of the store beside it. */
  async #ended<T extends object>(
    read: (run: string, store: Store, row: RunRow) => Promise<T> | T,
  ): Promise<{ readonly row: RunRow } & T> {
    const { followers, store, holds } = this.#context;
    if (followers.closed) throw new BoxClosed();
    return followers.ended(this.id, holds(this.id), async (told) => {
      const row = told ?? (await this.#row());
      if (!isTerminal(row.status)) return null;
      const more = read(this.id, store, row);
      if (!(more instanceof Promise)) return { row, ...more };
      const found = await more;
      return (await this.#isStill(row)) ? { row, ...found } : null;
    });
  }
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function hasFailures(status: Status): boolean {
  return isFailure(status) || status === 'compensated';
}

async function failuresOf(
  gate: RedactionGate,
  store: Store,
  row: RunRow,
): Promise<{ readonly failures: readonly ErrorRecord[] }> {
  return { failures: await gate.failures(store, row) };
}
