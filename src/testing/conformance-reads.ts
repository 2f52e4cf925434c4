/** Cases for every store: what is read is what was written, in its order. */
import assert from 'node:assert/strict';
import type { Status } from '../events.ts';
import type { Json } from '../json.ts';
import type { ActorRow, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import {
  JSON_VALUES,
  actor,
  attempt,
  change,
  events,
  frozen,
  pathsOf,
  row,
  same,
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
      readChildren: (await store.readChildren('a', ['']))[0],
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
    assert.deepEqual(await pathsOf(store.readChildren('a', [''])), ['z', 'b', 'a']);
    assert.deepEqual(await pathsOf(store.readChildren('a', ['z'])), ['z/2', 'z/1']);
    assert.deepEqual(await pathsOf(store.readActors('a')), ['', 'z', 'b', 'z/2', 'a', 'z/1']);
  },
  'steps keep their order also over commits that tell no event': async (store) => {
    await store.commit([change('a', 0, { actors: [actor('a', '')] })]);
    for (const path of ['c', 'b', 'a'])
      await store.commit([change('a', 1, { row: null, events: [], actors: [actor('a', path)] })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', [''])), ['c', 'b', 'a']);
  },
  'the children of many parents are read at once, those of each parent in their order, and for the next owner, too (P131)':
    async (first, bench) => {
      const output = JSON_VALUES.odd as Json;
      const places = ['', 'a', 'a-b', 'a/x', 'a/x/y', 'ä%_', 'ä%_/😀', 'a-b/x', 'a/w'];
      await first.commit([change('a', 0, { actors: places.map((path) => actor('a', path, { input: path })) })]);
      const ended = actor('a', 'a/x/y', { state: 'completed', output });
      await first.commit([change('a', 1, { actors: [ended, actor('a', 'a/x', { state: 'skipped' })] })]);
      const read = async (store: Store): Promise<void> => {
        const under = async (...parents: string[]) => {
          const found = await store.readChildren('a', parents);
          return parents.map((parent) => {
            const from = parent === '' ? '' : `${parent}/`;
            return found.filter(
              ({ path }) => path.startsWith(from) && path !== '' && !path.slice(from.length).includes('/'),
            );
          });
        };
        const child = (path: string, more: Partial<ActorRow> = {}) => ({
          path,
          state: 'running',
          output: null,
          ...more,
        });
        const [root, a, x, none] = await under('', 'a', 'a/x', 'a-b/x');
        assert.deepEqual(
          root,
          ['a', 'a-b', 'ä%_'].map((path) => child(path)),
        );
        assert.deepEqual(a, [child('a/x', { state: 'skipped' }), child('a/w')]);
        assert.deepEqual(x, [child('a/x/y', { state: 'completed', output })]);
        assert.deepEqual(none, []);
        assert.deepEqual(await under('ä%_', 'a-b'), [[child('ä%_/😀')], [child('a-b/x')]]);
        assert.deepEqual([await store.readChildren('a', []), await store.readChildren('b', ['', 'a'])], [[], []]);
        assert.equal((await store.readChildren('a', ['', 'a', 'a/x', 'a-b', 'ä%_'])).length, places.length - 1);
        assert.equal(unfrozen((await store.readChildren('a', ['a/x']))[0], 'child'), null);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'what went wrong in a run is read without the rest of it, in the order in which it began, also by the next owner':
    async (first, bench) => {
      const error = { code: 'x', name: 'E', message: 'ä' };
      const failures = [
        actor('a', '', { state: 'failed', error }),
        actor('a', 'z', { state: 'timedOut', error }),
        actor('a', 'b', { state: 'compensationFailed' }),
      ];
      const others = ['completed', 'skipped', 'cancelled', 'compensated', 'retrying'] as const;
      const begun = [...failures.map(({ path }) => path), ...others].map((path) => actor('a', path, { input: 1 }));
      await first.commit([change('a', 0, { actors: begun })]);
      same(await first.readFailures('a'), []);
      const rest = others.map((state) => actor('a', state, { state, error }));
      // One that begins and fails with one commit.
      const late = actor('a', 'late', { state: 'failed', error: { ...error, fields: { a: [1] } } });
      await first.commit([change('a', 1, { actors: [...rest, ...[...failures].reverse(), late] }), change('b', 0)]);
      const read = async (store: Store): Promise<void> => {
        const expected = [...failures, late].map(({ path, state, error: why }) => ({ path, state, error: why }));
        same(await store.readFailures('a'), frozen(expected));
        assert.deepEqual([await store.readFailures('b'), await store.readFailures('c')], [[], []]);
        assert.equal(unfrozen((await store.readFailures('a'))[3], 'failure'), null);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'a thousand children come in the order in which they began, after every one has changed': async (store) => {
    const names = Array.from({ length: 1_000 }, (_, index) => `s${(index * 7) % 1_000}`);
    await store.commit([change('a', 0, { actors: [actor('a', ''), ...names.map((name) => actor('a', name))] })]);
    const ended = [...names].reverse().map((name) => actor('a', name, { state: 'completed', output: name }));
    await store.commit([change('a', 1, { actors: ended })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', [''])), names);
    assert.deepEqual(await pathsOf(store.readActors('a')), ['', ...names]);
    assert.deepEqual(
      (await store.readChildren('a', [''])).map(({ output }) => output),
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
      // Kept and taken before anything of it was committed.
      const both = signal('a', 'both', { takenBy: 'pay/next' });
      await first.commit([change('a', 1, { signals: [taken, direct, both, signal('a', 'c')] })]);
      const read = async (store: Store): Promise<void> => {
        const kept = [signal('a', 'b', { payload }), signal('a', 'y'), signal('a', 'c')];
        same((await store.readOpen('a'))?.signals, frozen(kept));
        same((await store.readOpen('b'))?.signals, frozen([signal('b', 'z', { name: 'other', sentAt: 0.5 })]));
        for (const each of [taken, direct, both, ...kept]) same(await store.readSignal('a', each.id), frozen(each));
        assert.deepEqual([await store.readSignal('a', 'x'), await store.readSignal('x', 'z')], [null, null]);
        assert.equal(unfrozen(await store.readSignal('a', 'b'), 'readSignal'), null);
      };
      await read(first);
      await read(await bench.after('two'));
    },
};
