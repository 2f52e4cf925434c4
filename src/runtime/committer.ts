/**
 * Group commit: the turns of many runs that were taken since the last commit go to the store
 * together (I3). A lone turn is committed at once: the batch is whatever has gathered by
 * the end of this round of the event loop, or enough to keep a server busy. There is never more than one commit under way.
 *
 * Only after it is anything dispatched (I1). A commit that fails has an unknown outcome; the
 * runs of it are handed back to be thrown out of memory and read again.
 */
import type { RunChange, Store } from '../store.ts';
import { Changes, type RunState, rowOf } from './run-state.ts';

/** One run in a batch, with what was changed. */
export interface Committed {
  readonly run: RunState;
  readonly changes: Changes;
}

export interface CommitterOptions {
  readonly store: Store;
  done(batch: readonly Committed[]): void;
  failed(batch: readonly Committed[], error: unknown): void;
}

/** So many runs are enough for a commit to a store that answers later: it works while the next turns are taken. */
const EARLY = 128;

export class Committer {
  readonly #options: CommitterOptions;
  #waiting: RunState[] = [];
  #scheduled = false;
  /** The store answers later. */
  #later = false;
  /** The commit before failed. */
  #careful = false;
  #underWay: Promise<void> | null = null;
  /** Commits so far. */
  commits = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Nothing waits to be committed and nothing is under way. */
  get quiet(): boolean {
    return this.#waiting.length === 0 && this.#underWay === null;
  }

  /** What this batch changes in `run`; from here on the run is part of the next commit. */
  changesOf(run: RunState): Changes {
    if (run.changes !== null) return run.changes;
    run.changes = new Changes(run.seq);
    this.#waiting.push(run);
    if (this.#waiting.length === EARLY && this.#later) queueMicrotask(() => this.#flush());
    else this.#schedule();
    return run.changes;
  }

  /** Forgets what was changed in `run` since the last commit. */
  drop(run: RunState): void {
    if (run.changes === null) return;
    run.changes = null;
    this.#waiting = this.#waiting.filter((other) => other !== run);
  }

  /** Resolves when what is being committed of a run was committed, or has failed. */
  async over(run: RunState): Promise<void> {
    if (run.committing) await this.#underWay;
  }

  /** Resolves when everything taken so far was committed, or has failed. */
  async settled(): Promise<void> {
    while (!this.quiet) {
      if (this.#underWay === null) this.#flush();
      await this.#underWay;
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay !== null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#underWay !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.map((run): Committed => ({ run, changes: run.changes as Changes }));
    this.#waiting = [];
    for (const { run } of batch) {
      run.changes = null;
      run.committing = true;
    }
    // After a commit that failed each run goes by itself: one that the store never takes is not to hold up the others.
    const groups = this.#careful ? batch.map((each) => [each]) : [batch];
    this.#careful = false;
    const rest = this.#commitFrom(groups, 0);
    if (rest === undefined) return;
    this.#underWay = rest.finally(() => {
      this.#underWay = null;
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** One group after the other; now, as long as the store answers at once. */
  #commitFrom(groups: readonly (readonly Committed[])[], from: number): Promise<void> | undefined {
    for (let at = from; at < groups.length; at += 1) {
      const pending = this.#commit(groups[at] as readonly Committed[]);
      if (pending !== undefined) return pending.then(() => this.#commitFrom(groups, at + 1));
    }
    return undefined;
  }

  #commit(batch: readonly Committed[]): Promise<void> | undefined {
    const { store } = this.#options;
    const changes = batch.filter(hasChanged).map(changeOf);
    const done = (): void => {
      for (const { run } of batch) run.committing = false;
      this.#options.done(batch);
    };
    const failed = (error: unknown): void => {
      for (const { run } of batch) run.committing = false;
      this.#careful = true;
      this.#options.failed(batch, error);
    };
    // An answer that came late changes nothing, and nothing is what it costs the store.
    if (changes.length === 0) {
      done();
      return undefined;
    }
    this.commits += 1;
    let committed: void | Promise<void>;
    try {
      committed = store.commit(changes);
    } catch (error) {
      failed(error);
      return undefined;
    }
    if (committed === undefined) {
      done();
      return undefined;
    }
    this.#later = true;
    return Promise.resolve(committed).then(done, failed);
  }
}

function hasChanged({ changes }: Committed): boolean {
  return changes.events.length > 0 || changes.dirty.size > 0;
}

function changeOf({ run, changes }: Committed): RunChange {
  const actors = changes.skipped;
  for (const actor of changes.dirty) actors.push(rowOf(run.id, actor));
  return {
    run: run.id,
    fence: run.fence,
    after: changes.after,
    row: changes.rowChanged ? run.row : null,
    actors,
    attempts: changes.attempts,
    signals: changes.signals,
    events: changes.events,
  };
}
