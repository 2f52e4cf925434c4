/** Parts of what happens when runs change hands and stores go away: readings that overlap, and complaints that repeat. */
import type { LogLine } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { StoreUnusable } from '../../src/errors/index.ts';
import { Complaints } from '../../src/runtime/complaints.ts';
import { RunReader } from '../../src/runtime/reading/reader.ts';
import type { Held } from '../../src/runtime/held.ts';

function log() {
  const lines: LogLine[] = [];
  const clock = fakeClock();
  const logger = (line: LogLine): void => void lines.push(line);
  return { lines, clock, logger, complaints: new Complaints(logger, clock) };
}

const away = (reason: string): StoreUnusable => new StoreUnusable({ store: 'there', reason });

test('a run that was claimed while it was being read is read once more: the first reading may have seen it as somebody else’s (I7)', async () => {
  const { logger, complaints, clock } = log();
  const seen: (Held | null)[] = [];
  const first = Promise.withResolvers<Held | null>();
  const ours = { id: 'r' } as Held;
  const answers: Promise<Held | null>[] = [first.promise, Promise.resolve(ours)];
  const reader = new RunReader({
    logger,
    complaints,
    wakeAfter: (ms, wake) => void clock.wakeAfter(ms, wake),
    recall: () => answers.shift() as Promise<Held | null>,
    found: (_, run) => void seen.push(run),
    tried: () => {},
  });

  void reader.read('r', []);
  const claimed = reader.tryOnce('r');
  await settled();
  first.resolve(null);
  await claimed;

  expect(seen).toEqual([null, ours]);
});

test('a store that is away under a thousand runs is a line for each reason, another one after a while, and a line when it is back', async () => {
  const { lines, clock, complaints } = log();
  const complain = (reason: string): void => {
    for (let run = 0; run < 1_000; run += 1) {
      complaints.tell({ level: 'error', message: `Run "r${run}" could not be read: ${reason}` }, away(reason));
    }
  };
  complain('it crashed');
  complain('nothing answers');
  await clock.advance('29s');
  complain('nothing answers');
  await clock.advance('2s');
  complain('nothing answers');
  complaints.well('there');
  complaints.well('there');
  complain('nothing answers');

  expect(lines.map(({ message }) => message)).toEqual([
    'Run "r0" could not be read: it crashed',
    'Run "r0" could not be read: nothing answers',
    'Run "r0" could not be read: nothing answers (1999 more like this since the last line.)',
    'there is back: it works again 31s after the first complaint.',
    'Run "r0" could not be read: nothing answers',
  ]);
});

test('what is wrong with one run, and not with the store, is told each time', () => {
  const { lines, complaints } = log();
  for (const run of ['a', 'b']) complaints.tell({ level: 'error', message: run }, new Error('odd'));
  expect(lines).toHaveLength(2);
});
