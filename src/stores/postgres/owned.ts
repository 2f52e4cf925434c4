/**
 * What this process remembers of the runs that it owns: by which number the tables know them, where their history ends, and which of their
 * places are open, so that a commit looks for nothing. Nobody else writes to them, so it is what the database says, and `hold()` looks in every commit whether they are still ours. What is
 * not remembered, or not as a change would have it, is asked for; after a commit that failed it is forgotten.
 */
import { isTerminal } from '../../events.ts';
import type { RunChange } from '../../store.ts';
import { Rows } from './arrays.ts';
import { begins, type Known } from './batch.ts';
import { refusedBy } from './refusal.ts';
import type { Columns } from '../rows.ts';
import type { Ask } from './server.ts';
import { SELECT_STANDING } from './statements.ts';
import { fromColumn, toColumn } from './text.ts';

interface Run extends Known {
  readonly fence: number;
  /** Of its last event. */
  seq: number;
  readonly open: Set<string>;
}

/** A process may own millions of runs that sleep. When there are more it begins anew, which costs each a look. */
const MANY = 10_000;

export class Owned {
  readonly #runs = new Map<string, Run>();

  /** What is known of the runs, null for those that begin. Throws if one cannot be changed like this. */
  async known(changes: readonly RunChange[], process: string, ask: Ask): Promise<readonly (Known | null)[]> {
    const unknown = changes.filter((change) => !begins(change) && !this.#fits(change));
    if (unknown.length > 0) await this.#look(unknown, process, ask);
    return changes.map((change) => (begins(change) ? null : (this.#runs.get(change.run) as Run)));
  }

  /** These changes have landed; `begun` has the numbers of the runs that began with them. */
  committed(changes: readonly RunChange[], begun: ReadonlyMap<string, number>): void {
    for (const { run, fence, after, events, row, actors } of changes) {
      if (row !== null && isTerminal(row.status)) {
        this.#runs.delete(run);
        continue;
      }
      const number = begun.get(run);
      if (number !== undefined) this.#runs.set(run, { number, fence, seq: 0, open: new Set() });
      const known = this.#runs.get(run);
      if (known === undefined) continue;
      known.seq = after + events.length;
      for (const { path, endedAt } of actors) {
        if (endedAt === null) known.open.add(path);
        else known.open.delete(path);
      }
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
      const { number, fence, seq, open } = found as Columns;
      const paths = open === null ? [] : (JSON.parse(String(open)) as readonly string[]).map(fromColumn);
      this.#runs.set(change.run, {
        number: Number(number),
        fence: Number(fence),
        seq: Number(seq),
        open: new Set(paths),
      });
    }
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
