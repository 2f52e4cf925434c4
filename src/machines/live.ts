/**
 * The live form of a parent's wishes, for a machine started with `createActor` in an
 * application that has no host and no store.
 *
 * Children are actors of their own, linked to their parent for the inspector, but kept here
 * and not in `snapshot.children`, which XState copies at every spawn. They are started from
 * a queue of microtasks, so a deep structure doesn't deepen the stack.
 */
import { type AnyActorRef, type AnyEventObject, type AnyStateMachine, createActor } from 'xstate';
import { LIVE_RUN } from '../actors/execute.ts';
import type { Place, PlanNode, RunFacts, Strategy, WaitSpec } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import { DEFAULT_MAX_BYTES, type Json, type JsonObject, toJson } from '../json.ts';
import {
  type Arrival,
  type EndMemory,
  type Children,
  type Ended,
  type Family,
  endOf,
  type KnownChild,
  toldOf,
} from '../core/children/children.ts';
import { mapped, prepare, weigh } from '../core/facts.ts';

interface Parent {
  readonly self: AnyActorRef;
  readonly context: { readonly node: PlanNode | null; readonly input: Json; readonly kept: Json };
}

/** What is to be known of each kind of child. */
interface BareKinds {
  readonly machines: { readonly [kind: string]: AnyStateMachine };
  childrenBelow(family: Family): Children;
  placeBelow(node: PlanNode, name: string): Place | undefined;
}

/**
 * What the nodes below a node are run by. It comes with the input of the machine above all others, since the machines
 * import this file and cannot be imported here.
 */
const kindsBelow = new WeakMap<PlanNode, BareKinds>();

/** Lets a machine without a host start children below `node`. */
export function runsBare(node: PlanNode, kinds: BareKinds): void {
  kindsBelow.set(node, kinds);
}

/** A step that a signal may be for, and what its `where` is told. */
interface Waiting {
  readonly actor: AnyActorRef;
  readonly place: Place;
  readonly siblings: Children;
}

interface Signal {
  readonly name: string;
  readonly payload: Json;
}

/** So many signals of one name are kept, as a box does if nothing else is said. */
const KEPT = 100;

function waitsFor({ actor, place }: Waiting, name: string): boolean {
  const { value } = actor.getSnapshot() as { readonly value: unknown };
  return (place.node.spec as WaitSpec).signal === name && value === 'waiting';
}

/** Hands the signal to the step, if it fits. */
function takes({ actor, place, siblings }: Waiting, { payload }: Signal): boolean {
  const fit = weigh(place, siblings, payload, DEFAULT_MAX_BYTES);
  if (!('payload' in fit)) return false;
  actor.send({ type: 'signal', payload: fit.payload });
  return true;
}

function isWait({ node }: Place): boolean {
  return (node.spec as WaitSpec | null)?.signal !== undefined;
}

/** What is persisted of a parent's children. */
export interface Below {
  /** Those that have ended, in the order in which they were told. */
  readonly over: readonly KnownChild[];
  /** Those under way; null for one that has not been started yet. */
  readonly live: { readonly [name: string]: object | null };
  /** No more children are started. */
  readonly isStopped: boolean;
  readonly cancelled: AnyEventObject | null;
  readonly kept: readonly Signal[];
}

class LiveChildren {
  readonly #self: AnyActorRef;
  readonly #children: Children;
  readonly #kinds: BareKinds;
  /** Children under way, and their actors once they have been started. */
  readonly #live = new Map<Place, AnyActorRef | null>();
  /** Children that have ended, in the order in which they were told. */
  readonly #over: KnownChild[] = [];
  readonly #run: RunFacts;
  readonly #strategy: Strategy;
  /** Of the parent above all others. */
  readonly #top: LiveChildren;
  /** Steps anywhere below that wait for a signal, in the order in which they began. */
  readonly #waits = new Set<Waiting>();
  /** Signals that came before anybody waited for them, the oldest first. */
  readonly #kept: Signal[] = [];
  /** Children that were persisted and have not been started again. */
  readonly #unstarted: [Place, object | null][] = [];
  #isStopped = false;
  #cancelled: AnyEventObject | null = null;

