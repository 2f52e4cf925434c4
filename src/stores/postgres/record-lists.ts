/** What is asked of records: one by its name, or a page of them by the index of whatever they are asked for by. */
import type { RecordQuery } from '../../store.ts';
import { numberIn } from '../cursor.ts';
import { recordEntry } from '../entries.ts';
import type { List } from './lists.ts';
import { toColumn } from './text.ts';

const COLUMNS = `runs.run, type, id, records.version, body, keys, records.number`;
/** Adds a record to a run, unless it has one of this name. A row if there is such a run, which is not deleted meanwhile. */
export const ADD_RECORD = `
  with found as (select number from runs where run = $1::text for share)
  select case
    when exists (select from records where records.run = found.number and type = $2::text and id = $3::text) then 0
    else write_record(found.number, $2::text, $3::text, $4::bigint, $5::json, $6::json, $7::json)
  end as done from found`;

const OF_RUN = `(select number from runs where run = $3::text)`;

export const SELECT_RECORD = `
  select ${COLUMNS} from runs, lateral (select * from records where records.run = runs.number and type = $2 and id = $3 offset 0) as records
  where runs.run = $1`;

/** The offsets keep the planner from any other order, which it would take while it thinks that there are few. */
const THEIR_RUNS = `lateral (select run from runs where runs.number = records.run offset 0) as runs`;

export function recordsOf({ type, run, key, limit, after }: RecordQuery): List {
  const values = [String(numberIn(after)), limit, ...(run === undefined ? [] : [toColumn(run)])];
  const given = (value: string): string => `$${values.push(value)}::text`;
  const narrowed = run === undefined ? '' : `run + 0 = ${OF_RUN} and`;
  if (key === undefined) {
    const found = `
      select * from records where ${narrowed} type || '' = ${given(toColumn(type))} and number + 0 > $1::bigint
      order by number + 0 limit $2::integer`;
    return { text: `select ${COLUMNS} from (${found}) as records, ${THEIR_RUNS} order by records.number`, values };
  }
  const entry = given(recordEntry(type, key.name, key.value));
  const found =
    run === undefined
      ? `select record from record_keys where entry = ${entry} and record > $1::bigint order by record limit $2::integer`
      : `select record from record_keys where ${narrowed} entry || '' = ${entry} and record + 0 > $1::bigint
          order by record + 0 limit $2::integer`;
  const records = `lateral (select * from records where records.number = found.record offset 0) as records`;
  return {
    text: `select ${COLUMNS} from (${found}) as found, ${records}, ${THEIR_RUNS} order by found.record`,
    values,
  };
}
