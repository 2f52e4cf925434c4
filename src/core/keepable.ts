/**
 * What a host can keep of a machine: the name of its state, its memory, and one invoked actor with at most one due time. A
 * machine that wants more of XState would work until its wishes, which a row has no place for, are dropped without a
 * word. So it is refused when its kind is registered, with the state and what to use instead.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isStatus, isTerminal, STATUSES } from '../status.ts';

const INSTEAD = {
  nested: 'nested states: a row keeps one name. Make each of them a state of the machine itself',
  parallel: 'parallel states: a row keeps one name. Use a composite track, whose members run side by side',
  history: 'a history state, which a row does not keep. Keep in the memory what to go back to',
  after:
    'a transition "after" a delay, which ends with the process. Invoke "sleep" or "backoff", whose due time is in the row',
  invokes: 'several invoked actors, and waits for one. Make it a state for each',
  root: 'an actor invoked by the machine itself. Invoke it in the states that wait for it',
} as const;

/** Actions of XState that a host does not do, and what it does. */
const ACTIONS: { readonly [type: string]: string } = {
  'xstate.raise': 'raises an event with a delay. Invoke "sleep" or "backoff", whose due time is in the row',
  'xstate.cancel': 'cancels a delayed event, which a host does not have. Leave the state that invokes the timer',
  'xstate.sendTo': 'sends an event to an actor. The host tells a parent of the end of its children; end the state',
  'xstate.emit': 'emits an event, which nobody hears. Tell the history by the "tell" of the kind',
  'xstate.spawnChild': 'spawns an actor. Invoke one, or make it a child in the plan',
  'xstate.stopChild': 'stops an actor. Leave the state that invokes it',
};

/** What is wrong with an action of XState's own that a transition came up with; null if nothing is. */
export function undone({ type, params }: { readonly type: string; readonly params: unknown }): string | null {
  // What a state invokes is spawned and stopped.
  if (type === 'xstate.spawnChild' || type === 'xstate.stopChild') return null;
  if (type === 'xstate.raise' && (params as { readonly delay?: unknown }).delay === undefined) return null;
  return ACTIONS[type] ?? null;
}

/** What a host could not keep of a machine, in words; nothing, if it can keep all. */
export function unkept(machine: AnyStateMachine, actors: { readonly [name: string]: object }): string[] {
  const faults: string[] = [];
  const { root } = machine;
  if (root.type === 'parallel') faults.push(`The machine has ${INSTEAD.parallel}.`);
  if (root.invoke.length > 0) faults.push(`The machine has ${INSTEAD.root}.`);
  for (const node of [root, ...(Object.values(root.states) as AnyStateNode[])]) {
    const place = node === root ? 'The machine' : `State "${node.key}"`;
    const add = (what: string): void => void faults.push(`${place} ${what}.`);
    if (node.after.length > 0) add(`has ${INSTEAD.after}`);
    for (const action of actionsOf(node)) {
      const { type, delay } = builtIn(action, machine);
      const done = ACTIONS[type];
      if (done !== undefined && (type !== 'xstate.raise' || delay !== undefined)) add(done);
    }
    if (node === root) continue;
    if (node.type === 'compound') add(`has ${INSTEAD.nested}`);
    if (node.type === 'parallel') add(`has ${INSTEAD.parallel}`);
    if (node.type === 'history') add(`is ${INSTEAD.history}`);
    if (node.invoke.length > 1) add(`has ${INSTEAD.invokes}`);
    for (const { id } of node.invoke) {
      if (Object.hasOwn(actors, id)) continue;
      add(`invokes "${id}", which the kind does not bring. It brings, by their id: ${Object.keys(actors).join(', ')}`);
    }
  }
  return faults;
}

/** States of a machine from outside that are called what a row cannot say: their names are the statuses that people see. */
export function misnamed(machine: AnyStateMachine): string[] {
  const faults: string[] = [];
  for (const { key, type } of Object.values(machine.root.states) as AnyStateNode[]) {
    const isFinal = type === 'final';
    if (!isStatus(key))
      faults.push(`State "${key}" is called what is no status. Statuses are: ${STATUSES.join(', ')}.`);
    else if (isFinal && !isTerminal(key))
      faults.push(
        `State "${key}" is final, and its name is that of a status that goes on. Call it completed or failed.`,
      );
    else if (!isFinal && isTerminal(key))
      faults.push(
        `State "${key}" goes on, and its name is that of a status that is never left. Call it running or waiting.`,
      );
  }
  return faults;
}

/** Everything that a state does when it is entered or left, or on an event; not what XState adds for its delays. */
function actionsOf({ entry, exit, transitions, always, after }: AnyStateNode): unknown[] {
  const delayed = new Set(after.map(({ eventType }) => eventType));
  const own = after.length === 0 ? [...entry, ...exit] : [...entry, ...exit].filter((action) => !isOfDelay(action));
  const edges = [...transitions].flatMap(([type, all]) => (delayed.has(type as never) ? [] : all));
  return [...own, ...[...edges, ...(always ?? [])].flatMap(({ actions }) => actions)];
}

function isOfDelay(action: unknown): boolean {
  const { type, sendId, id } = action as { readonly type?: string; readonly sendId?: unknown; readonly id?: unknown };
  return (type === 'xstate.raise' || type === 'xstate.cancel') && String(sendId ?? id).startsWith('xstate.after.');
}

/** What an action is to XState: one of its own, by itself or under a name, or something else. */
function builtIn(action: unknown, machine: AnyStateMachine): { readonly type: string; readonly delay?: unknown } {
  const { type = '' } = Object(action) as { readonly type?: string };
  const named: unknown = machine.implementations.actions[typeof action === 'string' ? action : type];
  return { type, ...(Object(typeof action === 'function' ? action : named) as object) };
}
