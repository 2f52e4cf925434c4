/**
 * The ledger: which children of a parent are ready, which have ended and with what. The
 * parent's machine counts and decides; the ledger knows names and order (S2). It is derived
 * from the plan and the rows, is never stored, and can be built again at any time.
 *
 * Ready children are taken in declared order, whatever the order in which they became
 * ready: with a cap on concurrency, too, a run goes on after a crash as it would have.
 */
import type { Facts, PlanNode, RunFacts } from '../definition.ts';
import { Heap } from '../heap.ts';
import { type Json, toJson } from '../json.ts';
import { isTerminal } from '../status.ts';
import { mapped, readOnly, synchronous } from './mapping.ts';
import type { Finished } from './parent.ts';

const WAITING = 0;
const READY = 1;
const BEGUN = 2;
const DONE = 3;
const LOST = 4;

/** What a parent is told of its children: the counters' changes, and its own end if nothing is left. */
export interface Arrival {
  readonly ready: number;
  readonly skipped: readonly PlanNode[];
  readonly finished: Finished | null;
}

/** A child as the store has it. */
export interface KnownChild {
  readonly name: string;
  readonly status: string;
  readonly output: Json;
}

const NONE: readonly PlanNode[] = Object.freeze([]);
/** The ordinals that are ready, ascending. A track has one, and its list is made with room for one. */
function readyAmong(state: readonly number[]): number[] {
  const first = state.indexOf(READY);
  if (first === -1) return [];
  const ready = [first];
  for (let index = first + 1; index < state.length; index += 1) if (state[index] === READY) ready.push(index);
  return ready;
}

const NO_OUTPUTS: Facts['outputs'] = Object.freeze({});
const ascending = (left: number, right: number): number => left - right;

export class Ledger {
  readonly #node: PlanNode;
  readonly #input: Json;
  readonly #run: RunFacts;
  readonly #maxBytes: number;
  readonly #above: Ledger | null;
  readonly #state: number[];
  /** How many siblings each child still waits for. */
  readonly #missing: number[];
  readonly #outputs: (Json | undefined)[];
  readonly #ready: Heap<number>;
  /** Children that have neither ended nor been given up. */
  #open: number;
  #lost = 0;
  #earlier: { [name: string]: Json } | null = null;
  #earlierView: Facts['outputs'] | null = null;

  /** `above` is that of the node's own parent. */
  constructor(
    node: PlanNode,
    input: Json,
    run: RunFacts,
    maxBytes: number,
    above: Ledger | null,
    known: Iterable<KnownChild> = [],
  ) {
    this.#node = node;
    this.#input = input;
    this.#run = run;
    this.#maxBytes = maxBytes;
    this.#above = above;
    const count = node.children.length;
    // Plain arrays: most parents have a handful of children, for which a typed array costs more than all the rest.
    this.#state = new Array<number>(count).fill(WAITING);
    this.#missing = new Array<number>(count).fill(0);
    this.#outputs = new Array(count);
    this.#open = count;
    for (let index = 0; index < count; index += 1) {
      const { length } = (node.children[index] as PlanNode).after;
      this.#missing[index] = length;
      if (length === 0) this.#state[index] = READY;
    }
    this.#ready = new Heap(ascending, readyAmong(this.#state));
    this.#recall(known);
  }

