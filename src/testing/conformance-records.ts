/** Cases for every store: records are written and deleted with a run's commit, and found by type, run and key, page by page. */
import assert from 'node:assert/strict';
import { CommitConflict, LeaseLost } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { RecordPage, RecordQuery, RecordRow, RunChange, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import { change, events, frozen, JSON_VALUES, refused, row, same, unfrozen } from './conformance-rows.ts';

const record = (run: string, id: string, more: Partial<RecordRow> = {}): RecordRow => ({
  run,
  type: 'approval',
  id,
  version: 1,
  body: null,
  keys: {},
  ...more,
});

/** A commit of one run that writes these records. */
const writing = (run: string, after: number, records: readonly RecordRow[], more: Partial<RunChange> = {}): RunChange =>
  change(run, after, { records, ...more });

/** All that is found, in pages of `limit`, as run and id; `between` happens after each page. */
async function found(
  store: Store,
  query: Partial<RecordQuery> = {},
  limit = 2,
  between = async (_page: RecordPage): Promise<void> => {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page: RecordPage = await store.readRecords({
      ...{ type: 'approval', limit, ...query },
      ...(after === undefined ? {} : { after }),
    });
    assert.ok(page.records.length <= limit, 'a page is longer than its limit');
    ids.push(...page.records.map(({ run, id }) => `${run} ${id}`));
    after = page.cursor;
    await between(page);
  }
  return ids;
}

const open = { key: { name: 'state', value: 'open' } };
const closed = { key: { name: 'state', value: 'closed' } };

export const RECORDS: Readonly<Record<string, Check>> = {
  'a record comes back exactly as it was written, whatever JSON is in it, and for the next owner, too (I10)': async (
    first,
    bench,
  ) => {
    const keys = JSON.parse('{"__proto__":"p","":"","a\\u0000b":"\\ud800","ä😀":"\\ufffd","toString":"x"}');
    const written = [
      ...Object.entries(JSON_VALUES).map(([id, body]) => record('a', id, { body, keys: { id } })),
      record('a', '', { type: '', body: '', keys }),
      record('a', 'a:b %\n', { type: 'a:b\n%"', version: Number.MAX_SAFE_INTEGER, keys: { long: 'ä'.repeat(2_000) } }),
      ...['\u0000', '\ud800', '\ufffd', '\\', '\ufffdd800', '\\u0000'].map((odd) =>
        record('a', odd, { type: odd, keys }),
      ),
    ];
    await first.commit([writing('a', 0, written)]);
    const read = async (store: Store): Promise<void> => {
      for (const each of written) {
        const { run, type, id } = each;
        same(await store.readRecord(run, type, id), frozen(each));
        assert.equal(unfrozen(await store.readRecord(run, type, id), 'readRecord'), null);
        for (const [name, value] of Object.entries(each.keys)) {
          const { records } = await store.readRecords({ type, key: { name, value }, limit: 5 });
          same(records, frozen([each]));
          assert.equal(unfrozen(records[0], 'readRecords'), null);
        }
      }
    };
    await read(first);
    await read(await bench.after('the next owner'));
  },
  'records of one type are found in the order in which they were first written, across runs and within one, for the next owner, too':
    async (first, bench) => {
      await first.commit([
        writing('b', 0, [record('b', 'z', { keys: { state: 'open' } }), record('b', 'y', { type: 'audit' })]),
        writing('a', 0, [
          record('a', '2', { keys: { state: 'open' } }),
          record('a', '1', { keys: { state: 'closed' } }),
        ]),
      ]);
      await first.commit([writing('b', 1, [record('b', 'a', { keys: { state: 'open', by: 'ann' } })])]);
      await first.commit([writing('a', 1, [record('a', '2', { version: 2, keys: { state: 'open' } })])]);
      const read = async (store: Store): Promise<void> => {
        for (const limit of [1, 2, 4, 5]) {
          assert.deepEqual(await found(store, {}, limit), ['b z', 'a 2', 'a 1', 'b a']);
          assert.deepEqual(await found(store, { run: 'b' }, limit), ['b z', 'b a']);
          assert.deepEqual(await found(store, { type: 'audit' }, limit), ['b y']);
          assert.deepEqual(await found(store, open, limit), ['b z', 'a 2', 'b a']);
          assert.deepEqual(await found(store, { ...open, run: 'b' }, limit), ['b z', 'b a']);
          assert.deepEqual(await found(store, { ...closed, run: 'b' }, limit), []);
        }
        assert.deepEqual(await found(store, { key: { name: 'by', value: 'ann' } }), ['b a']);
        assert.deepEqual(await found(store, { ...open, type: 'audit' }), []);
        assert.deepEqual(await found(store, { key: { name: 'open', value: 'state' } }), []);
        assert.deepEqual(await found(store, { run: 'nobody' }), []);
        assert.deepEqual(await store.readRecords({ type: 'nothing', limit: 5 }), { records: [], cursor: null });
        assert.deepEqual(
          [await store.readRecord('a', 'audit', 'y'), await store.readRecord('x', 'approval', '2')],
          [null, null],
        );
        assert.equal((await store.readRecord('a', 'approval', '2'))?.version, 2);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'a record that is written again is one record, keeps its place, and is found by the keys that it has now': async (
    store,
  ) => {
    const waits = { keys: { state: 'open', by: 'ann' } };
    await store.commit([
      writing(
        'a',
        0,
        ['1', '2', '3'].map((id) => record('a', id, { ...waits, body: id })),
      ),
    ]);
    const decided = record('a', '2', { version: 2, body: { yes: true }, keys: { state: 'closed', at: 'noon' } });
    await store.commit([writing('a', 1, [decided])]);
    same(await store.readRecord('a', 'approval', '2'), frozen(decided));
    assert.deepEqual(await found(store), ['a 1', 'a 2', 'a 3']);
    assert.deepEqual(await found(store, open), ['a 1', 'a 3']);
    assert.deepEqual(await found(store, { ...open, run: 'a' }), ['a 1', 'a 3']);
    assert.deepEqual(await found(store, closed), ['a 2']);
    assert.deepEqual(await found(store, { run: 'a', key: { name: 'at', value: 'noon' } }), ['a 2']);
    await store.commit([writing('a', 2, [{ ...decided, ...waits, version: 3 }])]);
    assert.deepEqual([await found(store, open), await found(store, closed)], [['a 1', 'a 2', 'a 3'], []]);
    await store.commit([writing('a', 3, [{ ...decided, keys: {}, version: 4 }])]);
    assert.deepEqual(
      [await found(store, open), await found(store)],
      [
        ['a 1', 'a 3'],
        ['a 1', 'a 2', 'a 3'],
      ],
    );
  },
  'a record that is deleted is gone, and one that is written again after that is new, also within one commit, and for the next owner':
    async (first, bench) => {
      const one = (id: string, more: Partial<RecordRow> = {}) => record('a', id, { keys: { state: 'open' }, ...more });
      await first.commit([
        writing(
          'a',
          0,
          ['1', '2', '3'].map((id) => one(id)),
        ),
      ]);
      const gone = (...ids: string[]) => ids.map((id) => ({ type: 'approval', id }));
      await first.commit([change('a', 1, { recordsGone: [...gone('1', 'nobody'), { type: 'audit', id: '2' }] })]);
      assert.equal(await first.readRecord('a', 'approval', '1'), null);
      assert.deepEqual(
        [await found(first), await found(first, { ...open, run: 'a' })],
        [
          ['a 2', 'a 3'],
          ['a 2', 'a 3'],
        ],
      );
      await first.commit([writing('a', 2, [one('1', { body: 'again' })])]);
      assert.deepEqual(
        [await found(first), await found(first, open)],
        [
          ['a 2', 'a 3', 'a 1'],
          ['a 2', 'a 3', 'a 1'],
        ],
      );
      await first.commit([writing('a', 3, [one('2', { keys: { state: 'closed' } })], { recordsGone: gone('2', '3') })]);
      const read = async (store: Store): Promise<void> => {
        assert.deepEqual(await found(store), ['a 1', 'a 2']);
        assert.deepEqual([await found(store, open), await found(store, closed)], [['a 1'], ['a 2']]);
        assert.equal((await store.readRecord('a', 'approval', '1'))?.body, 'again');
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'the last record is deleted and another one is written: whoever reads page by page gets it': async (store) => {
    await store.commit([writing('a', 0, [record('a', '1'), record('a', '2')])]);
    const { cursor } = await store.readRecords({ type: 'approval', limit: 2 });
    assert.ok(cursor !== null);
    await store.commit([change('a', 1, { recordsGone: [{ type: 'approval', id: '2' }] })]);
    await store.commit([writing('a', 2, [record('a', '3')])]);
    const { records } = await store.readRecords({ type: 'approval', limit: 2, after: cursor });
    same(records, frozen([record('a', '3')]));
  },
  'a commit that is refused writes no record and deletes none, also one of the next owner (I2, I3)': async (
    first,
    bench,
  ) => {
    const before = record('a', '1', { keys: { state: 'open' } });
    await first.commit([writing('a', 0, [before]), change('b', 0)]);
    const after = (count: number): RunChange[] => [
      writing('c', 0, [record('c', '1', { keys: { state: 'open' } })]),
      writing('a', 1, [{ ...before, version: 2, keys: {} }, record('a', '2')]),
      writing('b', count, [record('b', '1')], { recordsGone: [{ type: 'approval', id: '1' }] }),
    ];
    await refused(() => first.commit(after(0)), CommitConflict);
    await refused(() => first.commit(after(2)), CommitConflict);
    same(await first.readRecord('a', 'approval', '1'), frozen(before));
    assert.deepEqual([await found(first), await found(first, open)], [['a 1'], ['a 1']]);
    const gone = { records: [], recordsGone: [{ type: 'approval', id: '1' }] };
    await refused(() => first.commit([change('b', 1), change('a', 2, gone)]), CommitConflict);
    const next = await bench.after('two');
    await refused(() => next.commit([change('a', 1, gone)]), LeaseLost);
    same(await next.readRecord('a', 'approval', '1'), frozen(before));
    await next.claim(10);
    await next.commit([change('a', 1, { fence: 2, ...gone })]);
    assert.deepEqual([await found(next), await found(next, open)], [[], []]);
  },
  'a commit of nothing but records tells no event, and is a commit': async (store) => {
    await store.commit([change('a', 0)]);
    const silent = { row: null, events: [] };
    await store.commit([writing('a', 1, [record('a', '1')], silent)]);
    await store.commit([writing('a', 1, [record('a', '1', { version: 2 })], silent)]);
    assert.equal((await store.readRecord('a', 'approval', '1'))?.version, 2);
    assert.equal((await store.readOpen('a'))?.seq, 1);
  },
  'pages of records do not overlap and leave nothing out while others are written, changed and deleted (P127)': async (
    store,
  ) => {
    const ids = Array.from({ length: 9 }, (_, index) => String(index));
    const keys = { state: 'open' };
    await store.commit([
      writing(
        'a',
        0,
        ids.map((id) => record('a', id, { keys })),
      ),
    ]);
    let after = 1;
    const read = await found(store, open, 3, async ({ cursor }) => {
      if (cursor === null) return;
      const at = after;
      after += 1;
      // What was read goes, what comes later changes and stays, and one is new.
      await store.commit([
        writing('a', at, [record('a', `new ${at}`, { keys }), record('a', '8', { version: at + 1, body: at, keys })], {
          recordsGone: [{ type: 'approval', id: String(at - 1) }],
        }),
      ]);
    });
    assert.deepEqual(
      read.slice(0, 9),
      ids.map((id) => `a ${id}`),
    );
    assert.deepEqual(read.slice(9, 11), ['a new 1', 'a new 2']);
    assert.equal(new Set(read).size, read.length);
  },
  'a run that is deleted takes its records along, and those of others stay, for the next owner, too (P130)': async (
    first,
    bench,
  ) => {
    const keys = { state: 'open', '😀:%\n': 'ä' };
    const rows = (run: string) => [record(run, '1', { keys }), record(run, '2:\n%', { keys, type: 'a:u\ndit%' })];
    const ended = (run: string) => writing(run, 0, rows(run), { row: row(run, { status: 'completed' }) });
    await first.commit([ended('a'), ended('b'), ended('a:b')]);
    assert.equal(await first.deleteRun('a'), true);
    const read = async (store: Store): Promise<void> => {
      assert.equal(await store.readRecord('a', 'approval', '1'), null);
      assert.deepEqual(
        [await found(store), await found(store, open)],
        [
          ['b 1', 'a:b 1'],
          ['b 1', 'a:b 1'],
        ],
      );
      assert.deepEqual(await found(store, { ...open, run: 'a' }), []);
      const odd = { type: 'a:u\ndit%', key: { name: '😀:%\n', value: 'ä' } };
      assert.deepEqual(await found(store, odd), ['b 2:\n%', 'a:b 2:\n%']);
      assert.deepEqual(await found(store, { ...odd, run: 'a:b' }), ['a:b 2:\n%']);
    };
    await read(first);
    const next = await bench.after('the next owner');
    await read(next);
    await next.commit([change('a', 0)]);
    assert.deepEqual(await found(next, { run: 'a' }), []);
  },
  'a run that is abandoned keeps its records (S18)': async (store) => {
    await store.commit([writing('a', 0, [record('a', '1', { keys: { state: 'open' } })])]);
    await store.abandonRun(
      frozen({ run: 'a', at: 7, path: '', type: 'run.cancelled', reason: null, abandoned: true } as const),
    );
    assert.deepEqual([await found(store), await found(store, open)], [['a 1'], ['a 1']]);
  },
  'a record is added to a run that has ended, and to one of another owner, which go on as if nothing had been; not to one that is not there, and for the next owner, too (S16)':
    async (first, bench) => {
      const keys = { state: 'open' };
      const tried = (run: string, id: string) => frozen(record(run, id, { body: { by: 'ann' }, keys }));
      assert.equal(await first.addRecord(tried('a', '1')), false);
      await first.commit([
        writing('a', 0, [record('a', '1', { keys })], { row: row('a', { status: 'completed' }) }),
        change('b', 0),
      ]);
      assert.equal(await first.addRecord(tried('a', '2:\n%')), true);
      assert.equal(await first.addRecord(tried('b', '1')), true);
      // One that is there stays as it is.
      assert.equal(await first.addRecord(tried('a', '1')), true);
      assert.equal((await first.readRecord('a', 'approval', '1'))?.body, null);
      await first.commit([writing('b', 1, [record('b', '2')])]);
      const read = async (store: Store): Promise<void> => {
        assert.deepEqual(await found(store, { run: 'a' }), ['a 1', 'a 2:\n%']);
        assert.deepEqual(await found(store, open), ['a 1', 'a 2:\n%', 'b 1']);
        assert.deepEqual(await found(store, { run: 'b' }), ['b 1', 'b 2']);
        same(await store.readRecord('a', 'approval', '2:\n%'), tried('a', '2:\n%'));
        assert.equal((await store.readRun('a'))?.status, 'completed');
      };
      await read(first);
      const next = await bench.after('the next owner');
      await read(next);
      // Before it has claimed any.
      assert.equal(await next.addRecord(tried('b', '3')), true);
      await next.claim(10);
      await next.commit([change('b', 2, { fence: 2 })]);
      assert.equal(await next.deleteRun('a'), true);
      assert.equal(await next.addRecord(tried('a', '4')), false);
      assert.deepEqual(await found(next, open), ['b 1', 'b 3']);
    },
  'commits that are made at once, with records of the same names in crosswise order, all land': async (store) => {
    const runs = Array.from({ length: 6 }, (_, index) => `r${index}`);
    await store.commit(
      runs.map((run) =>
        writing(
          run,
          0,
          ['x', 'y', 'z'].map((id) => record(run, id)),
        ),
      ),
    );
    const half = (some: readonly string[], ids: readonly string[], version: number, after: number) =>
      store.commit(
        some.map((run) =>
          writing(
            run,
            after,
            ids.map((id) => record(run, id, { version, keys: { state: 'open' } })),
          ),
        ),
      );
    for (let round = 1; round <= 5; round += 1) {
      const [left, right] = [runs.slice(0, 3), runs.slice(3).reverse()];
      await Promise.all([
        half(left, ['x', 'y', 'z'], round + 1, round),
        half(right, ['z', 'y', 'x'], round + 1, round),
      ]);
    }
    const expected = runs.flatMap((run) => ['x', 'y', 'z'].map((id) => `${run} ${id}`));
    assert.deepEqual([await found(store, {}, 5), await found(store, open, 100)], [expected, expected]);
    for (const run of runs) assert.equal((await store.readRecord(run, 'approval', 'z'))?.version, 6);
  },
  'a thousand records are one commit, and are found in pages of any size': async (store) => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `${(index * 7) % 1_000}`);
    const records = ids.map((id) => record('a', id, { keys: { state: 'open', id } }));
    await store.commit([writing('a', 0, records, { events: events('a', 0, 3) })]);
    const all = ids.map((id) => `a ${id}`);
    for (const limit of [300, 1_000, 1_500]) assert.deepEqual(await found(store, open, limit), all);
    assert.deepEqual(await found(store, { run: 'a', key: { name: 'id', value: '7' } }), ['a 7']);
    const later = records.map((each) => ({ ...each, version: 2, keys: { state: 'closed' } }));
    await store.commit([writing('a', 3, later)]);
    assert.deepEqual([await found(store, open), await found(store, closed, 400)], [[], all]);
    await store.commit([change('a', 4, { recordsGone: ids.map((id) => ({ type: 'approval', id })) })]);
    assert.deepEqual([await found(store), await found(store, closed)], [[], []]);
  },
};

/** For stores that several processes may have open. */
export const SHARED_RECORDS: Readonly<Record<string, Check>> = {
  'records that several processes write at once are all found, and what one has written the others read at once':
    async (first, bench) => {
      const second = await bench.beside('two');
      const body: Json = { a: [1, null] };
      const write = async (store: Store, run: string): Promise<void> => {
        await store.commit([writing(run, 0, [record(run, '0', { keys: { state: 'open' } })])]);
        for (let at = 1; at < 10; at += 1)
          await store.commit([
            writing(run, at, [
              record(run, String(at), { keys: { state: 'open' } }),
              record(run, '0', { version: at + 1, body, keys: { state: 'open' } }),
            ]),
          ]);
      };
      await Promise.all([write(first, 'a'), write(second, 'b')]);
      for (const store of [first, second]) {
        const ids = Array.from({ length: 10 }, (_, index) => String(index));
        for (const run of ['a', 'b']) {
          const own = ids.map((id) => `${run} ${id}`);
          assert.deepEqual(await found(store, { ...open, run }, 3), own);
          const all = await found(store, open, 7);
          assert.deepEqual([all.length, all.filter((each) => each.startsWith(run))], [20, own]);
          same((await store.readRecord(run, 'approval', '0'))?.body, body);
        }
      }
    },
};
