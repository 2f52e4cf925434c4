/** The public API, name by name. What is not here may change without notice. */
import type { AnyOrchestrator } from './dsl/index.ts';
import { inProcess } from './executors/in-process.ts';
import { createBox, type Signalbox, type SignalboxOptions } from './runtime/box.ts';
import { memory } from './stores/memory.ts';

/**
 * Makes a signalbox: give it orchestrators, and bodies for the tasks that have none.
 *
 * @example
 * await using box = await createSignalbox({ orchestrators: [order], tasks: { charge } });
 * const run = await box.start(order, { id: 'order-17', input: { id: '17', cents: 4200 } });
 * console.log(await run.result());
 */
export async function createSignalbox<const Os extends readonly AnyOrchestrator[] = readonly []>(
  options: SignalboxOptions<Os>,
): Promise<Signalbox<Os>> {
  return createBox(options, { store: memory, executor: inProcess });
}

export type { Clock } from './clock.ts';
export type { Backoff, Body, Fault, FaultCode, RetryPolicy, RunFacts, TaskContext } from './definition.ts';
export {
  type AnyOrchestrator,
  type CompositeTrack,
  compositeTrack,
  defineOrchestrator,
  defineTrack,
  type NeedsOf,
  type Orchestrator,
  orchestrator,
  pipe,
  type RunInput,
  type RunOutput,
  type Task,
  type TaskInput,
  type TaskOutput,
  type TaskRegistry,
  type Track,
  task,
  track,
} from './dsl/index.ts';
export { machineInput } from './dsl/machine-input.ts';
export type { Duration } from './duration.ts';
export * from './errors.ts';
export {
  EVENT_TYPES,
  type EventOf,
  type EventType,
  type ReadEvent,
  type RunEvent,
  type Status,
  type TerminalStatus,
} from './events.ts';
export type { Answer, Executor, Job, Logger, LogLine } from './executor.ts';
export { inProcess } from './executors/in-process.ts';
export type { Json, JsonObject } from './json.ts';
export { compositeMachine } from './machines/composite.ts';
export { orchestratorMachine } from './machines/orchestrator.ts';
export { taskMachine } from './machines/task.ts';
export { trackMachine } from './machines/track.ts';
export type { BoxCounts, Signalbox, SignalboxOptions, StartOptions } from './runtime/box.ts';
export type { Outcome, Run } from './runtime/run.ts';
export type { ActorSnapshot, AttemptSnapshot, RunSnapshot } from './runtime/snapshot.ts';
export type { ActorRow, AttemptRow, OpenRun, RunChange, RunRow, Store } from './store.ts';
export { memory } from './stores/memory.ts';
