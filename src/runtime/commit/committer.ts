/**
 * Group commit: the turns of many runs that were taken since the last commit go to the store
 * together (I3): the batch is whatever has gathered by the end of this round of the event loop, or enough to keep a
 * server busy; what nothing can join is committed at once (`haste.ts`). A run is in one commit at a time (I2); a store
 * that can work on several gets the next one, of other runs, before the last one is over.
 *
 * Only after its commit is anything dispatched for a run (I1). A commit that fails has an unknown outcome; the
 * runs of it are handed back to be thrown out of memory and read again.
 */
import type { RunChange, Store } from '../../store.ts';
import { actorRows } from '../../core/run.ts';
import { Pending, type Held, type UnderWay } from '../held.ts';
import { Haste, type HasteOptions } from './haste.ts';

/** One run in a batch, with what was changed. */
export interface Committed {
  readonly run: Held;
  readonly changes: Pending;
}

export interface CommitterOptions extends HasteOptions {
  readonly store: Store;
  /** Of this process: see `Held.term`. */
  term(): number;
  done(batch: readonly Committed[]): void;
  failed(batch: readonly Committed[], error: unknown): void;
}

/** So many runs are enough for a commit to a store that answers later: it works while the next turns are taken. */
const EARLY = 128;
/** And so many are enough whatever is under way. */
const ENOUGH = 1_000;

const NONE: readonly Held[] = Object.freeze([]);

