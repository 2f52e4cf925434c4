/**
 * Mappers as data (S5): `{ id: '$.input.id', hold: { from: 'outputs.hold.id', or: 'previous' } }`. What is said this way is read once,
 * when it is given, and is a mapper like any other from then on: pure, and over what it is told alone.
 *
 * What is wrong with it, and which outputs it reads, is kept beside the mapper, for the check of a definition (S3).
 */
import { InvalidOption, MappingMissing, reasonOf, show } from './errors/index.ts';
import type { FaultCode } from './faults.ts';
import { type Json, type JsonObject, toJson } from './json.ts';
import { closest, knownNames } from './names.ts';
import { pathIn, type PathStep, pathText, readPath } from './paths.ts';
import type { Facts } from './user-code.ts';

/**
 * A mapper as data. A text that begins with `$.` is a path into what a mapper is told, and so is `{ from: 'outputs.hold.id' }`, which may
 * say what stands there if the path leads nowhere: `or: 'fail'` (default), `'previous'`, or `{ value: … }`. Objects and
 * lists are made of these, and everything else stands for itself.
 */
export type MappingData = `$${string}` | readonly Json[] | JsonObject;

interface MappingFault {
  readonly code: FaultCode;
  readonly message: string;
}

/** What is known of a mapper that was said as data. */
interface Said {
  readonly faults: readonly MappingFault[];
  /** Its paths. */
  readonly paths: readonly (readonly PathStep[])[];
}

type Make = (facts: Facts) => unknown;

/** What mappers are told, here or there. */
const FACTS = [
  ...['input', 'outputs', 'previous', 'run', 'item', 'index', 'sourceIndex', 'accumulator', 'error'],
  ...['output', 'payload', 'judgement', 'phases', 'tasks'],
];
const FROM_KEYS = ['from', 'or'];
const NOTHING: Said = Object.freeze({ faults: [], paths: [] });

const said = new WeakMap<object, Said>();

/**
 * Makes a mapper of data. It goes wherever a mapper goes, in builders and in documents; what a document takes as the `input` of a
 * body, in `inputMappings` and as `output` may be the data itself.
 *
 * @example
 * .step('receipt', charge, mapping({ hold: '$.outputs.hold.id', cents: { from: 'input.cents', or: { value: 0 } } }))
 */
// What stands at a path is not known to the compiler; the schema of whoever is handed it looks at it.
// biome-ignore lint/suspicious/noExplicitAny: see above
export function mapping(data: MappingData): (facts: any) => any {
  const reader = new MappingReader();
  const make = reader.read(data);
  const mapper = (facts: Facts): unknown => {
    const [first] = reader.faults;
    if (first === undefined) return make(facts);
    throw new InvalidOption({ option: 'mapping', value: data, expected: `what can be read: ${first.message}` });
  };
  said.set(mapper, { faults: reader.faults, paths: reader.paths });
  return mapper;
}

/** A mapper as a document gives it: data becomes one, and everything else is left for the check to judge. */
export function mapperOf(given: unknown): unknown {
  const isData = (typeof given === 'object' && given !== null) || typeof given === 'string';
  return isData ? mapping(given as MappingData) : given;
}

/** The mapper, and with it what is known of those that it calls. */
export function speakingFor<M extends object>(mapper: M, ...others: readonly unknown[]): M {
  const known = others.map(saidBy).filter((each) => each !== NOTHING);
  if (known.length > 0)
    said.set(mapper, {
      faults: known.flatMap(({ faults }) => faults),
      paths: known.flatMap(({ paths }) => paths),
    });
  return mapper;
}

/** What is wrong with a mapper that was said as data; nothing, for any other. */
export function mappingFaults(mapper: unknown): readonly MappingFault[] {
  return saidBy(mapper).faults;
}

/** The names that mappers which were said as data read below `root`: of steps, below `outputs`. */
export function namesReadBy(mappers: readonly unknown[], root = 'outputs'): readonly string[] {
  const names = mappers.flatMap((mapper) =>
    saidBy(mapper).paths.flatMap(([first, name]) => (first === root && typeof name === 'string' ? [name] : [])),
  );
  return [...new Set(names)];
}

