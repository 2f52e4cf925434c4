/**
 * Signals and the steps that wait for them: who takes one that comes, which ones are kept for later, and what a
 * sender is told.
 *
 * A signal goes to one step: of those that wait for it, to the first one (in the order in which they began to wait)
 * that it fits. If none waits and one may still come to it, the signal is kept, up to a bound for each name.
 */
import type { WaitSpec } from '../definition.ts';
import { knownNames } from '../names.ts';
import type { Json } from '../json.ts';
import { keepAsked } from './audit.ts';
import { type Fit, parsePayload, suits, weigh } from './facts.ts';
import type { Issue } from '../schema.ts';
import type { SignalRow } from '../store.ts';
import type { SignalMessage } from './message.ts';
import { Prospects, signalsIn, waitsFor } from './prospects.ts';
import type { TurnPort } from './port.ts';
import type { Actor, RunState } from './run.ts';

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

  /** The same for a copy of the run; `copyOf` says which actor is which. */
  fork(run: RunState, copyOf: (actor: Actor) => Actor): Signals {
    const copy = new Signals(run);
    for (const [name, actors] of this.#waits) copy.#waits.set(name, new Set([...actors].map(copyOf)));
    for (const [name, kept] of this.#kept) copy.#kept.set(name, new Set(kept));
    return copy;
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
function route(
  run: RunState,
  name: string,
  payload: Json,
  rules: SignalRules,
): { readonly taker: Actor; readonly payload: Json } | Exclude<SignalAnswer, { readonly answer: 'accepted' }> {
  const waiting = run.signals?.waitingFor(name) ?? NOBODY;
  const objections = new Objections();
  // Steps that are alike have one schema: it is asked once.
  const parsed = new Map<unknown, Fit>();
  for (const actor of waiting) {
    const { payload: schema } = actor.node.spec as WaitSpec;
    const made = parsed.get(schema) ?? parsePayload(actor.node, payload, rules.maxValueBytes);
    parsed.set(schema, made);
    const fit = 'payload' in made ? suits(actor.place, actor.parent?.children ?? null, made.payload) : made;
    if ('payload' in fit) return { taker: actor, payload: fit.payload };
    objections.add(fit.issues);
  }
  if (waiting.size === 0) return early(run, name, payload, rules);
  const who = waiting.size === 1 ? 'The step that waits' : `None of the ${waiting.size} steps that wait`;
  const message = `${who} for signal "${name}" ${waiting.size === 1 ? 'did not take' : 'took'} it.`;
  return refusedSignal('payload-invalid', message, objections.list);
}

/** Nobody waits for it: is it too early, too late, or none of ours? */
function early(run: RunState, name: string, payload: Json, rules: SignalRules): Refused | { answer: 'buffered' } {
  const what = `Signal "${name}"`;
  if (!waitsFor(run.plan, name)) {
    const list = knownNames('signals', signalsIn(run.plan), name);
    return refusedSignal('signal-unknown', `No step of "${run.plan.name}" waits for signal "${name}". ${list}`);
  }
  const objections = new Objections();
  let ahead = 0;
  for (const node of signalsOf(run).prospects.of(name)) {
    // What "where" asks for is not known before the step begins.
    const fit = parsePayload(node, payload, rules.maxValueBytes);
    if ('payload' in fit) return room(run, name, rules);
    objections.add(fit.issues);
    ahead += 1;
  }
  if (ahead === 0) return refusedSignal('signal-late', `${what} came when every step that waits for it was over.`);
  const message = `${what} has a payload that no step of "${run.plan.name}" will take.`;
  return refusedSignal('payload-invalid', message, objections.list);
}

function room(run: RunState, name: string, { signalBuffer }: SignalRules): Refused | { answer: 'buffered' } {
  if (signalsOf(run).keptUnder(name).size < signalBuffer) return { answer: 'buffered' };
  return refusedSignal(
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
function keptFor(run: RunState, actor: Actor, maxBytes: number): { signal: SignalRow; payload: Json } | null {
  for (const signal of run.signals?.keptUnder(nameOf(actor)) ?? NOTHING) {
    const fit = weigh(actor.place, actor.parent?.children ?? null, signal.payload, maxBytes);
    if ('payload' in fit) return { signal, payload: fit.payload };
  }
  return null;
}

/** A signal has come: the step that takes it does so, or it is kept, or its sender is told why not. */
export function receive(port: TurnPort, message: SignalMessage): boolean {
  const { run, now } = port;
  const { id, name, payload } = message;
  const found = route(run, name, payload, port.rules);
  if ('taker' in found) {
    const { taker } = found;
    message.answer = { answer: 'accepted', step: taker.path };
    const row = { run: run.id, id, name, payload, sentAt: now, answer: 'accepted', takenBy: taker.path } as const;
    port.changes.signal(Object.freeze(row));
    keepAsked(port, message, { name, id, ...message.answer });
    taken(port, taker, id, name, found.payload);
    return true;
  }
  message.answer = found;
  if (found.answer !== 'buffered') return true;
  const kept = { run: run.id, id, name, payload, sentAt: now, answer: 'buffered', takenBy: null } as const;
  signalsOf(run).keep(Object.freeze(kept));
  port.changes.signal(kept);
  keepAsked(port, message, { name, id, ...found });
  port.tell({ ...port.at(''), type: 'signal.buffered', signal: name, id });
  return true;
}

/** A step has begun to wait. What it waits for may have come before. */
export function offer(port: TurnPort, actor: Actor): void {
  const found = keptFor(port.run, actor, port.rules.maxValueBytes);
  if (found === null) return;
  const { signal, payload } = found;
  port.run.signals?.drop(signal);
  port.changes.signalTaken(Object.freeze({ ...signal, takenBy: actor.path }));
  taken(port, actor, signal.id, signal.name, payload);
}

function taken(port: TurnPort, actor: Actor, id: string, signal: string, payload: Json): void {
  port.tell({ ...port.at(actor.path), type: 'signal.accepted', signal, id });
  port.send(actor, { type: 'signal', payload });
  // From here on nobody else's signal is for this step, and its time is not up any more.
  port.release(actor);
}

/** What the sender of a signal that the store has was told. */
export function answerOf({ answer, takenBy }: SignalRow): SignalAnswer {
  return answer === 'accepted' ? { answer, step: takenBy ?? '' } : { answer };
}

/** Why a signal was refused, with what is wrong with its payload, as far as it can be read. */
export function whyNotTaken({ message, issues }: Refused): string {
  const some = issues
    .slice(0, SHOWN)
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`));
  const more = issues.length > SHOWN ? [`and ${issues.length - SHOWN} more`] : [];
  return [message, [...some, ...more].join('; ')].filter((each) => each !== '').join(' ');
}

const SHOWN = 3;

export function refusedSignal(reason: Refused['reason'], message: string, issues: readonly Issue[] = []): Refused {
  return { answer: 'refused', reason, message, issues };
}
