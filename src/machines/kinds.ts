/** The kinds that come with the package: how each is told in the history, and what its rows keep. */
import type { EventType } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { compositeMachine } from './composite.ts';
import { orchestratorMachine } from './orchestrator.ts';
import type { ParentMemory } from './parent.ts';
import { builtInKinds, type Kind, type Telling } from './registry.ts';
import { type TaskMemory, taskMachine } from './task.ts';
import { trackMachine } from './track.ts';

const NOTHING: JsonObject = Object.freeze({});

const task: Kind = {
  name: 'task',
  machine: taskMachine,
  parent: false,
  tell(_from, to, memory, { now, due }) {
    const { attempt, error, reason } = memory as unknown as TaskMemory;
    switch (to) {
      case 'pending':
        return null;
      case 'running':
        return { type: 'step.started', attempt };
      case 'retrying':
        return { type: 'step.retrying', attempt, error, delay: (due ?? now) - now, due: due ?? now };
      case 'cancelling':
      case 'cancelled':
        return { type: `step.${to}`, attempt, reason };
      case 'failed':
      case 'timedOut':
      case 'compensationFailed':
        return { type: `step.${to}`, attempt, error };
      case 'awaitingApproval':
      case 'skipped':
        return { type: `step.${to}` };
      default:
        return { type: `step.${to}` as EventType, attempt };
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
  tell(from, to, memory): Telling | null {
    const { error, reason } = memory as unknown as ParentMemory;
    switch (to) {
      case 'pending':
        return null;
      case 'running':
        return { type: from === 'pending' ? `${noun}.started` : `${noun}.resumed` };
      case 'cancelling':
      case 'cancelled':
        return { type: `${noun}.${to}`, reason };
      case 'failed':
      case 'timedOut':
      case 'compensationFailed':
        return { type: `${noun}.${to}`, error };
      default:
        return { type: `${noun}.${to}` as EventType };
    }
  },
  keep(memory) {
    const { reason, ready, live, settled, failed, ending } = memory as unknown as ParentMemory;
    return {
      ready,
      live,
      settled,
      failed,
      ...(reason === null ? {} : { reason }),
      ...(ending === null ? {} : { ending }),
    };
  },
});

builtInKinds
  .register(task)
  .register(parent('track', 'track', trackMachine))
  .register(parent('composite', 'track', compositeMachine))
  .register(parent('orchestrator', 'run', orchestratorMachine));

export { builtInKinds };
