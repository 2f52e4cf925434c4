/**
 * What steps are declared with that have to do with other runs or with the history: a child run, a signal that is sent, an
 * event of one's own. Like `definition.ts`, plain data with the user's functions in it by reference.
 *
 * Each of them has mappers of its own. They are called as one, whose answer is the step's input: so it stands in the step's
 * row, and a crash does not ask again.
 */
import type { Mapper, OrchestratorDefinition } from './definition.ts';
import type { Json, JsonObject } from './json.ts';
import type { Schema } from './schema.ts';
import type { Where } from './user-code.ts';

/** A step that starts a run of an orchestrator, and waits for its end. */
export interface RunDefinition {
  readonly is: 'run';
  readonly name: string;
  /** By a function: one that starts itself is not there yet when its track is. Null for what is none. */
  readonly orchestrator: () => OrchestratorDefinition | null;
  readonly input: Mapper | undefined;
  readonly id: Mapper | undefined;
  readonly metadata: Mapper | JsonObject | undefined;
  /** The step does not wait. */
  readonly detach: boolean;
  /** How many runs below the first one of its family the child may stand. */
  readonly depth: number;
}

/** What the node of such a step was declared with. */
export interface RunSpec {
  readonly orchestrator: () => OrchestratorDefinition;
  readonly detach: boolean;
  readonly depth: number;
}

/** Its input: what the child is started with. */
export interface ChildAsked {
  readonly input: Json;
  /** Null for the one that follows from the step's key. */
  readonly id: string | null;
  /** Beside that of the parent. */
  readonly metadata: JsonObject;
}

/** The same of a firing: it says what it is a run of. */
export interface FiringAsked extends ChildAsked {
  readonly of: { readonly orchestrator: string; readonly version: string };
}

/** A step that sends a signal. */
export interface SignalDefinition {
  readonly is: 'signal';
  readonly name: string;
  /** The name of the signal. */
  readonly signal: string;
  readonly to: Mapper | 'all';
  readonly payload: Mapper | undefined;
  /** Nobody took it: the step fails. */
  readonly required: boolean;
}

/** What the node of such a step was declared with. It waits for none, so the signal has another name here than in that of a wait. */
export interface SendSpec {
  readonly sends: string;
  readonly required: boolean;
}

/** To whom a signal goes: one run, the run that was started under a key, or all that wait for it. */
export type Addressee =
  | { readonly run: string }
  | { readonly orchestrator: string; readonly key: string }
  | { readonly all: true };

/** The input of such a step. */
export interface SendAsked {
  readonly to: Addressee;
  readonly payload: Json;
}

/** A step that tells the history something. */
export interface EmitDefinition {
  readonly is: 'emit';
  readonly name: string;
  /** The name of the event. */
  readonly event: string;
  readonly data: Mapper | undefined;
}

/** What the node of such a step was declared with. Its input is the data. */
export interface EmitSpec {
  readonly event: string;
}

/** What a sleep's node was declared with. */
export interface SleepSpec {
  readonly ms: number;
  /** Milliseconds since 1970; `'input'` for a step whose input it is. */
  readonly until?: number | 'input';
  /** For a step whose input is how many milliseconds it takes. */
  readonly for?: 'input';
}

/** What a wait's node was declared with. */
export interface WaitSpec {
  readonly signal: string;
  readonly payload: Schema | null;
  readonly where: Where | null;
  /** Milliseconds, or null for ever. */
  readonly timeout: number | null;
  /** What the end of that time does. A step of its own is the node's only child. */
  readonly onTimeout: 'fail' | 'value' | 'step';
  readonly value: Json;
}
