/**
 * The timer service. Two kinds of time: an hour at which something is due, which survives the process and which somebody
 * may set (a retry, a sleep, the end of a wait), and a span that passes whatever the hour is (the timeout of an
 * attempt). Hours are looked at again every few seconds, so that a clock that was set is noticed.
 */
import { type Clock, elapsedBy, MAX_DELAY } from '../../clock.ts';
import { WakeUps } from './wake-ups.ts';

/** After so long the hour is looked at again, in milliseconds. */
const LOOK_AGAIN = 5_000;

export class Timers {
  readonly #clock: Clock;
  readonly #named = new Map<string, () => void>();
  readonly #hours: WakeUps;
  /** Wake-ups that are among the hours and among the spans. */
  #twice = 0;
  readonly #spans: WakeUps;
  /** What waits by a timer of the clock's own. */
  readonly #passing = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
    const wakeAfter: Clock['wakeAfter'] = (ms, wake) => clock.wakeAfter(ms, wake);
    const stretch = clock.isSteady === true ? MAX_DELAY : LOOK_AGAIN;
    this.#hours = new WakeUps({ now: () => clock.now(), wakeAfter, stretch });
    // A clock without a second hand tells what passes by the hour, which somebody may set.
    const trusted = clock.elapsed === undefined ? stretch : MAX_DELAY;
    this.#spans = new WakeUps({ now: () => elapsedBy(clock), wakeAfter, stretch: trusted });
  }

  /** How many wake-ups are outstanding. */
  get size(): number {
    return this.#hours.size + this.#spans.size + this.#passing.size - this.#twice;
  }

  /** Calls `fire` at the hour `due`; the answer cancels it. */
  at(due: number, fire: () => void): () => void {
    const wakeUp = this.#hours.add(due, fire);
    return () => this.#hours.cancel(wakeUp);
  }

  /** Calls `fire` when so many milliseconds have passed, whatever the hour is by then. */
  in(ms: number, fire: () => void): () => void {
    const wakeUp = this.#spans.add(elapsedBy(this.#clock) + ms, fire);
    return () => this.#spans.cancel(wakeUp);
  }

  /**
   * A wake-up at an hour, with a name, which replaces the one that had it. On a clock that somebody may set it comes after as
   * long as it was till that hour, if that is sooner: set back, the clock makes nothing late.
   */
  set(name: string, due: number, fire: () => void): void {
    this.clear(name);
    const come = (): void => {
      this.clear(name);
      fire();
    };
    const atHour = this.at(due, come);
    const isSteady = this.#clock.isSteady === true || this.#clock.elapsed === undefined;
    if (!isSteady) this.#twice += 1;
    const afterSpan = isSteady ? null : this.in(Math.max(0, due - this.#clock.now()), come);
    this.#named.set(name, () => {
      atHour();
      afterSpan?.();
      if (!isSteady) this.#twice -= 1;
    });
  }

  /** As `in`, by a timer of the clock's own: nothing else that is due holds it up. No more than a clock can count. */
  after(ms: number, fire: () => void): () => void {
    const cancel = (): void => {
      if (!this.#passing.delete(cancel)) return;
      disarm();
    };
    const disarm = this.#clock.wakeAfter(ms, () => {
      this.#passing.delete(cancel);
      fire();
    });
    this.#passing.add(cancel);
    return cancel;
  }

  has(name: string): boolean {
    return this.#named.has(name);
  }

  clear(name: string): void {
    const cancel = this.#named.get(name);
    if (cancel === undefined) return;
    this.#named.delete(name);
    cancel();
  }

  /** Clears the wake-ups whose name begins so, but for those that `keep` names. Looks at all of them. */
  clearUnder(prefix: string, keep: (name: string) => boolean): void {
    for (const name of [...this.#named.keys()]) if (name.startsWith(prefix) && !keep(name)) this.clear(name);
  }

  clearAll(): void {
    for (const cancel of [...this.#passing]) cancel();
    this.#named.clear();
    this.#twice = 0;
    this.#hours.clear();
    this.#spans.clear();
  }
}
