/** A run to be looked at, for a handle on it: what is drawn and said of it. All of it is read as snapshots and the history are. */
import { checked, type DiagramFormat, type DiagramOf, type DiagramOptions, drawn } from '../charts/diagram.ts';
import { ganttSvg, ganttText } from '../charts/gantt.ts';
import { marksOf } from '../charts/marks.ts';
import { type Explanation, explanationOf, explanationText } from '../charts/explain.ts';
import { type Outline, outlineOfPlan } from '../charts/outline.ts';
import { sequenceOf } from '../charts/sequence.ts';
import type { Theme } from '../charts/svg.ts';
import { type Timeline, timelineOf } from '../charts/timeline.ts';
import { ask, askOptions } from '../checks.ts';
import { allowedOf } from '../commands/intervene.ts';
import type { Kinds } from '../core/kind.ts';
import { placeAt } from '../core/undo.ts';
import type { AnyStateMachine } from 'xstate';
import type { Plan, PlanNode } from '../definition.ts';
import { rerunOf } from '../core/rerun.ts';
import type { RunEvent } from '../events.ts';
import type { Status } from '../status.ts';
import type { RunRow, Store } from '../store.ts';
import type { RunAt } from '../views/at.ts';
import type { RedactionGate } from '../views/gate.ts';
import type { CountedRun } from '../views/counted.ts';
import type { RunSnapshot } from '../views/snapshot.ts';
import type { QueuedForOf } from '../views/waiting-for.ts';
import { pinnedPlan } from './reading/pinned.ts';

interface SeeingContext {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly queuedFor: QueuedForOf;
  readonly now: () => number;
  readonly gate: RedactionGate;
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
  const { outline, run, root } = await readRun(context, row);
  const known = (value: unknown): boolean =>
    typeof value === 'string' &&
    value !== '' &&
    (outline.at(value) !== undefined || value in run.tracks || value in run.steps);
  ask('path', path, 'the path of a track or a step of this run', known);
  const reason = context.gate.text(row.reason, row);
  const above = row.status === 'paused' ? await aboveOf(context, row) : null;
  const explanation = explanationOf(
    outline,
    { ...run, reason, above },
    (at, { kind, status, attempts }) =>
      allowedOf({
        kind: context.kinds.get(kind),
        state: status,
        node: placeAt(context.kinds, root, at)?.node ?? null,
        attempt: attempts.length,
      }),
    context.now(),
    path,
  );
  return (format === 'text' ? explanationText(explanation) : explanation) as ExplanationOf<F>;
}

/** How the run that has started a child stands; null for one that nobody has started, or that undoes another, or was made of it. */
async function aboveOf({ store }: SeeingContext, row: RunRow): Promise<{ run: string; status: Status | null } | null> {
  const { parent } = row;
  if (parent === null || parent.path === '' || rerunOf(row) !== null) return null;
  const { status = null } = (await store.readRun(parent.run)) ?? {};
  return { run: parent.run, status };
}

/** The definition that the run is pinned to, and how the run stands. */
async function readRun(
  context: SeeingContext,
  row: RunRow,
): Promise<{ outline: Outline; run: RunSnapshot | CountedRun; root: PlanNode }> {
  const { store, plans } = context;
  const { name, version, root } = await pinnedPlan(store, plans, row);
  const run = await context.gate.counted(store, row, root, context);
  return { outline: outlineOfPlan(name, version, root), run, root };
}

/** What the inspector is told of a run: its definition, how it stands, and the machine of each kind. */
export interface Inspected {
  readonly outline: Outline;
  readonly run: RunSnapshot | CountedRun;
  machineOf(kind: string): AnyStateMachine | null;
}

export async function inspectedRun(context: SeeingContext, row: RunRow): Promise<Inspected> {
  const { kinds } = context;
  const known = new Set(kinds.names());
  const { outline, run } = await readRun(context, row);
  return { outline, run, machineOf: (kind) => (known.has(kind) ? kinds.get(kind).machine : null) };
}

/** How a timeline is made. */
export interface TimelineOptions<F extends TimelineFormat = TimelineFormat> {
  /** `data`, if nothing is said; `svg` and `text` are drawings, `mermaid` is a sequence diagram. */
  readonly format?: F;
  /** How many tracks and steps it has at the most; 1,000, if nothing is said. */
  readonly limit?: number;
  /** Of an SVG: on which pages it will stand. */
  readonly theme?: Theme;
  /** Of a text: how many columns it may take. */
  readonly columns?: number;
  /** Of a text: with the colours of a terminal. */
  readonly colour?: boolean;
}

/** What a timeline can be. */
export type TimelineFormat = 'data' | 'svg' | 'text' | 'mermaid';
/** What a timeline of this format is. */
export type TimelineIn<F extends TimelineFormat> = F extends 'data' ? Timeline : string;

type History = AsyncIterable<RunEvent>;
const MOST_ROWS = 1_000;

export async function timelineOfRun<F extends TimelineFormat>(
  { store, plans, now }: SeeingContext,
  row: RunRow,
  history: History,
  options: TimelineOptions<F>,
): Promise<TimelineIn<F>> {
  askOptions('timeline', options, ['format', 'limit', 'theme', 'columns', 'colour']);
  const { format, limit = MOST_ROWS, ...look } = options;
  ask('format', format, `'data', 'svg', 'text' or 'mermaid'`, (value) => FORMATS.has(value as TimelineFormat));
  ask('limit', limit, 'a whole number from 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1);
  const { theme = 'auto', columns = 80, colour = false } = checked(look, KEYS);
  if (format === 'mermaid') return (await sequenceOf(row.orchestrator, history)) as TimelineIn<F>;
  // The history is enough; the definition says which steps are one part of it.
  const plan = await pinnedPlan(store, plans, row).catch(() => null);
  const outline = plan === null ? null : outlineOfPlan(plan.name, plan.version, plan.root);
  const timeline = await timelineOf(history, { outline, run: row.run, now: now(), limit });
  if (format === 'svg') return ganttSvg(timeline, theme) as TimelineIn<F>;
  return (format === 'text' ? ganttText(timeline, { columns, colour }) : timeline) as TimelineIn<F>;
}

const FORMATS: ReadonlySet<TimelineFormat> = new Set(['data', 'svg', 'text', 'mermaid']);

export async function runAtEvent(context: SeeingContext, row: RunRow, history: History, seq: unknown): Promise<RunAt> {
  ask('seq', seq ?? null, 'the number of an event, a whole number from 1', (value) => {
    return Number.isSafeInteger(value) && (value as number) >= 1;
  });
  const { store, plans, kinds, gate } = context;
  const plan = await pinnedPlan(store, plans, row).catch(() => null);
  return gate.at(store, history, seq as number, { row, kinds, plan });
}
