/**
 * What the machine does to a box without killing it: a disk that is full, a disk that does not sync,
 * and a clock that somebody sets. The first two need rights that not every machine gives; the tests
 * that want them are skipped in words.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSignalbox, type LogLine, memory, orchestrator, type Store, StoreUnusable, task, track } from 'signalbox';
import { sqlite, type SqliteOptions } from 'signalbox/sqlite';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, rejection, stage } from '../helpers/stage.ts';
import { linesOf, remainsOf, worker } from './workers.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const work = task('work', { input: Anything, output: Anything });
const three = track('three', { input: Anything }).step('one', work).step('two', work).step('three', work);
const other = orchestrator('other', { version: '1', input: Anything }).track(
  'beside',
  track('beside', { input: Anything }).step('one', work),
);
const flow = orchestrator('flow', { version: '1', input: Anything }).track('three', three);

/** Runs a tool of the system, if it is there. */
const tool = (command: string, ...args: readonly string[]) => spawnSync(command, [...args]);

const mountable = (() => {
  const place = mkdtempSync(join(tmpdir(), 'signalbox-mount-'));
  const mounted = tool('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', place).status === 0;
  if (mounted) tool('umount', place);
  rmSync(place, { recursive: true, force: true });
  return mounted;
})();

function describeIf(can: boolean, reason: string, title: string, body: () => void): void {
  if (can) describe(title, body);
  else describe.skip(`${title} (skipped: ${reason})`, body);
}

describeIf(mountable, 'a small file system cannot be mounted by this user', 'on a disk that is full', () => {
  let disk = '';
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'signalbox-full-'));
    tool('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk);
  });
  afterEach(() => {
    tool('umount', '-l', disk);
    rmSync(disk, { recursive: true, force: true });
  });

  /** Leaves no room at all. */
  const fill = (): void => {
    const { bsize, bavail } = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(bsize * bavail));
  };
  const makeRoom = (): void => rmSync(join(disk, 'ballast'));
  const big = 'x'.repeat(100_000);

  const open = (
    options: ReturnType<typeof stage>['options'],
    thread: NonNullable<SqliteOptions['thread']>,
    store: Store = sqlite(join(disk, 'runs.db'), { thread }),
  ) => createSignalbox({ ...options, orchestrators: [flow, other], tasks: { work: () => {} }, store });

  test.each(['never', 'always'] as const)(
    'a commit that fails (thread: %s) is logged with the file and the way out, and runs go on once there is room (I3)',
    async (thread) => {
      const { desk, clock, lines, options } = stage();
      const box = clock.follow(await open(options, thread));
      const run = await box.start(flow, { id: 'r', input: null });
      fill();

      desk.give('three/one#1', big);
      await settled(box);
      const late = box.start(other, { input: big });
      await clock.advance('200ms');

      const told = lines.filter(({ error }) => (error as { code?: string } | undefined)?.code === 'commit-failed');
      // Once, however often it was tried.
      expect(told).toHaveLength(1);
      expect(told[0]?.message).toContain(join(disk, 'runs.db'));
      expect(told[0]?.message).toContain('the disk is full. Make room; nothing was lost');
      expect(desk.begun).toEqual(['three/one#1']);

      makeRoom();
      await clock.advance('20s');
      expect(lines.map(({ message }) => message).join()).toContain('is back: it works again');
      for (const place of ['three/two#1', 'three/three#1', 'beside/one#1']) {
        desk.give(place, place);
        await settled(box);
      }
      expect((await run.outcome()).outputs).toEqual({ three: 'three/three#1' });
      expect((await (await late).outcome()).outputs).toEqual({ beside: 'beside/one#1' });
      expect(await faultsOfHistory(run)).toEqual([]);
      expect(desk.begun).toHaveLength(4);
      await box.close();
    },
  );

  test.each(['never', 'always'] as const)(
    'a box can be closed (thread: %s): nothing is kept from the next one, which has all that was acknowledged (I3, I7)',
    async (thread) => {
      const { clock, options } = stage();
      const box = clock.follow(await open(options, thread));
      await box.start(flow, { id: 'r', input: null });
      fill();
      await box.close();

      makeRoom();
      const next = stage();
      const again = next.clock.follow(await open(next.options, thread));
      await again.recovered;
      expect(next.desk.begun).toEqual(['three/one#1']);
      await again.close();
    },
  );

  test('a box cannot start, says why, and goes on with its runs once there is room (I7)', async () => {
    const before = await open(stage().options, 'large');
    for (const id of ['a', 'b', 'c']) await before.start(flow, { id, input: null });
    await before.close();
    fill();

    const failed = await rejection(open(stage().options, 'large'));
    makeRoom();
    const { desk, clock, options } = stage();
    const box = clock.follow(await open(options, 'large'));
    await box.recovered;

    expect(failed).toBeInstanceOf(StoreUnusable);
    expect(failed.message).toContain(join(disk, 'runs.db'));
    expect(failed.message).toContain('the disk is full');
    expect(desk.begun).toHaveLength(3);
    await box.close();
  });
});

