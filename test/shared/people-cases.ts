/** People who decide from one process on a run that another has: once, on what they were shown, whoever dies meanwhile. */
import { orchestrator, type Signalbox, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { decideAtOnce, deciding } from '../helpers/deciding.ts';
import { isLong } from '../helpers/form.ts';
import { faultsOfHistory } from '../helpers/stage.ts';
import { LEASE, type SharedPlace, Station } from './station.ts';

const Any = z.any();
const COURSES = isLong ? 15 : 5;

/** Registers the cases for a place that can be shared. */
export function peopleCases(open: () => SharedPlace | Promise<SharedPlace>): void {
  const station = async (): Promise<Station> => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    return at;
  };

  test('an approval of a run that another process has is found, claimed and decided, with the same answers (P143, P144)', async () => {
    const at = await station();
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).approval('one', {
        ask: 'Well?',
        propose: () => ({ n: 1 }),
        decisions: ['approve', 'edit', 'reject'],
        value: z.object({ n: z.number() }),
        assignees: { roles: ['manager'] },
      }),
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(async () => (await two.approvals({ role: 'manager' })).approvals).toHaveLength(1);
    const id = 'r/a/one#1';
    const say = (more: object) => two.decide(id, { decision: 'approve', by: 'mia', roles: ['manager'], ...more });

    expect(await say({ roles: [] })).toMatchObject({ answer: 'refused', reason: 'not-assigned' });
    expect(await say({ decision: 'claim' })).toMatchObject({ answer: 'recorded', status: 'claimed' });
    expect(await one.decide(id, { decision: 'approve', by: 'tom', roles: ['manager'] })).toMatchObject({
      reason: 'claimed',
    });
    expect(await say({ decision: 'edit', patch: { n: 'x' } })).toMatchObject({
      reason: 'payload-invalid',
      issues: [{ path: 'n' }],
    });
    expect(await say({ decision: 'edit', patch: { n: 2 }, id: 'once' })).toMatchObject({
      answer: 'resolved',
      decision: 'edit',
    });
    expect(await one.decide(id, { decision: 'reject', by: 'tom', id: 'once' })).toMatchObject({
      answer: 'resolved',
      decision: 'edit',
    });
    expect(await run.outcome()).toMatchObject({
      status: 'completed',
      output: { a: { decision: 'edit', value: { n: 2 } } },
    });
    expect(await say({ decision: 'reject', comment: 'no' })).toMatchObject({
      answer: 'refused',
      reason: 'already-resolved',
    });
    expect((await two.approval(id))?.history.map(({ act, answer }) => [act, answer.answer])).toEqual([
      ['approve', 'refused'],
      ['claim', 'recorded'],
      ['approve', 'refused'],
      ['edit', 'refused'],
      ['edit', 'resolved'],
      // Said when the run had ended, to a process that has it no more than any other.
      ['reject', 'refused'],
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('three people at once, from two processes of which one dies now and then: one end, of what was shown (S20, S22, S23, S28)', {
    timeout: 180_000,
  }, async () => {
    const at = await station();
    const second = await at.box([deciding]);
    const mortal = async () => ({
      ...(await at.mortal([deciding])),
      death: Promise.withResolvers<never>(),
      isDead: false,
    });
    let first = await mortal();
    const ask = async <T>(which: number, work: (box: Signalbox) => Promise<T>): Promise<T> => {
      const { box, death, isDead } = first;
      if (which === 1 || isDead) return work(second);
      death.promise.catch(() => {});
      return Promise.race([work(box), death.promise]).catch((error: Error) => {
        if (error.message !== 'killed') throw error;
        return work(second);
      });
    };
    const ends = new Map<string, number>();
    for (let course = 1; course <= COURSES; course += 1) {
      if (first.isDead) first = await mortal();
      const run = `r${course}`;
      await (course % 2 === 0 ? second : first.box).start(deciding, { id: run, input: null });
      await expect.poll(() => second.approval(`${run}/a/one#1`)).not.toBe(null);
      const end = await decideAtOnce({
        run,
        seed: `course ${course}`,
        ask,
        async happen(what) {
          if (what === 'late') return at.clock.advance('31s');
          if (what === 'cancel') return second.run(run).cancel();
          if (first.isDead) return;
          first.kill();
          first.isDead = true;
          first.death.reject(new Error('killed'));
          // What it had is taken over when its lease is over.
          await at.clock.advance(LEASE);
          await at.clock.advance(LEASE);
        },
      });
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    // Not all of them end in one way.
    expect(ends.size).toBeGreaterThan(1);
  });
}
