/** What stands in line, and where: the shapes that `limits.ts` and `gate.ts` share. */
import type { LimitDefinition, QueuedFor } from '../../limits.ts';
import type { FairLine, Rank, InLine } from './fair-line.ts';
import type { Gate } from './gate.ts';

/** A limit that something is under: what it is called among all, its rule, and what people are told. */
export interface Limit {
  readonly id: string;
  readonly rule: LimitDefinition;
  readonly called: QueuedFor;
}

/** What a body asks for. */
export interface Claim {
  readonly queue: Queue;
  /** The limits that have a key, for the key that is this body's. */
  readonly keyed: readonly Limit[];
  /** Places are handed out to groups in turn. */
  readonly group: string;
  readonly weight: number;
  readonly priority: number;
}

/** A body that is in line or has begun. */
export interface Ticket<T = unknown> extends InLine {
  readonly body: T;
  readonly claim: Claim;
  /** The gates of its keys. */
  keys: readonly Gate[];
  /** The gate that has turned it away; then it is over. */
  refusedBy: Gate | null;
  /** Those that it has taken the place of, and at which gate. They are over. */
  replaced: readonly Replaced<T>[];
  state: 'inLine' | 'begun' | 'over';
  /** The pocket that it stands in; null in its queue. */
  pocket: Pocket | null;
  /** The pocket that has sent it into its queue, to be next. */
  sentBy: Pocket | null;
}

/** One that had to make way, and the gate at which. */
export type Replaced<T> = readonly [ticket: Ticket<T>, gate: Gate];

/** All that are under the same limits, keys apart: they can begin together or not at all. */
export interface Queue extends Rank {
  readonly gates: readonly Gate[];
  /** One of them does more than let those over it wait. */
  readonly isCrowded: boolean;
  readonly line: FairLine<Ticket>;
  blockedBy: Gate | null;
  at: number;
}

/** Those of a queue that stand before the gate of a key. */
export interface Pocket {
  readonly gate: Gate;
  readonly queue: Queue;
  readonly line: FairLine<Ticket>;
  /** How many it has sent that stand in the queue now, and the highest priority among the last of them. */
  sent: number;
  level: number;
}