describe('a clock that is set while a box has timers', () => {
  const flaky = orchestrator('flaky', { version: '1', input: Anything }).track(
    'a',
    track('a', { input: Anything }).step(
      'step',
      task('retried', {
        input: Anything,
        output: Anything,
        retry: { maxAttempts: 3, delay: '1h' },
        run: async ({ attempt }) => {
          if (attempt < 3) throw new Error('not yet');
          return attempt;
        },
      }),
    ),
  );

  test.each([
    ['back by a day', -86_400_000],
    ['on by a day', 86_400_000],
  ])('%s loses no run, and each attempt is made once (I4, I7)', async (_, jump) => {
    const clock = fakeClock();
    const lines: LogLine[] = [];
    const box = clock.follow(
      await createSignalbox({
        orchestrators: [flaky],
        store: memory(),
        clock,
        // The retries belong to the run; nothing else is to be told.
        logger: (line) => void (line.level === 'debug' || line.fields?.type === 'step.retrying' || lines.push(line)),
        idleRuns: 0,
      }),
    );
    const run = await box.start(flaky, { id: 'r', input: null });
    await clock.advance('10m');
    clock.jump(jump);
    await clock.advance('3h');
    clock.jump(-jump);
    await clock.advance('26h');

    const { status, outputs } = await run.outcome();
    expect([status, outputs]).toEqual(['completed', { a: 3 }]);
    expect(lines).toEqual([]);
    await box.close();
  });

  test.each([
    ['back by a day', -86_400_000],
    ['on by a day', 86_400_000],
  ])('%s between two boxes loses no run either (I4, I7)', async (_, jump) => {
    const store = memory();
    const clock = fakeClock();
    const options = { orchestrators: [flaky], store, clock, logger: () => {} } as const;
    const first = clock.follow(await createSignalbox(options));
    await first.start(flaky, { id: 'r', input: null });
    await clock.advance('10m');
    await first.close();
    clock.jump(jump);

    await using second = clock.follow(await createSignalbox(options));
    await second.recovered;
    await clock.advance('30h');

    expect((await second.run('r').outcome()).outputs).toEqual({ a: 3 });
  });
});

const traceable = (() => {
  const { status } = tool('strace', '-f', '-e', 'inject=fsync:error=EIO:when=1', '/bin/true');
  return status === 0;
})();

describeIf(traceable, 'strace is missing or may not trace', 'on a disk that does not sync', () => {
  test.each([
    [3, 'first'],
    [9, 'first'],
    [20, 'first'],
    [9, 'thread'],
  ])(
    'from call %i of fsync on, for a worker called %s, the reason is logged, and the next process finds all that was acknowledged (I3)',
    async (when, name) => {
      const inject = `inject=fsync,fdatasync:error=EIO:when=${when}+`;
      const first = worker(folder, name, 8, [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        'trace=fsync,fdatasync',
        '-e',
        inject,
      ]);
      await first.ready;
      first.tell('load');
      await Promise.race([first.over, pause(1_500)]);
      // However long it takes, under strace and beside other work, until the call comes that fails.
      let isOver = false;
      void first.over.then(() => {
        isOver = true;
      });
      for (let left = 150; left > 0 && !isOver && linesOf(folder, 'log').length === 0; left -= 1) await pause(100);
      const children = tool('pgrep', '-P', String(first.process.pid)).stdout.toString().trim().split('\n');
      for (const child of children) if (child !== '') process.kill(Number(child), 'SIGKILL');
      const { errors } = await first.over;
      const told = [...linesOf(folder, 'log'), ...errors.split('\n')].join('\n');
      expect(told).toContain(`${folder}/runs.db`);
      expect(told).toContain('the disk reported an error while reading or writing');

      const second = worker(folder, 'second', 8);
      await second.ready;
      second.tell('finish');

      expect(await second.over).toEqual({ code: 0, signal: null, errors: '' });
      expect((await remainsOf(folder)).faults).toEqual([]);
    },
    60_000,
  );
});
