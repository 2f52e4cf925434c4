/**
 * Turns a definition into a plan: names become ordinals, dependencies go both ways, and
 * every kind of body becomes a `PlanNode` of the same shape. Checks first; a plan of
 * something faulty does not exist.
 *
 * A body that is used in many places is compiled once, and its uses share the children.
 */
import { type Declaration, NO_ORDINALS, type NodeParts, type Planner, type Use } from '../core/declaration.ts';
import type { Drawing } from '../core/drawing.ts';
import type {
  AnyDefinition,
  BodyDefinition,
  Facts,
  GraphPlace,
  Mapper,
  OrchestratorDefinition,
  Plan,
  PlanNode,
  StepDefinition,
  TaskDefinition,
  Undo,
} from '../definition.ts';
import { type HookDefinition, NO_HOOKS } from '../hooks.ts';
import { NO_LIMITS } from '../limits.ts';
import { declarationOf } from '../machines/declarations.ts';
import { AS_IT_COMES } from '../schema.ts';
import { assertValid } from './check.ts';
import type { AnyOrchestrator } from './orchestrator.ts';
import type { AnyBody } from './types.ts';
import { isBody, walk } from './walk.ts';

const NO_PLACES: readonly GraphPlace[] = Object.freeze([]);
const NO_NAMES: ReadonlyMap<string, GraphPlace> = new Map();

const plans = new WeakMap<object, Plan>();

/**
 * The plan of an orchestrator, compiled once.
 *
 * @throws DefinitionInvalid if the definition has faults.
 */
export function planOf(source: OrchestratorDefinition | AnyOrchestrator): Plan {
  const definition = 'definition' in source ? source.definition : source;
  return remembered(definition, () => {
    assertValid(definition);
    const compiler = new Compiler(definition);
    const root = compiler.compile(definition);
    const { tasks, started: starts } = compiler;
    return Object.freeze({ name: definition.name, version: definition.version, root, tasks, starts });
  });
}

/**
 * The plan of one task on its own: a run whose input is the task's, and whose output is the task's.
 *
 * @throws DefinitionInvalid if the definition has faults.
 */
export function planOfTask(source: TaskDefinition | AnyBody): Plan {
  const definition = ('definition' in source ? source.definition : source) as TaskDefinition;
  return planOfStep(`task:${definition.name}`, definition);
}

/**
 * The plan of a body on its own: a run whose input is that of its one step, and so is its output.
 *
 * @throws DefinitionInvalid if the definition has faults.
 */
export function planOfStep(name: string, definition: BodyDefinition): Plan {
  return remembered(definition, () => {
    assertValid(definition);
    const compiler = new Compiler(definition);
    const uses = [{ name: definition.name, node: compiler.nodeOf(definition), input: ({ input }: Facts) => input }];
    const concurrency = Number.POSITIVE_INFINITY;
    const parts = { ...compiler.graph(uses, [NO_ORDINALS]), sees: 'dependencies', concurrency } as const;
    const root = nodeOf('orchestrator', 'run', name, parts);
    return Object.freeze({ name, version: '1', root, tasks: compiler.tasks });
  });
}

/** The node of one body on its own, for a machine without a box. */
export function nodeOfBody(body: BodyDefinition): PlanNode {
  return (planOfTask(body as TaskDefinition).root.children[0] as GraphPlace).node;
}

function remembered(definition: object, compile: () => Plan): Plan {
  let plan = plans.get(definition);
  if (plan === undefined) {
    plan = compile();
    plans.set(definition, plan);
  }
  return plan;
}

/** The kind that has made a node, for what only kinds can say of one. */
const declared = new WeakMap<PlanNode, Declaration<never>>();

/** What a run is pinned to of a node, beside its name and its dependencies. */
export function linesOf(node: PlanNode): readonly string[] {
  return declared.get(node)?.lines?.(node) ?? [];
}

/** How a kind from outside says that its node is drawn; undefined if it says nothing. */
export function drawnBy(node: PlanNode): Drawing | undefined {
  return declared.get(node)?.drawn?.(node);
}

class Compiler implements Planner {
  readonly tasks = new Map<string, TaskDefinition>();
  /** Orchestrators that its steps start. */
  readonly started: (() => OrchestratorDefinition)[] = [];
  readonly #nodes = new Map<BodyDefinition, PlanNode>();
  /** What fails for good in a run of it stands still. */
  readonly #holds: boolean;

  constructor(root: BodyDefinition | OrchestratorDefinition) {
    this.#holds = 'onFailure' in root && root.onFailure === 'pause';
    // What a definition contains comes before it, so its parts are always there already.
    for (const definition of walk(root)) if (isBody(definition)) this.#nodes.set(definition, this.compile(definition));
  }

