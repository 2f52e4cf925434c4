/**
 * The types that builders and documents are made of, as `signalbox/types`, and as `Types` in `signalbox`. Nobody has to
 * write one, but the declaration file of a library that exports a definition names them.
 */
export type { Body, Fault, FaultCode, RetryPolicy } from '../definition.ts';
export type {
  AnyBody,
  AnyPayload,
  BodyCalls,
  BodyInput,
  BodyOutput,
  Call,
  Carried,
  Dependencies,
  DocumentFacts,
  DocumentStep,
  DocumentTracks,
  Flat,
  InsteadOf,
  LastOutput,
  MapperArguments,
  Member,
  MemberFacts,
  MemberOutputs,
  NeedsOf,
  NoSchema,
  OrchestratorBuilder,
  OrchestratorDocument,
  Runnable,
  StepFacts,
  TaskBody,
  TaskRegistry,
  TrackArguments,
  TrackBuilder,
  TrackDocument,
  TrackFacts,
  TrackOutputs,
  TracksByName,
} from '../dsl/index.ts';
