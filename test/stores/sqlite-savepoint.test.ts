/** Savepoints: what takes the place of a SQLite file that is no good any more, whenever somebody is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StoreUnusable } from 'signalbox';
import { sqlite, type SqliteStore } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { inShell, newFile, query } from '../helpers/files.ts';
import { ROOT } from '../helpers/sources.ts';
import { opened, write } from '../helpers/sqlite.ts';

/** What the process is warned of while `work` is done. */
async function warned(work: () => void): Promise<string[]> {
  const heard: string[] = [];
  const hear = ({ code, message }: Error & { code?: string }) =>
    void (code === 'SIGNALBOX_RESTORED' && heard.push(message));
  process.on('warning', hear);
  try {
    work();
    await settled();
  } finally {
    process.off('warning', hear);
  }
  return heard;
}

describe('a savepoint', () => {
  const spoils: readonly [string, (file: string) => void][] = [
    ['was overwritten', (file) => writeFileSync(file, 'dear diary, '.repeat(1_000))],
    ['has lost its second half', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    [
      'has a page of noise',
      (file) => {
        const handle = openSync(file, 'r+');
        writeSync(handle, Buffer.alloc(3 * 4_096, 0xa5), 0, 3 * 4_096, 2 * 4_096);
        closeSync(handle);
      },
    ],
  ];

  test.each(spoils)('takes the place of a file that %s, which is set aside, and says so (P228)', async (_, spoil) => {
    const file = newFile();
    const savepoint = `${file}-savepoint`;
    const first = opened(file, { savepoint });
    for (let run = 0; run < 50; run += 1) write(first, `r${run}`);
    first.savepoint();
    write(first, 'later');
    first.close();
    spoil(file);

    let store: SqliteStore | null = null;
    const heard = await warned(() => {
      store = opened(file, { savepoint });
    });

    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatch(/was corrupt.*set aside as .*-corrupt-.*what was committed since is not there/);
    const found = store as unknown as SqliteStore;
    expect([found.readRun('r49'), found.readRun('later')]).toMatchObject([{ run: 'r49' }, null]);
    expect(found.claim(100)).toHaveLength(50);
    const aside = /set aside as (\S+)\. In/.exec(heard[0] ?? '')?.[1] ?? '';
    expect(statSync(aside).size).toBeGreaterThan(0);
  });

  test('is written anew as often as one likes, and what a kill has left of one is no savepoint (P220)', async () => {
    const file = newFile();
    const savepoint = `${file}-savepoint`;
    const store = opened(file, { savepoint });
    write(store, 'a');
    store.savepoint();
    writeFileSync(`${savepoint}-next`, 'half a copy');
    write(store, 'b');
    store.savepoint();
    store.close();
    expect(query(savepoint, 'select run from runs order by run').map(({ run }) => run)).toEqual(['a', 'b']);
    expect(await warned(() => opened(file, { savepoint }))).toEqual([]);
  });

  test('does not help against what is no corruption: a file of another program stays where it is', () => {
    const file = newFile();
    const savepoint = `${file}-savepoint`;
    const store = opened(`${file}-other`, { savepoint });
    store.savepoint();
    inShell(file, (db) => db.exec('create table notes (text)'));
    expect(() => opened(file, { savepoint })).toThrow(/of another program/);
    expect(query(file, 'select name from sqlite_schema')).toHaveLength(1);
  });

  test('is refused where none was asked for, or on the file itself', () => {
    const file = newFile();
    expect(() => opened(file).savepoint()).toThrow(/savepoint/);
    for (const savepoint of [file, '', 5, null])
      expect(() => sqlite(file, { savepoint: savepoint as string })).toThrow(/savepoint.*another file/);
  });
});

/**
 * A folder as a process left it that was killed at work: a file that is corrupt, its log, and a savepoint of `kept`. What
 * was committed since, `later`, stands in the log alone.
 */
function killed(spoil: (file: string) => void): { readonly file: string; readonly savepoint: string } {
  const file = newFile();
  const at = newFile();
  const store = opened(at, { savepoint: `${file}-savepoint` });
  for (let run = 0; run < 50; run += 1) write(store, `kept ${run}`);
  store.savepoint();
  inShell(at, (db) => db.exec('pragma wal_checkpoint(truncate)'));
  write(store, 'later');
  // Taken while it was open, so with the log.
  for (const end of ['', '-wal', '-shm']) copyFileSync(at + end, file + end);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  spoil(file);
  return { file, savepoint: `${file}-savepoint` };
}

/** Are the runs of the savepoint there, and only they? */
function expectSavepoint(file: string): void {
  expect(query(file, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const runs = query(file, 'select run from runs order by number').map(({ run }) => run);
  expect(runs).toEqual(Array.from({ length: 50 }, (_, run) => `kept ${run}`));
}

const noise = (file: string): void => {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(statSync(file).size, 0xa5));
  closeSync(handle);
};

describe('a savepoint is restored', () => {
  test('and the log of the file that was no good does not stay beside it (P228)', async () => {
    const { file, savepoint } = killed((each) => rmSync(each));
    await warned(() => opened(file, { savepoint }).close());
    expectSavepoint(file);
    const aside = readdirSync(dirname(file)).filter((name) => name.includes('-corrupt-'));
    expect(aside.map((name) => name.slice(name.indexOf('Z') + 1)).sort()).toEqual(['-shm', '-wal']);
  });

  const losses: readonly (readonly [string, (file: string) => void])[] = [
    ['is missing', (file) => rmSync(file)],
    ['is missing with its log', (file) => ['', '-wal', '-shm'].forEach((end) => void rmSync(file + end))],
    ...[0, 1, 2, 100, 511, 512, 4_095].map(
      (size) => [`was cut to ${size} bytes`, (file: string) => truncateSync(file, size)] as const,
    ),
  ];
  test.each(losses)('in the place of a file that %s', async (_, spoil) => {
    const { file, savepoint } = killed(spoil);
    const heard = await warned(() => opened(file, { savepoint }).close());
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatch(/was (missing|empty|corrupt).*In its place is the savepoint of/);
    expectSavepoint(file);
  });

  /** Dies before its call number `step` of those that change the folder. */
  async function diesAt(step: number, file: string, savepoint: string): Promise<unknown> {
    const module = JSON.stringify(pathToFileURL(join(ROOT, 'src/stores/sqlite/index.ts')).href);
    const code = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      let calls = 0;
      for (const name of ['copyFileSync', 'fsyncSync', 'renameSync', 'rmSync']) {
        const call = fs[name];
        fs[name] = (...args) => {
          calls += 1;
          if (calls === ${step}) process.kill(process.pid, 'SIGKILL');
          return call(...args);
        };
      }
      syncBuiltinESMExports();
      const { sqlite } = await import(${module});
      const store = sqlite(${JSON.stringify(file)}, { savepoint: ${JSON.stringify(savepoint)} });
      store.open({ name: 'other', lease: 1, now: () => 0 });`;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], { stdio: 'inherit' });
    const [, signal] = await once(child, 'exit');
    return signal;
  }

  // A copy, three syncs, what is set aside, and one that takes its place. SQLite has put the log into the one that is noise.
  test.each([
    ['is noise', noise, 6],
    ['was cut to nothing', (file: string) => truncateSync(file, 1), 8],
  ] as const)(
    'whole or not at all, wherever a process is killed in it, for a file that %s (P220)',
    async (_, spoil, steps) => {
      const { file, savepoint } = killed(spoil);
      const least = Math.min(statSync(file).size, statSync(savepoint).size);
      let step = 1;
      for (let signal: unknown = 'SIGKILL'; signal === 'SIGKILL'; step += 1) {
        const copy = newFile();
        cpSync(dirname(file), dirname(copy), { recursive: true });
        signal = await diesAt(step, copy, `${copy}-savepoint`);
        // Killed again where the next one comes to the same.
        if (signal === 'SIGKILL' && step % 3 === 0) await diesAt(step, copy, `${copy}-savepoint`);

        // Something has its name all the time, or who does not know of the savepoint is refused: nothing is begun anew.
        if (existsSync(copy)) expect(statSync(copy).size).toBeGreaterThanOrEqual(least);
        if (!existsSync(copy)) expect(() => opened(copy)).toThrow(StoreUnusable);

        await warned(() => {
          const store = opened(copy, { savepoint: `${copy}-savepoint` });
          store.savepoint();
          store.close();
        });
        for (const each of [copy, `${copy}-savepoint`]) expectSavepoint(each);
      }
      expect(step - 2).toBe(steps);
    },
    60_000,
  );
});

describe('a file that is missing or empty where there was a store is refused, and nothing is made in its place:', () => {
  test.each([
    ['missing', (file: string) => rmSync(file)],
    ['empty', (file: string) => truncateSync(file, 1)],
  ])('it is %s beside one that was set aside, and there is no savepoint', (what, spoil) => {
    const { file, savepoint } = killed(spoil);
    rmSync(savepoint);
    writeFileSync(`${file}-corrupt-2026`, 'what is left');
    for (const options of [{}, { savepoint }]) {
      expect(() => opened(file, options)).toThrow(StoreUnusable);
      expect(() => opened(file, options)).toThrow(new RegExp(`it is ${what}, .*runs\\.db-corrupt-2026.*to begin anew`));
    }
    expect(existsSync(file) ? statSync(file).size : 0).toBeLessThan(2);

    rmSync(`${file}-corrupt-2026`);
    expect(opened(file).readRun('kept 1')).toBe(null);
  });

  test.each([
    ['is corrupt, too', noise],
    ['is empty, too', (file: string) => truncateSync(file, 0)],
    ['is of another program', (file: string) => inShell(file, (db) => db.exec('pragma application_id = 7'))],
  ])('it is missing, and its savepoint %s', (_, spoil) => {
    const { file, savepoint } = killed((each) => rmSync(each));
    spoil(savepoint);
    const before = readdirSync(dirname(file)).sort();
    expect(() => opened(file, { savepoint })).toThrow(
      /it is missing, and its savepoint .* cannot take its place \(.*Neither/,
    );
    expect(() => opened(file, { savepoint })).toThrow(StoreUnusable);
    expect(
      readdirSync(dirname(file))
        .filter((name) => !/-(lock|holder)$/.test(name))
        .sort(),
    ).toEqual(before);
  });

  test('it is corrupt, and its savepoint cannot be copied', async () => {
    const { file, savepoint } = killed(noise);
    // A folder where the copy is to be.
    mkdirSync(`${file}-next`);
    expect(() => opened(file, { savepoint })).toThrow(StoreUnusable);
    expect(readFileSync(file)[0]).toBe(0xa5);
    rmdirSync(`${file}-next`);
    await warned(() => opened(file, { savepoint }).close());
    expectSavepoint(file);
  });
});
