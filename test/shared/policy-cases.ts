/** What one process asks of a run that another owns: to pause, to go on, to say what becomes of a step; and a run that is undone by whoever takes it over. */
import { orchestrator, type InterventionRecord, task, TerminalError, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, historyOf, statusesOf } from '../helpers/stage.ts';
import { LEASE, type SharedPlace, Station } from './station.ts';

const Any = z.any();

/** Registers the cases for a place that can be shared. */
export function policyCases(open: () => SharedPlace | Promise<SharedPlace>): void {
  const station = async (): Promise<Station> => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    return at;
  };

  test('a run that another process owns is paused and goes on, and says from everywhere what it takes (S15)', async () => {
    const at = await station();
    const called: string[] = [];
    const gate = Promise.withResolvers<number>();
    const held = task('held', {
      input: Any,
      output: Any,
      run: ({ key }) => {
        called.push(key);
        return gate.promise;
      },
    });
    const then = task('then', { input: Any, output: Any, run: ({ key }) => called.push(key) });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).step('held', held).step('then', then),
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(() => called).toHaveLength(1);

    await two.run('r').pause();
    expect(await one.run('r').status()).toBe('paused');
    gate.resolve(1);
    await expect.poll(() => statusesOf(run)).toMatchObject({ 'a/then': 'pending' });
    expect(await two.run('r').allowed()).toEqual(['cancel', 'resume', 'retry', 'skip', 'resolve', 'signal', 'decide']);
    await two.run('r').resume();
    expect(await two.run('r').outcome()).toMatchObject({ status: 'completed' });
    await expect(two.run('r').pause()).rejects.toMatchObject({
      code: 'command-refused',
      fields: { status: 'completed' },
    });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('a step that stands still is tried again from another process, once, and what is refused is on record (S16)', async () => {
    const at = await station();
    let tries = 0;
    const shaky = task('shaky', {
      input: Any,
      output: Any,
      run: () => {
        tries += 1;
        if (tries === 1) throw new TerminalError('no');
        return tries;
      },
    });
    const flow = orchestrator('flow', { version: '1', input: Any, onFailure: 'pause' }).track(
      'a',
      track('a', { input: Any }).step('shaky', shaky),
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    await one.start(flow, { id: 'r', input: 1 });
    const run = two.run('r');
    await expect.poll(() => run.status()).toBe('awaitingIntervention');

    await expect(run.skip('a/nobody', { reason: 'x', by: 'mia' })).rejects.toMatchObject({
      code: 'intervention-refused',
    });
    const asked = await Promise.allSettled([
      run.retry('a/shaky', { reason: 'again', by: 'mia' }),
      run.retry('a/shaky', { reason: 'again', by: 'leo' }),
    ]);
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await run.outcome()).toMatchObject({ status: 'completed', output: { a: 2 } });
    const records: InterventionRecord[] = [];
    for await (const record of run.interventions()) records.push(record);
    expect(records.map(({ type, path, before }) => [type, path, before]).slice(0, 2)).toEqual([
      ['skip', 'a/nobody', 'ended'],
      ['retry', 'a/shaky', 'awaitingIntervention'],
    ]);
    expect(records.filter(({ refused }) => refused === null)).toHaveLength(1);
    expect(tries).toBe(2);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('what becomes of a step is answered as it was done, should the process die between the commit and its answer (S16, S17)', async () => {
    const at = await station();
    const called: string[] = [];
    let die = (): void => {};
    const shaky = task('shaky', {
      input: Any,
      output: Any,
      run: ({ key }) => {
        called.push(key);
        if (called.length === 1) throw new TerminalError('no');
        if (called.length > 2) return 'done';
        // The retry is committed, and nobody has been told.
        die();
        return new Promise(() => {});
      },
    });
    const flow = orchestrator('flow', { version: '1', input: Any, onFailure: 'pause' }).track(
      'a',
      track('a', { input: Any }).step('shaky', shaky),
    );
    const { box: one, kill } = await at.mortal([flow]);
    die = kill;
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 });
    const run = two.run('r');
    await expect.poll(() => run.status()).toBe('awaitingIntervention');

    const asked = run.retry('a/shaky', { reason: 'again', by: 'mia' });
    await expect.poll(() => called).toHaveLength(2);
    await at.clock.advance(LEASE);
    await at.clock.advance(LEASE);
    await asked;
    expect(await run.outcome()).toMatchObject({ status: 'completed', output: { a: 'done' } });
    expect(called).toEqual(['r/a/shaky#1', 'r/a/shaky#2', 'r/a/shaky#2']);
    const records: InterventionRecord[] = [];
    for await (const record of run.interventions()) records.push(record);
    expect(records).toMatchObject([{ type: 'retry', by: 'mia', before: 'awaitingIntervention', refused: null }]);
  });

  test('a run whose process dies while it is undone is undone to its end by another, under the same keys (S13, I6)', async () => {
    const at = await station();
    const undone: string[] = [];
    let dies = true;
    const paid = task('paid', {
      input: Any,
      output: Any,
      run: ({ key }) => key,
      compensate: ({ key }) => {
        undone.push(key);
        return dies && key.includes('/two') ? new Promise(() => {}) : undefined;
      },
    });
    const bad = task('bad', {
      input: Any,
      output: Any,
      run: () => {
        throw new TerminalError('no');
      },
    });
    const flow = orchestrator('flow', { version: '1', input: Any, onFailure: 'compensate' }).track(
      'a',
      track('a', { input: Any }).step('one', paid).step('two', paid).step('three', paid).step('bad', bad),
    );
    const { box: one, kill } = await at.mortal([flow]);
    await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(() => undone).toHaveLength(2);
    kill();
    dies = false;
    const two = await at.box([flow]);
    await at.clock.advance(LEASE);
    await at.clock.advance(LEASE);
    const run = two.run('r');

    expect(await run.outcome()).toMatchObject({
      status: 'compensated',
      compensation: { undone: ['a/one', 'a/two', 'a/three'], failed: [], kept: [] },
    });
    expect(undone).toEqual(['three', 'two', 'two', 'one'].map((step) => `r/a/${step}#1~undo`));
    expect((await historyOf(run)).at(-1)).toBe('run.compensated');
    expect(await faultsOfHistory(run)).toEqual([]);
  });
}
