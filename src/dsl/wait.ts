/** `.wait(name, …)` of a track: its options, as types and as they are read. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { StepDefinition, WaitDefinition } from '../definition.ts';
import type { Duration } from '../duration.ts';
import { show } from '../errors/index.ts';
import { type Json, toJson } from '../json.ts';
import type { OutputOf, Schema } from '../schema.ts';
import { leaveNotes, type Note } from './notes.ts';
import { isObject, readDuration, readOptions, readStep } from './reading.ts';
import { alsoFrom, type Builder, from } from './source.ts';
import type { MapperArguments, Runnable } from './types.ts';

/** The payload of a wait without a schema: JSON, as it was sent. */
export type AnyPayload = StandardSchemaV1<Json, Json>;

/** What a wait is declared with. `F` is what a mapper in its place is told. */
export interface WaitOptions<F, S extends Schema> {
  /** The name of the signal. */
  readonly signal: string;
  /** What its payload must be. Left out: any JSON. */
  readonly payload?: S;
  /** Is this the one? Without it, every payload that passes the schema is. */
  readonly where?: (facts: F & { readonly payload: OutputOf<S> }) => boolean;
  /** How long to wait. Left out: for ever. Signals that are refused do not lengthen it. */
  readonly timeout?: Duration;
}

/** A step that runs when the time is up, and whose output is then that of the wait. */
export type InsteadOf<F, BI, BO, BC> = { readonly do: Runnable<BI, BO, BC> } & InsteadInput<
  MapperArguments<F, NoInfer<BI>>
>;

type InsteadInput<M extends readonly unknown[]> = M extends [infer Mapper]
  ? { readonly input: Mapper }
  : M extends [(infer Mapper)?]
    ? { readonly input?: Mapper }
    : never;

const KEYS = ['signal', 'payload', 'where', 'timeout', 'onTimeout'];
const INSTEAD_KEYS = ['do', 'input'];
const VALUE_KEYS = ['value'];

/** A wait as a step of a track, with notes on what could not be read. */
export function readWait(name: unknown, options: unknown, builder: Builder): StepDefinition {
  const notes: Note[] = [];
  const given = readOptions(options, `options of a wait`, KEYS, notes);
  const body: WaitDefinition = from(builder, {
    is: 'wait',
    name: name as string,
    signal: given.signal as string,
    payload: given.payload as WaitDefinition['payload'],
    where: given.where as WaitDefinition['where'],
    // One that cannot be read is told as such, and not as one that is missing.
    timeout: given.timeout === undefined ? undefined : readDuration(given.timeout, 'timeout', 1, notes),
    onTimeout: readOnTimeout(given.onTimeout, notes),
  });
  leaveNotes(Object.freeze(body), notes);
  return Object.freeze(alsoFrom(body, { name: name as string, body, input: undefined }));
}

function readOnTimeout(given: unknown, notes: Note[]): WaitDefinition['onTimeout'] {
  if (given === undefined || given === 'fail') return 'fail';
  if (isObject(given) && 'value' in given) {
    readOptions(given, '"onTimeout" of a wait', VALUE_KEYS, notes);
    return readValue(given.value, notes);
  }
  if (isObject(given) && 'do' in given) {
    const { do: body, input } = readOptions(given, '"onTimeout" of a wait', INSTEAD_KEYS, notes);
    return readStep('onTimeout', body, input, []);
  }
  const expected = `'fail', { value: … } or { do: a task or a track, input: a mapper }`;
  notes.push({ code: 'bad-option', message: `Option "onTimeout" cannot be ${show(given)}: it takes ${expected}.` });
  return 'fail';
}

function readValue(value: unknown, notes: Note[]): WaitDefinition['onTimeout'] {
  try {
    return Object.freeze({ value: toJson(value, 'value that "onTimeout" gives') });
  } catch (error) {
    notes.push({ code: 'bad-option', message: (error as Error).message });
    return 'fail';
  }
}
