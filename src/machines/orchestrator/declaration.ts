/** An orchestrator where it is declared: tracks, what each of them waits for, and its policies. */
import {
  checkLimits,
  type Checker,
  type Declaration,
  everyOrdinal,
  isAsync,
  NO_ORDINALS,
} from '../../core/declaration.ts';
import type { Mapper, OrchestratorDefinition } from '../../definition.ts';
import { NO_LIMITS } from '../../limits.ts';
import { show } from '../../errors/index.ts';
import { knownNames, segmentOf } from '../../names.ts';
import { checkDeadline, factsAtEnd, parentLines } from '../endings.ts';
import { cyclesIn, printCycle } from './cycles.ts';

export const orchestratorDeclaration: Declaration<OrchestratorDefinition> = {
  name: 'orchestrator',
  noun: 'run',
  steps: ({ tracks }) => tracks,
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
    checker.function(orchestrator.output, 'output');
    checkDeadline(orchestrator, checker);
    checker.steps(orchestrator.tracks, 'track');
    checkDependencies(orchestrator, checker);
  },
  plan({ name, input, tracks, onFailure, concurrency, bodies, output, deadline }, planner) {
    const uses = tracks.map((use) => planner.use(use));
    const ordinals = new Map<string, number>();
    for (const [index, use] of tracks.entries()) ordinals.set(use.name, index);
    const after = tracks.map((use) => ordinalsOf(use.after, ordinals));
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
        output === undefined || ending !== null
          ? null
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

function checkDependencies({ tracks }: OrchestratorDefinition, checker: Checker): void {
  const positions = new Map<string, number>();
  for (const [position, { name }] of tracks.entries()) if (!positions.has(name)) positions.set(name, position);
  let names: readonly string[] | undefined;
  const graph = tracks.map((use, position) => {
    const after: number[] = [];
    for (const name of use.after) {
      const other = positions.get(name);
      if (other !== undefined && name !== use.name) after.push(other);
      else if (other !== undefined) {
        const message = `Track "${use.name}" waits for itself, so it could never start. Take it out of its dependencies.`;
        checker.of(use, position, 'self-dependency', message);
      } else {
        names ??= [...positions.keys()];
        const message = `Track "${use.name}" waits for ${show(name)}, which is no track of this orchestrator. ${knownNames('tracks', names, String(name))}`;
        checker.of(use, position, 'unknown-reference', message);
      }
    }
    return after;
  });
  for (const cycle of cyclesIn(graph)) {
    const way = printCycle(cycle.map((position) => segmentOf(tracks[position]?.name, position)));
    const message = `Each of these tracks waits for the next, so none of them could start: ${way}. Take out one of the dependencies.`;
    checker.fault('cycle', message);
  }
}

function ordinalsOf(names: readonly string[], ordinals: ReadonlyMap<string, number>): readonly number[] {
  if (names.length === 0) return NO_ORDINALS;
  const found = new Set(names.map((name) => ordinals.get(name) as number));
  return Object.freeze([...found].sort((left, right) => left - right));
}
