/** A run as one JSON document: everything that the store has of it, for people, archives and bug reports. */
import type { RunEvent } from '../events.ts';
import type { ActorRow, AttemptRow, RunRow, SignalRow, Store } from '../store.ts';
import type { WaitingFor } from '../core/effect.ts';
import { type Around, attemptsByPath, waitingFor } from './waiting-for.ts';

/** A row of the run's own place, a track or a step, and what it waits for: null once it has ended. */
export type ExportedStep = ActorRow & { readonly waitingFor: WaitingFor | null };

/** What the store has of a run, read piece by piece: of one that goes on meanwhile, the pieces may be of different moments. */
export interface RunExport {
  /** Grows when the document comes to mean something else. */
  readonly format: 1;
  /** Parts of it were blanked (S34): it is for reading, and no run can be made of it again. */
  readonly redacted: boolean;
  readonly run: RunRow;
  /** The run's own place, its tracks and its steps, in the order in which they began. */
  readonly steps: readonly ExportedStep[];
  /** Attempts that were followed by another. */
  readonly attempts: readonly AttemptRow[];
  /** Signals that no step has taken yet. */
  readonly signals: readonly SignalRow[];
  readonly events: readonly RunEvent[];
}

const PAGE = 1_000;

export async function exportRun(store: Store, run: RunRow, around: Around): Promise<RunExport> {
  const events: RunEvent[] = [];
  for (let after = 0; ; after = events.length) {
    const page = await store.readEvents(run.run, { after, limit: PAGE });
    events.push(...page);
    if (page.length < PAGE) break;
  }
  const rows = await store.readActors(run.run);
  const attempts = await store.readAttempts(run.run);
  const earlier = attemptsByPath(attempts);
  const steps = rows.map((row) => ({ ...row, waitingFor: waitingFor(row, earlier(row.path), around) }));
  const { signals = [] } = (await store.readOpen(run.run)) ?? {};
  return { format: 1, redacted: false, run, steps, attempts, signals, events };
}
