/** The line for bodies by itself: what begins while nobody knows whose its run is. The line in a box is in `test/runtime/limits*.test.ts`. */
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Line } from '../../src/runtime/performing/line.ts';
import { Timers } from '../../src/runtime/performing/timers.ts';
import { never } from '../helpers/stage.ts';

/** A line with one place, in which bodies go by the ids of their runs; what it asks waits for the test. */
function lineOfOne() {
  const clock = fakeClock();
  const begun: string[] = [];
  const asked: { readonly run: string; readonly answer: (ours: boolean) => void }[] = [];
  const line = new Line({
    clock,
    timers: new Timers(clock),
    logger: never,
    concurrency: 1,
    limits: [],
    fairness: {},
    begin: ({ key }) => void begun.push(key),
    awaits: () => false,
    isSure: () => false,
    ifOurs: (run, answer) => void asked.push({ run, answer }),
  });
  const node = { called: 'work', task: null, bodies: [], children: [] };
  const attempt = (id: string) => ({ key: id, path: 't', run: { id }, refuse: never }) as never;
  const add = (id: string): void =>
    line.add(attempt(id), { plan: { root: node }, facts: { id }, actors: new Map() } as never, node as never, null);
  return { line, begun, asked, add, end: (id: string) => line.ended(attempt(id)) };
}

test('one whose run is just being read again keeps its turn and is asked for once more', () => {
  const { begun, asked, add, end } = lineOfOne();
  for (const id of ['a', 'b', 'c']) add(id);
  end('a');
  asked[0]?.answer(false);
  asked[1]?.answer(false);
  expect(asked.map(({ run }) => run)).toHaveLength(3);
  expect(begun).toEqual(['a']);
  asked[2]?.answer(true);
  const first = asked[2]?.run;
  expect(begun).toEqual(['a', first]);
  end(first as string);
  asked[3]?.answer(true);
  expect([...begun].sort()).toEqual(['a', 'b', 'c']);
});

test('one that ends while it is asked whose it is does not begin, and the next one is asked for', () => {
  const { begun, asked, add, end } = lineOfOne();
  for (const id of ['a', 'b', 'c']) add(id);
  end('a');
  end('b');
  asked[0]?.answer(true);
  asked[0]?.answer(false);
  expect(asked.map(({ run }) => run)).toEqual(['b', 'c']);
  expect(begun).toEqual(['a']);
  asked[1]?.answer(true);
  expect(begun).toEqual(['a', 'c']);
});

test('nothing begins in a line that was closed while it was asked', () => {
  const { line, begun, asked, add, end } = lineOfOne();
  for (const id of ['a', 'b']) add(id);
  end('a');
  line.close();
  asked[0]?.answer(true);
  asked[0]?.answer(false);
  end('b');
  expect([asked.length, begun]).toEqual([1, ['a']]);
});
