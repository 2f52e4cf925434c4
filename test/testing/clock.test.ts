/** The fake clock (I4): it moves only when told, one wake-up after the other, and lets everything settle in between. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidDuration, NeverSettled } from '../../src/errors/index.ts';
import { createSignalbox, memory, orchestrator, task, track } from '../../src/index.ts';
import { crashAt, crashPoints, fakeClock, type Settling, settled } from '../../src/testing/index.ts';

const START = Date.UTC(2026, 0, 1);

/** A box of straw: it says that it is busy as often as it is told to, a turn for each time. */
function busyFor(rounds: number): Settling & { asked: number } {
  return {
    asked: 0,
    get quiet() {
      this.asked += 1;
      return this.asked > rounds;
    },
    get counts() {
      return { turns: Math.min(this.asked, rounds), commits: 0 };
    },
  };
}

describe('the hour', () => {
  test('is the first of January 2026 unless told otherwise, and stands still', async () => {
    expect(fakeClock().now()).toBe(START);
    expect(fakeClock({ start: 7 }).now()).toBe(7);

    const clock = fakeClock();
    await settled();
    expect(clock.now()).toBe(START);
  });

  test('moves by a duration, in words or milliseconds (P236)', async () => {
    const clock = fakeClock({ start: 0 });
    await clock.advance('1h30m');
    await clock.advance(500);

    expect(clock.now()).toBe(5_400_500);
  });

  test('does not move by what is no duration', async () => {
    const clock = fakeClock({ start: 0 });

    await expect(clock.advance(-1)).rejects.toThrow(InvalidDuration);
    await expect(clock.advance('soon')).rejects.toThrow('"soon" is not a duration (advance).');
    expect(clock.now()).toBe(0);
  });

  test('can be set alone, and then no wake-up fires by it', async () => {
    const clock = fakeClock({ start: 0 });
    const woken: number[] = [];
    clock.wakeAfter(100, () => woken.push(clock.now()));

    clock.jump(1_000_000);
    await clock.advance(99);
    expect([woken, clock.now()]).toEqual([[], 1_000_099]);
    clock.jump(-2_000_000);
    await clock.advance(1);
    expect(woken).toEqual([-999_900]);
  });

  test('never goes back, even when nobody waits for one advance before the next', async () => {
    const clock = fakeClock({ start: 0 });
    await Promise.all([clock.advance(10), clock.advance(5)]);

    expect(clock.now()).toBe(15);
  });
});

describe('a wake-up', () => {
  test('fires at its own time, those of one time in the order of asking', async () => {
    const clock = fakeClock({ start: 0 });
    const woken: string[] = [];
    for (const [name, ms] of [
      ['c', 20],
      ['a', 10],
      ['b', 10],
    ] as const)
      clock.wakeAfter(ms, () => woken.push(`${name}@${clock.now()}`));

    await clock.advance(100);
    expect(woken).toEqual(['a@10', 'b@10', 'c@20']);
    expect(clock.now()).toBe(100);
  });

  test('at the very end of an advance fires in it', async () => {
    const clock = fakeClock();
    let woken = 0;
    clock.wakeAfter(10, () => {
      woken += 1;
    });

    await clock.advance(9);
    expect(woken).toBe(0);
    await clock.advance(1);
    expect(woken).toBe(1);
  });

  test('that another one asks for fires in the same advance, if its time comes', async () => {
    const clock = fakeClock({ start: 0 });
    const woken: number[] = [];
    const again = (): void => {
      woken.push(clock.now());
      clock.wakeAfter(10, again);
    };
    clock.wakeAfter(10, again);

    await clock.advance(35);
    expect(woken).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(1);
  });

  test('that a promise asks for, between two others, is not passed over', async () => {
    const clock = fakeClock({ start: 0 });
    const woken: number[] = [];
    clock.wakeAfter(10, () => {
      void Promise.resolve()
        .then(() => new Promise((resolve) => setImmediate(resolve)))
        .then(() => clock.wakeAfter(5, () => woken.push(clock.now())));
    });
    clock.wakeAfter(20, () => woken.push(clock.now()));

    await clock.advance(20);
    expect(woken).toEqual([15, 20]);
  });

  test('that is cancelled does not fire; cancelling twice, or after it fired, changes nothing', async () => {
    const clock = fakeClock();
    let woken = 0;
    const cancel = clock.wakeAfter(10, () => {
      woken += 1;
    });
    const fired = clock.wakeAfter(20, () => {});
    cancel();
    cancel();
    expect(clock.pending).toBe(1);

    await clock.advance(20);
    fired();
    expect([woken, clock.pending]).toEqual([0, 0]);
  });
});

