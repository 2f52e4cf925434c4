/**
 * What comes of opening a SQLite file, to write to it or to look at it, in whatever state it is, with and without a savepoint:
 * `sqlite-openings.txt` has what is said of it, and what stands in its folder then. People read this at night, with one hand on the only
 * copy of their data: a change in that file is read before it is taken over (`npx vitest run FILE -u`).
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreLost, StoreUnusable } from 'signalbox/errors';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { LOST, usable } from '../../src/stores/sqlite/file.ts';
import { sqliteLook } from '../../src/stores/sqlite/look.ts';
import { unpack } from '../fixtures/sqlite-0.1.ts';
import { inShell, newFile } from '../helpers/files.ts';
import { owner, write } from '../helpers/sqlite.ts';

/** A store of one run, made once; each case begins with a copy of it. */
function made(run: string): string {
  const file = newFile();
  const store = sqlite(file);
  store.open(owner());
  write(store, run);
  store.close();
  return file;
}

const noise = (file: string, from: number, bytes: number): void => {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, 0xa5), 0, bytes, from);
  closeSync(handle);
};

/** What was done to a store before it is opened. */
const STATES: { readonly [state: string]: (file: string) => void } = {
  'is as it was left': () => {},
  'is not there': (file) => rmSync(file),
  'is empty': (file) => truncateSync(file, 0),
  'has one byte': (file) => truncateSync(file, 1),
  'has two bytes': (file) => truncateSync(file, 2),
  'has lost its second half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'is text': (file) => writeFileSync(file, 'dear diary, '.repeat(1_000)),
  'has noise in its first page': (file) => noise(file, 100, 1_000),
  'has noise in its last pages': (file) => noise(file, statSync(file).size - 8_192, 8_192),
  'is a database of another program': (file) => {
    rmSync(file);
    inShell(file, (db) => db.exec('create table notes (text)'));
  },
  'is a database of another program, which has marked it and has no tables yet': (file) => {
    rmSync(file);
    inShell(file, (db) => db.exec('pragma application_id = 7'));
  },
  'is a database without tables': (file) => {
    rmSync(file);
    inShell(file, (db) => db.exec('pragma user_version = 0; create table t (x); drop table t'));
  },
  'is of the first version': (file) => {
    rmSync(file);
    unpack(file);
  },
  'is of a newer version': (file) => inShell(file, (db) => db.exec('pragma user_version = 99')),
  'has lost a table': (file) => inShell(file, (db) => db.exec('drop table epochs')),
  'has lost a table that nobody asks for yet': (file) => inShell(file, (db) => db.exec('drop table signals')),
  'is a folder': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
  'is in a folder that is not there': (file) => rmSync(dirname(file), { recursive: true }),
  'is a link to what is not there yet': (file) => {
    rmSync(file);
    symlinkSync('elsewhere.db', file);
  },
  'is a link to itself': (file) => {
    rmSync(file);
    symlinkSync('runs.db', file);
  },
  'has a second name': (file) => linkSync(file, `${file}-too`),
  'is no file': (file) => {
    rmSync(file);
    symlinkSync('/dev/null', file);
  },
  'is not there, beside what was set aside of it': (file) => {
    rmSync(file);
    writeFileSync(`${file}-corrupt-then`, 'what is left');
  },
  'is empty, beside what was set aside of it': (file) => {
    truncateSync(file, 0);
    writeFileSync(`${file}-corrupt-then`, 'what is left');
  },
  'is written to by somebody else': (file) => holds(file, 'immediate'),
  'has a lock that is no database': (file) => writeFileSync(`${file}-lock`, 'locked'.repeat(100)),
  'is held by somebody': (file) => {
    holds(`${file}-lock`, 'exclusive');
    writeFileSync(`${file}-holder`, 'process 7 on another machine');
  },
  'is held by somebody who has not said who': (file) => {
    holds(`${file}-lock`, 'exclusive');
    rmSync(`${file}-holder`, { force: true });
  },
};

