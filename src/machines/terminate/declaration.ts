/** A step that ends its run, where it is declared: how the run ends, and with what. */
import { type Declaration, isAsync, type ReadPort } from '../../core/declaration.ts';
import { synchronous } from '../../core/facts.ts';
import type { Facts, Mapper, TerminateDefinition } from '../../definition.ts';
import { show } from '../../errors/index.ts';
import { speakingFor } from '../../mapping.ts';
import { MAX_TEXT } from '../../text.ts';

const KEYS = ['as', 'output', 'reason'];

/** The definition, and the mapper of the step: it makes the output of the run, or says why it has failed. */
export function readTerminate(
  name: unknown,
  options: unknown,
  reader: ReadPort,
): readonly [TerminateDefinition, Mapper] {
  const { as = 'completed', output, reason } = reader.options(options, 'options of a step that ends the run', KEYS);
  if (as !== 'completed' && as !== 'failed')
    reader.note('bad-option', `Option "as" cannot be ${show(as)}: it takes 'completed' or 'failed'.`);
  // What the other way to end takes is told as that, whatever it is.
  for (const [option, mapper] of Object.entries(as === 'failed' ? { reason } : { output }))
    if (
      mapper !== undefined &&
      (typeof mapper !== 'function' || isAsync(mapper)) &&
      !(option === 'reason' && typeof mapper === 'string')
    )
      reader.note(
        'bad-option',
        `Option "${option}" cannot be ${show(mapper)}: it takes a function that is not async (S5).`,
      );
  if (as === 'completed' && reason !== undefined)
    reader.note('bad-option', 'A "reason" is for a run that is ended as failed; one that completes has an "output".');
  if (as === 'failed' && output !== undefined)
    reader.note('bad-option', 'An "output" is for a run that completes; one that is ended as failed has a "reason".');
  const failing = speakingFor((facts: Facts) => reasonFor(reason, facts), reason);
  const make =
    as === 'failed' ? failing : typeof output === 'function' && !isAsync(output) ? (output as Mapper) : () => null;
  return [{ is: 'terminate', name: name as string, as: as as 'completed' }, make];
}

function reasonFor(reason: unknown, facts: Facts): string {
  const said = typeof reason === 'function' ? synchronous('"reason" of the step', (reason as Mapper)(facts)) : reason;
  const text = typeof said === 'string' ? said : said === undefined ? 'no reason was given' : show(said);
  return text.slice(0, MAX_TEXT);
}

export const terminateDeclaration: Declaration<TerminateDefinition> = {
  name: 'terminate',
  noun: 'step',
  check: () => {},
  plan: ({ as }) => ({ spec: Object.freeze({ as }), makes: 'output' }),
  lines: ({ spec }) => [`ends the run as ${(spec as { readonly as: string }).as}`],
};
