/** The last record under a key, for whoever asks again and again while runs come and go. */
import { memory, type Store } from 'signalbox';
import { expect, test } from 'vitest';
import { Tail } from '../../src/runtime/reading/tail.ts';
import { counted } from '../helpers/stores.ts';

const TYPE = 'keyed';

const ROW = {
  ...{ key: null, orchestrator: 'o', version: '1', hash: '', status: 'completed', input: null, output: null },
  ...{ error: null, reason: null, metadata: {}, startedAt: 0, endedAt: null, parent: null },
} as const;

async function add(store: Store, run: string): Promise<void> {
  await store.commit([
    {
      ...{ run, after: 0, fence: 1, row: { ...ROW, run }, actors: [], attempts: [], signals: [] },
      events: [{ run, seq: 1, at: 0, path: '', type: 'run.started', orchestrator: 'o', version: '1' }],
      records: [{ run, type: TYPE, id: TYPE, version: 1, body: null, keys: { key: 'k' } }],
    } as never,
  ]);
}

test.each([1, 2, 3])(
  'is found after the page that it was on has grown, and after all of that was deleted (pages of %d)',
  async (limit) => {
    const { store, calls } = counted(memory());
    await store.open({ name: 'p', lease: 1_000, now: () => 0, oneTime: true });
    const tail = new Tail(store, { type: TYPE, key: { name: 'key', value: 'k' }, limit });
    const last = async (): Promise<string | null> => (await tail.last())?.run ?? null;
    expect(await last()).toBeNull();
    for (let at = 1; at <= 7; at += 1) {
      await add(store, `r${at}`);
      expect(await last()).toBe(`r${at}`);
    }
    calls();
    await last();
    // What comes before the last page is not read again.
    expect(calls().readRecords).toBeLessThanOrEqual(2);
    for (let at = 7; at >= 1; at -= 1) {
      await store.deleteRun(`r${at}`);
      expect(await last()).toBe(at === 1 ? null : `r${at - 1}`);
    }
    await add(store, 'again');
    expect(await last()).toBe('again');
  },
);
