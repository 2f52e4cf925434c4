/** A store that refuses one run for good, and a store that processes share: what becomes of the others. */
import { createSignalbox, type LogLine, memory, orchestrator, RunExists, task, track } from 'signalbox';
import { CommitConflict, StoreUnusable } from 'signalbox/errors';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, graphOf, historyOf, stage } from '../helpers/stage.ts';
import { alone, held as holding, wrapped } from '../helpers/stores.ts';

const Any = z.any();
const echo = task('echo', { input: Any, output: Any, run: ({ input }) => input });
const flow = orchestrator('flow', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any })
    .step('one', echo, () => 1)
    .step('two', echo, () => 2),
  { input: () => 1 },
);

test('a run that the store never takes does not hold up those that were committed with it (I3, I7)', async () => {
  const inner = memory();
  const store = wrapped(
    {
      commit(changes) {
        const bad = changes.find(({ run, after }) => run === 'bad' && after > 0);
        if (bad !== undefined) throw new CommitConflict({ run: 'bad', expected: bad.after, found: 99 });
        return inner.commit(changes);
      },
    },
    inner,
  );
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} }));
  const good = await Promise.all([
    box.start(flow, { id: 'a', input: null }),
    box.start(flow, { id: 'bad', input: null }),
    box.start(flow, { id: 'b', input: null }),
  ]);
  await clock.advance('10s');
  for (const run of [good[0], good[2]]) {
    expect(await run.result()).toEqual({ t: 2 });
    expect(await faultsOfHistory(run)).toEqual([]);
  }
  expect(await good[1].status()).toBe('running');
});

test('a start that the store refuses because the key was taken meanwhile is told so, and not tried again (S17)', async () => {
  const inner = memory();
  // Somebody else is faster: nobody has the key when it is looked up.
  const store = wrapped({ readRunByKey: () => null }, inner);
  await using box = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  const first = await box.start(flow, { key: 'k', input: 1 });
  await first.result();
  await expect(box.start(flow, { key: 'k', input: 2 })).rejects.toBeInstanceOf(RunExists);
  expect(box.counts.timers).toBe(0);
});

test('a run that is claimed while somebody asks for it is read once, and stands in memory once (I2)', async () => {
  const inner = memory();
  const held = orchestrator('held', { version: '1', input: z.any() }).track(
    't',
    track('t', { input: z.any() }).wait('one', { signal: 'go' }).wait('two', { signal: 'go' }),
  );
  const first = await createSignalbox({ orchestrators: [held], store: inner });
  await first.start(held, { id: 'r', input: null });
  // The first box is dead without having closed; the second learns so at its first look, and is answered late.
  const gates = {
    readOpen: Promise.withResolvers<void>(),
    claim: Promise.withResolvers<void>(),
    commit: Promise.withResolvers<void>(),
  };
  let looks = 0;
  const clock = fakeClock();
  const lines: string[] = [];
  const logger = ({ level, message }: LogLine) => void (level === 'error' && lines.push(message));
  const store = wrapped(
    {
      shared: alone,
      async readOpen(run) {
        await gates.readOpen.promise;
        return inner.readOpen(run);
      },
      async claim(limit) {
        looks += 1;
        if (looks === 1) return [];
        const claimed = await inner.claim(limit);
        await gates.claim.promise;
        return claimed;
      },
      async commit(changes) {
        await gates.commit.promise;
        await inner.commit(changes);
      },
    },
    inner,
  );
  const box = await createSignalbox({ orchestrators: [held], store, clock, logger, lease: '9s' });
  await box.recovered;
  const asked = box.run('r').signal('go', 1);
  await settled();
  const moved = clock.advance('3s');
  while (looks < 2) await settled();
  gates.readOpen.resolve();
  await settled();
  gates.claim.resolve();
  await moved;
  gates.commit.resolve();
  expect(await asked).toEqual({ answer: 'accepted', step: 't/one' });

  expect(await box.run('r').signal('go', 2)).toEqual({ answer: 'accepted', step: 't/two' });

  expect(await box.run('r').result()).toEqual({ t: 2 });
  expect(lines).toEqual([]);
  await box.close();
});

