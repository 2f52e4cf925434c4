/**
 * Where a run may still come to wait for a signal: the places of its plan that wait, as far as they have neither begun
 * nor been given up. A signal that nobody waits for is kept only if there is such a place.
 *
 * A place that has begun or is over stays so. So each is passed by once in the life of a run, and what a signal costs
 * does not depend on how many have gone before (I9).
 */
import type { Place, Plan, PlanNode, WaitSpec } from '../definition.ts';
import { type Actor, pathUnder, type RunState } from './run.ts';

/** A place of the plan, and that of its parent; null directly below the run. */
interface Spot {
  readonly place: Place;
  readonly above: Spot | null;
}

/** Places that wait for the same name under the same schema, of which one is as good as the other for a payload. */
type Alike = readonly Spot[];

const places = new WeakMap<Plan, ReadonlyMap<string, readonly Alike[]>>();

/** Every place that waits, by the name of its signal, in declared order; worked out once for a plan. */
function placesOf(plan: Plan): ReadonlyMap<string, readonly Alike[]> {
  const known = places.get(plan);
  if (known !== undefined) return known;
  const found = new Map<string, Map<unknown, Spot[]>>();
  // From a list, not by recursion: definitions may nest as deep as they like.
  const todo: Spot[] = [];
  const goBelow = ({ children }: PlanNode, above: Spot | null): void => {
    for (let index = children.length - 1; index >= 0; index -= 1) todo.push({ place: children[index] as Place, above });
  };
  goBelow(plan.root, null);
  for (let spot = todo.pop(); spot !== undefined; spot = todo.pop()) {
    const { node } = spot.place;
    const spec = node.spec as WaitSpec | null;
    if (spec?.signal !== undefined) addTo(found, spec, spot);
    goBelow(node, spot);
  }
  const sorted = new Map([...found].map(([name, bySchema]) => [name, [...bySchema.values()]]));
  places.set(plan, sorted);
  return sorted;
}

function addTo(found: Map<string, Map<unknown, Spot[]>>, { signal, payload }: WaitSpec, spot: Spot): void {
  let bySchema = found.get(signal);
  if (bySchema === undefined) {
    bySchema = new Map();
    found.set(signal, bySchema);
  }
  const alike = bySchema.get(payload);
  if (alike === undefined) bySchema.set(payload, [spot]);
  else alike.push(spot);
}

/** Does a run of this plan ever wait for the signal? */
export function waitsFor(plan: Plan, name: string): boolean {
  return placesOf(plan).has(name);
}

/** The names of all signals that runs of a plan wait for, in declared order. */
export function signalsIn(plan: Plan): readonly string[] {
  return [...placesOf(plan).keys()];
}

/** What a run in memory knows of the places to which it may still come. */
export class Prospects {
  readonly #run: RunState;
  readonly #byName = new Map<string, Ahead[]>();

  constructor(run: RunState) {
    this.#run = run;
  }

  /** For each schema under which a step may still come to wait for the name, a node that has it. */
  *of(name: string): Generator<PlanNode, void, undefined> {
    let ahead = this.#byName.get(name);
    if (ahead === undefined) {
      ahead = (placesOf(this.#run.plan).get(name) ?? []).map((alike) => new Ahead(this.#run, alike));
      this.#byName.set(name, ahead);
    }
    for (let index = 0; index < ahead.length; ) {
      const next = (ahead[index] as Ahead).next();
      if (next !== null) {
        yield next;
        index += 1;
        continue;
      }
      // It will never be there again; the last one takes its place.
      const last = ahead.pop() as Ahead;
      if (index < ahead.length) ahead[index] = last;
    }
  }
}

/** A walk through the places of one kind, which never goes back. */
class Ahead {
  readonly #run: RunState;
  readonly #places: Alike;
  #at = 0;
  /** From below the run down to the place under consideration, and how far down it has begun. */
  #way: readonly Place[] | null = null;
  #begun: Actor;
  #depth = 0;

  constructor(run: RunState, alike: Alike) {
    this.#run = run;
    this.#places = alike;
    this.#begun = run.root;
  }

  /** The first place to which the run may still come. */
  next(): PlanNode | null {
    for (; this.#at < this.#places.length; this.#at += 1) {
      const spot = this.#places[this.#at] as Spot;
      if (this.#mayCome(spot)) return spot.place.node;
      this.#way = null;
    }
    return null;
  }

  #mayCome(spot: Spot): boolean {
    if (this.#way === null) {
      this.#way = wayTo(spot);
      this.#begun = this.#run.root;
      this.#depth = 0;
    }
    for (; this.#depth < this.#way.length; this.#depth += 1) {
      const { state, children, path } = this.#begun;
      const child = this.#way[this.#depth] as Place;
      const standing = state.status === 'active' ? children?.standing(child) : 'over';
      if (standing === 'to come') return true;
      const begun = standing === 'begun' ? this.#run.actors.get(pathUnder(path, child.name)) : undefined;
      if (begun === undefined) return false;
      // It has its row and not its word yet, as in a run that is paused.
      if (begun.state.value === 'pending') return true;
      this.#begun = begun;
    }
    return false;
  }
}

function wayTo(spot: Spot): Place[] {
  const way: Place[] = [];
  for (let at: Spot | null = spot; at !== null; at = at.above) way.push(at.place);
  return way.reverse();
}
