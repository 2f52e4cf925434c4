/**
 * The timer service under a clock that is moved by hand: order, cancelling, far-away times,
 * and that nothing is left armed when nothing is due. Two clocks are used: `fakeClock`, and
 * `handClock`, which only fires when told, so that it can be late, early and set wrong.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_DELAY } from '../../src/clock.ts';
import { Heap } from '../../src/heap.ts';
import { Timers } from '../../src/runtime/performing/timers.ts';
import { handClock } from '../helpers/hand-clock.ts';
import { fakeClock } from '../../src/testing/clock.ts';

const DAY = 86_400_000;

/** Timers at hour 0 of a fake clock, and a log of what fired and when. */
function stage() {
  const clock = fakeClock({ start: 0 });
  const timers = new Timers(clock);
  const log: string[] = [];
  const say = (name: string) => () => void log.push(`${name}@${clock.now()}`);
  return { clock, timers, log, say };
}

describe('a wake-up', () => {
  test('that is counted by the hour and by what passes is one, until it fires or is cleared', () => {
    const clock = { ...handClock(), elapsed: () => 0 };
    const timers = new Timers(clock);
    const sizes: number[] = [];
    for (const change of [
      () => timers.set('one', 10, () => {}),
      () => timers.set('two', 20, () => {}),
      () => timers.set('one', 30, () => {}),
      () => void timers.in(5, () => {}),
      () => timers.clear('two'),
      () => timers.clear('two'),
      () => timers.clear('one'),
    ]) {
      change();
      sizes.push(timers.size);
    }
    expect(sizes).toEqual([1, 2, 2, 3, 2, 2, 1]);
  });

  test('fires once, at its time', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(10, say('a'));

    await clock.advance(9);
    expect(log).toEqual([]);
    await clock.advance(1);
    await clock.advance(100);
    expect(log).toEqual(['a@10']);
  });

  test('fires in the order of its time, whatever the order of setting', async () => {
    const { clock, timers, log, say } = stage();
    for (const due of [50, 10, 40, 20, 30]) timers.at(due, say('a'));

    await clock.advance(100);
    expect(log).toEqual(['a@10', 'a@20', 'a@30', 'a@40', 'a@50']);
  });

  test('fires in the order of setting among those of one time', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(20, say('late'));
    for (const name of ['a', 'b', 'c']) timers.at(10, say(name));
    timers.set('d', 10, say('d'));
    timers.at(10, say('e'));

    await clock.advance(20);
    expect(log).toEqual(['a@10', 'b@10', 'c@10', 'd@10', 'e@10', 'late@20']);
  });

  test('that is cancelled does not fire, and cancelling it again changes nothing', async () => {
    const { clock, timers, log, say } = stage();
    const cancel = timers.at(10, say('a'));
    timers.at(10, say('b'));
    cancel();
    cancel();

    expect(timers.size).toBe(1);
    await clock.advance(10);
    cancel();
    expect([log, timers.size]).toEqual([['b@10'], 0]);
  });

  test('in the past fires in the next round, not within the call', async () => {
    const { clock, timers, log, say } = stage();
    await clock.advance(100);
    timers.at(10, say('a'));

    expect(log).toEqual([]);
    await clock.advance(0);
    expect(log).toEqual(['a@100']);
  });

  test('that is set while others fire is taken into account, now or later', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(10, () => {
      say('a')();
      timers.at(10, say('at once'));
      timers.at(15, say('between'));
    });
    timers.at(20, say('b'));

    await clock.advance(20);
    expect(log).toEqual(['a@10', 'at once@10', 'between@15', 'b@20']);
  });

  test('that another one of its round cancels does not fire', async () => {
    const { clock, timers, log, say } = stage();
    let cancel = (): void => {};
    timers.at(10, () => cancel());
    cancel = timers.at(10, say('cancelled'));

    await clock.advance(10);
    expect(log).toEqual([]);
  });

  test('that throws does not take the others with it', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(10, () => {
      throw new Error('boom');
    });
    timers.at(10, say('same round'));
    timers.at(20, say('later'));

    await clock.advance(10).catch(() => {});
    await clock.advance(10);
    expect(log.map((line) => line.split('@')[0])).toEqual(['same round', 'later']);
  });

  test('at no time at all (NaN) does not hold up the others', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(Number.NaN, () => {});
    timers.at(10, say('a'));

    await clock.advance(10);
    expect(log).toEqual(['a@10']);
  });
});

