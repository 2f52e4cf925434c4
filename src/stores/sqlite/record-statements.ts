/** The statements on records, written out as those in `schema.ts`, which has the tables. */
import type { RecordQuery } from '../../store.ts';
import { numberIn } from '../cursor.ts';
import { recordEntry } from '../entries.ts';
import type { List } from './lists.ts';

export const FIND_RECORD = `select number, keys from records where run = ? and type = ? and id = ?`;

export const INSERT_RECORD = `insert into records (run, type, id, version, body, keys) values (?, ?, ?, ?, ?, ?)`;

export const UPDATE_RECORD = `update records set version = ?, body = ?, keys = ? where number = ?`;

export const DELETE_RECORD = `delete from records where number = ?`;

export const INSERT_RECORD_KEY = `insert into record_keys (entry, record, run) values (?, ?, ?)`;

export const DELETE_RECORD_KEY = `delete from record_keys where entry = ? and record = ?`;

const COLUMNS = `runs.run as run, type, id, records.version as version, body, keys`;

export const SELECT_RECORD = `
  select ${COLUMNS} from records join runs on runs.number = records.run
  where records.run = (select number from runs where run = ?) and type = ? and id = ?`;

const OF_RUN = `(select number from runs where run = ?)`;

/** A page of records, by the index of whatever they are asked for by. */
export function recordsOf({ type, run, key, limit, after }: RecordQuery): List {
  const number = numberIn(after);
  const of = run === undefined ? [] : [run];
  if (key === undefined) {
    const index = run === undefined ? 'records_by_type' : 'records_of_run';
    const where = run === undefined ? 'type = ?' : `records.run = ${OF_RUN} and type = ?`;
    return {
      text: `
        select ${COLUMNS}, records.number as number from records indexed by ${index} cross join runs on runs.number = records.run
        where ${where} and records.number > ? order by records.number limit ?`,
      values: [...of, type, number, limit],
    };
  }
  const index = run === undefined ? '' : 'indexed by record_keys_of_run';
  return {
    text: `
      select ${COLUMNS}, record as number from record_keys ${index}
      cross join records on records.number = record cross join runs on runs.number = records.run
      where ${run === undefined ? '' : `record_keys.run = ${OF_RUN} and`} entry = ? and record > ? order by record limit ?`,
    values: [...of, recordEntry(type, key.name, key.value), number, limit],
  };
}
