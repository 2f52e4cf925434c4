/** A task where it is declared: two schemas, a body that somebody may bind later, and its policies. */
import { type Checker, checkLimits, type Declaration } from '../../core/declaration.ts';
import type { TaskDefinition } from '../../definition.ts';
import { NO_LIMITS } from '../../limits.ts';

export const taskDeclaration: Declaration<TaskDefinition> = {
  name: 'task',
  noun: 'step',
  check(task, checker) {
    const other = checker.metBefore('task', task.name, task);
    if (other !== null) {
      const message = `Two different tasks are called "${task.name}": this one and the one at ${other}. A body is bound by the name of its task; rename one of them, or use one and the same.`;
      checker.fault('duplicate-name', message);
    }
    checker.schema(task.input, 'input');
    checker.schema(task.output, 'output');
    checker.function(task.run, 'run', 'bad-body');
    checker.function(task.compensate, 'compensate', 'bad-body');
    checker.function(task.cleanup, 'cleanup', 'bad-body');
    if (!(task.cleanupTimeout > 0)) checker.option('cleanupTimeout', task.cleanupTimeout, 'a duration above 0');
    if (task.timeout !== undefined && !(task.timeout > 0)) {
      checker.option('timeout', task.timeout, 'a duration above 0; leave it out for an attempt without a limit');
    }
    checkRetry(task.retry, checker);
    checkTaskLimits(task, checker);
  },
  plan(task, planner) {
    planner.task(task);
    return { task };
  },
  lines({ task }) {
    const lines: string[] = [];
    if (task === null) return lines;
    const { retry, timeout, compensate } = task;
    if (retry.maxAttempts > 1)
      lines.push(`${retry.maxAttempts} attempts, ${retry.backoff} from ${retry.delay} ms to ${retry.maxDelay} ms`);
    if (timeout !== undefined) lines.push(`timeout ${timeout} ms`);
    if (compensate !== undefined) lines.push('with a compensation');
    return lines;
  },
};

function checkTaskLimits({ limits = NO_LIMITS, priority = 0 }: TaskDefinition, checker: Checker): void {
  const isRate = ({ per }: (typeof limits)[number]): boolean => per !== null;
  checkLimits(
    limits.filter((limit) => !isRate(limit)),
    'concurrency',
    checker,
  );
  checkLimits(limits.filter(isRate), 'rate', checker);
  if (typeof priority !== 'function' && !Number.isFinite(priority)) {
    checker.option('priority', priority, 'a number, or a function that gives one');
  }
}

function checkRetry({ maxAttempts, backoff, jitter, when }: TaskDefinition['retry'], checker: Checker): void {
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    checker.option('retry.maxAttempts', maxAttempts, 'a whole number from 1 (the first attempt counts)');
  }
  if (backoff !== 'fixed' && backoff !== 'linear' && backoff !== 'exponential') {
    checker.option('retry.backoff', backoff, `'fixed', 'linear' or 'exponential'`);
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    checker.option('retry.jitter', jitter, 'a number from 0 to 1');
  }
  checker.function(when, 'retry.when');
}