/** What was done to its savepoint, which has another run. */
const SAVEPOINTS: { readonly [state: string]: (savepoint: string) => void } = {
  'no savepoint': (savepoint) => rmSync(savepoint),
  'a savepoint': () => {},
  'a savepoint that is damaged': (savepoint) => noise(savepoint, 4_096, 4_096),
  'a savepoint of a newer version': (savepoint) => inShell(savepoint, (db) => db.exec('pragma user_version = 99')),
  'a savepoint of another program': (savepoint) => inShell(savepoint, (db) => db.exec('pragma application_id = 7')),
};

/** States in which a savepoint might be of use. */
const NEEDING: readonly string[] = [
  'is as it was left',
  'is not there',
  'is empty',
  'has one byte',
  'has lost its second half',
  'has noise in its first page',
  'has noise in its last pages',
  'is a database of another program',
  'is a link to what is not there yet',
  'is not there, beside what was set aside of it',
];

/** Cases that hold a file themselves. */
const HOLDING = /held|written to/;

/** A connection that holds a lock on the file until the test is over. */
function holds(file: string, how: 'exclusive' | 'immediate'): void {
  const db = new DatabaseSync(file);
  db.exec(`begin ${how}`);
  onTestFinished(() => db.close());
}

/** What is in a folder; of a store, which runs. */
function folder(path: string): string {
  if (!existsSync(path)) return 'nothing';
  const told = (name: string): string => {
    if (/-(lock|holder|wal|shm)$/.test(name)) return name;
    // To look is not to make a file where there is none.
    const db = new DatabaseSync(join(path, name), { readOnly: true, open: false });
    try {
      db.open();
      const runs = db.prepare('select run from runs').all();
      return `${name} with ${runs.length === 0 ? 'nothing' : runs.map(({ run }) => run)}`;
    } catch {
      return name;
    } finally {
      if (db.isOpen) db.close();
    }
  };
  return readdirSync(path)
    .filter((name) => !/-(wal|shm)$/.test(name))
    .sort()
    .map(told)
    .join(', ');
}

/** Files in a folder that this process has open, where the system says so. What the cases hold themselves is left out. */
function openIn(path: string): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  const links = readdirSync('/proc/self/fd').flatMap((handle) => {
    try {
      return [readlinkSync(`/proc/self/fd/${handle}`)];
    } catch {
      return [];
    }
  });
  return links.filter((link) => link.startsWith(`${path}/`));
}

/** What a work ends with, in words. */
function endOf(work: () => string): string {
  try {
    return work();
  } catch (error) {
    const lasts = error instanceof StoreUnusable && error.isLasting ? ' (lasting)' : '';
    return `${(error as Error).name}${lasts}: ${(error as Error).message}`;
  }
}

/** Makes a case: a file in this state, beside a savepoint in that one. */
function caseOf(state: string, point: string): string {
  const file = newFile();
  const savepoint = `${file}-savepoint`;
  copyFileSync(store, file);
  copyFileSync(saved, savepoint);
  SAVEPOINTS[point]?.(savepoint);
  STATES[state]?.(file);
  return file;
}

let [store, saved] = ['', ''];
beforeEach(() => {
  [store, saved] = [made('of the file'), made('of the savepoint')];
});

/** Without what differs from run to run. */
const fold = (lines: readonly string[], file: string): string[] =>
  lines.map((line) =>
    line
      .replaceAll(dirname(file), '<folder>')
      .replaceAll(/\*{3} in database main \*{3} .*? code \d+/g, '<what SQLite found>')
      .replaceAll(/savepoint of 2\d{3}-\S+Z/g, 'savepoint of <time>'),
  );

