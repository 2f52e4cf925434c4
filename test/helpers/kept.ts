/**
 * What a store is given while runs are played, commit by commit, as text that people can read and compare: of a row that is known
 * already, what has changed. Times count from the first one; ids of chance and stacks, which are others each time, are folded.
 */
import { memory, type Store } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { folding } from './folding.ts';
import { wrapped } from './stores.ts';

type Row = { readonly [column: string]: unknown };

/** What most rows have there when they are new: it is left out. What is not there at all is said to be so. */
const USUAL: Row = {
  key: null,
  input: null,
  output: null,
  error: null,
  reason: null,
  metadata: {},
  memory: {},
  due: null,
  endedAt: null,
  endedSeq: null,
  parent: null,
};

export interface Keeping {
  readonly store: Store;
  /** Everything so far. */
  readonly lines: readonly string[];
  /** Says something between two commits. */
  note(line: string): void;
}

/** `inner`, with what each commit brings in `lines`. `start`: when the clock began. */
export function keeping(start: number, inner: Store = memory()): Keeping {
  const lines: string[] = [];
  const known = new Map<string, Row>();
  const fold = folding(start);
  const told = (row: Row): string =>
    JSON.stringify(row, (name, value) => {
      if (name === 'stack') return undefined;
      return value === undefined ? '<undefined>' : fold(name, value);
    });
  const changed = (sort: string, name: string, row: Row): void => {
    const before = known.get(`${sort} ${name}`) ?? { ...USUAL, run: row.run, path: row.path };
    known.set(`${sort} ${name}`, row);
    const columns = Object.entries(row).filter(
      ([column, value]) => JSON.stringify(before[column]) !== JSON.stringify(value),
    );
    lines.push(`  ${sort} ${fold('', name)} ${told(Object.fromEntries(columns))}`);
  };
  const write = ({ run, after, fence, ...change }: RunChange): void => {
    const id = (path: string): string => `${run}:${path}`;
    lines.push(`  ${fold('', run)}, behind ${after} events, fence ${fence}`);
    if (change.row !== null) changed('run', run, change.row as unknown as Row);
    for (const row of change.actors) changed('place', id(row.path), row as unknown as Row);
    for (const row of change.attempts) changed('attempt', id(`${row.path}#${row.attempt}`), row as unknown as Row);
    for (const { run: _, seq, at, type, path, ...rest } of change.events)
      lines.push(`  event ${seq} ${fold('', at)} ${type} ${path} ${told(rest)}`);
    for (const row of change.signals) changed('signal', id(row.id), row as unknown as Row);
    for (const name of change.recordsGone ?? []) lines.push(`  record gone ${told(name as unknown as Row)}`);
    for (const row of change.records ?? []) changed('record', `${row.type} ${row.id}`, row as unknown as Row);
    for (const path of change.forgotten ?? []) lines.push(`  forgotten ${path}`);
  };
  const commit = (changes: readonly RunChange[]): void | Promise<void> => {
    lines.push('commit');
    for (const change of changes) write(change);
    return inner.commit(changes);
  };
  return { store: wrapped({ commit }, inner), lines, note: (line) => void lines.push(line) };
}
