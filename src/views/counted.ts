/**
 * How a run stands, where there is too much of it to be read whole: what is under way as a snapshot has it, what has ended by its
 * status alone, and items and rounds as numbers. What it costs depends on the definition and on what is under way, and not on
 * how many items have ended.
 */
import { rerunOf } from '../core/rerun.ts';
import { stepsIn } from '../core/steps.ts';
import type { PlanNode } from '../definition.ts';
import type { Status } from '../status.ts';
import type { ChildCounts, RunRow, Store } from '../store.ts';
import { actorSnapshot, type ActorSnapshot, type RunSnapshot, snapshotOf } from './snapshot.ts';
import { type WholeRun, wholeRun } from './taken.ts';
import type { Around } from './waiting-for.ts';

/** A run of which only what is under way is told in full. */
export interface CountedRun extends RunSnapshot {
  /** The statuses of tracks and steps that have ended, by path. Items and rounds are not among them. */
  readonly ended: { readonly [path: string]: Status };
  /** By the path of a collection or a loop: how many of its items or rounds are in which status. */
  readonly counts: { readonly [path: string]: ChildCounts };
}

/** A run with up to so many tracks, steps, items and rounds is read whole. */
const FEW = 2_000;
const NO_ATTEMPTS = Object.freeze([]);

/** The run as it stands: a snapshot if it is small, and otherwise the counts of it. */
export async function wholeOrCounted(
  store: Store,
  row: RunRow,
  root: string,
  plan: PlanNode,
  around: Around,
): Promise<RunSnapshot | CountedRun> {
  const { run } = row;
  // What stands in what a run has taken over is read in another run, and counted here.
  const isRerun = rerunOf(row) !== null;
  const whole = isRerun ? await wholeRun(store, row) : null;
  const { statuses, counts, total } = await counted(whole === null ? store : childrenIn(whole), run, plan);
  if (total <= FEW) {
    const { actors, attempts } = whole ?? (await wholeRun(store, row));
    return snapshotOf(row, root, actors, attempts, around);
  }
  const open = (await store.readOpen(run))?.open ?? [];
  const itself = snapshotOf(
    row,
    root,
    open.filter(({ parent }) => parent === null),
    NO_ATTEMPTS,
    around,
  );
  const tracks: { [path: string]: ActorSnapshot } = {};
  const steps: { [path: string]: ActorSnapshot } = {};
  for (const actor of open) {
    const isCounted = !statuses.has(actor.path);
    if (actor.parent === null || isCounted) continue;
    statuses.delete(actor.path);
    const group = around.kinds.get(actor.kind).noun === 'track' ? tracks : steps;
    group[actor.path] = actorSnapshot(actor, NO_ATTEMPTS, around);
  }
  return { ...itself, tracks, steps, ended: Object.fromEntries(statuses), counts };
}

type CountsOf = Pick<Store, 'readChildren' | 'countChildren'>;

/** What a store is asked, answered from rows. */
function childrenIn({ actors }: WholeRun): CountsOf {
  const below = Map.groupBy(actors, ({ parent }) => parent);
  return {
    readChildren: (_, parents) => parents.flatMap((parent) => below.get(parent) ?? []),
    countChildren(_, parent) {
      const counts: { [status in Status]?: number } = {};
      for (const { state } of below.get(parent) ?? []) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
  };
}

/** Down the definition, a level at a time; what repeats is counted and not looked into. */
async function counted(
  store: CountsOf,
  run: string,
  root: PlanNode,
): Promise<{ statuses: Map<string, Status>; counts: { [path: string]: ChildCounts }; total: number }> {
  const statuses = new Map<string, Status>();
  const counts: { [path: string]: ChildCounts } = {};
  let total = 0;
  let level = new Map<string, PlanNode>([['', root]]);
  while (level.size > 0) {
    const below = new Map<string, PlanNode>();
    for (const { path, state } of await store.readChildren(run, [...level.keys()])) {
      const cut = path.lastIndexOf('/');
      const node = level.get(path.slice(0, Math.max(0, cut)))?.childByName.get(path.slice(cut + 1))?.node;
      if (node === undefined) continue;
      statuses.set(path, state);
      total += 1;
      if (node.repeats) {
        counts[path] = await store.countChildren(run, path);
        const [body] = node.children;
        const size = body === undefined ? 1 : Math.max(1, stepsIn(body.node));
        for (const count of Object.values(counts[path])) total += count * size;
      } else if (node.children.length > 0) below.set(path, node);
    }
    level = below;
  }
  return { statuses, counts, total };
}
