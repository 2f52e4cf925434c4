/**
 * The machines by themselves, as `signalbox/machines`: for applications that draw, walk or run them without a box, in a
 * browser too. Nothing of the runtime and of the stores is needed for it.
 */
export { machineInput } from '../dsl/machine-input.ts';
export { compositeMachine } from '../machines/composite.ts';
export { orchestratorMachine } from '../machines/orchestrator.ts';
export type { ParentEvent, ParentMemory } from '../machines/parent.ts';
export { sleepMachine } from '../machines/sleep.ts';
export type { MachineInput } from '../core/stepper.ts';
export { type TaskEvent, type TaskMemory, taskMachine } from '../machines/task.ts';
export { trackMachine } from '../machines/track.ts';
export { waitMachine } from '../machines/wait.ts';
