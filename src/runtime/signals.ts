/**
 * Signals and the steps that wait for them: who takes one that comes, which ones are kept for later, and what a
 * sender is told. Nothing is written here; the turn notes down what comes of it.
 *
 * A signal goes to one step: of those that wait for it, to the first one (in the order in which they began to wait)
 * that it fits. If none waits and one may still come to it, the signal is kept, up to a bound for each name.
 */
import type { Plan, PlanNode, WaitSpec } from '../definition.ts';
import type { Json } from '../json.ts';
import { weigh } from '../machines/mapping.ts';
import type { Issue } from '../schema.ts';
import type { SignalRow } from '../store.ts';
import { type Actor, pathUnder, type RunState } from './run-state.ts';

/** What the sender of a signal is told. */
export type SignalAnswer =
  /** A step that waited for it took it: the step's path. */
  | { readonly answer: 'accepted'; readonly step: string }
  /** No step waits for it yet. It is kept for one that will. */
  | { readonly answer: 'buffered' }
  /** Nothing came of it, and nothing changed: it may be sent again, in a better shape. */
  | {
      readonly answer: 'refused';
      readonly reason: 'payload-invalid' | 'signal-unknown' | 'signal-late' | 'buffer-full' | 'run-ended';
      readonly message: string;
      /** What is wrong with the payload, and where in it. */
      readonly issues: readonly Issue[];
    }
  | { readonly answer: 'noSuchRun' };

type Refused = Extract<SignalAnswer, { readonly answer: 'refused' }>;

/** What a run in memory knows of signals. */
export class Signals {
  /** Steps that wait, by the name of their signal, the longest waiting first. */
  readonly #waits = new Map<string, Set<Actor>>();
  /** Signals that nobody has taken, by name, the oldest first. */
  readonly #kept = new Map<string, SignalRow[]>();

  await(actor: Actor): void {
    const { signal } = actor.node.spec as WaitSpec;
    const others = this.#waits.get(signal);
    if (others === undefined) this.#waits.set(signal, new Set([actor]));
    else others.add(actor);
  }

  forget(actor: Actor): void {
    const { signal } = actor.node.spec as WaitSpec;
    const others = this.#waits.get(signal);
    others?.delete(actor);
    if (others?.size === 0) this.#waits.delete(signal);
  }

  waitingFor(name: string): Iterable<Actor> {
    return this.#waits.get(name) ?? [];
  }

  keep(signal: SignalRow): void {
    const others = this.#kept.get(signal.name);
    if (others === undefined) this.#kept.set(signal.name, [signal]);
    else others.push(signal);
  }

  keptUnder(name: string): readonly SignalRow[] {
    return this.#kept.get(name) ?? [];
  }

  drop(signal: SignalRow): void {
    const rest = this.keptUnder(signal.name).filter((other) => other !== signal);
    if (rest.length === 0) this.#kept.delete(signal.name);
    else this.#kept.set(signal.name, rest);
  }
}

/** What a state invokes that waits for a signal. */
export const SIGNAL = 'signal';

/** The signals of a run; most runs have none, and nothing is made for them. */
export function signalsOf(run: RunState): Signals {
  run.signals ??= new Signals();
  return run.signals;
}

/** The bounds within which signals are taken and kept. */
export interface SignalRules {
  readonly maxValueBytes: number;
  /** How many signals of one name a run keeps. */
  readonly signalBuffer: number;
}

/** Who takes a signal that comes, in which shape; or else what its sender is told. */
export function route(
  run: RunState,
  name: string,
  payload: Json,
  rules: SignalRules,
): { readonly taker: Actor; readonly payload: Json } | Exclude<SignalAnswer, { readonly answer: 'accepted' }> {
  const issues: Issue[] = [];
  let waits = 0;
  for (const actor of run.signals?.waitingFor(name) ?? []) {
    const verdict = weigh(actor.node, actor.parent?.ledger ?? null, payload, rules.maxValueBytes);
    if ('payload' in verdict) return { taker: actor, payload: verdict.payload };
    issues.push(...verdict.issues);
    waits += 1;
  }
  if (waits > 0) return refused('payload-invalid', `The step that waits for signal "${name}" did not take it.`, issues);
  return early(run, name, payload, rules);
}

