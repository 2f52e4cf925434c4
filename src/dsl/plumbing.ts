/**
 * The types that builders and documents are made of, which the package offers as `Types`. Nobody has to write one, but the
 * declaration file of a library that exports a definition names them.
 */
export type { Body, Fault, FaultCode, RetryPolicy } from '../definition.ts';
export type { Member, MemberFacts, MemberOutputs } from './composite.ts';
export type {
  Dependencies,
  DocumentFacts,
  DocumentStep,
  DocumentTracks,
  LastOutput,
  OrchestratorDocument,
  TaskRegistry,
  TrackDocument,
  TrackOutputs,
  TracksByName,
} from './document-types.ts';
export type { NeedsOf } from './needs.ts';
export type { OrchestratorBuilder, TrackArguments, TrackFacts } from './orchestrator.ts';
export type { TrackBuilder } from './track.ts';
export type {
  AnyBody,
  BodyCalls,
  BodyInput,
  BodyOutput,
  Call,
  Carried,
  Flat,
  MapperArguments,
  NoSchema,
  Runnable,
  StepFacts,
  TaskBody,
} from './types.ts';
export type { AnyPayload, InsteadOf } from './wait.ts';
