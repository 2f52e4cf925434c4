/**
 * What a definition is once the builders are done with it: plain, frozen data with the
 * user's functions in it by reference. No behaviour stands here.
 *
 * `TaskDefinition`, `TrackDefinition`, … are what a person wrote. A `PlanNode` is the same
 * thing made ready to run: names resolved, dependencies as ordinals. A `Place` is where a
 * node stands; each actor of a run has one.
 */
import type { BudgetDefinition } from './budgets.ts';
import type { CacheDefinition } from './cache.ts';
import type { HookDefinition } from './hooks.ts';
import type { GateDefinition } from './gates.ts';
import type { Json } from './json.ts';
import type { LimitDefinition } from './limits.ts';
import type { EmitDefinition, RunDefinition, SignalDefinition } from './leaves.ts';
import type { ApprovalDefinition, ApprovalSpec } from './people.ts';
import type { Schema } from './schema.ts';
import type { Body, Cleanup, Compensation, Mapper, Merge, RetryPolicy, RunFacts, Where } from './user-code.ts';

export type { SleepSpec, WaitSpec } from './leaves.ts';
export type {
  Backoff,
  Body,
  Cleanup,
  Compensation,
  Facts,
  FailedStep,
  Mapper,
  Merge,
  RetryPolicy,
  RunFacts,
  TaskContext,
  Where,
} from './user-code.ts';

/** What undoes a completed step: at the most so often, each time within the timeout, and under one key (S13). */
export interface CompensationDefinition {
  readonly run: Compensation;
  readonly retry: RetryPolicy;
  readonly timeout: number | undefined;
  /** It is told the input as the task's schema makes it; otherwise as the step's mapper has made it. */
  readonly parses: boolean;
}

export interface TaskDefinition {
  readonly is: 'task';
  readonly name: string;
  readonly input: Schema;
  readonly output: Schema;
  readonly run: Body | undefined;
  readonly compensate: CompensationDefinition | undefined;
  /** What it does stays: nobody is to look for a way to undo it. */
  readonly irreversible: boolean;
  readonly cleanup: Cleanup | undefined;
  readonly cleanupTimeout: number;
  readonly retry: RetryPolicy;
  readonly timeout: number | undefined;
  /** How long the step may take, with all its attempts and the pauses between them. */
  readonly totalTimeout?: number | undefined;
  /** A body that gives no sign of life for so long is timed out. */
  readonly heartbeat?: number | undefined;
  /** How many of its bodies may run at once, and how often they may begin, in a process (S30). */
  readonly limits?: readonly LimitDefinition[];
  readonly priority?: number | ((facts: never) => unknown) | undefined;
  /** How much its attempts may spend in a time (S38). */
  readonly budgets?: readonly BudgetDefinition[];
  /** Somebody is asked before the body begins. */
  readonly approval?: ApprovalSpec | undefined;
  /** Somebody is asked about what the body has left behind. */
  readonly review?: ApprovalSpec | undefined;
  /** How its outputs are kept (S32). */
  readonly cache?: CacheDefinition | undefined;
  /** Called before and after its attempts (S31). Runs are not pinned to hooks. */
  readonly hooks?: readonly HookDefinition[];
}

