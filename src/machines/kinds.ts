/** The kinds that come with the package: how each is told in the history, and what its rows keep. */
import type { WaitSpec } from '../definition.ts';
import { EVENT_TYPES, type EventType, isTerminal, type RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { actors } from '../actors/index.ts';
import { parentActs } from '../core/children/acts.ts';
import { isBad } from '../core/children/children.ts';
import { Graph } from '../core/children/graph.ts';
import { machines } from './by-kind.ts';
import type { ParentMemory } from './parent.ts';
import { type Kind, Kinds } from '../core/kind.ts';
import type { TaskMemory } from './task.ts';

const NOTHING: JsonObject = Object.freeze({});

/** The event types of a noun by what happened: one string for all events of a type, where a template would make one for each. */
function typesOf(noun: string): { readonly [happened: string]: EventType } {
  const types: { [happened: string]: EventType } = {};
  for (const type of EVENT_TYPES) if (type.startsWith(`${noun}.`)) types[type.slice(noun.length + 1)] = type;
  return types;
}

const STEP = typesOf('step');
const TRACK = typesOf('track');
const RUN = typesOf('run');

const task: Kind = {
  name: 'task',
  noun: 'step',
  machine: machines.task,
  actors,
  tell({ run, seq, at, path }, _from, to, memory, due) {
    const { attempt, error, reason } = memory as unknown as TaskMemory;
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
      case 'awaitingApproval':
      case 'skipped':
        return { run, seq, at, path, type: STEP[to] } as RunEvent;
      default:
        return { run, seq, at, path, type: STEP[to], attempt, error } as RunEvent;
    }
  },
  keep(memory) {
    const { reason } = memory as unknown as TaskMemory;
    return reason === null ? NOTHING : { reason };
  },
  changed: () => true,
};

const parent = (name: string, noun: 'run' | 'track', machine: Kind['machine']): Kind => ({
  name,
  noun,
  machine,
  actors,
  acts: parentActs,
  children: (family) => new Graph(family),
  tell({ run, seq, at, path }, from, to, memory) {
    const { error, reason } = memory as unknown as ParentMemory;
    const types = noun === 'run' ? RUN : TRACK;
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
  },
  keep(memory) {
    const { reason, ending, skipped } = memory as unknown as ParentMemory;
    if (reason === null && ending === null && skipped === 0) return NOTHING;
    return {
      ...(reason === null ? {} : { reason }),
      ...(ending === null ? {} : { ending }),
      ...(skipped === 0 ? {} : { skipped }),
    };
  },
  // The counters are in the rows of its children. Without this, a parent would be written for every child (I9).
  changed(before, after) {
    if (before.value !== after.value) return true;
    const [was, is] = [before.context as unknown as ParentMemory, after.context as unknown as ParentMemory];
    return (
      was.error !== is.error ||
      was.output !== is.output ||
      was.reason !== is.reason ||
      was.ending !== is.ending ||
      was.skipped !== is.skipped
    );
  },
  recount(memory, { total, ready, settled }, statuses) {
    return {
      ...memory,
      total,
      ready,
      live: statuses.filter((status) => !isTerminal(status)).length,
      settled,
      completed: statuses.filter((status) => status === 'completed').length,
      failed: statuses.filter(isBad).length,
    };
  },
});

const track = parent('track', 'track', machines.track);

const wait: Kind = {
  ...track,
  name: 'wait',
  noun: 'step',
  machine: machines.wait,
  tell: task.tell,
  // So that whoever has the row, but not the definition, can say what is waited for.
  keep: (memory) => ({ ...track.keep(memory), signal: (memory.node?.spec as WaitSpec | undefined)?.signal ?? null }),
};

/**
 * A value, and filled where it is made: whoever needs the kinds imports them, so no bundler can take them for
 * something that nobody uses.
 */
export const builtInKinds = new Kinds([
  task,
  { ...task, name: 'sleep', machine: machines.sleep },
  wait,
  track,
  { ...track, name: 'composite', machine: machines.composite },
  parent('orchestrator', 'run', machines.orchestrator),
]);
