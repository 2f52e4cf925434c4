/** A step that tells the history something, where it is declared: the name of the event, and its data. */
import { type Declaration, isAsync, type ReadPort } from '../../core/declaration.ts';
import type { Mapper } from '../../definition.ts';
import type { EmitDefinition, EmitSpec } from '../../leaves.ts';
import { checkMapper } from '../together.ts';

const KEYS = ['event', 'data'];
const MAX_EVENT = 200;

function definitionOf(name: unknown, options: unknown, reader: ReadPort): EmitDefinition {
  const { event, data } = reader.options(options, 'options of an emit step', KEYS);
  return { is: 'emit', name: name as string, event: event as string, data: data as Mapper | undefined };
}

/** The definition, and the mapper of the step. */
export function readEmit(name: unknown, options: unknown, reader: ReadPort): readonly [EmitDefinition, Mapper] {
  const definition = definitionOf(name, options, reader);
  return [definition, inputOf(definition)];
}

/** What makes the step's input, which is the data of the event. */
function inputOf({ data }: EmitDefinition): Mapper {
  return typeof data === 'function' && !isAsync(data) ? data : () => null;
}

export const emitDeclaration: Declaration<EmitDefinition> = {
  name: 'emit',
  noun: 'step',
  check({ event, data }, checker) {
    if (typeof event !== 'string' || event === '' || event.length > MAX_EVENT)
      checker.option('event', event, `the name of an event, like 'order.shipped', of up to ${MAX_EVENT} characters`);
    checkMapper(data, 'data', checker);
  },
  plan: ({ event }) => ({ spec: Object.freeze({ event } satisfies EmitSpec) }),
  lines: ({ spec }) => [`tells ${JSON.stringify((spec as EmitSpec).event)}`],
};
