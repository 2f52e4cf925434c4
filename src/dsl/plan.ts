/**
 * Turns a definition into a plan: names become ordinals, dependencies go both ways, and
 * every kind of body becomes a `PlanNode` of the same shape. Checks first; a plan of
 * something faulty does not exist.
 *
 * A body that is used in many places is compiled once, and its uses share the children.
 */
import type {
  BodyDefinition,
  CompositeDefinition,
  Facts,
  Finish,
  GraphPlace,
  Mapper,
  OrchestratorDefinition,
  Place,
  Plan,
  PlanNode,
  SleepSpec,
  StepDefinition,
  TaskDefinition,
  TrackDefinition,
  WaitDefinition,
  WaitSpec,
} from '../definition.ts';
import { fromMs } from '../duration.ts';
import { canonicalText, type Json } from '../json.ts';
import type { Schema } from '../schema.ts';
import { assertValid, isAsync } from './check.ts';
import type { AnyOrchestrator } from './orchestrator.ts';
import type { AnyBody } from './types.ts';
import { isBody, walk } from './walk.ts';

/** A child to be: where the ordinals go that a graph or a chain gives it. */
type Use = Pick<Place, 'name' | 'node' | 'input'>;

const NO_PLACES: readonly GraphPlace[] = Object.freeze([]);
const NO_NAMES: ReadonlyMap<string, GraphPlace> = new Map();
const NO_ORDINALS: readonly number[] = Object.freeze([]);

/** What a step without children has. */
const LEAF: Omit<PlanNode, 'kind' | 'called'> = {
  task: null,
  spec: null,
  schema: null,
  children: NO_PLACES,
  childByName: NO_NAMES,
  sees: 'earlier',
  strategy: 'failFast',
  concurrency: 1,
  output: null,
  result: 'last',
};

function sleepSpec(ms: number): SleepSpec {
  return Object.freeze({ line: `for ${fromMs(ms)}`, ms });
}

/** The step that a wait runs when its time is up. */
function insteadOf({ onTimeout }: WaitDefinition): StepDefinition | null {
  return typeof onTimeout === 'object' && 'body' in onTimeout ? onTimeout : null;
}

function waitSpec({ signal, payload, where, timeout, onTimeout }: WaitDefinition): WaitSpec {
  const then = onTimeout === 'fail' ? onTimeout : 'value' in onTimeout ? 'value' : 'step';
  const value = onTimeout !== 'fail' && 'value' in onTimeout ? onTimeout.value : null;
  const end = then === 'value' ? canonicalText(value) : then;
  const limit = timeout === undefined ? '' : `, ${fromMs(timeout)}, then ${end}`;
  return Object.freeze({
    line: `for signal ${JSON.stringify(signal)}${limit}`,
    signal,
    payload: payload ?? null,
    where: where ?? null,
    timeout: timeout ?? null,
    onTimeout: then,
    value,
  });
}

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
    const root = compiler.orchestrator(definition);
    return Object.freeze({ name: definition.name, version: definition.version, root, tasks: compiler.tasks });
  });
}

/**
 * The plan of one task on its own: a run whose input is the task's, and whose output is the task's.
 *
 * @throws DefinitionInvalid if the definition has faults.
 */
