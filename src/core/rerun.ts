/**
 * A run that takes over from another one, which has ended, what had finished there before a step, and goes on from that step
 * (S16). Which places those are follows from the plan and the rows of that run (`takenOver`); what is taken over has a row here
 * in the commit in which its parent begins, and is never executed again (I6). Where a parent begins later, under a cap, what it
 * is to take over lies in a record until then.
 */
import type { GraphPlace, Place, PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ActorRow, RecordRow, RunRow } from '../store.ts';
import { skippedRow } from './actor.ts';
import type { Kinds, Memory } from './kind.ts';
import type { TurnPort } from './port.ts';
import { type Actor, pathUnder } from './run.ts';
import { type Sets, takenSets } from './taken-sets.ts';

/** A child that its parent takes over: it has completed, or counts as skipped. */
export interface Taken {
  readonly name: string;
  readonly kind: string;
  readonly status: 'completed' | 'skipped';
  readonly input: Json;
  readonly output: Json;
  /** What the steps in it have set, if any. */
  readonly sets?: Sets;
  /** It counts as skipped, because what it stands in can do without it: how it had ended (S12). */
  readonly failed?: { readonly state: 'failed' | 'timedOut'; readonly error: ErrorRecord | null };
  /** It has completed, and something in it has failed that it can do without (S12). */
  readonly withErrors?: true;
}

/** What a run takes over, and from where it goes on. */
export interface Rerun {
  readonly of: string;
  readonly from: string;
  /** Of that step; left out: what its mapper makes. */
  readonly input?: Json;
  /** By the path of the parent. */
  readonly below: ReadonlyMap<string, readonly Taken[]>;
  /** What the run begins with: set by what is taken over, below whichever parent. Left out where it has begun. */
  readonly variables?: JsonObject;
}

/** The record of somebody's word that a run was to be made again, and the records of what its parents take over. */
export const RERUN = 'rerun';
export const TAKEN = 'taken';

const MARK = '~rerun/';

/** The row of a run names the run that it was made of as its parent, and the step behind this mark. */
export function parentOfRerun(run: string, from: string): NonNullable<RunRow['parent']> {
  return { run, path: `${MARK}${from}` };
}

/** Which run it takes over from, and from where it goes on; null for every other run. */
export function rerunOf({ parent }: Pick<RunRow, 'parent'>): { readonly run: string; readonly from: string } | null {
  return parent?.path.startsWith(MARK) ? { run: parent.run, from: parent.path.slice(MARK.length) } : null;
}

type Rows = ReadonlyMap<
  string,
  Pick<ActorRow, 'state' | 'kind' | 'input' | 'output' | 'error' | 'attempt' | 'memory' | 'endedSeq'>
>;

/** What a run takes over that goes on from this place, or why it cannot. */
export function takenOver(
  kinds: Kinds,
  root: PlanNode,
  rows: Rows,
  from: string,
): Pick<Rerun, 'below' | 'variables'> | { readonly why: string } {
  const below = new Map<string, readonly Taken[]>();
  let [node, path] = [root, ''];
  for (const name of from.split('/')) {
    const place = node.childByName.get(name);
    if (!isInOrder(kinds, node))
      return {
        why: `"${from}" stands in "${path}", which begins anew as a whole: an item, a round, a route. Go on from there.`,
      };
    if (place === undefined) return { why: `there is no step "${from}"` };
    const taken = tookBefore(node, path, place as GraphPlace, rows);
    if ('why' in taken) return taken;
    const { children } = node;
    const later = reachedFrom(children, place as GraphPlace, ({ dependents }) => dependents);
    for (const child of children) {
      const at = pathUnder(path, child.name);
      if (child === place || later.has(child.ordinal) || taken.names.has(child.name)) continue;
      if (rows.get(at)?.state === 'completed') addWithBefore(node, path, child, rows, taken);
      else tookBelow(kinds, child.node, at, rows, below);
    }
    below.set(path, taken.list);
    [node, path] = [place.node, pathUnder(path, name)];
  }
  const state = rows.get(from)?.state;
  if (state === undefined || state === 'pending' || (state === 'skipped' && rows.get(from)?.attempt === 0))
    return { why: `"${from}" was never reached` };
  return withSets(kinds, root, below, rows);
}

