/**
 * `box.import`: a run that another store has exported becomes one of this store, in one commit, and goes on here as after a restart.
 * What comes is checked as what a stranger hands over: it is refused with a reason, or kept whole.
 */
import type { Clock } from '../../clock.ts';
import type { Plan } from '../../definition.ts';
import { CommitConflict, ImportRefused, LeaseLost, RunExists } from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import { type Json, sameJson } from '../../json.ts';
import { isTerminal } from '../../status.ts';
import type { RunChange, RunRow, Store } from '../../store.ts';
import type { Host } from '../host.ts';
import { pinnedPlan } from '../reading/pinned.ts';
import type { Starts } from '../starts.ts';
import { type Brought, documentOf, runIn } from './document.ts';
import { Unfit } from '../../forms.ts';
import { checkFit } from './fit.ts';

export interface ImportContext {
  readonly store: Store;
  /** By `planName`. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly host: Host;
  readonly starts: Pick<Starts, 'apart'>;
  readonly clock: Clock;
  readonly logger: Logger;
  checkOpen(): void;
}

/** Events are compared with those that are there so many at a time. */
const PAGE = 1_000;

/** Imports runs, all or none; those that are there already are left as they are. Answers with their ids once that is committed. */
export async function importRuns(context: ImportContext, exported: readonly unknown[]): Promise<readonly string[]> {
  const { store, plans, starts, host, clock } = context;
  const family: Brought[] = [];
  for (const each of exported) {
    await saying(runIn(each), async () => {
      const brought = documentOf(each, host.rules.maxValueBytes);
      if (family.some(({ row }) => row.run === brought.row.run)) throw new Unfit('run.run', 'it is there twice');
      await checkFit(host.rules, await pinnedPlan(store, plans, brought.row), brought, clock.now());
      family.push(brought);
    });
  }
  const rows = family.map(({ row }) => row);
  await starts.apart(rows, () => bring(context, family));
  return rows.map(({ run }) => run);
}

/** Does something about a run; what does not fit is refused in words. */
async function saying<T>(run: string | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    throw new ImportRefused({ run, at: error.at, why: error.message });
  }
}

async function bring(context: ImportContext, family: readonly Brought[]): Promise<void> {
  const { store, host, logger } = context;
  const isTold = (brought: Brought): Promise<boolean> => saying(brought.row.run, () => isThere(store, brought));
  const fresh: Brought[] = [];
  for (const brought of family) {
    const { run } = brought.row;
    if (!(await isTold(brought))) fresh.push(brought);
    // Its first commit may have landed although nobody heard so.
    else await host.handover.revive(run);
  }
  const parents = new Map(fresh.map(({ row }) => [row.run, row.parent?.run]));
  for (const brought of fresh) await saying(brought.row.run, () => checkKin(store, brought, parents));
  if (fresh.length === 0) return;
  context.checkOpen();
  try {
    await host.bring(fresh.map(changeOf));
  } catch (error) {
    const isTaken = [RunExists, CommitConflict, LeaseLost].some((kind) => error instanceof kind);
    if (!isTaken) throw error;
    // Another process was faster, perhaps with the very same.
    for (const brought of fresh) if (!(await isTold(brought))) throw error;
    return;
  }
  for (const { row, events } of fresh) {
    const { run, orchestrator, status } = row;
    const rest = isTerminal(status) ? `it had ended ${status}` : 'it goes on here';
    const message = `run of orchestrator "${orchestrator}" imported at event ${events.length}: ${rest}`;
    logger({ level: 'info', message, run });
  }
}

function changeOf({ row, steps: actors, attempts, signals, events, records }: Brought): RunChange {
  return { run: row.run, fence: 1, after: 0, row, actors, attempts, signals, events, records };
}

/** What is the same of a run wherever it is, and however far it has come. */
const SAME = ['orchestrator', 'version', 'hash', 'key', 'input', 'metadata', 'parent', 'startedAt'] as const;

/** Is this very run there, as far as it was exported or further? Throws for another run of its id or its key. */
async function isThere(store: Store, { row, events }: Brought): Promise<boolean> {
  const { run, orchestrator, key } = row;
  const there = await store.readRun(run);
  const byKey = key === null ? null : await store.readRunByKey(orchestrator, key);
  if (byKey !== null && byKey.run !== run) throw new Unfit('run.key', `run "${byKey.run}" was started under this key`);
  if (there === null) return false;
  const differs = SAME.find((field) => !sameJson(fieldOf(there, field), fieldOf(row, field)));
  if (differs !== undefined) throw new Unfit('run', `a run of this id is there with another ${differs}`);
  for (let after = 0; after < events.length; after += PAGE) {
    const page = await store.readEvents(run, { after, limit: PAGE });
    const wanted = events.slice(after, after + PAGE);
    for (const [index, event] of wanted.entries()) {
      const at = `events[${after + index}]`;
      const found = page[index];
      if (found === undefined)
        throw new Unfit(at, `this run is there and stands at event ${after + index}, before what was exported`);
      if (!sameJson(found as unknown as Json, event as unknown as Json))
        throw new Unfit(at, 'this run is there, and has gone another way');
    }
  }
  return true;
}

function fieldOf(row: RunRow, field: (typeof SAME)[number]): Json {
  return row[field] as Json;
}

/** The runs that it waits for are there or come with it, and none of those above it is itself. */
async function checkKin(
  store: Store,
  { row, needs }: Brought,
  parents: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  const missing: string[] = [];
  for (const run of needs) if (!parents.has(run) && (await store.readRun(run)) === null) missing.push(`"${run}"`);
  if (missing.length > 0) {
    const names = `${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`;
    const why = `it waits for ${names}, which this store does not have. Import all of them together: box.import([run, …])`;
    throw new Unfit('forImport.needs', why);
  }
  const seen = new Set<string>();
  for (let above = row.parent?.run; above !== undefined && !seen.has(above); ) {
    if (above === row.run) throw new Unfit('run.parent', 'it stands below itself');
    seen.add(above);
    above = parents.has(above) ? parents.get(above) : (await store.readRun(above))?.parent?.run;
  }
}
