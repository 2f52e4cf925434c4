/** What a commit hands to the SQLite writer: no more than is needed, for it is made for every step of every run (I9). */
import type { ActorRow, RunChange } from 'signalbox/store';
import { expect, test } from 'vitest';
import { batchOf, WITHOUT } from '../../src/stores/sqlite/batch.ts';

const place: ActorRow = {
  run: 'r',
  path: 'a',
  parent: '',
  kind: 'task',
  state: 'completed',
  attempt: 1,
  input: { large: 'x'.repeat(1_000) },
  output: null,
  error: null,
  memory: {},
  due: null,
  attemptedAt: 5,
  startedAt: 5,
  endedAt: 9,
  endedSeq: 3,
};

/** The input of a place as it is handed over in a commit whose first event was at `from`. */
function inputOf(actor: ActorRow, from: number, complete: boolean) {
  const ended = { type: 'step.completed', run: 'r', path: 'a', seq: 3, at: from, attempt: 1 } as const;
  const change: RunChange = {
    run: 'r',
    fence: 1,
    after: 2,
    row: null,
    actors: [actor],
    attempts: [],
    signals: [],
    events: [ended as never],
  };
  const values = batchOf([change], [{ fence: 1, seq: 2, next: null, number: 7, base: null }], 'me', complete).flat();
  const text = JSON.stringify(actor.input);
  return values.includes(text) ? 'whole' : values.includes(WITHOUT) ? 'left out' : 'nowhere';
}

test('the input of a place that ends is left out where its row has it, and is there where it has none, or all is wanted', () => {
  expect(inputOf(place, 9, false)).toBe('left out');
  expect(inputOf(place, 6, false)).toBe('left out');
  expect(inputOf(place, 5, false)).toBe('whole');
  expect(inputOf(place, 9, true)).toBe('whole');
  expect(inputOf({ ...place, state: 'running', endedAt: null, endedSeq: null }, 9, false)).toBe('whole');
});
