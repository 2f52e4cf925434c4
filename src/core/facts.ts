/**
 * Calling what users write between steps: mappers, outputs, merges (S5). They are pure and
 * synchronous, they receive frozen values, and what they throw becomes an error of their
 * own step or track and nothing else.
 */
import type { Facts, Place, PlanNode, RunFacts, WaitSpec } from '../definition.ts';
import {
  type ErrorRecord,
  InputInvalid,
  isA,
  MapperAsync,
  MapperFailed,
  OutputInvalid,
  PredicateFailed,
  SchemaFailed,
  reasonOf,
  SignalboxError,
  toRecord,
} from '../errors/index.ts';
import { type Json, toJson } from '../json.ts';
import { isThenable, whenRejected } from '../promises.ts';
import { type Issue, parse, type Schema } from '../schema.ts';

type Mapped = { readonly output: Json } | { readonly error: ErrorRecord };

/** The input that a child is prepared with, or the error that fails it. No mapper means `{}` (S1). */
export function prepare(place: Place, siblings: Facing, maxBytes: number): Mapped {
  try {
    return { output: preparedWith(place, siblings, maxBytes) };
  } catch (thrown) {
    return { error: failedMapper(place.node.what, thrown) };
  }
}

function preparedWith(place: Place, siblings: Facing, maxBytes: number): Json {
  const { node, input } = place;
  const { schema, makes, what } = node;
  if (input === null && schema === null) return EMPTY;
  const facts = siblings.factsFor(place);
  const raw = input === null ? EMPTY : synchronous(what, input(facts));
  const made = toJson(schema === null ? raw : parsedNow(schema, raw, what, makes), what, maxBytes);
  if (makes === 'output') (node.spec as Gathering | null)?.gather?.(made, facts.run, maxBytes);
  return made;
}

/** What a step makes may be added to what there is, and is bounded together with it. */
export interface Gathering {
  /** Throws if it is too much. */
  readonly gather?: (made: Json, run: RunFacts, maxBytes: number) => void;
}

const EMPTY: Json = Object.freeze({});

/** Whether a wait takes a payload: as its schema has made it, or what is wrong with it. */
export type Fit = { readonly payload: Json } | { readonly issues: readonly Issue[] };

/**
 * Holds a payload against what a wait asks for. Nothing in a payload can fail the step: whoever sent it is told, and
 * the step waits on, even if its `where` threw.
 */
export function weigh(place: Place | null, siblings: Facing | null, payload: Json, maxBytes: number): Fit {
  if (place === null) return { payload };
  const parsed = parsePayload(place.node, payload, maxBytes);
  return 'payload' in parsed ? suits(place, siblings, parsed.payload) : parsed;
}

/** Who knows what a mapper is told: its siblings. */
interface Facing {
  factsFor(place: Place): Facts;
}

/** The first half of it: what the schema says. */
export function parsePayload(node: PlanNode, payload: Json, maxBytes: number): Fit {
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
export function suits(place: Place | null, siblings: Facing | null, payload: Json): Fit {
  if (place === null || siblings === null) return { payload };
  const { name, node } = place;
  const { where } = node.spec as WaitSpec;
  if (where === null) return { payload };
  try {
    const said = where(Object.freeze({ ...siblings.factsFor(place), payload: payload as never }));
    if (synchronous(`"where" of step "${name}"`, said) === true) return { payload };
    return refusedFor(`Step "${name}" waits for another one: its "where" did not say true.`);
  } catch (thrown) {
    const how = isA(thrown, MapperAsync) ? 'answered with a promise, and may not wait.' : `threw: ${reasonOf(thrown)}`;
    return refusedFor(`The "where" of step "${name}" ${how}`);
  }
}

function refusedFor(message: string): Fit {
  return { issues: [{ path: '', message }] };
}

/** What a predicate says. It has to be true or false, and at once. */
export function asked(what: string, predicate: () => unknown): boolean {
  const said = synchronous(what, predicate());
  if (typeof said === 'boolean') return said;
  throw new PredicateFailed({ what, value: said, wanted: 'true or false' });
}

/** Calls `make`; an error of ours stays what it is, anybody else's becomes `mapper-failed`. */
export function mapped(what: string, make: () => Json): Mapped {
  try {
    return { output: make() };
  } catch (thrown) {
    return { error: failedMapper(what, thrown) };
  }
}

function failedMapper(what: string, thrown: unknown): ErrorRecord {
  if (isA(thrown, SignalboxError)) return toRecord(thrown, { retryable: false });
  const failed = new MapperFailed({ mapper: `mapper of the ${what}`, reason: reasonOf(thrown) }, thrown);
  return toRecord(failed, { retryable: false });
}

/** The value, unless it is a promise: nobody could wait for it inside a turn. */
export function synchronous(what: string, value: unknown): unknown {
  if (!isThenable(value)) return value;
  // Its rejection would otherwise end the process as unhandled.
  whenRejected(value, () => {});
  throw new MapperAsync({ mapper: `mapper of the ${what}` });
}

/** What a schema makes of a value within a turn. */
export function parsedNow(schema: Schema, value: unknown, what: string, makes: PlanNode['makes'] = 'input'): unknown {
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
  if (!parsed.ok) {
    const fields = { what, issues: parsed.issues };
    throw makes === 'output' ? new OutputInvalid(fields) : new InputInvalid(fields);
  }
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
