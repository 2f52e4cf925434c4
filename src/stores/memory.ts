/**
 * The memory store: rows in maps. For tests, and for runs that may go when the process goes.
 * What it is handed is frozen JSON, so it keeps it by reference.
 */
import { CommitConflict, LeaseLost, RunExists } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import { isFailure, isTerminal } from '../status.ts';
import { type Json, type JsonObject, sameJson } from '../json.ts';
import type { ActorRow, AttemptRow, DefinitionRow, Owner, RunChange, RunRow, SignalRow, Store } from '../store.ts';
import { countsOf } from './counts.ts';
import { inOrder, pageOf } from './completed.ts';
import { numberIn } from './cursor.ts';
import { isUnder, withoutForgotten } from './forgotten.ts';
import { MemoryRecords, nameOf, type RecordsOfRun } from './memory-records.ts';

interface Kept {
  row: RunRow;
  /** Its place in lists, which it keeps when others are deleted: a cursor names it. */
  readonly number: number;
  owner: string | null;
  fence: number;
  /** By path, in the order in which the actors began. */
  readonly actors: Map<string, ActorRow>;
  /** Paths of the children of each parent, in the same order. */
  readonly children: Map<string, string[]>;
  /** What has completed, the last first, from when somebody asks for it until more completes. */
  completed: readonly ActorRow[] | null;
  attempts: AttemptRow[];
  readonly events: RunEvent[];
  /** By id, in the order in which they came; made when the first one comes. */
  signals: Map<string, SignalRow> | null;
  /** Made when the first one comes. */
  records: RecordsOfRun | null;
}

/** A store that forgets everything with the process. It may be handed to one box after another. */
export function memory(): Store {
  // Whoever opens it is alone: the one before has gone.
  return memoryRows(() => true);
}

