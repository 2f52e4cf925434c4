/**
 * The fast lane: a flat machine compiled to a table (I9).
 *
 * XState computes sets of state nodes at every transition, which a machine without nested
 * states doesn't need. The table is read off the machine itself, so the machine stays the
 * only definition; a machine that does anything the table can't say (nested or parallel
 * states, `after`, other built-in actions, higher-order guards) gets no table and is
 * stepped by XState. `test/machines/table.test.ts` holds both to the same answers.
 */
import type { AnyEventObject, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { Impossible } from '../errors/index.ts';
import { isWhole } from './whole.ts';
import type { Memory } from './kind.ts';
import type { MachineInput, MachineState, Stepper, Wish } from './stepper.ts';

type Args = { readonly context: Memory; readonly event: AnyEventObject };
type Guard = (args: Args) => boolean;
/** Changes the context, or adds a wish; or it is a wish, always the same. */
type Act = Wish | ((context: Memory, event: AnyEventObject, wishes: Wish[]) => Memory);

interface Edge {
  readonly guard: Guard | null;
  /** Null: the actions run and the state stays. */
  readonly target: Row | null;
  /** All that is done on the way: what leaving asks for, the edge itself, and what entering asks for. */
  acts: readonly Act[];
}

interface Row {
  readonly value: string;
  readonly final: boolean;
  readonly edges: Map<string, Edge[]>;
  readonly always: Edge[];
  readonly entry: Act[];
  readonly exit: Act[];
  invoked: string | null;
}

/** A machine that goes round in eventless circles is a mistake; XState gives up too. */
const MAX_MICROSTEPS = 100;

/** A stepper for a flat machine, or null for a machine that only XState can step. */
export function tableStepper(machine: AnyStateMachine): Stepper | null {
  const rows = compile(machine);
  if (rows === null) return null;
  const rowOf = (value: unknown): Row => {
    const row = rows.get(value as string);
    if (row === undefined) throw new Impossible(`Machine "${machine.id}" has no state "${String(value)}".`);
    return row;
  };
  const initial = rowOf(machine.root.initial.target[0]?.key);
  const makeContext = contextOf(machine);

  return {
    begin(input, wishes) {
      const event = { type: 'xstate.init', input };
      return settle(initial, perform(initial.entry, makeContext(input), event, wishes), event, wishes, 0);
    },
    next(state, event, wishes) {
      const row = rowOf(state.value);
      const edge = pick(row.edges.get(event.type), state.context, event);
      if (edge === null) {
        // XState ends a machine that does not handle an actor's error; the host never delivers one that is stale.
        if (event.type.startsWith('xstate.error.'))
          throw new Impossible(`Machine "${machine.id}" failed in a transition.`);
        return state;
      }
      return take(row, edge, state.context, event, wishes, 0);
    },
    recall: (value, context) => {
      const row = rowOf(value);
      return { value: row.value, context, status: row.final ? 'done' : 'active' };
    },
    invokedBy: (value) => rowOf(value).invoked,
  };
}

function take(
  row: Row,
  edge: Edge,
  context: Memory,
  event: AnyEventObject,
  wishes: Wish[],
  depth: number,
): MachineState {
  return settle(edge.target ?? row, perform(edge.acts, context, event, wishes), event, wishes, depth);
}

/** Follows eventless transitions until there is none. */
function settle(row: Row, context: Memory, event: AnyEventObject, wishes: Wish[], depth: number): MachineState {
  const edge = row.always.length === 0 ? null : pick(row.always, context, event);
  if (edge === null) return { value: row.value, context, status: row.final ? 'done' : 'active' };
  if (depth > MAX_MICROSTEPS) throw new Impossible(`State "${row.value}" goes round in eventless circles.`);
  return take(row, edge, context, event, wishes, depth + 1);
}

function pick(edges: readonly Edge[] | undefined, context: Memory, event: AnyEventObject): Edge | null {
  if (edges === undefined) return null;
  const first = edges[0];
  if (first === undefined || first.guard === null) return first ?? null;
  const args: Args = { context, event };
  for (let at = 0; at < edges.length; at += 1) {
    const edge = edges[at] as Edge;
    if (edge.guard === null || edge.guard(args)) return edge;
  }
  return null;
}

function perform(acts: readonly Act[], context: Memory, event: AnyEventObject, wishes: Wish[]): Memory {
  let now = context;
  // An iterator would be made for each transition.
  for (let at = 0; at < acts.length; at += 1) {
    const act = acts[at] as Act;
    if (typeof act === 'function') now = act(now, event, wishes);
    else wishes.push(act);
  }
  return now;
}

// --- Compiling ---------------------------------------------------------------------------

/** Thrown inside the compiler where the machine says something that a table cannot. */
class NotFlat extends Error {}

function compile(machine: AnyStateMachine): Map<string, Row> | null {
  try {
    return rowsOf(machine);
  } catch (error) {
    if (error instanceof NotFlat) return null;
    throw error;
  }
}

function rowsOf(machine: AnyStateMachine): Map<string, Row> {
  const { root } = machine;
  refuseIf(root.type !== 'compound' || root.transitions.size > 0 || (root.always?.length ?? 0) > 0);
  refuseIf(root.entry.length > 0 || root.exit.length > 0 || root.invoke.length > 0);
  const rows = new Map<string, Row>();
  for (const node of Object.values(root.states) as AnyStateNode[]) {
    refuseIf((node.type !== 'atomic' && node.type !== 'final') || node.after.length > 0 || node.invoke.length > 1);
    rows.set(node.key, {
      value: node.key,
      final: node.type === 'final',
      edges: new Map(),
      always: [],
      entry: [],
      exit: [],
      invoked: null,
    });
  }
  for (const node of Object.values(root.states) as AnyStateNode[]) fill(rows.get(node.key) as Row, node, machine, rows);
  // Once every row has what it is entered and left with.
  for (const row of rows.values())
    for (const edge of [...row.always, ...[...row.edges.values()].flat()])
      if (edge.target !== null) edge.acts = [...row.exit, ...edge.acts, ...edge.target.entry];
  return rows;
}

function fill(row: Row, node: AnyStateNode, machine: AnyStateMachine, rows: ReadonlyMap<string, Row>): void {
  row.entry.push(...node.entry.map((action) => actOf(action, machine)));
  row.exit.push(...node.exit.map((action) => actOf(action, machine)));
  const invoked = node.invoke[0];
  if (invoked !== undefined) {
    row.invoked = invoked.id;
    row.entry.push({ type: 'invoke', src: invoked.id });
    row.exit.push({ type: 'stop', src: invoked.id });
  }
  for (const [type, transitions] of node.transitions) {
    refuseIf(type.includes('*'));
    row.edges.set(
      type,
      transitions.map((transition) => edgeOf(transition, node, machine, rows)),
    );
  }
  for (const transition of node.always ?? []) row.always.push(edgeOf(transition, node, machine, rows));
}

function edgeOf(
  transition: AnyTransitionDefinition,
  node: AnyStateNode,
  machine: AnyStateMachine,
  rows: ReadonlyMap<string, Row>,
): Edge {
  const targets = transition.target ?? [];
  refuseIf(targets.length > 1);
  const target = targets[0] === undefined ? null : rows.get(targets[0].key);
  refuseIf(target === undefined || (target !== null && targets[0]?.parent !== machine.root));
  return {
    guard: transition.guard === undefined ? null : guardOf(transition.guard, machine),
    // A transition to the state itself leaves and enters it only when it says so.
    target: target?.value === node.key && !transition.reenter ? null : (target as Row | null),
    acts: transition.actions.map((action) => actOf(action, machine)),
  };
}

type Callable = ((args: Args, params: unknown) => unknown) & {
  readonly type?: string;
  readonly check?: unknown;
  readonly resolve?: unknown;
};

function guardOf(guard: unknown, machine: AnyStateMachine): Guard {
  const { type, params } = named(guard);
  const implementation = (typeof guard === 'function' ? guard : machine.implementations.guards[type]) as
    | Callable
    | undefined;
  refuseIf(implementation === undefined || implementation.check !== undefined);
  const asked = implementation as Callable;
  if (params === undefined) return (args) => asked(args, undefined) === true;
  return (args) => asked(args, paramsOf(params, args)) === true;
}

function actOf(action: unknown, machine: AnyStateMachine): Act {
  const { type, params } = named(action);
  const implementation = (typeof action === 'function' ? action : machine.implementations.actions[type]) as
    | Callable
    | undefined;
  if (implementation?.type === 'xstate.assign')
    return assigning((implementation as unknown as { assignment: unknown }).assignment, params);
  refuseIf(typeof action === 'function' || implementation?.resolve !== undefined);
  if (params === undefined) return { type: 'act', action: type, params };
  return (context, event, wishes) => {
    wishes.push({ type: 'act', action: type, params: paramsOf(params, { context, event }) });
    return context;
  };
}

function assigning(assignment: unknown, params: unknown): Act {
  if (isWhole(assignment)) {
    return (context, event) => {
      const args = { context, event };
      return assignment(args, paramsOf(params, args)) as Memory;
    };
  }
  if (typeof assignment === 'function') {
    return (context, event) => {
      const args = { context, event };
      return { ...context, ...assignment(args, paramsOf(params, args)) };
    };
  }
  // As two lists: pairs would be taken apart at every transition.
  const keys = Object.keys(assignment as object);
  const values = Object.values(assignment as object) as readonly unknown[];
  return (context, event) => {
    const args = { context, event };
    const given = paramsOf(params, args);
    const next: { [key: string]: unknown } = { ...context };
    for (let at = 0; at < keys.length; at += 1) {
      const value = values[at];
      next[keys[at] as string] = typeof value === 'function' ? value(args, given) : value;
    }
    return next as Memory;
  };
}

function named(value: unknown): { readonly type: string; readonly params?: unknown } {
  if (typeof value === 'string') return { type: value };
  return typeof value === 'object' && value !== null ? (value as { type: string; params?: unknown }) : { type: '' };
}

function paramsOf(params: unknown, args: Args): unknown {
  return typeof params === 'function' ? params(args) : params;
}

function contextOf(machine: AnyStateMachine): (input: MachineInput) => Memory {
  const { context } = machine.config;
  if (typeof context === 'function') return (input) => context({ input } as never) as Memory;
  return () => (context ?? {}) as Memory;
}

function refuseIf(condition: boolean): void {
  if (condition) throw new NotFlat();
}
