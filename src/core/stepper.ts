/**
 * Stepping a machine as data: (state, event) to (state, wishes), with nothing started and
 * nothing called but guards and assignments. This is XState's own transition under one
 * reusable actor scope; `table.ts` is a faster way to the same answers.
 */
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  setup,
} from 'xstate';
import type { PlanNode } from '../definition.ts';
import { Impossible, KindInvalid } from '../errors/index.ts';
import type { Json } from '../json.ts';
import { undone } from './keepable.ts';
import type { Memory } from './kind.ts';

/** What a machine is given. A bare task machine needs no node: it makes one attempt and no retry. */
export interface MachineInput {
  readonly node?: PlanNode | undefined;
  readonly input: Json;
}

/** A machine's state as the host keeps it. An XState snapshot is one, and so is a row of a table. */
export interface MachineState {
  readonly value: unknown;
  readonly context: Memory;
  readonly status: string;
}

/** What a machine wants: to invoke an actor, to stop one, or an action of its own. */
export type Wish =
  | { readonly type: 'invoke'; readonly src: string }
  | { readonly type: 'stop'; readonly src: string }
  | { readonly type: 'act'; readonly action: string; readonly params: unknown };

export interface Stepper {
  begin(input: MachineInput, wishes: Wish[]): MachineState;
  next(state: MachineState, event: AnyEventObject, wishes: Wish[]): MachineState;
  /** A state read back from a row. */
  recall(value: string, context: Memory): MachineState;
  /** What a state invokes, so that an actor read from a row knows what it waits for. */
  invokedBy(value: string): string | null;
}

interface Action {
  readonly type: string;
  readonly params: unknown;
}

/** Steps any machine with XState itself. */
export function xstateStepper(machine: AnyStateMachine): Stepper {
  let wishes: Wish[] = [];
  let leaving = '';
  const self = createActor(setup({}).createMachine({}));
  const scope = {
    self,
    system: self.system,
    id: 'host',
    sessionId: 'host',
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action: Action) => {
      // Only what `enqueueActions` has made is not refused before.
      const fault = undone(action);
      if (fault !== null) throw new KindInvalid({ kind: machine.id, faults: [`An action ${fault}.`] });
      const wish = wishFor(action, leaving);
      if (wish !== null) wishes.push(wish);
    },
  } as unknown as AnyActorScope;

  const settled = (snapshot: AnyMachineSnapshot): MachineState => {
    wishes = [];
    if (snapshot.status === 'error')
      throw new Impossible(`Machine "${machine.id}" failed in a transition.`, snapshot.error);
    return snapshot as unknown as MachineState;
  };

  return {
    begin(input, into) {
      wishes = into;
      return settled(machine.getInitialSnapshot(scope, input));
    },
    next(state, event, into) {
      wishes = into;
      leaving = machine.states[state.value as string]?.invoke[0]?.id ?? '';
      return settled(machine.transition(state as unknown as AnyMachineSnapshot, event, scope) as AnyMachineSnapshot);
    },
    recall: (value, context) => machine.resolveState({ value, context }) as unknown as MachineState,
    invokedBy: (value) => machine.states[value]?.invoke[0]?.id ?? null,
  };
}

/** `leaving` is what the state that is left has invoked: a snapshot that was read from a row has lost the actor itself. */
function wishFor({ type, params }: Action, leaving: string): Wish | null {
  if (type === 'xstate.spawnChild') return { type: 'invoke', src: (params as { id: string }).id };
  if (type === 'xstate.stopChild') return { type: 'stop', src: (params as { id?: string } | undefined)?.id || leaving };
  // The rest of XState's built-ins are its own bookkeeping: an assignment is in the context already.
  if (type.startsWith('xstate.')) return null;
  return { type: 'act', action: type, params };
}
