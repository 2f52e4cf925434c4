/** A schedule outlives its process: each time gets one run, whoever dies, and what was missed meanwhile is made up for (S36). */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { type CrashPoint, crashAt, crashPoints, type FakeClock, fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newFile } from '../helpers/files.ts';
import { faultsOfHistory, stage } from '../helpers/stage.ts';

const Input = z.object({ region: z.string() });

/** A report that is made at once; the runs whose body was called. */
function flow(version = '1') {
  const called: string[] = [];
  const made = (run: string): string => {
    called.push(run);
    return run;
  };
  const make = task('make', { input: Input, output: z.string(), run: ({ run }) => made(run.id) });
  const report = orchestrator('report', { version, input: Input }).track(
    't',
    track('t', { input: Input }).step('make', make, ({ input }) => input),
    { input: ({ input }) => input },
  );
  return { report, called };
}

type Report = ReturnType<typeof flow>['report'];

const options = (report: Report) =>
  ({ orchestrator: report, input: { region: 'north' }, every: '1h', overlap: 'allowAll' }) as const;
const times = (...hours: readonly number[]): string[] => hours.map((hour) => `s.2026-01-01T0${hour}:00:00Z`);

async function open(store: Store, clock: FakeClock, report: Report) {
  const box = clock.follow(await createSignalbox({ store, clock, orchestrators: [report], logger: () => {} }));
  await box.recovered;
  await settled(box);
  return box;
}

const runsIn = async (box: Awaited<ReturnType<typeof open>>) =>
  (await box.runs({ orchestrator: 'report' })).runs.map(({ run, status }) => `${run} ${status}`).sort();

/** Three hours of a schedule whose box dies at the `pass`th time that it comes to `point`. */
async function died(point: CrashPoint, pass: number) {
  const clock = fakeClock();
  const { report, called } = flow();
  const doomed = crashAt(point, pass, { clock });
  const first = (async () => {
    const box = await createSignalbox({ ...doomed.options, orchestrators: [report], logger: () => {} });
    clock.follow({
      get quiet() {
        return doomed.dead || box.quiet;
      },
      get counts() {
        return box.counts;
      },
    });
    await box.schedule('s', options(report));
  })();
  await Promise.race([first, doomed.crashed]);
  await clock.advance('3h');
  return { doomed, clock, report, called };
}

/** The same, and another three hours in a box that goes on. */
async function played(point: CrashPoint, pass: number) {
  const { doomed, clock, report, called } = await died(point, pass);
  const box = await open(doomed.underlying, clock, report);
  await box.schedule('s', options(report));
  await clock.advance('3h');
  return { box, called, dead: doomed.dead };
}

describe.each(crashPoints.filter((point) => point !== 'during recovery'))('a box that dies %s', (point) => {
  test('leaves each time one run, also if it died between the start of a run and its own row', async () => {
    const { passes } = (await died(point, 0)).doomed;
    expect(passes[point]).toBeGreaterThan(2);
    for (let pass = 1; pass <= passes[point]; pass += 1) {
      const { box, called, dead } = await played(point, pass);
      const state = await (await box.schedule('s')).state();
      const begun = (state.definition.every as number) > 0 ? await runsIn(box) : [];
      // What came before there was a schedule, because its box died first, is nobody's.
      const expected = [...times(1, 2, 3), ...times(4, 5, 6)].slice(-begun.length).map((run) => `${run} completed`);
      expect([point, pass, dead, begun]).toEqual([point, pass, true, expected]);
      expect(begun.length).toBeGreaterThanOrEqual(3);
      expect([...new Set(called)].sort()).toEqual(begun.map((run) => run.split(' ')[0]));
      expect(state).toMatchObject({
        running: [],
        counts: { started: begun.length, completed: begun.length, failed: 0 },
      });
      expect(await faultsOfHistory(box.run('schedule:s'))).toEqual([]);
      await box.close();
    }
  });
});