/** What is taken over, with what has been set in it, and the variables that this comes to. */
function withSets(kinds: Kinds, root: PlanNode, below: Rerun['below'], rows: Rows): Pick<Rerun, 'below' | 'variables'> {
  const places = new Map<string, PlanNode>();
  for (const [path, list] of below) {
    // Children of these parents are those of the plan.
    const names = path === '' ? [] : path.split('/');
    const node = names.reduce((above, name) => (above.childByName.get(name) as Place).node, root);
    for (const { name } of list) places.set(pathUnder(path, name), (node.childByName.get(name) as Place).node);
  }
  const { variables, sets } = takenSets(kinds, places, rows);
  if (sets.size === 0) return { below };
  const told = [...below].map(([path, list]) => {
    const there = list.map((taken): Taken => {
      const own = sets.get(pathUnder(path, taken.name));
      return own === undefined ? taken : { ...taken, sets: own };
    });
    return [path, there] as const;
  });
  return { below: new Map(told), variables };
}

interface Taking {
  readonly list: Taken[];
  readonly names: Set<string>;
}

/** Does a parent of this kind begin all of its children by itself, each once? */
function isInOrder(kinds: Kinds, node: PlanNode): boolean {
  const { placeNamed, isForeign } = kinds.get(node.kind);
  const isWait = node.sees === 'above' && node.result === 'last';
  return placeNamed === undefined && isForeign !== true && node.result !== 'taken' && !isWait;
}

/** All that comes before a place has to have finished. */
function tookBefore(node: PlanNode, path: string, place: GraphPlace, rows: Rows): Taking | { readonly why: string } {
  const taking: Taking = { list: [], names: new Set() };
  const before = reachedFrom(node.children, place, ({ after }) => after);
  for (const child of node.children) {
    if (!before.has(child.ordinal)) continue;
    const at = pathUnder(path, child.name);
    const taken = takenAt(child, rows.get(at));
    if (taken === null)
      return { why: `"${at}" comes before it and is ${rows.get(at)?.state ?? 'not there'}. Go on from there.` };
    add(taking, taken);
  }
  return taking;
}

/** A child that had completed, and what came before it, which had ended well enough. */
function addWithBefore(node: PlanNode, path: string, child: GraphPlace, rows: Rows, taking: Taking): void {
  const needed = reachedFrom(node.children, child, ({ after }) => after);
  for (const each of node.children) {
    if (each !== child && !needed.has(each.ordinal)) continue;
    const taken = takenAt(each, rows.get(pathUnder(path, each.name)));
    if (taken !== null && !taking.names.has(each.name)) add(taking, taken);
  }
}

/** What had completed in a place beside the way, which had not. */
function tookBelow(kinds: Kinds, root: PlanNode, at: string, rows: Rows, below: Map<string, readonly Taken[]>): void {
  const todo: [PlanNode, string][] = [[root, at]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [node, path] = next;
    if (!rows.has(path) || node.children.length === 0 || !isInOrder(kinds, node)) continue;
    const taking: Taking = { list: [], names: new Set() };
    for (const child of node.children) {
      const place = pathUnder(path, child.name);
      if (rows.get(place)?.state === 'completed') addWithBefore(node, path, child, rows, taking);
      else todo.push([child.node, place]);
    }
    if (taking.list.length > 0) below.set(path, taking.list);
  }
}

function add({ list, names }: Taking, taken: Taken): void {
  list.push(taken);
  names.add(taken.name);
}

/** A child as it is taken over; null for one that has not ended well. */
function takenAt({ name, optional }: Place, row: ReturnType<Rows['get']>): Taken | null {
  if (row === undefined) return null;
  const { state, kind, input, output, error, memory } = row;
  const withErrors = memory.withErrors === true ? { withErrors: true as const } : {};
  if (state === 'completed') return { name, kind, status: state, input, output, ...withErrors };
  if (state === 'skipped') return { name, kind, status: state, input, output };
  if (optional !== true || (state !== 'failed' && state !== 'timedOut')) return null;
  return { name, kind, status: 'skipped', input, output: null, failed: { state, error } };
}

