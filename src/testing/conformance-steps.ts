/** Cases for every store: what has completed is read from its end, children come in pages, and what is forgotten is gone. */
import assert from 'node:assert/strict';
import { CommitConflict } from '../errors/index.ts';
import type { ActorRow, Store } from '../store.ts';
import type { Check } from './conformance.ts';
import { actor, attempt, change, events, frozen, pathsOf, refused, row, same, unfrozen } from './conformance-rows.ts';

const done = (path: string, endedSeq: number | null, more: Partial<ActorRow> = {}): ActorRow =>
  actor('a', path, { state: 'completed', endedSeq, ...more });

/** All that has completed, in pages of `limit`. */
async function completed(store: Store, limit: number, run = 'a'): Promise<string[]> {
  const paths: string[] = [];
  for (let before: number | null | undefined; before !== null; ) {
    const page = await store.readCompleted(run, before === undefined ? { limit } : { before, limit });
    paths.push(...page.map(({ path }) => path));
    before = page.length < limit ? null : (page.at(-1)?.endedSeq ?? null);
  }
  return paths;
}

export const STEPS: Readonly<Record<string, Check>> = {
  'the number of the event with which a step ended is kept, and none while it is open, also for the next owner (I10)':
    async (first, bench) => {
      const rows = [actor('a', ''), done('now', 7), actor('a', 'failed', { state: 'failed', endedSeq: 3 })];
      await first.commit([change('a', 0, { actors: [...rows, done('unknown', null)] })]);
      await first.commit([change('a', 1, { actors: [actor('a', 'later')] })]);
      const later = [done('later', 2_000_000_000), done('new', 9)];
      await first.commit([change('a', 2, { actors: later })]);
      const read = async (store: Store): Promise<void> => {
        same(await store.readActors('a'), frozen([...rows, done('unknown', null), ...later]));
        same((await store.readOpen('a'))?.open, frozen([actor('a', '')]));
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'what has completed comes from the last to the first, parents and steps alike, in pages, for the next owner, too':
    async (first, bench) => {
      const begun = ['', 't', 't/a', 't/b', 'u', 'u/a', 'f'].map((path) => actor('a', path, { input: { path } }));
      await first.commit([change('a', 0, { actors: begun, events: events('a', 0, 6) }), change('b', 0)]);
      await first.commit([change('a', 6, { actors: [done('t/b', 7), done('u/a', 9), done('u', 10)] })]);
      const value = { output: [{ a: null }], input: { path: 't/a' }, memory: { n: 2 } };
      const rest = [
        done('t/a', 8, value),
        done('t', 11),
        actor('a', 'f', { state: 'failed', endedSeq: 12 }),
        actor('a', 'skipped', { state: 'skipped', endedSeq: 13 }),
        // It begins and ends with this commit.
        done('quick', 14),
        done('', 15),
      ];
      await first.commit([change('a', 7, { row: row('a', { status: 'completed' }), actors: rest })]);
      const read = async (store: Store): Promise<void> => {
        const all = ['', 'quick', 't', 'u', 'u/a', 't/a', 't/b'];
        for (const limit of [1, 2, 3, 7, 100]) assert.deepEqual(await completed(store, limit), all);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 10, limit: 2 })), ['u/a', 't/a']);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 7, limit: 2 })), []);
        same((await store.readCompleted('a', { before: 9, limit: 1 }))[0], frozen(done('t/a', 8, value)));
        assert.equal(unfrozen((await store.readCompleted('a', { before: 9, limit: 1 }))[0], 'readCompleted'), null);
        assert.deepEqual([await completed(store, 2, 'b'), await completed(store, 2, 'nobody')], [[], []]);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'of those that completed with one event or without a number, the one that began last comes first, and a page has all of them, for the next owner, too':
    async (first, bench) => {
      const rows = [done('old 1', null), done('x', 5), done('old 2', null), done('y', 5), done('w', 6), done('z', 5)];
      await first.commit([change('a', 0, { actors: rows.map(({ path }) => actor('a', path)) })]);
      await first.commit([change('a', 1, { actors: [...rows].reverse() })]);
      const read = async (store: Store): Promise<void> => {
        const all = ['w', 'z', 'y', 'x', 'old 2', 'old 1'];
        for (const limit of [1, 2, 3, 4, 5, 6, 100]) assert.deepEqual(await completed(store, limit), all);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { limit: 2 })), ['w', 'z', 'y', 'x']);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 6, limit: 3 })), ['z', 'y', 'x']);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 5, limit: 1 })), ['old 2', 'old 1']);
        assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 0, limit: 9 })), []);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'a step that is undone has not completed any more, and pages go on where they were': async (store) => {
    const paths = Array.from({ length: 6 }, (_, index) => `s${index}`);
    await store.commit([change('a', 0, { actors: paths.map((path, index) => done(path, index + 1)) })]);
    let after = 1;
    const undone: string[] = [];
    for (;;) {
      const [last] = await store.readCompleted('a', { limit: 1 });
      if (last === undefined) break;
      undone.push(last.path);
      for (const state of ['compensating', 'compensated'] as const) {
        await store.commit([change('a', after, { actors: [{ ...actor('a', last.path, { state }) }] })]);
        after += 1;
        assert.equal((await completed(store, 2)).includes(last.path), false);
      }
    }
    assert.deepEqual(undone, [...paths].reverse());
  },
  'what completes between two pages is on the next ones, what had completed and is undone is not, and what was deleted is gone':
    async (store) => {
      const paths = ['s0', 's1', 's2', 's3', 's4', 's5'];
      // One of them ended when nobody noted the numbers of ends.
      const [late, old] = [actor('a', 'late'), done('old', null)];
      await store.commit([
        change('a', 0, { actors: [...paths.map((path, index) => done(path, 1 + 2 * index)), late, old] }),
      ]);
      assert.deepEqual(await pathsOf(store.readCompleted('a', { limit: 2 })), ['s5', 's4']);
      const undone = ['s3', 'old'].map((path) => actor('a', path, { state: 'compensating' }));
      await store.commit([change('a', 1, { actors: undone })]);
      assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 9, limit: 2 })), ['s2', 's1']);
      assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 2, limit: 2 })), ['s0']);
      // It has the place in the order that its event has.
      await store.commit([change('a', 2, { actors: [done('late', 4)] })]);
      assert.deepEqual(await pathsOf(store.readCompleted('a', { before: 9, limit: 3 })), ['s2', 'late', 's1']);
      // Undone, and completed once more.
      await store.commit([change('a', 3, { actors: [done('s3', 20)] })]);
      assert.deepEqual(await completed(store, 2), ['s3', 's5', 's4', 's2', 'late', 's1', 's0']);
      const over = row('a', { status: 'completed' });
      await store.commit([change('a', 4, { row: over, actors: [done('', 21)] })]);
      assert.deepEqual(await completed(store, 3), ['', 's3', 's5', 's4', 's2', 'late', 's1', 's0']);
      await store.deleteRun('a');
      await store.commit([change('a', 0, { actors: [done('new', 1), done('s1', 2), actor('a', 's2')] })]);
      assert.deepEqual(await completed(store, 1), ['s1', 'new']);
    },
  'of a run that was deleted nothing has completed in one that takes its name, whatever has come into its place':
    async (store) => {
      const rows = (run: string): ActorRow[] => [1, 2, 3].map((end) => ({ ...done(`s${end}`, end), run }));
      await store.commit([change('a', 0, { row: row('a', { status: 'completed' }), actors: rows('a') })]);
      assert.deepEqual(await completed(store, 1), ['s3', 's2', 's1']);
      await store.deleteRun('a');
      await store.commit([change('b', 0, { actors: rows('b') })]);
      await store.commit([change('a', 0, { actors: [actor('a', 's1')] })]);
      assert.deepEqual([await completed(store, 1), await completed(store, 1, 'b')], [[], ['s3', 's2', 's1']]);
    },
  'a thousand that have completed are read in pages of any size': async (store) => {
    const paths = Array.from({ length: 1_000 }, (_, index) => `s${index}`);
    await store.commit([change('a', 0, { actors: paths.map((path) => actor('a', path)) })]);
    const order = [...paths].sort();
    await store.commit([change('a', 1, { actors: order.map((path, index) => done(path, 2 + index)) })]);
    for (const limit of [300, 1_000, 2_000]) assert.deepEqual(await completed(store, limit), [...order].reverse());
  },
  'children come in pages in the order in which they began, and are counted by their states, for the next owner, too (P131)':
    async (first, bench) => {
      const names = ['z', 'b', 'y', 'a', 'x', 'é', 'c'];
      const below = names.flatMap((name) => [actor('a', `l/${name}/1`), actor('a', `l/${name}/1/2`)]);
      const others = ['l-1', 'l0', 'm', 'm/z'].map((path) => actor('a', path));
      const begun = ['', 'l', ...names.map((name) => `l/${name}`)].map((path) => actor('a', path));
      await first.commit([change('a', 0, { actors: [...begun, ...below, ...others] })]);
      await first.commit([
        change('a', 1, {
          actors: [done('l/y', 2, { output: [1] }), done('l/z', 3), actor('a', 'l/a', { state: 'failed' })],
        }),
      ]);
      await first.commit([change('a', 2, { actors: [actor('a', 'l/new', { state: 'waiting' })] })]);
      const all = [...names, 'new'].map((name) => `l/${name}`);
      const read = async (store: Store): Promise<void> => {
        const inPages = async (parent: string, limit: number): Promise<string[]> => {
          const paths: string[] = [];
          for (let page: string[] | null = null; page === null || page.length === limit; paths.push(...page)) {
            const after = paths.at(-1);
            page = await pathsOf(store.readChildren('a', [parent], after === undefined ? { limit } : { after, limit }));
            assert.ok(page.length <= limit, 'a page is longer than its limit');
          }
          return paths;
        };
        for (const limit of [1, 2, 3, 8, 100]) {
          assert.deepEqual(await inPages('l', limit), all);
          assert.deepEqual(await inPages('', limit), ['l', 'l-1', 'l0', 'm']);
        }
        assert.deepEqual(await pathsOf(store.readChildren('a', ['l'], {})), all);
        assert.deepEqual(await pathsOf(store.readChildren('a', ['l'], { after: 'l/a' })), all.slice(4));
        assert.deepEqual(await pathsOf(store.readChildren('a', ['l'], { after: 'l/gone', limit: 2 })), all.slice(0, 2));
        assert.deepEqual(await store.readChildren('a', ['l'], { after: 'l/b', limit: 1 }), [
          { path: 'l/y', state: 'completed', output: [1] },
        ]);
        assert.equal(unfrozen((await store.readChildren('a', ['l'], { after: 'l/b' }))[0], 'child'), null);
        assert.deepEqual(await store.readChildren('a', ['l/z/1/2'], { limit: 5 }), []);
        assert.deepEqual(await store.readChildren('b', ['l'], { limit: 5 }), []);
        const counts = { running: 4, completed: 2, failed: 1, waiting: 1 };
        assert.deepEqual(await store.countChildren('a', 'l'), counts);
        assert.deepEqual(await store.countChildren('a', ''), { running: 4 });
        assert.deepEqual(await store.countChildren('a', 'm'), { running: 1 });
        assert.deepEqual([await store.countChildren('a', 'm/z'), await store.countChildren('b', '')], [{}, {}]);
        assert.equal(unfrozen(await store.countChildren('a', 'l'), 'countChildren'), null);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'children that begin, end and are forgotten while others are read page by page come once, in their order': async (
    store,
  ) => {
    const some = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => actor('a', `l/${String((from + index) * 7)}`));
    await store.commit([change('a', 0, { actors: [actor('a', ''), actor('a', 'l'), ...some(0, 10)] })]);
    const page = async (after?: string) =>
      await pathsOf(store.readChildren('a', ['l'], after === undefined ? { limit: 4 } : { after, limit: 4 }));
    const first = await page();
    await store.commit([change('a', 1, { actors: [done('l/0', 2), done('l/63', 2), ...some(10, 14)] })]);
    const second = await page(first.at(-1));
    await store.commit([change('a', 2, { forgotten: ['l/0', 'l/63'] })]);
    const [third, fourth] = [await page(second.at(-1)), await page('l/84')];
    const paths = some(0, 14).map(({ path }) => path);
    assert.deepEqual([first, second], [paths.slice(0, 4), paths.slice(4, 8)]);
    assert.deepEqual([third, fourth], [[paths[8], ...paths.slice(10, 13)], [paths[13]]]);
    assert.deepEqual(await store.countChildren('a', 'l'), { running: 12 });
  },
  'a thousand children are counted, and read in pages of any size': async (store) => {
    const names = Array.from({ length: 1_000 }, (_, index) => `l/${(index * 7) % 1_000}`);
    await store.commit([change('a', 0, { actors: [actor('a', 'l'), ...names.map((name) => actor('a', name))] })]);
    const ended = names.slice(0, 700).map((name) => done(name, 2));
    await store.commit([change('a', 1, { actors: ended })]);
    assert.deepEqual(await store.countChildren('a', 'l'), { running: 300, completed: 700 });
    assert.deepEqual(await pathsOf(store.readChildren('a', ['l'], { limit: 600 })), names.slice(0, 600));
    const rest = await store.readChildren('a', ['l'], { after: names[599] as string, limit: 600 });
    assert.deepEqual(await pathsOf(rest), names.slice(600));
  },
  'places that are forgotten are gone with all that is below them and with their attempts, and their neighbours stay, for the next owner, too':
    async (first, bench) => {
      const paths = [
        '',
        'l',
        'l/1',
        'l/1/a',
        'l/1/a/b',
        'l/10',
        'l/1-a',
        'l/1 a',
        'l/2',
        'l/2/a',
        'l/é%_',
        'l/\ud800',
        'm',
      ];
      const names = [...paths, 'l/1\u0000', 'l/1\u0001', 'l/\ufffd', 'l/1\\'];
      const attempts = names.flatMap((path) => [attempt('a', path, 1), attempt('a', path, 2)]);
      const rows = names.map((path, at) => (path === '' || path === 'l' ? actor('a', path) : done(path, at + 1)));
      await first.commit([
        change('a', 0, { actors: rows, attempts, events: events('a', 0, 20) }),
        change('b', 0, { actors: [actor('b', 'l/1', { state: 'failed' })], attempts: [attempt('b', 'l/1', 1)] }),
      ]);
      const forgotten = ['l/1', 'l/é%_', 'l/\ud800', 'nobody', 'l/1/a', ''];
      await first.commit([change('a', 20, { forgotten })]);
      const gone = new Set(['l/1', 'l/1/a', 'l/1/a/b', 'l/é%_', 'l/\ud800']);
      const read = async (store: Store): Promise<void> => {
        const left = rows.filter(({ path }) => !gone.has(path));
        same(await store.readActors('a'), frozen(left));
        assert.deepEqual(
          (await pathsOf(store.readAttempts('a'))).sort(),
          left.flatMap(({ path }) => [path, path]).sort(),
        );
        assert.deepEqual(
          await pathsOf(store.readChildren('a', ['l'])),
          left.map(({ path }) => path).filter((path) => /^l\/[^/]*$/s.test(path)),
        );
        assert.deepEqual(await pathsOf(store.readChildren('a', ['l/1', 'l/1/a'])), []);
        assert.deepEqual(
          await completed(store, 2),
          left
            .map(({ path }) => path)
            .filter((path) => path !== '' && path !== 'l')
            .reverse(),
        );
        assert.deepEqual(await pathsOf((await store.readOpen('a'))?.open ?? []), ['', 'l']);
        assert.deepEqual([await pathsOf(store.readActors('b')), (await store.readAttempts('b')).length], [['l/1'], 1]);
        assert.equal((await store.readFailures('b')).length, 1);
        assert.equal((await store.readEvents('a', { after: 0, limit: 100 })).length, 21);
      };
      await read(first);
      await read(await bench.after('the next owner'));
    },
  'what begins after others were forgotten comes after what is there, and can have their names': async (store) => {
    const round = (number: number, more: Partial<ActorRow> = {}) => [
      actor('a', `l/${number}`, more),
      actor('a', `l/${number}/a`, more),
    ];
    await store.commit([change('a', 0, { actors: [actor('a', ''), actor('a', 'l'), ...round(1)] })]);
    for (let number = 1; number <= 20; number += 1) {
      const ended = round(number, { state: number % 3 === 0 ? 'failed' : 'completed', endedSeq: number });
      await store.commit([
        change('a', number, {
          actors: [...ended, ...round(number + 1)],
          attempts: [attempt('a', `l/${number}/a`, 1)],
          forgotten: number > 2 ? [`l/${number - 2}`] : [],
        }),
      ]);
    }
    assert.deepEqual(await pathsOf(store.readActors('a')), [
      '',
      'l',
      'l/19',
      'l/19/a',
      'l/20',
      'l/20/a',
      'l/21',
      'l/21/a',
    ]);
    assert.deepEqual(await pathsOf(store.readChildren('a', ['l'])), ['l/19', 'l/20', 'l/21']);
    assert.deepEqual(await pathsOf(store.readAttempts('a')), ['l/19/a', 'l/20/a']);
    assert.deepEqual(await completed(store, 1), ['l/20/a', 'l/20', 'l/19/a', 'l/19']);
    assert.deepEqual(await pathsOf(store.readFailures('a')), []);
    await store.commit([change('a', 21, { actors: round(1), forgotten: ['l/19'] })]);
    assert.deepEqual(await pathsOf(store.readChildren('a', ['l'])), ['l/20', 'l/21', 'l/1']);
    const open = await store.readOpen('a');
    assert.deepEqual(await pathsOf(open?.open ?? []), ['', 'l', 'l/21', 'l/21/a', 'l/1', 'l/1/a']);
  },
  'what ends or begins with the commit that forgets it is not written, also for the next owner': async (
    first,
    bench,
  ) => {
    await first.commit([change('a', 0, { actors: [actor('a', ''), actor('a', 'l'), actor('a', 'l/1')] })]);
    const [one, two] = [done('l/1', 2), done('l/2', 2)];
    await first.commit([
      change('a', 1, {
        actors: [one, two, actor('a', 'l/3'), done('l/2/a', 2)],
        attempts: [attempt('a', 'l/1', 1), attempt('a', 'l/2/a', 1), attempt('a', 'l/3', 1)],
        forgotten: ['l/1', 'l/2'],
      }),
      change('b', 0, { actors: [actor('b', 'x'), done('x/y', 1, { run: 'b' })], forgotten: ['x'] }),
    ]);
    await first.commit([change('a', 2, { actors: [actor('a', 'l/3', { attempt: 2 })] })]);
    const read = async (store: Store): Promise<void> => {
      assert.deepEqual(await pathsOf(store.readActors('a')), ['', 'l', 'l/3']);
      assert.deepEqual([await pathsOf(store.readAttempts('a')), await completed(store, 5)], [['l/3'], []]);
      assert.deepEqual(await store.readActors('b'), []);
    };
    await read(first);
    await read(await bench.after('the next owner'));
  },
  'a commit that is refused forgets nothing, and what was committed with it (I2, I3)': async (store) => {
    const rows = [actor('a', ''), done('x', 1)];
    await store.commit([change('a', 0, { actors: rows, attempts: [attempt('a', 'x', 1)] }), change('b', 0)]);
    await refused(() => store.commit([change('a', 1, { forgotten: ['x'] }), change('b', 0)]), CommitConflict);
    await refused(() => store.commit([change('a', 0, { forgotten: ['x'] })]), CommitConflict);
    same(await store.readActors('a'), frozen(rows));
    assert.equal((await store.readAttempts('a')).length, 1);
  },
  'a thousand places are forgotten at once': async (store) => {
    const paths = Array.from({ length: 1_000 }, (_, index) => `l/${index % 10}/${index}`);
    const parents = Array.from({ length: 10 }, (_, index) => `l/${index}`);
    await store.commit([change('a', 0, { actors: [...parents, ...paths].map((path) => done(path, 1)) })]);
    await store.commit([change('a', 1, { forgotten: parents.slice(1) })]);
    assert.equal((await store.readActors('a')).length, 101);
    await store.commit([change('a', 2, { forgotten: parents })]);
    assert.deepEqual(await store.readActors('a'), []);
  },
};
