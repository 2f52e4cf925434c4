/** A step without a body, where it is declared: its mapper makes its output, and a schema says what that must be. */
import { type Declaration, isAsync, type ReadPort } from '../../core/declaration.ts';
import type { AggregateDefinition, Facts, Mapper } from '../../definition.ts';
import { ReferenceMissing, show } from '../../errors/index.ts';
import { speakingFor } from '../../mapping.ts';

const KEYS = ['output', 'of'];

/** The definition, and the mapper of the step. */
export function readAggregate(
  name: unknown,
  options: unknown,
  reader: ReadPort,
): readonly [AggregateDefinition, Mapper | undefined] {
  const { output, of } = reader.options(options, 'options of an aggregate', KEYS);
  const definition: AggregateDefinition = { is: 'aggregate', name: name as string, output: output as never };
  if (typeof of !== 'function' || isAsync(of)) {
    reader.note('bad-option', `Option "of" cannot be ${show(of)}: it takes a function that is not async (S5).`);
    return [definition, undefined];
  }
  const mapper: Mapper = (facts) => (of as Mapper)({ ...facts, outputs: named(String(name), facts) });
  return [definition, speakingFor(mapper, of)];
}

/** The outputs, where a name that is none says so: a value that was to be there is missed here, and not where it is used. */
function named(step: string, { outputs }: Facts): Facts['outputs'] {
  return new Proxy(outputs, {
    get(target, reference) {
      if (typeof reference === 'symbol' || reference in target) return Reflect.get(target, reference);
      // What looks at any object that it meets.
      if (reference === 'toJSON' || reference === 'then') return undefined;
      throw new ReferenceMissing({ step, reference, known: Object.keys(target) });
    },
  });
}

export const aggregateDeclaration: Declaration<AggregateDefinition> = {
  name: 'aggregate',
  noun: 'step',
  check({ output }, checker) {
    checker.schema(output, 'output');
  },
  plan: ({ output }) => ({ schema: output, makes: 'output' }),
};
