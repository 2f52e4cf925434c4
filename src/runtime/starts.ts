/**
 * Starting once: two starts under one id, or under one key of an orchestrator, are one run, whether they come one
 * after the other, at the same time, or in two processes (S17).
 */
import type { Plan } from '../definition.ts';
import { InvalidOption, LeaseLost, RunExists } from '../errors/index.ts';
import { sameJson } from '../json.ts';
import type { RunRow, Store } from '../store.ts';
import type { Host } from './host.ts';

export class Starts {
  readonly #store: Store;
  readonly #host: Host;
  /** Starts that are not committed yet, by id and by key. */
  readonly #underWay = new Map<string, Promise<RunRow>>();

  constructor(store: Store, host: Host) {
    this.#store = store;
    this.#host = host;
  }

  /** Begins a run whose id nobody else can have. */
  async anew(plan: Plan, row: RunRow): Promise<string> {
    return (await this.#commit(plan, row)).run;
  }

  /** Begins the run, unless it is there already. Answers with its id. */
  async once(plan: Plan, row: RunRow, byId: boolean): Promise<string> {
    const names = [...(byId ? [row.run] : []), ...(row.key === null ? [] : [`${row.orchestrator}\n${row.key}`])];
    const others = (): Promise<RunRow> | undefined =>
      names.map((name) => this.#underWay.get(name)).find((each) => each !== undefined);
    // Whether that one succeeds or not: the store says afterwards what is there.
    for (let other = others(); other !== undefined; other = others()) await other.catch(() => {});
    const begun = this.#begin(plan, row);
    for (const name of names) this.#underWay.set(name, begun);
    try {
      return sameRun(row, await begun);
    } finally {
      for (const name of names) this.#underWay.delete(name);
    }
  }

  async #begin(plan: Plan, row: RunRow): Promise<RunRow> {
    const there = await this.#find(row);
    return there ?? this.#commit(plan, row);
  }

  async #commit(plan: Plan, row: RunRow): Promise<RunRow> {
    try {
      await this.#host.begin(plan, row);
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

/** The id of the run that is there, if it is the one that was asked for. */
function sameRun(wanted: RunRow, there: RunRow): string {
  const { run } = there;
  if (wanted.orchestrator !== there.orchestrator) throw new RunExists({ run, differs: 'orchestrator' });
  if (wanted.key !== null && wanted.key !== there.key) throw new RunExists({ run, differs: 'key' });
  if (!sameJson(wanted.input, there.input)) throw new RunExists({ run, differs: 'input' });
  return run;
}

const MAX_ID = 200;

/** A slash, a hash or a control character. */
const PART_OF_A_KEY = /[/#\p{Cc}]/u;

/** An id is part of every key, so what separates the parts of a key cannot stand in it. */
export function checkId(option: 'id' | 'key', id: unknown): void {
  const fits = typeof id === 'string' && id !== '' && id.length <= MAX_ID && id.isWellFormed();
  if (fits && !PART_OF_A_KEY.test(id)) return;
  const length = typeof id === 'string' && id.length > MAX_ID ? ` (it has ${id.length})` : '';
  throw new InvalidOption({
    option,
    value: id,
    expected: `a string of 1 to ${MAX_ID} characters${length} without "/", "#" and control characters`,
  });
}
