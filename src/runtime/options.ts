/** The options of `createSignalbox`, and what is made of them: every fault in words, before anything runs. */
import { collectorOf, type KeyedOptions } from './collector.ts';
import type { JsonObject } from '../json.ts';
import type { Clock } from '../clock.ts';
import type { Kind, Kinds } from '../core/kind.ts';
import type { Body, OrchestratorDefinition, Plan } from '../definition.ts';
import { type AnyOrchestrator, droppedIn, planOf } from '../dsl/index.ts';
import { type Duration, toMs } from '../duration.ts';
import { DefinitionInvalid, InvalidOption, reasonOf, show, TaskMissing, TaskUnknown } from '../errors/index.ts';
import type { Executor, Logger, LogLine } from '../executor.ts';
import { type Hook, UNHOOKED } from '../hooks.ts';
import type { Ids } from '../ids.ts';
import { whenRejected } from '../promises.ts';
import type { Store } from '../store.ts';
import { ask, askOptions, isObject } from '../checks.ts';
import { BOX_OPTIONS } from './option-names.ts';
import { checkLimitOptions, type LimitOptions } from './box-limits.ts';
import type { Lane } from '../core/lanes.ts';
import type { Redact } from '../views/redaction.ts';
import type { Tracing } from '../tracing.ts';
import { checkTracing } from './tracing.ts';
import { type Course, fieldsOf, type LogFields, tellAll, tellFailures, textOf } from '../views/lines.ts';
import { nodesIn } from '../plan-nodes.ts';

/** A logger with a method for each level, such as `console`. */
export type LogMethods = { readonly [L in LogLine['level']]: (message: string) => void };

/** A logger that takes fields before the message, such as one of pino's: it is known by its `bindings`. */
export type StructuredLogger = {
  readonly [L in LogLine['level']]: (fields: LogFields, message: string) => void;
} & { bindings(): object };

/** Everything but `orchestrators` and `tasks`, which are typed by what is given. */
export interface BoxOptions extends LimitOptions {
  /** Where runs are kept. Left out: in memory, until the process ends. */
  readonly store?: Store;
  /** Where bodies run. Left out: in this process. */
  readonly executor?: (bodies: { readonly [task: string]: Body }) => Executor;
  /** How many bytes of JSON one value may have. Left out: 1 MiB (S33). */
  readonly maxValueBytes?: number;
  /** How many signals of one name a run keeps until a step waits for them. Left out: 100. */
  readonly signalBuffer?: number;
  /** How many runs that only wait are kept in memory, too. Left out: 1,000. */
  readonly idleRuns?: number;
  /** What is called before and after the runs, tracks and steps of this box (S31): before those of definitions, and after them in the end. */
  readonly hooks?: readonly Hook[];
  /**
   * What is secret (S34), and blanked wherever something is told of a run: paths (`'input.card.number'`, `'*.password'`), patterns for texts,
   * and `{ key: /token/i }`. What is stored, what bodies are handed and what a run results in stays whole.
   */
  readonly redact?: readonly Redact[];
  /** Kinds of step that do not come with the package (`defineKind`). */
  readonly kinds?: readonly Kind[];
  /** After how long without a sign of life a process is taken for dead by those that share its store. Left out: 10 s. */
  readonly lease?: Duration;
  /** Time, for tests: `fakeClock()` of `signalbox/testing`. */
  readonly clock?: Clock;
  /** Makes ids for runs that are started without one. */
  readonly ids?: Ids;
  /**
   * Where lines go: a function gets each as data, pino's logger (or Fastify's) as fields and a message, another object with
   * `error`, `warn`, `info` and `debug` (such as `console`) as text. Left out: what failed, what is retried and what was resumed, to stderr; where `NODE_ENV` is `test` or
   * `production`, only what is wrong with the box itself.
   */
  readonly logger?: Logger | LogMethods | StructuredLogger;
  /** Where traces go: `openTelemetry()` of `signalbox/opentelemetry`. Left out: nowhere. */
  readonly tracing?: Tracing;
  /** Which way machines are stepped; for measuring and for doubt. Left out: `table`. */
  readonly lane?: Lane;
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

const SHORTEST_LEASE = 500;

/** Refuses options that there are not, and values that they cannot have. */
export function checkBoxOptions(
  options: BoxOptions & { readonly orchestrators?: unknown; readonly tasks?: unknown },
): void {
  askOptions('createSignalbox', options, BOX_OPTIONS);
  const {
    store,
    executor,
    maxValueBytes,
    signalBuffer,
    idleRuns,
    kinds,
    clock,
    ids,
    logger,
    tracing,
    lane,
    lease,
    orchestrators,
    tasks,
  } = options;
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  const isCount = (least: number) => (value: unknown) =>
    value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= least);

