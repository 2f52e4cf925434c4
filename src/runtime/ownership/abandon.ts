/**
 * Abandoning a run (S18): it is ended by its rows alone, whoever owns it and whether or not anybody has its definition. The store
 * does that in one step. Here is what follows in this process: what it held of the run goes, and those who listen are told.
 */
import type { Clock } from '../../clock.ts';
import type { RunEvent } from '../../events.ts';
import type { AbandonedEvent, Store } from '../../store.ts';
import type { Host } from '../host.ts';
import type { HostOptions } from '../host-options.ts';

/** Abandons a run. False if there is no unfinished one. */
export type Abandon = (run: string, reason: string) => Promise<boolean>;

export function abandoning(
  host: Host,
  { store, clock, told }: { readonly store: Store; readonly clock: Clock; readonly told: HostOptions['told'] },
): Abandon {
  return async (run, reason) => {
    const end: AbandonedEvent = { run, at: clock.now(), path: '', type: 'run.cancelled', reason, abandoned: true };
    const seq = await store.abandonRun(Object.freeze(end));
    if (seq === null) return false;
    await host.forsake(run, seq);
    const row = await store.readRun(run);
    // Deleted by somebody else just now: nobody can be told what it was.
    if (row !== null) told({ id: run, metadata: row.metadata }, [{ ...end, seq } as RunEvent], true, row);
    return true;
  };
}
