/**
 * Reading what a builder was given: options, durations, bodies. What cannot be read
 * becomes a note and a stand-in, so that the rest can be read too (S3).
 *
 * Values that a definition keeps as they are (names, schemas, counts) are judged by the
 * check, not here.
 */
import type { Options, ReadPort } from '../core/declaration.ts';
import type { BodyDefinition, Mapper, StepDefinition } from '../definition.ts';
import type { FaultCode } from '../faults.ts';
import { type Duration, toMs } from '../duration.ts';
import { show } from '../errors/index.ts';
import { type Json, toJson } from '../json.ts';
import { knownNames } from '../names.ts';
import { leaveNotes, type Note } from './notes.ts';
import { alsoFrom, type Builder, from } from './source.ts';

export const NO_OPTIONS: Options = Object.freeze({});

/** The options as a record with no keys but `keys`; what else it has is noted. Some are all that a definition is made of. */
export function readOptions(
  options: unknown,
  what: string,
  keys: readonly string[],
  notes: Note[],
  part?: 'all',
): Options {
  if (options === undefined) return NO_OPTIONS;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const message = `The ${what} cannot be ${show(options)}: give an object.`;
    notes.push({ code: 'bad-option', message, ...(part === 'all' ? { isAll: true } : {}) });
    return NO_OPTIONS;
  }
  for (const key of Object.keys(options)) {
    if (keys.includes(key)) continue;
    notes.push({ code: 'unknown-key', message: `The ${what} cannot have "${key}". ${knownNames('keys', keys, key)}` });
  }
  return options as Options;
}

/** Milliseconds, or `otherwise` when nothing, or nothing readable, was given. */
export function readDuration<T>(value: unknown, option: string, otherwise: T, notes: Note[]): number | T {
  if (value === undefined) return otherwise;
  try {
    return toMs(value as Duration, option);
  } catch {
    const message = `Option "${option}" cannot be ${show(value)}: it takes a duration like '250ms', '30s', '1h30m' or milliseconds.`;
    notes.push({ code: 'bad-option', message });
    return otherwise;
  }
}

/** As `readDuration`, of what has to be given: what is left out is for the check to report, what cannot be read has been. */
export function readPeriod(value: unknown, option: string, notes: Note[]): number {
  return value === undefined ? (value as never) : readDuration(value, option, 1, notes);
}

/** The definition behind a body; a string is left for the check to report. */
export function readBody(body: unknown, notes: Note[]): BodyDefinition | string {
  if (typeof body === 'string') return body;
  const definition = isOptions(body) ? body.definition : undefined;
  const is = isOptions(definition) ? definition.is : undefined;
  if (is === 'task' || is === 'track' || is === 'composite') return definition as unknown as BodyDefinition;
  const found = is === 'orchestrator' ? `the orchestrator ${show((definition as Options).name)}` : show(body);
  notes.push({
    code: 'bad-body',
    message: `Expected a task, track or composite track; got ${found}${body === undefined ? ' (often a circular import)' : ''}.`,
  });
  return found;
}

/** A frozen step, with its notes beside it, and in it who called `builder` to make it. */
export function readStep(
  name: unknown,
  body: unknown,
  input: unknown,
  notes: Note[],
  builder?: Builder,
  more: Pick<StepDefinition, 'undo' | 'optional' | 'permissive' | 'cache'> = {},
): StepDefinition {
  const use = { name: name as string, body: readBody(body, notes), input: input as Mapper | undefined };
  const step: StepDefinition = { ...use, ...more };
  leaveNotes(step, notes);
  return Object.freeze(builder === undefined ? step : from(builder, step));
}

const USE_KEYS = ['do', 'input'];

/** A body under a name: as it is, or `{ do: body, input: mapper }`. */
export function readUseOf(name: unknown, given: unknown): StepDefinition {
  if (!isOptions(given) || !('do' in given)) return readStep(name, given, undefined, []);
  const notes: Note[] = [];
  const { do: body, input } = readOptions(given, 'use of a body', USE_KEYS, notes);
  return readStep(name, body, input, notes);
}

export function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null;
}

/** What a kind reads its options with. */
export class OptionReader implements ReadPort {
  readonly notes: Note[] = [];

  options(given: unknown, what: string, keys: readonly string[]): Options {
    return readOptions(given, what, keys, this.notes, what.startsWith('options of ') ? 'all' : undefined);
  }

  duration<T>(value: unknown, option: string, otherwise: T): number | T {
    return readDuration(value, option, otherwise, this.notes);
  }

  json(value: unknown, what: string): Json | undefined {
    try {
      return toJson(value, what);
    } catch (error) {
      this.note('bad-option', (error as Error).message);
      return undefined;
    }
  }

  step(name: unknown, body: unknown, input: unknown): StepDefinition {
    return readStep(name, body, input, []);
  }

  use(name: unknown, given: unknown): StepDefinition {
    return readUseOf(name, given);
  }

  note(code: FaultCode, message: string): void {
    this.notes.push({ code, message });
  }
}

/** A step that is read by its kind, perhaps with a mapper, and with notes on what could not be; `builder` is who was called to make it. */
export function readByKind<D extends BodyDefinition>(
  name: unknown,
  builder: Builder,
  read: (reader: ReadPort) => D | readonly [D, Mapper | undefined],
  reader = new OptionReader(),
): StepDefinition {
  const made = read(reader);
  const [definition, input] = Array.isArray(made) ? (made as [D, Mapper | undefined]) : [made as D, undefined];
  const body = from(builder, definition);
  leaveNotes(Object.freeze(body), reader.notes);
  return Object.freeze(alsoFrom(body, { name: name as string, body, input }));
}
