/**
 * Starting: what a run is started with is parsed and checked here, whoever starts it. And starting once: two starts under one id, or under one key of an orchestrator, are one run, whether they come one
 * after the other, at the same time, or in two processes (S17).
 */
import type { Clock } from '../clock.ts';
import type { Plan } from '../definition.ts';
import { structureOf } from '../dsl/structure.ts';
import {
  InputInvalid,
  InvalidOption,
  LeaseLost,
  reasonOf,
  RunExists,
  RunUnfinished,
  RunUnknown,
  SchemaFailed,
} from '../errors/index.ts';
import { MAX_ID, undoOf } from '../core/child.ts';
import { parentOfRerun, type Rerun } from '../core/rerun.ts';
import { randomIds } from '../ids.ts';
import { type Json, type JsonObject, sameJson, toJson } from '../json.ts';
import { parse } from '../schema.ts';
import type { RunRow, Store } from '../store.ts';
import { isTerminal } from '../status.ts';
import type { Host, StartMore } from './host.ts';
import { pinnedPlan } from './reading/pinned.ts';
import { isConclusive, undoingsOf } from './undoings.ts';

/** What a run is started with, by whomever. */
export interface StartWish {
  readonly input: unknown;
  readonly id: string | undefined;
  readonly key: string | undefined;
  readonly metadata: unknown;
  /** The step that starts it. */
  readonly parent: RunRow['parent'];
  /** When the time of the parent is over; null for none. */
  readonly limit?: number | null;
}

/** What a run that is the first of its key is started with. */
interface FirstWish extends Pick<StartWish, 'input' | 'metadata'> {
  readonly id: string;
  readonly key: string;
}

export interface StartsOptions {
  readonly store: Store;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly host: Host;
  readonly clock: Clock;
  readonly maxValueBytes: number;
  /** Throws if nothing is to be started any more. */
  checkOpen(): void;
}

type Records = NonNullable<StartMore['records']>;

export class Starts {
  readonly #options: StartsOptions;
  readonly #store: Store;
  readonly #host: Host;
  /** Starts that are not committed yet, by id and by key. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(options: StartsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#host = options.host;
  }

  /** Starts a run, unless it is there already. Answers with its id once its start is committed. */
  async start(plan: Plan, { input, id, key, metadata, parent, limit = null }: StartWish): Promise<string> {
    if (id !== undefined) checkId('id', id);
    if (key !== undefined) checkId('key', key);
    const value = await this.#parseInput(plan, input);
    const facts = this.#facts({ metadata });
    this.#options.checkOpen();
    const row = this.#newRow(plan, id ?? randomIds(), key ?? null, value, facts, parent);
    const more = limit === null ? {} : { limit };
    if (id === undefined && key === undefined) return (await this.#commit(plan, row, more)).run;
    return this.#once(plan, row, id !== undefined, more);
  }

  /**
   * Starts the run that undoes one that has ended, unless there is one that does, or has. Where the last one has left something,
   * another one tries that again. Answers with its id.
   */
  async undo(row: RunRow, records: Records = []): Promise<string> {
    const { store, plans } = this.#options;
    const { run, status, input, metadata, parent } = row;
    if (!isTerminal(status)) throw new RunUnfinished({ run, status, wanted: 'undone' });
    if (parent?.path === '') return this.undo(await this.#undone(parent.run), records);
    const plan = await pinnedPlan(store, plans, row);
    const undoings = await undoingsOf(store, run);
    this.#options.checkOpen();
    const last = undoings.at(-1);
    if (last !== undefined && isConclusive(last)) return last.run;
    const id = undoOf(run, undoings.length + 1);
    const undoing = this.#newRow(plan, id, null, input, metadata, { run, path: '' });
    return this.#once(plan, undoing, true, { undoes: run, records });
  }

  /** What a run undoes. */
  async #undone(run: string): Promise<RunRow> {
    const row = await this.#store.readRun(run);
    if (row === null) throw new RunUnknown({ run });
    return row;
  }

  /** Starts a run that takes over from one that has ended, unless it is there already. Answers with its id. */
  rerun(plan: Plan, { input, metadata }: RunRow, id: string, rerun: Rerun, records: Records): Promise<string> {
    this.#options.checkOpen();
    const { of, from } = rerun;
    return this.#once(plan, this.#newRow(plan, id, null, input, metadata, parentOfRerun(of, from)), true, {
      rerun,
      records,
    });
  }

  /**
   * Begins a run under a new id, with these records of it, unless its key is taken. Answers with its id, with that of the run which has
   * the key, or with null if, once nothing else was to be asked, it was not to begin any more.
   */
  async first(plan: Plan, wish: FirstWish, records: Records, isWanted: () => Promise<boolean>): Promise<string | null> {
    const { id, key } = wish;
    const row = this.#newRow(plan, id, key, await this.#parseInput(plan, wish.input), this.#facts(wish), null);
    this.#options.checkOpen();
    const there = await this.#store.readRunByKey(plan.name, key);
    return there?.run ?? (await this.#commit(plan, row, { records }, isWanted))?.run ?? null;
  }

  /** Does something while nothing starts here under these ids and keys. */
  apart<T>(rows: readonly RunRow[], work: () => Promise<T>): Promise<T> {
    return this.#apart(
      rows.flatMap((row) => namesOf(row, true)),
      work,
    );
  }

  /** Would a run of `plan` take this input? Throws what `start` would. */
  async checkInput(plan: Plan, input: unknown): Promise<void> {
    await this.#parseInput(plan, input);
  }

  #facts({ metadata }: Pick<StartWish, 'metadata'>): JsonObject {
    const facts = toJson(metadata, 'metadata of the run', this.#options.maxValueBytes);
    if (typeof facts === 'object' && facts !== null && !Array.isArray(facts)) return facts as JsonObject;
    throw new InvalidOption({ option: 'metadata', value: metadata, expected: 'an object' });
  }

  async #parseInput(plan: Plan, input: unknown): Promise<Json> {
    const { maxValueBytes } = this.#options;
    const what = `input of orchestrator "${plan.name}"`;
    const { schema } = plan.root;
    if (schema === null) return toJson(input, what, maxValueBytes);
    const parsed = await Promise.resolve()
      .then(() => parse(schema, input))
      .catch((thrown: unknown) => {
        throw new SchemaFailed({ what, reason: reasonOf(thrown) }, thrown);
      });
    if (!parsed.ok) throw new InputInvalid({ what, issues: parsed.issues });
    return toJson(parsed.value, what, maxValueBytes);
  }

  #newRow(
    plan: Plan,
    run: string,
    key: string | null,
    input: Json,
    metadata: JsonObject,
    parent: RunRow['parent'],
  ): RunRow {
    return {
      run,
      key,
      orchestrator: plan.name,
      version: plan.version,
      hash: structureOf(plan).hash,
      status: 'pending',
      input,
      output: null,
      error: null,
      reason: null,
      metadata,
      startedAt: this.#options.clock.now(),
      endedAt: null,
      parent,
    };
  }

  async #once(plan: Plan, row: RunRow, byId: boolean, more?: StartMore): Promise<string> {
    return sameRun(row, await this.#apart(namesOf(row, byId), () => this.#begin(plan, row, more)));
  }

  /** One after the other under each of these names. */
  async #apart<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const others = (): Promise<unknown> | undefined =>
      names.map((name) => this.#underWay.get(name)).find((each) => each !== undefined);
    // Whether that one succeeds or not: the store says afterwards what is there.
    for (let other = others(); other !== undefined; other = others()) await other.catch(() => {});
    const done = work();
    for (const name of names) this.#underWay.set(name, done);
    try {
      return await done;
    } finally {
      for (const name of names) this.#underWay.delete(name);
    }
  }

  async #begin(plan: Plan, row: RunRow, more?: StartMore): Promise<RunRow> {
    const there = await this.#find(row);
    return there ?? this.#commit(plan, row, more);
  }

  async #commit(plan: Plan, row: RunRow, more?: StartMore): Promise<RunRow>;
  async #commit(plan: Plan, row: RunRow, more: StartMore, isWanted: () => Promise<boolean>): Promise<RunRow | null>;
  async #commit(plan: Plan, row: RunRow, more?: StartMore, isWanted?: () => Promise<boolean>): Promise<RunRow | null> {
    try {
      // What undoes a run is no run that anybody wants to hear of before: it is that one's end.
      const warnings = more?.undoes === undefined ? await this.#host.hooks.beforeRun(plan, row) : [];
      if (isWanted !== undefined && !(await isWanted())) return null;
      this.#options.checkOpen();
      await this.#host.begin(plan, row, more, warnings);
      return row;
    } catch (error) {
      // Another process was faster, and the run is the one that it began.
      const faster = error instanceof RunExists || error instanceof LeaseLost ? await this.#find(row) : null;
      if (faster === null) throw error;
      return faster;
    }
  }

  async #find({ run, orchestrator, key }: RunRow): Promise<RunRow | null> {
    const byKey = key === null ? null : await this.#store.readRunByKey(orchestrator, key);
    return byKey ?? (await this.#store.readRun(run));
  }
}

