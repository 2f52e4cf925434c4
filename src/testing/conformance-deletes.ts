/** Cases for every store: a run that has ended is deleted with all that belongs to it, and nothing else is. */
import assert from 'node:assert/strict';
import { CommitConflict } from '../errors/index.ts';
import type { RunChange, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import { sharing } from './conformance-commits.ts';
import {
  actor,
  attempt,
  change,
  events,
  frozen,
  pages,
  pathsOf,
  refused,
  row,
  same,
  seqs,
  signal,
} from './conformance-rows.ts';

/** A run that begins and ends with one commit, and has something of everything. */
const whole = (run: string): RunChange =>
  change(run, 0, {
    row: row(run, { key: `key of ${run}`, status: 'completed', output: run, metadata: { run } }),
    actors: [actor(run, ''), actor(run, 'pay', { state: 'failed' }), actor(run, 'pay/later', { due: 5 })],
    attempts: [attempt(run, 'pay', 1), attempt(run, 'pay', 2)],
    events: events(run, 0, 3),
    signals: [signal(run, 'kept'), signal(run, 'taken', { takenBy: 'pay' })],
  });

/** All that a store has of a run. */
async function partsOf(store: Store, run: string) {
  return {
    row: await store.readRun(run),
    byKey: await store.readRunByKey('order', `key of ${run}`),
    open: (await store.readOpen(run))?.open ?? null,
    steps: await store.readActors(run),
    children: await pathsOf(store.readChildren(run, [''])),
    attempts: await store.readAttempts(run),
    signals: [await store.readSignal(run, 'kept'), await store.readSignal(run, 'taken')],
    events: await seqs(store, run),
    listed: (await pages(store, { limit: 10 })).includes(run),
    inItsStatus: (await pages(store, { limit: 10, orchestrator: 'order', status: 'completed' })).includes(run),
  };
}

const NOTHING: Awaited<ReturnType<typeof partsOf>> = {
  row: null,
  byKey: null,
  open: null,
  steps: [],
  children: [],
  attempts: [],
  signals: [null, null],
  events: [],
  listed: false,
  inItsStatus: false,
};

export const DELETES: Readonly<Record<string, Check>> = {
  'a run that has ended is deleted with its steps, attempts, events, signals and key, and for the next owner, too (P130)':
    async (first, bench) => {
      await first.saveDefinitions([{ orchestrator: 'order', version: '1', hash: 'h', lines: ['order'] }]);
      await first.commit([whole('a'), whole('b'), whole('a/b')]);
      const [before, beside] = [await partsOf(first, 'b'), await partsOf(first, 'a/b')];
      assert.equal(await first.deleteRun('a'), true);
      const read = async (store: Store): Promise<void> => {
        assert.deepEqual(await partsOf(store, 'a'), NOTHING);
        assert.deepEqual(await partsOf(store, 'b'), before);
        assert.deepEqual(await partsOf(store, 'a/b'), beside);
        // Others are pinned to it.
        assert.notEqual(await store.readDefinition('order', '1', 'h'), null);
      };
      await read(first);
      await read(await bench.after('two'));
    },
  'a run that has not ended is not deleted, nor one that is not there or was deleted, and nothing changes (P130)':
    async (store) => {
      await store.commit([whole('a'), change('b', 0, { actors: [actor('b', '')] })]);
      assert.equal(await store.deleteRun('a'), true);
      for (const run of ['a', 'b', 'nobody']) assert.equal(await store.deleteRun(run), false);
      same(await store.readRun('b'), row('b'));
      assert.deepEqual([await pathsOf(store.readActors('b')), await seqs(store, 'b')], [[''], [1]]);
      await store.commit([change('b', 1, { row: row('b', { status: 'cancelled' }) })]);
      assert.equal(await store.deleteRun('b'), true);
      assert.equal(await store.readRun('b'), null);
    },
  'a run that was deleted can be begun again under its id and its key, also by the next owner, and has nothing of the one before (P130, S17)':
    async (first, bench) => {
      await first.commit([change('a', 0, { row: row('a', { key: 'key of a' }), signals: [signal('a', 'kept')] })]);
      const next = await bench.after('two');
      assert.deepEqual(await next.claim(10), ['a']);
      const ended = { row: row('a', { key: 'key of a', status: 'failed' }), attempts: [attempt('a', 'pay', 1)] };
      await next.commit([change('a', 1, { fence: 2, ...ended })]);
      assert.equal(await next.deleteRun('a'), true);
      const again = row('a', { key: 'key of a', input: 'again', startedAt: 7 });
      await next.commit([change('a', 0, { row: again, actors: [actor('a', '')], events: events('a', 0, 2) })]);
      same(await next.readRunByKey('order', 'key of a'), frozen(again));
      const open = await next.readOpen('a');
      assert.deepEqual([open?.owner, open?.fence, open?.seq, open?.signals], ['two', 1, 2, []]);
      assert.deepEqual([await next.readAttempts('a'), await pathsOf(next.readActors('a'))], [[], ['']]);
      await next.commit([change('a', 2, { attempts: [attempt('a', 'pay', 1)], signals: [signal('a', 'kept')] })]);
      assert.deepEqual([(await next.readAttempts('a')).length, await seqs(next, 'a')], [1, [1, 2, 3]]);
      assert.equal(await next.deleteRun('a'), false);
    },
  'a commit to a run that was deleted is refused, and what was committed with it (P130, I2, I3)': async (store) => {
    await store.commit([change('a', 0)]);
    await store.commit([change('a', 1, { row: row('a', { status: 'completed' }) })]);
    await store.deleteRun('a');
    await refused(() => store.commit([change('b', 0), change('a', 2)]), CommitConflict);
    assert.deepEqual([await partsOf(store, 'a'), await store.readRun('b')], [NOTHING, null]);
    assert.deepEqual(await store.claim(10), []);
  },
  'deleting leaves pages of runs as they are: each run comes once, and the next one has a place of its own (P127, P130)':
    async (store) => {
      for (const run of ['a', 'b', 'c', 'd', 'e']) await store.commit([whole(run)]);
      const { cursor } = await store.readRuns({ limit: 2 });
      assert.ok(cursor !== null);
      for (const run of ['a', 'c', 'e']) assert.equal(await store.deleteRun(run), true);
      await store.commit([change('f', 0)]);
      await store.commit([whole('a')]);
      const rest = await store.readRuns({ limit: 10, cursor });
      assert.deepEqual(
        rest.runs.map(({ run }) => run),
        ['d', 'f', 'a'],
      );
      assert.deepEqual(await pages(store, { limit: 1 }), ['b', 'd', 'f', 'a']);
    },
  'a run of a thousand steps is deleted at once (P130)': async (store) => {
    const steps = Array.from({ length: 1_000 }, (_, index) => `s${index}`);
    const [open, ended] = [
      steps.map((path) => actor('a', path)),
      steps.map((path) => actor('a', path, { state: 'completed' })),
    ];
    await store.commit([change('a', 0, { actors: open, events: events('a', 0, 1_000) })]);
    await store.commit([change('a', 1_000, { row: row('a', { status: 'completed' }), actors: ended })]);
    assert.equal(await store.deleteRun('a'), true);
    assert.deepEqual(await partsOf(store, 'a'), NOTHING);
  },
};

/** For stores that several processes may have open. */
export const SHARED_DELETES: Readonly<Record<string, Check>> = {
  'of two that delete one run at once, one does (P130)': async (first, bench) => {
    const second = await bench.beside('two');
    const runs = Array.from({ length: 20 }, (_, index) => `r${index}`);
    await first.commit(runs.map(whole));
    const ends = await Promise.all(runs.flatMap((run) => [first.deleteRun(run), second.deleteRun(run)]));
    assert.equal(ends.filter((deleted) => deleted).length, runs.length);
    assert.deepEqual(await pages(first, { limit: 10 }), []);
  },
  'whoever deletes a run, and whoever had it: it is gone for both, and what one of them still commits to it is refused (P130, I2)':
    async (first, bench) => {
      await first.commit([change('a', 0, { actors: [actor('a', '')] })]);
      const second = await bench.after('two');
      assert.deepEqual(await second.claim(10), ['a']);
      await second.commit([change('a', 1, { fence: 2, row: row('a', { status: 'completed' }) })]);
      const third = await bench.beside('three');
      assert.equal(await third.deleteRun('a'), true);
      for (const store of [first, second]) assert.deepEqual(await partsOf(store, 'a'), NOTHING);
      for (const store of [first, second]) await assert.rejects(async () => await store.commit([change('a', 1)]));
      await third.commit([change('a', 0)]);
      for (const store of [first, second]) await assert.rejects(async () => await store.commit([change('a', 1)]));
      await third.commit([change('a', 1)]);
      assert.deepEqual(await seqs(first, 'a'), [1, 2]);
    },
  'commands to a run, answered or not, are deleted with it, and those to others stay (P130)': async (first, bench) => {
    const second = await bench.beside('two');
    await first.commit([change('a', 0), change('b', 0)]);
    for (const [id, run] of [
      ['answered', 'a'],
      ['open', 'a'],
      ['other', 'b'],
    ] as const)
      await sharing(second).leaveCommand({ id, run, body: {} });
    await sharing(first).answerCommand('answered', { done: true });
    await first.commit([change('a', 1, { row: row('a', { status: 'completed' }) })]);
    await second.deleteRun('a');
    // Nobody has these any more, so nobody can answer them or fetch what was answered.
    await sharing(first).answerCommand('open', { done: true });
    assert.deepEqual(
      [await sharing(second).takeAnswer('answered'), await sharing(second).takeAnswer('open')],
      [null, null],
    );
    await first.commit([change('a', 0)]);
    assert.deepEqual(
      (await sharing(first).readCommands(10)).map(({ id }) => id),
      ['other'],
    );
  },
};
