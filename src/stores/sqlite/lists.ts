/** The statement of a list of runs: it goes by the index of whatever narrows the list most, from the cursor on. */
import type { RunQuery } from '../../store.ts';
import { numberIn } from '../cursor.ts';
import { entriesOf } from '../entries.ts';

/** A statement, and what it takes. */
export interface List {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** Columns that are looked up by, each by an index of its name; the rarest first, as far as that can be said. */
const COLUMNS = ['parent', 'status', 'version', 'orchestrator'] as const;
/** What they are called, if not as in a query. */
const NAMES: { readonly [column: string]: string } = { parent: 'parent_run' };

export function listOf({ limit, cursor, metadata = {}, order = 'oldest', ...query }: RunQuery): List {
  const [beyond, way] = order === 'oldest' ? ['>', ''] : ['<', ' desc'];
  const [first, ...others] = entriesOf(metadata);
  const columns = COLUMNS.filter((column) => query[column] !== undefined);
  const [by] = columns;
  const from =
    first !== undefined
      ? // In this order: what a run was started with is the rarest.
        `run_metadata as first cross join runs on runs.number = first.run where first.entry = ? and first.run ${beyond} ?`
      : `runs ${by === undefined ? '' : `indexed by runs_by_${by}`} where number ${beyond} ?`;
  const narrowed = [
    ...others.map(
      () => `exists (select 1 from run_metadata as other where other.entry = ? and other.run = runs.number)`,
    ),
    ...columns.map((column) => `${NAMES[column] ?? column} = ?`),
  ];
  const values = columns.map((column) => query[column] as string);
  return {
    text: `select runs.* from ${[from, ...narrowed].join(' and ')} order by ${first === undefined ? 'number' : 'first.run'}${way} limit ?`,
    values: [...(first === undefined ? [] : [first]), numberIn(cursor, order), ...others, ...values, limit],
  };
}
