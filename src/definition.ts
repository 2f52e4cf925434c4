/**
 * What a definition is once the builders are done with it: plain, frozen data with the
 * user's functions in it by reference. No behaviour stands here.
 *
 * `TaskDefinition`, `TrackDefinition`, … are what a person wrote. A `PlanNode` is the same
 * thing made ready to run: names resolved, dependencies as ordinals. A `Place` is where a
 * node stands; each actor of a run has one.
 */
import type { Json, JsonObject } from './json.ts';
import type { EmitDefinition, RunDefinition, SignalDefinition } from './leaves.ts';
import type { Schema } from './schema.ts';

/** One thing that is wrong with a definition: what, where, and in words (S3). */
export interface Fault {
  readonly code: FaultCode;
  /** The place in the definition: `order/payment/charge`. */
  readonly path: string;
  readonly message: string;
  /** The file and line where it was defined, if that is known: `src/flow.ts:31`. */
  readonly source?: string;
}

export const FAULT_CODES = [
  'unknown-reference',
  'duplicate-name',
  'self-dependency',
  'cycle',
  'bad-name',
  'bad-option',
  'bad-schema',
  'bad-body',
  'unknown-key',
] as const;

/** What kind of fault a definition has; `docs/errors.md` has a paragraph for each. */
export type FaultCode = (typeof FAULT_CODES)[number];

/** What a mapper is told (S1). All of it is frozen. */
export interface Facts {
  readonly input: Json;
  readonly outputs: { readonly [name: string]: Json };
  readonly previous: Json;
  readonly run: RunFacts;
}

/** The run's read-only facts (S1, S6). */
export interface RunFacts {
  readonly id: string;
  /** The idempotency key it was started under, if any. */
  readonly key: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly metadata: JsonObject;
}

export type Mapper = (facts: Facts) => unknown;

/** How the delay between attempts grows (S10). */
export type Backoff = 'fixed' | 'linear' | 'exponential';

/** A retry policy with everything filled in and every duration in milliseconds (S10). */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delay: number;
  readonly backoff: Backoff;
  readonly maxDelay: number;
  readonly jitter: number;
  readonly when: ((error: unknown) => boolean) | undefined;
}

/** What a body is handed. */
export interface TaskContext<I = Json> {
  readonly input: I;
  /** `<run>/<path>#<attempt>`: the idempotency key to hand to the outside world, the same again after a crash. */
  readonly key: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Fires when the attempt is cancelled or times out. */
  readonly signal: AbortSignal;
  /** When the attempt times out, in milliseconds since 1970, or `null`. */
  readonly deadline: number | null;
  readonly run: RunFacts;
  /** A line in the box's log, told apart by run, step and attempt. */
  log(message: string, fields?: JsonObject): void;
  /** How far the body has come, from 0 to 1. It never goes back; a smaller fraction is ignored. */
  progress(fraction: number, note?: string): void;
}

/** The function of a task, whatever its types. */
export type Body = (context: TaskContext<never>) => unknown;

/** What undoes a completed step. */
export type Compensation = (context: {
  readonly input: never;
  readonly output: never;
  readonly key: string;
  readonly signal: AbortSignal;
}) => unknown;

/** What tidies up after a step that was cancelled. */
export type Cleanup = (context: {
  readonly input: never;
  readonly key: string;
  readonly reason: string;
  readonly signal: AbortSignal;
}) => unknown;

export interface TaskDefinition {
  readonly is: 'task';
  readonly name: string;
  readonly input: Schema;
  readonly output: Schema;
  readonly run: Body | undefined;
  readonly compensate: Compensation | undefined;
  readonly cleanup: Cleanup | undefined;
  readonly cleanupTimeout: number;
  readonly retry: RetryPolicy;
  readonly timeout: number | undefined;
}

/** A step that only lets time pass. */
export interface SleepDefinition {
  readonly is: 'sleep';
  readonly name: string;
  /** Milliseconds. */
  readonly ms: number;
  /** Or until an instant: milliseconds since 1970, or what is asked for it when the sleep begins. */
  readonly until?: Mapper | number;
}

/** A step that waits until somebody sends the run a signal. */
export interface WaitDefinition {
  readonly is: 'wait';
  readonly name: string;
  /** The name of the signal. */
  readonly signal: string;
  readonly payload: Schema | undefined;
  readonly where: Where | undefined;
  /** Milliseconds; without it, the step waits for ever. */
  readonly timeout: number | undefined;
  /** What happens then: the step fails, has this value for its output, or runs another step for it. */
  readonly onTimeout: 'fail' | { readonly value: Json } | StepDefinition;
}

/** Is this payload the one that a step waits for? Told what a mapper is told, too. */
export type Where = (facts: Facts & { readonly payload: never }) => unknown;

/** A step of a kind from outside: the kind, and what it has read of its options. */
export interface KindDefinition {
  readonly is: 'kind';
  readonly name: string;
  /** Its declaration, which only the kind's own code looks into. */
  readonly kind: { readonly name: string };
  readonly spec: object;
}

