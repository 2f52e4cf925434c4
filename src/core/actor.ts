/** An actor at its beginning, and the row of one that never begins. */
import type { Place, PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';
import type { Kinds } from './kind.ts';
import type { MachineState, Stepper, Wish } from './stepper.ts';
import type { ActorRow } from '../store.ts';
import type { Actor } from './run.ts';

export function newActor(
  kinds: Kinds,
  stepper: Stepper,
  place: Place | null,
  node: PlanNode,
  parent: Actor | null,
  path: string,
  input: Json,
  now: number,
): Actor {
  const kind = kinds.get(node.kind);
  return {
    path,
    place,
    node,
    kind,
    stepper,
    parent,
    input,
    startedAt: now,
    state: begun(stepper, node, input),
    firstLive: null,
    lastLive: null,
    nextLive: null,
    beforeLive: null,
    children: null,
    invoked: null,
    due: null,
    attemptAt: now,
    endedAt: null,
    endedSeq: null,
    progress: 0,
    changedIn: 0,
  };
}

/** What machines wish at their beginning: nothing but the invocation of `begin`, which under a host is the parent's word. The first is none. */
const unheard: Wish[] = [{ type: 'invoke', src: '' }];

function begun(stepper: Stepper, node: PlanNode, input: Json): MachineState {
  const state = stepper.begin({ node, input }, unheard);
  // Not emptied: a list that is gives up its room.
  unheard.length = 1;
  return state;
}

const NO_MEMORY = Object.freeze({});

/** `seq` is the number of the event that tells it. */
export function skippedRow(
  run: string,
  parent: string,
  path: string,
  kind: string,
  now: number,
  seq: number,
): ActorRow {
  return {
    run,
    path,
    parent,
    kind,
    state: 'skipped',
    attempt: 0,
    input: null,
    output: null,
    error: null,
    memory: NO_MEMORY,
    due: null,
    attemptedAt: now,
    startedAt: now,
    endedAt: now,
    endedSeq: seq,
  };
}
