/** A step that sends a signal, where it is declared: its name, to whom it goes, and its payload. */
import type { Declaration, ReadPort } from '../../core/declaration.ts';
import type { Facts, Mapper } from '../../definition.ts';
import { InvalidOption } from '../../errors/index.ts';
import type { Addressee, SendSpec, SignalDefinition } from '../../leaves.ts';
import { speakingFor } from '../../mapping.ts';
import { isThenable } from '../../promises.ts';
import { checkMapper, together } from '../together.ts';

const KEYS = ['signal', 'to', 'payload', 'required'];
/** How long the name of a signal may be. */
const MAX_SIGNAL = 200;

function definitionOf(name: unknown, options: unknown, reader: ReadPort): SignalDefinition {
  const { signal, to, payload, required = false } = reader.options(options, 'options of a signal step', KEYS);
  return {
    is: 'signal',
    name: name as string,
    signal: signal as string,
    to: to as SignalDefinition['to'],
    payload: payload as Mapper | undefined,
    required: required as boolean,
  };
}

/** The definition, and the mapper of the step. */
export function readSignal(name: unknown, options: unknown, reader: ReadPort): readonly [SignalDefinition, Mapper] {
  const definition = definitionOf(name, options, reader);
  return [definition, inputOf(definition)];
}

/** What makes the step's input: whom the signal is for, and its payload. */
function inputOf({ to, payload }: SignalDefinition): Mapper {
  return together({ to: addressing(to), payload });
}

function addressing(to: SignalDefinition['to']): unknown {
  if (typeof to !== 'function') return ALL;
  const mapper = (facts: Facts) => {
    const given: unknown = to(facts);
    return isThenable(given) ? given : addresseeOf(given);
  };
  return speakingFor(mapper, to);
}

const ALL: Addressee = Object.freeze({ all: true });

function addresseeOf(given: unknown): Addressee {
  if (isText(given)) return { run: given };
  const { run, orchestrator, key } = Object(given ?? {}) as { readonly [name: string]: unknown };
  if (isText(run)) return { run };
  if (isText(orchestrator) && isText(key)) return { orchestrator, key };
  const expected = `a mapper that answers with the id of a run, { run: id } or { orchestrator: name, key }`;
  throw new InvalidOption({ option: 'to', value: given, expected });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export const signalDeclaration: Declaration<SignalDefinition> = {
  name: 'signal',
  noun: 'step',
  check({ signal, to, payload, required }, checker) {
    if (typeof signal !== 'string' || signal === '' || signal.length > MAX_SIGNAL)
      checker.option('signal', signal, `the name of a signal, like 'shipped', of up to ${MAX_SIGNAL} characters`);
    if (to !== 'all' && typeof to !== 'function')
      checker.option('to', to, `a mapper that answers with the id of a run or its key, or 'all'`);
    else if (typeof to === 'function') checkMapper(to, 'to', checker);
    checkMapper(payload, 'payload', checker);
    if (typeof required !== 'boolean') checker.option('required', required, 'true or false');
  },
  plan: ({ signal, required }) => ({ spec: Object.freeze({ sends: signal, required } satisfies SendSpec) }),
  lines({ spec }) {
    const { sends, required } = spec as SendSpec;
    return [`sends signal ${JSON.stringify(sends)}${required ? ', which has to be taken' : ''}`];
  },
};
