/**
 * What charts and drawings are made of: the parts of a definition as they stand in each other, each under a path of its own. It
 * follows from the plan, so a new run changes nothing about it. Items and rounds are one part, however many there will be.
 *
 * A definition may nest as deep, and use a body as often, as it likes; a picture may not. What is too deep or too much is one
 * closed part, which says how many steps are in it.
 */
import type { Arrangement, Drawing } from '../core/drawing.ts';
import { stepsIn } from '../core/steps.ts';
import type { PlanNode, Strategy } from '../definition.ts';
import { type AnyBody, type AnyOrchestrator, planOf, planOfTask } from '../dsl/index.ts';
import { drawnBy } from '../dsl/plan.ts';
import { InvalidOption } from '../errors/index.ts';
import { drawings } from '../machines/drawings.ts';

/** What can be charted: an orchestrator, or a track or a task by itself. */
export type Drawable = AnyOrchestrator | AnyBody;

/** `leaf`: nothing in it. `chain`: one after the other. `graph`: side by side, or as dependencies say. */
export type Shape = 'leaf' | 'chain' | Arrangement;

/** A track, a step, or what is in it. */
export interface Part {
  /** As in a run, but the name of the body stands where an item or a round has its number; empty for the run itself. */
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly noun: PlanNode['noun'];
  readonly shape: Shape;
  readonly drawing: Drawing;
  /** What there is to say of it beside its name; empty for nothing. */
  readonly detail: string;
  readonly strategy: Strategy;
  /** The last of its children is reached when another one fails. */
  readonly catches: boolean;
  /** What fails in it for good stands still until somebody decides. */
  readonly holds: boolean;
  /** How long it may take, in milliseconds. */
  readonly deadline: number | null;
  /** How many of its children may be under way at once. */
  readonly concurrency: number;
  /** Whatever it is in goes on without it. */
  readonly optional: boolean;
  /** Ordinals of the parts beside it that come before it. */
  readonly after: readonly number[];
  readonly children: readonly Part[];
  /** Its children are any number of items or rounds. */
  readonly repeats: boolean;
  /** How many steps are in it that are not drawn. */
  readonly hidden: number;
}

export interface Outline {
  readonly name: string;
  readonly version: string;
  readonly root: Part;
  /** Every part but the run itself, parents first. */
  readonly parts: readonly Part[];
  /** What has completed is undone when the run fails. */
  readonly undoes: boolean;
  /** The part that a path of a run belongs to; undefined for what is not drawn. */
  at(path: string): Part | undefined;
}

const DEEPEST = 60;
const MOST_PARTS = 20_000;
const LONGEST_DETAIL = 200;

const outlines = new WeakMap<PlanNode, Outline>();

/** The outline of a definition, made once. */
export function outlineOf(definition: Drawable): Outline {
  const plan = planFor(definition);
  const { name } = (definition as AnyBody).definition;
  return outlineOfPlan(name, plan.version, plan.root);
}

export function outlineOfPlan(name: string, version: string, node: PlanNode): Outline {
  const known = outlines.get(node);
  if (known !== undefined) return known;
  const parts: Part[] = [];
  const root = partOf({ path: '', name, node, after: [], optional: false, depth: 0 }, parts);
  parts.shift();
  const outline: Outline = { name, version, root, parts, undoes: node.undoes, at: finder(root) };
  outlines.set(node, Object.freeze(outline));
  return outline;
}

function planFor(definition: Drawable): ReturnType<typeof planOf> {
  const { is, definition: inner } = Object(definition ?? {}) as {
    readonly is?: unknown;
    readonly definition?: unknown;
  };
  if (typeof inner !== 'object' || inner === null)
    throw new InvalidOption({
      option: 'definition',
      value: definition,
      expected: 'an orchestrator, a track or a task, as its builder has made it',
    });
  if (is === 'orchestrator') return planOf(definition as AnyOrchestrator);
  return planOfTask(definition as AnyBody);
}

interface Placed {
  readonly path: string;
  readonly name: string;
  readonly node: PlanNode;
  readonly after: readonly number[];
  readonly optional: boolean;
  readonly depth: number;
}

