/**
 * The same definitions as plain data: a track as a list of tasks, an orchestrator as its
 * tracks and a table of dependencies. For definitions that a program puts together, and
 * for those who like a table better than a chain.
 *
 * A name that leads nowhere is a fault that the check reports (S3). In a document a track
 * may depend on one that is declared after it, so here a cycle can be written.
 */
import type { StepDefinition, TrackUse } from '../definition.ts';
import { show } from '../errors/index.ts';
import type { InputOf, OutputOf, Schema } from '../schema.ts';
import type {
  DocumentCalls,
  DocumentStep,
  DocumentTracks,
  LastOutput,
  MappingsOption,
  OrchestratorDocument,
  TaskRegistry,
  TrackDocument,
  TrackOutputs,
  TracksByName,
} from './document-types.ts';
import { mapperOf } from '../mapping.ts';
import { knownNames } from '../names.ts';
import { readLeaf } from './leaf-documents.ts';
import type { Note } from './notes.ts';
import { readHooks } from './hooks.ts';
import { readConcurrency } from './limits.ts';
import { ORCHESTRATOR_KEYS, type Orchestrator, orchestratorOf, readUse } from './orchestrator.ts';
import type { Options } from '../core/declaration.ts';
import { readWord, wordOf } from './document-steps.ts';
import { isOptions, readDuration, readOptions, readStep } from './reading.ts';
import { from } from './source.ts';
import { type Track, trackOf } from './track.ts';
import { readStepOptions, STEP_OPTIONS } from './undo.ts';
import type { BodyCalls, Flat, NoSchema } from './types.ts';

const TRACK_KEYS = ['name', 'input', 'bodies', 'deadline', 'hooks', 'registry', 'tasks', 'output'];
const STEP_KEYS = ['task', 'name', 'input', ...STEP_OPTIONS];
const DOCUMENT_KEYS = ['name', ...ORCHESTRATOR_KEYS, 'tracks', 'dependencies', 'inputMappings', 'output'];

/**
 * Makes a track of a document.
 *
 * @example
 * const payment = defineTrack({
 *   name: 'payment',
 *   input: Order,
 *   registry: { reserve, charge },
 *   tasks: [
 *     { task: 'reserve', input: ({ input }) => input },
 *     { task: 'charge', input: ({ input, outputs }) => ({ hold: outputs.reserve.hold, cents: input.cents }) },
 *   ],
 * });
 */
export function defineTrack<
  const N extends string,
  const Ts extends readonly DocumentStep<OutputOf<S>, R>[],
  R extends TaskRegistry = {},
  S extends Schema = NoSchema,
  O = LastOutput<R, Ts>,
>(document: TrackDocument<N, S, R, Ts, O>): Track<N, InputOf<S>, Awaited<O>, DocumentCalls<R, Ts>> {
  const notes: Note[] = [];
  const given = readOptions(document, 'document of a track', TRACK_KEYS, notes);
  const registry = isOptions(given.registry) ? given.registry : {};
  const steps = readEntries(given.tasks, 'tasks', registry, notes);
  const bodies = readConcurrency(given.bodies, 'bodies', notes);
  const head = from(defineTrack, {
    name: given.name as string,
    input: given.input as Schema | undefined,
    bodies,
    deadline: readDuration(given.deadline, 'deadline', undefined, notes),
    hooks: readHooks(given.hooks, 'track', notes),
    notes,
  });
  // What it carries at compile time cannot be seen in the data; the signature says it.
  return trackOf(head, steps, mapperOf(given.output)) as never;
}

function readEntries(list: unknown, option: string, registry: Options, notes: Note[]): readonly StepDefinition[] {
  return Object.freeze(listOf(list, option, notes).map((entry) => readEntry(entry, registry)));
}

