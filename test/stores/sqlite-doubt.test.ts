/** A SQLite file after what nobody has told the store of: a thread that has gone with a commit that landed, a process that was killed over a file that is then found corrupt. */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { createSignalbox, type LogLine } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock } from 'signalbox/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { Scribe } from '../../src/stores/sqlite/scribe.ts';
import { newFile, query } from '../helpers/files.ts';
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

test('what stood in the log of a corrupt file does not come back in the savepoint that takes its place (P228)', async () => {
  const [file, killed] = [newFile(), newFile()];
  const savepoint = `${killed}-savepoint`;
  // Closed once, so that the file itself has what was committed, and its log only what comes after.
  const zeroth = await opened(file, { thread: 'never' });
  await zeroth.start('before');
  await zeroth.box.close();
  const first = await opened(file, { thread: 'never', savepoint: `${file}-savepoint` });
  first.store.savepoint();
  for (const id of ['after', 'later']) await first.start(id);
  // A process that is killed leaves the log beside the file.
  for (const end of ['', '-wal', '-shm']) copyFileSync(file + end, killed + end);
  copyFileSync(`${file}-savepoint`, savepoint);
  await first.box.close();
  expect(existsSync(`${killed}-wal`)).toBe(true);
  writeFileSync(killed, 'dear diary, '.repeat(2_000));

  const second = await opened(killed, { thread: 'never', savepoint });
  await second.box.recovered;

  expect((await second.box.runs()).runs.map(({ run }) => run)).toEqual(['before']);
  await second.start('anew');
  await second.box.close();
  expect(query(killed, 'select run from runs order by run').map(({ run }) => run)).toEqual(['anew', 'before']);
  expect(query(killed, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
});
