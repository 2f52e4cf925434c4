/** The kinds that come with the package: how each is told in the history, and what its rows keep. */
import type { RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { compositeMachine } from './composite.ts';
import { orchestratorMachine } from './orchestrator.ts';
import type { ParentMemory } from './parent.ts';
import { builtInKinds, type Kind } from './registry.ts';
import { type TaskMemory, taskMachine } from './task.ts';
import { trackMachine } from './track.ts';

const NOTHING: JsonObject = Object.freeze({});

const task: Kind = {
  name: 'task',
  machine: taskMachine,
  parent: false,
  tell({ run, seq, at, path }, _from, to, memory, due) {
    const { attempt, error, reason } = memory as unknown as TaskMemory;
    switch (to) {
      case 'pending':
        return null;
      case 'running':
        return { run, seq, at, path, type: 'step.started', attempt };
      case 'completed':
      case 'compensating':
      case 'compensated':
        return { run, seq, at, path, type: `step.${to}`, attempt };
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
        return { run, seq, at, path, type: `step.${to}`, attempt, reason };
      case 'awaitingApproval':
      case 'skipped':
        return { run, seq, at, path, type: `step.${to}` };
      default:
        return { run, seq, at, path, type: `step.${to}`, attempt, error } as RunEvent;
    }
  },
  keep(memory) {
    const { reason } = memory as unknown as TaskMemory;
    return reason === null ? NOTHING : { reason };
  },
};

const parent = (name: string, noun: 'track' | 'run', machine: Kind['machine']): Kind => ({
  name,
  machine,
  parent: true,
  tell({ run, seq, at, path }, from, to, memory) {
    const { error, reason } = memory as unknown as ParentMemory;
    switch (to) {
      case 'pending':
        return null;
      case 'running':
        return { run, seq, at, path, type: `${noun}.${from === 'pending' ? 'started' : 'resumed'}` } as RunEvent;
      case 'cancelling':
      case 'cancelled':
        return { run, seq, at, path, type: `${noun}.${to}`, reason };
      case 'failed':
      case 'timedOut':
      case 'compensationFailed':
        return { run, seq, at, path, type: `${noun}.${to}`, error } as RunEvent;
      default:
        return { run, seq, at, path, type: `${noun}.${to}` } as RunEvent;
    }
  },
  keep(memory) {
    const { reason, ready, live, settled, failed, ending } = memory as unknown as ParentMemory;
    const counters = { ready, live, settled, failed };
    if (reason === null && ending === null) return counters;
    return { ...counters, ...(reason === null ? {} : { reason }), ...(ending === null ? {} : { ending }) };
  },
});

builtInKinds
  .register(task)
  .register(parent('track', 'track', trackMachine))
  .register(parent('composite', 'track', compositeMachine))
  .register(parent('orchestrator', 'run', orchestratorMachine));

export { builtInKinds };
