/**
 * What a kind is where it is declared: how its options are read, what is wrong with them (S3), what it is in the plan, and the
 * line that runs are pinned by. The builders, the check, the compiler and the structure ask the kind, and name none.
 *
 * `ReadPort`, `Checker` and `Planner` are what a kind is handed for that. Nothing is thrown: what is wrong is told with all the rest.
 */
import type {
  BodyDefinition,
  Mapper,
  OrchestratorDefinition,
  Place,
  PlanNode,
  StepDefinition,
  Strategy,
  TaskDefinition,
} from '../definition.ts';
import type { Drawing } from './drawing.ts';
import type { FaultCode } from '../faults.ts';
import type { Json } from '../json.ts';
import { faultsOfLimit, type LimitDefinition } from '../limits.ts';

/** Options as they were given. */
export type Options = { readonly [key: string]: unknown };

/** Reads what a builder was given. What cannot be read is noted, and something stands in for it, so that the rest can be read too. */
export interface ReadPort {
  /** The options, with no keys but these; `what` is what they are called in messages, behind a "the": `'options of a nap'`. */
  options(given: unknown, what: string, keys: readonly string[]): Options;
  /** Milliseconds. */
  duration<T>(value: unknown, option: string, otherwise: T): number | T;
  /** JSON; undefined for what is none. */
  json(value: unknown, what: string): Json | undefined;
  /** The use of a body, as another step would be. */
  step(name: unknown, body: unknown, input: unknown): StepDefinition;
  /** The same, of a body, or of `{ do: body, input }`. */
  use(name: unknown, given: unknown): StepDefinition;
  note(code: FaultCode, message: string): void;
}

/** Tells what is wrong with a definition. All of it is told at the definition's place. */
export interface Checker {
  fault(code: FaultCode, message: string): void;
  /** An option with a value that it cannot have. */
  option(option: string, value: unknown, expected: string, code?: FaultCode): void;
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
export type Use = Pick<Place, 'name' | 'node' | 'input' | 'optional' | 'permissive'>;

/** Makes nodes of definitions. */
export interface Planner {
  /** A use of a body, compiled once however often it is used. */
  use(step: StepDefinition): Use;
  /** A task that executors are to know. */
  task(definition: TaskDefinition): void;
  /** An orchestrator that the box is to know, because a step starts runs of it. */
  starts(orchestrator: () => OrchestratorDefinition): void;
  /** A step of the engine's own making. */
  made(name: string, definition: BodyDefinition): Use;
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
  /** Of a kind whose steps wait for each other: those that are over before the one at `position` begins. */
  before?(definition: D, position: number): readonly StepDefinition[];
  /** Names of steps before it whose outputs it reads, as far as it says so. */
  reads?(definition: D): readonly string[];
  check(definition: D, checker: Checker): void;
  plan(definition: D, planner: Planner): NodeParts;
  /** How it is drawn, for a kind from outside; those of the package say it in a file of their own, which no machine brings along. */
  drawn?(node: PlanNode): Drawing;
  /** What a run is pinned to beside its name and its dependencies; functions are not part of it. */
  lines?(node: PlanNode): readonly string[];
}

/** Strategies by the names that options have for them. */
const STRATEGIES: ReadonlySet<unknown> = new Set(['failFast', 'waitAll', 'bestEffort', 'allowNone', 'race']);

/** What is wrong with a strategy is told; `members` is how many children there are, if that is known. */
export function checkStrategy(strategy: Strategy, checker: Checker, members?: number): void {
  if (STRATEGIES.has(strategy)) return;
  const { quorum, rest = 'cancel' } = Object(strategy) as { readonly quorum?: unknown; readonly rest?: unknown };
  if (
    typeof quorum !== 'number' ||
    !Number.isSafeInteger(quorum) ||
    quorum < 1 ||
    (rest !== 'cancel' && rest !== 'finish')
  ) {
    const names = [...STRATEGIES].map((name) => `'${String(name)}'`).join(', ');
    return checker.option('strategy', strategy, `${names} or { quorum: 2, rest: 'cancel' | 'finish' }`);
  }
  if (members !== undefined && quorum > members)
    checker.fault('bad-option', `A quorum of ${quorum} can never be reached: there are ${members}.`);
}

/** As it was given, with what may be left out of a quorum. */
export function readStrategy(given: unknown, otherwise: Strategy): Strategy {
  if (given === undefined) return otherwise;
  if (typeof given !== 'object' || given === null) return given as Strategy;
  return Object.freeze({ rest: 'cancel', ...given }) as Strategy;
}

/** `usual` is what it is if nothing is said. */
export function checkConcurrency(concurrency: number, checker: Checker, usual = 'no limit'): void {
  if (concurrency === Number.POSITIVE_INFINITY || (Number.isSafeInteger(concurrency) && concurrency > 0)) return;
  checker.option('concurrency', concurrency, `a whole number from 1; leave it out for ${usual}`);
}

/** What is wrong with limits is told; `option` is what they were given as. */
export function checkLimits(limits: readonly LimitDefinition[], option: string, checker: Checker): void {
  for (const limit of limits) {
    for (const [which, value, expected] of faultsOfLimit(limit, option)) checker.option(which, value, expected);
  }
}

/** A predicate or a mapper that has to be there, and may not wait. */
export function checkNow(value: unknown, option: string, checker: Checker): void {
  if (typeof value !== 'function') return checker.option(option, value, 'a function');
  checker.function(value, option);
  if (isAsync(value))
    checker.fault(
      'bad-option',
      `Option "${option}" is an async function, and nobody could wait for it (S5). Do the waiting in a step before.`,
    );
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
