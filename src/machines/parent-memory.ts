/** What a parent remembers, and what its machine is told. */
import type { Borne, Finished, Skipped } from '../core/children/children.ts';
import type { Paused } from '../core/run.ts';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { Json, JsonObject } from '../json.ts';
import { type Begun, given } from './task/machine.ts';

/** How a parent ends once its last live child has ended; decided when the stopping begins. */
export type Ending = 'completed' | 'failed' | 'cancelled' | 'timedOut';

/** What a track, a composite track or an orchestrator remembers: counters, and nothing that grows. */
export interface ParentMemory {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** Something below it has failed that it can do without (S12). */
  readonly withErrors: boolean;
  /** Something below it has failed that fails it when all else has finished (S12). */
  readonly borne: Borne | null;
  readonly reason: string | null;
  /** Children that could start and have not. */
  readonly ready: number;
  /** Children under way. */
  readonly live: number;
  /** How many there are, begun or not. */
  readonly total: number;
  /** Children that have ended, skipped ones included. */
  readonly settled: number;
  readonly completed: number;
  /** Children that have ended badly, cancelled ones included. */
  readonly failed: number;
  /** Children that never began and are told as a number, because there are too many of them for names. */
  readonly skipped: number;
  readonly ending: Ending | null;
  /** What its children want it to remember for them. */
  readonly kept: Json;
  /** Those of a run; empty for every other parent. */
  readonly variables: JsonObject;
  /** Of a run: nothing is to begin in it. */
  readonly paused: Paused;
  /** Set when a run is undone, or is to be. */
  readonly undo: RunUndo | null;
  /** How many pages of a run have come that is undone; 0 otherwise. */
  readonly attempt: number;
}

/** How far the undoing of a run has come, apart from what stands in the rows of its steps. */
export interface RunUndo {
  /** The run that is undone, if it is another one. */
  readonly of: string | null;
  /** The page that is being undone ends before this event; null for the first. */
  readonly before: number | null;
  /** Steps that could not be undone, as far as they are named, and how many there are. */
  readonly failed: readonly string[];
  readonly failures: number;
  /** Somebody has cut it short. */
  readonly isCut: boolean;
}

/** What a parent's machine is told. */
export type ParentEvent =
  | {
      readonly type: 'start';
      readonly total: number;
      readonly ready: number;
      /** Children that never begin: routes that are not taken. */
      readonly given?: Skipped;
      readonly finished: Finished | null;
      readonly kept?: Json | undefined;
      /** Children that have ended already, in the run that this one takes over from. */
      readonly over?: {
        readonly settled: number;
        readonly completed: number;
        readonly withErrors: boolean;
        /** Of a run: what had been set there. */
        readonly variables?: JsonObject;
      };
    }
  | {
      readonly type: 'child.settled';
      /** Of the child. */
      readonly name?: string;
      readonly status: string;
      readonly error: ErrorRecord | null;
      readonly withErrors?: boolean;
      /** It has failed, and holds up nothing until all else has finished. */
      readonly isBorne?: boolean;
      /** Siblings that this one's end has made ready. */
      readonly ready: number;
      /** Siblings that will never begin because of it. */
      readonly skipped: number;
      readonly finished: Finished | null;
      readonly kept?: Json | undefined;
    }
  | { readonly type: 'fail'; readonly error: ErrorRecord }
  /** To a run, from one of its steps: variables, and that it is to end. */
  | { readonly type: 'set'; readonly values: JsonObject }
  | { readonly type: 'terminate'; readonly output: Json; readonly error: ErrorRecord | null }
  | { readonly type: 'skip'; readonly output?: Json }
  /** To a step that stands still. */
  | { readonly type: 'retry' }
  | { readonly type: 'resolve'; readonly output: Json }
  | {
      readonly type: 'cancel';
      readonly reason?: string | null;
      readonly compensate?: boolean;
      readonly force?: boolean;
    }
  /** To a run, by somebody: nothing is to begin, until it is to go on. */
  | { readonly type: 'pause'; readonly paused?: Paused }
  | { readonly type: 'resume'; readonly paused?: Paused }
  /** To a run that undoes another, which has ended. */
  | { readonly type: 'undo'; readonly of: string }
  /** To a run that is undone: a step is going to be, has been, or could not be; the page is at its end, or all is. */
  | { readonly type: 'undoing'; readonly before: number }
  | { readonly type: 'undone'; readonly path: string; readonly isUndone: boolean }
  | { readonly type: 'undo.more'; readonly before: number }
  | { readonly type: 'undo.over' }
  /** A signal: a wait takes it, in the shape that its schema has given it; a track hands it on to what waits below it. */
  | { readonly type: 'signal'; readonly name?: string; readonly payload: Json };

const NO_VARIABLES: JsonObject = Object.freeze({});

/** Spelt out, as `stepMemory` is. */
export const emptyMemory = (begun: Begun): ParentMemory =>
  given(begun, (node, input) => ({
    node,
    input,
    output: null,
    error: null,
    withErrors: false,
    borne: null,
    reason: null,
    ready: 0,
    live: 0,
    total: 0,
    settled: 0,
    completed: 0,
    failed: 0,
    skipped: 0,
    ending: null,
    kept: null,
    variables: NO_VARIABLES,
    paused: false,
    undo: null,
    attempt: 0,
  }));
