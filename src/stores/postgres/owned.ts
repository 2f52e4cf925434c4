/**
 * What this process remembers of the runs that it owns: by which number the tables know them, and where their history ends. Nobody
 * else writes to them, so it is what the database says, and `hold()` looks in every commit whether they are still ours. What is
 * not remembered, or not as a change would have it, is asked for; after a commit that failed it is forgotten.
 */
import { isTerminal } from '../../events.ts';
import type { RunChange } from '../../store.ts';
import { Rows } from './arrays.ts';
import { begins } from './batch.ts';
import { refusedBy } from './refusal.ts';
import type { Columns } from '../rows.ts';
import type { Ask } from './server.ts';
import { SELECT_STANDING } from './statements.ts';
import { toColumn } from './text.ts';

interface Known {
  readonly number: number;
  readonly fence: number;
  /** Of its last event. */
  seq: number;
}

/** A process may own millions of runs that sleep. When there are more it begins anew, which costs each a look. */
const MANY = 20_000;

export class Owned {
  readonly #runs = new Map<string, Known>();

  /** The numbers of the runs, null for those that begin. Throws if one cannot be changed like this. */
  async numbersOf(changes: readonly RunChange[], process: string, ask: Ask): Promise<readonly (number | null)[]> {
    const unknown = changes.filter((change) => !begins(change) && !this.#fits(change));
    if (unknown.length > 0) await this.#look(unknown, process, ask);
    return changes.map((change) => (begins(change) ? null : (this.#runs.get(change.run)?.number as number)));
  }

  /** These changes have landed; `begun` are the numbers of the runs that began with them, in the order of their ids. */
  committed(changes: readonly RunChange[], begun: ReadonlyMap<string, number>): void {
    for (const change of changes) {
      const { run, fence, after, events, row } = change;
      const known = this.#runs.get(run);
      const number = begun.get(run);
      if (row !== null && isTerminal(row.status)) this.#runs.delete(run);
      else if (number !== undefined) this.#keep(run, { number, fence, seq: events.length });
      else if (known !== undefined) known.seq = after + events.length;
    }
  }

  forget(runs: Iterable<string>): void {
    for (const run of runs) this.#runs.delete(run);
  }

  clear(): void {
    this.#runs.clear();
  }

  #fits({ run, fence, after }: RunChange): boolean {
    const known = this.#runs.get(run);
    return known !== undefined && known.fence === fence && known.seq === after;
  }

  async #look(changes: readonly RunChange[], process: string, ask: Ask): Promise<void> {
    const standing = await standingOf(changes, ask);
    for (const change of changes) {
      const found = standing.get(toColumn(change.run));
      const refusal = refusedBy(change, process, found);
      if (refusal !== null) throw refusal;
      const { number, fence, seq } = found as Columns;
      this.#keep(change.run, { number: Number(number), fence: Number(fence), seq: Number(seq) });
    }
  }

  #keep(run: string, known: Known): void {
    this.#runs.set(run, known);
  }

  /** Forgets all if they are many. Only between commits: within one, what was looked up has to stay. */
  spare(): void {
    if (this.#runs.size > MANY) this.#runs.clear();
  }
}

/** How things stand with the runs of these changes, by their ids as columns have them. */
export async function standingOf(changes: readonly RunChange[], ask: Ask): Promise<ReadonlyMap<string, Columns>> {
  const wanted = new Rows(['text']);
  for (const { run } of changes) wanted.push(toColumn(run));
  const rows = await ask(SELECT_STANDING, ...wanted.arrays());
  return new Map(rows.map((row) => [String(row.run), row]));
}
