/**
 * The rows of a run in memory that has no store: what is persisted of it, and what is undone. Of a part that is over only what may have
 * to be undone is kept, so they do not grow with what a run has behind it.
 */
import type { Kinds } from '../core/kind.ts';
import { type Changes, actorRows, type RunState } from '../core/run.ts';
import { placeAt } from '../core/undo.ts';
import type { JsonObject } from '../json.ts';
import { isFailure, isTerminal } from '../status.ts';
import type { ActorRow, RunRow, SignalRow } from '../store.ts';

/** What is persisted: rows without what is null in them, and without the run that they are of. */
export interface KeptRows {
  readonly row: RunRow;
  readonly seq: number;
  readonly steps: readonly Partial<ActorRow>[];
  readonly signals: readonly SignalRow[];
}

/** How the ids of signals begin that were sent without one: nobody sends such a one again. */
export const NAMELESS = '~';

const NOTHING: JsonObject = Object.freeze({});
const EMPTY = {
  parent: null,
  attempt: 0,
  input: null,
  output: null,
  error: null,
  memory: NOTHING,
  due: null,
  endedAt: null,
  endedSeq: null,
} as const;

export class LiveRows {
  readonly #kinds: Kinds;
  readonly #byPath = new Map<string, ActorRow>();
  /** Their paths, by the path of what they stand in. */
  readonly #below = new Map<string, Set<string>>();
  readonly #signals = new Map<string, SignalRow>();
  /** There is something among them that could be undone. */
  canBeUndone = false;

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  /** All of them, in the order in which they began. */
  get steps(): readonly ActorRow[] {
    return [...this.#byPath.values()];
  }

  /** Signals that nobody has taken. */
  get signals(): readonly SignalRow[] {
    return [...this.#signals.values()].filter(({ takenBy }) => takenBy === null);
  }

  /** One that came before; it counts once (S17). */
  signal(id: string): SignalRow | null {
    return this.#signals.get(id) ?? null;
  }

  get failures(): readonly ActorRow[] {
    return this.steps.filter(({ state }) => isFailure(state));
  }

  /** What a turn has changed. */
  keep(run: RunState, changes: Changes): void {
    const over: ActorRow[] = [];
    for (const row of actorRows(run, changes)) {
      this.#set(row);
      if (isTerminal(row.state)) over.push(row);
    }
    for (const path of changes.forgotten) this.#forget(path);
    for (const signal of changes.signals) {
      if (signal.takenBy === null || !signal.id.startsWith(NAMELESS)) this.#signals.set(signal.id, signal);
      else this.#signals.delete(signal.id);
    }
    for (const { path } of over) this.#prune(run, path);
  }

  restore({ steps, signals }: Pick<KeptRows, 'steps' | 'signals'>, run: string): void {
    for (const step of steps) this.#set({ ...EMPTY, ...step, run } as ActorRow);
    for (const signal of signals) this.#signals.set(signal.id, signal);
  }

  persist({ row, seq }: Pick<RunState, 'row' | 'seq'>): KeptRows {
    return { row, seq, steps: this.steps.map(short), signals: [...this.#signals.values()] };
  }

  #set(row: ActorRow): void {
    this.#byPath.set(row.path, row);
    if (row.parent === null) return;
    const beside = this.#below.get(row.parent);
    if (beside === undefined) this.#below.set(row.parent, new Set([row.path]));
    else beside.add(row.path);
  }

  /** What it stands in is over, so nobody asks for it any more, unless it is to be undone one day, or has failed. */
  #prune(run: RunState, parent: string): void {
    const below = this.#below.get(parent);
    if (below === undefined) return;
    for (const path of [...below]) if (!this.#isOfUse(run, path)) this.#drop(path, below);
    if (below.size === 0) this.#below.delete(parent);
  }

  /** What has failed says why a run has that goes on all the same. */
  #isOfUse({ plan }: RunState, path: string): boolean {
    const { state, kind, error } = this.#byPath.get(path) as ActorRow;
    if (this.#below.has(path) || error !== null) return true;
    const node = state === 'completed' ? placeAt(this.#kinds, plan.root, path)?.node : undefined;
    const isUndoable = node !== undefined && this.#kinds.get(kind).undoes?.(node) === true;
    if (isUndoable) this.canBeUndone = true;
    return isUndoable;
  }

  #drop(path: string, beside: Set<string>): void {
    this.#byPath.delete(path);
    beside.delete(path);
  }

  #forget(path: string): void {
    for (const child of this.#below.get(path) ?? []) this.#forget(child);
    this.#below.delete(path);
    const parent = this.#byPath.get(path)?.parent ?? null;
    this.#byPath.delete(path);
    if (parent !== null) this.#below.get(parent)?.delete(path);
  }
}

function short({ run: _, ...row }: ActorRow): Partial<ActorRow> {
  const kept = Object.entries(row).filter(([key, value]) => {
    const isEmpty = value === (EMPTY as { readonly [key: string]: unknown })[key];
    return !isEmpty && !(key === 'memory' && Object.keys(row.memory).length === 0);
  });
  return Object.fromEntries(kept);
}
