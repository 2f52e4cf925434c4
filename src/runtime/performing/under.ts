/**
 * Under which limits a body is: those of its task, of the tracks that it stands in, of its orchestrator and of the box; and
 * which group it belongs to where places are handed out in turn. What definitions say is worked out once for each place
 * in a plan; keys and priorities are asked for each body.
 */
import type { Attempt } from '../../attempt.ts';
import type { Plan, PlanNode, RunFacts } from '../../definition.ts';
import { MapperFailed, reasonOf, show } from '../../errors/index.ts';
import type { Logger } from '../../executor.ts';
import type { Json } from '../../json.ts';
import { type LimitDefinition, NO_LIMITS, type QueuedFor } from '../../limits.ts';
import type { Limits } from '../../policies/limits/limits.ts';
import type { Claim, Limit, Queue } from '../../policies/limits/ticket.ts';
import type { Held } from '../held.ts';
import { askMapper, keyIn } from './asking.ts';
import { nodesIn } from '../../plan-nodes.ts';

/** How the places of a box are shared among runs. */
export interface Fairness {
  /** Runs with the same answer share one turn. Left out: each run has its own. */
  readonly by?: (run: RunFacts) => string;
  /** How many turns a run has in a round. Left out: one. */
  readonly weight?: (run: RunFacts) => number;
}

export interface UnderOptions {
  /** Of the box: how many bodies may run at once, and limits that have a key. */
  readonly concurrency: number;
  readonly limits: readonly LimitDefinition[];
  readonly fairness: Fairness;
  readonly logger: Logger;
}

/** What is the same for all bodies of a place. */
interface Fixed {
  readonly queue: Queue;
  readonly keyed: readonly Limit[];
}

const NOTHING: readonly Limit[] = Object.freeze([]);

export class Unders {
  readonly #options: UnderOptions;
  readonly #limits: Limits<Attempt>;
  /** Does time let anybody begin? Where there is no rate, nobody has to ask for the time. */
  hasRates = false;
  /** Null for places that nothing limits. Those below limited tracks are told apart by the names of these. */
  readonly #places = new WeakMap<PlanNode, Fixed | null>();
  readonly #byName = new Map<string, Fixed>();
  /** Does anything in the plan beside its tasks have limits? */
  readonly #plans = new WeakMap<Plan, boolean>();
  /** What the limits of tracks go by. A track's list of limits is one wherever it is used. */
  readonly #tracks = new WeakMap<readonly LimitDefinition[], string>();
  readonly #tracksByPlace = new Map<string, string>();
  readonly #told = new Set<string>();

  constructor(options: UnderOptions, limits: Limits<Attempt>) {
    this.#options = options;
    this.#limits = limits;
  }

  /** What the body of this task is under; null for nothing. Throws `MapperFailed` if a key or a priority can't be had. */
  of(run: Held, path: string, node: PlanNode, input: Json): Claim | null {
    const fixed = this.#hasBodies(run.plan) ? this.#below(run, path, node) : this.#at(run, node);
    if (fixed === null) return null;
    const { priority } = node.task ?? {};
    return {
      queue: fixed.queue,
      keyed: fixed.keyed.length === 0 ? NOTHING : keyedFor(fixed.keyed, input, run.facts),
      priority: typeof priority === 'function' ? priorityOf(priority, node.called, input, run.facts) : (priority ?? 0),
      group: this.#groupOf(run.facts),
      weight: this.#weightOf(run.facts),
    };
  }

