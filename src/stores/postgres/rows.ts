/** From rows as Postgres gives them to rows as the host takes them; what is checked stands in `src/stores/rows.ts`. */
import type { OpenRun } from '../../store.ts';
import { type Columns, ColumnReader } from '../rows.ts';
import { fromColumn } from './text.ts';

export class RowReader extends ColumnReader {
  /** `name` is what errors call the store. */
  constructor(name: string) {
    super(name, fromColumn);
  }

  /** A run with the steps and signals that came in its row. */
  open(columns: Columns): OpenRun {
    const row = this.run(columns);
    return {
      row,
      owner: typeof columns.owner === 'string' ? fromColumn(columns.owner) : null,
      fence: Number(columns.fence),
      seq: Number(columns.seq),
      open: rowsIn(columns.steps).map((step) => this.step(row.run, step)),
      signals: rowsIn(columns.signals).map((signal) => this.signal(signal)),
    };
  }
}

/** A list of rows in a column; none if it is empty. */
function rowsIn(list: Columns[string] | undefined): readonly Columns[] {
  return typeof list === 'string' ? (JSON.parse(list) as readonly Columns[]) : [];
}
