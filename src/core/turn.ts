/**
 * The turn: one message, one run, nothing but memory. Finds the actor that the message is for, lets its machine decide, and goes on with
 * what that brings (children to start, a parent to tell) through a queue, until nobody has anything left to say. What must be written and
 * what is owed to the world is only noted down (I1); the commit and the dispatch happen elsewhere, later. Time is handed in (I4).
 *
 * It has over 400 lines because it is one class: the turn, and what those who take part in it may do.
 */
import type { AnyEventObject } from 'xstate';
import type { Place } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import { newActor, skippedRow } from './actor.ts';
import { type Children, endOf, type Finished, type Skipped, toldOf } from './children/children.ts';
import { prepare } from './facts.ts';
import { checkActor, checkDue, checkEffect, checkEvent, checkRecord } from './foreign.ts';
import type { Invoked } from './effect.ts';
import type { EventPlace, Memory } from './kind.ts';
import { answerEvent, type Message } from './message.ts';
import { keepSpent } from './budget.ts';
import { keepAnswered, tellOfCache } from './cache.ts';
import { tellOfHook } from './hook.ts';
import type { Rules, TurnPort } from './port.ts';
import { type Recalled, isOfEarlierTry, isUndone, waiting } from './waited.ts';
import { goOn } from './hold.ts';
import { takenAtStart, givenTo, keepTaken } from './rerun.ts';
import { moved } from './rest.ts';
import { markSpared } from './spare.ts';
import { type Actor, addLive, Changes, dropLive, isHeld, isPaused, pathUnder, type RunState } from './run.ts';
import type { RecordName, RecordRow } from '../store.ts';
import type { Wish } from './stepper.ts';

type Answered = Extract<Message, { readonly type: 'answer' }>;

const START: AnyEventObject = Object.freeze({ type: 'start' });
const NO_RUN = null as unknown as RunState;
const NO_CHANGES = new Changes(0);
const NOTHING: { readonly type: 'invoke'; readonly src: '' } = Object.freeze({ type: 'invoke', src: '' });

