/**
 * A clock that stands still until it is told to move. Handed to `createSignalbox`, it makes
 * a test of a two-day timeout take a millisecond and come out the same every time (I4).
 */
import { askOptions } from '../checks.ts';
import { type Clock, elapsedBy, systemClock } from '../clock.ts';
import { type Duration, fromMs, toMs } from '../duration.ts';
import { NeverSettled } from '../errors/index.ts';
import { Heap } from '../heap.ts';

/** What can be asked whether it still has something to do: a box. */
export interface Settling {
  readonly quiet: boolean;
  readonly counts: { readonly turns: number; readonly commits: number };
  /** Which box it is, and what is under way in it, in words. */
  readonly underWay?: { readonly box: string; readonly what: readonly string[] };
}

/** How long something is waited for. */
export interface SettledOptions {
  /** For how long of the machine's own time a box may be busy without a turn or a commit; 10 s by default. */
  readonly patience?: Duration;
}

/** A clock that is moved by hand. */
export interface FakeClock extends Clock {
  /** Wake-ups that are outstanding. */
  readonly pending: number;
  /**
   * Moves time on, one due wake-up after the other. After each, everything that can happen
   * without more time happens, in all boxes that were given to `follow`. A box that is closed, or that died by `crashAt`, is
   * not waited for. One that is busy for longer than the clock's `patience` fails it with `NeverSettled`.
   *
   * A body that waits by a timer of its own (`setTimeout`, a socket, a disk) is not seen: time moves on while it runs, and its
   * answer is taken whenever it comes. Give bodies in tests nothing real to wait for, or await the run.
   */
  advance(duration: Duration): Promise<void>;
  /** From here on `advance` waits for this box to settle. Answers with the box. */
  follow<B extends Settling>(box: B): B;
  /** Moves the hour alone, as when somebody sets the machine's clock: no wake-up fires by it. */
  jump(ms: number): void;
}

interface WakeUp {
  readonly due: number;
  readonly order: number;
  wake: (() => void) | null;
}

/** How a fake clock begins. */
export interface FakeClockOptions extends SettledOptions {
  /** The hour, in milliseconds since 1970; 2026-01-01 by default. */
  readonly start?: number;
  /** False: timers take the hour for one that somebody may set, as with a real clock, and look at it again every few seconds. */
  readonly isSteady?: boolean;
}

/** A clock that begins at `start` and moves only by `advance`. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  askOptions('fakeClock', options, ['start', 'isSteady', 'patience']);
  const { start = 1_767_225_600_000, isSteady = true, patience = PATIENCE } = options;
  const wakeUps = new Heap<WakeUp>((left, right) => left.due - right.due || left.order - right.order);
  const followed: Settling[] = [];
  // Two hands: what the hour is, and how much time has passed. A jump moves the first only.
  let now = start;
  let passed = 0;
  let order = 0;
  let pending = 0;
  let moving = Promise.resolve();

  const settle = async (): Promise<void> => {
    if (followed.length === 0) await settled();
    for (const box of followed) await settled(box, { patience });
  };

  return {
    now: () => now,
    elapsed: () => passed,
    isSteady,
    get pending() {
      return pending;
    },
    wakeAfter(ms, wake) {
      const wakeUp: WakeUp = { due: passed + ms, order, wake };
      order += 1;
      pending += 1;
      wakeUps.push(wakeUp);
      return () => {
        if (wakeUp.wake === null) return;
        wakeUp.wake = null;
        pending -= 1;
      };
    },
    async advance(duration) {
      const ms = toMs(duration, 'advance');
      // One after the other: time that is moved from two places at once would go back.
      moving = moving.catch(() => {}).then(() => move(ms));
      await moving;
    },
    follow(box) {
      followed.push(box);
      return box;
    },
    jump(ms) {
      now += ms;
    },
  };

  async function move(ms: number): Promise<void> {
    const until = passed + ms;
    await settle();
    for (let next = wakeUps.peek(); next !== undefined && next.due <= until; next = wakeUps.peek()) {
      wakeUps.pop();
      if (next.wake === null) continue;
      now += next.due - passed;
      passed = next.due;
      pending -= 1;
      const { wake } = next;
      next.wake = null;
      wake();
      await settle();
    }
    now += until - passed;
    passed = until;
    await settle();
  }
}

/** A box that has not changed for so many rounds of the event loop is not going to by itself. */
const QUIET_ROUNDS = 5;

/** So long a box may be busy with one thing. A machine that slept meanwhile has not looked so often. */
const PATIENCE = '10s';
const LEAST_ROUNDS = 1_000;

/**
 * Resolves when everything that can happen without more time has happened. Bodies that wait
 * for promises of their own test are fine; one that waits for a timer of its own (`setTimeout`), a disk or a socket is not seen.
 * Fails with `NeverSettled` if the box is busy for longer than `patience` and nothing comes of it.
 */
export async function settled(box?: Settling, options: SettledOptions = {}): Promise<void> {
  askOptions('settled', options, ['patience']);
  const { patience = PATIENCE } = options;
  const longest = toMs(patience, 'patience');
  let quiet = 0;
  let last = { turns: -1, commits: -1 };
  let since = elapsedBy(systemClock);
  let rounds = 0;
  while (quiet < QUIET_ROUNDS) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (box === undefined) {
      quiet += 1;
      continue;
    }
    const isQuiet = box.quiet;
    const { turns, commits } = box.counts;
    quiet = isQuiet && turns === last.turns ? quiet + 1 : 0;
    rounds += 1;
    if (turns !== last.turns || commits !== last.commits) {
      last = { turns, commits };
      since = elapsedBy(systemClock);
      rounds = 0;
    } else if (quiet === 0 && rounds > LEAST_ROUNDS && elapsedBy(systemClock) - since >= longest) {
      throw new NeverSettled({ ...box.underWay, patience: longest, text: fromMs(longest) });
    }
  }
}
