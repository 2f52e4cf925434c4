/**
 * Where each part of a definition stands in a drawing. It follows from the definition alone and leaves room for what a run will
 * have to say, so a run never moves a box. One pass up for sizes, one pass down for places.
 *
 * Steps of a track stand below each other. Tracks that wait for others stand to the right of them; members and routes beside each
 * other.
 */
import type { Outline, Part } from './outline.ts';

/** A card, or a frame around others. Its place is that of its upper left corner, in pixels of the drawing. */
export interface Box {
  readonly part: Part;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly isFrame: boolean;
}

/** What leads from one part to another; from what it stands in, where `from` is its parent. */
export interface DiagramLine {
  readonly from: string;
  readonly to: string;
  readonly start: Point;
  readonly end: Point;
  /** `side`: from the right of one to the left of another. `down`: from above. */
  readonly way: 'side' | 'down';
  /** Only if something else does not happen. */
  readonly isPerhaps: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Frames before what is in them. */
  readonly boxes: readonly Box[];
  readonly lines: readonly DiagramLine[];
}

export const CARD = { width: 204, height: 46 } as const;
export const FRAME_HEAD = 42;
export const TITLE = 66;
/** Room below a collection for the strip of its items. */
export const STRIP = 24;
const PAD = 14;
const MARGIN = 20;
/** Between steps, between parts side by side, between columns of tracks. */
const GAP = { down: 20, beside: 14, columns: 60, fork: 20 } as const;
const MOST_IN_ROW = 4;
/** Among so many tracks it is looked for dependencies that others imply. */
const MOST_REDUCED = 200;

interface Sized {
  readonly part: Part;
  readonly width: number;
  readonly height: number;
  /** What is in it, with its place below the upper left corner. */
  readonly inside: readonly { readonly sized: Sized; readonly x: number; readonly y: number }[];
}

const layouts = new WeakMap<Outline, Layout>();

/** Where everything stands. Made once for each definition. */
export function layoutOf(outline: Outline): Layout {
  let made = layouts.get(outline);
  if (made === undefined) {
    made = layOut(outline);
    layouts.set(outline, made);
  }
  return made;
}

function layOut({ root }: Outline): Layout {
  const boxes: Box[] = [];
  const lines: DiagramLine[] = [];
  const { inside, width, height } = arranged(root, MARGIN, TITLE);
  const at = new Map<string, Box>();
  for (const { sized, x, y } of inside) place(sized, x, y, boxes, lines);
  for (const box of boxes) at.set(box.part.path, box);
  linesIn(root, at, lines, null);
  return { width: Math.max(width + MARGIN, CARD.width + 2 * MARGIN + 120), height: height + MARGIN, boxes, lines };
}

function sizeOf(part: Part): Sized {
  if (part.children.length === 0) return { part, ...CARD, inside: [] };
  const { inside, width, height } = arranged(part, PAD, FRAME_HEAD + (hasFork(part) ? GAP.fork : 8));
  const strip = part.repeats ? STRIP : 0;
  return { part, width: width + PAD, height: height + PAD + strip, inside };
}

/** What is in a part, from this corner on; and how far to the right and down it reaches. */
function arranged(part: Part, left: number, top: number): Omit<Sized, 'part'> {
  const all = part.children.map(sizeOf);
  if (part.shape === 'graph' && part.children.some(({ after }) => after.length > 0)) return inColumns(all, left, top);
  if (part.shape === 'graph' || part.shape === 'choice') return inRows(all, left, top);
  return inOneColumn(all, left, top);
}

function inOneColumn(all: readonly Sized[], left: number, top: number): Omit<Sized, 'part'> {
  const width = Math.max(0, ...all.map((each) => each.width));
  let y = top;
  const inside = all.map((sized) => {
    const placed = { sized, x: left + (width - sized.width) / 2, y };
    y += sized.height + GAP.down;
    return placed;
  });
  return { inside, width: left + width, height: Math.max(top, y - GAP.down) };
}

function inRows(all: readonly Sized[], left: number, top: number): Omit<Sized, 'part'> {
  const across = all.length <= MOST_IN_ROW ? all.length : Math.max(MOST_IN_ROW, Math.ceil(Math.sqrt(all.length) / 2));
  const widths: number[] = [];
  for (const [at, { width }] of all.entries()) widths[at % across] = Math.max(widths[at % across] ?? 0, width);
  const inside: Sized['inside'][number][] = [];
  let y = top;
  for (let from = 0; from < all.length; from += across) {
    const row = all.slice(from, from + across);
    let x = left;
    for (const [at, sized] of row.entries()) {
      const room = widths[at] as number;
      inside.push({ sized, x: x + (room - sized.width) / 2, y });
      x += room + GAP.beside;
    }
    y += Math.max(...row.map(({ height }) => height)) + GAP.beside;
  }
  const width = widths.reduce((sum, each) => sum + each + GAP.beside, 0);
  return { inside, width: left + Math.max(0, width - GAP.beside), height: Math.max(top, y - GAP.beside) };
}

