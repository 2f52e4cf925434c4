/** The cursors of lists of runs: in every store the number of a page's last run, in the order of their starts. */
import { InvalidOption } from '../errors/index.ts';
import type { RunQuery } from '../store.ts';

/** What a cursor looks like: a number from 1 on, which a store can count. */
const MADE_HERE = /^[1-9]\d{0,14}$/;

/** The number after which the page begins, or before which, if the newest come first. A cursor that no page can have given is refused. */
export function numberIn(cursor: string | undefined, order: RunQuery['order'] = 'oldest'): number {
  if (cursor === undefined) return order === 'oldest' ? 0 : Number.MAX_SAFE_INTEGER;
  if (typeof cursor === 'string' && MADE_HERE.test(cursor)) return Number(cursor);
  throw new InvalidOption({ option: 'cursor', value: cursor, expected: 'the cursor that the page before gave' });
}
