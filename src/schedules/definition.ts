/**
 * A schedule where it is declared: its options are read, and everything that is wrong with them is told at once (S3), before
 * anything is stored. That includes a line that can be read and never fires.
 */
import type { Fault, FaultCode } from '../faults.ts';
import { type Duration, toMs } from '../duration.ts';
import { DefinitionInvalid, reasonOf, show } from '../errors/index.ts';
import { type Instant, instantOf } from '../instant.ts';
import { type Json, type JsonObject, toJson } from '../json.ts';
import { closest, nameProblem } from '../names.ts';
import { cronLine, ruleOf, timesOf } from './times.ts';
import {
  DOUBLED_RULES,
  type DoubledRule,
  type DstRule,
  MISSING_RULES,
  type MissingRule,
  type Overlap,
  OVERLAPS,
  type ScheduleSpec,
  type TimesSpec,
} from './spec.ts';
import { zoneNamed } from './zones.ts';

/** When a schedule fires: at the times of a cron line in a zone, or in intervals. */
export type TimesOptions =
  | {
      /** Five fields, or six with seconds before them, or seven with a year behind. `@daily` and the like are lines, too. */
      readonly cron: string;
      /** An IANA zone, `'Europe/Berlin'`; UTC if left out. */
      readonly zone?: string;
      /** What becomes of times that the zone skips or has twice. Left out, it follows from the line. */
      readonly dst?: { readonly missing?: MissingRule; readonly doubled?: DoubledRule };
      readonly every?: undefined;
    }
  | {
      /** Counted from `from`, or else from 1970 on: `'1h'` is every full hour of UTC. */
      readonly every: Duration;
      readonly cron?: undefined;
      readonly zone?: undefined;
      readonly dst?: undefined;
    };

/** How a schedule treats its firings. */
export interface FiringOptions {
  /** The first moment at which it may fire. */
  readonly from?: Instant;
  /** It fires before this moment; afterwards it ends. */
  readonly until?: Instant;
  /** Facts for every run: `run.metadata` has them beside `schedule`, which is the id and the nominal time. */
  readonly metadata?: JsonObject;
  /** What becomes of a firing whose predecessor still runs; `skip` if left out. */
  readonly overlap?: Overlap;
  /** So much later than its time a firing may still start, because nobody was there; a day if left out. */
  readonly catchUp?: Duration;
  /** Spreads starts: each is later by up to so much, and before the next one. */
  readonly jitter?: Duration;
  /** Pauses when a run has failed, or when so many in a row have. */
  readonly pauseOnFailure?: boolean | number;
}

const KEYS = [
  'cron',
  'zone',
  'dst',
  'every',
  'orchestrator',
  'input',
  'from',
  'until',
  'metadata',
  'overlap',
  'catchUp',
  'jitter',
  'pauseOnFailure',
];
const DST_KEYS = ['missing', 'doubled'];

/** With the name of a firing behind it, it has to be the id of a run. */
const MAX_ID = 150;
const MIN_EVERY = 1_000;
const DAY = 86_400_000;
const NO_RULE: DstRule = Object.freeze({ missing: 'skip', doubled: 'both' });

/** Why this cannot be the id of a schedule, or null if it can. */
export function problemOfId(id: unknown): string | null {
  if (typeof id !== 'string') return nameProblem(id);
  if (id.length > MAX_ID) return `it has ${id.length} characters and ${MAX_ID} are allowed`;
  return id.isWellFormed() ? nameProblem(id) : 'it has half of a character';
}

/** What the rest of a schedule's definition says; `of` is what it starts. */
interface Around {
  readonly of: ScheduleSpec['of'];
  readonly now: number;
  readonly maxValueBytes: number;
  /** There is one under this id: it may have had its last time. */
  readonly isKnown?: boolean;
}

/**
 * The spec that the options of a schedule say.
 *
 * @throws DefinitionInvalid with every fault.
 */
export function readSchedule(
  id: unknown,
  given: unknown,
  { of, now, maxValueBytes, isKnown = false }: Around,
): ScheduleSpec {
  const reader = new Reader(typeof id === 'string' && id !== '' ? id : 'schedule');
  reader.id(id);
  const options = reader.options(given);
  const times = reader.times(options);
  const spec: ScheduleSpec = {
    ...times,
    id: String(id),
    of,
    input: reader.json(options, 'input', maxValueBytes),
    metadata: reader.metadata(options.metadata, maxValueBytes),
    overlap: reader.choice(options, 'overlap', OVERLAPS, 'skip'),
    catchUp: reader.duration(options, 'catchUp', DAY),
    jitter: reader.duration(options, 'jitter', 0),
    pauseOnFailure: reader.failures(options.pauseOnFailure),
  };
  if (reader.faults.length === 0) reader.fires(times, now, isKnown);
  const { faults } = reader;
  if (faults.length > 0) throw new DefinitionInvalid({ definition: reader.path, faults });
  return toJson(spec, `schedule "${spec.id}"`) as ScheduleSpec;
}

type Options = { readonly [option: string]: unknown };

class Reader {
  readonly path: string;
  readonly faults: Fault[] = [];

  constructor(path: string) {
    this.path = path;
  }

