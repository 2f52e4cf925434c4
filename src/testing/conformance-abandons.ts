/** Cases for every store: an unfinished run is ended by its rows alone, whoever owns it, and its owner commits nothing more (S18). */
import assert from 'node:assert/strict';
import { LeaseLost } from '../errors/index.ts';
import type { AbandonedEvent, ActorRow, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import { sharing } from './conformance-commits.ts';
import {
  actor,
  attempt,
  change,
  events,
  frozen,
  JSON_VALUES,
  pages,
  refused,
  row,
  same,
  seqs,
  signal,
  unfrozen,
} from './conformance-rows.ts';

const end = (run: string, more: Partial<AbandonedEvent> = {}): AbandonedEvent =>
  frozen({ run, at: 7, path: '', type: 'run.cancelled', reason: 'its definition is gone', abandoned: true, ...more });

/** Steps whose values look like what a store may look for in a row. */
const ODD: readonly ActorRow[] = [
  actor('a', '', { memory: { due: 1, state: 'running' } }),
  actor('a', 'x","state":"y', { state: 'waiting', due: 5.5, memory: { a: 1, due: 1 } }),
  actor('a', 'late', { state: 'retrying', due: 9e15, attempt: 3, input: JSON_VALUES.texts as never, startedAt: -1.5 }),
  actor('a', 'deep', {
    kind: ',"state":"odd"',
    input: JSON_VALUES.odd as never,
    output: { ',"due":1,"attemptedAt":2': 0 },
  }),
  actor('a', 'failed', { error: { code: 'x', name: 'E', message: ',"state":"running"}' } }),
];

async function abandoned(store: Store, run: string, more: Partial<AbandonedEvent> = {}): Promise<number | null> {
  return await store.abandonRun(end(run, more));
}

export const ABANDONS: Readonly<Record<string, Check>> = {
  'an abandoned run and what was open in it are cancelled, and the rest of it is as it was (S18)': async (store) => {
    const done = actor('a', 'done', { state: 'completed', output: 1 });
    await store.commit([
      change('a', 0, {
        row: row('a', { key: 'k', status: 'waiting', metadata: { n: 1 } }),
        actors: [...ODD, done],
        attempts: [attempt('a', 'late', 1), attempt('a', 'late', 2)],
        events: events('a', 0, 3),
        signals: [signal('a', 's')],
      }),
      change('b', 0, { actors: [actor('b', '')] }),
    ]);
    const reason = 'its definition is gone: \ud800';
    assert.equal(await abandoned(store, 'a', { reason }), 4);
    const over = { state: 'cancelled', due: null, endedAt: 7, endedSeq: 4 } as const;
    same(await store.readRun('a'), row('a', { key: 'k', status: 'cancelled', reason, metadata: { n: 1 }, endedAt: 7 }));
    same(await store.readActors('a'), [...ODD.map((each) => ({ ...each, ...over })), done]);
    same(await store.readAttempts('a'), [attempt('a', 'late', 1), attempt('a', 'late', 2)]);
    same(await store.readSignal('a', 's'), signal('a', 's'));
    same((await store.readEvents('a', { after: 3, limit: 10 }))[0], { ...end('a', { reason }), seq: 4 });
    const open = await store.readOpen('a');
    assert.deepEqual([open?.owner, open?.fence, open?.seq, open?.open], [null, 2, 4, []]);
    for (const read of [
      await store.readRun('a'),
      (await store.readActors('a'))[1],
      (await store.readEvents('a', { after: 3, limit: 1 }))[0],
    ])
      assert.equal(unfrozen(read, 'row'), null);
    assert.deepEqual(await pages(store, { limit: 1, status: 'cancelled' }), ['a']);
    assert.deepEqual(await pages(store, { limit: 1, orchestrator: 'order', status: 'waiting' }), []);
    assert.deepEqual(await pages(store, { limit: 1 }), ['a', 'b']);
    same(await store.readRun('b'), row('b'));
    same(await store.readActors('b'), [actor('b', '')]);
  },
  'what its owner still commits to an abandoned run is refused with LeaseLost, and other runs go on (S18, I2)': async (
    store,
  ) => {
    await store.commit([change('a', 0), change('b', 0)]);
    await abandoned(store, 'a', { reason: null });
    for (const after of [1, 2]) await refused(() => store.commit([change('a', after)]), LeaseLost);
    await refused(() => store.commit([change('a', 1, { events: [], actors: [actor('a', 'x')] })]), LeaseLost);
    await store.commit([change('b', 1)]);
    assert.deepEqual(
      [await seqs(store, 'a'), await seqs(store, 'b')],
      [
        [1, 2],
        [1, 2],
      ],
    );
    assert.deepEqual(await store.claim(10), []);
  },
  'only an unfinished run is abandoned, and once (S18, I5)': async (store) => {
    await store.commit([change('a', 0), change('b', 0, { row: row('b', { status: 'completed' }) })]);
    const answers = await Promise.all(['a', 'a', 'a'].map((run) => abandoned(store, run)));
    assert.deepEqual(
      answers.filter((seq) => seq !== null),
      [2],
    );
    assert.deepEqual(
      [await abandoned(store, 'a'), await abandoned(store, 'b'), await abandoned(store, 'c')],
      [null, null, null],
    );
    same(await store.readRun('b'), row('b', { status: 'completed' }));
    assert.deepEqual(await seqs(store, 'a'), [1, 2]);
  },
  'a run that nobody owns is abandoned by the next owner, is claimed by nobody, and can be deleted and begun anew (S18, P130)':
    async (first, bench) => {
      await first.commit([change('a', 0, { row: row('a', { key: 'k' }), actors: [actor('a', '')] })]);
      const next = await bench.after('two');
      assert.equal(await abandoned(next, 'a'), 2);
      assert.deepEqual(await next.claim(10), []);
      assert.equal(await next.deleteRun('a'), true);
      assert.equal(await next.readRunByKey('order', 'k'), null);
      await next.commit([change('a', 0, { row: row('a', { key: 'k' }) })]);
      assert.deepEqual(await seqs(next, 'a'), [1]);
    },
  'a run of a thousand open steps is abandoned at once (S18)': async (store) => {
    const steps = Array.from({ length: 1_000 }, (_, index) => actor('a', `s${index}`));
    await store.commit([change('a', 0, { actors: steps })]);
    await abandoned(store, 'a');
    assert.equal(
      (await store.readActors('a')).filter(({ state, endedAt }) => state === 'cancelled' && endedAt === 7).length,
      1_000,
    );
  },
};

/** For stores that several processes may have open. */
export const SHARED_ABANDONS: Readonly<Record<string, Check>> = {
  'a run of an owner that lives and commits all the time is abandoned by another, and its end is the last of its history (S18, I2)':
    async (first, bench) => {
      const second = await bench.beside('two');
      await first.commit([change('a', 0, { actors: [actor('a', '')] })]);
      let landed = 1;
      const commits = (async (): Promise<unknown> => {
        for (;;) {
          try {
            await first.commit([change('a', landed, { actors: [actor('a', `s${landed}`)] })]);
          } catch (error) {
            return error;
          }
          landed += 1;
        }
      })();
      while (landed < 5) await new Promise((resolve) => setImmediate(resolve));
      const seq = await abandoned(second, 'a');
      assert.ok((await commits) instanceof LeaseLost);
      assert.equal(seq, landed + 1);
      assert.deepEqual(
        await seqs(first, 'a'),
        Array.from({ length: landed + 1 }, (_, index) => index + 1),
      );
      assert.deepEqual(
        (await first.readActors('a')).filter(({ endedAt }) => endedAt === null),
        [],
      );
    },
  'a run that a claim has passed over, because nobody has its definition, is abandoned and is no stray any more (S18)':
    async (first, bench) => {
      if (sharing(first).readStrays === undefined) return;
      await first.commit([change('a', 0), change('b', 0)]);
      const second = await bench.beside('two');
      await bench.close(first);
      assert.deepEqual(await second.claim(10, []), []);
      assert.equal((await sharing(second).readStrays?.([]))?.length, 1);
      for (const run of ['a', 'b']) assert.equal(await abandoned(second, run), 2);
      assert.deepEqual(await sharing(second).readStrays?.([]), []);
      assert.deepEqual(await second.claim(10), []);
    },
  'commands to a run that is abandoned wait for nobody (S18)': async (first, bench) => {
    const second = await bench.beside('two');
    await first.commit([change('a', 0)]);
    await sharing(second).leaveCommand({ id: 'c', run: 'a', body: {} });
    await abandoned(second, 'a');
    // Anybody may say that the run has ended; the one who asked sees it without that.
    for (const { id } of await sharing(first).readCommands(10)) await sharing(first).answerCommand(id, { done: false });
    same(await sharing(first).readCommands(10), []);
    assert.equal(await second.deleteRun('a'), true);
    assert.equal(await sharing(second).takeAnswer('c'), null);
  },
};