describe('settled', () => {
  test('waits until a box is quiet, and has been for a while', async () => {
    const box = busyFor(10);
    await settled(box);

    expect(box.asked).toBeGreaterThan(10);
  });

  test('lets promises and immediates of the test itself go first', async () => {
    const done: string[] = [];
    void Promise.resolve().then(() => done.push('promise'));
    setImmediate(() => setImmediate(() => done.push('immediate')));

    await settled();
    expect(done).toEqual(['promise', 'immediate']);
  });
});

const nothing = z.object({});
const napping = orchestrator('napping', { version: '1', input: nothing }).track(
  'only',
  track('only', { input: nothing })
    .step('first', task('first', { input: nothing, output: z.null(), run: () => null }))
    .sleep('nap', '1h'),
);

describe('a box that nothing will come of', () => {
  test.each(crashPoints.slice(0, 3))('died %s: the clock that follows it moves for the next one', async (point) => {
    const clock = fakeClock({ patience: 0 });
    const doomed = crashAt(point, 1, { clock });
    const first = clock.follow(
      await createSignalbox({ ...doomed.options, orchestrators: [napping], logger: () => {} }),
    );
    await Promise.race([first.start(napping, { id: 'r', input: {} }).then(() => clock.advance(1)), doomed.crashed]);
    expect(doomed.dead).toBe(true);

    const store = doomed.underlying;
    await using second = clock.follow(
      await createSignalbox({ store, clock, orchestrators: [napping], logger: () => {} }),
    );
    const run = await second.start(napping, { id: 'r', input: {} });
    await clock.advance('2h');

    expect([first.quiet, await run.status()]).toEqual([true, 'completed']);
  });

  test('is closed: it is quiet, whatever it was asked last', async () => {
    const clock = fakeClock({ patience: 0 });
    const store = Object.assign(memory(), { readRecords: () => new Promise<never>(() => {}) });
    const box = clock.follow(await createSignalbox({ store, clock, orchestrators: [napping], logger: () => {} }));
    void box.approvals();
    expect(box.quiet).toBe(false);

    await box.close();
    await clock.advance(1);
    expect(box.quiet).toBe(true);
  });

  test('fails what waits for it, which says which box it is and what is under way in it', async () => {
    const clock = fakeClock({ patience: 0 });
    const store = Object.assign(memory(), { commit: () => new Promise<never>(() => {}) });
    const box = clock.follow(await createSignalbox({ store, clock, orchestrators: [napping], logger: () => {} }));
    void box.start(napping, { id: 'r', input: {} });

    const failed = clock.advance(1);
    await expect(failed).rejects.toThrow(NeverSettled);
    await expect(failed).rejects.toThrow(/^The box of "napping" on memory was still busy after 0ms .*: a commit\. /);
    await expect(settled(box, { patience: 0 })).rejects.toThrow('a commit');
    await expect(settled({ quiet: false, counts: { turns: 0, commits: 0 } }, { patience: 0 })).rejects.toThrow(
      'The box was still busy',
    );
  });
});

describe('a box that is followed', () => {
  test('is given back, and is let settle before and after each step of time', async () => {
    const clock = fakeClock();
    const box = busyFor(3);

    expect(clock.follow(box)).toBe(box);
    await clock.advance(0);
    expect(box.asked).toBeGreaterThan(3);
  });

  test('is not left behind by another one', async () => {
    const clock = fakeClock();
    const boxes = [busyFor(2), busyFor(20)];
    for (const box of boxes) clock.follow(box);

    await clock.advance(1);
    for (const box of boxes) expect(box.quiet).toBe(true);
  });

  test('passes through a day of retries in one advance, each at its time (S10)', async () => {
    const clock = fakeClock({ start: 0 });
    const tried: number[] = [];
    const work = task('work', {
      input: z.object({}),
      output: z.number(),
      retry: { maxAttempts: 4, delay: '1h', backoff: 'linear' },
      run: async ({ attempt }) => {
        tried.push(clock.now());
        if (attempt < 4) throw new Error('busy');
        return attempt;
      },
    });
    const job = orchestrator('job', { version: '1', input: z.object({}) }).track(
      'only',
      track('only', { input: z.object({}) }).step('work', work),
    );
    await using box = clock.follow(await createSignalbox({ orchestrators: [job], clock }));
    const run = await box.start(job, { input: {} });

    await clock.advance('1d');
    expect(tried).toEqual([0, 3_600_000, 10_800_000, 21_600_000]);
    expect(await run.status()).toBe('completed');
    expect([clock.pending, box.counts.timers]).toEqual([0, 0]);
  });
});