  #at(run: Held, node: PlanNode): Fixed | null {
    let fixed = this.#places.get(node);
    if (fixed === undefined) {
      fixed = this.#fixed(run.plan, node, []);
      this.#places.set(node, fixed);
    }
    return fixed;
  }

  #below(run: Held, path: string, node: PlanNode): Fixed | null {
    const tracks: PlanNode[] = [];
    for (let at = run.actors.get(path)?.parent ?? null; at !== null; at = at.parent) {
      if (at.node.bodies.length > 0) tracks.push(at.node);
    }
    const { name, version } = run.plan;
    const key = JSON.stringify([name, version, node.called, ...tracks.map(({ called }) => called)]);
    let fixed = this.#byName.get(key);
    if (fixed === undefined) {
      fixed = this.#fixed(run.plan, node, tracks) ?? { queue: this.#limits.queueFor(NOTHING), keyed: NOTHING };
      this.#byName.set(key, fixed);
    }
    return fixed;
  }

  #fixed(plan: Plan, node: PlanNode, tracks: readonly PlanNode[]): Fixed | null {
    const { concurrency, limits } = this.#options;
    const all = [
      ...named('task', node.called, node.task?.limits ?? NO_LIMITS),
      ...tracks.flatMap((track) =>
        track === plan.root
          ? named('orchestrator', track.called, track.bodies)
          : named('track', track.called, track.bodies, this.#idOf(plan, track)),
      ),
      ...named('box', null, limits),
    ];
    // A track that stands in itself counts its bodies once.
    const once = [...new Map(all.map((limit) => [limit.id, limit])).values()];
    if (once.length === 0 && concurrency === Number.POSITIVE_INFINITY) return null;
    this.hasRates ||= once.some(({ rule }) => rule.per !== null);
    const queue = this.#limits.queueFor(once.filter(({ rule }) => rule.key === undefined));
    return { queue, keyed: once.filter(({ rule }) => rule.key !== undefined) };
  }

  /** The same for all uses of a track, and for what goes by its name in other versions; tracks of one name may have nothing else in common. */
  #idOf({ name }: Plan, { called, bodies }: PlanNode): string {
    const place = JSON.stringify([name, called]);
    const id = this.#tracks.get(bodies) ?? this.#tracksByPlace.get(place) ?? place;
    this.#tracks.set(bodies, id);
    if (!this.#tracksByPlace.has(place)) this.#tracksByPlace.set(place, id);
    return id;
  }

  #hasBodies(plan: Plan): boolean {
    let has = this.#plans.get(plan);
    if (has === undefined) {
      has = [...nodesIn(plan.root)].some(({ bodies }) => bodies.length > 0);
      this.#plans.set(plan, has);
    }
    return has;
  }

  #groupOf(run: RunFacts): string {
    const { by } = this.#options.fairness;
    if (by === undefined) return run.id;
    const group = this.#asked(
      'by',
      () => by(run),
      (value) => typeof value === 'string',
    );
    return group === undefined ? run.id : `by ${group}`;
  }

  #weightOf(run: RunFacts): number {
    const { weight } = this.#options.fairness;
    if (weight === undefined) return 1;
    const isWeight = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0;
    return this.#asked('weight', () => weight(run), isWeight) ?? 1;
  }

  /** What the box's own functions answer; one that can't is left out, and the log says so once. */
  #asked<V>(option: string, ask: () => V, fits: (value: unknown) => boolean): V | undefined {
    let did: string;
    try {
      const value = ask();
      if (fits(value)) return value;
      did = `answered with ${show(value)}`;
    } catch (thrown) {
      did = `threw ${reasonOf(thrown)}`;
    }
    if (this.#told.has(option)) return undefined;
    this.#told.add(option);
    const message = `"fairness.${option}" ${did}; such runs are treated as if it had been left out. This is said once.`;
    this.#options.logger({ level: 'warn', message });
    return undefined;
  }
}

function named(
  of: QueuedFor['of'],
  name: string | null,
  rules: readonly LimitDefinition[],
  by = String(name),
): readonly Limit[] {
  return rules.map((rule, index) => {
    const { limit, per } = rule;
    return { id: `${of} ${by} ${index}`, rule, called: { of, name, key: null, limit, per } };
  });
}

/** Limits that have a key, for the key of this body; without those that are not for it. */
function keyedFor(limits: readonly Limit[], input: Json, run: RunFacts): readonly Limit[] {
  const keyed: Limit[] = [];
  for (const { id, rule, called } of limits) {
    const { of, name } = called;
    const what = `"key" of a limit of ${name === null ? 'the box' : `${of} "${name}"`}`;
    const key = keyIn(what, rule.key as (facts: object) => unknown, input, run);
    if (key === null) continue;
    keyed.push({ id: `${id}/${key}`, rule, called: { ...called, key } });
  }
  return keyed;
}

function priorityOf(priority: (facts: never) => unknown, task: string, input: Json, run: RunFacts): number {
  const what = `"priority" of task "${task}"`;
  const value = askMapper(what, priority as (facts: object) => unknown, input, run);
  if (Number.isFinite(value)) return value as number;
  throw new MapperFailed({ mapper: what, answered: value, wanted: 'a number' });
}