/** A step that only lets time pass. */
export interface SleepDefinition {
  readonly is: 'sleep';
  readonly name: string;
  /** Milliseconds. */
  readonly ms: number;
  /** Or until an instant: milliseconds since 1970, or what is asked for it when the sleep begins. */
  readonly until?: Mapper | number;
  /** Or what is asked for its length when the sleep begins. */
  readonly for?: Mapper;
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

/** A router: which of its routes are taken is asked once, when it begins. */
export interface BranchDefinition {
  readonly is: 'branch';
  readonly name: string;
  /** In declared order; the one that is taken if no other is comes last. */
  readonly routes: readonly StepDefinition[];
  /** For each route, when it is taken; undefined where a key decides, and for `otherwise`. */
  readonly when: readonly (Mapper | undefined)[];
  readonly on: Mapper | undefined;
  readonly all: boolean;
  readonly otherwise: 'last' | 'nothing' | 'fail';
}

/** Bodies side by side, as a step. */
export interface ParallelDefinition {
  readonly is: 'parallel';
  readonly name: string;
  readonly members: readonly StepDefinition[];
  readonly strategy: Strategy;
  readonly concurrency: number;
}

/** Steps in order, as a step; `onError` makes up for one that has failed. */
export interface GroupDefinition {
  readonly is: 'group';
  readonly name: string;
  readonly steps: readonly StepDefinition[];
  readonly onError: StepDefinition | undefined;
}

/** A collection: the same body for each item of a list. */
export interface MapDefinition {
  readonly is: 'map';
  readonly name: string;
  readonly each: StepDefinition;
  readonly over: Mapper;
  readonly filter: ((facts: never) => unknown) | undefined;
  readonly strategy: Strategy;
  readonly concurrency: number;
  readonly batch: number | undefined;
  readonly collect: boolean;
}

/** The same body again and again. */
export interface LoopDefinition {
  readonly is: 'loop';
  readonly name: string;
  readonly body: StepDefinition;
  readonly while: ((facts: never) => unknown) | undefined;
  readonly until: ((facts: never) => unknown) | undefined;
  readonly maxIterations: number;
  readonly onLimit: 'fail' | 'stop';
  readonly accumulate: ((accumulator: never, facts: never) => unknown) | undefined;
  readonly from: Json;
  readonly keepLast: number | undefined;
}

/** A step without a body: what its mapper makes is its output. */
export interface AggregateDefinition {
  readonly is: 'aggregate';
  readonly name: string;
  readonly output: Schema;
}

/** Puts values into the variables of the run. */
export interface SetDefinition {
  readonly is: 'set';
  readonly name: string;
  readonly variables: readonly string[];
}

/** Ends the run, at once. */
export interface TerminateDefinition {
  readonly is: 'terminate';
  readonly name: string;
  readonly as: 'completed' | 'failed';
}

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
  | BranchDefinition
  | ParallelDefinition
  | GroupDefinition
  | MapDefinition
  | LoopDefinition
  | AggregateDefinition
  | SetDefinition
  | TerminateDefinition
  | RunDefinition
  | SignalDefinition
  | EmitDefinition
  | ApprovalDefinition
  | GateDefinition
  | KindDefinition;

/** A use of a body under a name. A body that is a string could not be resolved: the check says so. */
export interface StepDefinition {
  readonly name: string;
  readonly body: BodyDefinition | string;
  readonly input: Mapper | undefined;
  /** What undoes it here; left out: what its task says. */
  readonly undo?: Undo | undefined;
  /** What becomes of it does not fail what it stands in (S12). */
  readonly optional?: boolean | undefined;
  /** If it fails, what runs beside and after it finishes first (S12). */
  readonly permissive?: boolean | undefined;
  /** How its outputs are kept here; left out: as its task says. */
  readonly cache?: CacheDefinition | undefined;
}

/** What a step says of how it is undone, over what its task says. */
export interface Undo {
  readonly compensate: CompensationDefinition | undefined;
  readonly irreversible: boolean;
}

export interface TrackDefinition {
  readonly is: 'track';
  readonly name: string;
  readonly input: Schema | undefined;
  readonly steps: readonly StepDefinition[];
  readonly output: Mapper | undefined;
  /** How long it may take. */
  readonly deadline?: number | undefined;
  /** How many bodies of all its uses may run at once in a process. */
  readonly bodies?: readonly LimitDefinition[];
  readonly hooks?: readonly HookDefinition[];
}

/** Sub-tracks side by side. `merge` gets their outputs in declared order, then by name. */
export interface CompositeDefinition {
  readonly is: 'composite';
  readonly name: string;
  readonly input: Schema | undefined;
  readonly members: readonly StepDefinition[];
  readonly strategy: Strategy;
  readonly concurrency: number;
  readonly merge: Merge | undefined;
  /** Members that wait for others, by name; one that is not in here waits for none. */
  readonly after?: { readonly [member: string]: readonly string[] };
  /** How long it may take. */
  readonly deadline?: number | undefined;
}

export type FailurePolicy = 'failFast' | 'continue' | 'compensate' | 'pause';

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
  /** How long a run may take. */
  readonly deadline?: number | undefined;
  /** Starts of one key that follow each other sooner than this are one (S30). */
  readonly debounce?: number | undefined;
  /** How many bodies of all its runs may run at once in a process. */
  readonly bodies?: readonly LimitDefinition[];
  /** Somebody is asked before the first track begins. */
  readonly approval?: ApprovalSpec | undefined;
  readonly hooks?: readonly HookDefinition[];
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
  /** Over when all are; well, unless two have gone wrong: the second is the one that was to make up for the first. */
  | 'caught'
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
  /** To what it stands in, its failure is as good as if it had been skipped (S12). */
  readonly optional?: boolean;
  /** Its failure fails what it stands in at the very end, and holds up nothing until then (S12). */
  readonly permissive?: boolean;
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
  /** What its mapper makes: what is handed to it, or, for a step that has nothing else to do, what it leaves behind. */
  readonly makes: 'input' | 'output';
  /** That, as errors call it. */
  readonly what: string;
  /** Parses the node's input inside the turn; a task's is parsed where its body runs. */
  readonly schema: Schema | null;
  readonly children: readonly GraphPlace[];
  readonly childByName: ReadonlyMap<string, GraphPlace>;
  /**
   * Its children stand in it any number of times: items, rounds. They are declared once, under a name that no place has, and
   * are not counted as steps.
   */
  readonly repeats: boolean;
  /** Its last child is one that is reached when another has failed, and skipped otherwise. */
  readonly catches: boolean;
  /**
   * What the mappers of its children see: all that ended before (a track), what they depend on (an orchestrator),
   * what its own mapper saw (a step that runs others for itself), or both that and what ended before (a group).
   */
  readonly sees: 'earlier' | 'dependencies' | 'above' | 'both';
  /** What the ends of its children mean for it (S12). */
  readonly strategy: Strategy;
  readonly concurrency: number;
  /** Of a run: what has completed is undone when it fails (S13). */
  readonly undoes: boolean;
  /** Of a run: a step that fails for good stands still until somebody intervenes; and of such a step (S12). */
  readonly holds: boolean;
  /** Of a run and a track: how long it may take, in milliseconds (S11). */
  readonly deadline: number | null;
  /** How many bodies below it may run at once, in all runs together; those of a task are in the task. */
  readonly bodies: readonly LimitDefinition[];
  /** What is called before and after it, and what it consists of, in a process (S31). */
  readonly hooks?: readonly HookDefinition[];
  /** Makes the node's output of its children's; null takes what `result` names. */
  readonly output: ((finish: Finish) => unknown) | null;
  /** Without an `output`: the last child's output, all of them by name, or what has become of those that were taken. */
  readonly result: 'last' | 'byName' | 'taken';
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