  checkLimitOptions(options);
  checkTracing(tracing);
  ask('maxValueBytes', maxValueBytes, 'a whole number from 1 on', isCount(1));
  ask('signalBuffer', signalBuffer, 'a whole number from 0 on', isCount(0));
  ask('idleRuns', idleRuns, 'a whole number from 0 on', isCount(0));
  ask('kinds', kinds, 'an array of kinds, which "defineKind" makes', (value) => {
    return Array.isArray(value) && value.every((kind) => isObject(kind) && (kind as Partial<Kind>).isForeign === true);
  });
  ask('lease', lease, 'at least 500ms: a sign of life goes over a network', (value) => {
    return toMs(value as Duration, 'lease') >= SHORTEST_LEASE;
  });
  ask('lane', lane, `'table' or 'xstate'`, (value) => value === 'table' || value === 'xstate');
  ask('executor', executor, 'a function from bodies to an executor', isFunction);
  ask('ids', ids, 'a function that makes an id', isFunction);
  ask('logger', logger, 'a function that takes a line, or an object with error, warn, info and debug', (value) => {
    return isFunction(value) || has(value, ...LEVELS);
  });
  ask('store', store, 'a store: memory(), sqlite(file), …', (value) => has(value, 'commit', 'readOpen', 'claim'));
  ask('clock', clock, 'a clock with now() and wakeAfter()', (value) => has(value, 'now', 'wakeAfter'));
  ask('tasks', tasks, 'an object of bodies by task name', (value) => isObject(value) && !Array.isArray(value));
  ask(
    'orchestrators',
    orchestrators,
    'an array of orchestrators',
    (value) => Array.isArray(value) && value.every(isOrchestrator),
  );
}

function has(value: unknown, ...methods: readonly string[]): boolean {
  return (
    isObject(value) &&
    methods.every((method) => typeof (value as { readonly [name: string]: unknown })[method] === 'function')
  );
}

/** @internal */
export function isOrchestrator(value: unknown): value is AnyOrchestrator {
  return isObject(value) && 'is' in value && value.is === 'orchestrator';
}

/** What a plan goes by in a box: several versions of one orchestrator may stand side by side. */
export function planName(orchestrator: string, version: string): string {
  return `${orchestrator}@${version}`;
}

/** Is it a plan of the engine's own, as those of schedules and of starts that are collected? */
export function isEngines({ name, root }: Plan): boolean {
  return name.startsWith('~') || root.hooks === UNHOOKED;
}

/** The orchestrators among plans, for messages; the engine's own are not told. */
export function knownPlans(plans: Iterable<Plan>): readonly string[] {
  const known: string[] = [];
  for (const plan of plans) if (!isEngines(plan)) known.push(`${plan.name} (version ${plan.version})`);
  return known;
}

/** Every kind that a plan has a place of is one that the box knows. */
export function checkKinds({ root }: Plan, kinds: Kinds): void {
  for (const { kind } of nodesIn(root)) kinds.get(kind);
}

/** The definitions of these orchestrators, and of those that their steps start runs of: a box goes on with those, too. */
export function withChildren(orchestrators: readonly AnyOrchestrator[]): readonly OrchestratorDefinition[] {
  const all = orchestrators.map(({ definition }) => definition);
  const known = new Set(all);
  // The list grows while it is read.
  for (const definition of all) {
    const collector = collectorOf(definition);
    for (const child of [
      ...(planOf(definition).starts ?? []).map((start) => start()),
      ...(collector === null ? [] : [collector]),
    ]) {
      if (!known.has(child)) all.push(child);
      known.add(child);
    }
  }
  return all;
}

