/**
 * What a kind is where it is declared: how its options are read, what is wrong with them (S3), what it is in the plan, and the
 * line that runs are pinned by. The builders, the check, the compiler and the structure ask the kind, and name none.
 *
 * `ReadPort`, `Checker` and `Planner` are what a kind is handed for that. Nothing is thrown: what is wrong is told with all the rest.
 */
import type {
  BodyDefinition,
  FaultCode,
  Mapper,
  OrchestratorDefinition,
  Place,
  PlanNode,
  StepDefinition,
  TaskDefinition,
} from '../definition.ts';
import type { Json } from '../json.ts';

/** Options as they were given. */
export type Options = { readonly [key: string]: unknown };

/** Reads what a builder was given. What cannot be read is noted, and something stands in for it, so that the rest can be read too. */
export interface ReadPort {
  /** The options, with no keys but these; `what` is what they are called in messages. */
  options(given: unknown, what: string, keys: readonly string[]): Options;
  /** Milliseconds. */
  duration<T>(value: unknown, option: string, otherwise: T): number | T;
  /** JSON; undefined for what is none. */
  json(value: unknown, what: string): Json | undefined;
  /** The use of a body, as another step would be. */
  step(name: unknown, body: unknown, input: unknown): StepDefinition;
  note(code: FaultCode, message: string): void;
}

/** Tells what is wrong with a definition. All of it is told at the definition's place. */
export interface Checker {
  fault(code: FaultCode, message: string): void;
  /** An option with a value that it cannot have. */
  option(option: string, value: unknown, expected: string): void;
  schema(value: unknown, option: string, needed?: 'optional'): void;
  /** A function, or nothing. `code` is what it is told under if it is neither. */
  function(value: unknown, option: string, code?: FaultCode): void;
  /** Where another definition was met under the name; null if this is the first, or the same one again. */
  metBefore(what: string, name: string, definition: object): string | null;
  /** The names, bodies and mappers of what it uses; `what` is what each is called. */
  steps(steps: readonly StepDefinition[], what: string): void;
  /** Tells of one of them; `position` is its number. */
  of(step: StepDefinition, position: number, code: FaultCode, message: string): void;
}

/** A child to be: where the ordinals go that a graph or a chain gives it. */
export type Use = Pick<Place, 'name' | 'node' | 'input'>;

/** Makes nodes of definitions. */
export interface Planner {
  /** A use of a body, compiled once however often it is used. */
  use(step: StepDefinition): Use;
  /** A task that executors are to know. */
  task(definition: TaskDefinition): void;
  /** An orchestrator that the box is to know, because a step starts runs of it. */
  starts(orchestrator: () => OrchestratorDefinition): void;
  /** A task of the engine's own making: `body` is called with what `mapper` makes. */
  ending<I>(name: string, owner: string, mapper: Mapper, body: (input: I) => unknown): Use;
  /** Children that wait for each other: for each the ordinals of those that it waits for, ascending. */
  graph(uses: readonly Use[], after: readonly (readonly number[])[]): Pick<PlanNode, 'children' | 'childByName'>;
}

/** What a kind says of its nodes; the rest is that of a step without children. */
export type NodeParts = Partial<Omit<PlanNode, 'kind' | 'noun' | 'called'>>;

export interface Declaration<D extends { readonly name: string } = BodyDefinition> {
  /** The name of the kind. */
  readonly name: string;
  /** What it is called in events and snapshots. */
  readonly noun: 'run' | 'track' | 'step';
  /** The bodies that it uses, in declared order; nothing, for a step without others. */
  steps?(definition: D): readonly StepDefinition[];
  check(definition: D, checker: Checker): void;
  plan(definition: D, planner: Planner): NodeParts;
  /** What a run is pinned to beside its name and its dependencies; functions are not part of it. */
  lines?(node: PlanNode): readonly string[];
}

/** Is it written as an `async` function? What merely answers with a promise cannot be told beforehand. */
export function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AsyncFunction]';
}

export const NO_ORDINALS: readonly number[] = Object.freeze([]);

/** All ordinals up to `count`. */
export function everyOrdinal(count: number): readonly number[] {
  return count === 0 ? NO_ORDINALS : Object.freeze(Array.from({ length: count }, (_, index) => index));
}
