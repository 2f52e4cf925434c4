/**
 * Children that depend on each other: a graph of tracks, a chain of steps, members side by side. A child is ready when all
 * that it waits for have ended well.
 *
 * Ready children are taken in declared order, whatever the order in which they became
 * ready: with a cap on concurrency, too, a run goes on after a crash as it would have.
 */
import type { FailedStep, Facts, GraphPlace, Place, PlanNode, RunFacts } from '../../definition.ts';
import type { ErrorRecord } from '../../errors/index.ts';
import { Heap } from '../../heap.ts';
import { type Json, toJson } from '../../json.ts';
import { isTerminal } from '../../status.ts';
import { mapped, readOnly, synchronous } from '../facts.ts';
import { verdict } from '../verdict.ts';
import {
  type Arrival,
  type Children,
  type Family,
  type Finished,
  isBad,
  type KnownChild,
  NONE_SKIPPED,
  type Skipped,
  skipped,
} from './children.ts';

/** Below it: minus the number of siblings that a child still waits for. */
const WAITING = 0;
const READY = 1;
const BEGUN = 2;
const DONE = 3;
const LOST = 4;
/** The one that is reached when another has failed. */
const HELD = 5;

/** So many children are looked through for one that is ready. */
const HANDFUL = 16;

/** The ordinals that are ready, ascending; null for a handful, which needs no list of them. */
function readyAmong(state: readonly number[]): Heap<number> | null {
  if (state.length <= HANDFUL) return null;
  const ready: number[] = [];
  for (let index = 0; index < state.length; index += 1) if (state[index] === READY) ready.push(index);
  return new Heap(ascending, ready);
}

const NOBODY: readonly GraphPlace[] = Object.freeze([]);
const NO_OUTPUTS: Facts['outputs'] = Object.freeze({});
const ascending = (left: number, right: number): number => left - right;

const isToCome = (state: number): boolean => state <= READY;

/** What one that makes up for it is told. */
function failureOf({ name }: GraphPlace, error: ErrorRecord | null): FailedStep {
  const { code, message } = error ?? { code: 'step-cancelled', message: 'It was cancelled.' };
  return Object.freeze({ step: name, code, message });
}

export class Graph implements Children {
  readonly #place: Place | null;
  readonly #node: PlanNode;
  readonly #input: Json;
  readonly #run: RunFacts;
  readonly #maxBytes: number;
  readonly #above: Children | null;
  /** The ordinal of the child that catches; -1 without one. */
  readonly #catcher: number;
  /** How each child stands. In a list of small numbers for all of it: there is a graph for every track of one step. */
  readonly #state: number[];
  /** Made with the first that comes. */
  #outputs: (Json | undefined)[] | null = null;
  /** The ready ones of a parent with many children; a handful is looked through. */
  readonly #ready: Heap<number> | null;
  /** Children that have neither ended nor been given up. */
  #open: number;
  #completed = 0;
  /** Nothing begins any more, and there is nothing to make of what has ended. */
  #isStopped = false;
  #failed = 0;
  #failure: FailedStep | null = null;
  #earlier: { [name: string]: Json } | null = null;
  #earlierView: Facts['outputs'] | null = null;

  constructor({ place, node, input, run, maxBytes, above, known, kept }: Family, origin: Graph | null = null) {
    this.#place = place;
    this.#node = node;
    this.#input = input;
    this.#run = run;
    this.#maxBytes = maxBytes;
    this.#above = above;
    this.#catcher = node.catches ? node.children.length - 1 : -1;
    if (node.catches) this.#failure = kept as FailedStep | null;
    if (origin !== null) {
      this.#state = [...origin.#state];
      this.#outputs = origin.#outputs === null ? null : [...origin.#outputs];
      this.#ready = origin.#ready === null ? null : new Heap(ascending, [...origin.#ready]);
      this.#open = origin.#open;
      this.#completed = origin.#completed;
      this.#failed = origin.#failed;
      this.#failure = origin.#failure;
      this.#isStopped = origin.#isStopped;
      return;
    }
    const count = node.children.length;
    // Plain arrays: most parents have a handful of children, for which a typed array costs more than all the rest.
    this.#state = new Array<number>(count).fill(WAITING);
    this.#open = count;
    for (let index = 0; index < count; index += 1) {
      const { length } = (node.children[index] as GraphPlace).after;
      this.#state[index] = length === 0 ? READY : WAITING - length;
    }
    if (node.catches) this.#state[this.#catcher] = HELD;
    this.#ready = readyAmong(this.#state);
    this.#recall(known);
  }

  fork(above: Children | null, run: RunFacts): Children {
    return new Graph(this.familyUnder(above, run), this);
  }

