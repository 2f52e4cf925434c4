/**
 * A firing: the run that a schedule starts for one of its times. It is a child run whose orchestrator is named in its input, since
 * that is known only when it starts. The history of a schedule would grow for ever with them, so it tells of those alone that
 * could not be started: of all others there is a run with a history of its own.
 */
import { type Kind, kindOf } from '../../core/kind.ts';
import type { PlanNode } from '../../definition.ts';
import type { ErrorRecord } from '../../errors/index.ts';
import { NO_LIMITS } from '../../limits.ts';
import { childRunStep } from '../run/index.ts';
import { tellStep } from '../telling.ts';

const OF_THE_RUN: ReadonlySet<string> = new Set(['child-failed', 'child-timed-out', 'child-cancelled']);

export const firing: Kind = kindOf(childRunStep, {
  name: 'firing',
  // What has ended of it is forgotten.
  undoes: () => false,
  tell(place, from, to, memory, due) {
    const { code = '' } = (memory.error as ErrorRecord | null) ?? {};
    return to === 'failed' && !OF_THE_RUN.has(code) ? tellStep(place, from, to, memory, due) : null;
  },
});

/** What every firing has for its node. */
export const FIRING: PlanNode = /* @__PURE__ */ Object.freeze({
  kind: 'firing',
  noun: 'step',
  called: 'firing',
  task: null,
  spec: Object.freeze({ orchestrator: () => null, detach: false, depth: Number.POSITIVE_INFINITY }),
  makes: 'input',
  what: 'input of firing "firing"',
  schema: null,
  children: Object.freeze([]),
  childByName: new Map(),
  repeats: false,
  catches: false,
  sees: 'earlier',
  strategy: 'failFast',
  concurrency: 1,
  undoes: false,
  holds: false,
  deadline: null,
  bodies: NO_LIMITS,
  output: null,
  result: 'last',
});
