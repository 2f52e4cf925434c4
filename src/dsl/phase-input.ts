/**
 * The mapper of a task in a phase, which may be data: what that reads is looked up among the phases before it and the tasks that it
 * waits for, since in a program nothing goes by the name of a step.
 */
import type { Mapper } from '../definition.ts';
import { show } from '../errors/index.ts';
import { mapperOf, mappingFaults, namesReadBy } from '../mapping.ts';
import { knownNames } from '../names.ts';
import type { Note } from './notes.ts';

/** What a mapper may read, by the facts that it reads it of. */
type Readable = { readonly [fact in 'phases' | 'tasks']: readonly string[] };

/** A function or data; `note` is told what is wrong with it. */
export function readPhaseInput(
  given: unknown,
  readable: Readable,
  note: (code: Note['code'], message: string) => void,
): Mapper | undefined {
  if (given === undefined) return undefined;
  const mapper = mapperOf(given);
  if (typeof mapper !== 'function') {
    note('bad-option', `Option "input" cannot be ${show(given)}: it takes a function, or a mapping.`);
    return undefined;
  }
  for (const { code, message } of mappingFaults(mapper)) note(code, message);
  for (const [fact, names] of Object.entries(readable))
    for (const name of namesReadBy([mapper], fact))
      if (!names.includes(name))
        note(
          'unknown-reference',
          `It reads "${fact}.${name}", which is not there yet. ${knownNames(fact, names, name)}`,
        );
  const [step] = namesReadBy([mapper], 'outputs');
  if (step !== undefined)
    note(
      'unknown-reference',
      `It reads "outputs.${step}". A task of a program reads "phases.<phase>.<task>", or "tasks.<task>" of its own phase.`,
    );
  return mapper as Mapper;
}
