/** A clock that fires only when it is told to, so that it can be late, early and set wrong. */
import type { Clock } from '../../src/clock.ts';

export interface HandClock extends Clock {
  hour: number;
  /** Delays of the wake-ups that are armed. */
  readonly armed: readonly number[];
  /** Fires the wake-up that is armed, whatever the hour is. */
  wake(): void;
}

export function handClock(more: Pick<Clock, 'isSteady'> = {}): HandClock {
  const wakeUps = new Map<() => void, number>();
  return {
    ...more,
    hour: 0,
    now() {
      return this.hour;
    },
    wakeAfter(ms, wake) {
      const own = () => wake();
      wakeUps.set(own, ms);
      return () => wakeUps.delete(own);
    },
    get armed() {
      return [...wakeUps.values()];
    },
    wake() {
      const [wake] = wakeUps.keys();
      if (wake === undefined) throw new Error('Nothing is armed.');
      wakeUps.delete(wake);
      wake();
    },
  };
}
