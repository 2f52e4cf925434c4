/** How steps, tracks and runs are told in the history when their machines come from one state to another. */
import type { EventPlace, Memory } from '../core/kind.ts';
import { EVENT_TYPES, type EventType, type RunEvent } from '../events.ts';
import type { ParentMemory } from './parent-memory.ts';
import type { TaskMemory } from './task/machine.ts';

/** The event types of a noun by what happened: one string for all events of a type, where a template would make one for each. */
function typesOf(noun: string): { readonly [happened: string]: EventType } {
  const types: { [happened: string]: EventType } = {};
  for (const type of EVENT_TYPES) if (type.startsWith(`${noun}.`)) types[type.slice(noun.length + 1)] = type;
  return types;
}

// Said to be pure, for bundlers: where no kind is used, this is not there.
const STEP = /* @__PURE__ */ typesOf('step');

export function tellStep(
  { run, seq, at, path }: EventPlace,
  _from: string,
  to: string,
  memory: Memory,
  due: number | null,
): RunEvent | null {
  // A machine from outside may make no attempts, and say nothing of them.
  const { attempt = 0, error = null, reason = null } = memory as unknown as Partial<TaskMemory>;
  switch (to) {
    case 'pending':
      return null;
    case 'waiting':
      return { run, seq, at, path, type: 'step.waiting', due };
    case 'running':
      return { run, seq, at, path, type: 'step.started', attempt } as RunEvent;
    case 'completed':
    case 'compensating':
    case 'compensated':
      return { run, seq, at, path, type: STEP[to], attempt } as RunEvent;
    case 'retrying':
      return {
        run,
        seq,
        at,
        path,
        type: 'step.retrying',
        attempt,
        error,
        delay: (due ?? at) - at,
        due: due ?? at,
      } as RunEvent;
    case 'cancelling':
    case 'cancelled':
      return { run, seq, at, path, type: STEP[to], attempt, reason } as RunEvent;
    case 'awaitingIntervention':
      return { run, seq, at, path, type: 'step.awaitingIntervention', attempt, error } as RunEvent;
    case 'awaitingApproval':
    case 'skipped':
      return { run, seq, at, path, type: STEP[to] } as RunEvent;
    default:
      return { run, seq, at, path, type: STEP[to], attempt, error } as RunEvent;
  }
}

/** For a track or a run. */
export function tellParent(
  noun: 'run' | 'track',
): (place: EventPlace, from: string, to: string, memory: Memory) => RunEvent | null {
  const types = typesOf(noun);
  return ({ run, seq, at, path }, from, to, memory) => {
    const { error, reason } = memory as unknown as ParentMemory;
    switch (to) {
      case 'pending':
        return null;
      case 'running':
        return { run, seq, at, path, type: types[from === 'pending' ? 'started' : 'resumed'] } as RunEvent;
      case 'cancelling':
      case 'cancelled':
        return { run, seq, at, path, type: types[to], reason } as RunEvent;
      case 'failed':
      case 'timedOut':
      case 'compensationFailed':
        return { run, seq, at, path, type: types[to], error } as RunEvent;
      default:
        return { run, seq, at, path, type: types[to] } as RunEvent;
    }
  };
}