describe('a name', () => {
  test('has one wake-up: setting it again replaces the one before', async () => {
    const { clock, timers, log, say } = stage();
    timers.set('retry', 10, say('first'));
    timers.set('retry', 20, say('second'));
    timers.set('other', 15, say('other'));

    expect([timers.has('retry'), timers.size]).toEqual([true, 2]);
    await clock.advance(100);
    expect(log).toEqual(['other@15', 'second@20']);
    expect([timers.has('retry'), timers.size]).toEqual([false, 0]);
  });

  test('can be cleared, also when it is unknown', async () => {
    const { clock, timers, log, say } = stage();
    timers.set('retry', 10, say('a'));
    timers.clear('retry');
    timers.clear('nobody');

    await Promise.resolve();
    expect([timers.has('retry'), timers.size, clock.pending]).toEqual([false, 0, 0]);
    await clock.advance(10);
    expect(log).toEqual([]);
  });

  test('is free again when its wake-up fires, so that it may set itself anew', async () => {
    const { clock, timers, log, say } = stage();
    const again = (): void => {
      say(`free: ${!timers.has('tick')}`)();
      if (clock.now() < 30) timers.set('tick', clock.now() + 10, again);
    };
    timers.set('tick', 10, again);

    await clock.advance(100);
    expect(log).toEqual(['free: true@10', 'free: true@20', 'free: true@30']);
  });

  test('that is set anew in the round in which it is due does not fire for the old time', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(10, () => timers.set('retry', 50, say('new')));
    timers.set('retry', 10, say('old'));

    await clock.advance(10);
    expect([log, timers.has('retry')]).toEqual([[], true]);
  });
});

