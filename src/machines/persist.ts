/**
 * Persisting a machine that runs without a host, the way XState does it: `actor.getPersistedSnapshot()` is JSON, and
 * `createActor(machine, { input, snapshot })` goes on with it, where `input` is what `machineInput` makes of the same definition.
 *
 * A definition is code, so it is not in the snapshot: nodes are put back by their names. Nor is what a state invokes: it
 * follows from the state, as for a host. What was under way is done again; what completed is not; timers keep their due time.
 *
 * This is also where a machine's actor hears something: one that stands for a run hands it on, and one that shows a part of a run
 * follows what was decided (`live.ts`).
 */
import type { AnyActorRef, AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { dueOf } from '../actors/due.ts';
import type { PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';
import { beginLive, isShown, isTold, needsDefinition, runOf } from './live.ts';
import { madeLate } from './made-late.ts';

/** A machine's state as it is persisted. The last three are ours; what is undefined is not in the JSON. */
interface Persisted {
  readonly value: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: unknown;
  readonly historyValue: object;
  readonly children: object;
  readonly context: { readonly [key: string]: unknown };
  /** What the definition is called; null for a task machine that was given none. */
  readonly definition: string | null;
  readonly due: number | undefined;
  /** Of an actor that stands for a run: the rows of that run. */
  readonly below: object | undefined;
}

interface Known {
  readonly node: PlanNode | null;
  readonly input: Json;
}

const STOPPED = 'xstate.stop';
/** What was persisted beside an actor that has not been started yet. */
const belows = new WeakMap<AnyActorRef, object>();

/** A machine that is made when it is first looked into, and whose actors can be persisted without their definition. */
export function persistable<M extends AnyStateMachine>(id: string, make: (id: string) => M): M {
  return persisting(madeLate(id, make));
}

/** The same machine, whose actors can be persisted. */
function persisting<M extends AnyStateMachine>(machine: M): M {
  const { provide, restoreSnapshot, start, transition } = machine;
  const begin = (snapshot: AnyMachineSnapshot, { self, emit }: AnyActorScope): void => {
    start(snapshot);
    if (!isParent(snapshot) || isShown(self) || snapshot.status !== 'active') return;
    const { node, input } = snapshot.context as unknown as Known;
    beginLive({ self, input, below: belows.get(self) ?? null, emit }, node);
  };
  const own: Pick<AnyStateMachine, 'getPersistedSnapshot' | 'restoreSnapshot' | 'start' | 'transition' | 'provide'> = {
    getPersistedSnapshot: (snapshot) => persist(snapshot) as never,
    restoreSnapshot: (snapshot, scope) => restore(machine, restoreSnapshot, snapshot as never, scope),
    // XState hands over both, and its types know of one.
    start: begin as AnyStateMachine['start'],
    transition(snapshot, event, scope) {
      const { self } = scope as AnyActorScope;
      if (isTold(event) || isHandedOn(self, event)) return transition(snapshot, event, scope);
      return snapshot;
    },
    provide: (implementations) => persisting(provide.call(machine, implementations)),
  };
  return Object.assign(machine, own);
}

/** Parents count their children; a leaf has none and runs by itself, as any machine of XState's. */
function isParent({ context }: AnyMachineSnapshot): boolean {
  return 'settled' in context;
}

/** Is what an actor has heard its machine's own affair? Otherwise it is the run's, which hears of it. */
function isHandedOn(self: AnyActorRef, event: AnyEventObject): boolean {
  const run = runOf(self);
  if (event.type === STOPPED) {
    run?.stop();
    return true;
  }
  if (isShown(self)) return false;
  run?.hear(event);
  return run === undefined;
}

/** Every state that is not final has invoked one actor, whose parent is the machine's own. */
function invokedBy({ children }: AnyMachineSnapshot): AnyActorRef | undefined {
  return Object.values(children as { readonly [id: string]: AnyActorRef })[0];
}

function persist(snapshot: AnyMachineSnapshot): Persisted {
  const invoked = invokedBy(snapshot);
  const self = invoked?._parent;
  const run = self === undefined ? undefined : runOf(self);
  const { value, status, context } = run?.state ?? snapshot;
  const { output, error } = snapshot;
  const { node, ...rest } = context as Known & { readonly [key: string]: unknown };
  return {
    value: value as string,
    status,
    output: status === 'done' ? ((rest as { readonly output?: unknown }).output ?? output) : output,
    error,
    historyValue: {},
    children: {},
    context: rest,
    definition: node?.called ?? null,
    due: invoked && dueOf(invoked),
    below: run?.persist(),
  };
}

function restore(
  machine: AnyStateMachine,
  restoreSnapshot: AnyStateMachine['restoreSnapshot'],
  { definition, due, below, ...persisted }: Persisted,
  scope: AnyActorScope,
): AnyMachineSnapshot {
  const { self } = scope as unknown as { self: AnyActorRef & { options: { input?: { node?: PlanNode } } } };
  const node = self.options.input?.node ?? null;
  if (definition !== null && node?.called !== definition) throw needsDefinition(self, `"${definition}"`);
  const context = { ...persisted.context, node };
  const children: { [id: string]: object } = {};
  if (persisted.status === 'active') {
    if (below !== undefined) belows.set(self, below);
    for (const { id, src, input } of machine.states[persisted.value]?.invoke ?? []) {
      const asked =
        typeof input === 'function' ? input({ context, self, event: { type: 'xstate.init' } } as never) : input;
      children[id] = { src, snapshot: { status: 'active', input: { ...(asked as object), due } } };
    }
  }
  // XState looks for actors in all that the context refers to; the definition is put in afterwards.
  const restored = restoreSnapshot({ ...persisted, children } as never, scope) as AnyMachineSnapshot;
  return Object.assign(restored, { context });
}