function partOf({ path, name, node, after, optional, depth }: Placed, parts: Part[]): Part {
  const at = parts.length;
  parts.push(undefined as never);
  const isOpen = depth < DEEPEST && parts.length + node.children.length <= MOST_PARTS;
  const children = isOpen
    ? node.children.map((place) =>
        partOf(
          {
            path: path === '' ? place.name : `${path}/${place.name}`,
            name: place.name,
            node: place.node,
            after: place.after,
            optional: place.optional === true,
            depth: depth + 1,
          },
          parts,
        ),
      )
    : [];
  const drawing = drawingOf(node);
  const part: Part = {
    path,
    name,
    kind: node.kind,
    noun: node.noun,
    shape: shapeOf(node, drawing, children),
    drawing,
    detail: detailOf(node, drawing),
    strategy: node.strategy,
    catches: node.catches,
    holds: node.holds,
    deadline: node.deadline,
    concurrency: node.concurrency,
    optional,
    after,
    children,
    repeats: node.repeats,
    hidden: isOpen ? 0 : node.children.reduce((sum, child) => sum + stepsIn(child.node), 0),
  };
  parts[at] = Object.freeze(part);
  return part;
}

/** A kind from outside may say anything, or throw. */
function drawingOf(node: PlanNode): Drawing {
  try {
    const said = drawnBy(node) ?? drawings.get(node.kind)?.(node) ?? {};
    return typeof said === 'object' && said !== null ? said : {};
  } catch {
    return {};
  }
}

const ARRANGEMENTS: ReadonlySet<unknown> = new Set<Arrangement>(['graph', 'choice', 'items', 'rounds', 'late']);

function shapeOf(node: PlanNode, { arrangement }: Drawing, children: readonly Part[]): Shape {
  if (arrangement === 'late') return 'late';
  if (children.length === 0) return node.noun === 'run' ? 'graph' : 'leaf';
  if (node.repeats) return arrangement === 'rounds' ? 'rounds' : 'items';
  if (arrangement !== undefined && ARRANGEMENTS.has(arrangement) && arrangement === 'choice') return 'choice';
  return isChain(node, children) ? 'chain' : 'graph';
}

/** Each waits for the one before it, and no failure is lived with. */
function isChain({ strategy, noun, catches }: PlanNode, children: readonly Part[]): boolean {
  if (noun === 'run' || (strategy !== 'failFast' && strategy !== 'caught')) return false;
  const last = catches ? children.length - 1 : children.length;
  return children.every(
    ({ after }, at) => at >= last || (at === 0 ? after.length === 0 : after[0] === at - 1 && after.length === 1),
  );
}

/** What completes it, where that is not that all do. */
const STRATEGIES: { readonly [strategy: string]: string } = {
  race: 'the first to complete',
  bestEffort: 'whatever completes',
  allowNone: 'whatever completes, or nothing',
};

function detailOf(node: PlanNode, { detail }: Drawing): string {
  const { strategy, concurrency, children } = node;
  const parts: string[] = [];
  if (typeof detail === 'string' && detail !== '') parts.push(detail.slice(0, LONGEST_DETAIL));
  const by = typeof strategy === 'string' ? STRATEGIES[strategy] : `${strategy.quorum} have to complete`;
  if (by !== undefined && children.length > 0) parts.push(by);
  // That of a track is how it is made, and that of a branch has no limit.
  if (children.length > 1 && concurrency > 1 && Number.isFinite(concurrency)) parts.push(`${concurrency} at once`);
  return parts.join(', ');
}

/** So many parents of paths are remembered: a run has its children one behind the other. */
const MOST_KNOWN = 1_000;

/** Finds the part of a path by that of the path above it. */
function finder(root: Part): (path: string) => Part | undefined {
  const known = new Map<string, Part | undefined>();
  const find = (path: string): Part | undefined => {
    if (path === '') return root;
    const cut = path.lastIndexOf('/');
    const above = path.slice(0, Math.max(0, cut));
    let parent = known.get(above);
    if (parent === undefined && !known.has(above)) {
      parent = find(above);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(above, parent);
    }
    if (parent === undefined) return undefined;
    return parent.repeats ? parent.children[0] : childNamed(parent, path.slice(cut + 1));
  };
  return find;
}

const byName = new WeakMap<Part, ReadonlyMap<string, Part>>();

function childNamed(part: Part, name: string): Part | undefined {
  const { children } = part;
  if (children.length < 8) return children.find((child) => child.name === name);
  let names = byName.get(part);
  if (names === undefined) {
    names = new Map(children.map((child) => [child.name, child]));
    byName.set(part, names);
  }
  return names.get(name);
}

/** What a part is called in words: its path, or the run. */
export function calledIn({ path }: Pick<Part, 'path'>): string {
  return path === '' ? 'the run' : path;
}