test('a run whose commit is under way stays in memory, however idle it looks, and is told what it is owed (I7)', async () => {
  const { desk, clock, options } = stage();
  const inner = memory();
  const { store: slow, waiting } = holding(inner);
  const whose = Promise.withResolvers<void>();
  const store = wrapped(
    {
      shared: alone,
      async readOpen(run) {
        await whose.promise;
        return inner.readOpen(run);
      },
    },
    slow,
  );
  const two = graphOf({ a: [], b: ['a'] });
  const box = await createSignalbox({ orchestrators: [two], ...options, store, lease: '9s', idleRuns: 0 });
  const starting = box.start(two, { id: 'r', input: null });
  const land = async (): Promise<void> => {
    await settled();
    waiting.shift()?.();
    await settled();
  };
  await land();
  const run = await starting;
  // It may have been taken for dead: before "b" is begun the store is asked, which takes its time.
  clock.jump(10_000);
  desk.give('a/work#1');
  await land();
  const cancelling = run.cancel();
  await settled();
  whose.resolve();
  await settled();
  // The cancel is still being committed, and nothing is under way for the run.
  while (waiting.length > 0) await land();
  await cancelling;

  expect(await run.outcome()).toMatchObject({ status: 'cancelled' });
  expect(desk.begun).toEqual(['a/work#1']);
  expect(await historyOf(run)).toContain('step.cancelled b/work');
  await box.close();
});

describe('a store that works on two commits at once', () => {
  const RUNS = 300;
  /** Commits are over after a few rounds, the later ones first; `fail` says which of them do not land. */
  function twofold(fail: (commit: number) => boolean = () => false) {
    const inner = memory();
    const underWay: (readonly string[])[] = [];
    const seen = { most: 0, twice: 0, commits: 0 };
    const store = wrapped(
      {
        commitsAtOnce: 2,
        async commit(changes) {
          seen.commits += 1;
          const [commit, runs] = [seen.commits, changes.map(({ run }) => run)];
          if (underWay.some((others) => others.some((run) => runs.includes(run)))) seen.twice += 1;
          underWay.push(runs);
          seen.most = Math.max(seen.most, underWay.length);
          await settled();
          if (commit % 2 === 1) await settled();
          underWay.splice(underWay.indexOf(runs), 1);
          if (fail(commit)) throw new Error('the disk is full');
          inner.commit(changes);
        },
      },
      inner,
    );
    return { store, seen };
  }

  test('is given the next one when it is worth it, and no run in both (I2, I3)', async () => {
    const { store, seen } = twofold();
    const clock = fakeClock();
    await using box = await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} });

    const runs = await Promise.all(
      Array.from({ length: RUNS }, (_, id) => box.start(flow, { id: `r${id}`, input: 1 })),
    );
    for (const run of runs) expect(await run.result()).toEqual({ t: 2 });

    expect(seen).toMatchObject({ most: 2, twice: 0 });
    for (const run of runs) expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('and fails at some of them leaves all runs to end as without that (I3)', async () => {
    const { store, seen } = twofold((commit) => commit === 2 || commit === 3 || commit === 7);
    const clock = fakeClock();
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [flow], store, clock, idleRuns: 0, logger: () => {} }),
    );

    const starting = Array.from({ length: RUNS }, (_, id) => box.start(flow, { id: `r${id}`, input: 1 }));
    await clock.advance('10s');
    const runs = await Promise.all(starting);
    for (const run of runs) expect(await run.result()).toEqual({ t: 2 });

    expect(seen).toMatchObject({ most: 2, twice: 0 });
    for (const run of runs) expect(await faultsOfHistory(run)).toEqual([]);
  });
});

test('of a store that answers now and then at once, listeners hear the events of each run in order (I3)', async () => {
  const inner = memory();
  let commits = 0;
  const store = wrapped(
    {
      commitsAtOnce: 2,
      commit(changes) {
        commits += 1;
        if (commits % 3 === 0) return inner.commit(changes);
        return settled().then(() => inner.commit(changes));
      },
    },
    inner,
  );
  await using box = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  const last = new Map<string, number>();
  const faults: string[] = [];
  box.on('*', ({ run, seq, type }) => {
    if (seq !== (last.get(run) ?? 0) + 1)
      faults.push(`${type} of ${run} is told as number ${seq} after ${last.get(run)}`);
    last.set(run, seq);
  });

  const runs = await Promise.all(Array.from({ length: 400 }, (_, id) => box.start(flow, { id: `r${id}`, input: 1 })));
  for (const run of runs) await run.result();

  expect(faults).toEqual([]);
  expect(last.size).toBe(400);
});

