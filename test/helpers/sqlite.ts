/** SQLite stores without a box: opened on a file until the test is over, and rows to put into them. */
import type { Store } from 'signalbox';
import type { RunRow } from 'signalbox/store';
import { type SqliteStore, sqlite } from 'signalbox/sqlite';
import { onTestFinished } from 'vitest';

export const owner = (name = 'one', now = () => 0) => ({ name, lease: 10_000, now });

export function opened(file: string, options: Parameters<typeof sqlite>[1] = {}, now = () => 0): SqliteStore {
  const store = sqlite(file, options);
  store.open(owner('one', now));
  onTestFinished(() => void store.close());
  return store;
}

/** A run of one step, one attempt and one event. */
export function write(store: Store, run: string, endedAt: number | null = null): void | Promise<void> {
  const row: RunRow = {
    run,
    key: `key of ${run}`,
    orchestrator: 'order',
    version: '1',
    hash: 'h',
    status: endedAt === null ? 'running' : 'completed',
    input: { n: 1 },
    output: null,
    error: null,
    reason: null,
    metadata: {},
    startedAt: 0,
    endedAt,
    parent: null,
  };
  const error = { code: 'task-failed', name: 'Error', message: 'busy' };
  const common = { run, attempt: 1, startedAt: 0, error };
  const { status: state } = row;
  const step = { ...common, parent: '', kind: 'task', state, input: null, output: null, memory: {}, due: 5 };
  return store.commit([
    {
      run,
      fence: 1,
      after: 0,
      row,
      actors: [{ ...step, path: 'pay', attemptedAt: 0, endedAt, endedSeq: endedAt === null ? null : 1 }],
      attempts: [{ ...common, path: 'pay', endedAt: 0 }],
      events: [{ run, seq: 1, at: 0, type: 'run.started', path: '', orchestrator: 'order', version: '1' }],
      signals: [],
    },
  ]);
}

export const thrownBy = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
};
