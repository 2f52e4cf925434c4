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
  type CompositeOptions,
  type Member,
  type Dependencies,
  type DocumentFacts,
  type DocumentStep,
  type DocumentTracks,
  type LastOutput,
  type OrchestratorDocument,
  type TrackDocument,
  type TrackOutputs,
  type TracksByName,
  type OrchestratorOptions,
  type TrackArguments,
  type TrackFacts,
  type RetryOptions,
  type TaskOptions,
  type BodyCalls,
  type Carried,
  type MapperArguments,
  type NoSchema,
  type Runnable,
  type StepFacts,
  type AnyBody,
  type BodyInput,
  type BodyOutput,
  type Call,
  type Flat,
  type MemberFacts,
  type MemberOutputs,
  type NeedsOf,
  type OrchestratorBuilder,
  type TaskBody,
  type TrackBuilder,
  type AnyPayload,
  type InsteadOf,
  type WaitOptions,
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
export {
  AnswerIgnored,
  BoxClosed,
  CommandFailed,
  CommitConflict,
  CommitFailed,
  CommitRefused,
  DefinitionChanged,
  DefinitionInvalid,
  DefinitionMissing,
  ExecutorFailed,
  ERROR_CODES,
  type ErrorCode,
  type ErrorRecord,
  Impossible,
  InputInvalid,
  InvalidDuration,
  InvalidOption,
  KindTaken,
  KindUnknown,
  LeaseLost,
  MapperAsync,
  MapperFailed,
  NotJson,
  OrchestratorUnknown,
  OutputInvalid,
  RetryAfter,
  RowUnreadable,
  RunCancelled,
  RunExists,
  RunFailed,
  RunUnfinished,
  RunUnknown,
  SchemaFailed,
  SignalboxError,
  StepTimedOut,
  StoreHeld,
  StoreLost,
  StoreUnusable,
  SubscriberFailed,
  TaskFailed,
  TaskMissing,
  TaskThrew,
  TaskThrewValue,
  TaskUnknown,
  TerminalError,
  ValueTooLarge,
  WaitTimedOut,
} from './errors.ts';
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
export type { ParentEvent, ParentMemory } from './machines/parent.ts';
export { compositeMachine } from './machines/composite.ts';
export { sleepMachine } from './machines/sleep.ts';
export { orchestratorMachine } from './machines/orchestrator.ts';
export { type MachineInput, type TaskEvent, type TaskMemory, taskMachine } from './machines/task.ts';
export { trackMachine } from './machines/track.ts';
export { waitMachine } from './machines/wait.ts';
export type { BoxCounts, Signalbox, SignalboxOptions, StartOptions } from './runtime/box.ts';
export type { RunExport } from './runtime/export.ts';
export type { RunSummary, RunsPage, RunsQuery } from './runtime/list.ts';
export type { Outcome, Run, SignalOptions } from './runtime/run.ts';
export type { SignalAnswer } from './runtime/signals.ts';
export type { ActorSnapshot, AttemptSnapshot, RunSnapshot } from './runtime/snapshot.ts';
export type {
  ActorRow,
  AttemptRow,
  Awaitable,
  CommandRow,
  DefinitionRow,
  EventQuery,
  News,
  OpenRun,
  Owner,
  RunChange,
  RunPage,
  RunQuery,
  RunRow,
  Sharing,
  SignalRow,
  Store,
} from './store.ts';
export { memory } from './stores/memory.ts';
