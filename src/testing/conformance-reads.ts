/** Cases for every store: what is read is what was written, in its order, page by page. */
import assert from 'node:assert/strict';
import type { Status } from '../events.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ActorRow, RunQuery, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import {
  JSON_VALUES,
  actor,
  attempt,
  change,
  events,
  frozen,
  pages,
  pathsOf,
  row,
  same,
  seqs,
  signal,
  unfrozen,
} from './conformance-rows.ts';

export const ROWS: Readonly<Record<string, Check>> = {
  'rows come back exactly as they were written, whatever JSON is in them (I10, P88)': async (first, bench) => {
    const error = { code: 'task-failed', name: 'Ä', message: 'x\u0000y', fields: { a: [1, null] }, stack: '' };
    const changes = Object.entries(JSON_VALUES).map(([run, value]) => {
      const metadata = { value };
      const end = { status: 'failed', endedAt: 7.5, error, reason: 'a "reason"\n😀' } as const;
      return change(run, 0, {
        row: row(run, { key: `${run}/😀'"`, input: value, output: value, metadata, startedAt: 0.5, ...end }),
        actors: [
          actor(run, '', { kind: '', input: value, output: value, memory: metadata, due: 9e15 }),
          actor(run, '%"/😀', { attempt: 0, state: 'failed', error, attemptedAt: -1, startedAt: 1.5 }),
        ],
        attempts: [attempt(run, 'ä', 1, 'ö'.repeat(100)), { ...attempt(run, 'ä', 2), error }],
        events: [
          { run, seq: 1, at: 1.5, path: 'ä', type: 'step.failed', attempt: 3, error },
          { run, seq: 2, at: 9e15, path: '', type: 'run.cancelled', reason: null },
          { run, seq: 3, at: 0, path: '', type: 'run.started', orchestrator: '', version: '😀' },
        ],
      });
    });
    await first.commit(changes);
    const read = async (store: Store): Promise<void> => {
      for (const written of changes) {
        const { run } = written;
        same(await store.readRun(run), written.row);
        same((await store.readOpen(run))?.row, written.row ?? undefined);
        same(await store.readRunByKey('order', `${run}/😀'"`), written.row);
        same(await store.readActors(run), written.actors);
        same(await store.readAttempts(run), written.attempts);
        same(await store.readEvents(run, { after: 0, limit: 10 }), written.events);
      }
    };
    await read(first);
    await read(await bench.after('two'));
  },
  'what is read is frozen all through, so that nobody can change it behind anybody (I10)': async (store) => {
    const value = JSON_VALUES.odd as Json;
    const error = { code: 'x', name: 'E', message: 'm', fields: { value } };
    const event = { run: 'a', seq: 1, at: 1, path: 'p', type: 'step.failed', attempt: 1, error } as const;
    const definition = { orchestrator: 'order', version: '1', hash: 'h', lines: ['a'] };
    await store.saveDefinitions(frozen([definition]));
    await store.commit([
      change('a', 0, {
        row: row('a', { key: 'k', input: value, output: value, error, metadata: { value } }),
        actors: [actor('a', ''), actor('a', 'p', { input: value, output: value, error, memory: { value } })],
        attempts: [{ ...attempt('a', 'p', 1), error }],
        events: [event],
      }),
    ]);
    const open = await store.readOpen('a');
    const rows = {
      readRun: await store.readRun('a'),
      readRunByKey: await store.readRunByKey('order', 'k'),
      readRuns: (await store.readRuns({ limit: 1 })).runs[0],
      readOpenRow: open?.row,
      readOpenSteps: open?.open[0],
      readActors: (await store.readActors('a'))[1],
      readChildren: (await store.readChildren('a', ''))[0],
      readAttempts: (await store.readAttempts('a'))[0],
      readEvents: (await store.readEvents('a', { after: 0, limit: 1 }))[0],
      readDefinition: await store.readDefinition('order', '1', 'h'),
    };
    const found = Object.entries(rows).flatMap(([name, read]) => unfrozen(read, name) ?? []);
    assert.deepEqual(found, [], 'these are not frozen');
  },
  'a row of nothing but nulls and empty texts comes back as it was (I10)': async (store) => {
    const empty = row('', { orchestrator: '', version: '', hash: '', startedAt: 0 });
    await store.commit([change('', 0, { row: empty, actors: [actor('', '', { kind: '' })] })]);
    same(await store.readRun(''), frozen(empty));
    same(await store.readActors(''), frozen([actor('', '', { kind: '' })]));
    await store.commit([change('', 1, { row: { ...empty, output: '', reason: '' } })]);
    same(await store.readRun(''), frozen({ ...empty, output: '', reason: '' }));
  },
  'a run, and a step, are read as they were last written': async (store) => {
    const began = actor('a', 'pay', { input: 1, startedAt: 3, due: 5, memory: { tries: 1 } });
    await store.commit([change('a', 0, { actors: [began] })]);
    const error = { code: 'x', name: 'E', message: 'm' };
    for (const [at, more] of [
      { state: 'retrying', attempt: 2, error, due: 8, memory: { tries: 2 }, attemptedAt: 4 },
      { state: 'completed', attempt: 3, error: null, due: null, output: { n: 1 }, memory: {}, endedAt: 9 },
    ].entries()) {
      const now = { ...began, ...(more as Partial<ActorRow>) };
      const changed = row('a', { status: at === 0 ? 'running' : 'completed', output: at });
      await store.commit([change('a', at + 1, { row: changed, actors: [now] })]);
      same(await store.readActors('a'), frozen([now]));
      same(await store.readRun('a'), frozen(changed));
    }
  },
  'steps keep the order in which they began, also when they change in another (P88, P131)': async (store) => {
    await store.commit([change('a', 0, { actors: ['', 'z', 'b'].map((path) => actor('a', path)) })]);
    const second = [actor('a', 'z/2'), actor('a', 'b', { state: 'completed' }), actor('a', 'a')];
    await store.commit([change('a', 1, { actors: second })]);
    await store.commit([change('a', 2, { actors: [actor('a', 'z/1'), actor('a', 'z', { state: 'completed' })] })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', '')), ['z', 'b', 'a']);
    assert.deepEqual(await pathsOf(store.readChildren('a', 'z')), ['z/2', 'z/1']);
    assert.deepEqual(await pathsOf(store.readActors('a')), ['', 'z', 'b', 'z/2', 'a', 'z/1']);
  },
  'steps keep their order also over commits that tell no event': async (store) => {
    await store.commit([change('a', 0, { actors: [actor('a', '')] })]);
    for (const path of ['c', 'b', 'a'])
      await store.commit([change('a', 1, { row: null, events: [], actors: [actor('a', path)] })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', '')), ['c', 'b', 'a']);
  },
  'a thousand children come in the order in which they began, after every one has changed': async (store) => {
    const names = Array.from({ length: 1_000 }, (_, index) => `s${(index * 7) % 1_000}`);
    await store.commit([change('a', 0, { actors: [actor('a', ''), ...names.map((name) => actor('a', name))] })]);
    const ended = [...names].reverse().map((name) => actor('a', name, { state: 'completed', output: name }));
    await store.commit([change('a', 1, { actors: ended })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', '')), names);
    assert.deepEqual(await pathsOf(store.readActors('a')), ['', ...names]);
    assert.deepEqual(
      (await store.readChildren('a', '')).map(({ output }) => output),
      names,
    );
  },
  'steps that are open are those that have not ended, whatever the end was called (I5)': async (store) => {
    const ended = ['completed', 'failed', 'timedOut', 'skipped', 'cancelled', 'compensated', 'compensationFailed'];
    const open = ['running', 'retrying', 'pending', 'waiting', 'paused', 'cancelling', 'compensating'];
    const actors = [...ended, ...open].map((state) => actor('a', state, { state: state as Status }));
    await store.commit([change('a', 0, { actors, events: events('a', 0, 3) })]);
    const found = await store.readOpen('a');
    assert.deepEqual(found && [await pathsOf(found.open), found.seq, found.fence, found.owner], [open, 3, 1, 'one']);
    same(found?.row, row('a'));
  },
  'attempts are kept beside each other, those of one step in order (P132)': async (store) => {
    await store.commit([change('a', 0, { attempts: [attempt('a', 'pay', 1), attempt('a', 'ask', 1)] })]);
    await store.commit([change('a', 1, { attempts: [attempt('a', 'pay', 2), attempt('a', 'pay', 3)] })]);
    const found = await store.readAttempts('a');
    assert.equal(found.length, 4);
    same(
      frozen(found.filter(({ path }) => path === 'pay')),
      frozen([1, 2, 3].map((number) => attempt('a', 'pay', number))),
    );
  },
  'signals that nobody has taken are read with their run, in the order in which they came; all by their id (S17)':
    async (first, bench) => {
      const payload = { texts: JSON_VALUES.texts as Json, odd: JSON_VALUES.odd as Json };
      await first.commit([
        change('a', 0, { signals: [signal('a', 'z'), signal('a', 'b', { payload }), signal('a', 'y')] }),
        change('b', 0, { signals: [signal('b', 'z', { name: 'other', sentAt: 0.5 })] }),
      ]);
      const taken = signal('a', 'z', { takenBy: 'pay/wait' });
      const direct = signal('a', 'a/😀', { answer: 'accepted', takenBy: 'ask' });
      await first.commit([change('a', 1, { signals: [taken, direct, signal('a', 'c')] })]);
      const read = async (store: Store): Promise<void> => {
        const kept = [signal('a', 'b', { payload }), signal('a', 'y'), signal('a', 'c')];
        same((await store.readOpen('a'))?.signals, frozen(kept));
        same((await store.readOpen('b'))?.signals, frozen([signal('b', 'z', { name: 'other', sentAt: 0.5 })]));
        for (const each of [taken, direct, ...kept]) same(await store.readSignal('a', each.id), frozen(each));
        assert.deepEqual([await store.readSignal('a', 'x'), await store.readSignal('x', 'z')], [null, null]);
        assert.equal(unfrozen(await store.readSignal('a', 'b'), 'readSignal'), null);
      };
      await read(first);
      await read(await bench.after('two'));
    },
};

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
    assert.deepEqual([await store.readActors('a'), await store.readChildren('a', '')], [[], []]);
    assert.deepEqual([await store.readAttempts('a'), await seqs(store, 'a')], [[], []]);
    assert.deepEqual(await store.readRuns({ limit: 10 }), { runs: [], cursor: null });
    assert.deepEqual(await store.claim(10), []);
    await store.commit([change('a', 0)]);
    assert.deepEqual([await store.readChildren('a', 'x'), await seqs(store, 'a', 99)], [[], []]);
  },
};
