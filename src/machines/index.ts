/** The kinds that come with the package, as a value: each is a folder beside this file. */
import { Kinds } from '../core/kind.ts';
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
import { firing } from './firing/index.ts';
import { orchestrator } from './orchestrator/index.ts';
import { childRunStep } from './run/index.ts';
import { schedule } from './schedule/index.ts';
import { signalStep } from './signal/index.ts';
import { sleep } from './sleep/index.ts';
import { task } from './task/index.ts';
import { terminate } from './terminate/index.ts';
import { track } from './track/index.ts';
import { wait } from './wait/index.ts';

const STEPS = [
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
];
const KINDS = [...STEPS, schedule, firing, track, composite, orchestrator];

/**
 * A value, and filled where it is made: whoever needs the kinds imports them, so no bundler can take them for
 * something that nobody uses.
 */
export const builtInKinds = new Kinds(KINDS);

/** Those, and others. Without others, the same ones: their machines are looked through once. */
export function kindsWith(others: readonly (typeof KINDS)[number][]): Kinds {
  return others.length === 0 ? builtInKinds : new Kinds([...KINDS, ...others]);
}
