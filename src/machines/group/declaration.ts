/** Steps in order, where they are declared as one step: they see what is around them, and one of them may make up for a failure. */
import { type Declaration, NO_ORDINALS, type ReadPort } from '../../core/declaration.ts';
import type { GroupDefinition, StepDefinition } from '../../definition.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['onError'];
/** What makes up for a failure is a step under this name. */
const CATCHER = 'onError';

export function readGroup(
  name: unknown,
  steps: readonly StepDefinition[],
  options: unknown,
  reader: ReadPort,
): GroupDefinition {
  const { onError } = reader.options(options, 'options of a group', KEYS);
  const catcher = onError === undefined ? undefined : reader.use(CATCHER, onError);
  return { is: 'group', name: name as string, steps, onError: catcher };
}

function stepsOfGroup({ steps, onError }: GroupDefinition): readonly StepDefinition[] {
  return onError === undefined ? steps : [...steps, onError];
}

export const groupDeclaration: Declaration<GroupDefinition> = {
  name: 'group',
  noun: 'step',
  steps: stepsOfGroup,
  // Whatever has failed, what makes up for it comes last.
  before: ({ steps }, position) => steps.slice(0, position),
  check(group, checker) {
    checker.steps(stepsOfGroup(group), 'step');
  },
  plan(group, planner) {
    const { steps, onError } = group;
    const uses = stepsOfGroup(group).map((step) => planner.use(step));
    const after = uses.map((_, index) =>
      index === 0 || index === steps.length ? NO_ORDINALS : Object.freeze([index - 1]),
    );
    const catches = onError !== undefined;
    return { ...planner.graph(uses, after), sees: 'both', strategy: catches ? 'caught' : 'failFast', catches };
  },
  lines: parentLines,
};
