/**
 * Errands: what a run asks of other runs, and of what it has done itself. A child run is started and its end awaited, or it is
 * cancelled, or undone; a signal is sent; a page of what has completed is read.
 *
 * Whatever is done here may be done again: after a crash the errand is owed again under the same key, from which the child's
 * id and the signal's follow. So there is one child, and a signal that came twice is known. The runs may be of other
 * processes; they are asked by the way of every command, and their ends are read from the store.
 */
import { childOf } from '../../core/child.ts';
import type { Effect } from '../../core/effect.ts';
import { limitAbove } from '../../core/limits.ts';
import { undoesCancelled } from '../../core/undo.ts';
import { rerunOf } from '../../core/rerun.ts';
import type { Message } from '../../core/message.ts';
import { isPaused, keyOf, type Owed } from '../../core/run.ts';
import type { SignalAnswer } from '../../core/signals.ts';
import type { Plan } from '../../definition.ts';
import { planOf } from '../../dsl/index.ts';
import {
  BoxClosed,
  ChildTooDeep,
  OrchestratorUnknown,
  reasonOf,
  RunExists,
  RunUnknown,
  StoreUnusable,
  toRecord,
} from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import type { Tracer } from '../tracing.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ChildAsked, FiringAsked, RunSpec } from '../../leaves.ts';
import { isTerminal } from '../../status.ts';
import type { RunRow, Store } from '../../store.ts';
import type { Followers } from '../../views/followers.ts';
import type { Held } from '../held.ts';
import type { Host } from '../host.ts';
import type { AskRun } from '../ownership/requests.ts';
import { knownPlans, planName } from '../options.ts';
import { isChildOf, type Starts } from '../starts.ts';
import { endOfCancelled, endOfChild } from '../../performing/child-ends.ts';
import { deliver } from './deliveries.ts';
import { undoPage } from './undo-pages.ts';

export interface ErrandsOptions {
  readonly store: Store;
  readonly followers: Followers;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly logger: Logger;
  readonly tracer: Tracer | null;
}

/** What there is only when the box is put together. */
interface Surrounding {
  readonly host: Host;
  readonly starts: Starts;
  readonly command: AskRun;
  /** Of this process: can nobody else have taken its runs since its last sign of life? And how often that was in doubt. */
  lives(): boolean;
  term(): number;
}

export type ErrandEffect = Extract<Effect, { readonly do: 'childRun' | 'endChild' | 'undoChild' | 'send' | 'pull' }>;

/** One that is under way, for a step. */
interface Errand extends Pick<ErrandEffect, 'do' | 'path' | 'attempt' | 'node' | 'input'> {
  readonly run: string;
  readonly key: string;
  readonly reason: string | null;
  /** Of a cancel: what the run has done is to be undone, and so is what the child has. */
  readonly compensate: boolean;
  /** Of an undoing: the run that is undone, if it is another one, and where the page ends. */
  readonly of: string | null;
  readonly before: number | null;
  /** When the time of what it stands in is over. */
  readonly limit: number | null;
  /** Nobody waits for its answer any more. */
  isOver: boolean;
  /** Its child may have begun by it, and nobody else may know of that. */
  hasBegun: boolean;
  /** The run that undoes its child, once there is one. */
  undoing: string | null;
  /** Of a signal: what those that it is for have said. */
  readonly heard: Map<string, SignalAnswer | null>;
}