/** Nobody waits for it: is it too early, too late, or none of ours? */
function early(run: RunState, name: string, payload: Json, rules: SignalRules): Refused | { answer: 'buffered' } {
  const nodes = waitsOf(run.plan).get(name);
  const what = `Signal "${name}"`;
  if (nodes === undefined) {
    const known = [...waitsOf(run.plan).keys()].map((each) => `"${each}"`).join(', ');
    const list = known === '' ? 'it waits for none' : `it waits for ${known}`;
    return refused('signal-unknown', `${what} is none that "${run.plan.name}" ever waits for: ${list}.`);
  }
  if (!mayCome(run, name)) return refused('signal-late', `${what} came when every step that waits for it was over.`);
  const issues: Issue[] = [];
  for (const node of nodes) {
    // What "where" asks for is not known before the step begins.
    const verdict = weigh(node, null, payload, rules.maxValueBytes);
    if ('payload' in verdict) return room(run, name, rules);
    issues.push(...verdict.issues);
  }
  return refused('payload-invalid', `${what} has a payload that no step of "${run.plan.name}" will take.`, issues);
}

function room(run: RunState, name: string, { signalBuffer }: SignalRules): Refused | { answer: 'buffered' } {
  if ((run.signals?.keptUnder(name).length ?? 0) < signalBuffer) return { answer: 'buffered' };
  return refused(
    'buffer-full',
    `${signalBuffer} signals "${name}" are kept for the run already, and none is waited for.`,
  );
}

/** The first of the signals that are kept that fits a step which begins to wait. */
export function keptFor(run: RunState, actor: Actor, maxBytes: number): { signal: SignalRow; payload: Json } | null {
  const { signal: name } = actor.node.spec as WaitSpec;
  for (const signal of run.signals?.keptUnder(name) ?? []) {
    const verdict = weigh(actor.node, actor.parent?.ledger ?? null, signal.payload, maxBytes);
    if ('payload' in verdict) return { signal, payload: verdict.payload };
  }
  return null;
}

/** What the sender of a signal that the store has was told. */
export function answerOf({ answer, takenBy }: SignalRow): SignalAnswer {
  return answer === 'accepted' ? { answer, step: takenBy ?? '' } : { answer };
}

export function refused(reason: Refused['reason'], message: string, issues: readonly Issue[] = []): Refused {
  return { answer: 'refused', reason, message, issues };
}

// --- What a plan waits for -----------------------------------------------------------------

const waits = new WeakMap<Plan, ReadonlyMap<string, readonly PlanNode[]>>();

/** Every node that waits, by the name of its signal; worked out once. */
function waitsOf(plan: Plan): ReadonlyMap<string, readonly PlanNode[]> {
  let known = waits.get(plan);
  if (known !== undefined) return known;
  const found = new Map<string, PlanNode[]>();
  const seen = new Set<readonly PlanNode[]>();
  const todo = [plan.root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    const name = (node.spec as WaitSpec | null)?.signal;
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), node]);
    // Uses of one body share its children, which are looked at once.
    if (seen.has(node.children)) continue;
    seen.add(node.children);
    for (let index = node.children.length - 1; index >= 0; index -= 1) todo.push(node.children[index] as PlanNode);
  }
  known = found;
  waits.set(plan, known);
  return known;
}

const below = new WeakMap<readonly PlanNode[], ReadonlySet<string>>();

/** The signals that something below a node waits for, or the node itself. */
function signalsIn(node: PlanNode): ReadonlySet<string> {
  const own = (node.spec as WaitSpec | null)?.signal;
  const names = below.get(node.children);
  return own === undefined ? (names as ReadonlySet<string>) : new Set([own, ...(names ?? [])]);
}

function lookBelow(root: PlanNode): void {
  if (below.has(root.children)) return;
  const todo: { readonly node: PlanNode; readonly leaving: boolean }[] = [{ node: root, leaving: false }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, leaving } = next;
    if (leaving) {
      const names = new Set<string>();
      for (const child of node.children) for (const name of signalsIn(child)) names.add(name);
      below.set(node.children, names);
      continue;
    }
    if (below.has(node.children)) continue;
    todo.push({ node, leaving: true });
    for (const child of node.children) todo.push({ node: child, leaving: false });
  }
}

/** Is there a step that waits for it and has not begun, nor been given up? */
function mayCome(run: RunState, name: string): boolean {
  lookBelow(run.plan.root);
  const todo: Actor[] = [run.root];
  for (let actor = todo.pop(); actor !== undefined; actor = todo.pop()) {
    for (const child of actor.node.children) {
      if (!signalsIn(child).has(name)) continue;
      const standing = actor.ledger?.standing(child);
      if (standing === 'to come') return true;
      const begun = standing === 'begun' ? run.actors.get(pathUnder(actor.path, child.name)) : undefined;
      if (begun === undefined) continue;
      // Downwards first: of many siblings that are alike, one is mostly enough to tell.
      if (hasToCome(begun, name)) return true;
      todo.push(begun);
    }
  }
  return false;
}

function hasToCome({ node, ledger }: Actor, name: string): boolean {
  return node.children.some((child) => signalsIn(child).has(name) && ledger?.standing(child) === 'to come');
}
