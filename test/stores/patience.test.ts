/** How long a store waits for its server: as long as it hears something, and so long after the last of it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whenSilent } from '../../src/stores/patience.ts';

const MINUTE = 60_000;
let heard = 0;
let given = 0;
const wait = (ms = MINUTE): (() => void) =>
  whenSilent(
    ms,
    () => heard,
    () => {
      given += 1;
    },
  );

/** Lets time pass, and what has come in be read. */
async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  heard = 0;
  given = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => void vi.useRealTimers());

test('one from whom nothing is heard is given up once, when the time is over', async () => {
  wait();
  await pass(MINUTE - 1);
  expect(given).toBe(0);
  await pass(1);
  await pass(10 * MINUTE);
  expect(given).toBe(1);
});

test('one that answers bit by bit is waited for, however long it takes in all', async () => {
  wait();
  for (let minute = 0; minute < 10; minute += 1) {
    heard += 1;
    await pass(MINUTE);
  }
  expect(given).toBe(0);
  await pass(MINUTE);
  expect(given).toBe(1);
});

test('one that has answered is not given up, nor does a timer stay behind', async () => {
  const answered = wait();
  answered();
  expect(vi.getTimerCount()).toBe(0);
  await pass(10 * MINUTE);
  expect(given).toBe(0);
});

test('in a process that was held up, what has come in meanwhile is read before anything is given up', async () => {
  const answered = wait();
  vi.advanceTimersByTime(10 * MINUTE);
  setImmediate(() => {});
  // As by an answer that lay there: it is read after the timers and before anything else.
  answered();
  await pass(MINUTE);
  expect(given).toBe(0);
});

test('a time that no timer can count is waited for, too', async () => {
  wait(2 ** 31 + MINUTE);
  await pass(2 ** 31);
  expect(given).toBe(0);
  await pass(MINUTE);
  expect(given).toBe(1);
});
