/** Every error that there is, by subject: `base.ts` says what they have in common. */
export { type ErrorRecord, SignalboxError } from './base.ts';
export { ERROR_CODES, type ErrorCode } from './codes.ts';
export {
  DefinitionInvalid,
  InvalidDuration,
  InvalidInstant,
  InvalidOption,
  KindInvalid,
  KindTaken,
  KindUnknown,
  OrchestratorUnknown,
  TaskMissing,
  TaskUnknown,
} from './definitions.ts';
export { BoxMissing, ChildCancelled, ChildFailed, ChildTimedOut, ChildTooDeep, SignalUnheard } from './errands.ts';
export { InputInvalid, NotJson, OutputInvalid, SchemaFailed, ValueTooLarge } from './values.ts';
export {
  BodyDropped,
  BodyReplaced,
  BudgetSpent,
  DeadlinePassed,
  ItemsChanged,
  ItemsInvalid,
  LoopLimit,
  MapperAsync,
  MapperFailed,
  MappingMissing,
  PredicateFailed,
  QuorumUnreachable,
  ReferenceMissing,
  RouteMissing,
  RunTerminated,
  StepTimedOut,
  TaskFailed,
  TaskThrew,
  TaskThrewValue,
  WaitTimedOut,
} from './steps.ts';
export {
  CommandFailed,
  CommandUnreadable,
  CommandRefused,
  InterventionRefused,
  RunCancelled,
  RunExists,
  RunFailed,
  RunLive,
  RunUnfinished,
  RunUnknown,
  ScheduleUnknown,
} from './runs.ts';
export { ImportRefused, StateFileUnusable, StateFileUnwritten } from './imports.ts';
export { ApprovalExpired, ApprovalImpossible, ApprovalRejected, GateRejected, InitiatorUnknown } from './people.ts';
export { CompensationCut, CompensationIncomplete } from './undoing.ts';
export { AnswerIgnored, BoxClosed, ExecutorFailed, Impossible, NeverSettled, SubscriberFailed } from './box.ts';
export { HookFailed, HookTimedOut } from './hooks.ts';
export {
  CommitConflict,
  CommitFailed,
  CommitRefused,
  DefinitionChanged,
  DefinitionMissing,
  DriverMissing,
  LeaseLost,
  NodeTooOld,
  RowUnreadable,
  StoreHeld,
  StoreLost,
  StoreUnusable,
} from './stores.ts';
export { RetryAfter, TerminalError, isA, reasonOf, show, toRecord } from './thrown.ts';
