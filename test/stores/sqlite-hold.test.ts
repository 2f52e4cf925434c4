/** Two who take one SQLite file for theirs: by whatever way the second one came in, only one of them commits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BoxClosed, createSignalbox, type Run, StoreHeld, StoreLost, StoreUnusable } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { trueName } from '../../src/stores/sqlite/hold.ts';
import { Scribe } from '../../src/stores/sqlite/scribe.ts';
import { newFile, query } from '../helpers/files.ts';
import { ROOT } from '../helpers/sources.ts';
import { opened, owner, thrownBy, write } from '../helpers/sqlite.ts';
import { graphOf, rejection, settled, stage } from '../helpers/stage.ts';

const flow = graphOf({ a: [] });

/** A box on a file, with a run whose body is at work. */
async function working(file: string, thread: 'always' | 'never' = 'never') {
  const { desk, clock, lines, options } = stage();
  const store = sqlite(file, { thread });
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], store, ...options }));
  onTestFinished(() => box.close());
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  expect(desk.begun).toEqual(['a/work#1']);
  return { box, store, run: run as Run, desk, clock, lines };
}

/** Another process that opens the file and claims what it finds. Resolves with what it says: its claims, or its error. */
async function another(file: string): Promise<{ readonly process: ChildProcess; readonly said: unknown }> {
  const module = JSON.stringify(pathToFileURL(join(ROOT, 'src/stores/sqlite/index.ts')).href);
  const code = `
    const { sqlite } = await import(${module});
    const store = sqlite(${JSON.stringify(file)});
    try {
      store.open({ name: 'other', lease: 1, now: () => 0 });
      process.send(store.claim(10));
    } catch ({ code, message }) {
      process.send(code + ': ' + message);
    }
    process.on('message', () => store.renew());`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child, 'message');
  return { process: child, said };
}

/** The box learns that the file is not its own: at its next commit, a moment later, all that it does ends, and nothing is written. */
async function expectEnded({ box, run, desk, lines }: Awaited<ReturnType<typeof working>>, reason: RegExp) {
  const over = rejection(run.result());
  await sleep(2);
  const started = await rejection(box.start(flow, { id: 'new', input: null }));
  expect(started).toBeInstanceOf(StoreLost);
  expect(started.message).toMatch(reason);

  expect(await over).toBeInstanceOf(BoxClosed);
  expect(desk.job('a/work#1').signal().aborted).toBe(true);
  desk.give('a/work#1', 'late');
  expect(await rejection(box.start(flow, { id: 'newer', input: null }))).toBeInstanceOf(BoxClosed);
  await box.close();
  // Once, whatever else was still to be committed.
  expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([started.message]);
}

describe('a process that has lost the lock of its file without knowing it', () => {
  test.each(['never', 'always'] as const)(
    'commits nothing once another one has opened it, says who that is, and ends its box (thread: %s) (I2)',
    async (thread) => {
      const file = newFile();
      const first = await working(file, thread);
      // As a backup or a checksum of the folder does: the system forgets the locks of a process on a file that it closes.
      readFileSync(`${file}-lock`);

      const { process: second, said } = await another(file);

      expect(said).toEqual(['r']);
      await expectEnded(first, new RegExp(`process ${second.pid} on .*, has opened it since`));
      expect(query(file, 'select run, owner, fence, status from runs')).toEqual([
        { run: 'r', owner: 'other', fence: 2, status: 'running' },
      ]);
    },
  );

  test('writes no savepoint over that of the other one, and claims and deletes nothing (I2)', async () => {
    const file = newFile();
    const store = opened(file, { savepoint: `${file}-savepoint` });
    write(store, 'unfinished');
    write(store, 'ended', 1);
    store.savepoint();
    const before = readFileSync(`${file}-savepoint`);
    readFileSync(`${file}-lock`);
    await another(file);
    for (const work of [
      () => store.savepoint(),
      () => store.claim(10),
      () => store.deleteRun('ended'),
      () => store.saveDefinitions([]),
    ])
      expect(thrownBy(work)).toBeInstanceOf(StoreLost);
    expect(readFileSync(`${file}-savepoint`).equals(before)).toBe(true);
    expect(query(file, 'select run, owner from runs order by number')).toEqual([
      { run: 'unfinished', owner: 'other' },
      { run: 'ended', owner: 'one' },
    ]);
  });
});

