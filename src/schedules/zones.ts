/**
 * Time zones as pieces of constant offset, asked of `Intl`. A piece is what the rules for missing and doubled hours need: when it
 * begins and ends, its offset, and those of its neighbours. A year of a zone is looked through once and kept.
 */

/** A stretch of time in which the clocks of a zone show the same distance from UTC. */
export interface Piece {
  /** The first moment of it, in milliseconds since 1970. */
  readonly from: number;
  /** The first moment after it. */
  readonly until: number;
  /** Milliseconds by which the wall clock is ahead of UTC; in the piece before, in this one, and in the next. */
  readonly before: number;
  readonly offset: number;
  readonly after: number;
}

export interface Zone {
  offsetAt(at: number): number;
  pieceAt(at: number): Piece;
}

const DAY = 86_400_000;
/** How many zones, and how many years of one, are kept: enough for every schedule of a process, and an end to it. */
const ZONES = 1_000;
const YEARS = 200;
const OFFSET = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

const zones = new Map<string, Zone>();

/** @throws RangeError for a zone that the platform does not know. */
export function zoneNamed(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = new ZoneOfIntl(name);
    if (zones.size >= ZONES) zones.clear();
    zones.set(name, zone);
  }
  return zone;
}

class ZoneOfIntl implements Zone {
  readonly #format: Intl.DateTimeFormat;
  /** The pieces that begin in a year, by year. The year's own beginning begins one, too. */
  readonly #years = new Map<number, readonly Piece[]>();

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  }

  offsetAt(at: number): number {
    const [, sign, hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(this.#format.format(at)) ?? [];
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
    return sign === '-' ? -ms : ms;
  }

  pieceAt(at: number): Piece {
    const pieces = this.#year(new Date(at).getUTCFullYear());
    return pieces.find(({ until }) => at < until) as Piece;
  }

  #year(year: number): readonly Piece[] {
    let pieces = this.#years.get(year);
    if (pieces === undefined) {
      pieces = this.#pieces(startOfYear(year), startOfYear(year + 1));
      if (this.#years.size >= YEARS) this.#years.clear();
      this.#years.set(year, pieces);
    }
    return pieces;
  }

  /** No zone changes its mind twice within a day. */
  #pieces(start: number, end: number): readonly Piece[] {
    const changes: { readonly at: number; readonly offset: number }[] = [];
    const before = this.offsetAt(start - 1);
    let offset = this.offsetAt(start);
    changes.push({ at: start, offset });
    for (let day = start; day < end; day += DAY) {
      const next = this.offsetAt(day + DAY);
      if (next === offset) continue;
      const at = this.#change(day, day + DAY, offset);
      offset = next;
      if (at < end) changes.push({ at, offset });
    }
    return changes.map((change, index) => {
      const next = changes[index + 1];
      const until = next?.at ?? end;
      const after = next?.offset ?? this.offsetAt(end);
      const last = changes[index - 1]?.offset ?? before;
      return Object.freeze({ from: change.at, until, before: last, offset: change.offset, after });
    });
  }

  /** The first moment at which the offset is not `offset` any more; zones change at whole seconds. */
  #change(low: number, high: number, offset: number): number {
    let [same, other] = [low, high];
    while (other - same > 1_000) {
      const middle = same + Math.floor((other - same) / 2_000) * 1_000;
      if (this.offsetAt(middle) === offset) same = middle;
      else other = middle;
    }
    return other;
  }
}

/** `Date.UTC` takes years below 100 for others. */
function startOfYear(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1);
}
