/**
 * What a schedule is once its options were read: JSON, because it is the input of a run and has to outlive the process that
 * declared it. Instants and durations are milliseconds. `definition.ts` reads and checks the options.
 */
import type { Json, JsonObject } from '../json.ts';

/** What to do with a firing whose predecessor still runs. */
export const OVERLAPS = ['skip', 'bufferOne', 'bufferAll', 'cancelOther', 'allowAll'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** What becomes of a wall-clock time that the zone skips: nothing, the first moment after the gap, or as long after the gap's beginning as it should have been. */
export const MISSING_RULES = ['skip', 'next', 'shift'] as const;
export type MissingRule = (typeof MISSING_RULES)[number];

/** Which of the two moments counts that have the same wall-clock time. */
export const DOUBLED_RULES = ['first', 'second', 'both'] as const;
export type DoubledRule = (typeof DOUBLED_RULES)[number];

/** How a schedule treats hours that its zone skips or has twice. */
export type DstRule = { readonly missing: MissingRule; readonly doubled: DoubledRule };

/** When a schedule fires. Either `cron` is set or `every`. */
export type TimesSpec = {
  readonly cron: string | null;
  readonly every: number | null;
  readonly zone: string;
  readonly dst: DstRule;
  /** The first moment at which it may fire; also where intervals are counted from. */
  readonly from: number | null;
  /** It fires before this moment. */
  readonly until: number | null;
};

export type ScheduleSpec = TimesSpec & {
  readonly id: string;
  /** What it starts runs of. */
  readonly of: { readonly orchestrator: string; readonly version: string };
  readonly input: Json;
  readonly metadata: JsonObject;
  readonly overlap: Overlap;
  /** So much later than its time a firing may still start. */
  readonly catchUp: number;
  /** Each firing starts up to so much later, by a chance that depends on the schedule and the time alone. */
  readonly jitter: number;
  /** After so many failures in a row it pauses; null for never. */
  readonly pauseOnFailure: number | null;
};

/** The options by which a spec differs in its times from another. */
const TIMES = ['cron', 'every', 'zone', 'dst', 'from', 'until'] as const satisfies readonly (keyof TimesSpec)[];

/** Do both fire at the same times? */
export function sameTimes(left: TimesSpec, right: TimesSpec): boolean {
  return TIMES.every((key) => JSON.stringify(left[key]) === JSON.stringify(right[key]));
}

/** The id of the run that a schedule starts for a nominal time. The id of the schedule and the time are all of it, so it is started once (S36). */
export function runOfFiring(schedule: string, name: string): string {
  return `${schedule}.${name}`;
}

/** What a firing is called: its nominal time, to the second where that says it. */
export function nameOfTime(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** What a firing is called that somebody asked for by hand. */
export function nameOfTrigger(key: string): string {
  return `by-hand.${key}`;
}
