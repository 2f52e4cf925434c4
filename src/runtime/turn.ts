/**
 * The turn: one message, one run, nothing but memory.
 *
 * Finds the actor that the message is for, lets its machine decide, and goes on with what
 * that brings (children to start, a parent to tell) through a queue, until nobody has
 * anything left to say. What must be written and what is owed to the world is only noted
 * down (I1); the commit and the dispatch happen elsewhere, later. Time is handed in (I4).
 */
import type { AnyEventObject } from 'xstate';
import { actorNamed } from '../actors/index.ts';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import type { Json } from '../json.ts';
import { Ledger } from '../machines/ledger.ts';
import { prepare } from '../machines/mapping.ts';
import { type Finished, TOLD_BY_NAME } from '../machines/parent.ts';
import type { Kinds, Memory, Place } from '../machines/registry.ts';
import { stepsIn } from '../machines/steps.ts';
import type { Stepper, Wish } from '../machines/stepper.ts';
import type { SignalRow } from '../store.ts';
import { answerEvent, type Message, type SignalMessage } from './message.ts';
import { newActor, skippedRow } from './new-actor.ts';
import { moved } from './rest.ts';
import { type Actor, addLive, Changes, dropLive, pathUnder, type RunState } from './run-state.ts';
import { keptFor, route, SIGNAL, signalsOf } from './signals.ts';

/** What a turn is handed besides the run and the message. */
export interface Rules {
  readonly kinds: Kinds;
  readonly maxValueBytes: number;
  readonly signalBuffer: number;
  stepperOf(kind: string): Stepper;
}

const START: AnyEventObject = Object.freeze({ type: 'start' });
/** Between two turns. */
const NO_RUN = null as unknown as RunState;
const NO_CHANGES = new Changes(0);
/** Stands where there is nothing. */
const NOTHING: { readonly type: 'invoke'; readonly src: '' } = Object.freeze({ type: 'invoke', src: '' });

/** One is enough for all turns, for no two are taken at once; what it needs on its way is made once. */
export class Turn {
  readonly #rules: Rules;
  #run = NO_RUN;
  #changes = NO_CHANGES;
  #now = 0;
  #isTaking = false;
  /** Actor and event alternate in it, behind one of each that nobody reads: a list that is emptied gives up its room. */
  readonly #queue: (Actor | AnyEventObject)[] = [NOTHING, NOTHING];
  /** As with the queue, the first one is none. */
  readonly #wishes: Wish[] = [NOTHING];

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Takes one message to its end. False when nothing waited for it (I5). */
  take(run: RunState, changes: Changes, now: number, message: Message): boolean {
    // A mapper that reaches the box by ways of its own breaks its promise, but is not to break this run.
    if (this.#isTaking) return new Turn(this.#rules).take(run, changes, now, message);
    this.#isTaking = true;
    try {
      this.#run = run;
      this.#changes = changes;
      this.#now = now;
      const taken = this.#address(message);
      // It grows while it is read.
      const queue = this.#queue;
      for (let at = 2; at < queue.length; at += 2) this.#deliver(queue[at] as Actor, queue[at + 1] as AnyEventObject);
      return taken;
    } finally {
      // The last run that had a turn is not to be kept by it.
      this.#run = NO_RUN;
      this.#changes = NO_CHANGES;
      this.#queue.length = 2;
      this.#wishes.length = 1;
      this.#isTaking = false;
    }
  }

  #address(message: Message): boolean {
    const { root, actors } = this.#run;
    switch (message.type) {
      case 'start':
        if (root.state.value !== 'pending') return false;
        this.#send(root, this.#startOf(root));
        return true;
      case 'cancel':
        // A cancel of something that is being cancelled changes nothing (S14).
        if (root.state.status !== 'active') return false;
        this.#send(root, message);
        return true;
      case 'answer': {
        const actor = waiting(actors.get(message.path), message.from, message.attempt);
        if (actor === null) return false;
        actor.invoked = null;
        this.#send(actor, answerEvent(message));
        return true;
      }
      case 'wake': {
        const asleep = actors.get(message.path);
        // Whatever it is that waits for a timer: a retry, a sleep.
        const timer = asleep?.due === null ? null : (asleep?.invoked ?? null);
        const actor = timer === null ? null : waiting(asleep, timer, message.attempt);
        if (actor === null) return false;
        this.#send(actor, this.#woken(actor, timer as string));
        return true;
      }
      case 'progress':
        return this.#note(waiting(actors.get(message.path), 'execute', message.attempt), message);
      case 'signal':
        return !message.known && this.#signal(message);
      default:
        return message satisfies never;
    }
  }

