/** One suite, every store: what `signalbox/testing` gives to the writer of a store holds for those that come with it. `conformance-thread.test.ts` has the files that are written on a thread. */
import { memory } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { type StorePlace, storeSuite } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { inFile } from '../helpers/conformance.ts';
import { later, wrapped } from '../helpers/stores.ts';

/** A memory store is its own place: whoever comes next opens the same object. */
function inMemory(wrap = (store: ReturnType<typeof memory>) => store): StorePlace {
  const store = wrap(memory());
  return { open: () => store };
}

const stores: Readonly<Record<string, () => StorePlace>> = {
  memory: () => inMemory(),
  'memory that answers later': () => inMemory(later),
  'a sqlite file': () => inFile(),
  'a sqlite file that is not synced': () => inFile({ synchronous: 'normal' }),
};

describe.each(Object.entries(stores))('%s (P88, P89)', (_, make) => {
  for (const { title, run } of storeSuite(make, { sequential: true })) test(title, run);
});

/** `:memory:` ends with its store, so what the next owner finds cannot be asked. */
describe('sqlite in memory', () => {
  const reopens = /next owner|claimed by another|who closes|exactly as|saved once|nobody has taken/;
  for (const { title, run } of storeSuite(() => ({ open: () => sqlite(':memory:') }), { sequential: true })) {
    test.skipIf(reopens.test(title))(title, run);
  }
});

describe('the suite sees a store that', () => {
  const broken: Readonly<Record<string, Partial<ReturnType<typeof memory>>>> = {
    'commits nothing': { commit: () => {} },
    'does not claim': { claim: () => [] },
    'finds no run by its key': { readRunByKey: () => null },
    'forgets attempts': { readAttempts: () => [] },
    'gives all events at once': { readEvents: () => [] },
    'saves no definition': { saveDefinitions: () => {} },
    'lets go of nothing': { close: () => {} },
    'deletes nothing': { deleteRun: () => false },
    'says that it has deleted, and has not': { deleteRun: () => true },
  };
  test.each(Object.entries(broken))('%s', { timeout: 120_000 }, async (_, over) => {
    const cases = storeSuite(() => inMemory((store) => wrapped(over, store)), { sequential: true });
    let isSeen = false;
    // To the first: what fails compares whole runs and says how they differ, which takes its time.
    for (const { run } of cases) {
      isSeen = await Promise.resolve(run()).then(
        () => false,
        () => true,
      );
      if (isSeen) break;
    }
    expect(isSeen).toBe(true);
  });
});
