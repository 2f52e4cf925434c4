/** What is asked of a store about runs that have ended: nothing is committed behind an end (I5). */
import assert from 'node:assert/strict';
import { CommitConflict, LeaseLost } from '../errors/index.ts';
import type { RecordRow, RunChange } from '../store.ts';
import type { Check } from './conformance.ts';
import { actor, attempt, change, events, pathsOf, refused, row, same, seqs, signal } from './conformance-rows.ts';

const record = (run: string): RecordRow => ({ run, type: 'note', id: 'late', version: 1, body: null, keys: {} });

export const ENDS: Readonly<Record<string, Check>> = {
  'what would change a run that has ended, or add to it, is refused, and a commit with it among its changes applies none; a run that begins under its id is refused, too (I5, I2, I3)':
    async (store) => {
      const ends = ['completed', 'failed', 'timedOut', 'cancelled', 'compensated', 'compensationFailed'] as const;
      await store.commit(ends.map((run) => change(run, 0, { actors: [actor(run, '')] })));
      await store.commit(ends.map((status) => change(status, 1, { row: row(status, { status, output: 1 }) })));
      // One that was over with the commit in which it began.
      await store.commit([
        change('short', 0, { row: row('short', { status: 'completed' }), events: events('short', 0, 2) }),
      ]);
      const late = (run: string): Readonly<Record<string, Partial<RunChange>>> => ({
        'another end': { row: row(run, { status: 'failed', output: 2 }) },
        'a run that is open again': { row: row(run) },
        'an event': { events: events(run, 2, 1) },
        'a step': { actors: [actor(run, 'late')] },
        'an attempt': { attempts: [attempt(run, 'pay', 1)] },
        'a signal': { signals: [signal(run, 'late')] },
        'a record': { records: [record(run)] },
        'a record less': { recordsGone: [{ type: 'note', id: 'late' }] },
        'a step less': { forgotten: ['pay'] },
        nothing: {},
      });
      for (const run of [...ends, 'short']) {
        const before = await store.readRun(run);
        for (const [what, more] of Object.entries(late(run))) {
          const behind = [change('beside', 0), change(run, 2, { events: [], ...more })];
          await refused(() => store.commit(behind), LeaseLost, `${what} behind the end of "${run}"`);
        }
        await refused(() => store.commit([change(run, 0)]), CommitConflict);
        same(await store.readRun(run), before);
        assert.deepEqual([await seqs(store, run), await store.readSignal(run, 'late')], [[1, 2], null]);
        assert.deepEqual([await store.readAttempts(run), await store.readRecord(run, 'note', 'late')], [[], null]);
        assert.deepEqual(await pathsOf(store.readActors(run)), run === 'short' ? [] : ['']);
        assert.equal((await store.readOpen(run))?.seq, 2);
      }
      assert.deepEqual([await store.readRun('beside'), await store.claim(10)], [null, []]);
      // What is left to do with it: it is deleted, and another can begin in its place.
      assert.equal(await store.deleteRun('short'), true);
      await store.commit([change('short', 0)]);
      await store.commit([change('short', 1)]);
    },
  'what its last owner, or the next owner, commits to a run that has ended is refused, also where nobody remembers it (I5, P89)':
    async (first, bench) => {
      await first.commit([change('a', 0), change('b', 0)]);
      await first.commit([change('a', 1, { row: row('a', { status: 'completed' }) })]);
      const next = await bench.after('two');
      assert.deepEqual(await next.claim(10), ['b']);
      for (const fence of [1, 2]) await refused(() => next.commit([change('a', 2, { fence })]), LeaseLost);
      const again = await bench.after('one');
      await refused(() => again.commit([change('a', 2)]), LeaseLost);
      same(await again.readRun('a'), row('a', { status: 'completed' }));
      assert.deepEqual(await seqs(again, 'a'), [1, 2]);
    },
};
