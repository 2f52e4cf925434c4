/** Who has intervened in a run, or tried to (S16): the records, read back; and the attempts at a step, with what each was given. */
import { INTERVENTION, type InterveneMessage } from '../core/message.ts';
import { RERUN } from '../core/rerun.ts';
import type { Kinds } from '../core/kind.ts';
import type { Json, JsonObject } from '../json.ts';
import type { RecordQuery, RunRow, Store } from '../store.ts';
import { type AttemptRecord, attemptRecords, type EarlierInput } from './attempts.ts';
import { wholeRun } from './taken.ts';

/** An attempt to intervene, a refused one too. */
export interface InterventionRecord {
  readonly type: InterveneMessage['type'] | 'rerun';
  readonly path: string;
  readonly reason: string;
  readonly by: string | null;
  readonly at: number;
  /** The status that the step had; `ended` if it was not under way. */
  readonly before: string;
  /** And after it; left out of a rerun, and by an earlier version. */
  readonly after?: string;
  /** Why nothing was done; null if it was. */
  readonly refused: string | null;
  readonly input?: Json;
  readonly output?: Json;
  /** Of a retry with another input: the last attempt with the one before, and that one. */
  readonly attempt?: number;
  readonly replaced?: Json;
  /** Of a rerun: the run that goes on. */
  readonly run?: string;
}

const PAGE = 100;

/** Every attempt to intervene in a run, in the order in which they were made. */
export async function* interventionsOf(store: Store, run: string): AsyncGenerator<InterventionRecord, void, undefined> {
  // A run that has ended keeps no more records: what takes over from it has them.
  yield* recordsIn<InterventionRecord>(store, { type: INTERVENTION, run });
  yield* recordsIn<InterventionRecord>(store, { type: RERUN, key: { name: 'of', value: run } });
}

/** The bodies of records, page after page. */
export async function* recordsIn<T = JsonObject>(
  store: Store,
  query: Omit<RecordQuery, 'limit' | 'after'>,
): AsyncGenerator<T, void, undefined> {
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.readRecords({ ...query, limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { body } of page.records) yield body as unknown as T;
    after = page.cursor;
  }
}

/** Every attempt at a step with what it was given and what came of it, the first one first; none, if there is no such step or it has not begun. */
export async function attemptsAt(
  store: Store,
  kinds: Kinds,
  of: RunRow,
  path: string,
): Promise<readonly AttemptRecord[]> {
  const { actors, attempts } = await wholeRun(store, of);
  const row = actors.find((each) => each.path === path);
  if (row === undefined || kinds.get(row.kind).noun !== 'step') return [];
  const run = (row.memory.takenFrom as string | undefined) ?? of.run;
  const replaced: EarlierInput[] = [];
  for await (const record of recordsIn<InterventionRecord>(store, {
    type: INTERVENTION,
    run,
    key: { name: 'path', value: path },
  }))
    if (record.attempt !== undefined) replaced.push({ attempt: record.attempt, input: record.replaced ?? null });
  const earlier = attempts.filter((each) => each.path === path);
  return attemptRecords(row, earlier, replaced);
}
