/**
 * `diagram`: a definition as a picture, with a run upon it if there is one. Layout is ours, so it needs no browser and no service, and
 * a run never moves a box.
 */
import { ask, askOptions } from '../checks.ts';
import { InvalidOption } from '../errors/index.ts';
import type { RunSnapshot } from '../views/snapshot.ts';
import { type DiagramLine, type Layout, layoutOf } from './layout.ts';

import { type DrawnRun, type Mark, type Marks, marksOf } from './marks.ts';
import { mermaidOf } from './mermaid.ts';
import { type Drawable, type Outline, outlineOf } from './outline.ts';
import { svgOf, type Theme } from './svg.ts';
import { treeOf } from './tree.ts';

/** What a diagram can be: a drawing, a Mermaid state diagram, a tree for a terminal, or coordinates. */
export type DiagramFormat = 'svg' | 'mermaid' | 'text' | 'data';

export type { DiagramLine } from './layout.ts';

/** How a diagram is made. */
export interface DiagramOptions<Format extends DiagramFormat = DiagramFormat> {
  /** `svg`, if nothing is said. */
  readonly format?: Format;
  /** The run to draw upon it: what `run.snapshot()` or `run.at()` has answered with. */
  readonly run?: RunSnapshot;
  /** What time it is, in milliseconds since 1970: then it is also said how long something has taken that goes on. */
  readonly now?: number;
  /** Of an SVG: on which pages it will stand. `auto` goes by what the reader's system says. */
  readonly theme?: Theme;
  /** Of a text: how many columns it may take; 80, if nothing is said. */
  readonly columns?: number;
  /** Of a text: with the colours of a terminal. */
  readonly colour?: boolean;
}

/** A box of a diagram, in pixels from the upper left corner. */
export interface DiagramBox {
  /** As in a run, but the name of the body stands where an item or a round has its number. */
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly noun: 'run' | 'track' | 'step';
  readonly detail: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** It is around others. */
  readonly isFrame: boolean;
  /** It stands for any number of items or rounds. */
  readonly repeats: boolean;
  /** What it is in goes on without it. */
  readonly optional: boolean;
  /** How many steps are in it that are not drawn. */
  readonly hidden: number;
  /** How it stands in the run; null if it has not begun, and without a run. */
  readonly mark: Mark | null;
}

/** A diagram as coordinates, for a panel of your own. */
export interface Diagram {
  readonly name: string;
  readonly version: string;
  readonly width: number;
  readonly height: number;
  /** Frames before what is in them. */
  readonly boxes: readonly DiagramBox[];
  readonly lines: readonly DiagramLine[];
  /** The run itself; null without one. */
  readonly run: Omit<Marks, 'of'> | null;
}

/** What a diagram of this format is. */
export type DiagramOf<Format extends DiagramFormat> = Format extends 'data' ? Diagram : string;

/**
 * Draws a definition, and a run of it.
 *
 * @example
 * writeFileSync('order.svg', diagram(order));
 * console.log(diagram(order, { format: 'text', run: await run.snapshot() }));
 */
export function diagram<Format extends DiagramFormat = 'svg'>(
  definition: Drawable,
  options: DiagramOptions<Format> = {},
): DiagramOf<Format> {
  const { run, now } = checked(options);
  const outline = outlineOf(definition);
  if (run === undefined) return drawn(outline, null, options) as DiagramOf<Format>;
  if (run.orchestrator !== outline.name && run.orchestrator !== `task:${outline.name}`)
    throw new InvalidOption({ option: 'run', value: run.orchestrator, expected: `a run of "${outline.name}"` });
  return drawn(outline, marksIn(outline, run, now), options) as DiagramOf<Format>;
}

/** A snapshot may have come over any wire. */
function marksIn(outline: Outline, run: RunSnapshot, now: number | undefined): Marks {
  try {
    return marksOf(outline, run, now);
  } catch {
    throw new InvalidOption({ option: 'run', value: run, expected: SNAPSHOT });
  }
}

const SNAPSHOT = 'what run.snapshot() has answered with';

/** The diagram of an outline, with what was said of a run. */
export function drawn(outline: Outline, marks: Marks | null, options: DiagramOptions): string | Diagram {
  const { format = 'svg', theme = 'auto', columns = 80, colour = false } = options;
  switch (format) {
    case 'svg':
      return svgOf(outline, layoutOf(outline), marks, theme);
    case 'mermaid':
      return mermaidOf(outline, marks);
    case 'text':
      return treeOf(outline, marks, { columns, colour });
    case 'data':
      return dataOf(outline, layoutOf(outline), marks);
    default:
      return format satisfies never;
  }
}

const KEYS = ['format', 'run', 'now', 'theme', 'columns', 'colour'];

/** What options there are and what they take; the same for all pictures. */
export function checked(options: DiagramOptions, keys: readonly string[] = KEYS): DiagramOptions {
  askOptions('diagram', options, keys);
  const { format, run, now, theme, columns, colour } = options;
  ask('format', format, `'svg', 'mermaid', 'text' or 'data'`, (value) =>
    ['svg', 'mermaid', 'text', 'data'].includes(value as string),
  );
  ask('theme', theme, `'auto', 'light' or 'dark'`, (value) => ['auto', 'light', 'dark'].includes(value as string));
  ask('columns', columns, 'a whole number from 40', (value) => Number.isSafeInteger(value) && (value as number) >= 40);
  ask('colour', colour, 'true or false', (value) => typeof value === 'boolean');
  ask('now', now, 'milliseconds since 1970', (value) => Number.isFinite(value));
  ask('run', run, SNAPSHOT, isSnapshot);
  return options;
}

function isSnapshot(value: unknown): boolean {
  const { run, orchestrator, tracks, steps } = Object(value) as Partial<DrawnRun>;
  const isTable = (table: unknown): boolean => typeof table === 'object' && table !== null;
  return typeof run === 'string' && typeof orchestrator === 'string' && isTable(tracks) && isTable(steps);
}

function dataOf({ name, version }: Outline, { width, height, boxes, lines }: Layout, marks: Marks | null): Diagram {
  const run = marks === null ? null : Object.fromEntries(Object.entries(marks).filter(([key]) => key !== 'of'));
  return {
    name,
    version,
    width,
    height,
    boxes: boxes.map(({ part, isFrame, ...place }): DiagramBox => {
      const { path, name: called, kind, noun, detail, repeats, optional, hidden } = part;
      const mark = marks?.of.get(path) ?? null;
      return { path, name: called, kind, noun, detail, ...place, isFrame, repeats, optional, hidden, mark };
    }),
    lines,
    run: run as Diagram['run'],
  };
}
