/**
 * Complaints about a store that is away: the first one is told, and then one in a while, which says how many there were
 * like it. A server that is restarted under a thousand runs is a few lines and not thousands. What else is wrong is told each time.
 */
import type { Clock } from '../clock.ts';
import { fromMs } from '../duration.ts';
import { StoreUnusable } from '../errors/index.ts';
import type { Logger, LogLine } from '../executor.ts';

/** After a complaint so long nothing more is told of the same kind, in milliseconds. */
const SILENCE = 30_000;

interface Kept {
  readonly at: number;
  more: number;
}

export class Complaints {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  /** Since when the store is away. */
  #since: number | null = null;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** A line about something that went wrong, because of `cause`. */
  tell(line: LogLine, cause: unknown): void {
    if (!(cause instanceof StoreUnusable)) return this.#logger(line);
    const now = this.#clock.now();
    this.#since ??= now;
    const { reason } = cause.fields;
    const kept = this.#kept.get(reason);
    if (kept !== undefined && now - kept.at < SILENCE) {
      kept.more += 1;
      return undefined;
    }
    this.#kept.set(reason, { at: now, more: 0 });
    const more = kept === undefined || kept.more === 0 ? '' : ` (${kept.more} more like this since the last line.)`;
    return this.#logger({ ...line, message: `${line.message}${more}` });
  }

  /** The store works. Says so, if it did not; the next complaint is a new one. */
  well(store: string): void {
    if (this.#since === null) return;
    const away = fromMs(Math.max(0, this.#clock.now() - this.#since));
    this.#since = null;
    this.#kept.clear();
    this.#logger({ level: 'warn', message: `${store} is back: it works again ${away} after the first complaint.` });
  }
}
