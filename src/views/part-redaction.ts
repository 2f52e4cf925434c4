/** The parts of what is told, without what is secret in them: an actor's values, an error, what a step waits for, the fields of a line (S34). */
import { type ErrorRecord, isA, SignalboxError, toRecord } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import { redacted, redactedText, type RedactionRules, type Roots, type Secrets } from './redaction.ts';
import type { ActorSnapshot } from './snapshot.ts';

/** Under which paths the fields of what is told are looked at. */
export const AT = {
  input: [['input']],
  output: [['output'], ['outputs']],
  metadata: [['metadata']],
  data: [['data']],
  fields: [['fields'], ['error', 'fields']],
} as const;

/** The output of a step or a track is one of `outputs`, by its name. */
export function outputOf(path: string): Roots {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return [['output'], ['outputs'], ['outputs', name]];
}

/** What is told of an actor, as a row or in a snapshot. */
export type ToldActor = Pick<ActorSnapshot, 'input' | 'output' | 'error'>;

export function without(
  rules: RedactionRules,
  path: string,
  { input, output, error }: ToldActor,
  secrets: Secrets,
): ToldActor {
  return {
    input: redacted(rules, input, AT.input, secrets),
    output: redacted(rules, output, outputOf(path), secrets),
    error: recordWithout(rules, error, secrets),
  };
}

export function recordWithout<E extends ErrorRecord | null>(rules: RedactionRules, record: E, secrets: Secrets): E {
  if (record === null) return record;
  const { name, message, stack, fields, cause } = record;
  const told: ErrorRecord = {
    ...record,
    name: redactedText(rules, name, secrets),
    message: redactedText(rules, message, secrets),
    ...(stack === undefined ? {} : { stack: redactedText(rules, stack, secrets) }),
    ...(fields === undefined ? {} : { fields: redacted(rules, fields, AT.fields, secrets) }),
    ...(cause === undefined ? {} : { cause: recordWithout(rules, cause, secrets) }),
  };
  return told as E;
}

/** The key of a limit is whatever its function answers. */
export function waitingWithout(
  rules: RedactionRules,
  { waitingFor }: Pick<ActorSnapshot, 'waitingFor'>,
  secrets: Secrets,
): ActorSnapshot['waitingFor'] {
  if (waitingFor?.what === 'approval')
    return {
      ...waitingFor,
      question: redactedText(rules, waitingFor.question, secrets),
      info:
        waitingFor.info === null
          ? null
          : { ...waitingFor.info, question: redactedText(rules, waitingFor.info.question, secrets) },
    };
  if (waitingFor?.what !== 'queued' || waitingFor.limit.key === null) return waitingFor;
  return { ...waitingFor, limit: { ...waitingFor.limit, key: redactedText(rules, waitingFor.limit.key, secrets) } };
}

/** Fields of a line are whatever somebody has handed over. */
export function withoutSecrets(rules: RedactionRules, fields: JsonObject, secrets: Secrets): JsonObject {
  try {
    return redacted(rules, fields, AT.fields, secrets);
  } catch {
    // What cannot be looked through does not leave.
    return {};
  }
}

/** An error that says the same but for what is secret. Whatever else hangs on it, such as what was sent and with which credentials, is left out. */
export function errorWithout(rules: RedactionRules, error: Error, secrets: Secrets): Error {
  const told = recordWithout(rules, toRecord(error), secrets);
  const { name, message, stack, fields, cause, code } = told;
  const own = isA(error, SignalboxError);
  const made = own ? (Object.create(Object.getPrototypeOf(error)) as Error) : new Error(message);
  const parts = { name, message, stack, ...(own ? { fields, code } : {}), ...(cause === undefined ? {} : { cause }) };
  for (const [key, value] of Object.entries(parts))
    Object.defineProperty(made, key, { value, configurable: true, writable: true, enumerable: false });
  return made;
}
