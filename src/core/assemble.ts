/**
 * Reading a run back: from its rows to a `RunState` that goes on where the last commit left
 * it, and what it is still owed. Nothing is replayed. What a state invokes says what its
 * actor waits for, so the effects need no rows of their own: an attempt that was under way is
 * owed again under the same key (I6), a timer with the time that remains.
 */
import type { Plan, PlanNode, RunFacts } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import { RowUnreadable } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { Children, KnownChild } from './children/children.ts';
import type { Memory } from './kind.ts';
import type { ActorRow, OpenRun, RunRow, Store } from '../store.ts';
import { type Actor, addLive, type Owed, type RunState } from './run.ts';
import type { Message } from './message.ts';
import { signalsOf } from './signals.ts';
import { newActor } from './actor.ts';
import { count } from './rest.ts';
import type { Rules } from './port.ts';

/** A run that begins: its own actor and nothing else. */
export function newRun(rules: Rules, plan: Plan, row: RunRow): RunState {
  const root = newActor(
    rules.kinds,
    rules.stepperOf(plan.root.kind),
    null,
    plan.root,
    null,
    '',
    row.input,
    row.startedAt,
  );
  return stateOf(plan, row, 1, 0, root, new Map([['', root]]), false);
}

/** A run as its rows say that it stands. */
export async function recall(
  rules: Rules,
  store: Store,
  plan: Plan,
  { row, fence, seq, open, signals }: OpenRun,
): Promise<RunState> {
  const actors = new Map<string, Actor>();
  // Parents before their children: a path is longer than that of its parent.
  for (const each of [...open].sort((left, right) => left.path.length - right.path.length)) {
    actors.set(each.path, actorOf(rules, store, plan, each, actors));
  }
  const root = actors.get('');
  if (root === undefined) throw misfit(store, row.run, '', 'the run has not ended, and its own place is missing');
  const run = stateOf(plan, row, fence, seq, root, actors, true);
  for (const signal of signals) signalsOf(run).keep(signal);
  // In the order in which they began, which is not that of the paths: the first to wait is the first to be served.
  for (const { path } of open) {
    const actor = actors.get(path) as Actor;
    if (actor.invoked !== null) actor.kind.actors[actor.invoked]?.entered?.(run, actor);
  }
  const parents = [...actors.values()].filter(({ kind }) => kind.children !== undefined);
  const children = await childrenOf(store, row.run, parents);
  for (const actor of parents) {
    const known = children.get(actor.path) ?? [];
    const { place, node, kind, input, parent } = actor;
    const above = parent?.children ?? null;
    const family = { place, node, input, run: run.facts, maxBytes: rules.maxValueBytes, above, known };
    actor.children = kind.children?.(family) as Children;
    // What was skipped as a number has no rows. Nothing begins in a parent that comes to its end.
    if (actor.state.value === 'cancelling') actor.children.rest();
    const context = actor.kind.recount?.(
      actor.state.context,
      actor.children,
      known.map(({ status }) => status),
    );
    if (context !== undefined) actor.state = actor.stepper.recall(String(actor.state.value), context);
  }
  return run;
}

/** What parents knew of their children, by the path of each parent: one question to the store, however many there are. */
async function childrenOf(
  store: Store,
  run: string,
  parents: readonly Actor[],
): Promise<ReadonlyMap<string, readonly KnownChild[]>> {
  const paths = parents.filter(({ node }) => node.children.length > 0).map(({ path }) => path);
  const known = new Map<string, KnownChild[]>();
  if (paths.length === 0) return known;
  for (const { path, state: status, output } of await store.readChildren(run, paths)) {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    const child = { name: path.slice(slash + 1), status, output };
    const others = known.get(parent);
    if (others === undefined) known.set(parent, [child]);
    else others.push(child);
  }
  return known;
}

/** What the actors of a run that was read back still wait for. */
export function owedTo(run: RunState, now: number): Owed[] {
  const owed: Owed[] = [];
  for (const { path, node, kind, input, due, invoked, state } of run.actors.values()) {
    if (invoked === null) continue;
    const { output, error, attempt, reason } = state.context as unknown as Remembered;
    const effect = kind.actors[invoked]?.describe({
      run: run.id,
      path,
      node,
      input,
      output,
      error,
      attempt,
      reason,
      due,
      now,
    });
    if (effect) owed.push(effect);
  }
  return owed;
}

function misfit({ name }: Store, run: string, path: string, reason: string): RowUnreadable {
  return new RowUnreadable({ store: name, table: 'steps', row: `${run}, ${path}`, reason });
}

interface Remembered {
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
}

function actorOf(rules: Rules, store: Store, plan: Plan, row: ActorRow, actors: ReadonlyMap<string, Actor>): Actor {
  const parent = row.parent === null ? null : (actors.get(row.parent) ?? null);
  if (parent === null && row.path !== '') throw misfit(store, row.run, row.path, 'what it stands in has ended');
  const place = parent?.node.childByName.get(row.path.slice(row.path.lastIndexOf('/') + 1)) ?? null;
  const node = parent === null ? plan.root : place?.node;
  if (node === undefined) throw misfit(store, row.run, row.path, 'the definition does not know this place');
  if (node.kind !== row.kind)
    throw misfit(store, row.run, row.path, `it is of kind "${row.kind}", and the definition has a ${node.kind} there`);
  const stepper = rules.stepperOf(node.kind);
  const actor = newActor(rules.kinds, stepper, place, node, parent, row.path, row.input, row.startedAt);
  actor.state = stepper.recall(row.state, memoryOf(actor.state.context, node, row));
  actor.invoked = stepper.invokedBy(row.state);
  actor.due = row.due;
  actor.attemptAt = row.attemptedAt;
  if (parent !== null) addLive(parent, actor);
  return actor;
}

/** The memory that a machine of this kind begins with, and over it what the row kept. */
function memoryOf(fresh: Memory, node: PlanNode, { input, output, error, attempt, memory }: ActorRow): Memory {
  return { ...fresh, ...memory, node, input, output, error, ...('attempt' in fresh ? { attempt } : {}) };
}

function stateOf(
  plan: Plan,
  row: RunRow,
  fence: number,
  seq: number,
  root: Actor,
  actors: Map<string, Actor>,
  isKept: boolean,
): RunState {
  const facts: RunFacts = Object.freeze({
    id: row.run,
    key: row.key,
    startedAt: row.startedAt,
    metadata: row.metadata,
  });
  const fresh = { term: 0, changes: null, committing: null, signals: null, evicted: false, resting: 0, working: 0 };
  const run: RunState = { id: row.run, plan, facts, root, actors, row, isKept, fence, seq, ...fresh };
  for (const { kind, state } of actors.values()) count(run, kind, String(state.value), 1);
  return run;
}

/** Is this message what the owed effect would bring? */
export function answers(message: Message, { do: wanted, path }: Owed): boolean {
  if (message.type === 'answer') return message.from === wanted && message.path === path;
  return message.type === 'wake' && wanted === 'wake' && message.path === path;
}
