/** A SQLite file whose thread has gone with a commit that landed, and nobody has told the store so. */
import { createSignalbox, type LogLine } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock } from 'signalbox/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { Scribe } from '../../src/stores/sqlite/scribe.ts';
import { newFile } from '../helpers/files.ts';
import { Desk, faultsOfHistory, graphOf, soon } from '../helpers/stage.ts';

const two = graphOf({ a: [], b: ['a'] });

afterEach(() => {
  vi.restoreAllMocks();
});

/** A box on a file whose commits are written by the thread, or here. */
async function opened(file: string, options: object) {
  const desk = new Desk();
  const lines: LogLine[] = [];
  const clock = fakeClock();
  const logger = (line: LogLine) => void (line.level === 'error' && lines.push(line));
  const store = sqlite(file, options);
  const box = await createSignalbox({ orchestrators: [two], store, executor: () => desk, clock, logger });
  const start = (id: string) => box.start(two, { id, input: null });
  /** Lets time pass until it is so: the disk takes its own. */
  const until = (isSo: () => boolean): Promise<void> =>
    expect
      .poll(async () => {
        await clock.advance('100ms');
        return isSo();
      })
      .toBe(true);
  return { store, box, desk, clock, lines, start, until };
}

test('a run whose commit landed by a thread that has gone since goes on: what the file says counts, and not what was known before (I3)', async () => {
  const file = newFile();
  const { box, desk, lines, start, until } = await opened(file, { thread: 'always' });
  const run = await start('r');
  await until(() => desk.begun.length === 1);
  const write = Scribe.prototype.write;
  vi.spyOn(Scribe.prototype, 'write').mockImplementationOnce(async function (this: Scribe, list) {
    await write.call(this, list);
    throw new Error('The thread that writes to the file has ended.');
  });

  desk.give('a/work#1', 'made');
  await until(() => desk.begun.length === 2);
  desk.give('b/work#1', 'done');

  expect(await soon(run.result(), 20_000)).toEqual({ a: 'made', b: 'done' });
  expect(await faultsOfHistory(run)).toEqual([]);
  expect(lines.map(({ error }) => (error as { code?: string }).code)).toEqual(['commit-failed']);
  await box.close();
});
