/**
 * What is remembered of the runs that this process owns: fence, number of the last event, and by which number the tables know
 * them. Nobody else writes to the file, so it is what the file says, and a commit reads nothing. What is not
 * remembered is looked up.
 */
import { CommitConflict, LeaseLost } from '../../errors/index.ts';
import { isTerminal, type Status } from '../../events.ts';
import type { RunChange } from '../../store.ts';
import type { Columns } from '../rows.ts';
import * as sql from './statements.ts';

/** What is known of a run that this process owns. */
export interface Known {
  readonly fence: number;
  /** Of its last event. */
  seq: number;
  /** Of the last event of a commit that is under way; null if none is. */
  next: number | null;
  /** By which the tables of its places and its events know it. */
  readonly number: number;
  /** The time by which its last events were told; null if nobody knows. */
  base: number | null;
}

/** Within so many milliseconds the time of an event that is not that of its row is told beside it. */
const SOON = 10_000;

/**
 * The time by which the events of a change are told: its own first one. A run that is alone goes on with that of its last commit,
 * unless that was long ago: the writer can add what is told by one time to one row.
 */
export function baseOf(changes: readonly RunChange[], at: number, known: Known | null): number | null {
  const [first] = (changes[at] as RunChange).events;
  const base = known?.base ?? null;
  if (first === undefined) return base;
  const isSoon = base !== null && first.at >= base && first.at - base < SOON;
  return isSoon && changes.length === 1 ? base : first.at;
}

export class Owned {
  readonly #get: (text: string, ...values: (string | number | null)[]) => Columns | null;
  readonly #runs = new Map<string, Known>();
  /** What this process is called. */
  owner = '';

  constructor(get: (text: string, ...values: (string | number | null)[]) => Columns | null) {
    this.#get = get;
  }

  /** What is known of the run, if the change may be made to it; null for one that begins. */
  check({ run, fence, after }: RunChange): Known | null {
    const known = this.#runs.get(run) ?? this.#recall(run, after);
    const found = known?.seq ?? 0;
    if (known !== null && known.fence !== fence)
      throw new LeaseLost({ run, owner: 'another owner', fence: known.fence });
    if (found !== after) throw new CommitConflict({ run, expected: after, found });
    // Both would stand on the same number, and nothing in the file tells the second that the first has landed (I2).
    if (known !== null && known.next !== null) throw new CommitConflict({ run, expected: after, found: known.next });
    return known;
  }

  /** These changes are about to be written elsewhere: until they have landed, or are forgotten, their runs take no others. */
  underWay(changes: readonly RunChange[], known: readonly (Known | null)[]): void {
    for (let at = 0; at < changes.length; at += 1) {
      const { after, events } = changes[at] as RunChange;
      const run = known[at] ?? null;
      if (run !== null) run.next = after + events.length;
    }
  }

  /** These changes have landed; `begun` has the numbers of those that began with them, in their order. */
  landed(changes: readonly RunChange[], known: readonly (Known | null)[], begun: readonly number[]): void {
    let next = 0;
    for (let at = 0; at < changes.length; at += 1) {
      const { run, fence, after, events, row } = changes[at] as RunChange;
      const seq = after + events.length;
      const before = known[at] ?? null;
      const base = baseOf(changes, at, before);
      const number = before?.number ?? (begun[next] as number);
      if (before === null) next += 1;
      if (row !== null && isTerminal(row.status)) this.#runs.delete(run);
      else if (before === null) this.#runs.set(run, { fence, seq, next: null, number, base });
      else {
        before.seq = seq;
        before.next = null;
        before.base = base;
      }
    }
  }

  forget(runs: Iterable<string>): void {
    for (const run of runs) this.#runs.delete(run);
  }

  clear(): void {
    this.#runs.clear();
  }

  /** What the file says of a run that is not remembered; it is from now on. One that has ended takes nothing more (I5). */
  #recall(run: string, after: number): Known | null {
    const row = this.#get(sql.SELECT_RUN, run);
    if (row === null) return null;
    const { owner, fence, number, status } = row as {
      owner: string | null;
      fence: number;
      number: number;
      status: Status;
    };
    if (owner !== this.owner) throw new LeaseLost({ run, owner: owner ?? 'nobody', fence });
    const isOver = isTerminal(status);
    if (isOver && after > 0) throw new LeaseLost({ run, owner: 'nobody', fence });
    const seq = this.#get(sql.SELECT_SEQ, number)?.seq as number;
    if (isOver) throw new CommitConflict({ run, expected: after, found: seq });
    const recalled = { fence, seq, next: null, number, base: null };
    this.#runs.set(run, recalled);
    return recalled;
  }
}
