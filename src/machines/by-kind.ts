/** The machine of each kind that comes with the package. Its folder says what else there is to a kind. */
import { compositeMachine } from './composite/machine.ts';
import { emitMachine } from './emit/machine.ts';
import { runMachine } from './run/machine.ts';
import { signalMachine } from './signal/machine.ts';
import { orchestratorMachine } from './orchestrator/machine.ts';
import { sleepMachine } from './sleep/machine.ts';
import { taskMachine } from './task/machine.ts';
import { trackMachine } from './track/machine.ts';
import { waitMachine } from './wait/machine.ts';

export const machines = {
  task: taskMachine,
  sleep: sleepMachine,
  wait: waitMachine,
  track: trackMachine,
  composite: compositeMachine,
  orchestrator: orchestratorMachine,
  run: runMachine,
  signal: signalMachine,
  emit: emitMachine,
} as const;
