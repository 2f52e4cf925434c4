/**
 * Abandoning a run (S18): it is ended by its rows alone, whoever owns it and whether or not anybody has its definition. The store
 * does that in one step. Here is what follows in this process: what it held of the run goes, and those who listen are told. Its child
 * runs are left as they are, which the log says.
 */
import type { Clock } from '../../clock.ts';
import type { RunEvent } from '../../events.ts';
import type { Logger } from '../../executor.ts';
import { isTerminal } from '../../status.ts';
import type { AbandonedEvent, Store } from '../../store.ts';
import type { Host } from '../host.ts';
import type { HostOptions } from '../host-options.ts';

/** Abandons a run. False if there is no unfinished one. */
export type Abandon = (run: string, reason: string) => Promise<boolean>;

interface AbandonOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly told: HostOptions['told'];
  readonly logger: Logger;
}

export function abandoning(host: Host, { store, clock, told, logger }: AbandonOptions): Abandon {
  return (run, reason) => host.ending(run, () => abandon(run, reason));

  async function abandon(run: string, reason: string): Promise<boolean> {
    const end: AbandonedEvent = { run, at: clock.now(), path: '', type: 'run.cancelled', reason, abandoned: true };
    const seq = await store.abandonRun(Object.freeze(end));
    if (seq === null) return false;
    await host.forsake(run, seq);
    const left = await leftBy(store, run).catch(() => null);
    if (left !== null) logger({ level: 'warn', message: left, run });
    const row = await store.readRun(run);
    // Deleted by somebody else just now: nobody can be told what it was.
    if (row !== null) told({ id: run, metadata: row.metadata }, [{ ...end, seq } as RunEvent], true, row);
    return true;
  }
}

const MOST_NAMED = 10;

/** The child runs that go on, or stand still, without anybody above them; null if there are none. */
async function leftBy(store: Store, run: string): Promise<string | null> {
  const { runs } = await store.readRuns({ parent: run, limit: 100 });
  const left = runs.filter(({ status }) => !isTerminal(status));
  if (left.length === 0) return null;
  const named = left.slice(0, MOST_NAMED).map((child) => `"${child.run}" (${child.status})`);
  const more = left.length > MOST_NAMED ? ', and more' : '';
  return `Run "${run}" was abandoned, and runs that it has started are left as they are: ${named.join(', ')}${more}. box.run(id).cancel() ends such a one, box.run(id).resume() lets one go on that is paused.`;
}