describe('a file is one, by whatever name it is opened:', () => {
  test('a link that leads to what is not there yet', () => {
    const [file, elsewhere] = [newFile(), newFile('link.db')];
    symlinkSync(
      relative(realpathSync(dirname(elsewhere)), join(realpathSync(dirname(file)), basename(file))),
      elsewhere,
    );
    symlinkSync(elsewhere, `${elsewhere}-2`);
    write(opened(`${elsewhere}-2`), 'a');
    for (const each of [file, elsewhere, `${elsewhere}-2`])
      expect(thrownBy(() => sqlite(each).open(owner('two')))).toBeInstanceOf(StoreHeld);
    expect(query(file, 'select run from runs')).toEqual([{ run: 'a' }]);
  });

  test('a folder that is a link, before the file is there and after', () => {
    const file = newFile();
    symlinkSync(dirname(file), `${file}-folder`);
    const other = join(`${file}-folder`, 'runs.db');
    expect(trueName(other)).toBe(trueName(file));
    opened(other);
    expect(trueName(other)).toBe(trueName(file));
    expect(thrownBy(() => sqlite(file).open(owner('two')))).toBeInstanceOf(StoreHeld);
  });

  test('links in a circle lead nowhere, and are refused', () => {
    const file = newFile();
    symlinkSync(`${file}-a`, `${file}-b`);
    symlinkSync(`${file}-b`, `${file}-a`);
    expect(thrownBy(() => sqlite(`${file}-a`).open(owner()))).toBeInstanceOf(StoreUnusable);
  });

  test('a savepoint takes the place of what the link leads to, and not of the link', () => {
    const file = newFile();
    const link = `${file}-link`;
    symlinkSync(file, link);
    const savepoint = `${file}-savepoint`;
    const store = opened(link, { savepoint });
    write(store, 'a');
    store.savepoint();
    store.close();
    rmSync(file);
    expect(opened(link, { savepoint }).readRun('a')).not.toBe(null);
    expect(existsSync(file)).toBe(true);
  });

  test('a second name (a hard link) is refused, whichever is opened, and whoever has the first goes on', async () => {
    const file = newFile();
    const first = await working(file);
    linkSync(file, `${file}-2`);

    const { said } = await another(`${file}-2`);

    expect(said).toMatch(/^store-unusable: .*it has 2 names \(hard links\).*Remove the others/);
    first.desk.give('a/work#1', 'done');
    expect(await first.run.result()).toEqual({ a: 'done' });
    await first.box.close();
    expect(thrownBy(() => sqlite(file).open(owner()))).toBeInstanceOf(StoreUnusable);
    rmSync(`${file}-2`);
    expect(opened(file).readRun('r')).toMatchObject({ status: 'completed' });
  });

  test('a URI, whose options could take away what is promised, is refused', () => {
    expect(() => sqlite('file:runs.db?nolock=1')).toThrow(/"file" cannot be .*the path of a file/);
  });
});

test('a file whose epoch is gone, or is another one, takes no commit and stays as it was', () => {
  for (const change of ['delete from epochs', 'update epochs set epoch = epoch + 1']) {
    const file = newFile();
    const store = opened(file);
    write(store, 'a');
    query(file, change);
    const before = query(file, 'select * from epochs');
    expect(thrownBy(() => write(store, 'b'))).toBeInstanceOf(StoreLost);
    expect(query(file, 'select * from epochs')).toEqual(before);
    expect(query(file, 'select run from runs')).toEqual([{ run: 'a' }]);
  }
});

test('whether a file is still there is looked at by the first commit of a millisecond, until it is found to be gone', () => {
  let elapsed = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
  onTestFinished(() => spy.mockRestore());
  const file = newFile();
  const store = opened(file);
  write(store, 'a');
  rmSync(file);
  elapsed = 0.9;
  write(store, 'b');
  elapsed = 1;
  for (const id of ['c', 'd']) expect(thrownBy(() => write(store, id))).toBeInstanceOf(StoreLost);
  elapsed = 1.5;
  expect(thrownBy(() => write(store, 'e'))).toBeInstanceOf(StoreLost);
});

describe('a file that is not what was opened any more takes no commit: nothing is acknowledged into nothing, when it', () => {
  const changes: readonly (readonly [string, (file: string) => void])[] = [
    ['was deleted', (file) => rmSync(file)],
    ['was deleted with its log', (file) => ['', '-wal', '-shm'].forEach((end) => void rmSync(file + end))],
    ['was renamed', (file) => renameSync(file, `${file}-renamed`)],
    [
      'was replaced by a copy',
      (file) => {
        copyFileSync(file, `${file}-copy`);
        renameSync(`${file}-copy`, file);
      },
    ],
    [
      'was replaced by a folder',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ];
  test.each(
    changes.flatMap(([what, change]) =>
      (['never', 'always'] as const).map((thread) => [what, thread, change] as const),
    ),
  )('%s (thread: %s) (I3)', async (_, thread, change) => {
    const file = newFile();
    const first = await working(file, thread);
    change(file);
    await expectEnded(first, /is not what was opened any more: it was deleted, renamed or replaced/);
  });

  test('was deleted and made anew by another process, which keeps what it writes', async () => {
    const file = newFile();
    const first = await working(file);
    for (const end of ['', '-lock', '-wal', '-shm']) rmSync(file + end);
    const second = opened(file);
    write(second, 'b');
    await expectEnded(first, /is not what was opened any more/);
    write(second, 'c');
    expect(query(file, 'select run from runs order by number')).toEqual([{ run: 'b' }, { run: 'c' }]);
  });

  test('was replaced before the thread had opened it: the thread writes nothing to the other one', async () => {
    const file = newFile();
    opened(file).close();
    const before = readFileSync(file);
    const warned = once(process, 'warning');
    const scribe = new Scribe({ hold: { file, epoch: 1, inode: '1:2' }, synchronous: 'full' });
    await scribe.there();
    expect(scribe.ready).toBe(false);
    expect(String((await warned)[0])).toContain('is not what was opened any more');
    expect(readFileSync(file).equals(before)).toBe(true);
    await scribe.close();
  });
});

test('a database in memory is no file, whatever has its name in the folder of the process', async () => {
  const before = process.cwd();
  onTestFinished(() => process.chdir(before));
  const file = newFile(':memory:');
  process.chdir(dirname(file));
  const first = await working(':memory:');
  writeFileSync(file, 'mine');

  first.desk.give('a/work#1', 'done');

  expect(await first.run.result()).toEqual({ a: 'done' });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  await first.box.close();
});

test("a file stays its process's when nobody there refers to the store any more (I2)", async () => {
  const file = newFile();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  (() => void sqlite(file, { thread: 'never' }).open(owner()))();
  for (let round = 0; round < 5; round += 1) {
    await new Promise(setImmediate);
    collect();
  }
  expect(thrownBy(() => sqlite(file).open(owner('two')))).toBeInstanceOf(StoreHeld);
  expect((await another(file)).said).toContain('store-held');
});
