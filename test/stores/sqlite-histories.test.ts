/**
 * The rows in which a SQLite file has the events of its runs. Commits that a run makes while it is alone share one; whatever
 * comes in between, every event is read once, in its order and with its time, from wherever one begins.
 */
import fc from 'fast-check';
import type { Store } from 'signalbox';
import type { RunChange, RunEvent } from 'signalbox/store';
import type { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { DO } from '../../src/stores/sqlite/batch.ts';
import { takeHold, Watch } from '../../src/stores/sqlite/hold.ts';
import { openWhole } from '../../src/stores/sqlite/open.ts';
import { Writer } from '../../src/stores/sqlite/writer.ts';
import { actor, change, row } from '../../src/testing/conformance-rows.ts';
import { inShell, newFile, query } from '../helpers/files.ts';
import { opened, owner } from '../helpers/sqlite.ts';

/** What a store was told of its runs, and what it must tell of them. */
class Tale {
  readonly store: Store;
  readonly told = new Map<string, readonly RunEvent[]>();

  constructor(store: Store) {
    this.store = store;
  }

  /** A change of so many events at these times; there is no run without one. */
  change(run: string, times: readonly number[], more: Partial<RunChange> = {}): RunChange {
    const after = this.of(run).length;
    const events = times.map(
      (at, index): RunEvent => ({ run, seq: after + index + 1, at, path: `p${at}`, type: 'track.started' }),
    );
    return change(run, after, { events, ...more });
  }

  /** Commits these, remembers that, and answers whether the thread was given it. */
  async commit(...changes: readonly RunChange[]): Promise<boolean> {
    const landed = this.store.commit(changes);
    await landed;
    for (const { run, events } of changes) this.told.set(run, [...this.of(run), ...events]);
    return landed instanceof Promise;
  }

  /** Commits these on the thread: with something large beside them, and once it has come up. */
  async commitOnThread(changes: readonly RunChange[], fence = 1): Promise<void> {
    const actors = Array.from({ length: 128 }, (_, at) => actor('large', `p${at}`));
    const large = change('large', 0, { events: [], actors, fence });
    await expect.poll(() => this.commit(large, change('small', 0, { events: [], fence }))).toBe(true);
    expect(await this.commit(...changes, large)).toBe(true);
  }

  of(run: string): readonly RunEvent[] {
    return this.told.get(run) ?? [];
  }

  /** Commits one event of each of these times, each by itself. */
  async tell(run: string, ...times: readonly number[]): Promise<void> {
    for (const at of times) await this.commit(this.change(run, [at]));
  }

  /** Everything, from every place on. */
  async check(file: string): Promise<void> {
    for (const [run, events] of this.told) {
      for (let after = 0; after <= events.length; after += 1) {
        expect(await this.store.readEvents(run, { after, limit: 1_000 })).toEqual(events.slice(after));
        expect(await this.store.readEvents(run, { after, limit: 2 })).toEqual(events.slice(after, after + 2));
      }
      expect((await this.store.readOpen(run))?.seq).toBe(events.length);
      const shown = query(file, `select seq, at, type, path from events where run = '${run}'`);
      expect(shown).toEqual(events.map(({ seq, at, type, path }) => ({ seq, at, type, path })));
    }
  }
}

/** The first and the last event of each row, in the order in which they were written. */
const rowsIn = (file: string): string[] =>
  query(file, 'select run, first, last, at from histories order by number').map(
    ({ run, first, last, at }) => `${run}: ${first} to ${last}, by ${at}`,
  );

function begun(options: Parameters<typeof sqlite>[1] = { thread: 'never' }) {
  const file = newFile();
  return { file, tale: new Tale(opened(file, options)) };
}

describe('the events of a run that is alone', () => {
  test('share a row, each with its time', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 5, 5, 7, 7, 6, 10_004);
    expect(rowsIn(file)).toEqual(['1: 1 to 6, by 5']);
    await tale.check(file);
  });

  test('share a row across commits that tell nothing', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 5);
    await tale.commit(tale.change('a', [], { row: null, actors: [actor('a', 'pay')] }));
    await tale.tell('a', 7);
    expect(rowsIn(file)).toEqual(['1: 1 to 2, by 5']);
    await tale.check(file);
  });

  test('have another one after ten seconds, and when the clock was set back', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 50, 10_049, 10_050, 10_051, 40, 41);
    expect(rowsIn(file)).toEqual(['1: 1 to 2, by 50', '1: 3 to 4, by 10050', '1: 5 to 6, by 40']);
    await tale.check(file);
  });

  test('have another one when there is no more room in it, and when one commit has many', async () => {
    const { file, tale } = begun();
    await tale.tell('a', ...Array.from({ length: 100 }, () => 5));
    const few = query(file, 'select last - first + 1 as events, length(events) as size from histories order by number');
    expect(few.map(({ events }) => events)).toEqual([44, 44, 12]);
    for (const { size } of few) expect(size).toBeLessThan(1_030);
    await tale.commit(
      tale.change(
        'a',
        Array.from({ length: 300 }, () => 5),
      ),
    );
    await tale.tell('a', 5, 5);
    await tale.commit(
      tale.change(
        'b',
        Array.from({ length: 300 }, () => 5),
      ),
    );
    await tale.tell('b', 5);
    expect(rowsIn(file).slice(-4)).toEqual([
      '1: 89 to 400, by 5',
      '1: 401 to 402, by 5',
      '2: 1 to 300, by 5',
      '2: 301 to 301, by 5',
    ]);
    await tale.check(file);
  });

  test('have another one where another run has had its say, and where several were committed together', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 1, 2);
    await tale.tell('b', 3);
    await tale.tell('a', 4, 5);
    await tale.commit(tale.change('b', [6]), tale.change('a', [7]));
    await tale.tell('a', 8);
    await tale.tell('b', 9);
    expect(rowsIn(file)).toEqual([
      '1: 1 to 2, by 1',
      '2: 1 to 1, by 3',
      '1: 3 to 4, by 1',
      '2: 2 to 2, by 6',
      '1: 5 to 6, by 7',
      '2: 3 to 3, by 6',
    ]);
    await tale.check(file);
  });

  test('have another one when the file was opened again', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 1, 2);
    await tale.store.close();
    await tale.store.open(owner('two', () => 3));
    await tale.store.claim(10);
    const change = { ...tale.change('a', [3]), fence: 2 };
    await tale.commit(change);
    expect(rowsIn(file)).toEqual(['1: 1 to 2, by 1', '1: 3 to 3, by 3']);
    await tale.check(file);
  });

  test('are not added to by a commit that fails, and the next one is told', async () => {
    const { file, tale } = begun();
    await tale.tell('a', 1, 2);
    const taken = row('c', { key: 'k' });
    await tale.commit(change('b', 0, { events: [], row: row('b', { key: 'k' }) }));
    await tale.tell('a', 3, 4);
    const fails = () => tale.store.commit([tale.change('a', [5]), change('c', 0, { row: taken })]);
    expect(fails).toThrow('runs.key');
    expect(rowsIn(file)).toEqual(['1: 1 to 4, by 1']);
    await tale.tell('a', 6, 7);
    expect(rowsIn(file)).toEqual(['1: 1 to 4, by 1', '1: 5 to 6, by 1']);
    await tale.check(file);
  });

  test('have another one where the thread has written some meanwhile', async () => {
    const { file, tale } = begun({ thread: 'large' });
    await tale.tell('a', 5, 5);
    await tale.commitOnThread([tale.change('a', [5])]);
    await tale.tell('a', 5, 5);
    expect(rowsIn(file)).toEqual(['1: 1 to 2, by 5', '1: 3 to 3, by 5', '1: 4 to 5, by 5']);
    await tale.check(file);
  });

  test('are not taken for those that a failed commit had, whose row the thread has written since', async () => {
    const { file, tale } = begun({ thread: 'large' });
    await tale.commit(change('b', 0, { events: [], row: row('b', { key: 'k' }) }));
    await tale.commitOnThread([tale.change('a', [1])]);
    const [event] = tale.change('a', [2]).events;
    const failed = { ...tale.change('a', [2]), events: [{ ...(event as RunEvent), path: 'failed' }] };
    expect(() => tale.store.commit([failed, change('c', 0, { row: row('c', { key: 'k' }) })])).toThrow('runs.key');
    await tale.commitOnThread([tale.change('a', [2])]);
    await tale.tell('a', 2, 2);
    await tale.check(file);
  });
});

