/**
 * What a parent knows of its children: which begins next, and what an end means for the others. The parent's machine
 * counts and decides; names and order are in here (S2). It is derived from the plan and the rows, is never stored, and
 * can be built again at any time. `graph.ts` is one way to have children; items, rounds and routes are others.
 */
import type { Facts, Place, PlanNode, RunFacts, Strategy } from '../../definition.ts';
import type { ErrorRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import type { ChildCounts } from '../../store.ts';
import { stepsIn } from '../steps.ts';

/** What the parent's own `output` or `merge` made of its children's outputs, or how that failed. */
export type Finished = { readonly output: Json } | { readonly error: ErrorRecord };

/** Children that will never begin. Up to `TOLD_BY_NAME` of them are named, in declared order; more are a number. */
export interface Skipped {
  readonly count: number;
  /** How many steps there are in them. */
  readonly steps: number;
  readonly places: readonly Place[];
}

/** What a parent is told of its children: the counters' changes, and what it has for an output once it is over. */
export interface Arrival {
  /** How many more could begin. */
  readonly ready: number;
  readonly skipped: Skipped;
  readonly finished: Finished | null;
  /** What the parent has to remember from here on, beside the rows of its children; left out if that has not changed. */
  readonly kept?: Json;
  /** Names of children that have ended and whose rows go with this commit. */
  readonly forgotten?: readonly string[];
}

/** A child as the store has it. */
export interface KnownChild {
  readonly name: string;
  readonly status: string;
  readonly output: Json;
  /** It has failed, and counts as skipped until the parent has finished. */
  readonly isBorne?: boolean;
}

/** What children are made of. */
export interface Family {
  /** The parent's place, and null for a run's own. */
  readonly place: Place | null;
  readonly node: PlanNode;
  readonly input: Json;
  readonly run: RunFacts;
  readonly maxBytes: number;
  /** The children of the parent's own parent. */
  readonly above: Children | null;
  /** Where the parent stands in its run. */
  readonly path: string;
  /** Those that the store has; none, when the parent begins. */
  readonly known: Iterable<KnownChild>;
  /** In which states they are, where `known` has those under way and no others; null where it has all. */
  readonly counts: ChildCounts | null;
  /** What the parent has remembered (`Arrival.kept`); null for nothing. */
  readonly kept: Json;
}

/** What a parent knows of its children, and how it chooses the next. */
export interface Children {
  /** How many there are in all, begun or not. */
  readonly total: number;
  /** How many could begin. */
  readonly ready: number;
  /** How many are over: those that have ended, and those that never begin. */
  readonly settled: number;
  /** What a parent learns when it starts. */
  begin(): Arrival;
  /** The next one to begin, in declared order; it counts as begun from here on. None, if there is none. */
  take(): Place | null;
  /** One has ended. `output` is null unless it completed. */
  settle(place: Place, status: string, output: Json, error: ErrorRecord | null): Arrival;
  /** Gives up all that have not begun. */
  rest(): Skipped;
  /** Could it still begin, has it begun and not ended, or is it over? */
  standing(place: Place): 'to come' | 'begun' | 'over';
  /** What the mapper of a child is told (S1). */
  factsFor(place: Place): Facts;
  /** The same once more, for a run that goes on in two ways. `above` are the children of the parent's own parent there, `run` what it knows of itself. */
  fork(above: Children | null, run: RunFacts): Children;
}

/** Up to so many children that are skipped at once are told one by one, each with a row; more are a number. */
export const TOLD_BY_NAME = 100;

const NO_PLACES: readonly Place[] = Object.freeze([]);

export const NONE_SKIPPED: Skipped = Object.freeze({ count: 0, steps: 0, places: NO_PLACES });

/** Places that will never begin, named if there are not too many. */
export function skipped(places: readonly Place[]): Skipped {
  const count = places.length;
  if (count === 0) return NONE_SKIPPED;
  const steps = places.reduce((sum, { node }) => sum + stepsIn(node), 0);
  return { count, steps, places: count > TOLD_BY_NAME ? NO_PLACES : places };
}

/** The number that a place has for a name: that of an item, of a round. */
export function ordinalIn(name: string): number | null {
  return /^(?:0|[1-9]\d{0,14})$/.test(name) ? Number(name) : null;
}

/** The statuses of a child that count against its parent. */
const BAD: ReadonlySet<string> = new Set(['failed', 'timedOut', 'cancelled', 'compensationFailed']);

/** How a child has ended: what its row says, and whether all that failed it was borne in it. */
export interface Ended {
  readonly status: string;
  readonly output: Json;
  readonly isBorne: boolean;
}

/** What its parent is told of that. */
export interface ToldOf extends Ended {
  /** The parent can do without it. */
  readonly isForgiven: boolean;
}

/**
 * What a parent is told of how a child has ended (S12). Of one that it can do without, a failure is as good as if it had been
 * skipped. So is one that is borne, where the first failure would be the end: what runs beside and after it finishes.
 */
export function toldOf(place: Pick<Place, 'optional' | 'permissive'>, strategy: Strategy, ended: Ended): ToldOf {
  const { status, output } = ended;
  if (status !== 'failed' && status !== 'timedOut') return { status, output, isBorne: false, isForgiven: false };
  if (place.optional === true) return { status: 'skipped', output: null, isBorne: false, isForgiven: true };
  const isBorne = place.permissive === true || ended.isBorne;
  if (!isBorne || !bears(strategy)) return { status, output, isBorne, isForgiven: false };
  return { status: 'skipped', output: place.permissive === true ? null : output, isBorne, isForgiven: false };
}

/** Would the first failure be the end, so that one that is borne has to count as none until then? */
export function bears(strategy: Strategy): boolean {
  return strategy === 'failFast' || strategy === 'caught';
}

/** A failure that is borne until what it stands in has finished: the first one, and how many there are. */
export interface Borne {
  readonly error: ErrorRecord;
  readonly count: number;
}

/** What of its memory says how a child has ended; only parents bear something. */
export interface EndMemory {
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly borne?: Borne | null;
  readonly failed?: number;
}

/** How a child has ended. A parent may have failed by nothing but what was borne in it: `failed` counts what its strategy was told of. */
export function endOf(status: string, strategy: Strategy, { output, error, borne, failed }: EndMemory): Ended {
  const isSame = status === 'failed' && borne != null && error?.path === borne.error.path;
  return { status, output, isBorne: isSame && (bears(strategy) || failed === borne.count) };
}

export function isBad(status: string): boolean {
  return BAD.has(status);
}

/** How many children are in one of these states. */
export function sumOf(counts: ChildCounts, isOne: (status: string) => boolean): number {
  return Object.entries(counts).reduce((sum, [status, count]) => (isOne(status) ? sum + count : sum), 0);
}
