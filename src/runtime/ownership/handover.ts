/**
 * Runs that change hands: those that this process takes over, because no living process owns them, and those that others
 * have taken from it, because it gave no sign of life for too long. Whose a run is is for the store to say (I2); here
 * is what follows from it.
 */
import type { Clock } from '../../clock.ts';
import type { Plan } from '../../definition.ts';
import { structureOf } from '../../dsl/structure.ts';
import {
  LeaseLost,
  RunCancelled,
  RunExists,
  reasonOf,
  type SignalboxError,
  StoreLost,
  StoreUnusable,
} from '../../errors/index.ts';
import { isTerminal } from '../../events.ts';
import type { Logger } from '../../executor.ts';
import type { OpenRun, Pin, Store } from '../../store.ts';
import type { Complaints } from '../complaints.ts';
import { pinnedPlan } from '../reading/pinned.ts';
import type { Pending, Held } from '../held.ts';

export interface HandoverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly complaints: Complaints;
  /** What this process is called in the store. */
  readonly owner: string;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Of this process: see `Held.term`. */
  term(): number;
  /** Runs in memory. */
  readonly runs: ReadonlyMap<string, Held>;
  /** Lets so much time pass, unless the box is closed. */
  pause(ms: number): Promise<void>;
  /** Reads a run that is ours by now, and goes on with it; over when that has worked or has failed once. */
  read(id: string): Promise<void>;
  /** Resolves when nothing of a run is being read any more. */
  readingOver(id: string): Promise<void>;
  /** What is in memory of a run may not be as the store has it; to be looked at when it is read. */
  doubt(id: string): void;
  /** A run is somebody else's: what is under way for it here is told to end. */
  lost(run: Held, why: LeaseLost | RunCancelled): void;
  /** Is anything under way here for the run? */
  isBusy(id: string): boolean;
  /** A run that nobody goes on with, and why this process cannot. */
  stray(id: string, why: SignalboxError): void;
}

/** A claim that failed is made again after so many milliseconds, or when somebody asks for one. */
const PAUSE = 5_000;
/** A question that failed is asked again after so many. */
const AGAIN = 1_000;
/** How many runs are claimed at a time. */
const WINDOW = 500;
/** How many of them are read at a time: a sign of life must not have to stand in a long line at the store. */
const READERS = 50;
/** How many of those that were taken over at once are named in the log. */
const NAMED = 5;

export class Handover {
  readonly #options: HandoverOptions;
  #round: Promise<void> = Promise.resolve();
  #isRunning = false;
  /** Those who asked while runs were being claimed: it is done once more for them. */
  #next: PromiseWithResolvers<void> | null = null;
  /** Waits for a store that failed, and not for an answer of it. */
  #isPausing = false;
  #goOn: () => void = () => {};
  #closed = false;
  /** Runs taken over since they were last told. */
  #resumed = 0;
  #claimed = 0;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /** Nothing is being claimed. */
  get quiet(): boolean {
    return !this.#isRunning || this.#isPausing;
  }

  /** How many runs were ever claimed. */
  get claimed(): number {
    return this.#claimed;
  }

  /** Over when every run that nobody owned has been read. */
  get recovered(): Promise<void> {
    return this.#round;
  }

