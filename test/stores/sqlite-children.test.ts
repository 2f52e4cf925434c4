/** Which children a place has, in a SQLite file: those of a parent that has few are found one by one, over whatever is below them. */
import fc from 'fast-check';
import { sqlite } from 'signalbox/sqlite';
import type { ActorRow, ChildRow } from 'signalbox/store';
import { describe, expect, test } from 'vitest';
import { FEW } from '../../src/stores/sqlite/child-statements.ts';
import { actor, change } from '../../src/testing/conformance-rows.ts';

/** A store in which one run has these places, and another one some like them. */
function holding(paths: readonly string[]) {
  const store = sqlite(':memory:');
  store.open({ name: 'one', lease: 1, now: () => 0 });
  const rows = (run: string): ActorRow[] =>
    ['', ...paths].map((path) => actor(run, path, { state: 'completed', output: path, endedAt: 1 }));
  store.commit([change('before', 0, { actors: rows('before') }), change('r', 0, { actors: rows('r') })]);
  const children = (...parents: string[]) => store.readChildren('r', parents) as readonly ChildRow[];
  return { children, close: () => store.close() };
}

/** What stands in them by their paths alone, in the order in which they came. */
function childrenIn(paths: readonly string[], parent: string): string[] {
  const start = parent === '' ? '' : `${parent}/`;
  return paths.filter((path) => path.startsWith(start) && !path.slice(start.length).includes('/') && path !== '');
}

describe('the children of a place', () => {
  test('are those that its path says, whatever they are called and whatever is below them', () => {
    // What sorts before a slash, behind it, and as what comes behind all that is below a place.
    const name = fc.constantFrom('a', 'a0', 'a-b', 'a.', '0', '!', 'ä', '\u{10ffff}', 'b');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), (paths) => {
        const store = holding(paths);
        for (const parent of ['', 'a', 'a/a', 'a0', 'a-b', 'b', 'nobody'])
          expect([parent, store.children(parent)]).toEqual([
            parent,
            childrenIn(paths, parent).map((path) => ({ path, state: 'completed', output: path })),
          ]);
        store.close();
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, FEW / 2 - 1, FEW / 2, FEW - 2, FEW - 1, FEW, FEW + 1])(
    'are all there if they are %d, each with something below it',
    (count) => {
      const paths = Array.from({ length: count }, (_, at) => [`t/${at}`, `t/${at}/s`]).flat();
      const store = holding(['t', ...paths, 'u']);

      expect(store.children('t', '').map(({ path }) => path)).toEqual([...childrenIn(paths, 't'), 't', 'u']);
      store.close();
    },
  );

  test('are found at once, although there are a great many places below them', () => {
    const below = Array.from({ length: 5_000 }, (_, at) => `t/m/${at}`);
    const store = holding(['t', 't/m', ...below, 't/z']);

    expect(store.children('', 't').map(({ path }) => path)).toEqual(['t', 't/m', 't/z']);
    expect(store.children('t/m')).toHaveLength(5_000);
    store.close();
  });
});
