/**
 * What whoever writes a store needs, as `signalbox/store`: the port, the rows that it keeps, and the errors that it
 * answers with. The suite that a store has to pass is `storeSuite` of `signalbox/testing`.
 */
export {
  CommitConflict,
  type ErrorRecord,
  LeaseLost,
  RowUnreadable,
  SignalboxError,
  StoreHeld,
  StoreLost,
  StoreUnusable,
} from '../errors/index.ts';
export type { EventType, RunEvent, Status, TerminalStatus } from '../events.ts';
export type { Json, JsonObject } from '../json.ts';
export type {
  AbandonedEvent,
  ActorRow,
  AttemptRow,
  Awaitable,
  ChildCounts,
  ChildPage,
  ChildRow,
  CommandRow,
  CompletedQuery,
  DefinitionRow,
  EventQuery,
  FailureRow,
  News,
  OpenRun,
  Owner,
  Pin,
  RecordName,
  RecordPage,
  RecordQuery,
  RecordRow,
  RunChange,
  RunPage,
  RunQuery,
  RunRow,
  Sharing,
  SignalRow,
  Store,
} from '../store.ts';
