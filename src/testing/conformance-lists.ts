/** Cases for every store: events and runs come page by page, runs are narrowed, and what is looked up by a name is found. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../json.ts';
import type { RunQuery, RunRow, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import { JSON_VALUES, change, events, frozen, pages, row, same, seqs, unfrozen } from './conformance-rows.ts';

export const LISTS: Readonly<Record<string, Check>> = {
  'events come in pages that do not overlap, whatever is written in between (P127)': async (store) => {
    await store.commit([change('a', 0, { events: events('a', 0, 5) }), change('b', 0)]);
    const first = await seqs(store, 'a', 0, 2);
    await store.commit([change('a', 5, { events: events('a', 5, 2) })]);
    const rest = [await seqs(store, 'a', 2, 2), await seqs(store, 'a', 4, 100), await seqs(store, 'a', 7, 1)];
    assert.deepEqual([first, ...rest], [[1, 2], [3, 4], [5, 6, 7], []]);
  },
  'a page of events does not grow after it was read': async (store) => {
    await store.commit([change('a', 0)]);
    const page = await store.readEvents('a', { after: 0, limit: 10 });
    await store.commit([change('a', 1)]);
    assert.equal(page.length, 1);
  },
  'runs come in pages in the order in which they were started, each once, while others start in between (P127)': async (
    store,
  ) => {
    const first = ['m', 'a', 'z', 'b', 'k'];
    for (const run of first) await store.commit([change(run, 0)]);
    let started = 0;
    const found = await pages(store, { limit: 2 }, async () => {
      if (started === 6) return;
      // One that stands before all others by its name, and one behind them.
      for (const run of [`0${started}`, `zz${started}`]) await store.commit([change(run, 0)]);
      await store.commit([change('m', 1 + started / 2, { row: row('m', { output: started }) })]);
      started += 2;
    });
    assert.deepEqual(found, [...first, '00', 'zz0', '02', 'zz2', '04', 'zz4']);
  },
  'runs come the newest first, narrowed or not, in pages that hold none that starts meanwhile (P127)': async (
    store,
  ) => {
    for (let index = 0; index < 24; index += 1) {
      const orchestrator = index % 2 === 0 ? 'order' : 'refund';
      const status = index % 3 === 0 ? 'failed' : 'waiting';
      const metadata = { n: index % 4 };
      await store.commit([
        change(`r${index}`, 0, { row: row(`r${index}`, { orchestrator, status, metadata, version: `${index % 5}` }) }),
      ]);
    }
    const queries: readonly Partial<RunQuery>[] = [
      {},
      { orchestrator: 'order' },
      { status: 'failed' },
      { version: '2' },
      { metadata: { n: 1 } },
      { orchestrator: 'refund', status: 'failed', metadata: { n: 3 } },
      { orchestrator: 'nobody' },
    ];
    for (const query of queries) {
      const oldestFirst = await pages(store, { limit: 100, ...query });
      for (const limit of [1, 2, 5, 24, 25])
        assert.deepEqual(await pages(store, { limit, order: 'newest', ...query }), [...oldestFirst].reverse());
    }
    let started = 0;
    const found = await pages(store, { limit: 10, order: 'newest' }, async () => {
      started += 1;
      await store.commit([change(`later ${started}`, 0)]);
    });
    assert.deepEqual(
      found,
      Array.from({ length: 24 }, (_, index) => `r${23 - index}`),
    );
    assert.deepEqual((await store.readRuns({ order: 'newest', limit: 1 })).runs[0]?.run, `later ${started}`);
  },
  'a cursor goes on where its page ended for the next owner, too (P127)': async (first, bench) => {
    for (const run of ['c', 'a', 'b']) await first.commit([change(run, 0)]);
    const { cursor } = await first.readRuns({ limit: 2 });
    const next = await bench.after('two');
    assert.ok(cursor !== null);
    assert.deepEqual(
      (await next.readRuns({ limit: 2, cursor })).runs.map(({ run }) => run),
      ['b'],
    );
  },
  'a cursor that no page can have given is refused, by its name (I10)': async (store) => {
    const odd = ['', '0', '01', '-1', '1.5', '1e3', ' 1', '1 ', 'abc', '9'.repeat(16), 7 as unknown as string];
    for (const cursor of odd) {
      await assert.rejects(
        async () => store.readRuns({ limit: 1, cursor }),
        ({ code, fields }: { code?: string; fields?: { option?: string; value?: unknown } }) =>
          code === 'option-invalid' && fields?.option === 'cursor' && fields.value === cursor,
      );
    }
  },
  'runs are narrowed by orchestrator and by status, in pages as well (P127)': async (store) => {
    for (let index = 0; index < 24; index += 1) {
      const status = index % 3 === 0 ? 'failed' : 'running';
      const orchestrator = index % 2 === 0 ? 'order' : 'refund';
      const run = `r${index}`;
      await store.commit([change(run, 0, { row: row(run, { orchestrator, status }) })]);
    }
    assert.equal((await pages(store, { limit: 5 })).length, 24);
    assert.equal((await pages(store, { limit: 5, orchestrator: 'order' })).length, 12);
    assert.equal((await pages(store, { limit: 8, status: 'failed' })).length, 8);
    assert.deepEqual(await pages(store, { limit: 3, orchestrator: 'refund', status: 'failed' }), [
      'r3',
      'r9',
      'r15',
      'r21',
    ]);
    assert.deepEqual(await pages(store, { limit: 3, orchestrator: 'nobody' }), []);
  },
  'runs are narrowed by their version and by what they were started with, alone and together, for the next owner, too (P126, P133)':
    async (first, bench) => {
      const long = 'ö'.repeat(3_000);
      const deep = { b: [1, { z: null, a: 'x' }], a: 'ä"\u0000' };
      for (let index = 0; index < 24; index += 1) {
        const run = `r${index}`;
        const metadata = {
          tenant: index % 2 === 0 ? 'acme' : 'other',
          n: index % 3,
          long: `${long}${index % 4}`,
          deep,
          [run]: null,
        };
        const version = index % 6 === 0 ? '2' : '1';
        const status = index % 4 === 0 ? 'failed' : 'waiting';
        await first.commit([change(run, 0, { row: row(run, { version, status, metadata }) })]);
      }
      const odd = { tenant: 'acme\n', '': '', n: '0', 'a:b%': true, ...(JSON_VALUES.proto as JsonObject) };
      await first.commit([
        change('odd', 0, { row: row('odd', { version: '2\n:%', metadata: odd }) }),
        change('none', 0),
      ]);
      const every = (step: number, from = 0): string[] =>
        Array.from({ length: Math.ceil((24 - from) / step) }, (_, index) => `r${from + index * step}`);
      const read = async (store: Store): Promise<void> => {
        const found = async (query: Partial<RunQuery>): Promise<readonly string[]> => {
          const all = await pages(store, { limit: 100, ...query });
          for (const limit of [1, 2, 5]) assert.deepEqual(await pages(store, { limit, ...query }), all);
          return all;
        };
        assert.deepEqual(await found({ version: '2' }), every(6));
        assert.deepEqual(await found({ version: '2\n:%' }), ['odd']);
        assert.deepEqual(await found({ metadata: { tenant: 'acme' } }), every(2));
        assert.deepEqual(await found({ metadata: { tenant: 'acme', n: 0 } }), every(6));
        assert.deepEqual(await found({ metadata: { n: '0' } }), ['odd']);
        assert.deepEqual(await found({ metadata: { long: `${long}1` } }), every(4, 1));
        assert.deepEqual(await found({ metadata: { deep: { a: deep.a, b: [1, { a: 'x', z: null }] }, r7: null } }), [
          'r7',
        ]);
        assert.deepEqual(await found({ metadata: { deep: { a: deep.a } } }), []);
        assert.deepEqual(await found({ metadata: odd }), ['odd']);
        assert.deepEqual(await found({ metadata: { toString: 'x' } }), []);
        assert.deepEqual(await found({ metadata: { r7: false } }), []);
        assert.equal((await found({ metadata: {} })).length, 26);
        const both = { metadata: { tenant: 'acme' }, version: '1', orchestrator: 'order' } as const;
        assert.deepEqual(await found({ ...both, status: 'failed' }), ['r4', 'r8', 'r16', 'r20']);
        assert.deepEqual(await found({ ...both, status: 'waiting' }), ['r2', 'r10', 'r14', 'r22']);
        assert.deepEqual(await found({ ...both, orchestrator: 'refund' }), []);
        assert.deepEqual(await found({ version: '2', status: 'failed' }), every(12));
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'a run that another one has started says so, and is found by it, in pages and narrowed further, for the next owner, too (P133)':
    async (first, bench) => {
      const parents = ['p', 'p:%\n', '\ud800\u0000', ''];
      const from = (run: string, parent: string, more: Partial<RunRow> = {}) =>
        change(run, 0, { row: row(run, { parent: { run: parent, path: `t/${parent}` }, ...more }) });
      await first.commit([change('p', 0), ...parents.map((parent, at) => from(`one ${at}`, parent))]);
      await first.commit(parents.map((parent, at) => from(`two ${at}`, parent, { key: `k${at}`, version: '2' })));
      const ended = row('two 0', { parent: { run: 'p', path: 't/p' }, key: 'k0', version: '2', status: 'completed' });
      await first.commit([change('two 0', 1, { row: ended })]);
      const read = async (store: Store): Promise<void> => {
        for (const [at, parent] of parents.entries()) {
          for (const limit of [1, 2, 5])
            assert.deepEqual(await pages(store, { limit, parent }), [`one ${at}`, `two ${at}`]);
          same((await store.readRun(`one ${at}`))?.parent, { run: parent, path: `t/${parent}` });
          same((await store.readOpen(`one ${at}`))?.row.parent, { run: parent, path: `t/${parent}` });
          assert.deepEqual(await pages(store, { limit: 2, parent, version: '2' }), [`two ${at}`]);
        }
        assert.equal(unfrozen((await store.readRuns({ limit: 1, parent: 'p' })).runs[0], 'row'), null);
        assert.deepEqual(await pages(store, { limit: 2, parent: 'p', status: 'completed' }), ['two 0']);
        assert.deepEqual(await pages(store, { limit: 2, parent: 'p', status: 'running', orchestrator: 'order' }), [
          'one 0',
        ]);
        assert.deepEqual(await pages(store, { limit: 2, parent: 'one 0' }), []);
        same(await store.readRun('two 0'), frozen(ended));
        same((await store.readRun('p'))?.parent, null);
      };
      await read(first);
      const next = await bench.after('the next owner');
      await read(next);
      assert.equal(await next.deleteRun('two 0'), true);
      assert.deepEqual(await pages(next, { limit: 2, parent: 'p' }), ['one 0']);
    },
  'a run is found by its metadata until it is deleted, whatever became of it (P126, P130)': async (store) => {
    const metadata = { tenant: 'acme' };
    const begin = (run: string) => store.commit([change(run, 0, { row: row(run, { metadata }) })]);
    for (const run of ['a', 'b', 'c']) await begin(run);
    await store.commit([change('b', 1, { row: row('b', { metadata, status: 'completed', output: 1 }) })]);
    assert.deepEqual(await pages(store, { limit: 2, metadata }), ['a', 'b', 'c']);
    assert.deepEqual(await pages(store, { limit: 2, metadata, status: 'completed' }), ['b']);
    assert.equal(await store.deleteRun('b'), true);
    assert.deepEqual(await pages(store, { limit: 2, metadata }), ['a', 'c']);
    await store.commit([change('b', 0)]);
    assert.deepEqual(await pages(store, { limit: 2, metadata }), ['a', 'c']);
    assert.deepEqual(await pages(store, { limit: 2, version: '1' }), ['a', 'c', 'b']);
  },
  'a run is found by its key, within its orchestrator, from its start to after its end (S17)': async (store) => {
    await store.commit([
      change('a', 0, { row: row('a', { key: 'k' }) }),
      change('b', 0, { row: row('b', { key: 'k', orchestrator: 'refund' }) }),
      change('c', 0),
      change('d', 0),
    ]);
    await store.commit([change('a', 1, { row: row('a', { key: 'k', status: 'completed' }) })]);
    assert.equal((await store.readRunByKey('order', 'k'))?.run, 'a');
    assert.equal((await store.readRunByKey('refund', 'k'))?.run, 'b');
    assert.equal(await store.readRunByKey('order', 'l'), null);
  },
  'a second run under a key is refused, and what was committed with it (S17)': async (store) => {
    const keyed = (run: string) => change(run, 0, { row: row(run, { key: 'k' }) });
    await store.commit([keyed('a')]);
    await assert.rejects(async () => await store.commit([change('c', 0), keyed('b')]));
    assert.equal((await store.readRunByKey('order', 'k'))?.run, 'a');
    assert.deepEqual(await pages(store, { limit: 10 }), ['a']);
  },
  'a definition is saved once and stays as it was (P124)': async (first, bench) => {
    const definition = { orchestrator: 'order', version: '1', hash: 'h', lines: ['order', '  ä "pay"', ''] };
    const other = { ...definition, hash: 'i', lines: [] };
    await first.saveDefinitions(frozen([definition, other]));
    await first.saveDefinitions(frozen([{ ...definition, lines: ['changed'] }, definition]));
    await first.saveDefinitions([]);
    const read = async (store: Store): Promise<void> => {
      same(await store.readDefinition('order', '1', 'h'), frozen(definition));
      same(await store.readDefinition('order', '1', 'i'), frozen(other));
      for (const [name, version, hash] of [
        ['order', '2', 'h'],
        ['refund', '1', 'h'],
        ['order', '1', 'j'],
      ] as const)
        assert.equal(await store.readDefinition(name, version, hash), null);
    };
    await read(first);
    await read(await bench.after('two'));
  },
  'what is not there is null, or an empty list': async (store) => {
    assert.deepEqual([await store.readRun('a'), await store.readOpen('a')], [null, null]);
    assert.equal(await store.readRunByKey('order', 'k'), null);
    assert.deepEqual([await store.readActors('a'), await store.readChildren('a', [''])], [[], []]);
    assert.deepEqual([await store.readAttempts('a'), await seqs(store, 'a')], [[], []]);
    assert.deepEqual(await store.readRuns({ limit: 10 }), { runs: [], cursor: null });
    assert.deepEqual(await store.claim(10), []);
    await store.commit([change('a', 0)]);
    assert.deepEqual([await store.readChildren('a', ['x']), await seqs(store, 'a', 99)], [[], []]);
  },
};