  /**
   * Takes over every unfinished run that no living process owns, a window at a time: what waits for a timer is let go of
   * again, so that a hundred thousand of them don't fill the memory. Over when all that there is at this moment has been read.
   */
  recover(): Promise<void> {
    if (this.#isRunning) {
      this.#next ??= Promise.withResolvers();
      this.#goOn();
      return this.#next.promise;
    }
    this.#isRunning = true;
    this.#round = this.#recover().then(() => {
      this.#isRunning = false;
      this.#tellRest();
      const next = this.#next;
      this.#next = null;
      if (next !== null) void this.recover().then(next.resolve);
    });
    return this.#round;
  }

  /** Goes on with a run that is ours and not in memory, if there is such a one. */
  async revive(id: string): Promise<void> {
    const { runs, store, read } = this.#options;
    if (runs.has(id)) return;
    const row = await store.readRun(id);
    if (row === null || isTerminal(row.status)) return;
    await this.recovered;
    if (!runs.has(id)) await read(id);
  }

  /** Resolves when nothing more is claimed, nor will be. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#goOn();
    await this.#round;
  }

  /** Definitions that this process can go on with. */
  known(): readonly Pin[] {
    return [...this.#options.plans.values()].map((plan) => ({
      orchestrator: plan.name,
      version: plan.version,
      hash: structureOf(plan).hash,
    }));
  }

  /** Tells of runs that no living process owns and this one has no definition for. */
  async lookForStrays(): Promise<void> {
    const { store, complaints, stray } = this.#options;
    if (store.shared?.readStrays === undefined) return;
    try {
      for (const run of await store.shared.readStrays(this.known())) {
        const why = await this.refusal(run);
        if (why !== null) stray(run, why);
      }
    } catch (error) {
      complaints.tell(lineAbout('Runs that nobody goes on with could not be looked for', error), error);
    }
  }

  /** Why this process could not go on with a run, if it were its own; null if it could, or if there is nothing to go on with. */
  async refusal(run: string): Promise<SignalboxError | null> {
    const { store, plans } = this.#options;
    const row = await store.readRun(run);
    if (row === null || isTerminal(row.status)) return null;
    return pinnedPlan(store, plans, row).then(
      () => null,
      (why: SignalboxError) => why,
    );
  }

  /**
   * Looks whether runs are still ours. That they are not would be seen at their next commit only; what is under way for them
   * is told to end now. Of runs that nothing is under way for nothing needs to be known before.
   */
  async lookAfter(ids: Iterable<string> = [...this.#options.runs.keys()]): Promise<void> {
    const { runs, store, owner, complaints, isBusy, lost } = this.#options;
    await eachOf(ids, async (id) => {
      const run = runs.get(id);
      // What is about to be committed is refused, and is then seen, too.
      if (run === undefined || run.changes !== null || !isBusy(id)) return;
      const isKnown = isAtRest(run);
      const term = this.#options.term();
      try {
        const found = await store.readOpen(id);
        if (runs.get(id) !== run || run.changes !== null) return;
        if (found === null) return isKnown && isAtRest(run) ? lost(run, deletionOf(run)) : undefined;
        // One that we have ended ourselves has no owner any more, and nobody else has written to it.
        if (found.owner === owner || (isTerminal(found.row.status) && found.seq <= run.seq)) {
          if (found.owner === owner && found.fence === run.fence) run.term = term;
          return;
        }
        const why = (await this.#abandonmentOf(found)) ?? lossOf(found);
        // Two looks at once find the same: the run is lost once, and what has come under its id since is another one.
        if (runs.get(id) === run && run.changes === null) lost(run, why);
      } catch (error) {
        complaints.tell(lineAbout(`Whose run "${id}" is could not be read`, error), error);
      }
    });
  }

  /** Is a run in memory still ours? Asks until the store has answered; no, if the box is closed before. */
  async isOurs(id: string): Promise<boolean> {
    const { runs, store, owner, complaints, lost, pause } = this.#options;
    while (!this.#closed) {
      const before = runs.get(id);
      const isKnown = before !== undefined && isAtRest(before);
      const term = this.#options.term();
      try {
        const found = await store.readOpen(id);
        const run = runs.get(id);
        // If it is being read again, what is owed to it is told then.
        if (run === undefined) return false;
        if (found === null) {
          if (isKnown && run === before && isAtRest(run)) lost(run, deletionOf(run));
          return false;
        }
        if (found.owner === owner) {
          if (found.fence !== run.fence) return false;
          run.term = term;
          return true;
        }
        if (!isTerminal(found.row.status)) lost(run, lossOf(found));
        return false;
      } catch (error) {
        complaints.tell(lineAbout(`Whose run "${id}" is could not be read`, error), error);
        await pause(AGAIN);
      }
    }
    return false;
  }

  /**
   * Takes what is left of a run out of memory that was ended and deleted, wherever that was: a new one is to begin under its id.
   * Throws `RunExists` if the store has one by now.
   */
  async bury(id: string): Promise<void> {
    const { runs, store, lost, readingOver } = this.#options;
    await readingOver(id);
    for (let run = runs.get(id); run !== undefined; run = runs.get(id)) {
      // What it still commits is refused, unless that is its very end, which is not told yet.
      if (run.changes !== null) await over(run.changes);
      else if (run.committing !== null) await run.committing.over;
      else if ((await store.readOpen(id)) !== null) throw new RunExists({ run: id, differs: 'id' });
      else if (runs.get(id) === run && isAtRest(run)) lost(run, deletionOf(run));
      await readingOver(id);
    }
  }

  /** That somebody has abandoned a run (S18) is no loss, and nothing is wrong with this process. */
  async #abandonmentOf({ row: { run, status, reason }, seq }: OpenRun): Promise<RunCancelled | null> {
    if (status !== 'cancelled') return null;
    const [end] = await this.#options.store.readEvents(run, { after: seq - 1, limit: 1 });
    return end?.type === 'run.cancelled' && end.abandoned === true ? new RunCancelled({ run, reason }) : null;
  }

  async #recover(): Promise<void> {
    const { store, runs, complaints, doubt, read } = this.#options;
    while (!this.#closed) {
      try {
        const claimed = await store.claim(WINDOW, this.known());
        this.#claimed += claimed.length;
        // What is in memory of a run that was somebody else's in between is from before that.
        for (const id of claimed) if (runs.has(id)) doubt(id);
        // A run that the store fails to give is tried again by itself and holds up nobody.
        await eachOf(claimed, async (id) => {
          await read(id);
          this.#tellResumed(id);
        });
        if (claimed.length < WINDOW) return;
      } catch (error) {
        // What lasts is told, and asked again when somebody asks for a claim.
        const isLasting = error instanceof StoreLost || (error instanceof StoreUnusable && error.isLasting);
        const what = `Unfinished runs could not be taken over${isLasting ? '' : `, which is tried again in ${PAUSE} ms`}`;
        complaints.tell(lineAbout(what, error), error);
        if (isLasting) return;
        await this.#pause();
      }
    }
  }

  /** The first few by name: ten thousand runs of one process that died are no ten thousand lines. */
  #tellResumed(id: string): void {
    const { runs, logger } = this.#options;
    const run = runs.get(id);
    if (run === undefined) return;
    this.#resumed += 1;
    if (this.#resumed > NAMED) return;
    const message = `run of orchestrator "${run.plan.name}" resumed here: the process that owned it is gone`;
    logger({ level: 'info', message, run: id });
  }

  #tellRest(): void {
    const more = this.#resumed - NAMED;
    this.#resumed = 0;
    if (more > 0) this.#options.logger({ level: 'info', message: `${more} more runs resumed here` });
  }

  async #pause(): Promise<void> {
    if (this.#closed) return;
    this.#isPausing = true;
    await Promise.race([
      this.#options.pause(PAUSE),
      new Promise<void>((resolve) => {
        this.#goOn = resolve;
      }),
    ]);
    this.#isPausing = false;
  }
}

