/** Who has intervened in a run, or tried to (S16): the records, read back. */
import { INTERVENTION, type InterveneMessage } from '../core/message.ts';
import type { Json } from '../json.ts';
import type { Store } from '../store.ts';

/** An attempt to intervene, a refused one too. */
export interface InterventionRecord {
  readonly type: InterveneMessage['type'];
  readonly path: string;
  readonly reason: string;
  readonly by: string | null;
  readonly at: number;
  /** The status that the step had; `ended` if it was not under way. */
  readonly before: string;
  /** Why nothing was done; null if it was. */
  readonly refused: string | null;
  readonly input?: Json;
  readonly output?: Json;
}

const PAGE = 100;

/** Every attempt to intervene in a run, in the order in which they were made. */
export async function* interventionsOf(store: Store, run: string): AsyncGenerator<InterventionRecord, void, undefined> {
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.readRecords({
      type: INTERVENTION,
      run,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { body } of page.records) yield body as unknown as InterventionRecord;
    after = page.cursor;
  }
}
