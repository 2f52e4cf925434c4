/** The options of `createSignalbox`, and what is made of them: every fault in words, before anything runs. */
import type { Clock } from '../clock.ts';
import type { Body, Plan } from '../definition.ts';
import { type AnyOrchestrator, planOf } from '../dsl/index.ts';
import { DefinitionInvalid, InvalidOption, TaskMissing, TaskUnknown } from '../errors.ts';
import type { Executor, Logger } from '../executor.ts';
import type { Ids } from '../ids.ts';
import type { Store } from '../store.ts';
import type { Lane } from './lanes.ts';

/** Everything but `orchestrators` and `tasks`, which are typed by what is given. */
export interface BoxOptions {
  /** Where runs are kept. Left out: in memory, until the process ends. */
  readonly store?: Store;
  /** Where bodies run. Left out: in this process. */
  readonly executor?: (bodies: { readonly [task: string]: Body }) => Executor;
  /** How many bodies may run at once; the others wait in line. Left out: as many as there are. */
  readonly concurrency?: number;
  /** How many bytes of JSON one value may have. Left out: 1 MiB (S33). */
  readonly maxValueBytes?: number;
  /** How many runs that only wait are kept in memory, too. Left out: 1,000. */
  readonly idleRuns?: number;
  /** Time, for tests: `fakeClock()` of `signalbox/testing`. */
  readonly clock?: Clock;
  /** Makes ids for runs that are started without one. */
  readonly ids?: Ids;
  /** Where lines go. Left out: warnings and errors to the console. */
  readonly logger?: Logger;
  /** Which way machines are stepped; for measuring and for doubt. Left out: `table`. */
  readonly lane?: Lane;
}

/** Refuses values that an option cannot have. */
export function checkOptions(options: BoxOptions): void {
  const positive = (name: 'concurrency' | 'maxValueBytes' | 'idleRuns', least: number): void => {
    const value = options[name];
    if (value === undefined || value === Number.POSITIVE_INFINITY) return;
    if (!Number.isInteger(value) || value < least)
      throw new InvalidOption({ option: name, value, expected: `a whole number from ${least} on` });
  };
  positive('concurrency', 1);
  positive('maxValueBytes', 1);
  positive('idleRuns', 0);
  const { lane, executor } = options;
  if (lane !== undefined && lane !== 'table' && lane !== 'xstate') {
    throw new InvalidOption({ option: 'lane', value: lane, expected: `'table' or 'xstate'` });
  }
  if (executor !== undefined && typeof executor !== 'function') {
    throw new InvalidOption({ option: 'executor', value: executor, expected: 'a function from bodies to an executor' });
  }
}

/** The plans of all orchestrators by name. */
export function readPlans(orchestrators: readonly AnyOrchestrator[]): Map<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const orchestrator of orchestrators) {
    const plan = planOf(orchestrator);
    if (plans.has(plan.name)) {
      const message = `two orchestrators are called "${plan.name}"; a box tells them apart by name`;
      throw new DefinitionInvalid({
        definition: plan.name,
        faults: [{ code: 'duplicate-name', path: plan.name, message }],
      });
    }
    plans.set(plan.name, plan);
  }
  return plans;
}

/** Every task has a body, and every body a task; all that are missing are told at once. */
export function checkBodies(plans: ReadonlyMap<string, Plan>, bodies: { readonly [task: string]: Body }): void {
  const missing: { task: string; orchestrator: string }[] = [];
  const known = new Set<string>();
  for (const { name: orchestrator, tasks } of plans.values()) {
    for (const [task, { run }] of tasks) {
      known.add(task);
      const body = Object.hasOwn(bodies, task) ? bodies[task] : run;
      if (body === undefined) missing.push({ task, orchestrator });
      else if (typeof body !== 'function')
        throw new InvalidOption({ option: `tasks.${task}`, value: body, expected: 'a function' });
    }
  }
  for (const task of Object.keys(bodies)) {
    if (!known.has(task)) throw new TaskUnknown({ task, known: [...known] });
  }
  if (missing.length > 0) throw new TaskMissing({ tasks: missing });
}

/** Warnings and errors, a line each. */
export const consoleLogger: Logger = ({ level, message, run, path }) => {
  if (level !== 'warn' && level !== 'error') return;
  const place = run === undefined ? '' : ` [${run}${path ? `/${path}` : ''}]`;
  console[level](`signalbox${place}: ${message}`);
};
