/** Lists of runs: which sorted sets a run stands in, and a page of those that stand in all that are asked for. */
import type { RunQuery, RunRow } from '../../store.ts';
import { numberIn } from '../cursor.ts';
import { entriesOf } from '../entries.ts';
import { part } from './keys.ts';
import { READ_RUNS } from './list-scripts.ts';
import type { Script } from './script.ts';

/** How a list asks: a script with its values, and the names of all lists by orchestrator and status. */
export interface Asking {
  run(script: Script, ...values: readonly string[]): Promise<readonly [after: string, found: readonly string[]]>;
  lists(): Promise<readonly string[]>;
}

/** Where a run stands all its life, a line each. */
export function indexesOf({ version, metadata, parent }: Pick<RunRow, 'version' | 'metadata' | 'parent'>): string {
  const from = parent === null ? [] : [parentList(parent.run)];
  return [versionList(version), ...entriesOf(metadata).map(entryList), ...from].join('\n');
}

function versionList(version: string): string {
  return `version:${part(version).replaceAll('\n', '%0A')}`;
}

function parentList(run: string): string {
  return `startedBy:${part(run).replaceAll('\n', '%0A')}`;
}

function entryList(entry: string): string {
  return `metadata:${part(entry)}`;
}

/** A page of runs, as their parts of a key, and the cursor for the next. */
export async function pageOf(
  query: RunQuery,
  asking: Asking,
): Promise<{ runs: readonly string[]; cursor: string | null }> {
  const { orchestrator, status, version, metadata = {}, parent, limit, order = 'oldest' } = query;
  const groups = [
    ...entriesOf(metadata).map((entry) => [entryList(entry)]),
    ...(parent === undefined ? [] : [[parentList(parent)]]),
    ...(version === undefined ? [] : [[versionList(version)]]),
  ];
  if (orchestrator !== undefined || status !== undefined) groups.push(await listsOf(orchestrator, status, asking));
  if (groups.length === 0) groups.push(['runs']);
  const lists = groups.flatMap((group) => [String(group.length), ...group]);
  const runs: string[] = [];
  for (let after = String(numberIn(query.cursor, order)); ; ) {
    const [next, found] = await asking.run(READ_RUNS, after, String(limit - runs.length), order, ...lists);
    for (let index = 0; index < found.length; index += 2) runs.push(found[index] as string);
    if (runs.length === limit) return { runs, cursor: next };
    if (next === '') return { runs, cursor: null };
    after = next;
  }
}

async function listsOf(
  orchestrator: string | undefined,
  status: string | undefined,
  asking: Asking,
): Promise<string[]> {
  const wanted = orchestrator === undefined ? undefined : part(orchestrator);
  const known = await asking.lists();
  return known
    .filter((list) => wanted === undefined || list.slice(0, list.lastIndexOf(':')) === wanted)
    .filter((list) => status === undefined || list.slice(list.lastIndexOf(':') + 1) === status)
    .map((list) => `runs:${list}`);
}
