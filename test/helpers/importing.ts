/** Playing a scenario that moves to another store on its way: exported as it lies after a commit, imported, and brought to its end there. */
import { isDeepStrictEqual } from 'node:util';
import {
  type AnyOrchestrator,
  createSignalbox,
  inProcess,
  memory,
  type RunExport,
  type Signalbox,
  type Store,
} from 'signalbox';
import type { RunRow } from 'signalbox/store';
import { crashAt } from 'signalbox/testing';
import { builtInKinds } from '../../src/machines/index.ts';
import { exportRun } from '../../src/views/export.ts';
import { called, playing } from './scenarios.ts';
import { faultsOfHistory, historyOf, hurriedClock, soon } from './stage.ts';

/** How a scenario ended, and what was called on the way. */
export interface Moved {
  readonly outcome: string;
  /** Sorted: what goes on side by side may come in another order. */
  readonly history: readonly string[];
  readonly keys: readonly string[];
  readonly faults: readonly string[];
  /** How many commits there were before it moved. */
  readonly commits: number;
}

/** All runs of a store that nobody has open, as documents that have been through a file. */
export async function exportsIn(store: Store): Promise<readonly RunExport[]> {
  const rows: RunRow[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await store.readRuns({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...page.runs);
    cursor = page.cursor;
  }
  const exports: RunExport[] = [];
  for (const row of rows) exports.push(await exportRun(store, row, { kinds: builtInKinds, queuedFor: () => null }));
  return JSON.parse(JSON.stringify(exports)) as readonly RunExport[];
}

/** Keys of the attempts that have completed. */
function completedIn({ run: { run }, steps }: RunExport): readonly string[] {
  return steps.flatMap(({ path, state, attempt }) => (state === 'completed' ? [`${run}/${path}#${attempt}`] : []));
}

async function endOf(box: Signalbox, flow: AnyOrchestrator): Promise<Pick<Moved, 'outcome' | 'history' | 'faults'>> {
  const run = await box.start(flow, { id: 'r', input: null });
  const { status, output, outputs, error, failures } = await run.outcome();
  const failed = failures.map(({ path, code }) => [path, code]);
  return {
    outcome: JSON.stringify([status, output, outputs, error?.message, failed]),
    history: (await historyOf(run)).sort(),
    faults: await faultsOfHistory(run),
  };
}

/** Plays a scenario whose process dies after so many commits, and whose runs go on in `store`; with 0 it stays where it is. */
export async function moved(flow: AnyOrchestrator, after: number, store: Store): Promise<Moved> {
  called.length = 0;
  const clock = hurriedClock();
  const first = crashAt('after commit', after, { clock, executor: inProcess });
  const opening = createSignalbox({ ...first.options, orchestrators: [flow], logger: () => {} });
  const box = (await opening) as unknown as Signalbox;
  playing.box = box;
  const stayed = await soon(Promise.race([endOf(box, flow), first.crashed]));
  const commits = first.passes['after commit'];
  const keys = (): readonly string[] => [...new Set(called)].filter((key) => !key.startsWith('told to end')).sort();
  if (stayed) return { ...stayed, keys: keys(), commits };
  const faults: string[] = [];
  const lines = ({ level, message }: { readonly level: string; readonly message: string }): void =>
    void (level === 'error' && faults.push(message));
  const next = (await createSignalbox({ orchestrators: [flow], store, clock, logger: lines })) as unknown as Signalbox;
  playing.box = next;
  try {
    const exports = await exportsIn(first.underlying);
    const before = exports.map(({ run, events }) => [run.run, events] as const);
    const done = new Set(exports.flatMap(completedIn));
    const calls = called.length;
    // All of them at once, and once more: it is one run.
    await next.import(exports);
    await next.import(exports);
    const ending = endOf(next, flow);
    const end = await (store.shared === undefined ? soon(ending) : ending);
    for (const key of called.slice(calls)) if (done.has(key)) faults.push(`${key} was called again`);
    for (const [run, events] of before) {
      const kept = (await next.run(run).export()).events.slice(0, events.length);
      if (!isDeepStrictEqual(kept, events)) faults.push(`the history of ${run} is another one`);
    }
    return { ...end, faults: [...faults, ...end.faults], keys: keys(), commits };
  } finally {
    await next.close();
  }
}

/** What is other than without moving, for each of these moments; nothing, if all is the same. */
export async function differences(
  flow: AnyOrchestrator,
  moments: (commits: number) => readonly number[],
  store: () => Store,
): Promise<{ readonly wrong: readonly string[]; readonly played: number }> {
  const stayed = await moved(flow, 0, memory());
  const wrong: string[] = [];
  const all = moments(stayed.commits);
  for (const after of all) {
    try {
      const found = await moved(flow, after, store());
      for (const part of ['outcome', 'history', 'keys', 'faults'] as const) {
        const [is, was] = [found[part], stayed[part]].map((each) => [each].flat()) as [string[], string[]];
        const [more, less] = [without(is, was), without(was, is)];
        if (more.length + less.length > 0)
          wrong.push(`${flow.name} after ${after}: ${part} has ${more.join(', ')} instead of ${less.join(', ')}`);
      }
    } catch (error) {
      wrong.push(`${flow.name} after ${after}: ${(error as Error).message}`);
    }
  }
  return { wrong, played: all.length };
}

/** What is in a list and not, or less often, in another. */
function without(list: readonly string[], other: readonly string[]): readonly string[] {
  const rest = [...other];
  return list.filter((each) => {
    const at = rest.indexOf(each);
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
}
