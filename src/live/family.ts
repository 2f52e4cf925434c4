/** Child runs of a run without a box: each is an actor below the step that has started it, and a run of its own. */
import { type AnyActorRef, createActor } from 'xstate';
import { childOf, undoOf } from '../core/child.ts';
import type { Effect } from '../core/effect.ts';
import { limitAbove } from '../core/limits.ts';
import { isPaused, type Owed, type RunState } from '../core/run.ts';
import { placeAt, undoesCancelled } from '../core/undo.ts';
import type { PlanNode } from '../definition.ts';
import { nodeOf } from '../dsl/ready.ts';
import { BoxMissing, ChildTooDeep, type ErrorRecord, InputInvalid, toRecord } from '../errors/index.ts';
import { type Json, type JsonObject, toJson } from '../json.ts';
import type { ChildAsked, RunSpec } from '../leaves.ts';
import { runOf, runsAs } from '../machines/live.ts';
import { orchestratorMachine } from '../machines/orchestrator/machine.ts';
import { endAsAnswer, endOfCancelled } from '../performing/child-ends.ts';
import { type Parsed, parse } from '../schema.ts';
import type { RunRow } from '../store.ts';
import { type KeptRows, LiveRows } from './rows.ts';
import { kindsOfRuns } from './kinds.ts';
import type { LiveFacts } from './run.ts';
import type { WorldOptions } from './world.ts';

/** What is persisted of child runs, by their ids. */
export interface KeptFamily {
  /** Those under way, with the step that has started them. */
  readonly live: { readonly [run: string]: KeptChild };
  /** The rows of those that have ended and may have to be undone. */
  readonly ended: { readonly [run: string]: KeptRows & { readonly path: string } };
}

/** The step that has started a child run, and what this one's metadata are. */
interface Step {
  readonly path: string;
  readonly attempt: number;
  readonly metadata: JsonObject;
}

interface KeptChild extends Step {
  readonly snapshot: object;
}

/** What a child run begins with, or goes on with. */
interface Given {
  readonly input?: Json;
  readonly snapshot?: object | undefined;
  readonly waiting?: Waiting | null;
}

/** How a child run has ended. */
interface End {
  readonly path: string;
  readonly row: RunRow;
  readonly rows: LiveRows;
}

interface Child extends Step {
  readonly ref: AnyActorRef;
  /** Who wants to know of its end. */
  readonly waiting: Set<Waiting>;
}

type Wanted = Extract<Effect, { readonly do: 'childRun' | 'endChild' | 'undoChild' }>;

/** A step that waits for the end of a child run; nobody does any more once it is over. */
interface Waiting {
  readonly effect: Wanted;
  isOver: boolean;
}

export class LiveFamily {
  readonly #options: WorldOptions;
  readonly #live = new Map<string, Child>();
  readonly #ended = new Map<string, End>();
  /** Steps that wait, by their path. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: WorldOptions) {
    this.#options = options;
  }

  open({ live, ended }: KeptFamily): void {
    for (const [run, { path, row, ...kept }] of Object.entries(ended)) {
      const rows = new LiveRows(kindsOfRuns());
      rows.restore(kept, run);
      this.#ended.set(run, { path, row, rows });
    }
    for (const [run, { snapshot, ...child }] of Object.entries(live)) this.#begin(run, child, { snapshot });
  }

  persist(): KeptFamily {
    const live: { [run: string]: KeptChild } = {};
    for (const [run, { path, attempt, metadata, ref }] of this.#live)
      live[run] = { path, attempt, metadata, snapshot: ref.getPersistedSnapshot() as object };
    const ended: { [run: string]: KeptFamily['ended'][string] } = {};
    for (const [run, { path, row, rows }] of this.#ended) ended[run] = { path, ...rows.persist({ row, seq: 0 }) };
    return { live, ended };
  }

  perform(owed: Extract<Owed, { readonly do: 'childRun' | 'endChild' | 'undoChild' | 'holdChild' }>): void {
    const { run } = this.#options;
    if (owed.do === 'holdChild') {
      const child = this.#live.get(childOf({ run: run.id, ...owed }));
      return child?.ref.send({ type: isPaused(run) ? 'pause' : 'resume', above: true });
    }
    const waiting: Waiting = { effect: owed, isOver: false };
    this.#waiting.set(owed.path, waiting);
    if (owed.do === 'childRun') return this.#start(waiting);
    if (owed.do === 'undoChild') return this.#undo(waiting);
    const id = childOf({ run: run.id, ...owed });
    const child = this.#live.get(id);
    const end = this.#ended.get(id);
    // Never started, or it has ended.
    if (child === undefined) return end === undefined ? this.#answer(waiting, null, null) : this.#tell(waiting, end);
    child.waiting.add(waiting);
    child.ref.send({ type: 'cancel', reason: owed.reason, compensate: undoesCancelled(run.root) });
  }

  /** The step does not wait any more. */
  giveUp({ path }: { readonly path: string }): void {
    const waiting = this.#waiting.get(path);
    if (waiting !== undefined) waiting.isOver = true;
    this.#waiting.delete(path);
  }

