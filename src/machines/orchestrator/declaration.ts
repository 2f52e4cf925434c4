/** An orchestrator where it is declared: tracks, what each of them waits for, and its policies. */
import { checkLimits, type Declaration, everyOrdinal, isAsync, NO_ORDINALS } from '../../core/declaration.ts';
import type { Mapper, OrchestratorDefinition } from '../../definition.ts';
import { NO_LIMITS } from '../../limits.ts';
import type { ApprovalDefinition, ApprovalSpec } from '../../people.ts';
import { checkDeadline, factsAtEnd, parentLines } from '../endings.ts';
import { checkApproval } from '../approval/reading.ts';
import { allBefore, checkDependencies, checkOutput, ordinalsAfter } from '../dependencies.ts';

export const orchestratorDeclaration: Declaration<OrchestratorDefinition> = {
  name: 'orchestrator',
  noun: 'run',
  steps: ({ tracks }) => tracks,
  before({ tracks, approval }, position) {
    const before = allBefore(tracks, position);
    return approval === undefined
      ? before
      : [{ name: ASKED_FIRST, body: first(approval), input: undefined }, ...before];
  },
  check(orchestrator, checker) {
    const { version, onFailure, concurrency } = orchestrator;
    if (typeof version !== 'string' || version === '') {
      checker.option('version', version, `a text that is not empty, like '1'`);
    }
    if (!['failFast', 'continue', 'compensate', 'pause'].includes(onFailure)) {
      checker.option('onFailure', onFailure, `'failFast', 'continue', 'compensate' or 'pause'`);
    }
    if (concurrency !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(concurrency) && concurrency > 0)) {
      checker.option('concurrency', concurrency, 'a whole number from 1; leave it out for no limit');
    }
    const { debounce } = orchestrator;
    if (debounce !== undefined && !(debounce > 0)) checker.option('debounce', debounce, 'a duration above 0');
    checkLimits(orchestrator.bodies ?? NO_LIMITS, 'bodies', checker);
    checker.schema(orchestrator.input, 'input');
    checkOutput(orchestrator.output, orchestrator.tracks, 'track', checker);
    checkDeadline(orchestrator, checker);
    if (orchestrator.approval !== undefined) checkApproval(orchestrator.approval, 'step', checker);
    checker.steps(orchestrator.tracks, 'track');
    checkDependencies(orchestrator.tracks, 'track', 'orchestrator', checker);
  },
  plan({ name, input, tracks, onFailure, concurrency, bodies, output, deadline, approval }, planner) {
    const uses = tracks.map((use) => planner.use(use));
    const after = ordinalsAfter(tracks);
    if (approval !== undefined) {
      // Every track waits for it, by way of those that wait for no other.
      const ordinal = Object.freeze([uses.length]);
      for (const [index, others] of after.entries()) if (others.length === 0) after[index] = ordinal;
      after.push(NO_ORDINALS);
      uses.push(planner.made(ASKED_FIRST, first(approval)));
    }
    const ending = isAsync(output) ? planner.ending('~output', name, factsAtEnd, output as Mapper) : null;
    if (ending !== null) {
      after.push(everyOrdinal(uses.length));
      uses.push(ending);
    }
    return {
      schema: input,
      ...planner.graph(uses, after),
      sees: 'dependencies',
      strategy: onFailure === 'continue' ? 'waitAll' : 'failFast',
      undoes: onFailure === 'compensate',
      deadline: deadline ?? null,
      concurrency,
      bodies: bodies ?? NO_LIMITS,
      // What its mappers call `previous` is always null: no track comes just before the end.
      output:
        ending !== null || (output === undefined && approval === undefined)
          ? null
          : output === undefined
            ? ({ outputs: { [ASKED_FIRST]: _, ...outputs } }) => outputs
            : (finish) => output({ input: finish.input, outputs: finish.outputs, previous: null, run: finish.run }),
      result: ending === null ? 'byName' : 'last',
    };
  },
  lines(node) {
    const lines = parentLines(node);
    if (node.undoes) return [...lines, 'then compensate'];
    return node.holds ? [...lines, 'pause'] : lines;
  },
};

/** Where somebody is asked before the first track begins. */
const ASKED_FIRST = '~approval';

function first(approval: ApprovalSpec): ApprovalDefinition {
  return Object.freeze({ is: 'approval', name: ASKED_FIRST, approval });
}