/** The same, where `mayClaim` says whether what somebody owns, or nobody (null), is there for the one who claims. */
export function memoryRows(mayClaim: (row: RunRow, owner: string | null) => boolean): Store {
  const runs = new Map<string, Kept>();
  const byKey = new Map<string, string>();
  const definitions = new Map<string, DefinitionRow>();
  const records = new MemoryRecords();
  let owner = '';
  let numbers = 0;

  const check = ({ run, after, fence, row }: RunChange): void => {
    const kept = runs.get(run);
    const found = kept?.events.length ?? 0;
    if (kept !== undefined && (kept.owner !== owner || kept.fence !== fence)) {
      throw new LeaseLost({ run, owner: kept.owner ?? 'nobody', fence: kept.fence });
    }
    const isOver = kept !== undefined && isTerminal(kept.row.status);
    if (isOver && after > 0) throw new LeaseLost({ run, owner: 'nobody', fence: kept.fence });
    if (found !== after || isOver) throw new CommitConflict({ run, expected: after, found });
    if (kept === undefined && row !== null && row.key !== null && byKey.has(keyUnder(row.orchestrator, row.key))) {
      throw new RunExists({ run: byKey.get(keyUnder(row.orchestrator, row.key)) as string, differs: 'id' });
    }
  };

  const apply = (whole: RunChange): void => {
    const change = withoutForgotten(whole);
    let kept = runs.get(change.run);
    if (kept === undefined) {
      const row = change.row as RunRow;
      numbers += 1;
      kept = {
        row,
        number: numbers,
        owner,
        fence: change.fence,
        signals: null,
        records: null,
        completed: null,
        actors: new Map(),
        children: new Map(),
        attempts: [],
        events: [],
      };
      runs.set(change.run, kept);
      if (row.key !== null) byKey.set(keyUnder(row.orchestrator, row.key), row.run);
    }
    if (change.row !== null) kept.row = change.row;
    if (change.forgotten !== undefined) forget(kept, change.forgotten);
    // Counted out, here and below: these are most of what a commit costs, and an iterator is one object more.
    for (let at = 0; at < change.actors.length; at += 1) {
      const actor = change.actors[at] as ActorRow;
      if (actor.parent !== null && !kept.actors.has(actor.path)) addSibling(kept, actor.parent, actor.path);
      kept.actors.set(actor.path, actor);
      if (actor.state === 'completed') kept.completed = null;
    }
    for (let at = 0; at < change.attempts.length; at += 1) kept.attempts.push(change.attempts[at] as AttemptRow);
    for (let at = 0; at < change.events.length; at += 1) kept.events.push(change.events[at] as RunEvent);
    for (let at = 0; at < change.signals.length; at += 1) {
      const signal = change.signals[at] as SignalRow;
      kept.signals ??= new Map();
      kept.signals.set(signal.id, signal);
    }
    if (change.recordsGone === undefined && change.records === undefined) return;
    kept.records ??= new Map();
    for (const name of change.recordsGone ?? []) records.remove(kept.records, name);
    for (const record of change.records ?? []) records.write(kept.records, record);
  };

  const actorsOf = (run: string): readonly ActorRow[] => [...(runs.get(run)?.actors.values() ?? [])];

  return {
    name: 'memory',
    open(opened: Owner) {
      owner = opened.name;
    },
    commit(changes) {
      for (const change of changes) check(change);
      for (const change of changes) apply(change);
    },
    claim(limit) {
      const claimed: string[] = [];
      for (const [run, kept] of runs) {
        if (claimed.length === limit) break;
        if (kept.owner === owner || isTerminal(kept.row.status) || !mayClaim(kept.row, kept.owner)) continue;
        kept.owner = owner;
        kept.fence += 1;
        claimed.push(run);
      }
      return claimed;
    },
    renew: () => {},
    saveDefinitions(saved) {
      for (const definition of saved) {
        const key = JSON.stringify([definition.orchestrator, definition.version, definition.hash]);
        if (!definitions.has(key)) definitions.set(key, definition);
      }
    },
    readDefinition: (...key) => definitions.get(JSON.stringify(key)) ?? null,
    readRun: (run) => runs.get(run)?.row ?? null,
    readRunByKey: (orchestrator, key) => runs.get(byKey.get(keyUnder(orchestrator, key)) ?? '')?.row ?? null,
    readRuns({ orchestrator, version, status, metadata = {}, parent, limit, cursor, order = 'oldest' }) {
      const isOldestFirst = order === 'oldest';
      const edge = numberIn(cursor, order);
      const wanted = Object.entries(metadata);
      const found: RunRow[] = [];
      for (const { row, number } of isOldestFirst ? runs.values() : [...runs.values()].reverse()) {
        if (isOldestFirst ? number <= edge : number >= edge) continue;
        if (orchestrator !== undefined && row.orchestrator !== orchestrator) continue;
        if (version !== undefined && row.version !== version) continue;
        if (status !== undefined && row.status !== status) continue;
        if (parent !== undefined && row.parent?.run !== parent) continue;
        if (!wanted.every(([key, value]) => hasEntry(row.metadata, key, value))) continue;
        found.push(row);
        if (found.length === limit) return { runs: found, cursor: String(number) };
      }
      return { runs: found, cursor: null };
    },
    readOpen(run) {
      const kept = runs.get(run);
      if (kept === undefined) return null;
      const { row, owner: owned, fence, events } = kept;
      const open = actorsOf(run).filter((actor) => !isTerminal(actor.state));
      const signals = [...(kept.signals?.values() ?? [])].filter(({ takenBy }) => takenBy === null);
      return { row, owner: owned, fence, seq: events.length, open, signals };
    },
    readChildren(run, parents, { after, limit } = {}) {
      const kept = runs.get(run);
      if (kept === undefined) return [];
      const paths = parents.flatMap((parent) => kept.children.get(parent) ?? []);
      const from = after === undefined ? 0 : paths.indexOf(after) + 1;
      return paths.slice(from, limit === undefined ? undefined : from + limit).map((path) => {
        const { state, output } = kept.actors.get(path) as ActorRow;
        return Object.freeze({ path, state, output });
      });
    },
    countChildren(run, parent) {
      const kept = runs.get(run);
      const paths = kept?.children.get(parent) ?? [];
      return countsOf(
        'memory',
        run,
        paths.map((path) => [kept?.actors.get(path)?.state, 1]),
      );
    },
    readFailures: (run) =>
      actorsOf(run)
        .filter(({ state }) => isFailure(state))
        .map(({ path, state, error }) => Object.freeze({ path, state, error })),
    readActors: actorsOf,
    readCompleted(run, query) {
      const kept = runs.get(run);
      if (kept === undefined) return [];
      kept.completed ??= inOrder(actorsOf(run));
      return pageOf(kept.completed, query, (row) => kept.actors.get(row.path) === row);
    },
    readAttempts: (run) => [...(runs.get(run)?.attempts ?? [])],
    readSignal: (run, id) => runs.get(run)?.signals?.get(id) ?? null,
    readEvents: (run, { after, limit }) => (runs.get(run)?.events ?? []).slice(after, after + limit),
    readRecord: (run, type, id) => runs.get(run)?.records?.get(nameOf({ type, id }))?.row ?? null,
    readRecords: (query) => records.read(query),
    addRecord(record) {
      const kept = runs.get(record.run);
      if (kept === undefined) return false;
      kept.records ??= new Map();
      if (!kept.records.has(nameOf(record))) records.write(kept.records, record);
      return true;
    },
    abandonRun(end) {
      const kept = runs.get(end.run);
      if (kept === undefined || isTerminal(kept.row.status)) return null;
      const seq = kept.events.length + 1;
      const over = Object.freeze({ endedAt: end.at, endedSeq: seq, due: null, state: 'cancelled' } as const);
      for (const [path, actor] of kept.actors) {
        if (!isTerminal(actor.state)) kept.actors.set(path, Object.freeze({ ...actor, ...over }));
      }
      const { run: _, at: endedAt, reason } = end;
      kept.row = Object.freeze({ ...kept.row, status: 'cancelled', output: null, error: null, reason, endedAt });
      kept.owner = null;
      kept.fence += 1;
      kept.events.push(Object.freeze({ ...end, seq }));
      return seq;
    },
    deleteRun(run) {
      const kept = runs.get(run);
      if (kept === undefined || !isTerminal(kept.row.status)) return false;
      const { orchestrator, key } = kept.row;
      if (key !== null) byKey.delete(keyUnder(orchestrator, key));
      if (kept.records !== null) records.removeAll(kept.records);
      return runs.delete(run);
    },
    close() {
      for (const kept of runs.values()) if (kept.owner === owner) kept.owner = null;
    },
  };
}

function hasEntry(metadata: JsonObject, key: string, value: Json): boolean {
  return Object.hasOwn(metadata, key) && sameJson(metadata[key] as Json, value);
}

function keyUnder(orchestrator: string, key: string): string {
  return JSON.stringify([orchestrator, key]);
}

/** A list of one is made with room for one: most parents of a wide run have a single child. */
function addSibling({ children }: Kept, parent: string, path: string): void {
  const siblings = children.get(parent);
  if (siblings === undefined) children.set(parent, [path]);
  else siblings.push(path);
}

/** Takes out places with all that is below them. */
function forget(kept: Kept, paths: readonly string[]): void {
  const { actors, children } = kept;
  const remove = (path: string): void => {
    for (const child of children.get(path) ?? []) remove(child);
    children.delete(path);
    actors.delete(path);
  };
  for (const path of paths) {
    const parent = actors.get(path)?.parent ?? null;
    const siblings = parent === null ? undefined : children.get(parent);
    if (siblings?.includes(path)) siblings.splice(siblings.indexOf(path), 1);
    remove(path);
  }
  const gone = new Set(paths);
  kept.attempts = kept.attempts.filter(({ path }) => !isUnder(path, gone));
}
