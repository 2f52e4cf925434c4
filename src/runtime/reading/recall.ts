/** Reading a run back from the store. */
import { adopt, assemble, Misfit, parentsIn } from '../../core/assemble.ts';
import { DECIDERS, looksAtDeciders, recallDeciders } from '../../core/deciders.ts';
import type { Message } from '../../core/message.ts';
import { RERUN, rerunFrom, rerunOf, TAKEN } from '../../core/rerun.ts';
import type { Rules } from '../../core/port.ts';
import type { Owed } from '../../core/run.ts';
import type { Plan } from '../../definition.ts';
import { RowUnreadable } from '../../errors/index.ts';
import { APPROVAL_RECORD } from '../../people.ts';
import type { ChildCounts, OpenRun, RecordRow, Store } from '../../store.ts';
import { type Held, hold } from '../held.ts';

const PAGE = 100;

/** What is asked of a store beside what is open. */
type Read = Pick<Store, 'name' | 'readChildren' | 'countChildren' | 'readRecords'>;

/**
 * A run as its rows say that it stands. Its parents' children are one question to the store, however many parents there are; those of
 * parents that have a great many are counted, unless a turn has said that it needs them.
 */
export async function recall(
  rules: Rules,
  store: Read,
  plan: Plan,
  found: OpenRun,
  needed: ReadonlySet<string> | undefined,
): Promise<Held> {
  try {
    const run = assemble(rules, plan, found);
    const { rows, counts, known } = parentsIn(run, needed);
    const children = rows.length === 0 ? [] : await store.readChildren(run.id, rows);
    const counted = new Map<string, ChildCounts>(known);
    for (const parent of counts) counted.set(parent, await store.countChildren(run.id, parent));
    const adopted = adopt(rules, run, children, counted);
    const of = rerunOf(found.row);
    if (of !== null) adopted.rerun = rerunFrom(of.run, of.from, await recordsOf(store, run.id, [RERUN, TAKEN]));
    if (looksAtDeciders(plan.root)) recallDeciders(adopted, await recordsOfDeciders(store, run.id));
    return hold(adopted, found.fence, true);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const { path, message: reason } = error;
    throw new RowUnreadable({ store: store.name, table: 'steps', row: `${found.row.run}, ${path}`, reason });
  }
}

/** Who has decided what in a run, and in those that it takes over from. */
export function recordsOfDeciders(store: Pick<Store, 'readRecords'>, run: string): Promise<readonly RecordRow[]> {
  return recordsOf(store, run, [APPROVAL_RECORD, DECIDERS]);
}

/** All records of a run that are of these types. */
async function recordsOf(
  store: Pick<Store, 'readRecords'>,
  run: string,
  types: readonly string[],
): Promise<readonly RecordRow[]> {
  const records: RecordRow[] = [];
  for (const type of types) {
    for (let after: string | null | undefined; after !== null; ) {
      const page = await store.readRecords({ type, run, limit: PAGE, ...(after === undefined ? {} : { after }) });
      records.push(...page.records);
      after = page.cursor;
    }
  }
  return records;
}

/** Is this message what the owed effect would bring? */
export function answers(message: Message, owed: Owed): boolean {
  if (message.type !== 'answer' && message.type !== 'wake') return false;
  const isOfIt = message.path === owed.path && 'attempt' in owed && message.attempt === owed.attempt;
  return isOfIt && owed.do === (message.type === 'answer' ? message.from : 'wake');
}
