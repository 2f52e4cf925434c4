/**
 * The kinds of the steps, tracks and orchestrators that users write: all that a run without a box needs. Each is a folder beside this file.
 */
import type { Kind } from '../core/kind.ts';
import { aggregate } from './aggregate/index.ts';
import { approvalStep } from './approval/index.ts';
import { branch } from './branch/index.ts';
import { composite } from './composite/index.ts';
import { gateStep } from './gate/index.ts';
import { group } from './group/index.ts';
import { loop } from './loop/index.ts';
import { map } from './map/index.ts';
import { parallel } from './parallel/index.ts';
import { set } from './set/index.ts';
import { emitStep } from './emit/index.ts';
import { orchestrator } from './orchestrator/index.ts';
import { childRunStep } from './run/index.ts';
import { signalStep } from './signal/index.ts';
import { sleep } from './sleep/index.ts';
import { task } from './task/index.ts';
import { terminate } from './terminate/index.ts';
import { track } from './track/index.ts';
import { wait } from './wait/index.ts';

export const RUN_KINDS: readonly Kind[] = [
  task,
  sleep,
  wait,
  branch,
  parallel,
  group,
  map,
  loop,
  aggregate,
  set,
  terminate,
  childRunStep,
  signalStep,
  emitStep,
  approvalStep,
  gateStep,
  track,
  composite,
  orchestrator,
];