/** The ordinals of all that are reached from a place, that place not included. */
function reachedFrom(
  children: readonly GraphPlace[],
  place: GraphPlace,
  next: (place: GraphPlace) => readonly number[],
): ReadonlySet<number> {
  const reached = new Set<number>();
  const todo = [place];
  for (let each = todo.pop(); each !== undefined; each = todo.pop()) {
    for (const ordinal of next(each)) {
      if (reached.has(ordinal)) continue;
      reached.add(ordinal);
      todo.push(children[ordinal] as GraphPlace);
    }
  }
  return reached;
}

/** What the parents of a run that goes on later take over, as records. */
export function takenRecords({ below }: Rerun): readonly Omit<RecordRow, 'run'>[] {
  return [...below]
    .filter(([path, list]) => path !== '' && list.length > 0)
    .map(([path, list]) => ({ type: TAKEN, id: path, version: 1, body: list as unknown as Json, keys: {} }));
}

/** A run that is read back, from its records. */
export function rerunFrom(of: string, from: string, records: readonly RecordRow[]): Rerun {
  const asked = records.find(({ type, id }) => type === RERUN && id === RERUN)?.body as
    | { readonly input?: Json }
    | undefined;
  const taken = records.filter(({ type }) => type === TAKEN);
  const below = new Map(taken.map(({ id, body }) => [id, body as unknown as readonly Taken[]]));
  return { of, from, below, ...(asked?.input === undefined ? {} : { input: asked.input }) };
}

/** What a parent is told when it begins of the children that it has taken over, and a run of its variables; null for nothing. */
export function takenAtStart({ below, variables }: Rerun, path: string): Over | null {
  const list = below.get(path) ?? [];
  const known = path === '' && variables !== undefined ? { variables } : {};
  if (list.length === 0 && known.variables === undefined) return null;
  const withErrors = list.some((taken) => taken.failed !== undefined || taken.withErrors === true);
  const completed = list.filter(({ status }) => status === 'completed').length;
  return { settled: list.length, completed, withErrors, ...known };
}

interface Over {
  readonly settled: number;
  readonly completed: number;
  readonly withErrors: boolean;
  readonly variables?: JsonObject;
}

/** The input that somebody has given to a step; null if its mapper makes it. */
export function givenTo(rerun: Rerun | null, path: string): { readonly output: Json } | null {
  return rerun?.input === undefined || rerun.from !== path ? null : { output: rerun.input };
}

/** A parent has begun: what it takes over has its rows, and is told. */
export function keepTaken(port: TurnPort, parent: Actor, { of, from, below }: Rerun): void {
  const { run, now, changes, rules } = port;
  if (parent.path === '') {
    const taken = [...below.values()].reduce((sum, list) => sum + list.length, 0);
    port.tell({ ...port.at(''), type: 'run.rerun', of, from, taken });
  }
  for (const { name, kind, status, input, output, sets, failed, withErrors } of below.get(parent.path) ?? []) {
    const path = pathUnder(parent.path, name);
    const at = port.at(path);
    const { state, error } = failed ?? { state: status, error: null };
    const memory = {
      takenFrom: of,
      ...(sets === undefined ? {} : { sets: sets as unknown as JsonObject }),
      ...(withErrors === undefined ? {} : { withErrors }),
    };
    const row = skippedRow(run.id, parent.path, path, kind, now, at.seq);
    changes.skip({ ...row, state, input, output, error, memory });
    port.tell(rules.kinds.get(kind).tell(at, 'pending', state, { ...NO_MEMORY, error }, null));
  }
}

/** Did a step complete in another run, which alone may undo it? */
export function isTakenOver({ memory }: Pick<ActorRow, 'memory'>): boolean {
  return memory.takenFrom !== undefined;
}

const NO_MEMORY: Memory = Object.freeze({ node: null, attempt: 0, error: null, reason: null });
