/**
 * A run as one JSON document: everything that the store has of it, for people, archives and bug reports, and for a box with another
 * store, which goes on with it (`box.import`). For that all of it has to be of one moment.
 */
import { recordTypesOf } from '../core/record-types.ts';
import type { WaitingFor } from '../core/effect.ts';
import type { RunEvent } from '../events.ts';
import { type Json, sameJson } from '../json.ts';
import type { ActorRow, AttemptRow, OpenRun, RecordRow, RunRow, SignalRow, Store } from '../store.ts';
import { type Around, attemptsByPath, waitingFor } from './waiting-for.ts';

/** A row of the run's own place, a track or a step, and what it waits for: null once it has ended. */
export type ExportedStep = ActorRow & { readonly waitingFor: WaitingFor | null };

/** What a box needs to go on with a run, beside what is there to be read. */
export interface ForImport {
  /** Grows when a box that knows less would make another run of it. */
  readonly version: 1;
  /** Signals that steps have taken: one that comes again is known by its id (S17). */
  readonly taken: readonly SignalRow[];
  /** Approvals, decisions, interventions and whatever else is kept beside steps and events. */
  readonly records: readonly RecordRow[];
  /** Runs that this one waits for or undoes, as far as they had begun: a box has to have them first. */
  readonly needs: readonly string[];
}

/** What the store has of a run. */
export interface RunExport {
  /** Grows when the document comes to mean something else. */
  readonly format: 1;
  /** Parts of it were blanked (S34): it is for reading, and no run can be made of it again. */
  readonly redacted: boolean;
  readonly run: RunRow;
  /** The run's own place, its tracks and its steps, in the order in which they began. */
  readonly steps: readonly ExportedStep[];
  /** Attempts that were followed by another. */
  readonly attempts: readonly AttemptRow[];
  /** Signals that no step has taken yet. */
  readonly signals: readonly SignalRow[];
  readonly events: readonly RunEvent[];
  /**
   * What `box.import` needs beside the rest. Null if parts were blanked, and for a run that went on so fast that the pieces are of
   * different moments: export it again, or pause it before.
   */
  readonly forImport: ForImport | null;
}

const PAGE = 1_000;
/** How often a run that goes on meanwhile is read again. */
const TRIES = 100;

export async function exportRun(store: Store, run: RunRow, around: Around): Promise<RunExport> {
  let read = await piecesOf(store, run.run, around);
  for (let tries = 1; tries < TRIES && !read.isOne && read.open !== null; tries += 1)
    read = await piecesOf(store, run.run, around);
  const { open, isOne, rows, attempts, events, records, taken } = read;
  const earlier = attemptsByPath(attempts);
  const steps = rows.map((row) => ({ ...row, waitingFor: waitingFor(row, earlier(row.path), around) }));
  const { row = run, signals = [] } = open ?? {};
  const needs = isOne ? await neededBy(store, row, steps) : [];
  const forImport: ForImport | null = isOne ? { version: 1, taken, records, needs } : null;
  return { format: 1, redacted: false, run: row, steps, attempts, signals, events, forImport };
}

interface Pieces {
  readonly open: OpenRun | null;
  /** They are of one moment. */
  readonly isOne: boolean;
  readonly rows: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
  readonly events: readonly RunEvent[];
  readonly records: readonly RecordRow[];
  readonly taken: readonly SignalRow[];
}

/**
 * All questions are asked at once: a store that answers at once answers them in one moment, and one that answers later in a short
 * time. Whatever changes a run, but for a record by itself, changes what is read of it before or after.
 */
async function piecesOf(store: Store, run: string, around: Around): Promise<Pieces> {
  const [open, rows, attempts, events, ...lists] = await Promise.all([
    store.readOpen(run),
    store.readActors(run),
    store.readAttempts(run),
    eventsIn(store, run),
    ...recordTypesOf(around.kinds).map((type) => recordsIn(store, run, type)),
  ]);
  const kept = new Set(open?.signals.map(({ id }) => id));
  const taken: SignalRow[] = [];
  for (const event of events) {
    if ((event.type !== 'signal.accepted' && event.type !== 'signal.buffered') || kept.has(event.id)) continue;
    kept.add(event.id);
    const signal = await store.readSignal(run, event.id);
    if (signal !== null) taken.push(signal);
  }
  const again = await store.readOpen(run);
  const isOne = open !== null && events.length === open.seq && sameJson(open as never, again as never);
  return { open, isOne, rows, attempts, events, records: lists.flat(), taken };
}

async function eventsIn(store: Store, run: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for (;;) {
    const page = await store.readEvents(run, { after: events.length, limit: PAGE });
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

async function recordsIn(store: Store, run: string, type: string): Promise<readonly RecordRow[]> {
  const records: RecordRow[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.readRecords({ type, run, limit: PAGE, ...(after === undefined ? {} : { after }) });
    records.push(...page.records);
    after = page.cursor;
  }
  return records;
}

/** The runs that its steps wait for, and the one that it undoes, which is as it was. */
async function neededBy(store: Store, row: RunRow, steps: readonly ExportedStep[]): Promise<readonly string[]> {
  const needs = new Set<string>();
  for (const { path, waitingFor: waits, memory, endedAt } of steps) {
    if (waits?.what === 'run') needs.add(waits.run);
    const { of = null } = (memory.undo ?? {}) as { readonly of?: Json };
    if (path === '' && endedAt === null && typeof of === 'string') needs.add(of);
  }
  const found: string[] = [];
  for (const run of needs) if (run !== row.run && (await store.readRun(run)) !== null) found.push(run);
  return found;
}
