/**
 * Persisting a machine that runs without a host, the way XState does it: `actor.getPersistedSnapshot()` is JSON, and
 * `createActor(machine, { input, snapshot })` goes on with it, where `input` is what `machineInput` makes of the same definition.
 *
 * A definition is code, so it is not in the snapshot: nodes are put back by their names. Nor is what a state invokes: it
 * follows from the state, as for a host. What was under way is done again; what completed is not; timers keep their due time.
 */
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { dueOf } from '../actors/due.ts';
import type { PlanNode } from '../definition.ts';
import { type Below, needsDefinition, persistBelow, restoreBelow, resumeBelow } from './live.ts';

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
  readonly below: Below | undefined;
}

/** The same machine, whose actors can be persisted without their definition. */
export function persistable<M extends AnyStateMachine>(machine: M): M {
  const { provide, restoreSnapshot, start } = machine;
  const own: Pick<AnyStateMachine, 'getPersistedSnapshot' | 'restoreSnapshot' | 'start' | 'provide'> = {
    getPersistedSnapshot: (snapshot) => persist(snapshot) as never,
    restoreSnapshot: (snapshot, scope) => restore(machine, restoreSnapshot, snapshot as never, scope),
    start(snapshot, ...rest) {
      start(snapshot, ...rest);
      const self = invokedBy(snapshot)?._parent;
      if (self !== undefined) resumeBelow(self);
    },
    provide: (implementations) => persistable(provide.call(machine, implementations)),
  };
  return Object.assign(machine, own);
}

/** Every state that is not final has invoked one actor, whose parent is the machine's own. */
function invokedBy({ children }: AnyMachineSnapshot): AnyActorRef | undefined {
  return Object.values(children as { readonly [id: string]: AnyActorRef })[0];
}

function persist(snapshot: AnyMachineSnapshot): Persisted {
  const { value, status, output, error, context } = snapshot;
  const { node, ...rest } = context as { readonly node: PlanNode | null };
  const invoked = invokedBy(snapshot);
  return {
    value,
    status,
    output,
    error,
    historyValue: {},
    children: {},
    context: rest,
    definition: node?.called ?? null,
    due: invoked && dueOf(invoked),
    below: invoked?._parent && persistBelow(invoked._parent),
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
    if (below !== undefined && node !== null) restoreBelow({ self, context: context as never }, below);
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
