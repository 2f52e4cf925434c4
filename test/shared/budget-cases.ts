/** Budgets that several processes spend (S38): all of them together spend no more than there is, and what is left is had by one. */
import { orchestrator, type Store, task, track } from 'signalbox';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();

/** Registers the cases for a place that can be shared. */
export function budgetCases(open: () => SharedPlace | Promise<SharedPlace>): void {
  test('three processes that draw at once draw no more than ten together, and one that comes later knows of it (S38)', async () => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    const called: string[] = [];
    const draw = task('draw', {
      input: Any,
      output: Any,
      budget: { limit: 10, per: '30s' },
      run: ({ key }) => called.push(key),
    });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      't',
      track('t', { input: Any }).step('s', draw),
    );
    const boxes = [await at.box([flow]), await at.box([flow]), await at.box([flow])];
    const start = async (n: number, box = boxes[n % 3]) => {
      const { status, failures } = (await (await box?.start(flow, { input: n }))?.outcome()) ?? {};
      return failures?.[0]?.code ?? status;
    };
    let left = 24;
    const ends = Array.from({ length: left }, async (_, n) => {
      const end = await start(n);
      left -= 1;
      return end;
    });
    // Those that were in each other's way ask again a moment later.
    while (left > 0) await at.clock.advance('50ms');
    const all = await Promise.all(ends);
    expect(all.filter((end) => end === 'completed')).toHaveLength(10);
    expect(all.filter((end) => end === 'budget-spent')).toHaveLength(14);
    expect(called).toHaveLength(10);

    const late = await at.box([flow]);
    expect(await start(0, late)).toBe('budget-spent');
    await at.clock.advance('30s');
    expect(await start(0, late)).toBe('completed');
  });

  test.each([
    [1, 'completed', 1],
    [2, 'budget-spent', 0],
  ])(
    'of %i processes that die between counting the last of a budget and looking at the others, none overspends it (S38)',
    async (count, end, bodies) => {
      const at = new Station(await open());
      onTestFinished(() => at.end());
      const called: string[] = [];
      const draw = task('draw', {
        input: Any,
        output: Any,
        budget: { limit: 1, per: '1h' },
        run: ({ key }) => called.push(key),
      });
      const flow = orchestrator('flow', { version: '1', input: Any }).track(
        't',
        track('t', { input: Any }).step('s', draw),
      );
      // All are let through together, so that none has seen another's before it counts its own.
      let waiting = count;
      const all = Promise.withResolvers<void>();
      const dead: Promise<void>[] = [];
      const runs: string[] = [];
      for (let n = 0; n < count; n += 1) {
        const died = Promise.withResolvers<void>();
        dead.push(died.promise);
        let kill = (): void => {};
        const wrap = (store: Store): Store =>
          new Proxy(store, {
            get(target, name) {
              const member: unknown = target[name as keyof Store];
              if (typeof member !== 'function') return member;
              if (name !== 'commit') return member.bind(target);
              return async (...args: Parameters<Store['commit']>) => {
                const isSpent = args[0].some(({ records = [] }) => records.some(({ type }) => type === 'spent'));
                if (!isSpent) return target.commit(...args);
                waiting -= 1;
                if (waiting === 0) all.resolve();
                await all.promise;
                await target.commit(...args);
                kill();
                died.resolve();
              };
            },
          });
        const doomed = await at.mortal([flow], wrap);
        kill = doomed.kill;
        runs.push(`r${n}`);
        void doomed.box.start(flow, { id: `r${n}`, input: n }).catch(() => {});
      }
      await Promise.all(dead);
      expect(called).toEqual([]);

      const heir = await at.box([flow]);
      let left = runs.length;
      const ends = runs.map(async (run) => {
        await expect.poll(async () => (await heir.run(run).status()) !== 'pending').toBe(true);
        const { status, failures } = await heir.run(run).outcome();
        left -= 1;
        return failures[0]?.code ?? status;
      });
      while (left > 0) await at.clock.advance('1s');
      expect(await Promise.all(ends)).toEqual(runs.map(() => end));
      expect(called).toHaveLength(bodies);
      // Nobody can say which of them was counted for nothing, so all of them were.
      expect((await heir.budgets()).budgets).toMatchObject([{ spent: count, left: 0 }]);
      await at.clock.advance('1h');
      expect((await (await heir.start(flow, { input: 9 })).outcome()).status).toBe('completed');
    },
  );

  test('each process says the same of what is left, of what all have spent and of all who wait (S38)', async () => {
    const at = new Station(await open());
    onTestFinished(() => at.end());
    const draw = task('draw', {
      input: Any,
      output: Any,
      budget: { limit: 2, per: '1h', key: ({ input }) => input },
      retry: { maxAttempts: 3, when: () => true },
      run: () => null,
    });
    const flow = orchestrator('flow', { version: '1', input: Any }).track(
      't',
      track('t', { input: Any }).step('s', draw, ({ input }) => input),
      { input: ({ input }) => input },
    );
    const boxes = [await at.box([flow]), await at.box([flow]), await at.box([flow])];
    const first = at.clock.now();
    for (const [n, key] of ['acme', 'bolt', 'acme'].entries()) {
      const end = (await boxes[n]?.start(flow, { input: key }))?.outcome();
      await at.clock.advance('1s');
      expect(await end).toMatchObject({ status: 'completed' });
    }
    for (const box of boxes.slice(1)) await box.start(flow, { input: 'acme' });
    // Who was refused is committed, too.
    await at.clock.advance('1s');
    const common = { task: 'draw', budget: null, limit: 2, per: 3_600_000 };
    for (const box of boxes) {
      const { budgets } = await box.budgets();
      expect(budgets).toMatchObject([
        { ...common, key: 'acme', spent: 2, left: 0, next: { at: first + 3_600_000, amount: 1 }, waiting: 2 },
        { ...common, key: 'bolt', spent: 1, left: 1, waiting: 0 },
      ]);
      const page = await box.budgets({ limit: 1 });
      expect(page.budgets).toEqual(budgets.slice(0, 1));
      expect((await box.budgets({ limit: 1, cursor: page.cursor as string })).budgets).toEqual(budgets.slice(1));
    }
  });
}
