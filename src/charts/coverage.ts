/**
 * Which parts of a definition have ever been reached, over all runs of it that a store has: what production has never done. Events are those
 * of the chart, so what has never fired here is what a walk through the chart can still show. Runs and events are read a page at a
 * time; what is kept grows with the definition alone.
 */
import { ask, askOptions } from '../checks.ts';
import { InvalidOption } from '../errors/index.ts';
import type { ReadEvent } from '../events.ts';
import type { AnyOrchestrator } from '../dsl/index.ts';
import { isTerminal, type Status } from '../status.ts';
import { statusAfter } from '../views/fold.ts';
import type { RunsPage, RunsQuery } from '../views/list.ts';
import { chart } from './chart.ts';
import type { StatusCounts } from './marks.ts';
import { outlineOf, type Part } from './outline.ts';
import { pathAbove } from '../segments.ts';

/** How often a part of a definition was reached. */
export interface PartCoverage {
  /** As in a diagram: the name of the body stands where an item or a round has its number. */
  readonly path: string;
  readonly kind: string;
  /** How often it has begun, in all runs together. */
  readonly begun: number;
  /** How often it has ended, and how. */
  readonly ended: StatusCounts;
}

/** What runs have done of a definition, and what never. */
export interface Coverage {
  readonly orchestrator: string;
  readonly version: string;
  /** How many runs were read. */
  readonly runs: number;
  /** How they ended; those that have not are left out. */
  readonly ended: StatusCounts;
  readonly parts: readonly PartCoverage[];
  /** Paths of tracks, steps and routes that have never begun. */
  readonly neverBegun: readonly string[];
  /** How often each event of the chart has happened. */
  readonly fired: { readonly [event: string]: number };
  /** Events of the chart that have never happened. */
  readonly neverFired: readonly string[];
}

/** What coverage needs of a box. */
export interface CoverageSource {
  runs(query: RunsQuery): Promise<RunsPage>;
  run(id: string): { history(): AsyncIterable<ReadEvent> };
}

/** Which runs are counted. */
export interface CoverageOptions {
  /** No more than so many, the first ones first; all, if nothing is said. */
  readonly runs?: number;
}

const PAGE = 100;

/**
 * What production has done of a definition: how often each track, step and route was reached, and what has never happened.
 *
 * @example
 * const { neverBegun, neverFired } = await coverageOf(box, order);
 */
export async function coverageOf(
  box: CoverageSource,
  orchestrator: AnyOrchestrator,
  options: CoverageOptions = {},
): Promise<Coverage> {
  askOptions('coverage', options, ['runs']);
  const { runs: most = Number.POSITIVE_INFINITY } = options;
  ask('runs', options.runs, 'a whole number from 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1);
  if (typeof box?.runs !== 'function' || typeof box.run !== 'function')
    throw new InvalidOption({ option: 'box', value: box, expected: 'what createSignalbox has made' });
  const counting = new Counting(orchestrator);
  const { name, version } = outlineOf(orchestrator);
  for (let cursor: string | null | undefined; cursor !== null && counting.runs < most; ) {
    const limit = Math.min(PAGE, most - counting.runs);
    const page = await box.runs({ orchestrator: name, version, limit, ...(cursor === undefined ? {} : { cursor }) });
    for (const { run, parent } of page.runs) {
      // What undoes another run has no steps of its own.
      if (parent?.path === '') continue;
      await counting.take(box.run(run).history());
    }
    cursor = page.cursor;
  }
  return counting.coverage(name, version);
}

interface Counted {
  readonly part: Part;
  begun: number;
  readonly ended: { [status in Status]?: number };
}

class Counting {
  runs = 0;
  readonly #ended: { [status in Status]?: number } = {};
  readonly #parts = new Map<Part, Counted>();
  readonly #fired = new Map<string, number>();
  readonly #at: (path: string) => Part | undefined;

  constructor(orchestrator: AnyOrchestrator) {
    const { parts, at } = outlineOf(orchestrator);
    this.#at = at;
    for (const part of parts) this.#parts.set(part, { part, begun: 0, ended: {} });
    for (const event of chart(orchestrator).events) if (!event.startsWith('xstate.')) this.#fired.set(event, 0);
  }

  async take(history: AsyncIterable<ReadEvent>): Promise<void> {
    this.runs += 1;
    /** Steps of this run that stand still: what comes next is what somebody has decided. */
    const held = new Set<string>();
    /** Waits that have begun to run something else, and steps that are being undone: their next start is no beginning. */
    const begun = new Set<string>();
    for await (const event of history) {
      const status = statusAfter(event.type);
      if (status === null) continue;
      if (event.path === '') this.#ofRun(status);
      else this.#ofPart(event, status, held, begun);
    }
  }

  #ofRun(status: Status): void {
    if (isTerminal(status)) this.#ended[status] = (this.#ended[status] ?? 0) + 1;
    if (status === 'cancelled') this.#fire('cancel');
    else this.#fire(status);
  }

  #ofPart({ path, type, ...event }: ReadEvent, status: Status, held: Set<string>, begun: Set<string>): void {
    const part = this.#at(path);
    const counted = part === undefined ? undefined : this.#parts.get(part);
    if (part === undefined || counted === undefined) return;
    const isFirst = !('attempt' in event) || (event.attempt as number) <= 1;
    const begins = (status === 'running' && !type.endsWith('.resumed') && isFirst) || status === 'waiting';
    if (begins && !begun.has(path) && !held.has(path)) {
      counted.begun += 1;
      if (status === 'waiting') begun.add(path);
      this.#fire(`${part.path}.taken`);
      this.#fire(`${pathAbove(part.path)}.next`);
    }
    if (held.has(path) && status !== 'cancelling') {
      held.delete(path);
      this.#fire(`${part.path}.${DECIDED[status] ?? status}`);
      if (!isTerminal(status)) return;
    } else this.#fire(this.#eventOf(part.path, status));
    if (status === 'awaitingIntervention') held.add(path);
    if (!isTerminal(status)) return;
    counted.ended[status] = (counted.ended[status] ?? 0) + 1;
    begun.delete(path);
  }

  /** What a chart calls it: a time that is up is a failure where the chart has no event of its own for it. */
  #eventOf(path: string, status: Status): string {
    if (status === 'completed') return `${path}.done`;
    if (status === 'skipped') return `${path}.passed`;
    if (status === 'timedOut' && this.#fired.has(`${path}.timedOut`)) return `${path}.timedOut`;
    return status === 'timedOut' || status === 'awaitingIntervention' ? `${path}.failed` : `${path}.${status}`;
  }

  /** What the chart does not know is not counted. */
  #fire(event: string): void {
    const before = this.#fired.get(event);
    if (before !== undefined) this.#fired.set(event, before + 1);
  }

  coverage(orchestrator: string, version: string): Coverage {
    const all = [...this.#parts.values()];
    return {
      orchestrator,
      version,
      runs: this.runs,
      ended: this.#ended,
      parts: all.map(({ part: { path, kind }, begun, ended }) => ({ path, kind, begun, ended })),
      neverBegun: all.flatMap(({ part, begun }) => (begun === 0 ? [part.path] : [])),
      fired: Object.fromEntries(this.#fired),
      neverFired: [...this.#fired].flatMap(([event, count]) => (count === 0 ? [event] : [])),
    };
  }
}

/** What somebody has decided about a step that stood still, by what it came to. */
const DECIDED: { readonly [status in Status]?: string } = { running: 'retry', skipped: 'skip', completed: 'resolve' };
