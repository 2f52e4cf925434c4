/**
 * Every actor that a state may invoke, by the name that the machines use. Machines take the live forms alone, each from its
 * file: who draws or walks them in a browser has nothing of what a box does.
 */
import { approval } from './approval.ts';
import { backoff } from './backoff.ts';
import { begin } from './begin.ts';
import { cleanup } from './cleanup.ts';
import { compensate } from './compensate.ts';
import { childRun, endChild, pull, sendSignal, undoChild } from './errands.ts';
import { execute } from './execute.ts';
import { signal } from './signal.ts';
import { sleep } from './sleep.ts';
import { children, intervention, runEnd, stopping } from './waiting.ts';

export const actors = {
  begin,
  execute,
  backoff,
  sleep,
  signal,
  cleanup,
  compensate,
  children,
  stopping,
  approval,
  intervention,
  runEnd,
  childRun,
  endChild,
  undoChild,
  pull,
  send: sendSignal,
} as const;
