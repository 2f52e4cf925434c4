/**
 * Children of which some are taken and the others never begin: the routes of a branch. Which ones is asked once, when the
 * branch begins. From then on it stands in the rows: those that were taken have one, in the same commit (S: router).
 */
import type { Facts, GraphPlace, Mapper, RunFacts } from '../../definition.ts';
import { type ErrorRecord, PredicateFailed, RouteMissing } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import { asked, mapped, synchronous } from '../facts.ts';
import type { Arrival, Children, Family } from './children.ts';
import { Graph } from './graph.ts';

/** What a branch was declared with. Its routes are the node's children, in declared order. */
export interface BranchSpec {
  /** For each route, when it is taken; null where a key decides, and for the one that is taken if no other is. */
  readonly when: readonly (Mapper | null)[];
  /** Gives the name of the route, instead of predicates. */
  readonly on: Mapper | null;
  /** Every route whose predicate says so is taken, and not the first alone. */
  readonly all: boolean;
  /** If none is: the last route is taken, nothing is done, or the branch fails. */
  readonly otherwise: 'last' | 'nothing' | 'fail';
}

export class Routes extends Graph {
  readonly #family: Family;

  constructor(family: Family, origin: Routes | null = null) {
    const known = [...family.known];
    // What was skipped was not taken, and leaves nothing behind.
    super(
      { ...family, known: known.filter(({ status, isBorne }) => status !== 'skipped' || isBorne === true) },
      origin,
    );
    this.#family = family;
    if (known.length > 0) this.keepOnly(NOBODY);
  }

  override fork(above: Children | null, run: RunFacts): Children {
    return new Routes(this.familyUnder(above, run), this);
  }

  override begin(): Arrival {
    const { called } = this.#family.node;
    const decided = mapped(`branch "${called}"`, () => this.#choose() as Json);
    if ('error' in decided) return this.#over(decided.error);
    const taken = decided.output as readonly number[];
    const given = this.keepOnly(new Set(taken));
    return { ready: taken.length, skipped: given, finished: taken.length === 0 ? { output: this.taken() } : null };
  }

  #over(error: ErrorRecord): Arrival {
    return { ready: 0, skipped: this.rest(), finished: { error } };
  }

  /** The ordinals of the routes that are taken. */
  #choose(): readonly number[] {
    const { node, place, above } = this.#family;
    const { on, otherwise } = node.spec as BranchSpec;
    const facts = above !== null && place !== null ? above.factsFor(place) : null;
    const taken = facts === null ? [] : on === null ? this.#byPredicate(facts) : this.#byKey(on, facts);
    if (typeof taken === 'object' && taken.length > 0) return taken;
    if (otherwise === 'last') return [node.children.length - 1];
    if (otherwise === 'nothing') return [];
    const routes = node.children.map(({ name }) => name);
    throw new RouteMissing({ branch: node.called, routes, ...(typeof taken === 'string' ? { key: taken } : {}) });
  }

  #byPredicate(facts: Facts): readonly number[] {
    const { when, all } = this.#family.node.spec as BranchSpec;
    const taken: number[] = [];
    for (const [ordinal, predicate] of when.entries()) {
      if (predicate === null) continue;
      const { name } = this.#family.node.children[ordinal] as GraphPlace;
      if (!asked(`"when" of route "${name}"`, () => predicate(facts))) continue;
      taken.push(ordinal);
      if (!all) break;
    }
    return taken;
  }

  /** The route of that name, or the name that no route has. */
  #byKey(on: Mapper, facts: Facts): readonly number[] | string {
    const { node } = this.#family;
    const what = `"on" of branch "${node.called}"`;
    const key = synchronous(what, on(facts));
    if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean')
      throw new PredicateFailed({ what, value: key, wanted: 'the name of a route' });
    const route = node.childByName.get(String(key));
    const isOther = (node.spec as BranchSpec).otherwise === 'last' && route?.ordinal === node.children.length - 1;
    return route === undefined || isOther ? String(key) : [route.ordinal];
  }

  protected override taken(): Json {
    const outputs = this.outputsOfTaken();
    if ((this.#family.node.spec as BranchSpec).all) return Object.freeze(Object.fromEntries(outputs));
    return outputs[0]?.[1] ?? null;
  }
}

const NOBODY: ReadonlySet<number> = new Set();
