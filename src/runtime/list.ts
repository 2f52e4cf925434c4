/** Lists of runs, as the store narrows them. */
import { InvalidOption } from '../errors.ts';
import { isStatus, type Status } from '../events.ts';
import type { JsonObject } from '../json.ts';
import type { RunRow, Store } from '../store.ts';

/** Which runs to list, and where a page begins. */
export interface RunsQuery {
  readonly orchestrator?: string;
  readonly version?: string;
  /** As snapshots show it: a run that only waits is `waiting`, and not `running`. */
  readonly status?: Status;
  /** Runs that were started with these metadata, and perhaps more: `{ tenant: 'acme' }`. */
  readonly metadata?: JsonObject;
  /** How many at the most; 50 if nothing is said. */
  readonly limit?: number;
  /** What the page before answered with. */
  readonly cursor?: string;
}

/** A run in a list. */
export type RunSummary = Omit<RunRow, 'hash'>;

/** Runs in the order in which they were started. The cursor is null on the last page. */
export interface RunsPage {
  readonly runs: readonly RunSummary[];
  readonly cursor: string | null;
}

const MOST = 1_000;

/** One page of runs. */
export async function listRuns(store: Store, query: RunsQuery): Promise<RunsPage> {
  const { runs, cursor } = await store.readRuns({ ...checked(query), limit: query.limit ?? 50 });
  return { runs: runs.map(summaryOf), cursor };
}

function summaryOf({ hash: _, ...row }: RunRow): RunSummary {
  return Object.freeze(row);
}

function checked(query: RunsQuery): RunsQuery {
  const { limit, status, cursor } = query;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST)) {
    throw new InvalidOption({ option: 'limit', value: limit, expected: `a whole number from 1 to ${MOST}` });
  }
  if (status !== undefined && !isStatus(status)) {
    throw new InvalidOption({ option: 'status', value: status, expected: 'a status, like running or failed' });
  }
  if (cursor !== undefined && typeof cursor !== 'string') {
    throw new InvalidOption({ option: 'cursor', value: cursor, expected: 'the cursor that the page before gave' });
  }
  return query;
}
