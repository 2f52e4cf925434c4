/** The statement of a list of runs: it goes by the index of whatever narrows the list most, from the cursor on. */
import type { RunQuery } from '../../store.ts';
import { numberIn } from '../cursor.ts';
import { entriesOf } from '../entries.ts';
import { RUN } from './statements.ts';
import { toColumn } from './text.ts';

/** A statement, and what it takes. */
export interface List {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** Columns that are looked up by. */
const COLUMNS = ['orchestrator', 'version', 'status', 'parent'] as const;
/** What they are called, if not as in a query. */
const NAMES: { readonly [column: string]: string } = { parent: 'parent_run' };

export function listOf({ limit, cursor, metadata = {}, order = 'oldest', ...query }: RunQuery): List {
  const [beyond, way] = order === 'oldest' ? ['>', ''] : ['<', ' desc'];
  const values: (string | number)[] = [String(numberIn(cursor, order)), limit];
  const given = (value: string): string => `$${values.push(value)}::text`;
  const [first, ...others] = entriesOf(metadata).map(given);
  const columns = COLUMNS.flatMap((column) => {
    const value = query[column];
    return value === undefined ? [] : [`runs.${NAMES[column] ?? column} = ${given(toColumn(value))}`];
  });
  const ends = `limit $2::integer`;
  if (first === undefined) {
    // As the indexes have it that are for one of these.
    const number = columns.length === 0 ? 'number' : 'number + 0';
    const where = [`${number} ${beyond} $1::bigint`, ...columns].join(' and ');
    return { text: `select ${RUN} from runs where ${where} order by ${number}${way} ${ends}`, values };
  }
  // What a run was started with is the rarest, so these are walked through, in their order, and no further than to the end of the page. The
  // offsets keep the planner from any other order, which it would take while it thinks that there are few.
  const also = others.map(
    (entry) =>
      `exists (select from run_metadata as other where other.entry = ${entry} and other.run = kept.run offset 0)`,
  );
  const kept = `select run from run_metadata where entry = ${first} and run ${beyond} $1::bigint order by run${way}`;
  const from = `(${kept}) as kept, lateral (select * from runs where runs.number = kept.run offset 0) as runs`;
  const where = ['true', ...also, ...columns].join(' and ');
  return { text: `select ${RUN} from ${from} where ${where} order by kept.run${way} ${ends}`, values };
}
