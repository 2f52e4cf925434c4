/** How a run is seen: by its definition if `--app` has it, and otherwise by its rows, which say what has begun and no more. */
import { drawn, type DiagramOptions } from '../charts/diagram.ts';
import { type Explanation, explanationOf } from '../charts/explain.ts';
import { marksOf } from '../charts/marks.ts';
import type { CommandName } from '../commands/index.ts';
import { isTerminal } from '../status.ts';
import type { RunSnapshot } from '../views/snapshot.ts';
import type { RunBench } from './boxes.ts';
import { codeIn } from './command.ts';
import { outlineOfRows } from './rows-outline.ts';

/** A run, as a command shows it. */
export interface Seen {
  readonly snapshot: RunSnapshot;
  readonly explanation: Explanation;
  /** Its definition is not here: what has not begun is not told. */
  readonly byRows: boolean;
  draw(options: Omit<DiagramOptions, 'run' | 'now'> & { readonly format: 'text' | 'mermaid' | 'svg' }): Promise<string>;
}

const MOST_ASKED = 20;
const WITHOUT: ReadonlySet<unknown> = new Set(['definition-missing', 'definition-changed']);

export async function seen({ run, store, now, redacts }: RunBench): Promise<Seen> {
  try {
    const explanation = await run.explain();
    const snapshot = await run.snapshot();
    return { snapshot, explanation, byRows: false, draw: (options) => run.diagram(options) };
  } catch (error) {
    if (!WITHOUT.has(codeIn(error))) throw error;
  }
  const snapshot = await run.snapshot();
  const reason = redacts ? null : ((await store.readRun(run.id))?.reason ?? null);
  const outline = outlineOfRows(snapshot);
  // Each is a question to the store.
  const live = Object.entries(snapshot.steps).filter(([, { status }]) => !isTerminal(status));
  const allowed = new Map<string, readonly CommandName[]>();
  for (const [path] of live.slice(0, MOST_ASKED)) allowed.set(path, await run.allowed(path));
  const explanation = explanationOf(outline, { ...snapshot, reason }, (path) => allowed.get(path) ?? [], now());
  const marks = marksOf(outline, snapshot, now());
  return { snapshot, explanation, byRows: true, draw: async (options) => drawn(outline, marks, options) as string };
}
