/**
 * Signals and the steps that wait for them: who takes one that comes, which ones are kept for later, and what a
 * sender is told. Nothing is written here; the turn notes down what comes of it.
 *
 * A signal goes to one step: of those that wait for it, to the first one (in the order in which they began to wait)
 * that it fits. If none waits and one may still come to it, the signal is kept, up to a bound for each name.
 */
import type { WaitSpec } from '../definition.ts';
import { knownNames } from '../dsl/names.ts';
import type { Json } from '../json.ts';
import { parsePayload, suits, type Verdict, weigh } from '../machines/mapping.ts';
import type { Issue } from '../schema.ts';
import type { SignalRow, Store } from '../store.ts';
import type { SignalMessage } from './message.ts';
import { Prospects, signalsIn, waitsFor } from './prospects.ts';
import type { Actor, RunState } from './run-state.ts';

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
  readonly #kept = new Map<string, Set<SignalRow>>();
  /** Where steps may still come to wait. */
  readonly prospects: Prospects;

  constructor(run: RunState) {
    this.prospects = new Prospects(run);
  }

  await(actor: Actor): void {
    add(this.#waits, nameOf(actor), actor);
  }

  forget(actor: Actor): void {
    remove(this.#waits, nameOf(actor), actor);
  }

  waitingFor(name: string): ReadonlySet<Actor> {
    return this.#waits.get(name) ?? NOBODY;
  }

  keep(signal: SignalRow): void {
    add(this.#kept, signal.name, signal);
  }

  keptUnder(name: string): ReadonlySet<SignalRow> {
    return this.#kept.get(name) ?? NOTHING;
  }

  drop(signal: SignalRow): void {
    remove(this.#kept, signal.name, signal);
  }
}

const NOBODY: ReadonlySet<Actor> = new Set();
const NOTHING: ReadonlySet<SignalRow> = new Set();

function nameOf({ node }: Actor): string {
  return (node.spec as WaitSpec).signal;
}

function add<T>(to: Map<string, Set<T>>, name: string, one: T): void {
  const others = to.get(name);
  if (others === undefined) to.set(name, new Set([one]));
  else others.add(one);
}

function remove<T>(from: Map<string, Set<T>>, name: string, one: T): void {
  const others = from.get(name);
  others?.delete(one);
  if (others?.size === 0) from.delete(name);
}

/** What a state invokes that waits for a signal. */
export const SIGNAL = 'signal';

/** The signals of a run; most runs have none, and nothing is made for them. */
export function signalsOf(run: RunState): Signals {
  run.signals ??= new Signals(run);
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
  const waiting = run.signals?.waitingFor(name) ?? NOBODY;
  const objections = new Objections();
  // Steps that are alike have one schema: it is asked once.
  const parsed = new Map<unknown, Verdict>();
  for (const actor of waiting) {
    const { payload: schema } = actor.node.spec as WaitSpec;
    const made = parsed.get(schema) ?? parsePayload(actor.node, payload, rules.maxValueBytes);
    parsed.set(schema, made);
    const verdict = 'payload' in made ? suits(actor.node, actor.parent?.ledger ?? null, made.payload) : made;
    if ('payload' in verdict) return { taker: actor, payload: verdict.payload };
    objections.add(verdict.issues);
  }
  if (waiting.size === 0) return early(run, name, payload, rules);
  const who = waiting.size === 1 ? 'The step that waits' : `None of the ${waiting.size} steps that wait`;
  const message = `${who} for signal "${name}" ${waiting.size === 1 ? 'did not take' : 'took'} it.`;
  return refused('payload-invalid', message, objections.list);
}

/** Nobody waits for it: is it too early, too late, or none of ours? */
function early(run: RunState, name: string, payload: Json, rules: SignalRules): Refused | { answer: 'buffered' } {
  const what = `Signal "${name}"`;
  if (!waitsFor(run.plan, name)) {
    const list = knownNames('signals', signalsIn(run.plan), name);
    return refused('signal-unknown', `No step of "${run.plan.name}" waits for signal "${name}". ${list}`);
  }
  const objections = new Objections();
  let ahead = 0;
  for (const node of signalsOf(run).prospects.of(name)) {
    // What "where" asks for is not known before the step begins.
    const verdict = parsePayload(node, payload, rules.maxValueBytes);
    if ('payload' in verdict) return room(run, name, rules);
    objections.add(verdict.issues);
    ahead += 1;
  }
  if (ahead === 0) return refused('signal-late', `${what} came when every step that waits for it was over.`);
  const message = `${what} has a payload that no step of "${run.plan.name}" will take.`;
  return refused('payload-invalid', message, objections.list);
}

function room(run: RunState, name: string, { signalBuffer }: SignalRules): Refused | { answer: 'buffered' } {
  if (signalsOf(run).keptUnder(name).size < signalBuffer) return { answer: 'buffered' };
  return refused(
    'buffer-full',
    `${signalBuffer} signals "${name}" are kept for the run already, and none is waited for.`,
  );
}

/** How much of what is wrong with a payload its sender is told. */
const MAX_ISSUES = 100;

/** What several steps have against a payload: each thing once, and no more than can be read. */
class Objections {
  readonly list: Issue[] = [];
  readonly #known = new Set<string>();

  add(issues: readonly Issue[]): void {
    for (const issue of issues) {
      if (this.list.length === MAX_ISSUES) return;
      const text = `${issue.path}: ${issue.message}`;
      if (this.#known.has(text)) continue;
      this.#known.add(text);
      this.list.push(issue);
    }
  }
}

/** The first of the signals that are kept that fits a step which begins to wait. */
export function keptFor(run: RunState, actor: Actor, maxBytes: number): { signal: SignalRow; payload: Json } | null {
  for (const signal of run.signals?.keptUnder(nameOf(actor)) ?? NOTHING) {
    const verdict = weigh(actor.node, actor.parent?.ledger ?? null, signal.payload, maxBytes);
    if ('payload' in verdict) return { signal, payload: verdict.payload };
  }
  return null;
}

/** What the sender of a signal that the store has was told. */
export function answerOf({ answer, takenBy }: SignalRow): SignalAnswer {
  return answer === 'accepted' ? { answer, step: takenBy ?? '' } : { answer };
}

/** A signal that is to be taken again: the store knows whether it was. What was said in a turn that did not land is worth nothing. */
export async function recognise(store: Store, run: string, message: SignalMessage): Promise<void> {
  const there = await store.readSignal(run, message.id);
  message.known = there !== null;
  message.answer = there === null ? null : answerOf(there);
}

export function refused(reason: Refused['reason'], message: string, issues: readonly Issue[] = []): Refused {
  return { answer: 'refused', reason, message, issues };
}
