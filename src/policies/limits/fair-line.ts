/**
 * A line of bodies: the highest priority first; within a priority the groups in turn, by their shares; within a group
 * first come, first served. Putting one in and taking one out costs the logarithm of how many groups and priorities are in it.
 */
import { Ranked } from './ranked.ts';
import type { Share, Shares } from './shares.ts';

export interface InLine {
  /** The order in which they came. */
  readonly seq: number;
  readonly claim: { readonly priority: number; readonly group: string; readonly weight: number };
  /** Where it stands; null when it stands in no line. */
  strand: Strand | null;
  before: InLine | null;
  after: InLine | null;
}

/** What the lines of several are compared by. */
export interface Rank {
  priority: number;
  pass: number;
  seq: number;
}

/**
 * The bodies of one group with one priority, as a list through themselves. Its rank may be older than its share: shares only
 * grow, so it never stands too far behind.
 */
export interface Strand extends Rank {
  readonly line: FairLine<never>;
  readonly share: Share;
  first: InLine | null;
  last: InLine | null;
  at: number;
}

export function isBefore(left: Rank, right: Rank): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  if (left.pass !== right.pass) return left.pass < right.pass;
  return left.seq < right.seq;
}

export class FairLine<T extends InLine> {
  readonly #shares: Shares;
  readonly #ranked = new Ranked<Strand>(isBefore);
  /** Strands beside the first one of their share, which the share itself knows. */
  readonly #others = new Map<number, Map<Share, Strand>>();
  #size = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const { group, weight, priority } = item.claim;
    const share = this.#shares.join(group, weight);
    const strand = this.#strandOf(share, priority);
    item.strand = strand;
    this.#size += 1;
    if (!link(strand, item)) return;
    strand.pass = share.pass;
    strand.seq = item.seq;
    this.#ranked.put(strand);
  }

  /** Who is next, and by what rank; undefined when nobody stands here. */
  first(): Strand | undefined {
    for (let strand = this.#ranked.peek(); strand !== undefined; strand = this.#ranked.peek()) {
      const { pass } = strand.share;
      const { seq } = strand.first as InLine;
      if (strand.pass === pass && strand.seq === seq) return strand;
      strand.pass = pass;
      strand.seq = seq;
      this.#ranked.put(strand);
    }
    return undefined;
  }

  peek(): T | undefined {
    return (this.first()?.first ?? undefined) as T | undefined;
  }

  /** Takes out who is next. `charged`, that counts as a place of its group's. */
  pop(charged: boolean): T | undefined {
    const strand = this.first();
    if (strand === undefined) return undefined;
    const item = strand.first as T;
    if (charged) this.#shares.charge(strand.share);
    this.drop(item);
    return item;
  }

  /** Takes out one that stands here. */
  drop(item: T): void {
    const { strand } = item;
    if (strand === null) return;
    item.strand = null;
    unlink(strand, item);
    this.#size -= 1;
    if (strand.first === null) this.#close(strand);
    this.#shares.quit(strand.share);
  }

  #strandOf(share: Share, priority: number): Strand {
    const known = share.strand;
    if (known !== null && known.line === (this as never) && known.priority === priority) return known;
    const other = this.#others.get(priority)?.get(share);
    if (other !== undefined) return other;
    const strand = { line: this as never, priority, pass: 0, seq: 0, share, first: null, last: null, at: -1 };
    if (known === null) share.strand = strand;
    else {
      const others = this.#others.get(priority);
      if (others === undefined) this.#others.set(priority, new Map([[share, strand]]));
      else others.set(share, strand);
    }
    return strand;
  }

  #close(strand: Strand): void {
    const { share, priority } = strand;
    this.#ranked.remove(strand);
    if (share.strand === strand) {
      share.strand = null;
      return;
    }
    const others = this.#others.get(priority);
    others?.delete(share);
    if (others?.size === 0) this.#others.delete(priority);
  }
}

/** Puts one in by its number, which nearly always is the last. True if it is the first now. */
function link(strand: Strand, item: InLine): boolean {
  const { first, last } = strand;
  if (first === null || last === null) {
    strand.first = item;
    strand.last = item;
    return true;
  }
  if (last.seq < item.seq) return put(strand, last, item, null);
  if (item.seq < first.seq) return put(strand, null, item, first);
  // One that comes back belongs near one of the ends: from both at once.
  let front = first;
  let back = last;
  for (;;) {
    front = front.after as InLine;
    if (item.seq < front.seq) return put(strand, front.before, item, front);
    back = back.before as InLine;
    if (back.seq < item.seq) return put(strand, back, item, back.after);
  }
}

function put(strand: Strand, before: InLine | null, item: InLine, after: InLine | null): boolean {
  item.before = before;
  item.after = after;
  if (before === null) strand.first = item;
  else before.after = item;
  if (after === null) strand.last = item;
  else after.before = item;
  return before === null;
}

function unlink(strand: Strand, item: InLine): void {
  const { before, after } = item;
  if (before === null) strand.first = after;
  else before.after = after;
  if (after === null) strand.last = before;
  else after.before = before;
  item.before = null;
  item.after = null;
}
