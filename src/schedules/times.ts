/**
 * When a schedule fires: the nominal times after a moment, and when each of them starts. Pure; nothing here reads a clock.
 *
 * A cron line speaks of wall clocks. Croner says which wall-clock times fit the line, as if they were UTC; which moments those
 * are in a zone is said here, by the declared rule. A wall-clock time is, in the zone,
 *
 * - there once: it is that moment;
 * - missing: `skip` is no moment, `next` the first moment after the gap, `shift` the moment that it would have been had the clock
 *   gone on as before the gap;
 * - there twice: `first` and `second` are one of both, `both` is both.
 *
 * The moments are taken in their own order, and one that comes about in two ways counts once.
 */
import { Cron, CronPattern } from 'croner';
import { chanceOf } from '../ids.ts';
import { type DstRule, nameOfTime, type ScheduleSpec, type TimesSpec } from './spec.ts';
import { type Piece, type Zone, zoneNamed } from './zones.ts';

/** The nominal times of a schedule. */
export interface Times {
  /** The first one after a moment; null if there is none any more. */
  next(after: number): number | null;
}

/** Wall-clock times that fit a cron line, written as if they were UTC. */
type Line = (after: number) => number | null;

/** No offset is farther from UTC, and no change of one is greater. */
const FAR = 3 * 86_400_000;
/** So far ahead a time is looked for. The 29th of February falls on a given weekday within forty years. */
const HORIZON = 100 * 366 * 86_400_000;
/** No `Date` can say more. */
const LAST = 8_640_000_000_000_000;

const compiled = new WeakMap<TimesSpec, Times>();

/** The times of a spec, made ready once for each object. */
export function timesOf(spec: TimesSpec): Times {
  let times = compiled.get(spec);
  if (times === undefined) {
    times = within(spec, spec.every === null ? ofCron(spec) : ofInterval(spec.every, spec.from ?? 0));
    compiled.set(spec, times);
  }
  return times;
}

/** @throws TypeError or RangeError of Croner's, which says what is wrong with the line. */
export function cronLine(cron: string): Line {
  const line = new Cron(cron, { utcOffset: 0, paused: true });
  // Croner takes a text with a date in it for a single time, which is no line.
  if (line.getOnce() !== null) throw new TypeError('it is a date, and five, six or seven fields are expected');
  return (after) => line.nextRun(new Date(after))?.getTime() ?? null;
}

/**
 * The rule that a line has if its schedule declares none, as Croner and Vixie cron have it. With one second, one minute and
 * one hour it is for a time of the day, which must not be left out or come twice; any other line repeats itself, and goes by real time.
 */
export function ruleOf(cron: string): DstRule {
  const isTimeOfDay = new CronPattern(cron).isFixedTime;
  return isTimeOfDay ? { missing: 'next', doubled: 'first' } : { missing: 'skip', doubled: 'both' };
}

/** When the firing of a nominal time starts: later by its jitter, but before the next one. */
export function startOf({ id, jitter }: ScheduleSpec, at: number, next: number | null): number {
  if (jitter === 0) return at;
  const late = Math.floor(chanceOf(`${id}/${nameOfTime(at)}`) * jitter);
  return next === null ? at + late : Math.min(at + late, next - 1);
}

/** Nothing before `from`, and nothing from `until` on. */
function within({ from, until }: TimesSpec, { next }: Times): Times {
  return {
    next(after) {
      const at = next(from === null ? after : Math.max(after, from - 1));
      return at === null || at > LAST || (until !== null && at >= until) ? null : at;
    },
  };
}

function ofInterval(every: number, anchor: number): Times {
  return { next: (after) => anchor + (Math.floor((after - anchor) / every) + 1) * every };
}

function ofCron({ cron, zone: name, dst }: TimesSpec): Times {
  const line = cronLine(cron ?? '');
  const zone = zoneNamed(name);
  return { next: (after) => nextIn(line, zone, dst, after) };
}

function nextIn(line: Line, zone: Zone, rule: DstRule, after: number): number | null {
  let piece = zone.pieceAt(after);
  for (let pieces = 0; piece.from - after < HORIZON; pieces += 1) {
    const first = firstIn(piece, line, rule, after);
    if (first !== null) return first;
    // The wall clock of this piece, or its beginning, is where the search for the next time on the line begins.
    const wall = line(Math.max(after, piece.from - 1) + piece.offset);
    // A last wall-clock time may come a second time in the piece behind.
    if (wall === null && pieces > 0) return null;
    // The next piece is always looked at: it may repeat a time that is over in this one. Those up to the far one have nothing.
    const far = wall === null || pieces === 0 ? 0 : wall - FAR;
    piece = zone.pieceAt(Math.max(piece.until, far));
  }
  return null;
}

/** The first moment in a piece that is after `after`. */
function firstIn(piece: Piece, line: Line, rule: DstRule, after: number): number | null {
  const regular = regularIn(piece, line, rule, after);
  const missing = missingAt(piece, line, rule, after);
  return regular === null || (missing !== null && missing < regular) ? missing : regular;
}

/** Of the wall-clock times that the piece has, the first that counts. */
function regularIn({ from, until, before, offset, after: behind }: Piece, line: Line, rule: DstRule, after: number) {
  // Up to here, wall-clock times were there in the piece before; from there on, they come again in the next.
  const repeated = before > offset ? from + before : Number.NEGATIVE_INFINITY;
  const repeats = behind < offset ? until + behind : Number.POSITIVE_INFINITY;
  let wall = line(Math.max(after, from - 1) + offset);
  if (wall !== null && wall < repeated && rule.doubled === 'first') wall = line(repeated - 1);
  if (wall === null || wall >= until + offset) return null;
  return wall >= repeats && rule.doubled === 'second' ? null : wall - offset;
}

/** What becomes of the wall-clock times that are missing before a piece. */
function missingAt({ from, before, offset }: Piece, line: Line, rule: DstRule, after: number): number | null {
  if (before >= offset || rule.missing === 'skip') return null;
  const end = from + offset;
  const start = from + before;
  if (rule.missing === 'next') {
    const wall = after < from ? line(start - 1) : null;
    return wall !== null && wall < end ? from : null;
  }
  const wall = line(Math.max(start - 1, after + before));
  return wall !== null && wall < end ? wall - before : null;
}
