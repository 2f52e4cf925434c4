/**
 * Interventions and decisions that were refused and that no turn of the run can tell of, because it has ended or nobody goes on with it
 * (S16, S20): who has tried what, and why nothing came of it, is added to the records that the run has.
 */
import { type Json, toJson } from '../json.ts';
import type { RecordRow, Store } from '../store.ts';

export async function keepRefusal(
  store: Store,
  record: Omit<RecordRow, 'version' | 'body'>,
  said: object,
): Promise<void> {
  const body: Json = toJson(said, `record of type "${record.type}"`, Number.POSITIVE_INFINITY);
  // A run that was deleted meanwhile takes none.
  await store.addRecord(Object.freeze({ ...record, keys: Object.freeze(record.keys), version: 1, body }));
}
