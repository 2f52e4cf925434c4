/**
 * What the folder offers to the rest of the library, name by name. The builders and their
 * types are public; the check and the plan are for the runtime.
 */
export { assertValid, faultsOf } from './check.ts';
export { droppedIn } from './dropped.ts';
export {
  type CompositeOptions,
  type CompositeTrack,
  compositeTrack,
  type Member,
  type MemberFacts,
  type MemberOutputs,
  type StrategyOption,
} from './composite.ts';
export type {
  BodyUse,
  ControlSteps,
  ItemCounts,
  ItemFactsOf,
  ItemOf,
  LoopOutput,
  RoundFactsOf,
  RouteOf,
} from './control.ts';
export type {
  Dependencies,
  DocumentFacts,
  DocumentStep,
  DocumentTracks,
  LastOutput,
  OrchestratorDocument,
  TaskInput,
  TaskOutput,
  TaskRegistry,
  TrackDocument,
  TrackOutputs,
  TracksByName,
} from './document-types.ts';
export { program } from './program.ts';
export type {
  Program,
  ProgramFacts,
  ProgramOptions,
  ProgramOutput,
  ProgramPhase,
  ProgramPhases,
  ProgramTask,
} from './program-types.ts';
export { defineOrchestrator, defineTrack } from './documents.ts';
export type {
  AnyDecision,
  AnyPlaces,
  Asks,
  AsksOf,
  Comes,
  ComesAt,
  DecisionsOption,
  PatchOf,
  PathAmong,
  PlacesIn,
  UsualDecisions,
} from './decisions.ts';
export type {
  AnySignals,
  NeedsOf,
  PlacesOf,
  RunInput,
  RunOutput,
  SignalArguments,
  SignalsOf,
  TasksOption,
} from './needs.ts';
export {
  type AnyOrchestrator,
  type Orchestrator,
  type OrchestratorBuilder,
  type OrchestratorOptions,
  orchestrator,
  type TrackArguments,
  type TrackFacts,
} from './orchestrator.ts';
export type {
  ChildOrchestrator,
  ChildRunOptions,
  Deliveries,
  EmitOptions,
  LeafSteps,
  SignalStepOptions,
  SignalTarget,
  SleepFor,
  SleepUntil,
} from './leaf-steps.ts';
export type { Budget } from './budgets.ts';
export type { CacheOptions } from './cache.ts';
export { readHooks } from './hooks.ts';
export {
  type BodiesLimit,
  type Concurrency,
  type ConcurrencyLimit,
  type RateLimit,
  readConcurrency,
  type TaskLimits,
} from './limits.ts';
export { planOf, planOfStep, planOfTask } from './plan.ts';
export type { RetryOptions } from './retry.ts';
export { type Task, type TaskOptions, task } from './task.ts';
export type {
  CompensationContext,
  CompensationOption,
  Perhaps,
  StepArguments,
  StepOptions,
  UndoOptions,
} from './undo.ts';
export type { AnyPayload, InsteadOf, WaitOptions } from './wait.ts';
export { pipe, type Track, type TrackBuilder, track } from './track.ts';
export type {
  AnyBody,
  BodyCalls,
  BodyInput,
  BodyOutput,
  Call,
  Carried,
  Ends,
  Flat,
  Listens,
  MapperArguments,
  NoSchema,
  Runnable,
  StepFacts,
  TaskBody,
} from './types.ts';