export function planOfTask(source: TaskDefinition | AnyBody): Plan {
  const definition = ('definition' in source ? source.definition : source) as TaskDefinition;
  return remembered(definition, () => {
    assertValid(definition);
    const compiler = new Compiler(definition);
    const name = `task:${definition.name}`;
    const uses = [{ name: definition.name, node: compiler.nodeOf(definition), input: ({ input }: Facts) => input }];
    const root = nodeWith({
      kind: 'orchestrator',
      called: name,
      task: null,
      spec: null,
      schema: null,
      ...children(uses, [NO_ORDINALS]),
      sees: 'dependencies',
      strategy: 'failFast',
      concurrency: Number.POSITIVE_INFINITY,
      output: null,
      result: 'last',
    });
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

class Compiler {
  readonly tasks = new Map<string, TaskDefinition>();
  readonly #nodes = new Map<BodyDefinition, PlanNode>();

  constructor(root: BodyDefinition | OrchestratorDefinition) {
    // What a definition contains comes before it, so its parts are always there already.
    for (const definition of walk(root)) if (isBody(definition)) this.#nodes.set(definition, this.#body(definition));
  }

  nodeOf(body: BodyDefinition | string): PlanNode {
    return this.#nodes.get(body as BodyDefinition)!;
  }

  orchestrator(definition: OrchestratorDefinition): PlanNode {
    const { name: called, tracks, output } = definition;
    const uses = tracks.map((use) => this.#use(use));
    const ordinals = new Map<string, number>();
    for (const [index, use] of tracks.entries()) ordinals.set(use.name, index);
    const after = tracks.map((use) => ordinalsOf(use.after, ordinals));
    const ending = isAsync(output) ? this.#ending('~output', called, factsOf, output as Mapper) : null;
    if (ending !== null) {
      after.push(everyOrdinal(uses.length));
      uses.push(ending);
    }
    return nodeWith({
      kind: 'orchestrator',
      called,
      task: null,
      spec: null,
      schema: definition.input,
      ...children(uses, after),
      sees: 'dependencies',
      strategy: definition.onFailure === 'continue' ? 'waitAll' : definition.onFailure,
      concurrency: definition.concurrency,
      // What its mappers call `previous` is always null: no track comes just before the end.
      output:
        output === undefined || ending !== null
          ? null
          : ({ input, outputs, run }) => output({ input, outputs, previous: null, run }),
      result: ending === null ? 'byName' : 'last',
    });
  }

  #body(definition: BodyDefinition): PlanNode {
    switch (definition.is) {
      case 'task':
        return this.#task(definition);
      case 'track':
        return this.#track(definition);
      case 'composite':
        return this.#composite(definition);
      case 'sleep':
        return nodeWith({ ...LEAF, kind: 'sleep', called: definition.name, spec: sleepSpec(definition.ms) });
      case 'wait':
        return this.#wait(definition);
      default:
        return definition satisfies never;
    }
  }

  /** A step for when the time is up is a child, whose mapper is told what one in the place of the wait would be. */
  #wait(definition: WaitDefinition): PlanNode {
    const instead = insteadOf(definition);
    const uses = instead === null ? [] : [this.#use(instead)];
    return nodeWith({
      ...LEAF,
      kind: 'wait',
      called: definition.name,
      spec: waitSpec(definition),
      ...children(
        uses,
        uses.map(() => NO_ORDINALS),
      ),
      sees: 'above',
    });
  }

  #task(task: TaskDefinition): PlanNode {
    this.tasks.set(task.name, task);
    return nodeWith({ ...LEAF, kind: 'task', called: task.name, task });
  }

  #track(definition: TrackDefinition): PlanNode {
    const { name: called, output } = definition;
    const uses = definition.steps.map((step) => this.#use(step));
    const ending = isAsync(output) ? this.#ending('~output', called, factsOf, output as Mapper) : null;
    if (ending !== null) uses.push(ending);
    const after = uses.map((_, index) => (index === 0 ? NO_ORDINALS : Object.freeze([index - 1])));
    return nodeWith({
      kind: 'track',
      called,
      task: null,
      spec: null,
      schema: definition.input ?? null,
      ...children(uses, after),
      sees: 'earlier',
      strategy: 'failFast',
      concurrency: 1,
      output:
        output === undefined || ending !== null
          ? null
          : (finish) => output({ ...factsOf(finish), previous: finish.ordered.at(-1) ?? null }),
      result: 'last',
    });
  }

  #composite(definition: CompositeDefinition): PlanNode {
    const { name: called, merge } = definition;
    const uses = definition.members.map((member) => this.#use(member));
    const after = uses.map(() => NO_ORDINALS);
    const ending = isAsync(merge) ? this.#merging(definition) : null;
    if (ending !== null) {
      after.push(everyOrdinal(uses.length));
      uses.push(ending);
    }
    return nodeWith({
      kind: 'composite',
      called,
      task: null,
      spec: null,
      schema: definition.input ?? null,
      ...children(uses, after),
      sees: 'dependencies',
      strategy: 'waitAll',
      concurrency: Number.POSITIVE_INFINITY,
      output: merge === undefined || ending !== null ? null : (finish) => merge(finish.ordered, finish.outputs),
      result: ending === null ? 'byName' : 'last',
    });
  }

  #use({ name, body, input }: StepDefinition): Use {
    return { name, node: this.nodeOf(body), input: input ?? null };
  }

  #merging({ name, members, merge }: CompositeDefinition): Use {
    const order = members.map((member) => member.name);
    const mapper = ({ outputs }: Facts) => ({
      ordered: order.map((member) => outputs[member] ?? null),
      named: outputs,
    });
    return this.#ending('~merge', name, mapper, ({ ordered, named }: Merged) => merge!(ordered, named));
  }

  /** The task that an async `output` or `merge` becomes: one more child, after all the others (S5). */
  #ending<I>(name: string, owner: string, mapper: Mapper, body: (input: I) => unknown): Use {
    let called = `${name}:${owner}`;
    for (let number = 2; this.tasks.has(called); number += 1) called = `${name}:${owner}:${number}`;
    const task: TaskDefinition = Object.freeze({
      is: 'task',
      name: called,
      input: AS_IT_COMES,
      output: AS_IT_COMES,
      run: ({ input }: { readonly input: I }) => body(input),
      compensate: undefined,
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
    return { name, node: this.#task(task), input: mapper };
  }
}

interface Merged {
  readonly ordered: readonly Json[];
  readonly named: { readonly [name: string]: Json };
}

/** A schema for what has been JSON all along. */
const AS_IT_COMES: Schema = Object.freeze({
  '~standard': Object.freeze({ version: 1, vendor: 'signalbox', validate: (value: unknown) => ({ value }) }),
});

function factsOf({ input, outputs, run, ...rest }: (Facts | Finish) & { readonly previous?: Json }): Facts {
  return { input, outputs, previous: rest.previous ?? null, run };
}

function children(
  uses: readonly Use[],
  after: readonly (readonly number[])[],
): Pick<PlanNode, 'children' | 'childByName'> {
  if (uses.length === 0) return { children: NO_PLACES, childByName: NO_NAMES };
  // A hundred thousand tracks of one step each should not pay for dependencies that they do not have.
  const dependents = after.some((others) => others.length > 0) ? turnedRound(after) : NO_DEPENDENTS;
  const places = uses.map(({ name, node, input }, ordinal): GraphPlace => {
    return Object.freeze({
      name,
      ordinal,
      node,
      input,
      after: after[ordinal]!,
      dependents: dependents[ordinal] ?? NO_ORDINALS,
    });
  });
  const childByName = new Map<string, GraphPlace>();
  for (const place of places) childByName.set(place.name, place);
  return { children: Object.freeze(places), childByName };
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

// Every property is written out: nodes of one hidden class keep the engine's reads fast and small.
function nodeWith(node: PlanNode): PlanNode {
  return Object.freeze({
    kind: node.kind,
    called: node.called,
    task: node.task,
    spec: node.spec,
    schema: node.schema,
    children: node.children,
    childByName: node.childByName,
    sees: node.sees,
    strategy: node.strategy,
    concurrency: node.concurrency,
    output: node.output,
    result: node.result,
  });
}

function ordinalsOf(names: readonly string[], ordinals: ReadonlyMap<string, number>): readonly number[] {
  if (names.length === 0) return NO_ORDINALS;
  if (names.length === 1) return Object.freeze([ordinals.get(names[0]!)!]);
  const found = new Set(names.map((name) => ordinals.get(name)!));
  return Object.freeze([...found].sort((left, right) => left - right));
}

function everyOrdinal(count: number): readonly number[] {
  return count === 0 ? NO_ORDINALS : Object.freeze(Array.from({ length: count }, (_, index) => index));
}