/** One is enough for all turns, for no two are taken at once; what it needs on its way is made once. */
export class Turn implements TurnPort {
  readonly rules: Rules;
  run = NO_RUN;
  changes = NO_CHANGES;
  now = 0;
  #isTaking = false;
  /** Actor and event alternate in it, behind one of each that nobody reads: a list that is emptied gives up its room. */
  readonly #queue: (Actor | AnyEventObject)[] = [NOTHING, NOTHING];
  /** As with the queue, the first one is none. */
  readonly #wishes: Wish[] = [NOTHING];
  #last: (() => void) | null = null;
  /** What kinds of the package are told: they take out of it what they want, and do not keep it. */
  readonly #place = { run: '', seq: 0, at: 0, path: '' };

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** Takes one message to its end. False when nothing waited for it (I5). */
  take(run: RunState, changes: Changes, now: number, message: Message): boolean {
    // A mapper that reaches the box by ways of its own breaks its promise, but is not to break this run.
    if (this.#isTaking) return new Turn(this.rules).take(run, changes, now, message);
    this.#isTaking = true;
    try {
      this.run = run;
      this.changes = changes;
      this.now = now;
      const taken = this.#address(message);
      // It grows while it is read.
      const queue = this.#queue;
      for (let at = 2; at < queue.length; at += 2) this.#deliver(queue[at] as Actor, queue[at + 1] as AnyEventObject);
      this.#last?.();
      return taken;
    } finally {
      // The last run that had a turn is not to be kept by it.
      this.run = NO_RUN;
      this.changes = NO_CHANGES;
      this.#queue.length = 2;
      this.#wishes.length = 1;
      this.#last = null;
      this.#isTaking = false;
    }
  }

  #address(message: Message): boolean {
    const { actors } = this.run;
    switch (message.type) {
      case 'answer': {
        const actor = waiting(actors.get(message.path), message.from, message.attempt);
        if (actor === null || isOfEarlierTry(actor, message.tries)) return false;
        actor.invoked = null;
        keepAnswered(this, actor, message);
        if (message.error === null) this.send(actor, answerEvent(message));
        else this.send(actor, markSpared(actor, answerEvent(this.#failure(actor, message, message.error))));
        return true;
      }
      case 'wake': {
        const asleep = actors.get(message.path);
        // Whatever it is that waits for a timer: a retry, a sleep.
        const timer = asleep?.due === null ? null : (asleep?.invoked ?? null);
        const actor = timer === null ? null : waiting(asleep, timer, message.attempt);
        // What falls due in a run that is paused acts when it is resumed (S15).
        if (actor === null || isPaused(this.run)) return false;
        // Nor is anything tried again while somebody is to say what becomes of a step (S12).
        if (timer === 'backoff' && isHeld(this.run)) return false;
        const { woken } = actor.kind.actors[timer as string] as Invoked;
        if (woken === undefined) this.send(actor, markSpared(actor, this.#woken(actor, timer as string)));
        else woken(this, actor);
        return true;
      }
      case 'progress':
        return this.#note(waiting(actors.get(message.path), 'execute', message.attempt), message);
      case 'asked':
        return this.#asked(actors.get(message.path), message.error);
      case 'hookFailed':
        return tellOfHook(this, message);
      case 'cache':
        return tellOfCache(this, message);
      case 'spent':
        return keepSpent(this, message);
      default:
        return this.rules.takeCommand(this, message);
    }
  }

  /** A failure as its machine is to be told it. */
  #failure(actor: Actor, message: Answered, said: ErrorRecord): Answered {
    const error = actor.kind.actors[message.from]?.failed?.(this.run, actor, said, this.now) ?? said;
    return error === said ? message : { ...message, error };
  }

  /** A timer is what was waited for, or only the limit of it. */
  #woken(actor: Actor, timer: string): AnyEventObject {
    const { late, left } = actor.kind.actors[timer] as Invoked;
    actor.invoked = null;
    actor.due = null;
    left?.(this, actor);
    if (late === undefined) return { type: `xstate.done.actor.${timer}`, output: undefined, actorId: timer };
    return { type: `xstate.error.actor.${timer}`, error: late(actor), actorId: timer };
  }

  /** Progress never goes back. */
  #note(actor: Actor | null, { attempt, fraction, note }: Extract<Message, { type: 'progress' }>): boolean {
    if (actor === null || fraction < actor.progress) return false;
    actor.progress = fraction;
    this.tell({ ...this.at(actor.path), type: 'step.progress', attempt, fraction, note });
    return true;
  }

  send(actor: Actor, event: AnyEventObject): void {
    this.#queue.push(actor, event);
  }

  #deliver(actor: Actor, event: AnyEventObject): void {
    if (actor.state.status !== 'active') return;
    const from = actor.state.value as string;
    const wishes = this.#wishes;
    wishes.length = 1;
    const state = actor.stepper.next(actor.state, event, wishes);
    // It stays as it was, and may have wished for something even so.
    if (state === actor.state) return wishes.length > 1 ? this.#act(actor, wishes) : undefined;
    if (actor.kind.changed(actor.state, state)) this.changes.changed(actor);
    actor.state = state;
    if (actor.kind.isForeign) checkActor(actor);
    const to = state.value as string;
    const { standing } = this.run;
    if (to !== from) moved(this.run, actor.kind, from, to);
    let acts = 0;
    let enters = false;
    for (let at = 1; at < wishes.length; at += 1) {
      const wish = wishes[at] as Wish;
      if (wish.type === 'invoke') {
        enters = true;
        this.#invoke(actor, wish.src);
      } else if (wish.type === 'stop' && wish.src === actor.invoked) this.release(actor);
      else acts += 1;
    }
    const ends = state.status !== 'active';
    // A parent without children is over with its start, and both are told.
    if (ends && event.type === 'start') this.#passed(actor, from, 'running');
    // An end is told last: after those who are skipped because of it.
    if (to !== from && !ends) this.#passed(actor, from, to);
    if (event.type === 'start' && this.run.rerun !== null) keepTaken(this, actor, this.run.rerun);
    if (enters && actor.invoked !== null) actor.kind.actors[actor.invoked]?.told?.(this, actor);
    if (acts > 0) this.#act(actor, wishes);
    if (to !== from && ends) this.#passed(actor, from, to);
    if (ends) this.#end(actor, to);
    // While others stand still; otherwise all go on that are ready.
    if (from === 'awaitingIntervention' && to === 'pending' && this.run.standing > 0 && !isPaused(this.run))
      this.start(actor);
    if (this.run.standing !== standing) this.#stands(standing, to);
  }

  /** A step has come to stand still, or does not any more: the first and the last are the run's. */
  #stands(before: number, to: string): void {
    const { standing, root } = this.run;
    if (before === 0) this.tell({ ...this.at(''), type: 'run.awaitingIntervention' });
    if (standing > 0 || isPaused(this.run) || root.state.value !== 'running' || to === 'cancelled') return;
    this.tell({ ...this.at(''), type: 'run.resumed' });
    goOn(this);
  }

