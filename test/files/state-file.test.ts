/** State files: what they say, when they are written, and that nothing of theirs is in the way of a run (P220). */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createSignalbox, memory, orchestrator, program, task, track } from 'signalbox';
import { restoreFrom, stateFile } from 'signalbox/files';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { Anything, never, settled, stage } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const plan = program('plan', {
  version: '1',
  input: Anything,
  phases: { first: { tasks: { one: work } }, second: { tasks: { two: work } } },
});
const child = orchestrator('child', { version: '1', input: Anything }).track(
  'c',
  track('c', { input: Anything }).step('work', work),
);
const parent = orchestrator('parent', { version: '1', input: Anything }).track(
  'p',
  track('p', { input: Anything }).run('kid', child),
);

/** Runs a tool of the system, if it is there. */
const tool = (command: string, ...args: readonly string[]) => spawnSync(command, [...args]);

const mount = (folder: string): boolean => tool('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder).status === 0;

const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-mount-'));
  const mounted = mount(folder);
  if (mounted) tool('umount', folder);
  rmSync(folder, { recursive: true, force: true });
  return mounted;
})();

/** A small file system that goes with the test. */
function newFileSystem(): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-full-'));
  onTestFinished(() => {
    tool('umount', '-l', folder);
    rmSync(folder, { recursive: true, force: true });
  });
  mount(folder);
  return folder;
}

async function opened(options: object = {}) {
  const { desk, clock, lines, options: basics } = stage();
  const given = { orchestrators: [plan, parent], ...basics, ...options };
  const box = clock.follow(await createSignalbox(given as never)) as never as Awaited<
    ReturnType<typeof createSignalbox<[typeof plan, typeof parent]>>
  >;
  return { box, desk, clock, lines };
}
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

test('a state file says where a program stands, has its export and is laid out for people, after each event (P220)', async () => {
  const { box, desk } = await opened();
  const run = await box.start(plan, { id: 'r', input: { n: 1 } });
  await settled(box);
  const path = newFile('plan.json');
  const file = await stateFile(box, run, path, { program: plan });

  expect(readFileSync(path, 'utf8')).toMatch(/^\{\n {2}"signalbox": "state",\n {2}"version": 1,\n {2}"run": "r"/);
  expect(read(path)).toMatchObject({
    status: 'running',
    event: file.event,
    state: { program: 'plan', currentPhase: 'first', counts: { completed: 0 } },
    runs: [JSON.parse(JSON.stringify(await run.export()))],
  });
  desk.give('first/work/one#1');
  await settled(box);
  await vi.waitFor(() => expect(read(path).state.currentPhase).toBe('second'));
  desk.give('second/work/two#1');
  await run.outcome();
  await vi.waitFor(() => expect(read(path).status).toBe('completed'));
  expect(read(path)).toMatchObject({ event: (await run.export()).events.length, state: { status: 'completed' } });
  expect(read(`${path}-before`).event).toBeLessThan(read(path).event);
  await file.close();
  expect(readdirSync(dirname(path)).sort()).toEqual([basename(path), `${basename(path)}-before`]);
  await box.close();
});

test('events that come while a state is written are one state more, and the last one is written in any case (P220)', async () => {
  const { box, desk } = await opened();
  const run = await box.start(plan, { id: 'r', input: 1 });
  const path = newFile('plan.json');
  const file = await stateFile(box, 'r', path);
  await settled(box);
  desk.give('first/work/one#1');
  await settled(box);
  desk.give('second/work/two#1');
  await run.outcome();
  // Not awaited: whatever is under way, closing writes the end.
  await file.close();
  expect(read(path)).toMatchObject({ status: 'completed', event: (await run.export()).events.length, state: null });
  await box.close();
});

test('an event that comes at any moment of a writing, also at its very end, is in the file soon (P220)', async () => {
  // A run that is asked and told by hand: its events come when the test says so.
  const exported = await (async () => {
    const { box } = await opened();
    const run = await box.start(plan, { id: 'r', input: 1 });
    const made = await run.export();
    await box.close();
    return made;
  })();
  for (let turns = 0; turns < 20; turns += 1) {
    let count = 1;
    let tell = (): void => {};
    const run = {
      id: 'r',
      export: async () => ({ ...exported, events: exported.events.slice(0, count) }),
      snapshot: never,
      history: never,
      // No generator: that would take a few turns longer than the gap is wide.
      events: ({ signal }: { readonly signal?: AbortSignal }) => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve) => {
              if (signal?.aborted) resolve({ done: true });
              tell = () => resolve({ done: false, value: count });
              signal?.addEventListener('abort', () => resolve({ done: true }));
            }),
        }),
      }),
    };
    const path = `${newFile('missing')}/gap.json`;
    // What is told at the end of the first writing that works is the last thing that it does.
    const log = async ({ message }: { readonly message: string }): Promise<void> => {
      if (!message.includes('is written again')) return;
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      count = 2;
      tell();
    };
    const box = { run: () => run as never, log: (line: { readonly message: string }) => void log(line) };
    const file = await stateFile(box, 'r', path);
    mkdirSync(dirname(path));
    await file.flush();
    await vi.waitFor(() => expect(read(path).event).toBe(2));
    await file.close();
  }
});

