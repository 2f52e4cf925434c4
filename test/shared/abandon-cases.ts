/** Runs that one process abandons while another owns them, waits for them or has asked something of them, on every place that can be shared (S18). */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();
const reason = 'its version was never released';

/** Registers the cases. */
export function abandonCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  test('a run that another living process works on is abandoned: its body there is aborted, and every waiter has the same end (S18)', async () => {
    const at = await station();
    const signals: AbortSignal[] = [];
    const body = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    };
    const work = task('work', { input: Any, output: Any, run: body });
    const flow = orchestrator('works', { version: '1', input: Any }).track(
      't',
      track('t', { input: Any }).step('work', work),
    ) as unknown as AnyOrchestrator;
    const [one, two] = [await at.box([flow]), await at.box([])];
    const run = await one.start(flow, { id: 'r', input: 1 } as never);
    await expect.poll(() => signals).toHaveLength(1);
    const ends = Promise.all([run.outcome(), two.run('r').outcome()]);

    expect(await two.run('r').abandon({ reason })).toBe(true);

    await expect.poll(() => signals[0]?.aborted).toBe(true);
    for (const end of await ends) expect(end).toMatchObject({ status: 'cancelled', error: null });
    expect(await historyOf(run)).toEqual(['run.started', 'track.started t', 'step.started t/work', 'run.cancelled']);
    expect(await one.run('r').abandon({ reason })).toBe(false);
    await expect.poll(() => one.counts.inMemory).toBe(0);
    expect(await one.run('r').delete()).toBe(true);
    expect(at.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  test('a run of a process that has died, whose definition nobody has, is told with the line that ends it; who asked something of it is answered (S18)', async () => {
    const at = await station();
    const flow = orchestrator('asks', { version: '1', input: Any }).track(
      't',
      track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }),
    ) as unknown as AnyOrchestrator;
    const first = await at.mortal([flow]);
    await first.box.start(flow, { id: 'r', input: 1 } as never);
    first.kill();
    const two = await at.box([]);
    await at.clock.advance('20s');
    await expect
      .poll(() => at.lines.map(({ message }) => message).join())
      .toContain("await box.run('r').abandon({ reason");
    const asked = [two.run('r').cancel(), two.run('r').signal('go', 1)];

    expect(await two.run('r').abandon({ reason })).toBe(true);

    await at.clock.advance('4s');
    expect(await Promise.all(asked)).toEqual([undefined, expect.objectContaining({ reason: 'run-ended' })]);
    await expect(two.run('r').result()).rejects.toMatchObject({ code: 'run-cancelled', fields: { reason } });
    expect(await two.run('r').delete()).toBe(true);
  });
}
