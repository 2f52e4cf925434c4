/**
 * What the declared rule for missing and doubled hours says, written out the slow way: every day of a span is looked at, every
 * wall-clock time of it is asked for in the zone, and the moments are put in order. Nothing of the code under test is in here.
 *
 * A line is written twice, as a cron line and as what it means, so that the reading of lines is held against something, too.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A day of the calendar, as a line sees it. */
interface Day {
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** How many days the month has. */
  readonly length: number;
}

export interface OracleLine {
  readonly cron: string;
  readonly days: (day: Day) => boolean;
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
}

export interface OracleRule {
  readonly missing: 'skip' | 'next' | 'shift';
  readonly doubled: 'first' | 'second' | 'both';
}

const every = (): boolean => true;
const upTo = (end: number, by = 1): readonly number[] =>
  Array.from({ length: Math.ceil(end / by) }, (_, at) => at * by);
const range = (from: number, to: number): readonly number[] => upTo(to - from + 1).map((at) => from + at);

/** Twenty lines: times of the day around the hours at which zones change, and times that repeat themselves. */
export const LINES: readonly OracleLine[] = [
  { cron: '0 0 * * *', days: every, hours: [0], minutes: [0] },
  { cron: '30 0 * * *', days: every, hours: [0], minutes: [30] },
  { cron: '59 23 * * *', days: every, hours: [23], minutes: [59] },
  { cron: '15 1 * * *', days: every, hours: [1], minutes: [15] },
  { cron: '0 2 * * *', days: every, hours: [2], minutes: [0] },
  { cron: '30 2 * * *', days: every, hours: [2], minutes: [30] },
  { cron: '0 3 * * *', days: every, hours: [3], minutes: [0] },
  { cron: '45 3 * * *', days: every, hours: [3], minutes: [45] },
  { cron: '0 12 * * *', days: every, hours: [12], minutes: [0] },
  { cron: '30 1 * * SUN', days: ({ weekday }) => weekday === 0, hours: [1], minutes: [30] },
  { cron: '30 2 * * 7', days: ({ weekday }) => weekday === 0, hours: [2], minutes: [30] },
  { cron: '5 0,2,23 * * 6,0', days: ({ weekday }) => weekday % 6 === 0, hours: [0, 2, 23], minutes: [5] },
  { cron: '0 9 1 * *', days: ({ day }) => day === 1, hours: [9], minutes: [0] },
  { cron: '10 2 L * *', days: ({ day, length }) => day === length, hours: [2], minutes: [10] },
  { cron: '0 2 29 2 *', days: ({ month, day }) => month === 2 && day === 29, hours: [2], minutes: [0] },
  {
    cron: '30 2 * 3,10 SUN#L',
    days: ({ month, weekday, day, length }) => (month === 3 || month === 10) && weekday === 0 && day + 7 > length,
    hours: [2],
    minutes: [30],
  },
  { cron: '30 1-3 * * *', days: every, hours: range(1, 3), minutes: [30] },
  { cron: '*/20 0-3 * * SUN', days: ({ weekday }) => weekday === 0, hours: range(0, 3), minutes: upTo(60, 20) },
  { cron: '0 */6 * * *', days: every, hours: upTo(24, 6), minutes: [0] },
  { cron: '@hourly', days: every, hours: upTo(24), minutes: [0] },
];

/** The offset of a zone, minute by minute, asked of `Intl` another way than the code does. */
export class OracleZone {
  readonly #format: Intl.DateTimeFormat;
  /** By day of UTC: the offset, where it is the same at both ends of the day. */
  readonly #days = new Map<number, number>();
  readonly #minutes = new Map<number, number>();

  constructor(timeZone: string) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...parts });
  }

  offsetAt(at: number): number {
    const day = Math.floor(at / DAY);
    const start = this.#atStartOf(day);
    if (start === this.#atStartOf(day + 1)) return start;
    return this.#atMinute(at);
  }

  #atStartOf(day: number): number {
    let offset = this.#days.get(day);
    if (offset === undefined) {
      offset = this.#asked(day * DAY);
      this.#days.set(day, offset);
    }
    return offset;
  }

  #atMinute(at: number): number {
    const minute = Math.floor(at / MINUTE);
    let offset = this.#minutes.get(minute);
    if (offset === undefined) {
      offset = this.#asked(minute * MINUTE);
      this.#minutes.set(minute, offset);
    }
    return offset;
  }

  #asked(at: number): number {
    const parts = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+)/.exec(this.#format.format(at)) as RegExpExecArray;
    const [month, day, year, hour, minute] = parts.slice(1).map(Number) as [number, number, number, number, number];
    return Date.UTC(year, month - 1, day, hour, minute) - at;
  }

  /** The moments at which the wall clock shows this time. */
  momentsOf(wall: number, offsets: ReadonlySet<number>): number[] {
    return [...offsets].map((offset) => wall - offset).filter((at) => at + this.offsetAt(at) === wall);
  }

  /** The first moment whose wall clock is beyond this time: the end of the gap that it is in. */
  endOfGap(wall: number): number {
    for (let at = wall - 15 * HOUR; ; at += MINUTE) if (at + this.offsetAt(at) > wall) return at;
  }

  /** Every offset that the zone has in a span. */
  offsetsIn(from: number, to: number): ReadonlySet<number> {
    const offsets = new Set<number>();
    for (let day = Math.floor(from / DAY) - 2; day <= to / DAY + 2; day += 1) offsets.add(this.#atStartOf(day));
    return offsets;
  }
}

/** Every moment from `from` on and before `to` at which a line fires. */
export function oracle(
  zone: OracleZone,
  { days, hours, minutes }: OracleLine,
  { missing, doubled }: OracleRule,
  from: number,
  to: number,
): number[] {
  const offsets = zone.offsetsIn(from, to);
  const moments = new Set<number>();
  for (let midnight = from - 2 * DAY; midnight < to + 2 * DAY; midnight += DAY) {
    const date = new Date(midnight);
    const month = date.getUTCMonth() + 1;
    const length = new Date(Date.UTC(date.getUTCFullYear(), month, 0)).getUTCDate();
    if (!days({ month, day: date.getUTCDate(), weekday: date.getUTCDay(), length })) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const wall = midnight + hour * HOUR + minute * MINUTE;
        const found = zone.momentsOf(wall, offsets).sort((left, right) => left - right);
        if (found.length === 0) {
          if (missing === 'skip') continue;
          const end = zone.endOfGap(wall);
          moments.add(missing === 'next' ? end : wall - zone.offsetAt(end - MINUTE));
        } else if (doubled === 'both') for (const each of found) moments.add(each);
        else moments.add((doubled === 'first' ? found[0] : found.at(-1)) as number);
      }
    }
  }
  return [...moments].filter((at) => at >= from && at < to).sort((left, right) => left - right);
}
