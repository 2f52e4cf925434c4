/**
 * `defineKind`: a kind of step that does not come with the package. It is one object: how its options are read and checked, its
 * machine, what its states invoke and wish, its children. What it leaves out is that of a step without children.
 */
import { actors } from '../actors/index.ts';
import type { Checker, Declaration, NodeParts, Planner, ReadPort } from '../core/declaration.ts';
import type { Drawing } from '../core/drawing.ts';
import type { Invoked } from '../core/effect.ts';
import type { Kind, Memory } from '../core/kind.ts';
import type { KindDefinition, Mapper, PlanNode, StepDefinition } from '../definition.ts';
import { reasonOf } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import { tellStep } from './telling.ts';

/** A kind of step, as a track takes it. `Options` is what it is declared with, `Output` what it leaves behind. */
export interface StepKind<Options, Output> extends Kind {
  readonly declaration: Declaration<KindDefinition>;
  /** How the options become what the kind keeps of them. */
  readonly read: (options: unknown, reader: ReadPort) => object;
  /** What makes the step's input, by what was read. */
  readonly input?: (spec: object) => Mapper | undefined;
  /** Of the types alone. */
  readonly types?: { readonly options: (options: Options) => void; readonly output: Output };
}

/** What a kind of step is made of. `Spec` is what it keeps of its options. */
export interface KindOptions<Options, Spec extends object>
  extends Pick<Kind, 'name' | 'machine'>,
    Partial<Pick<Kind, 'acts' | 'children' | 'placeNamed' | 'tell' | 'keep' | 'changed' | 'recount' | 'records'>> {
  /** Actors of its own; those of the package are there in any case. */
  readonly actors?: { readonly [name: string]: Invoked };
  /** Reads the options: nothing is thrown, what is wrong is noted. */
  read(options: Options, reader: ReadPort): Spec;
  /**
   * The mapper that makes the step's input when it begins: one of the options, or around one. It is called once; its input is in the
   * row, and what it throws fails the step. Left out: `{}`.
   */
  input?(spec: Spec): Mapper | undefined;
  /** The bodies that it uses. */
  steps?(spec: Spec): readonly StepDefinition[];
  check?(spec: Spec, checker: Checker): void;
  /** Its children, if it has any, and how it decides. */
  plan?(spec: Spec, planner: Planner): NodeParts;
  /** What a run is pinned to. */
  line?(spec: Spec): string;
  /** How charts show it; left out, by its name and its children alone. */
  drawn?(spec: Spec): Drawing;
}

/** The columns that a row has for every memory, and what is no part of one. */
const COLUMNS: ReadonlySet<string> = new Set(['node', 'input', 'output', 'error', 'attempt']);

/**
 * Declares a kind of step. `Output` has to be said, for it cannot be read off a machine.
 *
 * @example
 * const door = defineKind<{ readonly opens: string }, string>()({
 *   name: 'door',
 *   machine: doorMachine,
 *   read: ({ opens }) => ({ opens }),
 *   line: ({ opens }) => `opens ${opens}`,
 * });
 */
export function defineKind<Options, Output>(): <Spec extends object>(
  options: KindOptions<Options, Spec>,
) => StepKind<Options, Output> {
  return <Spec extends object>(options: KindOptions<Options, Spec>): StepKind<Options, Output> => {
    const { name, machine, read, input, steps, check, plan, line, drawn, actors: own, ...engine } = options;
    const specOf = ({ spec }: KindDefinition): Spec => spec as Spec;
    const declaration: Declaration<KindDefinition> = {
      name,
      noun: 'step',
      ...(steps === undefined ? {} : { steps: (definition) => steps(specOf(definition)) }),
      check(definition, checker) {
        try {
          check?.(specOf(definition), checker);
          if (steps !== undefined) checker.steps(steps(specOf(definition)), 'step');
        } catch (thrown) {
          checker.fault('bad-option', `The kind "${name}" threw when it was asked what is wrong: ${reasonOf(thrown)}`);
        }
      },
      plan: (definition, planner) => ({ spec: definition.spec, ...plan?.(specOf(definition), planner) }),
      ...(drawn === undefined ? {} : { drawn: ({ spec }: PlanNode) => drawn(spec as Spec) }),
      ...(line === undefined ? {} : { lines: ({ spec }: PlanNode) => [line(spec as Spec)] }),
    };
    return Object.freeze({
      tell: tellStep,
      keep: keepRest,
      changed: () => true,
      ...engine,
      name,
      noun: 'step',
      isForeign: true,
      machine,
      actors: { ...actors, ...own },
      read: read as StepKind<Options, Output>['read'],
      ...(input === undefined ? {} : { input: input as NonNullable<StepKind<Options, Output>['input']> }),
      declaration,
    } satisfies StepKind<Options, Output>);
  };
}

/** Whatever has no column of its own. */
function keepRest(memory: Memory): JsonObject {
  return Object.fromEntries(Object.entries(memory).filter(([key]) => !COLUMNS.has(key))) as JsonObject;
}
