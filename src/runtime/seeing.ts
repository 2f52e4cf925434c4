/** A run to be looked at, for a handle on it: what is drawn and said of it. All of it is read as snapshots and the history are. */
import { checked, type DiagramFormat, type DiagramOf, type DiagramOptions, drawn } from '../charts/diagram.ts';
import { marksOf } from '../charts/marks.ts';
import { outlineOfPlan } from '../charts/outline.ts';
import type { Kinds } from '../core/kind.ts';
import type { Plan } from '../definition.ts';
import type { RunRow, Store } from '../store.ts';
import { rootOf } from '../views/list.ts';
import { wholeOrCounted } from '../views/counted.ts';
import type { QueuedForOf } from '../views/waiting-for.ts';
import { pinnedPlan } from './reading/pinned.ts';

interface SeeingContext {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly queuedFor: QueuedForOf;
  readonly now: () => number;
}

/** How the diagram of a run is made; the run and the time are known. */
export type RunDiagramOptions<F extends DiagramFormat = DiagramFormat> = Omit<DiagramOptions<F>, 'run' | 'now'>;

const KEYS = ['format', 'theme', 'columns', 'colour'];

export async function diagramOfRun<F extends DiagramFormat>(
  context: SeeingContext,
  row: RunRow,
  options: RunDiagramOptions<F>,
): Promise<DiagramOf<F>> {
  checked(options, KEYS);
  const { store, plans, now } = context;
  const { name, version, root } = await pinnedPlan(store, plans, row);
  const run = await wholeOrCounted(store, row, await rootOf(store, row), root, context);
  const outline = outlineOfPlan(name, version, root);
  return drawn(outline, marksOf(outline, run, now()), options) as DiagramOf<F>;
}
