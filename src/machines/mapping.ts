/**
 * Calling what users write between steps: mappers, outputs, merges (S5). They are pure and
 * synchronous, they receive frozen values, and what they throw becomes an error of their
 * own step or track and nothing else.
 */
import type { Facts, PlanNode, WaitSpec } from '../definition.ts';
import {
  type ErrorRecord,
  InputInvalid,
  isA,
  MapperAsync,
  MapperFailed,
  SchemaFailed,
  reasonOf,
  SignalboxError,
  toRecord,
} from '../errors.ts';
import { type Json, toJson } from '../json.ts';
import { isThenable, whenRejected } from '../promises.ts';
import { type Issue, parse, type Schema } from '../schema.ts';

type Mapped = { readonly output: Json } | { readonly error: ErrorRecord };

/** The input that a child is prepared with, or the error that fails it. No mapper means `{}` (S1). */
export function prepare(child: PlanNode, ledger: { factsFor(child: PlanNode): Facts }, maxBytes: number): Mapped {
  const what = `input of ${child.kind} "${child.called}"`;
  return mapped(what, () => {
    const raw = child.input === null ? EMPTY : synchronous(what, child.input(ledger.factsFor(child)));
    return toJson(child.schema === null ? raw : parsedNow(child.schema, raw, what), what, maxBytes);
  });
}

const EMPTY: Json = Object.freeze({});

/** Whether a wait takes a payload: as its schema has made it, or what is wrong with it. */
export type Verdict = { readonly payload: Json } | { readonly issues: readonly Issue[] };

/**
 * Holds a payload against what a wait asks for. Nothing in a payload can fail the step: whoever sent it is told, and
 * the step waits on, even if its `where` threw.
 */
export function weigh(node: PlanNode, ledger: Facing | null, payload: Json, maxBytes: number): Verdict {
  const parsed = parsePayload(node, payload, maxBytes);
  return 'payload' in parsed ? suits(node, ledger, parsed.payload) : parsed;
}

interface Facing {
  factsFor(child: PlanNode): Facts;
}

/** The first half of it: what the schema says. */
export function parsePayload(node: PlanNode, payload: Json, maxBytes: number): Verdict {
  const { payload: schema, signal } = node.spec as WaitSpec;
  if (schema === null) return { payload };
  const what = `payload of signal "${signal}"`;
  try {
    return { payload: toJson(parsedNow(schema, payload, what), what, maxBytes) };
  } catch (thrown) {
    return isA(thrown, InputInvalid) ? { issues: thrown.fields.issues } : refusedFor(reasonOf(thrown));
  }
}

/** The second half: what `where` says of a payload as the schema has made it. */
export function suits(node: PlanNode, ledger: Facing | null, payload: Json): Verdict {
  const { where } = node.spec as WaitSpec;
  if (where === null || ledger === null) return { payload };
  try {
    const said = where(Object.freeze({ ...ledger.factsFor(node), payload: payload as never }));
    if (synchronous(`"where" of step "${node.name}"`, said) === true) return { payload };
    return refusedFor(`Step "${node.name}" waits for another one: its "where" did not say true.`);
  } catch (thrown) {
    const how = isA(thrown, MapperAsync) ? 'answered with a promise, and may not wait.' : `threw: ${reasonOf(thrown)}`;
    return refusedFor(`The "where" of step "${node.name}" ${how}`);
  }
}

function refusedFor(message: string): Verdict {
  return { issues: [{ path: '', message }] };
}

/** Calls `make`; an error of ours stays what it is, anybody else's becomes `mapper-failed`. */
export function mapped(what: string, make: () => Json): Mapped {
  try {
    return { output: make() };
  } catch (thrown) {
    if (isA(thrown, SignalboxError)) return { error: toRecord(thrown, { retryable: false }) };
    const reason = reasonOf(thrown);
    return {
      error: toRecord(new MapperFailed({ mapper: `mapper of the ${what}`, reason }, thrown), { retryable: false }),
    };
  }
}

/** The value, unless it is a promise: nobody could wait for it inside a turn. */
export function synchronous(what: string, value: unknown): unknown {
  if (!isThenable(value)) return value;
  // Its rejection would otherwise end the process as unhandled.
  whenRejected(value, () => {});
  throw new MapperAsync({ mapper: `mapper of the ${what}` });
}

function parsedNow(schema: Schema, value: unknown, what: string): unknown {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(schema, value);
  } catch (thrown) {
    throw new SchemaFailed({ what, reason: reasonOf(thrown) }, thrown);
  }
  if (parsed instanceof Promise) {
    parsed.catch(() => {});
    throw new SchemaFailed({ what, reason: 'it is asynchronous, and only those of tasks and of runs may be.' });
  }
  if (!parsed.ok) throw new InputInvalid({ what, issues: parsed.issues });
  return parsed.value;
}

/** A view of `target` through which nothing can be changed, while its owner may go on adding to it. */
export function readOnly<T extends object>(target: T): T {
  return new Proxy(target, REFUSING) as T;
}

const refuse = (): boolean => false;
const REFUSING: ProxyHandler<object> = {
  set: refuse,
  defineProperty: refuse,
  deleteProperty: refuse,
  setPrototypeOf: refuse,
  preventExtensions: refuse,
};