test('a file is opened, restored or refused, with what is wrong and a way out, and what is refused stays as it was (P228)', async () => {
  const warnings: string[] = [];
  const warned = ({ code, message }: Error & { readonly code?: string }): void =>
    void (code === 'SIGNALBOX_RESTORED' && warnings.push(`  warning ${message}`));
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const opens = async (state: string, point: string): Promise<readonly string[]> => {
    const file = caseOf(state, point);
    const before = folder(dirname(file));
    const opened = sqlite(file, point === 'no savepoint' ? {} : { savepoint: `${file}-savepoint` });
    const end = endOf(() => {
      opened.open(owner());
      opened.close();
      return 'it is opened';
    });
    await settled();
    // What it had to take for that, it has let go of.
    if (existsSync(`${file}-lock`) && !/lock/.test(state) && !HOLDING.test(state))
      inShell(`${file}-lock`, (db) => db.exec('begin exclusive; rollback'));
    if (!HOLDING.test(state)) expect(openIn(dirname(file)), state).toEqual([]);
    const after = folder(dirname(file));
    const lines = [`## it ${state}, ${point}`, ...warnings.splice(0), `  ${end}`, `  in the folder: ${before}`];
    return fold(after === before ? lines : [...lines, `  and now: ${after}`], file);
  };
  const pages: string[] = [];
  for (const state of Object.keys(STATES)) {
    pages.push(...(await opens(state, 'no savepoint')));
    if (!NEEDING.includes(state)) continue;
    for (const point of Object.keys(SAVEPOINTS).slice(1)) pages.push(...(await opens(state, point)));
  }
  await expect(`${pages.join('\n')}\n`).toMatchFileSnapshot('./sqlite-openings.txt');
});

test('a file that is looked at stays as it is, whatever is wrong with it (P208)', async () => {
  const pages: string[] = [];
  for (const state of Object.keys(STATES)) {
    const file = caseOf(state, 'no savepoint');
    const before = folder(dirname(file));
    const look = sqliteLook(file);
    const looks = endOf(() => {
      look.open({ ...owner() });
      return `run "of the file": ${JSON.stringify(look.readRun('of the file'))}`;
    });
    const writes = (['commit', 'addRecord', 'abandonRun', 'deleteRun'] as const).map((name) =>
      endOf(() => String((look[name] as (given: unknown) => unknown)([]))),
    );
    expect(new Set(writes)).toEqual(
      new Set([`StoreUnusable (lasting): sqlite ${file} cannot be used as a store: it was opened to be read.`]),
    );
    look.close();
    if (!HOLDING.test(state)) expect(openIn(dirname(file)), state).toEqual([]);
    const closed = endOf(() => JSON.stringify(look.readRun('of the file')));
    expect(closed).toBe(`StoreUnusable: sqlite ${file} cannot be used as a store: sqlite ${file} is not open`);
    expect(folder(dirname(file))).toBe(before);
    pages.push(...fold([`## it ${state}`, `  ${looks}`], file));
  }
  await expect(`${pages.join('\n')}\n`).toMatchFileSnapshot('./sqlite-looks.txt');
});

test('what SQLite says is told with the file and a way out, and whether it would say so again', async () => {
  const end = (error: unknown): string =>
    endOf(() => {
      throw usableError(error);
    });
  const lines: string[] = [];
  for (let code = 0; code <= 28; code += 1)
    lines.push(end(Object.assign(new Error(`code ${code}`), { errcode: code })));
  for (const errcode of [10 + 256 * 3, 5 + 256 * 2, 11 + 256, LOST])
    lines.push(end(Object.assign(new Error(`code ${errcode}`), { errcode })));
  for (const error of [
    new Error('any.'),
    new TypeError('a type'),
    new RangeError('a range'),
    new SyntaxError('a word'),
    'a text',
  ])
    lines.push(end(error));
  const own = new StoreLost({ store: 'this', reason: 'it is gone.' });
  expect(usableError(own)).toBe(own);

  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./sqlite-errors.txt');
});

/** What `usable` makes of an error. */
function usableError(error: unknown): unknown {
  try {
    usable('file.db', () => {
      throw error;
    });
  } catch (made) {
    return made;
  }
  return null;
}
