/** A sleep where it is declared: how long it is. */
import type { Declaration, ReadPort } from '../../core/declaration.ts';
import type { SleepDefinition, SleepSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';
import { parentLines } from '../endings.ts';

export function readSleep(name: unknown, duration: unknown, reader: ReadPort): SleepDefinition {
  // What is left out is told like what cannot be read.
  return { is: 'sleep', name: name as string, ms: reader.duration(duration ?? '', 'duration', 0) };
}

export const sleepDeclaration: Declaration<SleepDefinition> = {
  name: 'sleep',
  noun: 'step',
  check({ ms }, checker) {
    if (!(ms >= 0)) checker.option('duration', ms, 'a duration');
  },
  plan: ({ ms }) => ({ spec: Object.freeze({ ms } satisfies SleepSpec) }),
  lines: (node) => [...parentLines(node), `for ${fromMs((node.spec as SleepSpec).ms)}`],
};
