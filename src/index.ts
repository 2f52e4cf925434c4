/**
 * The public API, name by name, for those who define orchestrators and run them. What is not here, or in another entry of
 * `package.json`, may change without notice. `signalbox/machines`, `signalbox/errors` and `signalbox/store` stand in `entries`.
 */
import type { AnyOrchestrator } from './dsl/index.ts';
import { inProcess } from './executors/in-process.ts';
import { checkNode } from './node.ts';
import type { Signalbox } from './runtime/box.ts';
import type { SignalboxOptions } from './runtime/create.ts';
import { memory } from './stores/memory.ts';

checkNode();

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
  const { createBox } = await import('./runtime/create.ts');
  return createBox(options, { store: memory, executor: inProcess });
}

export {
  type Coverage,
  type CoverageOptions,
  type CoverageSource,
  coverageOf,
  type PartCoverage,
} from './charts/coverage.ts';
export type {
  Explanation,
  FailureExplanation,
  PendingExplanation,
  StepExplanation,
} from './charts/explain.ts';
export type { Dwell, TimelineMoment, Span, Timeline, TimelineEntry } from './charts/timeline.ts';
export type { Hindrance } from './charts/why.ts';
export type { Density, Mark, Marks, StatusCounts } from './charts/marks.ts';
export type { Drawable } from './charts/outline.ts';
export type { TracedBody, TracedRun, TracedStart, Tracing } from './tracing.ts';
export { type Activation, type ActivationMode, type ActivationTable, activationIn, activations } from './activation.ts';
export type { AskerOptions } from './runtime/audit.ts';
export type { AuditRecord } from './views/audit.ts';
export type { Clock } from './clock.ts';
export type { Backoff, RunFacts, TaskContext } from './definition.ts';
export {
  type AnyOrchestrator,
  type Budget,
  type CompositeOptions,
  type CompositeTrack,
  compositeTrack,
  type Concurrency,
  type ConcurrencyLimit,
  defineOrchestrator,
  defineTrack,
  type Orchestrator,
  type OrchestratorOptions,
  orchestrator,
  pipe,
  type Program,
  type ProgramFacts,
  type ProgramOptions,
  type ProgramPhase,
  type ProgramTask,
  program,
  type RateLimit,
  type RetryOptions,
  type RunInput,
  type RunOutput,
  type Task,
  type TaskInput,
  type TaskOptions,
  type TaskOutput,
  type Track,
  task,
  track,
  type WaitOptions,
} from './dsl/index.ts';
export type * as Types from './entries/types.ts';
export type { Duration } from './duration.ts';
export * from './entries/machines-alone.ts';
export {
  BoxClosed,
  CommandFailed,
  CommitRefused,
  DefinitionChanged,
  DefinitionInvalid,
  DefinitionMissing,
  type ErrorCode,
  type ErrorRecord,
  ImportRefused,
  InputInvalid,
  InvalidOption,
  RetryAfter,
  RunCancelled,
  RunExists,
  RunFailed,
  RunUnfinished,
  RunUnknown,
  ScheduleUnknown,
  SignalboxError,
  StoreHeld,
  StoreLost,
  StoreUnusable,
  TaskFailed,
  TaskMissing,
  TerminalError,
} from './errors/index.ts';
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
export { type MappingData, mapping } from './mapping.ts';
export type { Signalbox } from './runtime/box.ts';
export type { SignalboxOptions } from './runtime/create.ts';
export type { ApprovalOptions, AskOptions, Decided, GateOptions, Passed } from './dsl/approval.ts';
export type { DecideOptions } from './runtime/approvals.ts';
export type { ApprovalEntry, ApprovalsPage, ApprovalsQuery, ApprovalView } from './views/approvals.ts';
export type { BudgetState, BudgetsPage, BudgetsQuery } from './views/budgets.ts';
export {
  type GateState,
  type Metric,
  metricsOf,
  type PhaseState,
  type ProgramMetrics,
  type ProgramState,
  programState,
  stateFrom,
  type TaskState,
  type TodoItem,
  todoText,
} from './views/programs.ts';
export { judge } from './policies/gates.ts';
export type { Criteria, Criterion, GateDecision, Judgement, Miss } from './gates.ts';
export type { Approval, ApprovalAct, ApprovalAnswer, DecisionName } from './people.ts';
export type { BoxCounts } from './runtime/host-options.ts';
export type { ExportedStep, ForImport, RunExport } from './views/export.ts';
export type { LogFields } from './views/lines.ts';
export type { LogMethods, StartOptions, StructuredLogger } from './runtime/options.ts';
export type { RunSummary, RunsPage, RunsQuery } from './views/list.ts';
export type { CancelOptions, Run, SignalOptions } from './runtime/run.ts';
export type { KeyedOptions, WhenLive } from './runtime/collector.ts';
export type { RerunOptions } from './runtime/reruns.ts';
export type {
  ExplainOptions,
  ExplanationOf,
  RunDiagramOptions,
  TimelineFormat,
  TimelineIn,
  TimelineOptions,
} from './runtime/seeing.ts';
export type { NotKept, RunAt } from './views/at.ts';
export type { Schedule, ScheduledRun, ScheduleOptions, ScheduleState } from './runtime/schedules.ts';
export type { InterventionOptions } from './runtime/interventions.ts';
export type { InterventionRecord } from './views/interventions.ts';
export type { Redact } from './views/redaction.ts';
export type { CompensationOutcome, Outcome } from './views/outcome.ts';
export type { CommandName } from './commands/index.ts';
export type { SignalAnswer } from './core/signals.ts';
export type { AttemptRecord, AttemptSnapshot, CompensationSnapshot } from './views/attempts.ts';
export type { ActorSnapshot, RunSnapshot } from './views/snapshot.ts';
export type { WaitingFor } from './core/effect.ts';
export type { Hook, HookFacts, HookFilter, HookName, HookOptions, StepHook, TrackHook } from './hooks.ts';
export type { CacheFacts, CacheScope } from './cache.ts';
export type { LimitFacts, QueuedFor, WhenFull } from './limits.ts';
export type { Fairness } from './runtime/performing/under.ts';
export type { Store } from './store.ts';
export { memory } from './stores/memory.ts';
