/** Children that never begin: up to a hundred are told by name, more are a number (S12, S14, I9). */
import { createSignalbox, memory, type ReadEvent, type Store } from 'signalbox';
import { progressOf } from 'signalbox/inspect';
import { sqlite } from 'signalbox/sqlite';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { eventsOf, faultsOfHistory, graphOf, soon, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

/** `count` tracks, of which one may run at a time. */
const many = (count: number, options: object = {}) =>
  graphOf(Object.fromEntries(names(count).map((name) => [name, []])), { concurrency: 1, ...options });

/** One track, and `count` that wait for it. */
const behind = (count: number) =>
  graphOf(
    { first: [], ...Object.fromEntries(names(count).map((name) => [name, ['first']])), other: [] },
    { onFailure: 'continue' },
  );

/** Rows and events that were committed. */
function counting(inner: Store = memory()) {
  const seen = { rows: 0, events: 0 };
  const commit = (changes: readonly RunChange[]) => {
    for (const { actors, events } of changes) {
      seen.rows += actors.length;
      seen.events += events.length;
    }
    return inner.commit(changes);
  };
  return { seen, store: wrapped({ commit }, inner) };
}

const skippedIn = (events: readonly ReadEvent[]) => events.filter(({ type }) => type.endsWith('.skipped'));

test('a hundred that are skipped are told one by one; one more, and they are a number in the event and the snapshot', async () => {
  for (const [count, rows] of [
    [101, 100],
    [102, 0],
  ] as const) {
    const flow = many(count);
    const { options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await settled(box);
    await run.cancel();
    await run.outcome();
    const snapshot = await run.snapshot();
    expect(Object.values(snapshot.tracks).filter(({ status }) => status === 'skipped')).toHaveLength(rows);
    expect(snapshot.skipped).toBe(count - 1 - rows);
    const skipped = skippedIn(await eventsOf(run));
    if (rows > 0) expect(skipped).toHaveLength(rows);
    else expect(skipped).toMatchObject([{ type: 'children.skipped', path: '', count: 101, steps: 101 }]);
    const fold = progressOf(flow);
    const progress = (await eventsOf(run)).reduce((so, event) => fold.after(so, event), fold.start);
    expect(progress).toMatchObject({ status: 'cancelled', percent: 100, steps: { total: count, skipped: count - 1 } });
    expect(await faultsOfHistory(run)).toEqual([]);
  }
});

test('a cancel of a run with 20,000 children that never began writes a handful of rows and events (I9)', async () => {
  const flow = many(20_000);
  const { options } = stage();
  const { seen, store } = counting();
  await using box = await createSignalbox({ orchestrators: [flow], ...options, store });
  const run = await box.start(flow, { input: null });
  await settled(box);
  const before = { ...seen };
  await run.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'cancelled' });
  expect(seen.rows - before.rows).toBeLessThan(10);
  expect(seen.events - before.events).toBeLessThan(10);
  expect((await run.snapshot()).skipped).toBe(19_999);
});

describe.each([
  ['in memory', () => memory()],
  ['in a SQLite file', () => sqlite(newFile())],
] as const)('what depends on a track that failed, %s', (_where, make) => {
  test('is skipped as a number, is known after a crash, and the rest goes on (S12)', async () => {
    const flow = behind(150);
    const inner = make();
    const { desk, options } = stage();
    const first = await createSignalbox({ orchestrators: [flow], ...options, store: inner, idleRuns: 0 });
    const run = await first.start(flow, { id: 'r', input: null });
    await settled(first);
    desk.fail('first/work#1');
    await settled(first);
    expect(skippedIn(await eventsOf(run))).toMatchObject([{ type: 'children.skipped', count: 150, steps: 150 }]);
    await first.close();

    const next = stage();
    await using second = await createSignalbox({ orchestrators: [flow], ...next.options, store: inner });
    await second.recovered;
    await settled(second);
    expect(next.desk.open).toEqual(['other/work#1']);
    next.desk.give('other/work#1', 'done');
    const outcome = await soon(second.run('r').outcome());
    expect(outcome).toMatchObject({ status: 'failed', outputs: { other: 'done' } });
    expect((await second.run('r').snapshot()).skipped).toBe(150);
    expect(await faultsOfHistory(second.run('r'))).toEqual([]);
  });

  test('a run whose cancel was cut short after the skipping comes to its end (S14, I7)', async () => {
    const flow = many(300, { concurrency: 2 });
    const inner = make();
    const { options } = stage();
    let dead = false;
    const store = new Proxy(inner, {
      get(target, name: keyof Store) {
        const member = target[name];
        if (name === 'commit' && dead) return () => {};
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const first = await createSignalbox({ orchestrators: [flow], ...options, store });
    await first.start(flow, { id: 'r', input: null });
    await settled(first);
    await first.run('r').cancel({ reason: 'enough' });
    dead = true;
    await first.close();

    await using second = await createSignalbox({ orchestrators: [flow], ...stage().options, store: inner });
    await second.recovered;
    expect(await soon(second.run('r').outcome())).toMatchObject({ status: 'cancelled' });
    expect((await second.run('r').snapshot()).skipped).toBe(298);
  });
});
