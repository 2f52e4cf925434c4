/** What somebody sends an actor that stands for a run, as the message that the run is told. What cannot be read is none. */
import type { AnyEventObject } from 'xstate';
import { openApproval } from '../actors/approval.ts';
import type { Message } from '../core/message.ts';
import type { RunState } from '../core/run.ts';
import { instantOf } from '../instant.ts';
import { type Json, toJson } from '../json.ts';
import { type ApprovalAct, type ApprovalAsk, areNames, CHANGING, type DecisionName, specOf } from '../people.ts';
import { parse, type Schema } from '../schema.ts';

/** Those that bring nothing of their own but a form. */
const ACTS: ReadonlySet<unknown> = new Set<ApprovalAct>([
  'approve',
  'reject',
  'skip',
  'abort',
  ...CHANGING,
  'override',
]);

type Given = { readonly [key: string]: unknown };

/** `id` is for one that brings none of its own. */
export function messageOf(run: RunState, event: AnyEventObject, id: string): Message | null {
  const given = event as Given;
  switch (event.type) {
    case 'cancel':
      return {
        type: 'cancel',
        reason: textOr(given.reason, null),
        compensate: given.compensate === true,
        force: given.force === true,
      };
    case 'pause':
    case 'resume':
      return { type: event.type, above: given.above === true, refused: null };
    case 'signal':
      return signalOf(given, id);
    case 'retry':
    case 'skip':
    case 'resolve':
      return interventionOf(event.type, given, id);
    case 'decide':
      return decisionOf(run, given, id);
    default:
      return null;
  }
}

function textOr<T>(value: unknown, other: T): string | T {
  return typeof value === 'string' ? value : other;
}

/** A copy; undefined for what is no JSON. */
function copyOf(value: unknown, what: string): Json | undefined {
  try {
    return toJson(value ?? null, what);
  } catch {
    return undefined;
  }
}

function signalOf({ name, payload, id: own }: Given, id: string): Message | null {
  const copy = copyOf(payload, 'payload of a signal');
  if (typeof name !== 'string' || copy === undefined) return null;
  return { type: 'signal', id: textOr(own, id), name, payload: copy, answer: null, known: false };
}

function interventionOf(type: 'retry' | 'skip' | 'resolve', given: Given, id: string): Message | null {
  const { path, reason, by } = given;
  if (typeof path !== 'string') return null;
  const said: { input?: Json; output?: Json } = {};
  for (const key of ['input', 'output'] as const) {
    if (given[key] === undefined) continue;
    const copy = copyOf(given[key], key);
    if (copy === undefined) return null;
    said[key] = copy;
  }
  const who = { id, path, reason: textOr(reason, ''), by: textOr(by, null) };
  return { type, ...who, ...said, refused: null, known: false };
}

/**
 * What comes with a decision is looked at here and now: a schema that takes its time is one for a box, and so is the payload of an edit,
 * which may have to be approved again.
 */
function decisionOf(run: RunState, given: Given, id: string): Message | null {
  const { path, decision: act, by, roles, onBehalfOf, comment, as, digest, version, until } = given;
  if (typeof path !== 'string' || typeof by !== 'string' || !ACTS.has(act)) return null;
  const actor = run.actors.get(path);
  const approval = actor === undefined ? null : openApproval(actor);
  if (actor === undefined || approval === null) return null;
  const decided = (act === 'override' ? as : act) as DecisionName;
  const form = formOf(specOf(actor.node, approval).decisions[decided] ?? null, given.form);
  if (form === undefined) return null;
  const ask: ApprovalAsk = {
    act: act as ApprovalAct,
    by,
    roles: namesIn(roles),
    onBehalfOf: textOr(onBehalfOf, null),
    comment: textOr(comment, null),
    form,
    value: null,
    patch: null,
    as: act === 'override' ? decided : null,
    to: assigneesIn(given.to),
    until: act === 'defer' ? instantOf(until, 'until of "defer"') : null,
    digest: textOr(digest, null),
    version: typeof version === 'number' ? version : null,
    made: null,
    fault: null,
  };
  return { type: 'decide', id, path, number: approval.number, ask, answer: null, known: false };
}

function formOf(schema: Schema | null, given: unknown): Json | undefined {
  if (schema === null) return copyOf(given, 'form of a decision');
  try {
    const parsed = parse(schema, given);
    return 'then' in parsed || !parsed.ok ? undefined : copyOf(parsed.value, 'form of a decision');
  } catch {
    return undefined;
  }
}

function assigneesIn(given: unknown): ApprovalAsk['to'] {
  if (typeof given !== 'object' || given === null) return null;
  const { users, roles } = given as Given;
  return { users: namesIn(users), roles: namesIn(roles) };
}

function namesIn(given: unknown): readonly string[] {
  return areNames(given) ? [...given] : [];
}