test('a row is added to only if it is as it was left', () => {
  const file = newFile();
  const db = openWhole('a store', file, 'full', undefined, 0);
  const writer = new Writer(db, new Watch(db, takeHold(db, file)));
  const tell = (seq: number) => writer.write([[DO.goOn, 1, DO.history, seq, seq, 0, `[["${seq}",""]]`]]);
  tell(1);
  tell(2);
  inShell(file, (shell) => shell.exec('update histories set last = 9'));
  tell(3);
  tell(4);
  db.close();
  expect(query(file, 'select first, last, events from histories order by number')).toEqual([
    { first: 1, last: 9, events: '[["1",""],["2",""]]' },
    { first: 3, last: 4, events: '[["3",""],["4",""]]' },
  ]);
});

test('whatever is committed in whatever order, each event is told once, in its order and with its time', async () => {
  const run = fc.constantFrom('a', 'b', 'c');
  const times = fc.array(fc.constantFrom(0, 0, 0, 1, 500, 9_999, 20_000, -1, -30_000), { minLength: 1, maxLength: 8 });
  const one = fc.record({ is: fc.constant('alone' as const), runs: fc.tuple(run), times });
  const several = fc.record({
    is: fc.constantFrom('together' as const, 'refused' as const, 'large' as const),
    runs: fc.uniqueArray(run, { minLength: 2, maxLength: 3 }),
    times,
  });
  const again = fc.record({ is: fc.constant('again' as const), runs: fc.constant([]), times: fc.constant([]) });
  const act = fc.oneof(
    { weight: 8, arbitrary: one },
    { weight: 3, arbitrary: several },
    { weight: 1, arbitrary: again },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
      const file = newFile();
      const tale = new Tale(opened(file));
      await tale.commit(change('taken', 0, { events: [], row: row('taken', { key: 'k' }) }));
      let now = 100_000;
      const fences = new Map<string, number>();
      for (const { is, runs, times } of acts) {
        const changesOf = () =>
          runs.map((id) =>
            tale.change(
              id,
              times.map((step) => (now += step)),
              { fence: fences.get(id) ?? 1 },
            ),
          );
        if (is === 'again') {
          await tale.store.close();
          await tale.store.open(owner(`owner ${now}`));
          for (const id of await tale.store.claim(10)) fences.set(id, (fences.get(id) ?? 1) + 1);
        } else if (is === 'large') await tale.commitOnThread(changesOf(), fences.get('large') ?? 1);
        else if (is !== 'refused') await tale.commit(...changesOf());
        else {
          const refused = change('other', 0, { row: row('other', { key: 'k' }) });
          await expect(async () => await tale.store.commit([...changesOf(), refused])).rejects.toThrow('runs.key');
        }
      }
      await tale.check(file);
    }),
    { numRuns: 50 },
  );
});