export class Committer {
  readonly #options: CommitterOptions;
  readonly #haste: Haste;
  readonly #itIsTime = (): void => {
    this.#scheduled = false;
    this.#flush();
  };
  #waiting: Held[] = [];
  #scheduled = false;
  /** The host is being told what has landed: of the next commit it is told when it has heard all of this one. */
  #isAnswering = false;
  /** The store answers later. */
  #later = false;
  /** The commit before failed. */
  #careful = false;
  readonly #underWay = new Set<UnderWay>();
  /** Commits so far. */
  commits = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#haste = new Haste(options);
  }

  /** Nothing waits to be committed and nothing is under way. */
  get quiet(): boolean {
    return this.#waiting.length === 0 && this.#underWay.size === 0;
  }

  /** What this batch changes in `run`; from here on the run is part of the next commit. An answer may be the only thing that it is made of. */
  changesOf(run: Held, isAnswer = false): Pending {
    if (run.changes !== null) return run.changes;
    // Here all turns so far are at their end, and the next one has not begun.
    if (this.#later && this.#waiting.length >= EARLY) this.#flush();
    run.changes = new Pending(run.seq);
    this.#waiting.push(run);
    this.#schedule(isAnswer);
    return run.changes;
  }

  /** Forgets what was changed in `run` since the last commit. */
  drop(run: Held): void {
    if (run.changes === null) return;
    run.changes = null;
    this.#waiting = this.#waiting.filter((other) => other !== run);
  }

  /** Resolves when what is being committed of a run was committed, or has failed. */
  async over(run: Held): Promise<void> {
    await run.committing?.over;
  }

  /** Resolves when everything taken so far was committed, or has failed. */
  async settled(): Promise<void> {
    while (!this.quiet) {
      if (this.#underWay.size === 0) this.#flush();
      await Promise.all([...this.#underWay].map(({ over }) => over));
    }
  }

  /** Commits something that no turn has changed, in the place of one of the commits that the store takes at once. */
  async aside(changes: readonly RunChange[]): Promise<void> {
    while (this.#isFull) await Promise.race([...this.#underWay].map(({ over }) => over));
    const { promise, resolve } = Promise.withResolvers<void>();
    const underWay: UnderWay = { term: this.#options.term(), runs: changes.length, over: promise };
    this.#underWay.add(underWay);
    this.commits += 1;
    try {
      await this.#options.store.commit(changes);
    } finally {
      this.#underWay.delete(underWay);
      resolve();
      if (this.#waiting.length > 0) this.#schedule();
    }
  }

  #schedule(isAnswer = false): void {
    if (this.#scheduled || this.#isFull) return;
    this.#scheduled = true;
    this.#haste.await(this.#itIsTime, isAnswer);
  }

  /** The store has as many commits as it takes at once. */
  get #isFull(): boolean {
    return this.#underWay.size >= (this.#options.store.commitsAtOnce ?? 1);
  }

  /** What the next commit has, if it is time for one. */
  #next(): readonly Held[] {
    const waiting = this.#waiting;
    if (this.#underWay.size === 0) {
      this.#waiting = [];
      return waiting;
    }
    if (this.#isFull || this.#careful) return NONE;
    // Beside others it has to be as large: so all that is going on comes to be in as many parts as there are commits at once, where
    // small ones would follow each other, and each has the disk synced.
    let least = EARLY;
    for (const { runs } of this.#underWay) least = Math.max(least, Math.min(runs, ENOUGH));
    if (waiting.length < least) return NONE;
    const free = waiting.filter(({ committing }) => committing === null);
    if (free.length < least) return NONE;
    this.#waiting = waiting.filter(({ committing }) => committing !== null);
    return free;
  }

  #flush(): void {
    const next = this.#next();
    if (next.length === 0) return;
    const underWay: UnderWay = { term: this.#options.term(), runs: next.length, over: null };
    const batch = new Array<Committed>(next.length);
    for (let at = 0; at < next.length; at += 1) {
      const run = next[at] as Held;
      batch[at] = { run, changes: run.changes as Pending };
      run.changes = null;
      run.committing = underWay;
    }
    // After a commit that failed each run goes by itself: one that the store never takes is not to hold up the others.
    // Put into words now: while the first of them are committed, turns are taken on the others, which are for the commit after.
    const groups = this.#careful ? batch.map((each) => inWords([each])) : [inWords(batch)];
    this.#careful = false;
    this.#underWay.add(underWay);
    const rest = this.#commitFrom(groups, 0, underWay);
    if (rest !== undefined) underWay.over = rest;
  }

  /** One group after the other; now, as long as the store answers at once. */
  #commitFrom(groups: readonly Group[], from: number, underWay: UnderWay): Promise<void> | undefined {
    for (let at = from; at < groups.length; at += 1) {
      const pending = this.#commit(groups[at] as Group, underWay, at === groups.length - 1);
      if (pending !== undefined) return this.#goOn(pending, groups, at + 1, underWay);
    }
    if (this.#waiting.length > 0) this.#schedule();
    return undefined;
  }

  #goOn(pending: Promise<void>, groups: readonly Group[], from: number, underWay: UnderWay): Promise<void> {
    return pending.then(() => this.#commitFrom(groups, from, underWay));
  }

  /** Commits one of the groups of what is under way. What follows from the last of them may be the next commit. */
  #commit(group: Group, underWay: UnderWay, isLast: boolean): Promise<void> | undefined {
    // An answer that came late changes nothing, and nothing is what it costs the store.
    if (group.changes.length === 0) return this.#landed(group, underWay, isLast);
    this.commits += 1;
    let committed: void | Promise<void>;
    try {
      committed = this.#options.store.commit(group.changes);
    } catch (error) {
      this.#failed(group, underWay, isLast, error);
      return undefined;
    }
    if (committed === undefined) return this.#landed(group, underWay, isLast);
    this.#later = true;
    return this.#answered(committed, group, underWay, isLast);
  }

  #answered(committed: Promise<void>, group: Group, underWay: UnderWay, isLast: boolean): Promise<void> {
    return Promise.resolve(committed).then(
      () => this.#done(group, underWay, isLast),
      (error: unknown) => this.#failed(group, underWay, isLast, error),
    );
  }

  #landed(group: Group, underWay: UnderWay, isLast: boolean): Promise<void> | undefined {
    if (this.#isAnswering) return this.#answered(Promise.resolve(), group, underWay, isLast);
    this.#done(group, underWay, isLast);
    return undefined;
  }

  #done({ batch }: Group, underWay: UnderWay, isLast: boolean): void {
    if (isLast) this.#underWay.delete(underWay);
    for (let at = 0; at < batch.length; at += 1) {
      const each = batch[at] as Committed;
      each.run.committing = null;
      // It landed, so the run was ours when it was begun.
      if (hasChanged(each)) each.run.term = underWay.term;
    }
    this.#isAnswering = true;
    this.#options.done(batch);
    this.#isAnswering = false;
  }

  #failed({ batch }: Group, underWay: UnderWay, isLast: boolean, error: unknown): void {
    if (isLast) this.#underWay.delete(underWay);
    for (const { run } of batch) run.committing = null;
    this.#careful = true;
    this.#options.failed(batch, error);
  }
}

/** What is committed together, as the store is told it. */
interface Group {
  readonly batch: readonly Committed[];
  readonly changes: readonly RunChange[];
}

function inWords(batch: readonly Committed[]): Group {
  const changes: RunChange[] = [];
  // Counted out, for each step of each run comes by here.
  for (let at = 0; at < batch.length; at += 1) {
    const each = batch[at] as Committed;
    if (hasChanged(each)) changes.push(changeOf(each));
  }
  return { batch, changes };
}

function hasChanged({ changes }: Committed): boolean {
  const { events, dirty, rowChanged, records, recordsGone, forgotten } = changes;
  if (events.length > 0 || dirty.length > 0 || rowChanged) return true;
  return records.length + recordsGone.length + forgotten.length > 0;
}

function changeOf({ run, changes }: Committed): RunChange {
  const { records, recordsGone, forgotten } = changes;
  const change: RunChange = {
    run: run.id,
    fence: run.fence,
    after: changes.after,
    row: changes.rowChanged ? run.row : null,
    actors: actorRows(run, changes),
    attempts: changes.attempts,
    signals: changes.signals,
    events: changes.events,
  };
  // Most commits have none of these, and are not to pay for them.
  if (records.length + recordsGone.length + forgotten.length === 0) return change;
  return { ...change, records, recordsGone, forgotten };
}
