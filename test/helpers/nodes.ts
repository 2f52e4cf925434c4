/** Plan nodes for tests of single machines, made without the builders. */
import type { GraphPlace, PlanNode, SleepSpec, WaitSpec, RetryPolicy, TaskDefinition } from '../../src/definition.ts';
import type { Json } from '../../src/json.ts';
import { NO_RETRY } from '../../src/retry.ts';
import type { ScheduleSpec } from '../../src/schedules/spec.ts';

const anything = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } };

export function taskDefinition(more: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    is: 'task',
    name: 'work',
    input: anything,
    output: anything,
    run: () => null,
    compensate: undefined,
    irreversible: false,
    cleanup: undefined,
    cleanupTimeout: 30_000,
    retry: NO_RETRY,
    timeout: undefined,
    ...more,
  };
}

const wait: WaitSpec = {
  signal: 'go',
  payload: null,
  where: null,
  timeout: 1_000,
  onTimeout: 'step',
  value: null,
};
/** When `HOURLY` is begun: half an hour before its only time. */
export const BEGUN = 1_800_000;

/** A schedule that fires once. */
const HOURLY: ScheduleSpec = {
  id: 's',
  cron: null,
  every: 3_600_000,
  zone: 'UTC',
  dst: { missing: 'skip', doubled: 'both' },
  from: null,
  until: 3 * BEGUN,
  of: { orchestrator: 'o', version: '1' },
  input: null,
  metadata: {},
  overlap: 'skip',
  catchUp: 86_400_000,
  jitter: 0,
  pauseOnFailure: null,
};

/** What a machine of this kind can do something with. */
export function inputOf(kind: string): Json {
  return kind === 'schedule' ? HOURLY : { n: 1 };
}

const SPECS: { readonly [kind: string]: object } = {
  sleep: { ms: 1_000 } satisfies SleepSpec,
  wait,
  run: { orchestrator: () => null, detach: false, depth: 10 },
  firing: { orchestrator: () => null, detach: false, depth: 10 },
  signal: { sends: 'go', required: false },
  emit: { event: 'told' },
  gate: { criteria: { n: { min: 1, required: true }, m: { min: 1 } }, threshold: 80 },
};

interface Shape {
  readonly children?: number;
  readonly strategy?: PlanNode['strategy'];
  readonly retry?: Partial<RetryPolicy>;
  readonly task?: Partial<TaskDefinition>;
}

/** A node of `kind`; a parent's children are independent tasks. */
export function nodeOf(kind: string, { children = 0, strategy = 'failFast', retry, task }: Shape = {}): PlanNode {
  const below = Array.from({ length: children }, (_, at) => placeOf('task', at));
  return {
    kind,
    noun: kind === 'orchestrator' ? 'run' : kind === 'track' || kind === 'composite' ? 'track' : 'step',
    called: kind,
    task: kind === 'task' ? taskDefinition({ retry: { ...NO_RETRY, maxAttempts: 3, ...retry }, ...task }) : null,
    spec: SPECS[kind] ?? null,
    schema: null,
    children: below,
    childByName: new Map(below.map((child) => [child.name, child])),
    makes: 'input',
    what: `input of ${kind} "${kind}"`,
    undoes: false,
    holds: false,
    deadline: null,
    repeats: false,
    catches: false,
    sees: 'dependencies',
    strategy,
    concurrency: 2,
    output: null,
    bodies: [],
    result: 'byName',
  };
}

/** A place that waits for nobody. */
export function placeOf(kind: string, ordinal = 0): GraphPlace {
  return { name: `${kind}${ordinal}`, ordinal, node: nodeOf(kind), input: null, after: [], dependents: [] };
}