test('a schedule on a file goes on in the next process, without being declared again', async () => {
  const file = newFile();
  const clock = fakeClock();
  const { report, called } = flow();
  const first = await open(sqlite(file), clock, report);
  await first.schedule('s', { ...options(report), catchUp: '2h' });
  await clock.advance('1h');
  await first.close();
  // Nobody is there for four hours: two of the times are made up for, and two are too late.
  await clock.advance('4h');
  const second = await open(sqlite(file), clock, report);
  await clock.advance('1h');
  expect(await runsIn(second)).toEqual(times(1, 3, 4, 5, 6).map((run) => `${run} completed`));
  expect(called).toEqual(times(1, 3, 4, 5, 6));
  expect(await (await second.schedule('s')).state()).toMatchObject({ counts: { started: 5, missed: 1 } });
  await second.close();
});

test('a file is opened by one process at a time, so a schedule is never in two', async () => {
  const file = newFile();
  const clock = fakeClock();
  const { report } = flow();
  const first = await open(sqlite(file), clock, report);
  await first.schedule('s', options(report));
  await expect(open(sqlite(file), clock, report)).rejects.toThrow(/open in another box/);
  await clock.advance('1h');
  expect(await runsIn(first)).toEqual([`${times(1)} completed`]);
  await first.close();
});

test('what it waits with, its pause and what it was changed to stand in its row', async () => {
  const store = memory();
  const clock = fakeClock();
  const slow = flow();
  const held = task('make', { input: Input, output: z.string(), run: () => new Promise<string>(() => {}) });
  const stuck = orchestrator('report', { version: '1', input: Input }).track(
    't',
    track('t', { input: Input }).step('make', held, ({ input }) => input),
    { input: ({ input }) => input },
  );
  const first = await open(store, clock, stuck);
  const schedule = await first.schedule('s', { ...options(stuck), overlap: 'skip' });
  await first.schedule('s', { ...options(stuck), overlap: 'bufferAll' });
  await clock.advance('3h');
  await schedule.pause({ reason: 'moving' });
  const before = await schedule.state();
  expect(before).toMatchObject({ running: times(1), waiting: times(2, 3), paused: { reason: 'moving' } });
  await first.close();
  const second = await open(store, clock, slow.report);
  const after = await second.schedule('s');
  // The run goes on in the new process and ends there; the others wait until somebody says so.
  expect(await after.state()).toMatchObject({ ...before, running: [], counts: { started: 1, completed: 1 } });
  await after.resume();
  await settled(second);
  expect(slow.called).toEqual(times(1, 2, 3));
  await second.close();
});

test('a run that was under way when the process died is still the one before (S36)', async () => {
  const store = memory();
  const { desk, clock, options: staged } = stage();
  const { report } = flow();
  const first = clock.follow(await createSignalbox({ store, ...staged, orchestrators: [report] }));
  await first.schedule('s', { ...options(report), overlap: 'skip' });
  await clock.advance('1h');
  await first.close();
  const second = clock.follow(await createSignalbox({ store, ...staged, orchestrators: [report] }));
  await clock.advance('2h');
  expect(await runsIn(second)).toEqual([`${times(1)} running`]);
  desk.give('t/make#1', 'made');
  await clock.advance('1h');
  expect(await runsIn(second)).toEqual([`${times(1)} completed`, `${times(4)} running`]);
  await second.run('schedule:s').cancel();
  await settled(second);
  expect((await second.run('schedule:s').outcome()).status).toBe('cancelled');
  await second.close();
});

test('a schedule waits for a process that has the version it starts, and says so; declared anew, it goes on', async () => {
  const store = memory();
  const clock = fakeClock();
  const [old, next] = [flow('1'), flow('2')];
  const first = await open(store, clock, old.report);
  await first.schedule('s', options(old.report));
  await first.close();
  const lines: string[] = [];
  const logger = ({ message }: { readonly message: string }): void => void lines.push(message);
  const second = clock.follow(await createSignalbox({ store, clock, orchestrators: [next.report], logger }));
  await clock.advance('1h');
  expect(next.called).toEqual([]);
  expect(lines.find((line) => line.includes('could not be started'))).toMatch(
    /^Child run "s\.2026-01-01T01:00:00Z" could not be started.*"report \(version 1\)".*report \(version 2\)/,
  );
  await second.schedule('s', options(next.report));
  await clock.advance('1h');
  expect(next.called).toEqual(times(2));
  await second.close();
  const third = await open(store, clock, old.report);
  await settled(third);
  expect(old.called).toEqual(times(1));
  await third.close();
});