  /** What a copy of it is made with. */
  protected familyUnder(above: Children | null, run: RunFacts): Family {
    const [place, node, input, maxBytes] = [this.#place, this.#node, this.#input, this.#maxBytes];
    return { place, node, input, run, maxBytes, above, path: '', known: [], counts: null, kept: null };
  }

  get total(): number {
    return this.#state.length;
  }

  begin(): Arrival {
    return { ready: this.ready, skipped: NONE_SKIPPED, finished: this.#finish() };
  }

  get ready(): number {
    let ready = 0;
    for (let index = 0; index < this.#state.length; index += 1) if (this.#state[index] === READY) ready += 1;
    return ready;
  }

  get settled(): number {
    return this.#state.length - this.#open;
  }

  standing({ ordinal }: Place): 'to come' | 'begun' | 'over' {
    const state = this.#state[ordinal] as number;
    if (state === BEGUN) return 'begun';
    return isToCome(state) || state === HELD ? 'to come' : 'over';
  }

  take(): GraphPlace | null {
    const index = this.#ready === null ? this.#state.indexOf(READY) : this.#nextOf(this.#ready);
    if (index === -1) return null;
    this.#state[index] = BEGUN;
    return this.#at(index);
  }

  /** Some in the list were given up after they had become ready. */
  #nextOf(list: Heap<number>): number {
    let index = list.pop();
    while (index !== undefined && this.#state[index] !== READY) index = list.pop();
    return index ?? -1;
  }

  settle({ ordinal }: Place, status: string, output: Json, error: ErrorRecord | null): Arrival {
    const child = this.#at(ordinal);
    if (isBad(status)) {
      const lost = skipped(this.#lost(child));
      if (!this.#holds) return { ready: 0, skipped: lost, finished: this.#finish() };
      this.#makeReady(this.#catcher);
      this.#failure = failureOf(child, error);
      return { ready: 1, skipped: lost, finished: null, kept: { ...this.#failure } };
    }
    const ready = this.#ended(child, status, output);
    const given = this.#catcher === -1 ? NONE_SKIPPED : this.#uncaught();
    return { ready, skipped: given, finished: this.#finish() };
  }

  /** Gives up what could still begin, but for these. */
  protected keepOnly(ordinals: ReadonlySet<number>): Skipped {
    return skipped(this.#loseAll((state, ordinal) => isToCome(state) && !ordinals.has(ordinal)));
  }

  rest(): Skipped {
    this.#isStopped = true;
    return skipped(this.#loseAll((state) => isToCome(state) || state === HELD));
  }

  factsFor(place: Place): Facts {
    const { sees } = this.#node;
    if ((sees === 'above' || sees === 'both') && this.#above !== null && this.#place !== null) {
      const around = this.#above.factsFor(this.#place);
      return sees === 'above' ? around : this.#factsInGroup(place, around);
    }
    const { ordinal: index, after } = this.#at(place.ordinal);
    const input = this.#input;
    const run = this.#run;
    // The first step of a track and a track without dependencies have nothing to look at yet.
    if (after.length === 0) return Object.freeze({ input, outputs: NO_OUTPUTS, previous: null, run });
    if (this.#node.sees === 'dependencies')
      return Object.freeze({ input, outputs: this.#pick(after), previous: null, run });
    return Object.freeze({ input, outputs: this.#seeEarlier(), previous: this.#outputOf(index - 1), run });
  }

  /** What is around a group is seen in it, too. */
  #factsInGroup({ ordinal }: Place, around: Facts): Facts {
    const outputs = this.#seeEarlier(around.outputs);
    const isCatcher = ordinal === this.#catcher;
    const previous = ordinal === 0 || isCatcher ? around.previous : this.#outputOf(ordinal - 1);
    const facts = { ...around, outputs, previous };
    return Object.freeze(isCatcher && this.#failure !== null ? { ...facts, error: this.#failure } : facts);
  }

  /** One waits for another to fail. Asked first: to look for what no list has is slow. */
  get #holds(): boolean {
    return this.#catcher !== -1 && this.#state[this.#catcher] === HELD;
  }

  #at(ordinal: number): GraphPlace {
    return this.#node.children[ordinal] as GraphPlace;
  }

  #outputOf(ordinal: number): Json {
    return this.#outputs?.[ordinal] ?? null;
  }

  /** A child has ended well: how many it has made ready. */
  #ended(child: GraphPlace, status: string, output: Json): number {
    this.#open -= 1;
    this.#state[child.ordinal] = DONE;
    if (status === 'completed') this.#completed += 1;
    this.#keep(child, output);
    return this.#release(child);
  }

  /** A child has ended badly: those that will never begin because of it. */
  #lost(child: GraphPlace): readonly GraphPlace[] {
    this.#open -= 1;
    this.#failed += 1;
    this.#state[child.ordinal] = LOST;
    if (this.#holds) return this.#loseAll(isToCome);
    return this.#node.strategy === 'failFast' ? NOBODY : this.#giveUp(child);
  }

  /** Those of which it is true are given up, in declared order. */
  #loseAll(isGivenUp: (state: number, ordinal: number) => boolean): readonly GraphPlace[] {
    const never: GraphPlace[] = [];
    for (const child of this.#node.children) {
      if (isGivenUp(this.#state[child.ordinal] as number, child.ordinal)) this.#lose(child, never);
    }
    return never;
  }

  /** Nothing has failed, and nothing will: nobody has to make up for it. */
  #uncaught(): Skipped {
    return this.#open === 1 && this.#holds ? skipped(this.#loseAll((state) => state === HELD)) : NONE_SKIPPED;
  }

  #makeReady(index: number): void {
    this.#state[index] = READY;
    this.#ready?.push(index);
  }

  #release(child: GraphPlace): number {
    let ready = 0;
    const { dependents } = child;
    for (let at = 0; at < dependents.length; at += 1) {
      const index = dependents[at] as number;
      const state = this.#state[index] as number;
      if (state >= WAITING) continue;
      this.#state[index] = state + 1;
      if (state + 1 < WAITING) continue;
      this.#makeReady(index);
      ready += 1;
    }
    return ready;
  }

  /** Whatever depends on a lost child, directly or not, will never begin. In declared order. */
  #giveUp(child: GraphPlace): readonly GraphPlace[] {
    const never: GraphPlace[] = [];
    const todo = [child];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      for (const index of next.dependents) {
        if ((this.#state[index] as number) >= WAITING) continue;
        const dependent = this.#at(index);
        this.#lose(dependent, never);
        todo.push(dependent);
      }
    }
    return never.sort((left, right) => left.ordinal - right.ordinal);
  }

  #lose(child: GraphPlace, into: GraphPlace[]): void {
    this.#state[child.ordinal] = LOST;
    this.#open -= 1;
    into.push(child);
  }

  #keep(child: GraphPlace, output: Json): void {
    this.#outputs ??= new Array(this.#state.length);
    this.#outputs[child.ordinal] = output;
    if (this.#earlier !== null) this.#earlier[child.name] = output;
  }

  /** One object for all steps of a track, which grows as they end: a copy for each step would be quadratic (I9). */
  #seeEarlier(around: Facts['outputs'] = NO_OUTPUTS): Facts['outputs'] {
    if (this.#earlierView === null) {
      this.#earlier = { ...around };
      for (const child of this.#node.children) {
        const output = this.#outputs?.[child.ordinal];
        if (output !== undefined) this.#earlier[child.name] = output;
      }
      this.#earlierView = readOnly(this.#earlier);
    }
    return this.#earlierView;
  }

  #pick(ordinals: readonly number[]): Facts['outputs'] {
    const outputs: { [name: string]: Json } = {};
    for (const index of ordinals) outputs[this.#at(index).name] = this.#outputOf(index);
    return Object.freeze(outputs);
  }

  #all(): Facts['outputs'] {
    return this.#pick(this.#node.children.map(({ ordinal }) => ordinal));
  }

  #finish(): Finished | null {
    if (this.#isStopped) return null;
    const { output, called, kind, strategy } = this.#node;
    const counts = { total: this.total, settled: this.settled, completed: this.#completed, failed: this.#failed };
    if (verdict(strategy, counts) !== 'won') return null;
    if (output === null) return { output: this.#made() };
    const what = `output of ${kind} "${called}"`;
    const finish = {
      input: this.#input,
      outputs: this.#all(),
      ordered: Object.freeze(this.#node.children.map((child) => this.#outputOf(child.ordinal))),
      run: this.#run,
    };
    return mapped(what, () => toJson(synchronous(what, output(finish)), what, this.#maxBytes));
  }

  /** Its output, where nobody makes another one. */
  #made(): Json {
    const { children, result } = this.#node;
    if (result === 'byName') return this.#all() as Json;
    if (result === 'taken') return this.taken();
    if (this.#catcher === -1) return this.#outputOf(children.length - 1);
    return this.#outputOf(this.#failure === null ? this.#catcher - 1 : this.#catcher);
  }

  /** What those that were not given up have left behind, by name. */
  protected outputsOfTaken(): readonly (readonly [string, Json])[] {
    return this.#node.children.flatMap(({ name, ordinal }) =>
      this.#state[ordinal] === DONE ? [[name, this.#outputOf(ordinal)] as const] : [],
    );
  }

  /** The output of a node whose `result` is `taken`. */
  protected taken(): Json {
    return null;
  }

  #recall(known: Iterable<KnownChild>): void {
    for (const { name, status, output } of known) {
      const child = this.#node.childByName.get(name);
      if (child === undefined) continue;
      if (!isTerminal(status)) this.#state[child.ordinal] = BEGUN;
      // It was given up already, with what it waits for.
      else if (status === 'skipped' && this.#state[child.ordinal] === LOST) continue;
      else if (isBad(status)) {
        this.#lost(child);
        if (this.#holds) this.#makeReady(this.#catcher);
      } else this.#ended(child, status, output);
    }
  }
}
