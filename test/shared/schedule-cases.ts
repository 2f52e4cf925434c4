/** Schedules that several processes declare and look after together, on every place that can be shared (S36). */
import { orchestrator, type Signalbox, task, track } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();

function flow() {
  const called: string[] = [];
  const made = (run: string): string => {
    called.push(run);
    return run;
  };
  const make = task('make', { input: Any, output: z.string(), run: ({ run }) => made(run.id) });
  const report = orchestrator('report', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any }).step('make', make),
  );
  const given = { orchestrator: report, input: null, every: '1m', overlap: 'allowAll' } as const;
  return { report, called, declare: (box: Signalbox) => box.schedule('s', given as never) };
}

const runsIn = async (box: Signalbox): Promise<string[]> =>
  (await box.runs({ orchestrator: 'report' })).runs.map(({ run }) => run).sort();
const times = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, at) => `s.2026-01-01T00:${String(at + from).padStart(2, '0')}:00Z`);

/** Registers the cases. */
export function scheduleCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  describe('a schedule that several processes declare', () => {
    test('is one, and each of its times gets one run', async () => {
      const at = await station();
      const { report, called, declare } = flow();
      const boxes = await Promise.all([1, 2, 3].map(() => at.box([report])));
      await Promise.all(boxes.map(declare));
      await at.clock.advance('5m');
      const [one] = boxes as [Signalbox];
      await expect.poll(() => called.length).toBe(5);
      expect(await runsIn(one)).toEqual(times(5));
      expect([...called].sort()).toEqual(times(5));
      const schedule = await (boxes[2] as Signalbox).schedule('s');
      await expect.poll(async () => (await schedule.state()).counts.completed).toBe(5);
      expect(await schedule.state()).toMatchObject({ running: [], counts: { started: 5, failed: 0 } });
    });

    test('is looked after by another one when its process dies, and nothing is started twice or lost', async () => {
      const at = await station();
      const { report, called, declare } = flow();
      const { box: first, kill } = await at.mortal([report]);
      await declare(first);
      await at.clock.advance('2m');
      await expect.poll(() => called.length).toBe(2);
      kill();
      const second = await at.box([report]);
      await at.clock.advance('3m');
      await expect.poll(() => runsIn(second)).toEqual(times(5));
      await expect.poll(() => [...new Set(called)].sort()).toEqual(times(5));
      const schedule = await second.schedule('s');
      await expect.poll(async () => (await schedule.state()).running).toEqual([]);
      expect(await faultsOfHistory(second.run('schedule:s'))).toEqual([]);
    });

    test('is left alone by a process that does not have what it starts', async () => {
      const at = await station();
      const { report, called, declare } = flow();
      const { box: first, kill } = await at.mortal([report]);
      await declare(first);
      kill();
      const stranger = orchestrator('stranger', { version: '1', input: Any });
      const without = await at.box([stranger]);
      await at.clock.advance('2m');
      expect(called).toEqual([]);
      const withIt = await at.box([report]);
      await at.clock.advance('2m');
      await expect.poll(() => runsIn(withIt)).toEqual(times(4));
      expect(await runsIn(without)).toEqual(times(4));
    });
  });

  test('a schedule is paused, triggered and resumed from a process that does not own it', async () => {
    const at = await station();
    const { report, called, declare } = flow();
    const owner = await at.box([report]);
    await declare(owner);
    const other = await at.box([report]);
    const schedule = await other.schedule('s');
    await at.clock.advance('1m');
    await expect.poll(() => called).toEqual(times(1));
    const paused = schedule.pause({ reason: 'inventory' });
    await at.clock.advance('9s');
    await paused;
    const triggered = schedule.trigger({ id: 'k' });
    await at.clock.advance('9s');
    expect(await (await triggered).result()).toEqual({ t: 's.by-hand.k' });
    await at.clock.advance('3m');
    expect(await runsIn(other)).toEqual([...times(1), 's.by-hand.k']);
    const resumed = schedule.resume();
    await at.clock.advance('9s');
    await resumed;
    await at.clock.advance('1m');
    await expect.poll(() => runsIn(other)).toEqual([...times(1), ...times(1, 5), 's.by-hand.k']);
  });
}