/** Each stands one column to the right of the last of those that it waits for. */
function inColumns(all: readonly Sized[], left: number, top: number): Omit<Sized, 'part'> {
  const columns: Sized[][] = [];
  const columnOf = columnsOf(all.map(({ part }) => part));
  for (const [at, sized] of all.entries()) {
    const column = columnOf[at] as number;
    const others = columns[column];
    if (others === undefined) columns[column] = [sized];
    else others.push(sized);
  }
  const heightOf = (column: readonly Sized[]): number =>
    column.reduce((sum, { height }) => sum + height + GAP.beside, -GAP.beside);
  const height = Math.max(...columns.map(heightOf));
  const inside: Sized['inside'][number][] = [];
  let x = left;
  for (const column of columns) {
    const width = Math.max(...column.map((each) => each.width));
    let y = top + (height - heightOf(column)) / 2;
    for (const sized of column) {
      inside.push({ sized, x: x + (width - sized.width) / 2, y });
      y += sized.height + GAP.beside;
    }
    x += width + GAP.columns;
  }
  return { inside, width: x - GAP.columns, height: top + height };
}

/** What a part waits for may be declared after it. */
function columnsOf(parts: readonly Part[]): readonly number[] {
  const columns: number[] = new Array(parts.length).fill(-1);
  const todo: number[] = [];
  for (let first = 0; first < parts.length; first += 1) {
    todo.push(first);
    for (let at = todo.at(-1); at !== undefined; at = todo.at(-1)) {
      const after = (parts[at] as Part).after;
      const open = columns[at] === -1 ? after.filter((other) => columns[other] === -1) : [];
      if (open.length > 0) {
        for (const other of open) todo.push(other);
        continue;
      }
      if (columns[at] === -1)
        columns[at] = after.reduce((most, other) => Math.max(most, (columns[other] as number) + 1), 0);
      todo.pop();
    }
  }
  return columns;
}

function place(sized: Sized, x: number, y: number, boxes: Box[], lines: DiagramLine[]): void {
  const { part, width, height, inside } = sized;
  boxes.push({ part, x, y, width, height, isFrame: inside.length > 0 });
  for (const each of inside) place(each.sized, x + each.x, y + each.y, boxes, lines);
}

function hasFork({ shape, children }: Part): boolean {
  return (
    (shape === 'graph' && children.every(({ after }) => after.length === 0)) || shape === 'choice' || shape === 'late'
  );
}

function linesIn(part: Part, at: ReadonlyMap<string, Box>, lines: DiagramLine[], frame: Box | null): void {
  const { shape, children, catches } = part;
  const boxes = children.map(({ path }) => at.get(path) as Box);
  if (shape === 'chain')
    for (let next = 1; next < boxes.length; next += 1)
      lines.push(down(boxes[next - 1] as Box, boxes[next] as Box, catches && next === boxes.length - 1));
  else if (frame !== null && hasFork(part)) {
    const first = boxes[0]?.y;
    for (const box of boxes) if (box.y === first) lines.push(fork(frame, box, shape !== 'graph'));
  } else if (shape === 'graph') sideways(children, boxes, lines);
  for (const [index, child] of children.entries())
    if (child.children.length > 0) linesIn(child, at, lines, boxes[index] as Box);
}

function down(from: Box, to: Box, isPerhaps: boolean): DiagramLine {
  const start = { x: from.x + from.width / 2, y: from.y + from.height };
  return {
    from: from.part.path,
    to: to.part.path,
    start,
    end: { x: to.x + to.width / 2, y: to.y },
    way: 'down',
    isPerhaps,
  };
}

function fork(frame: Box, to: Box, isPerhaps: boolean): DiagramLine {
  const start = { x: frame.x + frame.width / 2, y: frame.y + FRAME_HEAD };
  return {
    from: frame.part.path,
    to: to.part.path,
    start,
    end: { x: to.x + to.width / 2, y: to.y },
    way: 'down',
    isPerhaps,
  };
}

function sideways(parts: readonly Part[], boxes: readonly Box[], lines: DiagramLine[]): void {
  const implied = impliedIn(parts);
  for (const [to, { after }] of parts.entries())
    for (const from of after) {
      if (implied(from, to)) continue;
      const [left, right] = [boxes[from] as Box, boxes[to] as Box];
      lines.push({
        from: left.part.path,
        to: right.part.path,
        start: { x: left.x + left.width, y: left.y + left.height / 2 },
        end: { x: right.x, y: right.y + right.height / 2 },
        way: 'side',
        isPerhaps: false,
      });
    }
}

/** Does a part wait for another one by way of a third? Then a line of its own would say nothing new. */
function impliedIn(parts: readonly Part[]): (from: number, to: number) => boolean {
  if (parts.length > MOST_REDUCED) return () => false;
  const before: Set<number>[] = [];
  const columns = columnsOf(parts);
  const order = [...parts.keys()].sort((left, right) => (columns[left] as number) - (columns[right] as number));
  for (const at of order) {
    const all = new Set<number>();
    for (const other of (parts[at] as Part).after) for (const each of before[other] as Set<number>) all.add(each);
    before[at] = new Set([...all, ...(parts[at] as Part).after]);
  }
  return (from, to) =>
    (parts[to] as Part).after.some((other) => other !== from && (before[other] as Set<number>).has(from));
}