  #add(code: FaultCode, message: string): void {
    this.faults.push({ code, path: this.path, message });
  }

  #option(option: string, value: unknown, expected: string): void {
    this.#add('bad-option', `Option "${option}" cannot be ${show(value)}: it takes ${expected}.`);
  }

  id(id: unknown): void {
    const problem = problemOfId(id);
    if (problem !== null) this.#add('bad-name', `${show(id)} cannot be the id of a schedule: ${problem}.`);
  }

  options(given: unknown, what = 'options of a schedule', keys: readonly string[] = KEYS): Options {
    if (typeof given !== 'object' || given === null) {
      this.#add('bad-option', `The ${what} are an object; got ${show(given)}.`);
      return {};
    }
    for (const key of Object.keys(given)) {
      if (keys.includes(key)) continue;
      const guess = closest(key, keys);
      const hint = guess === null ? '' : ` Did you mean "${guess}"?`;
      this.#add('unknown-key', `"${key}" is none of the ${what}: ${keys.join(', ')}.${hint}`);
    }
    return given as Options;
  }

  times(options: Options): TimesSpec {
    const { cron, every } = options;
    if ((cron === undefined) === (every === undefined))
      this.#add('bad-option', 'A schedule needs "cron" or "every", and takes one of them.');
    for (const option of ['zone', 'dst']) {
      if (every !== undefined && options[option] !== undefined)
        this.#add('bad-option', `Option "${option}" belongs to "cron": intervals are the same in every zone.`);
    }
    const from = this.#instant(options, 'from');
    const until = this.#instant(options, 'until');
    if (from !== null && until !== null && until <= from) this.#option('until', options.until, 'a moment after "from"');
    const line = cron === undefined ? null : this.#cron(cron);
    return {
      cron: line,
      every: every === undefined ? null : this.#every(options),
      zone: this.#zone(options.zone),
      dst: this.#rule(options.dst, line),
      from,
      until,
    };
  }

  /**
   * A line that can be read may still never come: the 30th of February, a year that is over. A schedule that has had its last
   * time is another thing: whoever declares it at each start of a process has done nothing wrong.
   */
  fires(times: TimesSpec, now: number, isKnown: boolean): void {
    const { cron, from, until, zone } = times;
    const hasBeen = isKnown || (until !== null && until <= now);
    if (timesOf(times).next(hasBeen ? (from ?? 0) - 1 : now) !== null) return;
    const what = cron === null ? 'the interval' : `the line ${show(cron)} in zone ${zone}`;
    const bound = until === null ? '' : ` before ${new Date(until).toISOString()}`;
    this.#add('never-fires', `It would never fire: no time${hasBeen ? '' : ' from now on'} fits ${what}${bound}.`);
  }

  #cron(value: unknown): string | null {
    const expected = 'a cron line, as "0 3 * * *"';
    if (typeof value !== 'string') {
      this.#option('cron', value, expected);
      return null;
    }
    try {
      cronLine(value);
      return value;
    } catch (thrown) {
      const reason = reasonOf(thrown).replace(/^CronPattern: /, '');
      this.#add('bad-option', `Option "cron" cannot be ${show(value)}: it takes ${expected}. Croner says: ${reason}`);
      return null;
    }
  }

  #every(options: Options): number {
    const every = this.duration(options, 'every', DAY);
    if (every < MIN_EVERY) this.#option('every', options.every, 'a duration from 1s on');
    return Math.max(every, MIN_EVERY);
  }

  #zone(value: unknown): string {
    if (value === undefined) return 'UTC';
    try {
      // Offsets such as "+02:00" are zones to some platforms and not to others.
      if (typeof value === 'string' && /^[A-Za-z]/.test(value) && zoneNamed(value) !== null) return value;
    } catch {
      // Told below.
    }
    this.#option('zone', value, 'an IANA time zone, as "Europe/Berlin"');
    return 'UTC';
  }

  #rule(value: unknown, line: string | null): DstRule {
    const usual = line === null ? NO_RULE : ruleOf(line);
    if (value === undefined) return usual;
    const rule = this.options(value, 'options of "dst"', DST_KEYS);
    return {
      missing: this.choice(rule, 'missing', MISSING_RULES, usual.missing),
      doubled: this.choice(rule, 'doubled', DOUBLED_RULES, usual.doubled),
    };
  }

  #instant(options: Options, option: string): number | null {
    const value = options[option];
    if (value === undefined) return null;
    try {
      return instantOf(value, `option "${option}"`);
    } catch (thrown) {
      this.#add('bad-option', reasonOf(thrown));
      return null;
    }
  }

  choice<const T extends string>(options: Options, option: string, among: readonly T[], otherwise: T): T {
    const value = options[option];
    if (value === undefined) return otherwise;
    if (among.includes(value as T)) return value as T;
    this.#option(option, value, among.map((each) => `'${each}'`).join(', '));
    return otherwise;
  }

  duration(options: Options, option: string, otherwise: number): number {
    const value = options[option];
    if (value === undefined) return otherwise;
    try {
      return toMs(value as Duration, `option "${option}"`);
    } catch (thrown) {
      this.#add('bad-option', reasonOf(thrown));
      return otherwise;
    }
  }

  failures(value: unknown): number | null {
    if (value === undefined || value === false) return null;
    if (value === true) return 1;
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    this.#option('pauseOnFailure', value, 'true, false or a whole number from 1 on');
    return null;
  }

  json(options: Options, option: string, maxBytes: number): Json {
    try {
      return toJson(options[option], option, maxBytes);
    } catch (thrown) {
      this.#add('bad-option', reasonOf(thrown));
      return null;
    }
  }

  metadata(value: unknown, maxBytes: number): JsonObject {
    const metadata = value === undefined ? {} : this.json({ metadata: value }, 'metadata', maxBytes);
    if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) return metadata as JsonObject;
    this.#option('metadata', value, 'an object');
    return {};
  }
}
