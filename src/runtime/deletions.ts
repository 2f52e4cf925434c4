/**
 * Deletions: who has deleted runs (S39). All that a run has is deleted with it, so that is kept with another one: `~deletions`, a run that
 * has ended at once, and has nothing but these records. It is made with the first of them, and to delete it is to forget them.
 */
import { DELETIONS } from '../core/audit.ts';
import type { Clock } from '../clock.ts';
import { sha256 } from '../sha256.ts';
import type { RunChange, RunRow, Store } from '../store.ts';
import { addCommand, commandRecord, type Wanted } from './audit.ts';

interface KeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Commits a run that is made here. */
  bring(changes: readonly RunChange[]): Promise<void>;
}

export class Deletions {
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Keeps who wants a run deleted that has ended, before it is: of several who want it at once, the first. */
  async keep({ run, status, startedAt, endedAt }: RunRow, wanted: Wanted): Promise<void> {
    const { store, clock } = this.#options;
    if (run === DELETIONS) return;
    await this.#open();
    const asker = { ...wanted.asker, id: sha256(JSON.stringify([run, startedAt, endedAt])) };
    const came = { at: clock.now(), before: status, after: null, refused: null };
    await addCommand(store, DELETIONS, commandRecord({ ...wanted, asker, details: { run } }, came, { of: run }));
  }

  async #open(): Promise<void> {
    const { store, clock, bring } = this.#options;
    if ((await store.readRun(DELETIONS)) !== null) return;
    try {
      await bring([keeperAt(clock.now())]);
    } catch (error) {
      // Another process was faster.
      if ((await store.readRun(DELETIONS)) === null) throw error;
    }
  }
}

/** As late as there are dates: a store that deletes what ended long ago (`keep`) never finds the run old. */
const NEVER = 8_640_000_000_000_000;

/** A run that has begun and ended with one commit. */
function keeperAt(at: number): RunChange {
  const times = { startedAt: at, endedAt: at };
  const made = { run: DELETIONS, input: null, output: null, error: null, ...times } as const;
  const version = '1';
  const row = {
    ...made,
    key: null,
    orchestrator: DELETIONS,
    version,
    hash: '',
    status: 'completed',
    endedAt: NEVER,
  } as const;
  const place = { ...made, path: '', parent: null, kind: 'orchestrator', state: 'completed', attempt: 0 } as const;
  const told = { run: DELETIONS, at, path: '' } as const;
  return Object.freeze({
    run: DELETIONS,
    fence: 1,
    after: 0,
    row: Object.freeze({ ...row, reason: null, metadata: Object.freeze({}), parent: null }),
    actors: [Object.freeze({ ...place, memory: Object.freeze({}), due: null, attemptedAt: at, endedSeq: 2 })],
    attempts: [],
    events: [
      Object.freeze({ ...told, seq: 1, type: 'run.started', orchestrator: DELETIONS, version }),
      Object.freeze({ ...told, seq: 2, type: 'run.completed' }),
    ],
    signals: [],
  });
}