/** What a run is known by while it is being started. */
function namesOf({ run, orchestrator, key }: RunRow, byId: boolean): readonly string[] {
  return [...(byId ? [run] : []), ...(key === null ? [] : [`${orchestrator}\n${key}`])];
}

/** The id of the run that is there, if it is the one that was asked for. */
function sameRun(wanted: RunRow, there: RunRow): string {
  const { run } = there;
  if (wanted.orchestrator !== there.orchestrator) throw new RunExists({ run, differs: 'orchestrator' });
  if (wanted.key !== null && wanted.key !== there.key) throw new RunExists({ run, differs: 'key' });
  if (wanted.parent !== null && !isChildOf(there, wanted.parent)) throw new RunExists({ run, differs: 'parent' });
  if (!sameJson(wanted.input, there.input)) throw new RunExists({ run, differs: 'input' });
  return run;
}

/** Was the run started by this step? */
export function isChildOf({ parent }: RunRow, { run, path }: NonNullable<RunRow['parent']>): boolean {
  return parent?.run === run && parent.path === path;
}

/** A slash, a hash or a control character. */
const PART_OF_A_KEY = /[/#\p{Cc}]/u;

/** An id is part of every key, so what separates the parts of a key cannot stand in it. */
export function checkId(option: 'id' | 'key' | 'singleton' | 'debounce', id: unknown): void {
  const fits = typeof id === 'string' && id !== '' && id.length <= MAX_ID && id.isWellFormed();
  if (fits && !PART_OF_A_KEY.test(id)) return;
  const length = typeof id === 'string' && id.length > MAX_ID ? ` (it has ${id.length})` : '';
  throw new InvalidOption({
    option,
    value: id,
    expected: `a string of 1 to ${MAX_ID} characters${length} without "/", "#" and control characters`,
  });
}

/** The same of a run that is there: an earlier version put this behind ids of any length. */
export function checkKnownId(id: unknown): void {
  checkId('id', typeof id === 'string' && id.length > MAX_ID && id.endsWith(UNDO) ? id.slice(0, -UNDO.length) : id);
}

const UNDO = '~undo';