  stop(): void {
    for (const { ref } of this.#live.values()) runOf(ref)?.stop();
  }

  #start(waiting: Waiting): void {
    const { path, attempt, node, input } = waiting.effect;
    const { run, level } = this.#options;
    const id = childOf({ run: run.id, path, attempt, input });
    // It was persisted with its parent, and goes on.
    const there = this.#live.get(id);
    if (there !== undefined) return void there.waiting.add(waiting);
    const { depth, detach, orchestrator } = node.spec as RunSpec;
    const { name } = orchestrator();
    if (level >= depth) return this.#fail(waiting, new ChildTooDeep({ orchestrator: name, depth }));
    const asked = input as unknown as ChildAsked;
    const metadata = { ...run.row.metadata, ...asked.metadata };
    const begin = (parsed: Parsed): void => {
      if (waiting.isOver) return;
      const what = `input of orchestrator "${name}"`;
      if (!parsed.ok) return this.#fail(waiting, new InputInvalid({ what, issues: parsed.issues }));
      const given = toJson(parsed.value, what);
      this.#begin(id, { path, attempt, metadata }, { input: given, waiting: detach ? null : waiting });
      if (detach) this.#answer(waiting, { run: id }, null);
    };
    try {
      const { schema } = nodeOf(orchestrator());
      const parsed = schema === null ? { ok: true as const, value: asked.input } : parse(schema, asked.input);
      if (!('then' in parsed)) return begin(parsed);
      parsed.then(begin).catch((thrown: unknown) => this.#fail(waiting, thrown));
    } catch (thrown) {
      this.#fail(waiting, thrown);
    }
  }

  /** Begins a child run, or goes on with one that was persisted. */
  #begin(id: string, child: Step, { input = null, snapshot, waiting = null }: Given): void {
    const { run } = this.#options;
    const of = orchestratorAt(run, child.path);
    if (of === null) return;
    const { version, detach, node } = of;
    const actor = run.actors.get(child.path);
    const limit = detach || actor === undefined ? null : limitAbove(actor);
    this.#play(id, child, node, { input, snapshot, waiting }, { version, limit });
  }

  /** The child has ended, and is undone by a run of its own. */
  #undo(waiting: Waiting): void {
    const { path, attempt, input } = waiting.effect;
    const { run } = this.#options;
    const of = 'of' in waiting.effect ? waiting.effect.of : null;
    const id = childOf({ run: of ?? run.id, path, attempt, input });
    const end = this.#ended.get(id);
    const undoing = this.#live.get(undoOf(id));
    if (undoing !== undefined) return void undoing.waiting.add(waiting);
    if (of !== null) return this.#fail(waiting, new BoxMissing({ what: 'undo the child runs of a child run' }));
    const found = orchestratorAt(run, path);
    // Nothing of it can be undone, so nothing was kept.
    if (end === undefined || found === null) return this.#answer(waiting, null, null);
    const { version, node } = found;
    const { metadata, input: given } = end.row;
    const undoes = { run: id, rows: end.rows };
    this.#play(undoOf(id), { path, attempt, metadata }, node, { input: given, waiting }, { version, undoes });
  }

  #play(
    id: string,
    { path, attempt, metadata }: Step,
    node: PlanNode,
    { input = null, snapshot, waiting }: Given,
    more: Pick<LiveFacts, 'version' | 'limit' | 'undoes'>,
  ): void {
    const { run, level, kin, refOf, begin } = this.#options;
    const actor = run.actors.get(path);
    const parent = (actor === undefined ? null : refOf(actor)) ?? refOf(run.root);
    const options = { id, input: { node, input }, parent: parent ?? undefined };
    const ref = createActor(orchestratorMachine, {
      ...options,
      ...(snapshot === undefined ? {} : { snapshot }),
    } as never);
    const child: Child = { path, attempt, metadata, ref, waiting: new Set(waiting == null ? [] : [waiting]) };
    this.#live.set(id, child);
    const ended = (row: RunRow, rows: LiveRows): void => this.#over(id, child, { path, row, rows });
    runsAs(ref, (root) => begin(root, { id, metadata, level: level + 1, kin, ended, ...more }));
    ref.start();
  }

  #over(id: string, child: Child, end: End): void {
    this.#live.delete(id);
    if (end.rows.canBeUndone) this.#ended.set(id, end);
    for (const waiting of child.waiting) this.#tell(waiting, end);
  }

  /** How a child has ended. */
  #tell(waiting: Waiting, { row, rows }: End): void {
    const { effect } = waiting;
    if (effect.do === 'undoChild' && row.status === 'compensated') return this.#answer(waiting, null, null);
    const { output, error } =
      effect.do === 'endChild'
        ? endOfCancelled(row, undoesCancelled(this.#options.run.root), effect)
        : endAsAnswer(row, rows.failures, effect);
    this.#answer(waiting, output, error);
  }

  #fail(waiting: Waiting, thrown: unknown): void {
    const { path, attempt } = waiting.effect;
    this.#answer(waiting, null, toRecord(thrown, { path, attempt, retryable: false }));
  }

  #answer(waiting: Waiting, output: Json, error: ErrorRecord | null): void {
    if (waiting.isOver) return;
    const { do: from, path, attempt } = waiting.effect;
    waiting.isOver = true;
    if (this.#waiting.get(path) === waiting) this.#waiting.delete(path);
    this.#options.take({ type: 'answer', from, path, attempt, output, error });
  }
}

/** What a step starts runs of. */
function orchestratorAt({ plan }: RunState, path: string): { version: string; detach: boolean; node: PlanNode } | null {
  const place = placeAt(kindsOfRuns(), plan.root, path);
  if (place === null) return null;
  const { orchestrator, detach } = place.node.spec as RunSpec;
  const definition = orchestrator();
  return { version: definition.version, detach, node: nodeOf(definition) };
}
