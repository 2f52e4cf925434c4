/** Variables of the run, where a step that sets some is declared: each by a value, or by a mapper that makes it. */
import { type Declaration, isAsync, type ReadPort } from '../../core/declaration.ts';
import type { Facts, Mapper, SetDefinition } from '../../definition.ts';
import { show } from '../../errors/index.ts';
import { type Json, type JsonObject, toJson } from '../../json.ts';
import { speakingFor } from '../../mapping.ts';
import { nameProblem } from '../../names.ts';
import { type Gathering, synchronous } from '../../core/facts.ts';

/** In the place of what cannot be read, so that it is not told that there is nothing, too. */
const UNREAD: JsonObject = Object.freeze({ unread: null });

/** The definition, and the mapper of the step. */
export function readSet(name: unknown, given: unknown, reader: ReadPort): readonly [SetDefinition, Mapper] {
  const isTable = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (!isTable) reader.note('bad-option', `What a step sets cannot be ${show(given)}: give variables by name.`);
  const entries = Object.entries(isTable ? given : UNREAD);
  for (const [variable, value] of entries) {
    const problem = nameProblem(variable);
    if (problem !== null) reader.note('bad-option', `A variable cannot be called ${show(variable)}: ${problem}.`);
    if (isAsync(value))
      reader.note(
        'bad-option',
        `Variable "${variable}" is made by an async function, and nobody could wait for it (S5).`,
      );
    else if (typeof value !== 'function') reader.json(value, `variable "${variable}"`);
  }
  const variables = Object.freeze(entries.map(([variable]) => variable));
  const mapper: Mapper = (facts) => valuesOf(String(name), entries, facts);
  const made = speakingFor(mapper, ...entries.map(([, value]) => value));
  return [{ is: 'set', name: name as string, variables }, made];
}

function valuesOf(step: string, entries: readonly (readonly [string, unknown])[], facts: Facts): Json {
  const values: { [variable: string]: Json } = {};
  for (const [variable, value] of entries) {
    const what = `variable "${variable}" that step "${step}" sets`;
    const made = typeof value === 'function' ? synchronous(what, (value as Mapper)(facts)) : value;
    values[variable] = toJson(made, what, Number.POSITIVE_INFINITY);
  }
  return values;
}

/** All variables of a run together are no larger than one value may be. */
const gather: Gathering['gather'] = (made, { variables }, maxBytes) => {
  toJson({ ...variables, ...(made as JsonObject) }, 'variables of the run', maxBytes);
};

export const setDeclaration: Declaration<SetDefinition> = {
  name: 'set',
  noun: 'step',
  check({ variables }, checker) {
    if (variables.length === 0) checker.fault('bad-option', 'A step that sets variables needs one at least.');
  },
  plan: ({ variables }) => ({ spec: Object.freeze({ variables, gather }), makes: 'output' }),
  lines: ({ spec }) => [`sets ${(spec as { readonly variables: readonly string[] }).variables.join(', ')}`],
};
