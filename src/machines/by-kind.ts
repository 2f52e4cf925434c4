/** The machine of each kind that comes with the package. `kinds.ts` says what else there is to a kind. */
import { compositeMachine } from './composite.ts';
import { orchestratorMachine } from './orchestrator.ts';
import { sleepMachine } from './sleep.ts';
import { taskMachine } from './task.ts';
import { trackMachine } from './track.ts';
import { waitMachine } from './wait.ts';

export const machines = {
  task: taskMachine,
  sleep: sleepMachine,
  wait: waitMachine,
  track: trackMachine,
  composite: compositeMachine,
  orchestrator: orchestratorMachine,
} as const;