/** Whose a run is that was ours. */
export function lossOf({ row: { run }, owner, fence }: OpenRun): LeaseLost {
  return new LeaseLost({ run, owner: owner ?? 'nobody', fence });
}

/** What is in memory of it is what was committed: a run that begins is not in the store before. */
function isAtRest({ changes, committing }: Held): boolean {
  return changes === null && committing === null;
}

/** A run that was ours and is in no store any more: it was another's since, who has ended it, and somebody has deleted it. */
function deletionOf({ id: run, fence }: Held): LeaseLost {
  return new LeaseLost({ run, owner: 'nobody', fence });
}

/** Resolves when the commit of these changes is over, whatever came of it. */
function over(changes: Pending): Promise<void> {
  return new Promise((resolve) => changes.whenOver(resolve));
}

/** A complaint that names its reason. */
export function lineAbout(what: string, error: unknown) {
  const message = `${what}: ${reasonOf(error)}`;
  return { level: 'error', message, ...(error instanceof Error ? { error } : {}) } as const;
}

/** Does something for each, for so many of them at once. */
async function eachOf(ids: Iterable<string>, work: (id: string) => Promise<void>): Promise<void> {
  const line = ids[Symbol.iterator]();
  const one = async (): Promise<void> => {
    for (let next = line.next(); next.done !== true; next = line.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: READERS }, one));
}
