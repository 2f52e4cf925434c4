/** Is what stands under a prefix of a format that can be read here? What an older version has written is brought to that of today. */
import { StoreUnusable } from '../../errors/index.ts';
import type { Connection } from './connection.ts';
import { idOf } from './keys.ts';
import { INDEX, MARK } from './list-scripts.ts';
import { indexesOf } from './lists.ts';
import type { RowReader } from './rows.ts';
import { PAGE } from './script.ts';

/** A number that grows when a reader of before could not read it any more, or would leave something out. */
const FORMAT = 3;
/** It had no lists by version and metadata, and none of what has failed. */
const FIRST = 1;

/** Looks at the format, and brings it up to date. Two that do so at once do the same. */
export async function keepFormat(connection: Connection, base: string, store: string, rows: RowReader): Promise<void> {
  const key = `${base}format`;
  const [, found] = await connection.sendAll<string>([
    ['SET', key, String(FORMAT), 'NX'],
    ['GET', key],
  ]);
  if (!(Number(found) <= FORMAT)) {
    const reason = `what is kept under ${base}* was written by a newer signalbox (format ${found}, this one knows ${FORMAT}). Update signalbox, or give the store a prefix of its own; nothing was changed.`;
    throw new StoreUnusable({ store, reason });
  }
  if (Number(found) === FORMAT) return;
  for (let from = 0, some = PAGE; some === PAGE; from += some) {
    const runs = await connection.send<string[]>('ZRANGE', `${base}runs`, String(from), String(from + PAGE - 1));
    if (Number(found) === FIRST) await fillLists(connection, base, rows, runs);
    await connection.run(MARK, [base], runs);
    some = runs.length;
  }
  await connection.send('SET', key, String(FORMAT));
}

async function fillLists(
  connection: Connection,
  base: string,
  rows: RowReader,
  runs: readonly string[],
): Promise<void> {
  const found = await connection.sendAll<(string | null)[]>(
    runs.map((run) => ['HMGET', `${base}run:${run}`, 'start', 'state']),
  );
  const values = runs.flatMap((run, index) => {
    const [start = null, state = null] = found[index] ?? [];
    try {
      return [run, indexesOf(rows.run(idOf(run), start, state))];
    } catch {
      // Deleted meanwhile; or it cannot be read, which is told to whoever reads it.
      return [];
    }
  });
  await connection.run(INDEX, [base], values);
}
