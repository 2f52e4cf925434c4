/** Commits that are written on a thread of their own: which ones, and what becomes of them when the thread does not come up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite, type SqliteOptions } from 'signalbox/sqlite';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { takeHold } from '../../src/stores/sqlite/hold.ts';
import { openWhole } from '../../src/stores/sqlite/open.ts';
import { Scribe } from '../../src/stores/sqlite/scribe.ts';
import { Thread } from '../../src/stores/sqlite/threads.ts';
import { faultsOfHistory } from '../helpers/stage.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-thread-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const Any = z.any();
const echo = task('echo', { input: Any, output: Any, run: async ({ input }) => input });
const flow = orchestrator('flow', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any })
    .step('one', echo, () => 1)
    .step('two', echo, () => 2)
    .step('three', echo, () => 3),
);

/** A store, and where each of its commits was written. */
function watched(options: SqliteOptions = {}, file = join(folder, 'runs.db')) {
  const inner = sqlite(file, options);
  const commits: { readonly rows: number; readonly where: 'here' | 'thread' }[] = [];
  const store: Store = new Proxy(inner, {
    get(target, name) {
      const member: unknown = target[name as keyof Store];
      if (typeof member !== 'function') return member;
      if (name !== 'commit') return member.bind(target);
      return (changes: Parameters<Store['commit']>[0]) => {
        const landed = target.commit(changes);
        const rows = changes.reduce((sum, { actors }) => sum + actors.length, 0);
        commits.push({ rows, where: landed instanceof Promise ? 'thread' : 'here' });
        return landed;
      };
    },
  });
  return { store, commits };
}

/** So many runs at once, again and again until there was enough of it; once if nothing is said. */
async function load(store: Store, runs: number, isEnough = () => true): Promise<void> {
  await using box = await createSignalbox({ orchestrators: [flow], store });
  for (let round = 0; round === 0 || !isEnough(); round += 1) {
    expect(round).toBeLessThan(1_000);
    const started = Array.from({ length: runs }, () => box.start(flow, { input: null }));
    for (const run of await Promise.all(started)) {
      expect(await run.result()).toEqual({ t: 3 });
      expect(await faultsOfHistory(run)).toEqual([]);
    }
  }
}

/** A thread on a file of this name. */
function open(name: string) {
  const file = join(folder, name);
  const owner = { hear: vi.fn(), gone: vi.fn() };
  const hold = takeHold(openWhole('a store', file, 'full', undefined, Date.now()), file);
  return { owner, thread: Thread.open({ hold, synchronous: 'full' }, owner) };
}

describe('on a SQLite file', () => {
  test('that was named from the folder the process was in, the thread finds it when the process is in another', async () => {
    const before = process.cwd();
    const { store, commits } = watched({}, 'runs.db');
    process.chdir(folder);
    const box = await createSignalbox({ orchestrators: [flow], store });
    const elsewhere = mkdtempSync(join(tmpdir(), 'signalbox-elsewhere-'));
    onTestFinished(() => {
      process.chdir(before);
      rmSync(elsewhere, { recursive: true });
    });
    process.chdir(elsewhere);

    while (!commits.some(({ where }) => where === 'thread'))
      for (const run of await Promise.all(Array.from({ length: 200 }, () => box.start(flow, { input: null }))))
        await run.result();

    expect(readdirSync(elsewhere)).toEqual([]);
    await box.close();
  });

  test('large commits are written on a thread, and small ones at once', async () => {
    const { store, commits } = watched();

    // It takes a moment to come up, and until then all is written here.
    await load(store, 200, () => commits.some(({ where }) => where === 'thread'));
    await load(store, 1);

    expect(commits.filter(({ rows, where }) => where === 'thread' && rows < 128)).toEqual([]);
    expect(commits.filter(({ where }) => where === 'here').length).toBeGreaterThan(0);
  });

  test('all of them are if that is wished, from the first one on, and none if not', async () => {
    const always = watched({ thread: 'always' });
    await load(always.store, 3);
    const never = watched({ thread: 'never' });
    let rounds = 0;
    await load(never.store, 200, () => {
      rounds += 1;
      return rounds === 5;
    });

    expect(new Set(always.commits.map(({ where }) => where))).toEqual(new Set(['thread']));
    expect(new Set(never.commits.map(({ where }) => where))).toEqual(new Set(['here']));
  });

  test('a thread that does not come up is told once, and all is written here', async () => {
    const file = join(folder, 'other.db');
    writeFileSync(file, 'no database, but long enough to be taken for a file that somebody has damaged'.repeat(20));
    const warned = once(process, 'warning');
    const scribe = new Scribe({ hold: { file, epoch: 1, inode: null }, synchronous: 'full' });

    await scribe.there();

    expect(scribe.ready).toBe(false);
    expect(scribe.busy).toBe(false);
    expect(String((await warned)[0])).toMatch(
      /^Warning: The thread that writes to .*other\.db has ended \(.*\)\. Commits are written/,
    );
    await scribe.close();
  });

  test('a thread that has let go of its file takes the next one, and one that has ended does not', async () => {
    const first = open('first.db');
    await expect.poll(() => first.owner.hear.mock.calls).toEqual([[{ ready: true }]]);
    const meanwhile = open('second.db');
    expect(meanwhile.thread).not.toBe(first.thread);
    await first.thread.close();
    const next = open('third.db');
    expect(next.thread).toBe(first.thread);
    await expect.poll(() => next.owner.hear.mock.calls).toEqual([[{ ready: true }]]);
    expect(first.owner.hear).toHaveBeenCalledOnce();

    writeFileSync(join(folder, 'damaged.db'), 'no database'.repeat(100));
    await next.thread.close();
    const owner = { hear: vi.fn(), gone: vi.fn() };
    const hold = { file: join(folder, 'damaged.db'), epoch: 1, inode: null };
    const damaged = Thread.open({ hold, synchronous: 'full' }, owner);
    expect(damaged).toBe(next.thread);
    await expect.poll(() => owner.gone.mock.calls).toMatchObject([[{ message: 'file is not a database' }]]);
    await damaged.close();
    await meanwhile.thread.close();
    const last = open('last.db');
    expect(last.thread).toBe(meanwhile.thread);
    await last.thread.close();
  });

  test('a thread that is closed twice waits for one next file, and not for two', async () => {
    const first = open('first.db').thread;
    await first.close();
    await first.close();

    const next = [open('second.db'), open('third.db')];

    expect(next[0]?.thread).toBe(first);
    expect(next[1]?.thread).not.toBe(first);
    for (const { thread } of next) await thread.close();
  });

  test('of the threads that have let go of their files two are kept, however many there were', async () => {
    const three = async () => {
      const threads = ['1.db', '2.db', '3.db'].map((name) => open(name).thread);
      for (const thread of threads) await thread.close();
      return threads;
    };
    const before = await three();

    const after = await three();

    expect(after.filter((thread) => before.includes(thread))).toHaveLength(2);
  });

  test('a thread that is closed has not ended, and nobody is warned of it', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const { store } = watched({ thread: 'always' });
    await load(store, 3);
    // A warning is told in the turn after the one that it came in.
    await new Promise((resolve) => void setImmediate(resolve));
    process.off('warning', warned);

    expect(warned.mock.calls.filter(([{ code }]) => code === 'SIGNALBOX_THREAD')).toEqual([]);
  });

  test('a process that waits for nothing but a commit on the thread is not ended before it has landed', async () => {
    const program = programOf(
      `const run = await box.start(flow, { input: null });
       console.log(JSON.stringify(await run.result()));
       if (process.argv[2] === 'close') await box.close();`,
      { thread: 'always' },
    );

    for (const end of ['close', 'leave']) expect(await ended(program, end)).toEqual(['{"t":1}\n', 0]);
  });

  test('a process that closes its box while the thread is only just coming up is let go of when the file is (I3)', async () => {
    const program = programOf(`
       await Promise.all(Array.from({ length: 300 }, async () => (await box.start(flow, { input: null })).result()));
       await box.close();
       console.log('closed');`);

    expect(await ended(program)).toEqual(['closed\n', 0]);
  });

  test('a process that opens another file, which the thread of the first one takes, stays until it is there', async () => {
    const program = programOf(
      `await box.close();
       const other = await createSignalbox({ orchestrators: [flow], store: sqlite('other.db', { thread: 'always' }) });
       console.log('open');
       await other.close();`,
      { thread: 'always' },
    );

    expect(await ended(program)).toEqual(['open\n', 0]);
  });
});