test('in a store that processes share a box gives signs of life, and takes over what the dead have left (I2)', async () => {
  const seen: string[] = [];
  const inner = memory();
  const store = wrapped(
    {
      shared: alone,
      renew: () => void seen.push('renew'),
      claim(limit) {
        seen.push('claim');
        return inner.claim(limit);
      },
    },
    inner,
  );
  const clock = fakeClock();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], store, clock, lease: '9s' }));
  await settled(box);
  expect(seen).toEqual(['claim']);
  await clock.advance('6s');
  expect(seen).toEqual(['claim', 'renew', 'claim', 'renew', 'claim']);
  await box.close();
  await clock.advance('1m');
  expect(seen).toHaveLength(5);
  expect(clock.pending).toBe(0);
});

test('a cancel of a run that cannot be gone on with says why, instead of doing nothing', async () => {
  const store = memory();
  const hanging = task('hanging', { input: Any, output: Any, run: () => new Promise<never>(() => {}) });
  const old = orchestrator('old', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any }).step('s', hanging),
  );
  const first = await createSignalbox({ orchestrators: [old], store });
  await first.start(old, { id: 'r', input: null });
  await settled(first);
  await first.close();

  await using second = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  await second.recovered;
  for (let time = 0; time < 2; time += 1) {
    await expect(second.run('r').cancel()).rejects.toMatchObject({ code: 'definition-missing' });
  }
  expect(second.counts.refused).toBe(1);
  expect(await second.run('r').status()).toBe('running');
});

test('after a commit that failed each run goes by itself, and says no more than had happened by then (I3)', async () => {
  const inner = memory();
  const gate = Promise.withResolvers<number>();
  const held = task('held', { input: Any, output: Any, run: () => gate.promise });
  const waits = orchestrator('waits', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any }).step('held', held).wait('go', { signal: 'go' }),
  );
  let fails = false;
  let isSlow = false;
  const torn: string[] = [];
  const store = wrapped(
    {
      // Answers later, as a server does: turns are taken meanwhile.
      async commit(changes) {
        await new Promise((resolve) => setTimeout(resolve, isSlow ? 20 : 0));
        if (fails) {
          fails = false;
          isSlow = true;
          throw new StoreUnusable({ store: 'memory', reason: 'it was away.' });
        }
        for (const { run, row, events } of changes)
          if (row !== null && row.status === 'completed' && events.at(-1)?.type !== 'run.completed') torn.push(run);
        await inner.commit(changes);
      },
    },
    inner,
  );
  await using box = await createSignalbox({ orchestrators: [waits], store, logger: () => {} });
  const runs = await Promise.all(['a', 'b', 'c', 'd'].map((id) => box.start(waits, { id, input: null })));
  await settled(box);
  // All of them come to wait with one commit, which fails; the signals come while they are committed one by one.
  fails = true;
  gate.resolve(1);
  await expect.poll(() => isSlow, { interval: 1 }).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 90));
  await Promise.all(runs.map((run) => run.signal('go', 2)));
  for (const run of runs) {
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    expect((await historyOf(run)).at(-1)).toBe('run.completed');
    expect(await faultsOfHistory(run)).toEqual([]);
  }
  expect(torn).toEqual([]);
});

test('beside a commit of many runs the next one waits until it is as large, or until the first is over (I2)', async () => {
  const { store: slow, waiting } = holding();
  const sizes: number[] = [];
  const store = wrapped(
    {
      commitsAtOnce: 2,
      commit(changes) {
        sizes.push(changes.length);
        return slow.commit(changes);
      },
    },
    slow,
  );
  const { clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  const start = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) void box.start(flow, { input: null });
    await settled();
  };
  await start(300);
  expect(sizes).toEqual([300]);
  await start(200);
  expect(sizes).toEqual([300]);
  await start(100);
  expect(sizes).toEqual([300, 300]);
  await start(10);
  expect(sizes).toEqual([300, 300]);
  while (waiting.length > 0) {
    for (const land of waiting.splice(0)) land();
    await settled();
  }
  expect(sizes.slice(2).reduce((sum, size) => sum + size)).toBeGreaterThanOrEqual(10);
  await box.close();
});