  /** A timer is what was waited for, or only the limit of it. */
  #woken(actor: Actor, timer: string): AnyEventObject {
    const late = actorNamed(timer)?.late;
    if (timer === SIGNAL) this.#run.signals?.forget(actor);
    actor.invoked = null;
    actor.due = null;
    if (late === undefined) return { type: `xstate.done.actor.${timer}`, output: undefined, actorId: timer };
    return { type: `xstate.error.actor.${timer}`, error: late(actor), actorId: timer };
  }

  #signal(message: SignalMessage): boolean {
    const { id, name, payload } = message;
    const found = route(this.#run, name, payload, this.#rules);
    if (!('taker' in found)) {
      message.answer = found;
      if (found.answer === 'buffered') this.#keep({ run: this.#run.id, id, name, payload, sentAt: this.#now });
      return true;
    }
    const { taker } = found;
    message.answer = { answer: 'accepted', step: taker.path };
    const { id: run } = this.#run;
    this.#changes.signal({ run, id, name, payload, sentAt: this.#now, answer: 'accepted', takenBy: taker.path });
    this.#taken(taker, id, name, found.payload);
    return true;
  }

  #keep(signal: Omit<SignalRow, 'answer' | 'takenBy'>): void {
    const kept: SignalRow = Object.freeze({ ...signal, answer: 'buffered', takenBy: null });
    signalsOf(this.#run).keep(kept);
    this.#changes.signal(kept);
    this.#tell({ ...this.#place(''), type: 'signal.buffered', signal: signal.name, id: signal.id });
  }

  /** A step has begun to wait. What it waits for may have come before. */
  #await(actor: Actor): void {
    const found = keptFor(this.#run, actor, this.#rules.maxValueBytes);
    if (found === null) return;
    const { signal, payload } = found;
    this.#run.signals?.drop(signal);
    this.#changes.signalTaken(Object.freeze({ ...signal, takenBy: actor.path }));
    this.#taken(actor, signal.id, signal.name, payload);
  }

  #taken(actor: Actor, id: string, signal: string, payload: Json): void {
    this.#tell({ ...this.#place(actor.path), type: 'signal.accepted', signal, id });
    this.#send(actor, { type: 'signal', payload });
    // From here on nobody else's signal is for this step, and its time is not up any more.
    this.#stop(actor, SIGNAL);
  }

  /** Progress never goes back. */
  #note(actor: Actor | null, { attempt, fraction, note }: Extract<Message, { type: 'progress' }>): boolean {
    if (actor === null || fraction < actor.progress) return false;
    actor.progress = fraction;
    this.#tell({ ...this.#place(actor.path), type: 'step.progress', attempt, fraction, note });
    return true;
  }

  #send(actor: Actor, event: AnyEventObject): void {
    this.#queue.push(actor, event);
  }

  #deliver(actor: Actor, event: AnyEventObject): void {
    if (actor.state.status !== 'active') return;
    const from = actor.state.value as string;
    const wishes = this.#wishes;
    wishes.length = 1;
    const state = actor.stepper.next(actor.state, event, wishes);
    if (state === actor.state) return;
    if (actor.kind.changed(actor.state, state)) this.#changes.changed(actor);
    actor.state = state;
    const to = state.value as string;
    if (to !== from) moved(this.#run, actor.kind, from, to);
    let acts = 0;
    for (let at = 1; at < wishes.length; at += 1) {
      const wish = wishes[at] as Wish;
      if (wish.type === 'invoke') this.#invoke(actor, wish.src);
      else if (wish.type === 'stop') this.#stop(actor, wish.src);
      else acts += 1;
    }
    const ends = state.status !== 'active';
    // A parent without children is over with its start, and both are told.
    if (ends && event.type === 'start') this.#passed(actor, from, 'running');
    // An end is told last: after those who are skipped because of it.
    if (to !== from && !ends) this.#passed(actor, from, to);
    if (actor.invoked === SIGNAL && to !== from) this.#await(actor);
    if (acts > 0) this.#act(actor, wishes);
    if (to !== from && ends) this.#passed(actor, from, to);
    if (ends) this.#end(actor, to);
  }

  #passed(actor: Actor, from: string, to: string): void {
    const { kind, state, due } = actor;
    if (to === 'running') actor.attemptAt = this.#now;
    if (to === 'retrying') {
      const { attempt, error } = state.context as unknown as { attempt: number; error: ErrorRecord };
      const { id: run } = this.#run;
      this.#changes.retry({
        run,
        path: actor.path,
        attempt,
        error,
        startedAt: actor.attemptAt,
        endedAt: this.#now,
      });
    }
    const event = kind.tell(this.#place(actor.path), from, to, state.context, due);
    if (actor.parent === null) this.#ofRun(event, from);
    else this.#tell(event);
  }

  /** The run's own row changes with its own actor; what it is a run of is told once, at its start. */
  #ofRun(event: RunEvent | null, from: string): void {
    const { name: orchestrator, version } = this.#run.plan;
    this.#changes.rowChanged = true;
    this.#tell(event !== null && from === 'pending' ? ({ ...event, orchestrator, version } as RunEvent) : event);
  }

  #invoke(actor: Actor, src: string): void {
    actor.invoked = src;
    if (src === SIGNAL) signalsOf(this.#run).await(actor);
    const effect = actorNamed(src)?.describe(this.#invoker(actor)) ?? null;
    if (effect === null) return;
    if (effect.do === 'wake') actor.due = effect.due;
    this.#changes.owe(effect);
  }

  #invoker(actor: Actor) {
    const { path, node, input, due } = actor;
    const { output, error, attempt, reason } = actor.state.context as unknown as Asked;
    return { run: this.#run.id, path, node, input, output, error, attempt, reason, due, now: this.#now };
  }

  /** A state was left. What it had invoked is told to end, unless its answer is why the state was left. */
  #stop(actor: Actor, src: string): void {
    if (actor.invoked !== src) return;
    actor.invoked = null;
    if (src === SIGNAL) this.#run.signals?.forget(actor);
    if (src === 'execute') {
      const { attempt } = actor.state.context as unknown as Asked;
      this.#changes.owe({ do: 'abort', path: actor.path, attempt });
    } else if (actor.due !== null) {
      actor.due = null;
      this.#changes.owe({ do: 'unwake', path: actor.path });
    }
  }

  #act(actor: Actor, wishes: readonly Wish[]): void {
    for (let at = 1; at < wishes.length; at += 1) {
      const wish = wishes[at] as Wish;
      if (wish.type !== 'act') continue;
      const act = ACTIONS[wish.action];
      if (act !== undefined) act(this, actor, wish.params);
    }
  }

  /** @internal The four wishes of a parent; `ACTIONS` maps their names to these. */
  startNext(actor: Actor, count: number): void {
    for (let started = 0; started < count; started += 1) {
      const child = actor.ledger?.take();
      if (child) this.#spawn(actor, child);
    }
  }

  /** @internal */
  skipRest(actor: Actor): void {
    this.#skipped(actor, actor.ledger?.rest() ?? []);
  }

  /** @internal */
  tellChildren(actor: Actor, event: AnyEventObject): void {
    for (let child = actor.firstLive; child !== null; child = child.nextLive) this.#send(child, event);
  }

  #spawn(parent: Actor, node: PlanNode): void {
    const { kinds, maxValueBytes } = this.#rules;
    const prepared = prepare(node, parent.ledger as Ledger, maxValueBytes);
    const path = pathUnder(parent.path, node.name);
    const input = 'output' in prepared ? prepared.output : null;
    const child = newActor(kinds, this.#rules.stepperOf(node.kind), node, parent, path, input, this.#now);
    this.#run.actors.set(path, child);
    addLive(parent, child);
    this.#send(
      child,
      'error' in prepared ? { type: 'fail', error: { ...prepared.error, path } } : this.#startOf(child),
    );
  }

  #startOf(actor: Actor): AnyEventObject {
    if (!actor.kind.parent) return START;
    const { node, input, parent } = actor;
    actor.ledger = new Ledger(node, input, this.#run.facts, this.#rules.maxValueBytes, parent?.ledger ?? null);
    const { ready, finished } = actor.ledger.begin();
    return { type: 'start', ready, finished: this.#placed(actor, finished) };
  }

  /** A parent's own mapper that failed is told with the parent's place. */
  #placed(parent: Actor, finished: Finished | null): Finished | null {
    return finished !== null && 'error' in finished ? { error: { ...finished.error, path: parent.path } } : finished;
  }

  #skipped(parent: Actor, nodes: readonly PlanNode[]): void {
    if (nodes.length > TOLD_BY_NAME) {
      const steps = nodes.reduce((sum, node) => sum + stepsIn(node), 0);
      this.#tell({ ...this.#place(parent.path), type: 'children.skipped', count: nodes.length, steps });
      return;
    }
    for (const node of nodes) {
      const path = pathUnder(parent.path, node.name);
      const kind = this.#rules.kinds.get(node.kind);
      const place = this.#place(path);
      this.#changes.skip(skippedRow(this.#run.id, parent.path, path, node.kind, this.#now, place.seq));
      this.#tell(kind.tell(place, 'pending', 'skipped', EMPTY_MEMORY, null));
    }
  }

  #end(actor: Actor, status: string): void {
    const { parent } = actor;
    actor.endedAt = this.#now;
    // Its end was the last that was told.
    actor.endedSeq = this.#run.seq;
    if (parent === null) return;
    this.#run.actors.delete(actor.path);
    dropLive(parent, actor);
    const { output, error } = actor.state.context as unknown as Asked;
    const { ready, skipped, finished } = (parent.ledger as Ledger).settle(actor.node, status, output);
    if (skipped.length > 0) this.#skipped(parent, skipped);
    this.#send(parent, {
      type: 'child.settled',
      status,
      error,
      ready,
      skipped: skipped.length,
      finished: this.#placed(parent, finished),
    });
  }

  /** Where the next event goes. Its number is taken when it is told. */
  #place(path: string): Place {
    return { run: this.#run.id, seq: this.#run.seq + 1, at: this.#now, path };
  }

  #tell(event: RunEvent | null): void {
    if (event === null) return;
    this.#run.seq = event.seq;
    this.#changes.events.push(event);
  }
}

interface Asked {
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
}

/** The wishes that parents' machines have, by the names that the machines use. */
const ACTIONS: { readonly [action: string]: (turn: Turn, actor: Actor, params: unknown) => void } = {
  startNext: (turn, actor, params) => turn.startNext(actor, (params as { count: number }).count),
  skipRest: (turn, actor) => turn.skipRest(actor),
  cancelChildren: (turn, actor, params) =>
    turn.tellChildren(actor, { type: 'cancel', reason: (params as { reason: string | null }).reason }),
  tellChildren: (turn, actor, params) => turn.tellChildren(actor, params as AnyEventObject),
};

const EMPTY_MEMORY: Memory = Object.freeze({ node: null, attempt: 0, error: null, reason: null });

/** The actor, if it still waits for that answer of that attempt; everything else is late, double or unknown (I5). */
function waiting(actor: Actor | undefined, invoked: string, attempt: number): Actor | null {
  if (actor === undefined || actor.invoked !== invoked) return null;
  return (actor.state.context as unknown as Asked).attempt === attempt ? actor : null;
}
