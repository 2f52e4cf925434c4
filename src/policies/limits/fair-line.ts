/**
 * A line of bodies: the highest priority first; within a priority the groups in turn, by their shares; within a group
 * first come, first served. Putting one in and taking one out costs the logarithm of what is in it.
 */
import { Heap } from '../../heap.ts';
import { Ranked } from './ranked.ts';
import type { Share, Shares } from './shares.ts';

export interface Standing {
  /** The order in which they came. */
  readonly seq: number;
  readonly priority: number;
  readonly group: string;
  readonly weight: number;
  /** The strand in which it stands; null when it stands in no line. */
  strand: Strand | null;
}

/** What the lines of several are compared by. */
export interface Rank {
  priority: number;
  pass: number;
  seq: number;
}

/** The bodies of one group with one priority. Its rank may be older than its share: shares only grow, so it is never too late in the heap. */
export interface Strand extends Rank {
  readonly share: Share;
  items: Heap<Standing>;
  /** How many of the items still stand here. */
  live: number;
  at: number;
}

export function isBefore(left: Rank, right: Rank): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  if (left.pass !== right.pass) return left.pass < right.pass;
  return left.seq < right.seq;
}

const bySeq = (left: Standing, right: Standing): number => left.seq - right.seq;

export class FairLine<T extends Standing> {
  readonly #shares: Shares;
  readonly #strands = new Map<number, Map<Share, Strand>>();
  readonly #ranked = new Ranked<Strand>(isBefore);
  #size = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const share = this.#shares.join(item.group, item.weight);
    const strand = this.#strandOf(share, item.priority);
    item.strand = strand;
    strand.items.push(item);
    strand.live += 1;
    this.#size += 1;
    if (strand.items.peek() !== item) return;
    strand.pass = share.pass;
    strand.seq = item.seq;
    this.#ranked.put(strand);
  }

  /** Who is next, and by what rank; undefined when nobody stands here. */
  first(): Strand | undefined {
    for (let strand = this.#ranked.peek(); strand !== undefined; strand = this.#ranked.peek()) {
      const { share, items } = strand;
      let head = items.peek();
      while (head !== undefined && head.strand !== strand) {
        items.pop();
        head = items.peek();
      }
      if (head === undefined) this.#close(strand);
      else if (strand.pass === share.pass && strand.seq === head.seq) return strand;
      else {
        strand.pass = share.pass;
        strand.seq = head.seq;
        this.#ranked.put(strand);
      }
    }
    return undefined;
  }

  peek(): T | undefined {
    return this.first()?.items.peek() as T | undefined;
  }

  /** Takes out who is next. `charged`, that counts as a place of its group's. */
  pop(charged: boolean): T | undefined {
    const strand = this.first();
    if (strand === undefined) return undefined;
    const item = strand.items.pop() as T;
    item.strand = null;
    if (charged) this.#shares.charge(strand.share);
    this.#left(strand);
    return item;
  }

  /** Takes out one that stands here. Its entry goes when it comes to the front, or with others like it. */
  drop(item: T): void {
    const { strand } = item;
    if (strand === null) return;
    item.strand = null;
    this.#left(strand);
    if (strand.live > 0 && strand.items.size > 2 * strand.live + 32) {
      strand.items = new Heap(bySeq, [...strand.items].filter((each) => each.strand === strand).sort(bySeq));
    }
  }

  #left(strand: Strand): void {
    strand.live -= 1;
    this.#size -= 1;
    this.#shares.quit(strand.share);
    if (strand.live === 0) this.#close(strand);
  }

  #strandOf(share: Share, priority: number): Strand {
    let strands = this.#strands.get(priority);
    if (strands === undefined) {
      strands = new Map();
      this.#strands.set(priority, strands);
    }
    let strand = strands.get(share);
    if (strand === undefined) {
      strand = { priority, pass: share.pass, seq: 0, share, items: new Heap(bySeq), live: 0, at: -1 };
      strands.set(share, strand);
    }
    return strand;
  }

  #close(strand: Strand): void {
    this.#ranked.remove(strand);
    const strands = this.#strands.get(strand.priority);
    if (strands?.get(strand.share) !== strand) return;
    strands.delete(strand.share);
    if (strands.size === 0) this.#strands.delete(strand.priority);
  }
}