  /** What a parent learns when it starts. */
  begin(): Arrival {
    return { ready: this.#ready.size, skipped: NONE, finished: this.#finish() };
  }

  /** How many children could start. */
  get ready(): number {
    return this.#state.filter((state) => state === READY).length;
  }

  /** How many children are over: those that have ended, and those that never begin. */
  get settled(): number {
    return this.#state.length - this.#open;
  }

  /** Could the child still begin, has it begun and not ended, or is it over? */
  standing(child: PlanNode): 'to come' | 'begun' | 'over' {
    const state = this.#state[child.index] as number;
    if (state === BEGUN) return 'begun';
    return state === WAITING || state === READY ? 'to come' : 'over';
  }

  /** The next child to start, in declared order; it counts as begun from here on. */
  take(): PlanNode | null {
    for (let index = this.#ready.pop(); index !== undefined; index = this.#ready.pop()) {
      if (this.#state[index] !== READY) continue;
      this.#state[index] = BEGUN;
      return this.#node.children[index] as PlanNode;
    }
    return null;
  }

  /** A child has ended. `output` is null unless it completed. */
  settle(child: PlanNode, status: string, output: Json): Arrival {
    const { index } = child;
    if (status === 'completed' || status === 'skipped') {
      this.#state[index] = DONE;
      this.#open -= 1;
      this.#keep(child, output);
      const ready = this.#release(child);
      return { ready, skipped: NONE, finished: this.#finish() };
    }
    this.#state[index] = LOST;
    this.#open -= 1;
    this.#lost += 1;
    const skipped = this.#node.onFailure === 'continue' ? this.#giveUp(child) : NONE;
    return { ready: 0, skipped, finished: null };
  }

  /** Gives up every child that has not begun, and names them in declared order. */
  rest(): readonly PlanNode[] {
    const skipped: PlanNode[] = [];
    for (const child of this.#node.children) {
      if (this.#state[child.index] !== WAITING && this.#state[child.index] !== READY) continue;
      this.#lose(child, skipped);
    }
    return skipped;
  }

  /** What the mapper of `child` is told (S1). */
  factsFor(child: PlanNode): Facts {
    if (this.#node.sees === 'above' && this.#above !== null) return this.#above.factsFor(this.#node);
    const { index, after } = child;
    const input = this.#input;
    const run = this.#run;
    // The first step of a track and a track without dependencies have nothing to look at yet.
    if (after.length === 0) return Object.freeze({ input, outputs: NO_OUTPUTS, previous: null, run });
    if (this.#node.sees === 'dependencies')
      return Object.freeze({ input, outputs: this.#pick(after), previous: null, run });
    return Object.freeze({ input, outputs: this.#seeEarlier(), previous: this.#outputs[index - 1] ?? null, run });
  }

  #makeReady(index: number): void {
    this.#state[index] = READY;
    this.#ready.push(index);
  }

  #release(child: PlanNode): number {
    let ready = 0;
    const { dependents } = child;
    for (let at = 0; at < dependents.length; at += 1) {
      const index = dependents[at] as number;
      const missing = (this.#missing[index] as number) - 1;
      this.#missing[index] = missing;
      if (missing > 0 || this.#state[index] !== WAITING) continue;
      this.#makeReady(index);
      ready += 1;
    }
    return ready;
  }

  /** Whatever depends on a lost child, directly or not, will never begin. In declared order. */
  #giveUp(child: PlanNode): readonly PlanNode[] {
    const skipped: PlanNode[] = [];
    const todo = [child];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      for (const index of next.dependents) {
        if (this.#state[index] !== WAITING) continue;
        const dependent = this.#node.children[index] as PlanNode;
        this.#lose(dependent, skipped);
        todo.push(dependent);
      }
    }
    return skipped.sort((left, right) => left.index - right.index);
  }

  #lose(child: PlanNode, into: PlanNode[]): void {
    this.#state[child.index] = LOST;
    this.#open -= 1;
    this.#lost += 1;
    into.push(child);
  }

  #keep(child: PlanNode, output: Json): void {
    this.#outputs[child.index] = output;
    if (this.#earlier !== null) this.#earlier[child.name] = output;
  }

  /** One object for all steps of a track, which grows as they end: a copy for each step would be quadratic (I9). */
  #seeEarlier(): Facts['outputs'] {
    if (this.#earlierView === null) {
      this.#earlier = {};
      for (const child of this.#node.children) {
        const output = this.#outputs[child.index];
        if (output !== undefined) this.#earlier[child.name] = output;
      }
      this.#earlierView = readOnly(this.#earlier);
    }
    return this.#earlierView;
  }

  #pick(ordinals: readonly number[]): Facts['outputs'] {
    const outputs: { [name: string]: Json } = {};
    for (const index of ordinals) outputs[(this.#node.children[index] as PlanNode).name] = this.#outputs[index] ?? null;
    return Object.freeze(outputs);
  }

  #all(): Facts['outputs'] {
    return this.#pick(this.#node.children.map(({ index }) => index));
  }

  #finish(): Finished | null {
    if (this.#open > 0 || this.#lost > 0) return null;
    const { output, children, result, called, kind } = this.#node;
    if (output === null) {
      if (result === 'byName') return { output: this.#all() as Json };
      return { output: this.#outputs[children.length - 1] ?? null };
    }
    const what = `output of ${kind} "${called}"`;
    const finish = {
      input: this.#input,
      outputs: this.#all(),
      ordered: Object.freeze(children.map((child) => this.#outputs[child.index] ?? null)),
      run: this.#run,
    };
    return mapped(what, () => toJson(synchronous(what, output(finish)), what, this.#maxBytes));
  }

  #recall(known: Iterable<KnownChild>): void {
    for (const { name, status, output } of known) {
      const child = this.#node.childByName.get(name);
      if (child === undefined) continue;
      if (!isTerminal(status)) this.#state[child.index] = BEGUN;
      else if (status === 'skipped' && this.#state[child.index] === LOST) continue;
      else this.settle(child, status, output);
    }
  }
}
