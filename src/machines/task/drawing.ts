/** How a task is drawn: the task, if the step is called otherwise, and its policies. */
import type { Drawn } from '../../core/drawing.ts';
import { fromMs } from '../../duration.ts';

export const drawTask: Drawn = ({ task, called }) => {
  if (task === null) return {};
  const { retry, timeout, compensate, irreversible } = task;
  const parts = [called];
  if (retry.maxAttempts > 1) parts.push(`up to ${retry.maxAttempts} attempts`);
  if (timeout !== undefined) parts.push(`within ${fromMs(timeout)}`);
  if (compensate !== undefined) parts.push('can be undone');
  if (irreversible) parts.push('irreversible');
  return { detail: parts.join(', ') };
};