function readEntry(entry: unknown, registry: Options): StepDefinition {
  const leaf = readLeaf(entry, defineTrack);
  if (leaf !== null) return leaf;
  const notes: Note[] = [];
  const word = wordOf(entry);
  if (word !== undefined) {
    const lookUpHere = (reference: unknown, found: Note[]): unknown => lookUp(reference, registry, found);
    const steps = (list: unknown, found: Note[]) => readEntries(list, word, registry, found);
    return readWord(word, entry as Options, defineTrack, lookUpHere, steps);
  }
  if (!isOptions(entry) || !('task' in entry)) {
    return readStep(nameOf(entry), lookUp(entry, registry, notes), undefined, notes);
  }
  const { task, name, input, ...rest } = readOptions(entry, 'step of a track', STEP_KEYS, notes);
  return readStep(
    name ?? nameOf(task),
    lookUp(task, registry, notes),
    mapperOf(input),
    notes,
    undefined,
    readStepOptions(rest, notes),
  );
}

/** The name that a step has if it is given no other. */
function nameOf(reference: unknown): unknown {
  return isOptions(reference) ? reference.name : reference;
}

function lookUp(reference: unknown, registry: Options, notes: Note[]): unknown {
  if (typeof reference !== 'string') return reference;
  if (Object.hasOwn(registry, reference)) return registry[reference];
  const known = knownNames('tasks', Object.keys(registry), reference);
  notes.push({
    code: 'unknown-reference',
    message: `No task in the document's registry is called ${show(reference)}. ${known}`,
  });
  return reference;
}

/**
 * Makes an orchestrator of a document.
 *
 * @example
 * const order = defineOrchestrator({
 *   name: 'order',
 *   version: '1',
 *   input: Order,
 *   tracks: { payment, delivery },
 *   dependencies: { delivery: ['payment'] },
 *   inputMappings: { payment: ({ input }) => input, delivery: ({ input }) => input },
 * });
 */
export function defineOrchestrator<
  const N extends string,
  S extends Schema,
  const Ts extends DocumentTracks,
  const D = {},
  O = Flat<TrackOutputs<TracksByName<Ts>>>,
>(
  document: OrchestratorDocument<N, S, Ts, D, O> & MappingsOption<OutputOf<S>, TracksByName<Ts>, D>,
): Orchestrator<N, InputOf<S>, Awaited<O>, BodyCalls<TracksByName<Ts>[keyof TracksByName<Ts>]>> {
  const notes: Note[] = [];
  const given = readOptions(document, 'document of an orchestrator', DOCUMENT_KEYS, notes);
  const tracks = readTracks(given.tracks, notes);
  const names = new Set(tracks.map(([name]) => name));
  const dependencies = readTable(given.dependencies, 'dependencies', names, notes);
  const mappings = readTable(given.inputMappings, 'inputMappings', names, notes);
  const uses = tracks.map(
    ([name, body]): TrackUse => readUse(name, body, valueAt(dependencies, name), mapperOf(valueAt(mappings, name)), []),
  );
  const head = from(defineOrchestrator, { name: given.name as string, given, notes });
  return orchestratorOf(head, Object.freeze(uses), mapperOf(given.output)) as never;
}

function readTracks(tracks: unknown, notes: Note[]): readonly (readonly [string, unknown])[] {
  if (Array.isArray(tracks)) return tracks.map((body) => [nameOf(body) as string, body]);
  if (isOptions(tracks)) return Object.entries(tracks);
  notes.push({
    code: 'bad-option',
    message: `Option "tracks" cannot be ${show(tracks)}: it takes tracks by name, or a list.`,
  });
  return [];
}

/** A table whose keys are names of tracks; every other key is noted. */
function readTable(table: unknown, option: string, names: ReadonlySet<string>, notes: Note[]): Options {
  if (table === undefined) return {};
  if (!isOptions(table) || Array.isArray(table)) {
    notes.push({
      code: 'bad-option',
      message: `Option "${option}" cannot be ${show(table)}: it takes an object by name of track.`,
    });
    return {};
  }
  let known: readonly string[] | undefined;
  for (const name of Object.keys(table)) {
    if (names.has(name)) continue;
    known ??= [...names];
    const message = `"${option}" names ${show(name)}, which is no track of this orchestrator. ${knownNames('tracks', known, name)}`;
    notes.push({ code: 'unknown-reference', at: name, message });
  }
  return table;
}

function valueAt(table: Options, name: string): unknown {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function listOf(list: unknown, option: string, notes: Note[]): readonly unknown[] {
  if (Array.isArray(list)) return list;
  notes.push({ code: 'bad-option', message: `Option "${option}" cannot be ${show(list)}: it takes a list.` });
  return [];
}