/** The plans of all orchestrators, by `planName`. */
export function readPlans(definitions: readonly OrchestratorDefinition[]): Map<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const definition of definitions) {
    const plan = planOf(definition);
    const name = planName(plan.name, plan.version);
    if (plans.has(name)) {
      const message = `two orchestrators are called "${plan.name}" in version "${plan.version}"; a box tells them apart by name and version`;
      throw new DefinitionInvalid({
        definition: plan.name,
        faults: [{ code: 'duplicate-name', path: plan.name, message }],
      });
    }
    plans.set(name, plan);
  }
  return plans;
}

/** A warning for each step that somebody added to a definition and lost. */
export function tellDropped(definitions: readonly OrchestratorDefinition[], logger: Logger): void {
  const told = new Set<string>();
  for (const definition of definitions) {
    for (const { step, message } of droppedIn(definition)) {
      if (told.has(message)) continue;
      told.add(message);
      logger({ level: 'warn', message, fields: { code: 'step-dropped', step } });
    }
  }
}

/** Every task has a body, and every body a task; all that is wrong is told at once. */
export function checkBodies(plans: ReadonlyMap<string, Plan>, bodies: { readonly [task: string]: Body }): void {
  const missing: { task: string; orchestrator: string }[] = [];
  const called = new Set<string>();
  for (const { name: orchestrator, tasks } of plans.values()) {
    for (const [task, { run }] of tasks) {
      called.add(task);
      const body = (Object.hasOwn(bodies, task) ? bodies[task] : undefined) ?? run;
      if (body === undefined) missing.push({ task, orchestrator });
      else if (typeof body !== 'function')
        throw new InvalidOption({ option: `tasks.${task}`, value: body, expected: 'a function' });
    }
  }
  const unknown = Object.keys(bodies).filter((task) => !called.has(task));
  if (unknown.length > 0) {
    // The engine's own steps (`~merge`) are called, too, but nobody gives a body for them.
    const known = [...called].filter((task) => !task.startsWith('~'));
    throw new TaskUnknown({ tasks: unknown, known, missing: missing.map(({ task }) => task) });
  }
  if (missing.length > 0) throw new TaskMissing({ tasks: missing });
}

/** A logger that throws must not take a run with it; what it should have said goes to the console. */
function safely(logger: Logger): Logger {
  return (line) => {
    const failed = (thrown: unknown): void =>
      console.error(`signalbox: the logger threw (${reasonOf(thrown)}) at: ${show(line.message)}`);
    try {
      whenRejected(logger(line), failed);
    } catch (thrown) {
      failed(thrown);
    }
  };
}

/** Where the lines of a box go, and which of its runs' events become lines. */
export interface Log {
  readonly logger: Logger;
  readonly course: Course;
}

/** What becomes of the option `logger`. */
export function logOf(option: BoxOptions['logger'], environment = nodeEnvironment()): Log {
  if (typeof option === 'function') return { logger: safely(option), course: tellAll };
  if (option !== undefined) {
    const inner: Logger = isStructured(option)
      ? (line) => option[line.level](fieldsOf(line), line.message)
      : (line) => option[line.level](textOf(line));
    return { logger: safely(inner), course: tellAll };
  }
  const isQuiet = environment === 'test' || environment === 'production';
  return isQuiet ? { logger: aboutTheBox, course: () => {} } : { logger: atTheTerminal, course: tellFailures };
}

function isStructured(option: LogMethods | StructuredLogger): option is StructuredLogger {
  return typeof (option as Partial<StructuredLogger>).bindings === 'function';
}

/** To stderr, so that what the application prints stays its own. */
const atTheTerminal: Logger = (line) => {
  if (line.level !== 'debug') console[line.level === 'error' ? 'error' : 'warn'](textOf(line));
};

const aboutTheBox: Logger = (line) => {
  if (line.level !== 'info') atTheTerminal(line);
};

function nodeEnvironment(): string | undefined {
  return typeof process === 'object' ? process.env.NODE_ENV : undefined;
}

/** What a run is started with. */
export interface StartOptions<Input> extends KeyedOptions {
  readonly input: Input;
  /** Starting twice under one id starts once: the second time gives the run that is there (S17). */
  readonly id?: string;
  /** An idempotency key of yours, unique within the orchestrator: as with `id`, but the run gets an id of its own (S17). */
  readonly key?: string;
  /** Read-only facts for every body, child run and event of the run: tenant, user, trace (S6). */
  readonly metadata?: JsonObject;
}