export type BodyDefinition =
  | TaskDefinition
  | TrackDefinition
  | CompositeDefinition
  | SleepDefinition
  | WaitDefinition
  | RunDefinition
  | SignalDefinition
  | EmitDefinition
  | KindDefinition;

/** A use of a body under a name. A body that is a string could not be resolved: the check says so. */
export interface StepDefinition {
  readonly name: string;
  readonly body: BodyDefinition | string;
  readonly input: Mapper | undefined;
}

export interface TrackDefinition {
  readonly is: 'track';
  readonly name: string;
  readonly input: Schema | undefined;
  readonly steps: readonly StepDefinition[];
  readonly output: Mapper | undefined;
}

/** Sub-tracks side by side. `merge` gets their outputs in declared order, then by name. */
export interface CompositeDefinition {
  readonly is: 'composite';
  readonly name: string;
  readonly input: Schema | undefined;
  readonly members: readonly StepDefinition[];
  readonly strategy: 'waitAll';
  readonly merge: Merge | undefined;
}

export type Merge = (outputs: readonly Json[], named: { readonly [name: string]: Json }) => unknown;

export type FailurePolicy = 'failFast' | 'continue';

export interface TrackUse extends StepDefinition {
  readonly after: readonly string[];
}

export interface OrchestratorDefinition {
  readonly is: 'orchestrator';
  readonly name: string;
  readonly version: string;
  readonly input: Schema;
  readonly onFailure: FailurePolicy;
  /** How many tracks may be live at once. */
  readonly concurrency: number;
  readonly tracks: readonly TrackUse[];
  readonly output: Mapper | undefined;
}

export type AnyDefinition = BodyDefinition | OrchestratorDefinition;

/** How a parent decides. `continue` of an orchestrator is `waitAll`; what depends on a failed child is given up by its graph. */
export type Strategy =
  /** Over at the first child that goes wrong. */
  | 'failFast'
  /** Over when all are; well, if all have ended well. */
  | 'waitAll'
  /** Over when all are; well, if one has completed. With `allowNone`, well in any case. */
  | 'bestEffort'
  | 'allowNone'
  /** Over at the first child that completes. */
  | 'race'
  /** Over at the nth child that completes, or when so many cannot be reached any more. With `finish`, the rest is waited for. */
  | { readonly quorum: number; readonly rest: 'cancel' | 'finish' };

/** Where something stands below its parent. Many places may have one node. */
export interface Place {
  /** Its segment of the path; unique among its siblings. */
  readonly name: string;
  /** Its number among its siblings, in declared order. */
  readonly ordinal: number;
  readonly node: PlanNode;
  /** Makes its input; null stands for `{}`. */
  readonly input: Mapper | null;
}

/** A place among others that it waits for, or that wait for it. */
export interface GraphPlace extends Place {
  /** Ordinals of the siblings that must end before this one begins. */
  readonly after: readonly number[];
  /** Ordinals of the siblings that wait for this one. */
  readonly dependents: readonly number[];
}

/**
 * A definition made ready to run. A track is a graph in which each step follows the one
 * before it, so one set of fields serves all kinds that have children.
 */
export interface PlanNode {
  /** A name in the registry of kinds. */
  readonly kind: string;
  /** What its kind is called in events and snapshots; whatever is a step counts as one. */
  readonly noun: 'run' | 'track' | 'step';
  /** What the user called the definition that this is a use of. */
  readonly called: string;
  /** Set for a task and for nothing else. */
  readonly task: TaskDefinition | null;
  /** What a kind of step beyond the task and its parents was declared with; null for those. */
  readonly spec: object | null;
  /** Parses the node's input inside the turn; a task's is parsed where its body runs. */
  readonly schema: Schema | null;
  readonly children: readonly GraphPlace[];
  readonly childByName: ReadonlyMap<string, GraphPlace>;
  /**
   * What the mappers of its children see: all that ended before (a track), what they depend on (an orchestrator), or
   * what its own mapper saw (a step that runs another one for itself).
   */
  readonly sees: 'earlier' | 'dependencies' | 'above';
  /** What the ends of its children mean for it (S12). */
  readonly strategy: Strategy;
  readonly concurrency: number;
  /** Makes the node's output of its children's; null takes what `result` names. */
  readonly output: ((finish: Finish) => unknown) | null;
  /** Without an `output`: the last child's output, or all of them by name. */
  readonly result: 'last' | 'byName';
}

/** What a sleep's node was declared with. */
export interface SleepSpec {
  readonly ms: number;
  /** Milliseconds since 1970; `'input'` for a step whose input it is. */
  readonly until?: number | 'input';
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

/** What an `output` mapper or a merge is given when the last child has ended. */
export interface Finish {
  readonly input: Json;
  readonly outputs: { readonly [name: string]: Json };
  readonly ordered: readonly Json[];
  readonly run: RunFacts;
}

/** An orchestrator made ready to run. */
export interface Plan {
  readonly name: string;
  readonly version: string;
  readonly root: PlanNode;
  /** Every task that a run of it can call, by name. */
  readonly tasks: ReadonlyMap<string, TaskDefinition>;
  /** Every orchestrator that a run of it can start, as often as a step does. Left out: none. */
  readonly starts?: readonly (() => OrchestratorDefinition)[];
}
