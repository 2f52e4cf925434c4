/** Members side by side, where they are declared as a step: what their ends mean for it, and how many are under way at once. */
import {
  checkConcurrency,
  checkStrategy,
  type Declaration,
  NO_ORDINALS,
  type ReadPort,
  readStrategy,
} from '../../core/declaration.ts';
import type { ParallelDefinition } from '../../definition.ts';
import { show } from '../../errors/index.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['strategy', 'concurrency'];

export function readParallel(name: unknown, members: unknown, options: unknown, reader: ReadPort): ParallelDefinition {
  const given = reader.options(options, 'options of a parallel step', KEYS);
  const { concurrency = Number.POSITIVE_INFINITY } = given;
  const isTable = typeof members === 'object' && members !== null && !Array.isArray(members);
  if (!isTable)
    reader.note('bad-option', `The members of a parallel step cannot be ${show(members)}: give bodies by name.`);
  return {
    is: 'parallel',
    name: name as string,
    members: Object.freeze(Object.entries(isTable ? members : {}).map(([each, body]) => reader.use(each, body))),
    strategy: readStrategy(given.strategy, 'failFast'),
    concurrency: concurrency as number,
  };
}

export const parallelDeclaration: Declaration<ParallelDefinition> = {
  name: 'parallel',
  noun: 'step',
  steps: ({ members }) => members,
  check({ members, strategy, concurrency }, checker) {
    checkStrategy(strategy, checker, members.length);
    checkConcurrency(concurrency, checker);
    checker.steps(members, 'member');
  },
  plan({ members, strategy, concurrency }, planner) {
    const uses = members.map((member) => planner.use(member));
    const after = uses.map(() => NO_ORDINALS);
    return { ...planner.graph(uses, after), sees: 'above', strategy, concurrency, result: 'byName' };
  },
  lines: parentLines,
};