/** How long a store that is away is left alone, in milliseconds: at first, and at the most. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;

export class Errands {
  readonly #options: ErrandsOptions;
  #around: Surrounding | null = null;
  readonly #underWay = new Map<string, Errand>();
  /** Children that are being started, by the step's key: a cancel comes after that. */
  readonly #starting = new Map<string, Promise<void>>();
  /** Children that are being told to stand still or to go on, by the step's key: one word after the other. */
  readonly #holding = new Map<string, Promise<void>>();
  /** How many read the store. What a schema of the user's waits for nobody knows, and commits are counted elsewhere. */
  #working = 0;

  constructor(options: ErrandsOptions) {
    this.#options = options;
  }

  open(around: Surrounding): void {
    this.#around = around;
  }

  /** Whatever is under way waits: for the end of a run, or for an answer. */
  get quiet(): boolean {
    return this.#working === 0;
  }

  /** Runs an errand, unless it is under way already. */
  begin(run: Held, effect: ErrandEffect): void {
    const { path, attempt, node, input } = effect;
    const key = keyOf(run.id, path, attempt);
    const name = `${effect.do} ${key}`;
    // Begun and cancelled in one batch: nobody waits for it any more.
    const actor = run.actors.get(path);
    if (this.#underWay.has(name) || actor?.invoked !== effect.do) return;
    const reason = 'reason' in effect ? effect.reason : null;
    const { of, before } = { of: null, before: null, ...effect };
    const compensate = undoesCancelled(run.root);
    const asked = { do: effect.do, run: run.id, key, path, attempt, node, input, reason, compensate, of, before };
    const stands = { limit: limitAbove(actor), isOver: false, hasBegun: false, undoing: null };
    const errand: Errand = { ...asked, ...stands, heard: new Map() };
    this.#underWay.set(name, errand);
    const { row } = run;
    void this.#answerTo(errand, () => this.#work(errand, row)).then((answer) => {
      if (this.#underWay.get(name) === errand) this.#underWay.delete(name);
      if (!errand.isOver && answer !== null) this.#here.host.post(run.id, answer);
    });
  }

  /** A child run is told whether to stand still with its parent; each time what is so by then. */
  hold(run: Held, { path, attempt, input }: Extract<Owed, { readonly do: 'holdChild' }>): void {
    const key = keyOf(run.id, path, attempt);
    const before = this.#holding.get(key);
    const told = (async () => {
      await before;
      await this.#starting.get(key)?.catch(() => {});
      await this.#hold(run, { run: run.id, path, attempt, input });
    })();
    this.#holding.set(key, told);
    void told.then(() => {
      if (this.#holding.get(key) === told) this.#holding.delete(key);
    });
  }

  async #hold(run: Held, step: Parameters<typeof childOf>[0]): Promise<void> {
    const { store, followers, logger } = this.#options;
    const child = childOf(step);
    for (let pause = FIRST_PAUSE; !followers.closed; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const type = isPaused(run) ? 'pause' : 'resume';
      try {
        // To wait until it is tried again is no work: a clock that waits for what is at work would never come there.
        return await this.#during(async () => {
          const row = await store.readRun(child);
          if (row === null || !isChildOf(row, step) || isTerminal(row.status)) return;
          await this.#here.command(child, { type, above: true, refused: null });
        });
      } catch (error) {
        if (error instanceof BoxClosed) return;
        const { run: of, path, attempt } = step;
        const message = `Child run "${child}" could not be told to ${type} with its parent: ${reasonOf(error)}`;
        logger({ level: 'warn', message, run: of, path, attempt });
        if (!(error instanceof StoreUnusable) || error.isLasting) return;
        await this.#pause(pause);
      }
    }
  }

  /** The step does not wait any more. */
  abort(key: string): void {
    for (const wanted of ['childRun', 'undoChild', 'send'] as const) this.#giveUp(`${wanted} ${key}`);
  }

  /** After a run was read again: what nobody waits for any more is over. Null for one that has ended, or is another process's. */
  reconcile(id: string, run: Held | null): void {
    for (const [name, errand] of this.#underWay) {
      if (errand.run === id && run?.actors.get(errand.path)?.invoked !== errand.do) this.#giveUp(name);
    }
  }

  #giveUp(name: string): void {
    const errand = this.#underWay.get(name);
    if (errand === undefined) return;
    errand.isOver = true;
    this.#underWay.delete(name);
    // Who waits for the child's end looks again, and finds that there is nothing to wait for.
    if (errand.do === 'childRun') this.#options.followers.look(childOf(errand));
    if (errand.undoing !== null) this.#options.followers.look(errand.undoing);
  }

  get #here(): Surrounding {
    if (this.#around === null) throw new BoxClosed();
    return this.#around;
  }

  /** The answer; null if none is to be given. A store that is away is asked again. */
  async #answerTo(errand: Errand, work: () => Promise<Json | Answer>): Promise<Message | null> {
    const { path, attempt } = errand;
    const answer = { type: 'answer', from: errand.do, path, attempt } as const;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const made = await work();
        return made instanceof Answer ? { ...answer, ...made } : { ...answer, output: made, error: null };
      } catch (error) {
        if (errand.isOver || error instanceof BoxClosed || this.#options.followers.closed) return null;
        // A cancel has to come to its end, whatever happens on the way (I7).
        // So has a schedule to wait for a process that has what it starts runs of.
        const waits = errand.do === 'endChild' || error instanceof OrchestratorUnknown;
        const isAgain = (error instanceof StoreUnusable && !error.isLasting) || waits;
        if (!isAgain) return { ...answer, output: null, error: toRecord(error, { path, attempt, retryable: false }) };
        if (!(error instanceof StoreUnusable)) this.#complain(errand, error);
        await this.#pause(pause);
      }
    }
  }

  #complain({ run, path, attempt, ...errand }: Errand, error: unknown): void {
    const child = childOf({ run, path, attempt, input: errand.input });
    const what = errand.do === 'endChild' ? 'be cancelled with its parent' : 'be started';
    const message = `Child run "${child}" could not ${what}, which is tried again: ${reasonOf(error)}`;
    this.#options.logger({ level: 'warn', message, run, path, attempt });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#here.host.timers.after(ms, resolve));
  }

  #work(errand: Errand, row: RunRow): Promise<Json | Answer> {
    switch (errand.do) {
      case 'childRun':
        return this.#childRun(errand, row);
      case 'endChild':
        return this.#endChild(errand);
      case 'undoChild':
        return this.#undoChild(errand);
      case 'pull':
        return this.#during(async () => (await undoPage(this.#options.store, errand)) as unknown as Json);
      case 'send':
        return this.#during(() => deliver({ ...this.#options, command: this.#here.command }, errand));
      default:
        return errand.do satisfies never;
    }
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
    }
  }

  async #childRun(errand: Errand, row: RunRow): Promise<Json | Answer> {
    const child = childOf(errand);
    const term = this.#here.term();
    const starting = this.#start(child, errand, row);
    this.#starting.set(errand.key, starting);
    try {
      await starting;
    } finally {
      if (this.#starting.get(errand.key) === starting) this.#starting.delete(errand.key);
    }
    const isSure = this.#here.lives() && this.#here.term() === term;
    if ((errand.isOver || !isSure) && !(await this.#isWanted(errand))) {
      // One that was there before is for whoever ended the step to cancel, who may have left it as it is (S18).
      if (errand.hasBegun) await this.#here.command(child, { type: 'cancel', reason: null });
      errand.isOver = true;
      return null;
    }
    if ((errand.node.spec as RunSpec).detach) return { run: child };
    const end = await this.#end(child, errand);
    return end === null ? null : new Answer(await endOfChild(this.#options.store, end, errand));
  }

  /** Starts the child, unless it is there. */
  async #start(child: string, errand: Errand, parent: RunRow): Promise<void> {
    const { store } = this.#options;
    const from = { run: errand.run, path: errand.path };
    const there = await this.#during(async () => store.readRun(child));
    if (there !== null) {
      if (isChildOf(there, from)) return;
      throw new RunExists({ run: child, differs: 'parent' });
    }
    const { depth, detach } = errand.node.spec as RunSpec;
    const plan = this.#planFor(errand);
    const level = await this.#during(() => this.#levelOf(parent, depth));
    if (level >= depth) throw new ChildTooDeep({ orchestrator: plan.name, depth });
    if (errand.isOver) return;
    const { input, metadata } = errand.input as unknown as ChildAsked;
    const facts = { ...parent.metadata, ...metadata };
    const limit = detach ? null : errand.limit;
    const wish = { input, id: child, key: undefined, parent: from, limit };
    const start = (known: JsonObject): Promise<string> => this.#here.starts.start(plan, { ...wish, metadata: known });
    const { tracer } = this.#options;
    errand.hasBegun = true;
    await (tracer?.start(plan.name, facts, start) ?? start(facts));
  }

  /** What the child is a run of: the step says it, or, for a firing, its input. */
  #planFor({ node, input }: Errand): Plan {
    const { of } = input as unknown as Partial<FiringAsked>;
    if (of === undefined) return planOf((node.spec as RunSpec).orchestrator());
    const { plans } = this.#options;
    const name = planName(of.orchestrator, of.version);
    const plan = plans.get(name);
    if (plan !== undefined) return plan;
    const known = knownPlans(plans.values());
    throw new OrchestratorUnknown({
      orchestrator: `${of.orchestrator} (version ${of.version})`,
      known,
      another: false,
    });
  }

  /** How many runs stand above a run, as far as it matters. */
  async #levelOf(run: RunRow, most: number): Promise<number> {
    if (most === Number.POSITIVE_INFINITY) return 0;
    let level = 0;
    for (let at: RunRow | null = run; at?.parent != null && rerunOf(at) === null && level < most; level += 1)
      at = await this.#options.store.readRun(at.parent.run);
    return level;
  }

  /**
   * Does the step still wait for its child? While the child was being started, another process may have taken over the parent,
   * and ended the step before there was a child to cancel.
   */
  async #isWanted({ run, path, node }: Errand): Promise<boolean> {
    if ((node.spec as RunSpec).detach) return true;
    const found = await this.#options.store.readOpen(run);
    return found?.open.some((row) => row.path === path && row.state === 'waiting') ?? false;
  }

  async #endChild(errand: Errand): Promise<Json | Answer> {
    const { store } = this.#options;
    await this.#starting.get(errand.key)?.catch(() => {});
    const child = childOf(errand);
    const row = await this.#during(async () => store.readRun(child));
    // Never started; or somebody else's, whose id it was to have.
    if (row === null || !isChildOf(row, errand)) return null;
    if (!isTerminal(row.status))
      await this.#here.command(child, { type: 'cancel', reason: errand.reason, compensate: errand.compensate });
    const end = await this.#end(child, errand);
    return end === null ? null : new Answer(endOfCancelled(end, errand.compensate, errand));
  }

  /** The child is undone by a run of its own, for it has ended. */
  async #undoChild(errand: Errand): Promise<Json | Answer> {
    const { store } = this.#options;
    const child = childIn(errand);
    const row = await this.#during(async () => store.readRun(child));
    if (row === null) throw new RunUnknown({ run: child });
    errand.undoing = await this.#here.starts.undo(row);
    const end = await this.#end(errand.undoing, errand);
    if (end === null || end.status === 'compensated') return null;
    return new Answer(await endOfChild(store, end, errand));
  }

  /** The child's row once it has ended; null if nobody waits for it any more. */
  async #end(child: string, errand: Errand): Promise<RunRow | null> {
    const { store, followers } = this.#options;
    const { row } = await followers.ended(child, this.#here.host.holds(child), async (told) => {
      if (errand.isOver) return { row: null };
      if (followers.closed) throw new BoxClosed();
      const row = told ?? (await store.readRun(child));
      if (row !== null) return isTerminal(row.status) ? { row } : null;
      // Deleted: as ended as can be, and for a cancel that is enough.
      if (errand.do === 'endChild') return { row };
      throw new RunUnknown({ run: child });
    });
    return row;
  }
}

/** The child of a step, which may be of the run that is undone. */
function childIn(errand: Errand): string {
  return childOf({ ...errand, run: errand.of ?? errand.run });
}

/** How a child has ended, as the answer to its step. */
class Answer {
  readonly output: Json;
  readonly error: ReturnType<typeof toRecord> | null;

  constructor({ output, error }: { readonly output: Json; readonly error: ReturnType<typeof toRecord> | null }) {
    this.output = output;
    this.error = error;
  }
}