describe('a process', () => {
  test('that has sent several commits to the thread is not ended when the first of them has landed (I3)', async () => {
    const program = programOf(
      `await box.close();
       await store.open({ name: 'one', lease: 1, now: () => 0 });
       const commit = (run, count) => {
         const row = { run, key: null, orchestrator: 'o', version: '1', hash: 'h', status: 'running', input: null, output: null, error: null,
           reason: null, metadata: {}, startedAt: 0, endedAt: null, parent: null };
         const event = { run, at: 0, type: 'run.started', path: '', orchestrator: 'o', version: '1' };
         const events = Array.from({ length: count }, (_, n) => ({ ...event, seq: n + 1 }));
         return store.commit([{ run, fence: 1, after: 0, row, actors: [], attempts: [], events, signals: [] }]);
       };
       await Promise.all([commit('small', 1), commit('large', 100_000)]);
       console.log('landed');`,
      { thread: 'always' },
    );

    expect(await ended(program)).toEqual(['landed\n', 0]);
  });

  test('that may start no thread opens its file all the same, and writes by itself', async () => {
    const program = programOf(
      `const run = await box.start(flow, { input: null });
       console.log(JSON.stringify(await run.result()));
       await box.close();`,
      { thread: 'always' },
    );

    // Nothing is allowed but files.
    const flags = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*'];
    expect(await ended(...flags, program)).toEqual(['{"t":1}\n', 0]);
  });
});

/** A program with a box on a file, and what it does with the box. */
function programOf(body: string, options: SqliteOptions = {}): string {
  const program = join(folder, 'main.ts');
  const from = (path: string) => JSON.stringify(new URL(`../../src/${path}/index.ts`, import.meta.url).href);
  writeFileSync(
    program,
    `import { createSignalbox, orchestrator, task, track } from ${from('.')};
     import { sqlite } from ${from('stores/sqlite')};
     const any = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
     const one = task('one', { input: any, output: any, run: () => 1 });
     const flow = orchestrator('flow', { version: '1', input: any }).track('t', track('t', { input: any }).step('s', one));
     const store = sqlite('runs.db', ${JSON.stringify(options)});
     const box = await createSignalbox({ orchestrators: [flow], store });
     ${body}`,
  );
  return program;
}

/** What Node with these arguments, such as a program in the folder, has told, and the code that it ended with. */
async function ended(...args: readonly string[]): Promise<readonly [string, unknown]> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const told: string[] = [];
  child.stdout.on('data', (text) => told.push(String(text)));
  const [code] = await once(child, 'close');
  return [told.join(''), code];
}
