/** A child run where it is declared: which orchestrator, what it is started with, and whether its end is waited for. */
import type { Declaration, Options, ReadPort } from '../../core/declaration.ts';
import type { Mapper, OrchestratorDefinition } from '../../definition.ts';
import { show } from '../../errors/index.ts';
import type { JsonObject } from '../../json.ts';
import type { RunDefinition, RunSpec } from '../../leaves.ts';
import { checkMapper, together } from '../together.ts';

const KEYS = ['orchestrator', 'input', 'detach', 'id', 'metadata', 'depth'];
/** How deep a family of runs may be, if its steps do not say otherwise. */
const DEPTH = 10;

/** `given` is an orchestrator, a function that answers with one, or the options; a mapper beside it belongs to the first two. */
function definitionOf(name: unknown, given: unknown, mapper: unknown, reader: ReadPort): RunDefinition {
  const isShort = typeof given === 'function' || definitionIn(given) !== null || typeof given !== 'object';
  const options: Options = isShort ? { orchestrator: given } : reader.options(given, 'options of a child run', KEYS);
  if (mapper !== undefined && !isShort)
    reader.note('bad-option', 'A child run with options takes its mapper as "input" among them.');
  const { orchestrator, detach = false, id, metadata, depth = DEPTH } = options;
  const resolve = resolver(orchestrator);
  if (typeof orchestrator !== 'function' && definitionIn(orchestrator) === null) {
    const hint = orchestrator === undefined ? ' (often a circular import: give a function that answers with it)' : '';
    reader.note('bad-body', `Expected an orchestrator; got ${show(orchestrator)}${hint}.`);
    told.add(resolve);
  }
  return {
    is: 'run',
    name: name as string,
    orchestrator: resolve,
    input: (isShort ? mapper : options.input) as Mapper | undefined,
    id: id as Mapper | undefined,
    metadata: readMetadata(metadata, reader),
    detach: detach as boolean,
    depth: depth as number,
  };
}

function readMetadata(given: unknown, reader: ReadPort): RunDefinition['metadata'] {
  if (given === undefined || typeof given === 'function') return given as Mapper | undefined;
  const metadata = reader.json(given, 'metadata of a child run');
  if (isObjectOfJson(metadata)) return metadata;
  if (metadata !== undefined)
    reader.note('bad-option', `Option "metadata" cannot be ${show(given)}: it takes an object or a mapper.`);
  return undefined;
}

function isObjectOfJson(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function definitionIn(given: unknown): OrchestratorDefinition | null {
  const { is, definition = null } = Object(given ?? {}) as { readonly is?: unknown; readonly definition?: unknown };
  return is === 'orchestrator' ? (definition as OrchestratorDefinition | null) : null;
}

/** Those of which the reading has said that they are none. */
const told = new WeakSet<() => OrchestratorDefinition | null>();

/** Asked when somebody needs to know, and once: a function may name what is defined after it. */
function resolver(given: unknown): () => OrchestratorDefinition | null {
  let known: OrchestratorDefinition | null = typeof given === 'function' ? null : definitionIn(given);
  return () => {
    if (known === null && typeof given === 'function') known = definitionIn(given());
    return known;
  };
}

/** The definition, and the mapper of the step. */
export function readRun(
  name: unknown,
  given: unknown,
  mapper: unknown,
  reader: ReadPort,
): readonly [RunDefinition, Mapper] {
  const definition = definitionOf(name, given, mapper, reader);
  return [definition, inputOf(definition)];
}

/** What makes the step's input: all that the child is started with. */
function inputOf({ input, id, metadata }: RunDefinition): Mapper {
  return together({ input: input ?? NOTHING, id, metadata: metadata ?? NOTHING });
}

const NOTHING: JsonObject = Object.freeze({});

export const runDeclaration: Declaration<RunDefinition> = {
  name: 'run',
  noun: 'step',
  check({ orchestrator, input, id, metadata, detach, depth }, checker) {
    try {
      if (orchestrator() === null && !told.has(orchestrator))
        checker.fault(
          'bad-body',
          'What a child run is a run of is no orchestrator. Give one, or a function that answers with one.',
        );
    } catch (thrown) {
      const message = `The function that is to answer with the orchestrator of a child run threw: ${show(String(thrown))}.`;
      checker.fault('bad-body', message);
    }
    checkMapper(input, 'input', checker);
    checkMapper(id, 'id', checker);
    if (typeof metadata === 'function') checkMapper(metadata, 'metadata', checker);
    if (typeof detach !== 'boolean') checker.option('detach', detach, 'true or false');
    const isCount = depth === Number.POSITIVE_INFINITY || (Number.isSafeInteger(depth) && depth >= 1);
    if (!isCount) checker.option('depth', depth, 'a whole number from 1 on');
  },
  plan({ orchestrator, detach, depth }, planner) {
    const known = orchestrator as () => OrchestratorDefinition;
    planner.starts(known);
    return { spec: Object.freeze({ orchestrator: known, detach, depth } satisfies RunSpec) };
  },
  lines({ spec }) {
    const { orchestrator, detach, depth } = spec as RunSpec;
    const { name, version } = orchestrator();
    const lines = [`runs ${JSON.stringify(name)} version ${JSON.stringify(version)}`];
    if (detach) lines.push('detached');
    if (depth !== DEPTH) lines.push(`depth ${depth}`);
    return lines;
  },
};