describe('the clock', () => {
  test('has one wake-up armed, for the earliest', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    timers.at(500, () => {});
    timers.at(300, () => {});
    timers.at(400, () => {});

    expect(clock.armed).toEqual([300]);
  });

  test('has nothing armed when nothing is due, so that a process may exit', async () => {
    const { clock, timers } = stage();
    expect(clock.pending).toBe(0);
    const cancels = [10, 20, 30].map((due) => timers.at(due, () => {}));
    expect(clock.pending).toBe(1);
    for (const cancel of cancels) cancel();
    await Promise.resolve();
    expect(clock.pending).toBe(0);

    timers.set('a', 10, () => {});
    await clock.advance(10);
    expect([clock.pending, timers.size]).toEqual([0, 0]);

    timers.at(100, () => {});
    timers.set('a', 100, () => {});
    timers.clearAll();
    expect([clock.pending, timers.size, timers.has('a')]).toEqual([0, 0, false]);
  });

  test('goes on to the next when the armed one was cancelled', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(10, say('a'))();
    const cancel = timers.at(10, say('b'));
    timers.at(20, say('c'));
    cancel();

    await clock.advance(30);
    expect([log, clock.pending]).toEqual([['c@20'], 0]);
  });

  test('is never asked for more than it can count: 60 days are armed in three stretches', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    const fired: number[] = [];
    timers.at(60 * DAY, () => fired.push(clock.hour));
    const stretches: number[] = [];
    while (clock.armed.length > 0) {
      const [stretch = 0] = clock.armed;
      stretches.push(stretch);
      clock.hour += stretch;
      clock.wake();
    }

    expect(stretches).toEqual([MAX_DELAY, MAX_DELAY, 60 * DAY - 2 * MAX_DELAY]);
    expect(fired).toEqual([60 * DAY]);
  });

  test('is asked for the whole delay up to the last millisecond that it can count', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    timers.at(MAX_DELAY + 1, () => {});
    expect(clock.armed).toEqual([MAX_DELAY]);
    timers.at(MAX_DELAY, () => {});
    expect(clock.armed).toEqual([MAX_DELAY]);
    timers.at(MAX_DELAY - 1, () => {});
    expect(clock.armed).toEqual([MAX_DELAY - 1]);
  });

  test('may wake a year later under the fake clock, at its time (I4)', async () => {
    const { clock, timers, log, say } = stage();
    timers.at(365 * DAY, say('a'));

    await clock.advance('400d');
    expect(log).toEqual([`a@${365 * DAY}`]);
  });

  test('that wakes a millisecond early is armed again, and nothing fires early', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    const fired: number[] = [];
    timers.at(100, () => fired.push(clock.hour));

    clock.hour = 99;
    clock.wake();
    expect([fired, clock.armed]).toEqual([[], [1]]);
    clock.hour = 100;
    clock.wake();
    expect(fired).toEqual([100]);
  });

  test('that was set back makes a wake-up wait for its hour', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    const fired: number[] = [];
    clock.hour = 1_000;
    timers.at(1_100, () => fired.push(clock.hour));

    clock.hour = 500;
    clock.wake();
    expect([fired, clock.armed]).toEqual([[], [600]]);
    clock.hour = 1_100;
    clock.wake();
    expect(fired).toEqual([1_100]);
  });

  test('that was set forward fires all that has become due, in order, when it wakes', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    const fired: number[] = [];
    for (const due of [300, 100, 200]) timers.at(due, () => fired.push(due));

    clock.hour = 250;
    clock.wake();
    expect([fired, clock.armed]).toEqual([[100, 200], [50]]);
  });
});

test('a cancel that comes after everything was cleared leaves what was set since alone', () => {
  const { timers } = stage();
  const cancel = timers.at(10, () => {});
  timers.clearAll();
  timers.at(20, () => {});
  cancel();

  expect(timers.size).toBe(1);
});

describe('200,000 wake-ups that are set and cancelled', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The most that any heap held since then. */
  function watchHeaps(): () => number {
    let most = 0;
    const push = Heap.prototype.push;
    vi.spyOn(Heap.prototype, 'push').mockImplementation(function (this: Heap<unknown>, item: unknown) {
      push.call(this, item);
      most = Math.max(most, this.size);
    });
    return () => most;
  }

  test.each([
    ['beside one that stays', 1],
    ['beside five hundred that stay', 500],
  ])('%s are swept away', (_, staying) => {
    const most = watchHeaps();
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    for (let index = 0; index < staying; index += 1) timers.at(1, () => {});
    for (let index = 0; index < 200_000; index += 1) timers.at(1_000 + index, () => {})();

    expect(timers.size).toBe(staying);
    expect(most()).toBeLessThan(3_000);
  });

  test('under one name are one', () => {
    const most = watchHeaps();
    const timers = new Timers(handClock({ isSteady: true }));
    for (let index = 0; index < 200_000; index += 1) timers.set('timeout', 1_000 + index, () => {});

    expect(timers.size).toBe(1);
    expect(most()).toBeLessThan(3_000);
  });

  test('leave those that stay in their order', () => {
    const clock = handClock({ isSteady: true });
    const timers = new Timers(clock);
    const fired: number[] = [];
    for (let index = 0; index < 200_000; index += 1) {
      const due = ((index * 7_919) % 200_000) + 1;
      const cancel = timers.at(due, () => fired.push(due));
      if (due % 1_000 !== 0) cancel();
    }
    clock.hour = 200_000;
    clock.wake();

    expect(fired).toEqual(Array.from({ length: 200 }, (_, index) => (index + 1) * 1_000));
    expect([timers.size, clock.armed]).toEqual([0, []]);
  });
});