function saidBy(mapper: unknown): Said {
  return typeof mapper === 'function' ? (said.get(mapper) ?? NOTHING) : NOTHING;
}

class MappingReader {
  readonly faults: MappingFault[] = [];
  readonly paths: (readonly PathStep[])[] = [];

  read(data: unknown): Make {
    let copy: Json;
    try {
      copy = toJson(data, 'mapping');
    } catch (thrown) {
      // What somebody else's getter throws is told like what is no JSON.
      return this.#fault('bad-option', reasonOf(thrown));
    }
    if (typeof copy === 'object' && copy !== null) return this.#part(copy);
    if (typeof copy === 'string' && isPath(copy)) return this.#part(copy);
    const hint = typeof copy === 'string' ? ' A path begins with "$.".' : '';
    return this.#fault(
      'bad-option',
      `A mapping is an object, a list or a path like "$.outputs.hold.id"; got ${show(copy)}.${hint}`,
    );
  }

  #part(data: Json): Make {
    if (typeof data === 'string') return isPath(data) ? this.#path(data, 'fail') : () => data;
    if (typeof data !== 'object' || data === null) return () => data;
    if (isList(data)) {
      const parts = data.map((each) => this.#part(each));
      return (facts) => parts.map((part) => part(facts));
    }
    if (Object.hasOwn(data, 'from') && typeof data.from === 'string') return this.#from(data.from, data);
    const parts = Object.entries(data).map(([field, each]) => [field, this.#part(each)] as const);
    // Entries, and no assignments: a field may be called `__proto__`.
    return (facts) => Object.fromEntries(parts.map(([field, part]) => [field, part(facts)]));
  }

  /** `{ from, or }`. */
  #from(from: string, given: JsonObject): Make {
    for (const key of Object.keys(given))
      if (!FROM_KEYS.includes(key))
        this.#fault(
          'unknown-key',
          `An object whose "from" is a text is a path, and cannot have ${show(key)}. ${knownNames('keys', FROM_KEYS, key)} A field that is called "from" is given as an object: { from: { from: ${show(from)} } }.`,
        );
    return this.#path(from, this.#or(Object.hasOwn(given, 'or') ? given.or : 'fail'));
  }

  #or(given: Json | undefined): Fallback {
    if (given === 'fail' || given === 'previous') return given;
    if (typeof given === 'object' && given !== null && Object.keys(given).join() === 'value')
      return { value: (given as JsonObject).value as Json };
    const guess = typeof given === 'string' ? closest(given, ['fail', 'previous']) : null;
    const hint = guess === null ? '' : ` Did you mean "${guess}"?`;
    this.#fault(
      'bad-option',
      `Option "or" cannot be ${show(given)}: it takes 'fail', 'previous' or { value: … }.${hint}`,
    );
    return 'fail';
  }

  #path(text: string, or: Fallback): Make {
    const path = pathIn(text);
    if (typeof path === 'string') return this.#fault('bad-option', `The path ${show(text)} leads nowhere: ${path}.`);
    const [root] = path;
    if (typeof root !== 'string' || !FACTS.includes(root))
      return this.#fault(
        'unknown-reference',
        `The path ${show(text)} begins with ${show(root)}, and no mapper is told of that. ${knownNames('facts', FACTS, String(root))}`,
      );
    this.paths.push(path);
    return (facts) => {
      const found = readPath(facts, path);
      if ('value' in found) return found.value;
      if (typeof or === 'object') return or.value;
      if (or === 'previous' && facts.previous !== undefined) return facts.previous;
      const stop = pathText(path.slice(0, found.steps));
      throw new MappingMissing({ path: pathText(path), stop, reason: found.reason });
    };
  }

  #fault(code: FaultCode, message: string): Make {
    this.faults.push({ code, message });
    return () => null;
  }
}

type Fallback = 'fail' | 'previous' | { readonly value: Json };

function isPath(text: string): boolean {
  return text.startsWith('$.') || text.startsWith('$[');
}

function isList(data: Json): data is readonly Json[] {
  return Array.isArray(data);
}
