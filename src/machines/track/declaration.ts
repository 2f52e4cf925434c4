/** A track where it is declared: steps in order, each of which waits for the one before. */
import { checkLimits, type Declaration, isAsync, NO_ORDINALS } from '../../core/declaration.ts';
import type { Mapper, TrackDefinition } from '../../definition.ts';
import { NO_LIMITS } from '../../limits.ts';
import { checkOutput } from '../dependencies.ts';
import { checkDeadline, factsAtEnd, parentLines } from '../endings.ts';

export const trackDeclaration: Declaration<TrackDefinition> = {
  name: 'track',
  noun: 'track',
  steps: ({ steps }) => steps,
  before: ({ steps }, position) => steps.slice(0, position),
  check(track, checker) {
    checker.schema(track.input, 'input', 'optional');
    checkLimits(track.bodies ?? NO_LIMITS, 'bodies', checker);
    checkOutput(track.output, track.steps, 'step', checker);
    checkDeadline(track, checker);
    checker.steps(track.steps, 'step');
  },
  plan({ name, input, steps, bodies, output, deadline }, planner) {
    const uses = steps.map((step) => planner.use(step));
    const ending = isAsync(output) ? planner.ending('~output', name, factsAtEnd, output as Mapper) : null;
    if (ending !== null) uses.push(ending);
    const after = uses.map((_, index) => (index === 0 ? NO_ORDINALS : Object.freeze([index - 1])));
    return {
      schema: input ?? null,
      deadline: deadline ?? null,
      bodies: bodies ?? NO_LIMITS,
      ...planner.graph(uses, after),
      output:
        output === undefined || ending !== null
          ? null
          : (finish) => output({ ...factsAtEnd(finish), previous: finish.ordered.at(-1) ?? null }),
    };
  },
  lines: parentLines,
};
