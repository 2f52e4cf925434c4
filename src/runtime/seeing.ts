/** A run to be looked at, for a handle on it: what is drawn and said of it. All of it is read as snapshots and the history are. */
import { checked, type DiagramFormat, type DiagramOf, type DiagramOptions, drawn } from '../charts/diagram.ts';
import { marksOf } from '../charts/marks.ts';
import { type Explanation, explanationOf, explanationText } from '../charts/explain.ts';
import { type Outline, outlineOfPlan } from '../charts/outline.ts';
import { ask, askOptions } from '../checks.ts';
import type { Kinds } from '../core/kind.ts';
import type { Plan } from '../definition.ts';
import type { RunRow, Store } from '../store.ts';
import { rootOf } from '../views/list.ts';
import { type CountedRun, wholeOrCounted } from '../views/counted.ts';
import type { RunSnapshot } from '../views/snapshot.ts';
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

/** Of what a run is explained, and how. */
export interface ExplainOptions<F extends 'data' | 'text' = 'data' | 'text'> {
  /** `data`, if nothing is said; `text` is for a person. */
  readonly format?: F;
  /** The path of a track or a step: of this one alone. */
  readonly path?: string;
}

/** What an explanation of this format is. */
export type ExplanationOf<F extends 'data' | 'text'> = F extends 'text' ? string : Explanation;

const KEYS = ['format', 'theme', 'columns', 'colour'];

export async function diagramOfRun<F extends DiagramFormat>(
  context: SeeingContext,
  row: RunRow,
  options: RunDiagramOptions<F>,
): Promise<DiagramOf<F>> {
  checked(options, KEYS);
  const { outline, run } = await readRun(context, row);
  return drawn(outline, marksOf(outline, run, context.now()), options) as DiagramOf<F>;
}

export async function explainRun<F extends 'data' | 'text'>(
  context: SeeingContext,
  row: RunRow,
  options: ExplainOptions<F>,
): Promise<ExplanationOf<F>> {
  askOptions('explain', options, ['format', 'path']);
  const { format, path } = options;
  ask('format', format, `'data' or 'text'`, (value) => value === 'data' || value === 'text');
  const { outline, run } = await readRun(context, row);
  const known = (value: unknown): boolean =>
    typeof value === 'string' &&
    value !== '' &&
    (outline.at(value) !== undefined || value in run.tracks || value in run.steps);
  ask('path', path, 'the path of a track or a step of this run', known);
  const explanation = explanationOf(outline, { ...run, reason: row.reason }, context.kinds, context.now(), path);
  return (format === 'text' ? explanationText(explanation) : explanation) as ExplanationOf<F>;
}

/** The definition that the run is pinned to, and how the run stands. */
async function readRun(
  context: SeeingContext,
  row: RunRow,
): Promise<{ outline: Outline; run: RunSnapshot | CountedRun }> {
  const { store, plans } = context;
  const { name, version, root } = await pinnedPlan(store, plans, row);
  const run = await wholeOrCounted(store, row, await rootOf(store, row), root, context);
  return { outline: outlineOfPlan(name, version, root), run };
}
