/** Rounds of the timer service: what is set or cancelled while wake-ups fire, or after all were cleared. */
import { expect, test } from 'vitest';
import { Timers } from '../../src/runtime/performing/timers.ts';
import { handClock } from '../helpers/hand-clock.ts';

test('what a wake-up sets that was due long ago waits for the next round, so that others have their turn', () => {
  const clock = handClock();
  const timers = new Timers(clock);
  const log: string[] = [];
  const again = (left: number) => () => {
    log.push(`again ${left}`);
    if (left > 0) timers.at(-10, again(left - 1));
  };
  timers.at(0, again(3));
  timers.at(0, () => void log.push('other'));

  clock.wake();
  expect(log).not.toContain('again 2');
  for (let round = 0; round < 10 && clock.armed.length > 0; round += 1) clock.wake();
  expect(log.filter((each) => each !== 'other')).toEqual(['again 3', 'again 2', 'again 1', 'again 0']);
  expect(log).toContain('other');
});

test('a wake-up that is cancelled after all were cleared is not counted twice', () => {
  const timers = new Timers(handClock());
  const cancel = timers.at(10, () => {});
  timers.at(20, () => {});
  timers.clearAll();
  cancel();
  cancel();
  expect(timers.size).toBe(0);
  timers.at(30, () => {});
  expect(timers.size).toBe(1);
});

test('thousands that are due at one instant fire in order and in rounds, between which others have their turn (S22)', () => {
  const clock = handClock();
  const timers = new Timers(clock);
  const fired: number[] = [];
  for (let number = 0; number < 1_000; number += 1) timers.at(0, () => void fired.push(number));
  clock.wake();
  expect(fired.length).toBeLessThan(500);
  expect(clock.armed).toEqual([0]);
  for (let round = 0; round < 20 && clock.armed.length > 0; round += 1) clock.wake();
  expect(fired).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
});
