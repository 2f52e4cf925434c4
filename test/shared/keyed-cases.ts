/** Starts of one key from several processes (S30), and a run that another process makes again from a step (S16). */
import { orchestrator, task, TerminalError, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();

/** Registers the cases for a place that can be shared. */
export function keyedCases(open: () => SharedPlace | Promise<SharedPlace>): void {
  const station = async (): Promise<Station> => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    return at;
  };

  test('a singleton that two processes start at once, again and again, is one run at a time (S30)', async () => {
    const at = await station();
    let [live, most] = [0, 0];
    const gates: (() => void)[] = [];
    const held = task('held', {
      input: Any,
      output: Any,
      async run() {
        live += 1;
        most = Math.max(most, live);
        await new Promise<void>((resolve) => gates.push(resolve));
        live -= 1;
        return null;
      },
    });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).step('h', held),
    );
    const boxes = [await at.box([flow]), await at.box([flow])];
    const ids = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const runs = await Promise.all(
        [0, 1, 2, 3].map((n) => (boxes[n % 2] as (typeof boxes)[0]).start(flow, { input: n, singleton: 'acme' })),
      );
      expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
      ids.add(runs[0]?.id as string);
      await expect.poll(() => gates).toHaveLength(1);
      gates.pop()?.();
      await runs[0]?.outcome();
    }
    expect([most, ids.size]).toEqual([1, 3]);
  });

  test('a singleton whose last runs were deleted is one run, for who remembers them and for who does not (S30, P130)', async () => {
    const at = await station();
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).wait('w', { signal: 'go', payload: Any }),
    );
    const boxes = [await at.box([flow]), await at.box([flow])] as const;
    const known = new Set<string>();
    const [one] = boxes;
    for (const deleted of [['only'], ['only'], ['last'], ['first'], ['first', 'last']]) {
      const runs = [];
      for (let n = 0; n < (deleted[0] === 'only' ? 1 : 3); n += 1) {
        const run = await one.start(flow, { input: n, singleton: 'acme' });
        await run.signal('go', n);
        await run.outcome();
        runs.push(run);
      }
      for (const which of deleted) await runs.at(which === 'last' ? -1 : 0)?.delete();
      const begun = await Promise.all(
        [0, 1, 2, 3].map((n) => (boxes[n % 2] as (typeof boxes)[0]).start(flow, { input: n, singleton: 'acme' })),
      );
      expect(new Set(begun.map(({ id }) => id)).size).toBe(1);
      expect((await one.runs({ orchestrator: 'flow', status: 'waiting' })).runs).toHaveLength(1);
      // What was sent to one that is deleted, and the keys of its attempts, are not another one's.
      for (const { id } of [...runs, begun[0] as (typeof begun)[0]]) {
        expect(known.has(id)).toBe(false);
        known.add(id);
      }
      await begun[0]?.cancel();
      await begun[0]?.outcome();
      await begun[0]?.delete();
    }
  });

  test('a singleton that a hook holds up while the run before it is deleted is the one that others begin then (S30)', async () => {
    const at = await station();
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).wait('w', { signal: 'go', payload: Any }),
    );
    const [asked, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isSlow = false;
    const beforeRun = (): Promise<void> | undefined => {
      if (isSlow) asked.resolve();
      return isSlow ? open.promise : undefined;
    };
    const [one, two] = [await at.box([flow], undefined, { hooks: [{ beforeRun }] }), await at.box([flow])];
    const ended = async (n: number) => {
      const run = await one.start(flow, { input: n, singleton: 'acme' });
      await run.cancel();
      await run.outcome();
      return run;
    };
    const first = await ended(0);
    await ended(1);
    const before = await ended(2);
    // Nobody who has forgotten the others comes to them by it.
    await first.delete();
    isSlow = true;
    const held = one.start(flow, { input: 3, singleton: 'acme' });
    await asked.promise;
    await before.delete();
    const begun = await two.start(flow, { input: 4, singleton: 'acme' });
    open.resolve();
    expect((await held).id).toBe(begun.id);
  });

  test('starts that are debounced are one run, whichever process asks (S30)', async () => {
    const at = await station();
    const seen: unknown[] = [];
    const save = task('save', { input: Any, output: Any, run: ({ input }) => void seen.push(input) });
    const flow = orchestrator('flow', { version: '1', input: Any, debounce: '1s' }).track(
      'a',
      track('a', { input: Any }).step('save', save, ({ input }) => input),
      { input: ({ input }) => input },
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { input: 1, debounce: 'doc' });
    expect((await two.start(flow, { input: 2, debounce: 'doc' })).id).toBe(run.id);
    await at.clock.advance('1s');
    await run.outcome();
    expect(seen).toEqual([2]);
  });

  test('a debounced call is taken by one run, while that is paused and whichever process asks, hooks or not (S30)', async () => {
    const at = await station();
    const seen: unknown[] = [];
    const save = task('save', { input: Any, output: Any, run: ({ input }) => void seen.push(input) });
    const flow = orchestrator('flow', { version: '1', input: Any, debounce: '1s' }).track(
      'a',
      track('a', { input: Any }).step('save', save, ({ input }) => input),
      { input: ({ input }) => input },
    );
    const hooks = [{ beforeTrack: () => {} }];
    const boxes = [await at.box([flow], undefined, { hooks }), await at.box([flow], undefined, { hooks })];
    const run = await (boxes[0] as (typeof boxes)[0]).start(flow, { input: 1, debounce: 'doc' });
    await run.pause();
    for (const n of [2, 3, 4, 5])
      expect((await (boxes[n % 2] as (typeof boxes)[0]).start(flow, { input: n, debounce: 'doc' })).id).toBe(run.id);
    await run.resume();
    await at.clock.advance('1s');
    await run.outcome();
    expect(seen).toEqual([5]);
  });

  test('a run is made again from a step by another process than the one that it has failed in (S16, I6)', async () => {
    const at = await station();
    const called: string[] = [];
    const fine = task('fine', { input: Any, output: Any, run: ({ key }) => called.push(key) });
    const shaky = task('shaky', {
      input: Any,
      output: Any,
      run: ({ key, run }) => {
        called.push(key);
        if (run.id === 'r') throw new TerminalError('no');
      },
    });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      'a',
      track('a', { input: Any }).step('one', fine).step('two', shaky).step('three', fine),
    );
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    await (await one.start(flow, { id: 'r', input: 1 })).outcome();
    const asked = [one, two].map((box) => box.run('r').rerun({ from: 'a/two', reason: 'x', id: 'again' }));
    const [again] = await Promise.all(asked);
    expect(await again?.outcome()).toMatchObject({ status: 'completed' });
    expect(called).toEqual(['r/a/one#1', 'r/a/two#1', 'again/a/two#1', 'again/a/three#1']);
    const records: object[] = [];
    for await (const record of one.run('r').interventions()) records.push(record);
    expect(records).toMatchObject([{ type: 'rerun', path: 'a/two', run: 'again', refused: null }]);
    // What is refused is on record, from whichever process it was asked.
    const refusing = two.run('r').rerun({ from: 'a/nothing', reason: 'hm', by: 'ann' });
    await expect(refusing).rejects.toMatchObject({ code: 'intervention-refused' });
    await expect(two.run('r').skip('a/two', { reason: 'late' })).rejects.toMatchObject({
      code: 'intervention-refused',
    });
    const tried: object[] = [];
    for await (const record of one.run('r').interventions()) tried.push(record);
    expect(tried).toMatchObject([
      { type: 'skip', path: 'a/two', reason: 'late', refused: 'the run has ended' },
      { type: 'rerun', run: 'again' },
      { type: 'rerun', path: 'a/nothing', by: 'ann', refused: expect.stringContaining('there is no step') },
    ]);
    expect((await two.runs({ rerunOf: 'r' })).runs.map(({ run }) => run)).toEqual(['again']);
    if (again !== undefined) expect(await faultsOfHistory(again)).toEqual([]);
  });
}