  compile(definition: AnyDefinition): PlanNode {
    const declaration = declarationOf(definition);
    const { name: kind, noun } = declaration;
    const { hooks = NO_HOOKS } = definition as { readonly hooks?: readonly HookDefinition[] };
    const parts = { holds: this.#holds, hooks, ...declaration.plan(definition, this) };
    const node = nodeOf(kind, noun, definition.name, parts);
    declared.set(node, declaration);
    return node;
  }

  nodeOf(body: BodyDefinition | string): PlanNode {
    return this.#nodes.get(body as BodyDefinition)!;
  }

  use({ name, body, input, undo, cache, optional = false, permissive = false }: StepDefinition): Use {
    const made = this.nodeOf(body);
    const undone = undo === undefined ? made : undoneBy(made, undo);
    const node =
      cache === undefined || undone.task === null ? undone : derived(undone, { task: { ...undone.task, cache } });
    // Nobody needs to be asked about what may fail, or says itself what its failure means.
    return {
      name,
      node: (optional || permissive) && node.holds ? derived(node, { holds: false }) : node,
      input: input ?? null,
      optional,
      permissive,
    };
  }

  task(definition: TaskDefinition): void {
    this.tasks.set(definition.name, definition);
  }

  starts(orchestrator: () => OrchestratorDefinition): void {
    this.started.push(orchestrator);
  }

  made(name: string, definition: BodyDefinition): Use {
    return { name, node: this.compile(definition), input: null };
  }

  /** The task that an async `output` or `merge` becomes: one more child, after all the others (S5). */
  ending<I>(name: string, owner: string, mapper: Mapper, body: (input: I) => unknown): Use {
    let called = `${name}:${owner}`;
    for (let number = 2; this.tasks.has(called); number += 1) called = `${name}:${owner}:${number}`;
    const task: TaskDefinition = Object.freeze({
      is: 'task',
      name: called,
      input: AS_IT_COMES,
      output: AS_IT_COMES,
      run: ({ input }: { readonly input: I }) => body(input),
      compensate: undefined,
      irreversible: false,
      cleanup: undefined,
      cleanupTimeout: 30_000,
      retry: Object.freeze({
        maxAttempts: 1,
        delay: 1_000,
        backoff: 'exponential',
        maxDelay: 1_000,
        jitter: 0,
        when: undefined,
      }),
      timeout: undefined,
    });
    return { name, node: this.compile(task), input: mapper };
  }

  graph(uses: readonly Use[], after: readonly (readonly number[])[]): Pick<PlanNode, 'children' | 'childByName'> {
    if (uses.length === 0) return { children: NO_PLACES, childByName: NO_NAMES };
    // A hundred thousand tracks of one step each should not pay for dependencies that they do not have.
    const dependents = after.some((others) => others.length > 0) ? turnedRound(after) : NO_DEPENDENTS;
    const places = uses.map(({ name, node, input, optional = false, permissive = false }, ordinal): GraphPlace => {
      const waitsFor = after[ordinal] ?? NO_ORDINALS;
      return Object.freeze({
        name,
        ordinal,
        node,
        input,
        optional,
        permissive,
        after: waitsFor,
        dependents: dependents[ordinal] ?? NO_ORDINALS,
      });
    });
    const childByName = new Map<string, GraphPlace>();
    for (const place of places) childByName.set(place.name, place);
    return { children: Object.freeze(places), childByName };
  }
}

/** The node of a task as one of its uses has it undone. */
function undoneBy(node: PlanNode, undo: Undo): PlanNode {
  return derived(node, { task: Object.freeze({ ...(node.task as TaskDefinition), ...undo }) });
}

/** A node that is otherwise in one of its uses. */
function derived(node: PlanNode, more: Partial<PlanNode>): PlanNode {
  const use: PlanNode = Object.freeze({ ...node, ...more });
  const declaration = declared.get(node);
  if (declaration !== undefined) declared.set(use, declaration);
  return use;
}

const NO_DEPENDENTS: readonly undefined[] = Object.freeze([]);

/** Who waits for each, in ascending order. Those for whom nobody waits have no entry. */
function turnedRound(after: readonly (readonly number[])[]): readonly (number[] | undefined)[] {
  const dependents: (number[] | undefined)[] = new Array(after.length).fill(undefined);
  for (const [index, others] of after.entries()) {
    for (const other of others) {
      const list = dependents[other];
      if (list === undefined) dependents[other] = [index];
      else list.push(index);
    }
  }
  for (const list of dependents) if (list !== undefined) Object.freeze(list);
  return dependents;
}

// Every property is written out: nodes of one hidden class keep the engine's reads fast and small. What a kind leaves out is that of a step.
function nodeOf(kind: string, noun: PlanNode['noun'], called: string, parts: NodeParts): PlanNode {
  const { makes = 'input' } = parts;
  return Object.freeze({
    kind,
    noun,
    called,
    task: parts.task ?? null,
    spec: parts.spec ?? null,
    makes,
    what: `${makes} of ${kind} "${called}"`,
    schema: parts.schema ?? null,
    children: parts.children ?? NO_PLACES,
    childByName: parts.childByName ?? NO_NAMES,
    repeats: parts.repeats ?? false,
    catches: parts.catches ?? false,
    sees: parts.sees ?? 'earlier',
    strategy: parts.strategy ?? 'failFast',
    concurrency: parts.concurrency ?? 1,
    undoes: parts.undoes ?? false,
    holds: parts.holds ?? false,
    deadline: parts.deadline ?? null,
    bodies: parts.bodies ?? NO_LIMITS,
    hooks: parts.hooks ?? NO_HOOKS,
    output: parts.output ?? null,
    result: parts.result ?? 'last',
  });
}
