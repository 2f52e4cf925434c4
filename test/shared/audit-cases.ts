/** What one process asks of a run that another owns is on record with the run (S39, P173): once, also if its owner dies over it. */
import { type AuditRecord, orchestrator, task, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { LEASE, type SharedPlace, Station } from './station.ts';

const Any = z.any();

async function auditOf(run: { audit(): AsyncGenerator<AuditRecord> }): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const { type, by, before, after, refused } of run.audit())
    records.push([type, by, before, after, refused]);
  return records;
}

/** Registers the cases for a place that can be shared. */
export function auditCases(open: () => SharedPlace | Promise<SharedPlace>): void {
  const station = async (): Promise<Station> => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    return at;
  };

  test('what another process asks of a run is on record as what its owner is asked, and so is what is refused (S39, P173)', async () => {
    const at = await station();
    const gate = Promise.withResolvers<number>();
    const held = task('held', { input: Any, output: Any, run: () => gate.promise });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).step('held', held).wait('go', { signal: 'go' }).wait('never', { signal: 'never' }),
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    await one.start(flow, { id: 'r', input: 1 });
    const run = two.run('r');
    await expect.poll(() => run.status()).toBe('running');

    await run.pause({ by: 'mia' });
    await run.pause({ by: 'leo' });
    await run.resume({ by: 'mia' });
    gate.resolve(1);
    await expect.poll(() => run.status()).toBe('waiting');
    await run.signal('go' as never, null as never, { id: 's', by: 'eve' });
    await run.signal('go' as never, null as never, { id: 's', by: 'eve' });
    await run.signal('nobody' as never, null as never, { by: 'eve' });
    await run.cancel({ by: 'mia', reason: 'enough' });
    await run.outcome();
    await expect(run.pause({ by: 'leo' })).rejects.toMatchObject({ code: 'command-refused' });
    await run.cancel({ by: 'leo' });

    const ended = 'the run is cancelled';
    const unknown = expect.stringContaining('No step of "flow" waits for signal "nobody"');
    const left = [
      ['start', null, null, 'running', null],
      ['pause', 'mia', 'running', 'paused', null],
      ['pause', 'leo', 'paused', 'paused', null],
      ['resume', 'mia', 'paused', 'running', null],
      ['signal', 'eve', 'waiting', 'waiting', null],
      ['signal', 'eve', null, null, unknown],
      ['cancel', 'mia', 'waiting', 'cancelled', null],
      ['pause', 'leo', 'cancelled', 'cancelled', ended],
      ['cancel', 'leo', 'cancelled', 'cancelled', ended],
    ];
    expect(await auditOf(run)).toEqual(left);
    expect(await auditOf(one.run('r'))).toEqual(left);

    await run.delete({ by: 'mia', reason: 'cleaned up' });
    expect(await auditOf(one.run('r'))).toEqual([['delete', 'mia', 'cancelled', null, null]]);
    // Which run it was of several under one id is known by its times.
    await at.clock.advance('1m');
    await one.start(flow, { id: 'r', input: 1 });
    await one.run('r').abandon({ reason: 'again', by: 'leo' });
    await one.run('r').delete({ by: 'leo' });
    expect(await auditOf(two.run('r'))).toEqual([
      ['delete', 'mia', 'cancelled', null, null],
      ['delete', 'leo', 'cancelled', null, null],
    ]);
  });

  test('a command whose taker dies between its commit and its answer is on record once, as the run stood then (S39, I6)', async () => {
    const at = await station();
    let [kill, begun] = [(): void => {}, 0];
    const tidied = task('held', {
      input: Any,
      output: Any,
      run: () => {
        begun += 1;
        return new Promise(() => {});
      },
      // The cancel is committed, and nobody has been told.
      cleanup: () => {
        kill();
        return new Promise(() => {});
      },
      cleanupTimeout: '1m',
    });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).step('held', tidied),
    );
    const { box: one, kill: die } = await at.mortal([flow]);
    kill = die;
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(() => begun).toBe(1);
    const run = two.run('r');
    const asked = run.cancel({ by: 'mia', reason: 'enough' });
    await expect.poll(() => run.status()).toBe('cancelling');
    kill = () => {};
    for (let sign = 0; sign < 3; sign += 1) await at.clock.advance(LEASE);
    await asked;
    await at.clock.advance('2m');
    expect((await run.outcome()).status).toBe('cancelled');
    expect((await auditOf(run)).slice(1)).toEqual([['cancel', 'mia', 'running', 'cancelling', null]]);
  });
}
