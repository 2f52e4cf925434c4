/**
 * The variables of a run that takes over from another one (S16): what the steps have set that are taken over, in the order in which they
 * ended there. What is taken over as a whole has one row, so that row remembers what was set in it, and in which order, for a run that
 * takes over from this one in its turn.
 */
import type { PlanNode } from '../definition.ts';
import { isJsonObject } from '../forms.ts';
import { type Json, type JsonObject, sameJson } from '../json.ts';
import type { ActorRow } from '../store.ts';
import type { Kinds } from './kind.ts';
import { pathAbove } from '../segments.ts';

/** What was set in a place that is taken over: each variable as it was set last there, with a number that says when. */
export type Sets = { readonly [variable: string]: readonly [order: number, value: Json] };

type Rows = ReadonlyMap<string, Pick<ActorRow, 'state' | 'kind' | 'input' | 'memory' | 'endedSeq'>>;

/** Places that are taken over, by path. */
type Places = ReadonlyMap<string, PlanNode>;

/** Is this what a row remembers of what was set? */
export function isSets(value: Json | undefined): boolean {
  const isOne = (each: Json): boolean => Array.isArray(each) && each.length === 2 && typeof each[0] === 'number';
  return isJsonObject(value) && Object.values(value).every(isOne);
}

interface Write {
  readonly path: string;
  readonly order: number;
  readonly variable: string;
  readonly value: Json;
}

export interface TakenSets {
  readonly variables: JsonObject;
  /** By the path of each place in which something was set. */
  readonly sets: ReadonlyMap<string, Sets>;
}

export function takenSets(kinds: Kinds, places: Places, rows: Rows): TakenSets {
  const variables = new Map<string, Json>();
  const sets = new Map<string, Map<string, readonly [number, Json]>>();
  let order = 0;
  const take = (place: string, variable: string, value: Json): void => {
    order += 1;
    variables.set(variable, value);
    const there = sets.get(place) ?? new Map<string, readonly [number, Json]>();
    sets.set(place, there.set(variable, [order, value]));
  };
  const known = new Map<string, Json>();
  for (const { path, variable, value } of writesIn(kinds, rows)) {
    known.set(variable, value);
    const place = placeAround(places, path);
    if (place !== null) take(place, variable, value);
  }
  // Set in a round whose rows are not kept any more, and by nothing else since.
  const { variables: last = {} } = (rows.get('')?.memory ?? {}) as { readonly variables?: JsonObject };
  for (const [variable, value] of Object.entries(last)) {
    const found = known.get(variable);
    if (found !== undefined && sameJson(found, value)) continue;
    for (const [path, node] of places) {
      if (!setsInRounds(kinds, node, variable)) continue;
      take(path, variable, value);
      break;
    }
  }
  const tables = [...sets].map(([path, there]) => [path, Object.fromEntries(there)] as const);
  return { variables: Object.freeze(Object.fromEntries(variables)), sets: new Map(tables) };
}

/** All that was set in a run, in order: what that run had taken over itself comes first. */
function writesIn(kinds: Kinds, rows: Rows): readonly Write[] {
  const taken: Write[] = [];
  const own: Write[] = [];
  for (const [path, { kind, state, input, memory, endedSeq }] of rows) {
    if (memory.sets !== undefined) {
      for (const [variable, [order, value]] of Object.entries(memory.sets as unknown as Sets))
        taken.push({ path, order, variable, value });
      continue;
    }
    // What somebody has resolved has set nothing.
    if (state !== 'completed' || kinds.get(kind).sets === undefined || !isJsonObject(input)) continue;
    for (const [variable, value] of Object.entries(input)) own.push({ path, order: endedSeq ?? 0, variable, value });
  }
  const byOrder = (left: Write, right: Write): number => left.order - right.order;
  return [...taken.sort(byOrder), ...own.sort(byOrder)];
}

/** The one of these places that a path is in, or is itself; null if there is none. */
export function placeAround(places: Pick<ReadonlySet<string>, 'has'>, path: string): string | null {
  for (let at = path; at !== ''; at = pathAbove(at)) if (places.has(at)) return at;
  return null;
}

/** Is there a step in it that sets this variable in an item or a round? */
function setsInRounds(kinds: Kinds, root: PlanNode, variable: string): boolean {
  const todo: [PlanNode, boolean][] = [[root, root.repeats]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [node, repeats] = next;
    if (repeats && kinds.get(node.kind).sets?.(node).includes(variable)) return true;
    for (const { node: below } of node.children) todo.push([below, repeats || below.repeats]);
  }
  return false;
}