test('flush writes what there is at this moment, and says up to which event (P220)', async () => {
  const { box, desk } = await opened();
  const run = await box.start(plan, { id: 'r', input: 1 });
  const path = newFile('plan.json');
  await using file = await stateFile(box, run, path);
  await settled(box);
  desk.give('first/work/one#1');
  await settled(box);
  const { events } = await run.export();
  expect(await file.flush()).toBe(events.length);
  expect(read(path).event).toBe(events.length);
  await box.close();
});

test('a run that waits for child runs has them in its file, and goes on from it with them (P220, P228)', async () => {
  const first = await opened();
  const run = await first.box.start(parent, { id: 'r', input: 1 });
  await settled(first.box);
  const path = newFile('parent.json');
  const file = await stateFile(first.box, run, path);
  await file.close();
  expect(read(path).runs).toHaveLength(2);
  await first.box.close();

  const { box, desk } = await opened();
  const restored = await restoreFrom(box, path);
  await settled(box);
  desk.give('c/work#1', 7);
  expect(await restored.run.outcome()).toMatchObject({ status: 'completed', outputs: { p: { c: 7 } } });
  await box.close();
});

describe('what is in the way of a state file', () => {
  test('a folder that is not there is told once, hurts no run, and is tried again (P220)', async () => {
    const { box, desk, lines } = await opened();
    const run = await box.start(plan, { id: 'r', input: 1 });
    const path = `${newFile('missing')}/plan.json`;
    const file = await stateFile(box, run, path);
    await settled(box);
    desk.give('first/work/one#1');
    await settled(box);
    await expect(file.flush()).rejects.toMatchObject({
      code: 'state-file-unwritten',
      message: /its folder is missing/,
    });
    expect(file.event).toBe(0);
    const told = () => lines.filter(({ message }) => message.includes('plan.json'));
    expect(told().map(({ level, run: of }) => [level, of])).toEqual([['error', 'r']]);

    mkdirSync(dirname(path));
    await vi.waitFor(() => expect(read(path).event).toBeGreaterThan(0), 10_000);
    const again = { level: 'info', message: expect.stringContaining('is written again') };
    await vi.waitFor(() => expect(told().at(-1)).toMatchObject(again));
    desk.give('second/work/two#1');
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    await file.close();
    expect(read(path).status).toBe('completed');
    await box.close();
  });

  test('a folder that nobody may write to, and a path that is a folder (P220)', async () => {
    const { box, desk } = await opened();
    const run = await box.start(plan, { id: 'r', input: 1 });
    const folder = newFile('plan.json');
    mkdirSync(folder);
    await using file = await stateFile(box, run, folder);
    await expect(file.flush()).rejects.toMatchObject({ code: 'state-file-unwritten' });
    const closed = dirname(newFile());
    chmodSync(closed, 0o500);
    const path = `${closed}/plan.json`;
    await using other = await stateFile(box, run, path);
    // Root may write everywhere.
    if (process.getuid?.() !== 0) await expect(other.flush()).rejects.toMatchObject({ message: /may not write there/ });
    chmodSync(closed, 0o700);
    await settled(box);
    desk.give('first/work/one#1');
    await settled(box);
    desk.give('second/work/two#1');
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    await other.close();
    await file.close();
    await box.close();
  });

  test.skipIf(!canMount)(
    `a disk that is full: the file stays as it was, the run goes on, and the end is written once there is room (P220)${canMount ? '' : ' (skipped: a small file system cannot be mounted by this user)'}`,
    async () => {
      const disk = newFileSystem();
      const { box, desk, lines } = await opened();
      const run = await box.start(plan, { id: 'r', input: 'x'.repeat(5_000) });
      const path = `${disk}/plan.json`;
      const file = await stateFile(box, run, path);
      await settled(box);
      await file.flush();
      const { bsize, bavail } = statfsSync(disk);
      writeFileSync(`${disk}/ballast`, Buffer.alloc(bsize * bavail));
      const was = readFileSync(path, 'utf8');
      desk.give('first/work/one#1', 'y'.repeat(5_000));
      await settled(box);
      await expect(file.flush()).rejects.toMatchObject({ code: 'state-file-unwritten', message: /the disk is full/ });
      expect(readFileSync(path, 'utf8')).toBe(was);
      desk.give('second/work/two#1');
      expect(await run.outcome()).toMatchObject({ status: 'completed' });
      expect(lines.map(({ message }) => message).join()).toContain('the disk is full. Make room');
      rmSync(`${disk}/ballast`);
      await file.close();
      expect(read(path).status).toBe('completed');
      await box.close();
    },
  );

  test('what is no state of this run is set aside or refused, and never written over (P220)', async () => {
    const { box, lines } = await opened();
    const run = await box.start(plan, { id: 'r', input: 1 });
    const path = newFile('plan.json');
    writeFileSync(path, '{"name": "my package"}');
    await (await stateFile(box, run, path)).close();
    const aside = readdirSync(dirname(path)).find((name) => name.includes('-corrupt-')) as string;
    expect(readFileSync(`${dirname(path)}/${aside}`, 'utf8')).toBe('{"name": "my package"}');
    expect(lines.map(({ message }) => message).join()).toContain('was set aside as');
    const other = await box.start(plan, { id: 'q', input: 1 });
    await expect(stateFile(box, other, path)).rejects.toMatchObject({ code: 'option-invalid', message: /of run "r"/ });
    await using _ = await stateFile(box, run, path);
    await expect(stateFile(box, run, path)).rejects.toMatchObject({ code: 'option-invalid' });
    await box.close();
  });

  test('options that there are not, runs that are not there, and what is no program (P220)', async () => {
    const { box } = await opened();
    const run = await box.start(parent, { id: 'r', input: 1 });
    const path = newFile('plan.json');
    await expect(stateFile(box, run, path, { x: 1 } as never)).rejects.toMatchObject({ code: 'option-invalid' });
    await expect(stateFile(box, 7 as never, path)).rejects.toMatchObject({ code: 'option-invalid' });
    await expect(stateFile(box, run, '')).rejects.toMatchObject({ code: 'option-invalid' });
    await expect(stateFile(box, 'nobody', path)).rejects.toMatchObject({ code: 'run-unknown' });
    await expect(stateFile(box, run, path, { program: parent })).rejects.toMatchObject({ code: 'option-invalid' });
    expect(existsSync(path)).toBe(false);
    // Nothing of them is left: the file can be had.
    await (await stateFile(box, run, path)).close();
    await box.close();
  });

  test('a box that blanks secrets says that nothing can be restored, and what is secret is in no file (S34, P220)', async () => {
    const { box, lines } = await opened({ redact: ['input.card'] });
    const run = await box.start(plan, { id: 'r', input: { card: '4111222233334444' } });
    const path = newFile('plan.json');
    await (await stateFile(box, run, path, { program: plan })).close();
    expect(readFileSync(path, 'utf8')).not.toContain('4111222233334444');
    expect(lines.map(({ message }) => message).join()).toContain('no run restored from it');
    const other = await opened();
    await expect(restoreFrom(other.box, path)).rejects.toMatchObject({ code: 'import-refused', message: /blanked/ });
    await other.box.close();
    await box.close();
  });

  test('a box that is closed, and a run that is deleted, leave the file as it is (P220)', async () => {
    const { box, desk, lines } = await opened({ store: memory() });
    const run = await box.start(plan, { id: 'r', input: 1 });
    const path = newFile('plan.json');
    const file = await stateFile(box, run, path);
    await settled(box);
    desk.give('first/work/one#1');
    await settled(box);
    desk.give('second/work/two#1');
    await run.outcome();
    await file.flush();
    await run.delete();
    await file.close();
    expect(read(path).status).toBe('completed');
    const other = await box.start(plan, { id: 'q', input: 1 });
    const late = await stateFile(box, other, newFile('late.json'));
    await box.close();
    await late.close();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