  #passed(actor: Actor, from: string, to: string): void {
    const { kind, state, due } = actor;
    // A child run is waited for while it is tried again.
    if (to === 'running' || (from === 'awaitingIntervention' && to === 'waiting')) actor.attemptAt = this.now;
    const { attempt = 0, error } = state.context as unknown as Recalled;
    // What failed before its first attempt has made none.
    if (attempt > 0 && (to === 'retrying' || to === 'awaitingIntervention') && !isUndone(actor)) {
      const { path, attemptAt: startedAt } = actor;
      const times = { startedAt, endedAt: this.now };
      this.changes.retry({ run: this.run.id, path, attempt, error: error as ErrorRecord, ...times });
    }
    const place = kind.isForeign ? this.at(actor.path) : this.#placeOf(actor.path);
    const told = kind.tell(place, from, to, state.context, due);
    const event = kind.isForeign ? checkEvent(told, kind.name) : told;
    if (actor.parent === null) this.#ofRun(event);
    else this.tell(event);
  }

  /** The run's own row changes with its own actor; what it is a run of is told once, at its start. */
  #ofRun(event: RunEvent | null): void {
    const { name: orchestrator, version } = this.run.plan;
    this.changes.rowChanged = true;
    this.tell(event?.type === 'run.started' ? { ...event, orchestrator, version } : event);
  }

  #invoke(actor: Actor, src: string): void {
    const invoked = actor.kind.actors[src];
    actor.invoked = src;
    invoked?.entered?.(this.run, actor);
    const described = invoked?.describe(this.#invoker(actor)) ?? null;
    const effect = actor.kind.isForeign ? checkEffect(described, actor.kind.name) : described;
    if (effect === null) return;
    if (effect.do === 'wake') actor.due = effect.due;
    this.changes.owe(effect);
  }

  #invoker(actor: Actor) {
    const { path, node, input, due } = actor;
    const { output, error, attempt = 0, reason, undo = null } = actor.state.context as unknown as Recalled;
    return { run: this.run.id, path, node, input, output, error, attempt, reason, undo, due, now: this.now };
  }

  /** A state was left, and not by an answer: what it had invoked is told to end. */
  release(actor: Actor): void {
    const { invoked } = actor;
    if (invoked === null) return;
    const { left, abort } = actor.kind.actors[invoked] ?? {};
    actor.invoked = null;
    left?.(this, actor);
    if (abort !== undefined) this.changes.owe(abort(actor));
    if (actor.due === null) return;
    actor.due = null;
    this.changes.owe({ do: 'unwake', path: actor.path });
  }

  #act(actor: Actor, wishes: readonly Wish[]): void {
    for (let at = 1; at < wishes.length; at += 1) {
      const wish = wishes[at] as Wish;
      if (wish.type !== 'act') continue;
      actor.kind.acts?.[wish.action]?.(this, actor, wish.params);
    }
  }

  arm(actor: Actor, due: number | null): void {
    const { path, state, kind } = actor;
    if (due === null && actor.due === null) return;
    actor.due = kind.isForeign ? checkDue(due, kind.name) : due;
    this.changes.changed(actor);
    const { attempt = 0 } = state.context as unknown as Recalled;
    this.changes.owe(due === null ? { do: 'unwake', path } : { do: 'wake', path, attempt, due });
  }

  record(record: Omit<RecordRow, 'run'>): void {
    this.changes.record(checkRecord(Object.freeze({ ...record, run: this.run.id }), this.rules.maxValueBytes));
  }

  atEnd(act: () => void): void {
    this.#last = act;
  }

  dropRecord(name: RecordName): void {
    this.changes.dropRecord(name);
  }

  forget(path: string): void {
    this.changes.forget(path);
  }

  start(actor: Actor): void {
    if (this.rules.asksFirst?.(this.run, actor) !== true) return this.send(actor, this.#startOf(actor));
    actor.invoked = 'begin';
    this.changes.owe({ do: 'ask', path: actor.path });
  }

  /** One that waits to begin may, unless nothing is to begin by now: then it is asked for again. */
  #asked(actor: Actor | undefined, error: ErrorRecord | null): boolean {
    if (actor?.invoked !== 'begin' || isHeld(this.run)) return false;
    this.send(actor, error === null ? this.#startOf(actor) : markSpared(actor, { type: 'fail', error }));
    return true;
  }

  spawn(parent: Actor, place: Place): void {
    const { kinds, maxValueBytes, stepperOf } = this.rules;
    const { node } = place;
    const path = pathUnder(parent.path, place.name);
    const prepared = givenTo(this.run.rerun, path) ?? prepare(place, parent.children as Children, maxValueBytes);
    const made = 'output' in prepared ? prepared.output : null;
    const child = newActor(kinds, stepperOf(node.kind), place, node, parent, path, made, this.now);
    this.run.actors.set(path, child);
    addLive(parent, child);
    // Rows come in the order in which children do, whichever of them begins first.
    this.changes.changed(child);
    if ('error' in prepared) this.send(child, markSpared(child, { type: 'fail', error: { ...prepared.error, path } }));
    // Ready, and not to begin yet: it has a row, and waits for its word.
    else if (isHeld(this.run)) child.invoked = 'begin';
    else this.start(child);
  }

  #startOf(actor: Actor): AnyEventObject {
    const { place, node, kind, input, parent } = actor;
    if (kind.children === undefined) return START;
    const { maxValueBytes: maxBytes } = this.rules;
    const above = parent === null ? null : parent.children;
    const { path } = actor;
    const taken = this.run.rerun?.below.get(path);
    const family = {
      place,
      node,
      input,
      path,
      run: this.run.facts,
      maxBytes,
      above,
      known: taken ?? NOBODY,
      counts: null,
      kept: null,
    };
    const children = kind.children(family);
    actor.children = children;
    const { ready, finished, skipped: given, kept } = children.begin();
    const start = { type: 'start', total: children.total, ready, given, finished: this.#placed(actor, finished), kept };
    const over = this.run.rerun && takenAtStart(this.run.rerun, path);
    const event = over === null ? start : { ...start, over };
    return finished !== null && 'error' in finished ? markSpared(actor, event) : event;
  }

  /** A parent's own mapper that failed is told with the parent's place. */
  #placed(parent: Actor, finished: Finished | null): Finished | null {
    return finished !== null && 'error' in finished ? { error: { ...finished.error, path: parent.path } } : finished;
  }

  skip(parent: Actor, { count, steps, places }: Skipped): void {
    if (count > places.length) this.tell({ ...this.at(parent.path), type: 'children.skipped', count, steps });
    for (const { name, node } of places) {
      const path = pathUnder(parent.path, name);
      const kind = this.rules.kinds.get(node.kind);
      const at = this.at(path);
      this.changes.skip(skippedRow(this.run.id, parent.path, path, node.kind, this.now, at.seq));
      this.tell(kind.tell(at, 'pending', 'skipped', EMPTY_MEMORY, null));
    }
  }

  #end(actor: Actor, status: string): void {
    const { parent, place } = actor;
    actor.endedAt = this.now;
    // Its end was the last that was told.
    actor.endedSeq = this.run.seq;
    if (parent === null || place === null) return;
    this.run.actors.delete(actor.path);
    dropLive(parent, actor);
    if (isUndone(actor))
      return this.send(parent, { type: 'undone', path: actor.path, isUndone: status === 'compensated' });
    const memory = actor.state.context as unknown as Recalled;
    const { error, withErrors = false } = memory;
    const ended = endOf(status, actor.node.strategy, memory);
    const { status: toldAs, output, isForgiven, isBorne } = toldOf(place, parent.node.strategy, ended);
    const arrival = (parent.children as Children).settle(place, toldAs, output, error);
    const { ready, skipped, finished, kept, forgotten } = arrival;
    if (skipped.count > 0) this.skip(parent, skipped);
    if (forgotten !== undefined) for (const name of forgotten) this.forget(pathUnder(parent.path, name));
    this.send(parent, {
      type: 'child.settled',
      name: place.name,
      status: toldAs,
      error: isForgiven ? null : error,
      withErrors: withErrors || isForgiven,
      isBorne,
      ready,
      skipped: skipped.count,
      finished: this.#placed(parent, finished),
      kept,
    });
  }

  #placeOf(path: string): EventPlace {
    const place = this.#place;
    const { id, seq } = this.run;
    place.run = id;
    place.seq = seq + 1;
    place.at = this.now;
    place.path = path;
    return place;
  }

  at(path: string): EventPlace {
    return { run: this.run.id, seq: this.run.seq + 1, at: this.now, path };
  }

  tell(event: RunEvent | null): void {
    if (event === null) return;
    this.run.seq = event.seq;
    this.changes.tell(event);
  }
}

/** The children that the store has of a parent that begins. */
const NOBODY: readonly never[] = Object.freeze([]);

const EMPTY_MEMORY: Memory = Object.freeze({ node: null, attempt: 0, error: null, reason: null });
