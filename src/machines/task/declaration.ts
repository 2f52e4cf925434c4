/** A task where it is declared: two schemas, a body that somebody may bind later, and its policies. */
import { faultsOfBudget, NO_BUDGETS } from '../../budgets.ts';
import { type Checker, checkLimits, type Declaration } from '../../core/declaration.ts';
import type { RetryPolicy, TaskDefinition, Undo } from '../../definition.ts';
import { NO_LIMITS } from '../../limits.ts';
import { checkApproval, linesOfApproval } from '../approval/reading.ts';

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
    checker.function(task.cleanup, 'cleanup', 'bad-body');
    if (!(task.cleanupTimeout > 0)) checker.option('cleanupTimeout', task.cleanupTimeout, 'a duration above 0');
    checkTimes(task, checker);
    checkRetry(task.retry, 'retry', checker);
    checkUndo(task, checker);
    checkTaskLimits(task, checker);
    if (task.approval !== undefined) checkApproval(task.approval, 'before', checker);
    if (task.review !== undefined) checkApproval(task.review, 'after', checker);
    if (task.review !== undefined && task.compensate !== undefined) checker.fault('bad-option', REVIEWED_AND_UNDONE);
  },
  plan(task, planner) {
    planner.task(task);
    return { task };
  },
  lines({ task }) {
    const lines: string[] = [];
    if (task === null) return lines;
    const { retry, timeout, totalTimeout, heartbeat, compensate, irreversible } = task;
    if (retry.maxAttempts > 1) lines.push(attemptsLine(retry));
    if (timeout !== undefined) lines.push(`timeout ${timeout} ms`);
    if (totalTimeout !== undefined) lines.push(`total timeout ${totalTimeout} ms`);
    if (heartbeat !== undefined) lines.push(`heartbeat ${heartbeat} ms`);
    if (compensate !== undefined) {
      lines.push('with a compensation');
      if (compensate.retry.maxAttempts > 1) lines.push(`undone in ${attemptsLine(compensate.retry)}`);
      if (compensate.timeout !== undefined) lines.push(`undone within ${compensate.timeout} ms`);
    }
    if (irreversible) lines.push('irreversible');
    for (const [what, spec] of Object.entries({ approval: task.approval, review: task.review }))
      if (spec !== undefined) lines.push(...linesOfApproval(spec).map((line) => `${what}: ${line}`));
    return lines;
  },
};

/** Undone is what has completed (I8), and what somebody is still to look at has not, although its body has done its work. */
export const REVIEWED_AND_UNDONE =
  'It has a "review" and a "compensate": rejected or cancelled while it is looked at, it has not completed, so what its body has done would stay. Take the "review" out, and ask in a step behind it, with .approval(name, { propose }), whose rejection has it undone.';

function attemptsLine({ maxAttempts, backoff, delay, maxDelay }: RetryPolicy): string {
  return `${maxAttempts} attempts, ${backoff} from ${delay} ms to ${maxDelay} ms`;
}

function checkTimes({ timeout, totalTimeout, heartbeat }: TaskDefinition, checker: Checker): void {
  if (timeout !== undefined && !(timeout > 0))
    checker.option('timeout', timeout, 'a duration above 0; leave it out for an attempt without a limit');
  if (totalTimeout !== undefined && !(totalTimeout > 0))
    checker.option('totalTimeout', totalTimeout, 'a duration above 0; leave it out for a step without a limit');
  if (heartbeat !== undefined && !(heartbeat > 0)) checker.option('heartbeat', heartbeat, 'a duration above 0');
  for (const [name, whole] of Object.entries({ totalTimeout, timeout })) {
    const part = name === 'timeout' ? heartbeat : timeout;
    if (whole === undefined || part === undefined || !(part > whole)) continue;
    const [what, it] = name === 'timeout' ? ['heartbeat', 'An attempt'] : ['timeout', 'A step'];
    checker.fault(
      'bad-option',
      `${it} is over after its "${name}" of ${whole} ms, so a "${what}" of ${part} ms would never be reached. Make it shorter, or leave it out.`,
    );
  }
}

/** What is to undo a step, in its task or where it is used. */
export function checkUndo({ compensate, irreversible }: Undo, checker: Checker): void {
  if (typeof irreversible !== 'boolean') checker.option('irreversible', irreversible, 'true or false');
  if (compensate === undefined) return;
  if (irreversible === true)
    checker.fault(
      'bad-option',
      'It is marked "irreversible" and has a "compensate", which would never be called. Take one of them out.',
    );
  const { run, retry, timeout } = compensate;
  if (typeof run !== 'function')
    checker.option('compensate', run, 'a function, or { run, retry, timeout } with a function in it', 'bad-body');
  if (timeout !== undefined && !(timeout > 0)) checker.option('compensate.timeout', timeout, 'a duration above 0');
  checkRetry(retry, 'compensate.retry', checker);
}

function checkTaskLimits(
  { limits = NO_LIMITS, budgets = NO_BUDGETS, priority = 0 }: TaskDefinition,
  checker: Checker,
): void {
  const isRate = ({ per }: (typeof limits)[number]): boolean => per !== null;
  checkLimits(
    limits.filter((limit) => !isRate(limit)),
    'concurrency',
    checker,
  );
  checkLimits(limits.filter(isRate), 'rate', checker);
  for (const budget of budgets)
    for (const [option, value, expected] of faultsOfBudget(budget)) checker.option(option, value, expected);
  if (typeof priority !== 'function' && !Number.isFinite(priority)) {
    checker.option('priority', priority, 'a number, or a function that gives one');
  }
}

function checkRetry({ maxAttempts, backoff, jitter, when }: RetryPolicy, option: string, checker: Checker): void {
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    checker.option(`${option}.maxAttempts`, maxAttempts, 'a whole number from 1 (the first attempt counts)');
  }
  if (backoff !== 'fixed' && backoff !== 'linear' && backoff !== 'exponential') {
    checker.option(`${option}.backoff`, backoff, `'fixed', 'linear' or 'exponential'`);
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    checker.option(`${option}.jitter`, jitter, 'a number from 0 to 1');
  }
  checker.function(when, `${option}.when`);
}