  constructor(self: AnyActorRef, node: PlanNode, input: Json, kept: Json, below: Below | null) {
    this.#self = self;
    const above = self._parent === undefined ? undefined : byParent.get(self._parent);
    const kinds = above === undefined ? kindsBelow.get(node) : above.#kinds;
    if (kinds === undefined) throw needsDefinition(self);
    this.#kinds = kinds;
    this.#strategy = node.strategy;
    this.#run = above === undefined ? factsOfLive(self) : above.#run;
    this.#top = above === undefined ? this : above.#top;
    const live = Object.keys(below?.live ?? {}).map((name) => ({ name, status: 'running', output: null }));
    const known = [...(below?.over ?? []), ...live];
    const place = above === undefined ? null : above.#placeOf(self);
    const higher = above === undefined ? null : above.#children;
    const maxBytes = DEFAULT_MAX_BYTES;
    this.#children = kinds.childrenBelow({
      place,
      node,
      input,
      run: this.#run,
      maxBytes,
      above: higher,
      path: '',
      known,
      counts: null,
      kept,
    });
    if (below !== null) this.#recall(node, below);
  }

  /** Of a child that has just been started: only then is it asked for. */
  #placeOf(child: AnyActorRef): Place | null {
    for (const place of this.#live.keys()) if (place.name === child.id) return place;
    return null;
  }

  #recall(node: PlanNode, { over, live, isStopped, cancelled, kept }: Below): void {
    this.#over.push(...over);
    this.#cancelled = cancelled;
    if (isStopped) this.skipRest();
    if (this.#top === this) this.#kept.push(...kept);
    for (const [name, snapshot] of Object.entries(live)) {
      const child = this.#kinds.placeBelow(node, name);
      if (child === undefined) throw needsDefinition(this.#self, `"${node.called}" that has a step "${name}"`);
      this.#live.set(child, null);
      this.#unstarted.push([child, snapshot]);
    }
  }

  /** Children that were under way when their parent was persisted go on. */
  resume(): void {
    for (const [child, snapshot] of this.#unstarted.splice(0)) queueMicrotask(() => this.#start(child, snapshot));
  }

  persist(): Below {
    const live: { [name: string]: object | null } = {};
    for (const [{ name }, actor] of this.#live) live[name] = (actor?.getPersistedSnapshot() as object) ?? null;
    for (const [{ name }, snapshot] of this.#unstarted) live[name] = snapshot;
    return {
      over: [...this.#over],
      live,
      isStopped: this.#isStopped,
      cancelled: this.#cancelled,
      kept: [...this.#kept],
    };
  }

  /** The machine above all others. */
  get top(): AnyActorRef {
    return this.#top.#self;
  }

  begin(): AnyEventObject {
    return { type: 'start', total: this.#children.total, ...told(this.#children.begin()) };
  }

  startNext(count: number): void {
    for (let started = 0; started < count; started += 1) {
      const child = this.#children.take();
      if (child === null) continue;
      this.#live.set(child, null);
      queueMicrotask(() => this.#start(child));
    }
  }

  skipRest(): void {
    this.#isStopped = true;
    this.#children.rest();
  }

  tell(event: AnyEventObject): void {
    for (const child of this.#live.values()) if (child !== null) queueMicrotask(() => child.send(event));
  }

  /**
   * The first step that waits for the signal and that it fits takes it, however deep it stands. If none waits for its name, it
   * is kept for one that will. There is no sender to tell if it fits none of those that wait.
   */
  signal(name: string, payload: Json): void {
    const read = mapped(`payload of signal "${name}"`, () => toJson(payload, `payload of signal "${name}"`));
    if ('error' in read) return;
    const signal: Signal = { name, payload: read.output };
    let waiting = 0;
    for (const each of this.#top.#waits) {
      if (!waitsFor(each, name)) continue;
      waiting += 1;
      if (takes(each, signal)) return;
    }
    const kept = this.#top.#kept;
    if (waiting === 0 && kept.filter((other) => other.name === name).length < KEPT) kept.push(signal);
  }

  /** A step has begun to wait: what is kept is offered to it. */
  #offer(waiting: Waiting): void {
    const kept = this.#top.#kept;
    const taken = kept.findIndex((signal) => waitsFor(waiting, signal.name) && takes(waiting, signal));
    if (taken >= 0) kept.splice(taken, 1);
  }

  /** Begins a child, or goes on with one that was persisted. */
  #start(child: Place, snapshot: object | null = null): void {
    const prepared = snapshot === null ? prepare(child, this.#children, DEFAULT_MAX_BYTES) : { output: null };
    if ('error' in prepared)
      return this.#settle(child, { status: 'failed', output: null, isBorne: false }, prepared.error);
    const machine = this.#kinds.machines[child.node.kind] as AnyStateMachine;
    const options = { id: child.name, input: { node: child.node, input: prepared.output }, parent: this.#self };
    const actor: AnyActorRef = createActor(machine, {
      ...options,
      ...(snapshot === null ? {} : { snapshot }),
    } as never);
    this.#live.set(child, actor);
    const waiting: Waiting = { actor, place: child, siblings: this.#children };
    if (isWait(child)) this.#top.#waits.add(waiting);
    actor.subscribe({
      complete: () => {
        this.#top.#waits.delete(waiting);
        const { value, context } = actor.getSnapshot() as {
          value: string;
          context: EndMemory;
        };
        const ended = endOf(value, child.node.strategy, context);
        // Not at once: XState is about to tell the parent itself, and this word may end the parent.
        queueMicrotask(() => this.#settle(child, ended, context.error));
      },
    });
    // A parent that was cancelled in the meantime has counted this child as live; it ends by the same word.
    actor.start();
    if (this.#cancelled !== null) actor.send(this.#cancelled);
    if (isWait(child)) this.#offer(waiting);
  }

  cancel(reason: string | null): void {
    this.#cancelled = { type: 'cancel', reason };
    this.tell(this.#cancelled);
  }

  #settle(child: Place, ended: Ended, error: ErrorRecord | null): void {
    this.#live.delete(child);
    const { status, output, isBorne, isForgiven } = toldOf(child, this.#strategy, ended);
    this.#over.push({ name: child.name, status, output, isBorne });
    this.#self.send({
      type: 'child.settled',
      status,
      error: isForgiven ? null : error,
      withErrors: isForgiven,
      isBorne,
      ...told(this.#children.settle(child, status, output, error)),
    });
  }
}

function told({ ready, skipped, finished, kept }: Arrival): object {
  return { ready, skipped: skipped.count, given: skipped, finished, kept };
}

/** Without a host there is no run on record; its variables are those that the uppermost machine has kept. */
function factsOfLive(self: AnyActorRef): RunFacts {
  return Object.freeze({
    ...LIVE_RUN,
    get variables() {
      const { context } = self.getSnapshot() as { readonly context: { readonly variables: JsonObject } };
      return context.variables;
    },
  });
}

/** What a machine without a host says that was given no definition, or another one than it was persisted with. */
export function needsDefinition(self: AnyActorRef | undefined, wanted?: string): Error {
  const machine = (self as { readonly logic?: { readonly id?: string } } | undefined)?.logic?.id ?? 'track';
  const whose = wanted === undefined ? '' : ` of ${wanted}`;
  const how = `createActor(${machine}Machine, { input: machineInput(${machine}, input) })`;
  return new Error(`Machine "${machine}" needs the definition${whose}: ${how}.`);
}

const byParent = new WeakMap<AnyActorRef, LiveChildren>();

function childrenOf({ self, context: { node, input, kept } }: Parent): LiveChildren {
  let children = byParent.get(self);
  if (children === undefined) {
    if (node === null) throw needsDefinition(self);
    children = new LiveChildren(self, node, input, kept, null);
    byParent.set(self, children);
  }
  return children;
}

/** Of the children of a machine's actor, if it has begun to have any. */
export function persistBelow(self: AnyActorRef): Below | undefined {
  return byParent.get(self)?.persist();
}

/** Puts back what was persisted; nothing is started before `resumeBelow`. */
export function restoreBelow({ self, context: { node, input, kept } }: Parent, below: Below): void {
  if (node !== null) byParent.set(self, new LiveChildren(self, node, input, kept, below));
}

export function resumeBelow(self: AnyActorRef): void {
  byParent.get(self)?.resume();
}

/** What the named actions of `parent.ts` do when nobody else does them. */
export const live = {
  begin: (parent: Parent) => childrenOf(parent).begin(),
  startNext: (parent: Parent, count: number) => childrenOf(parent).startNext(count),
  skipRest: (parent: Parent) => childrenOf(parent).skipRest(),
  /** A step tells the machine above all others something; it has no more to say by then. */
  tellRun({ self }: { readonly self: AnyActorRef }, event: AnyEventObject) {
    const top = self._parent === undefined ? undefined : byParent.get(self._parent)?.top;
    if (top !== undefined) top.send(event);
  },
  cancelChildren: (parent: Parent, reason: string | null) => childrenOf(parent).cancel(reason),
  passSignal(parent: Parent, event: AnyEventObject) {
    const { name, payload } = event as unknown as { readonly name?: string; readonly payload: Json };
    if (name !== undefined) childrenOf(parent).signal(name, payload ?? null);
  },
};
