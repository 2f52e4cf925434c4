/** Lists of runs, as the store narrows them. */
import { isStatus, type Status } from '../events.ts';
import { DEFAULT_MAX_BYTES, type JsonObject, toJson } from '../json.ts';
import { rerunOf } from '../core/rerun.ts';
import { DELETIONS } from '../core/audit.ts';
import type { RunRow, Store } from '../store.ts';
import { ask, askOptions, isObject } from '../checks.ts';

/** Which runs to list, and where a page begins. */
export interface RunsQuery {
  readonly orchestrator?: string;
  readonly version?: string;
  /** As snapshots show it: a run that only waits is `waiting`, and not `running`. */
  readonly status?: Status;
  /** Runs that were started with these metadata, and perhaps more: `{ tenant: 'acme' }`. */
  readonly metadata?: JsonObject;
  /** Runs that this run has started. */
  readonly parent?: string;
  /** Runs that take over from this run (`run.rerun`). A page may have fewer than `limit`. */
  readonly rerunOf?: string;
  /** The order of their starts: `oldest` first, if nothing is said. With `newest`, what starts meanwhile is on no later page. */
  readonly order?: 'oldest' | 'newest';
  /** How many at the most; 50 if nothing is said. */
  readonly limit?: number;
  /** What the page before answered with, in the same order. */
  readonly cursor?: string;
}

/** A run in a list. */
export type RunSummary = Omit<RunRow, 'hash'>;

/** Runs in the order of their starts. The cursor is null on the last page. */
export interface RunsPage {
  readonly runs: readonly RunSummary[];
  readonly cursor: string | null;
}

const MOST = 1_000;

/** One page of runs. */
export async function listRuns(store: Store, query: RunsQuery): Promise<RunsPage> {
  const { rerunOf: of, ...wanted } = checked(query);
  const narrowed = of === undefined ? wanted : { ...wanted, parent: of };
  const asked = { ...narrowed, limit: query.limit ?? 50 };
  const page = await store.readRuns(asked);
  const isListed = ({ run }: RunRow): boolean => run !== DELETIONS || query.orchestrator === DELETIONS;
  const rest = page.runs.every(isListed) || page.cursor === null ? null : { ...asked, limit: 1, cursor: page.cursor };
  // In its place comes the next one.
  const next = rest === null ? null : await store.readRuns(rest);
  const runs = [...page.runs.filter(isListed), ...(next?.runs ?? [])];
  const { cursor } = next ?? page;
  return { runs: (of === undefined ? runs : runs.filter((row) => rerunOf(row) !== null)).map(summaryOf), cursor };
}

/** The runs that a run has started, in the order in which it did, page by page. */
export async function* childrenOf(store: Store, parent: string): AsyncGenerator<RunSummary, void, undefined> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: RunsPage = await listRuns(store, { parent, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.runs;
    cursor = page.cursor;
  }
}

/** The id of the run at the top of a run's family: of the first one that was not started by another. One that was deleted is the end of it. */
export async function rootOf(store: Store, row: RunRow): Promise<string> {
  let root = row.run;
  const seen = new Set<string>();
  for (let { parent } = row; parent !== null && !seen.has(parent.run); ) {
    root = parent.run;
    seen.add(root);
    parent = (await store.readRun(root))?.parent ?? null;
  }
  return root;
}

function summaryOf({ hash: _, ...row }: RunRow): RunSummary {
  return Object.freeze(row);
}

const KEYS = ['orchestrator', 'version', 'status', 'metadata', 'limit', 'cursor', 'parent', 'rerunOf', 'order'];

/** What only the store can know of a cursor, the store checks. */
function checked(query: RunsQuery): RunsQuery {
  askOptions('runs', query, KEYS);
  const { orchestrator, version, status, metadata, parent, rerunOf: of, limit, cursor, order } = query;
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  ask('orchestrator', orchestrator, 'the name of an orchestrator, a string', isText);
  ask('version', version, 'the version of an orchestrator, a string', isText);
  ask('status', status, 'a status, like running or failed', isStatus);
  ask('metadata', metadata, 'an object of JSON: what the runs were started with', isJsonObject);
  ask('parent', parent, 'the id of a run, a string', isText);
  ask('rerunOf', of, 'the id of a run, a string, and no parent beside it', (id) => isText(id) && parent === undefined);
  ask('order', order, `'oldest' or 'newest'`, (value) => value === 'oldest' || value === 'newest');
  ask('cursor', cursor, 'the cursor that the page before gave', isText);
  ask(
    'limit',
    limit,
    `a whole number from 1 to ${MOST}`,
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST,
  );
  return query;
}

function isJsonObject(value: unknown): boolean {
  if (!isObject(value) || Array.isArray(value)) return false;
  try {
    toJson(value, 'metadata', DEFAULT_MAX_BYTES);
    return true;
  } catch {
    // Whatever is wrong with it, it is told with the option and its value.
    return false;
  }
}
