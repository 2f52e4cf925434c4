/**
 * The entries of a track's document that are no bodies: `{ name: 'risk', branch: { … } }`. The
 * word says which method of a builder it stands for, and its value is what that is given. Bodies may be names of the registry.
 */
import type { Options, ReadPort } from '../core/declaration.ts';
import type { BodyDefinition, Mapper, StepDefinition } from '../definition.ts';
import { show } from '../errors/index.ts';
import { readAggregate } from '../machines/aggregate/declaration.ts';
import { readApprovalStep } from '../machines/approval/declaration.ts';
import { readBranch } from '../machines/branch/declaration.ts';
import { readGate } from '../machines/gate/declaration.ts';
import { readGroup } from '../machines/group/declaration.ts';
import { readLoop } from '../machines/loop/declaration.ts';
import { readMap } from '../machines/map/declaration.ts';
import { readKind } from '../machines/outside-read.ts';
import { readParallel } from '../machines/parallel/declaration.ts';
import { readSet } from '../machines/set/declaration.ts';
import { readTerminate } from '../machines/terminate/declaration.ts';
import { readWait } from '../machines/wait/declaration.ts';
import { mapperOf } from '../mapping.ts';
import type { Note } from './notes.ts';
import { isOptions, OptionReader, readByKind, readUseOf } from './reading.ts';
import type { Builder } from './source.ts';

type Made = BodyDefinition | readonly [BodyDefinition, Mapper | undefined];

interface Word {
  /** Keys of the entry beside its name and the word itself. */
  readonly more: readonly string[];
  read(entry: Options, reader: ReadPort, steps: (list: unknown) => readonly StepDefinition[]): Made;
}

/** `word` takes what its builder's method takes after the name. */
const alone = (word: string, read: (name: unknown, given: unknown, reader: ReadPort) => Made): Word => ({
  more: [],
  read: (entry, reader) => read(entry.name, entry[word], reader),
});

const WORDS: { readonly [word: string]: Word } = {
  wait: alone('wait', readWait),
  approval: alone('approval', readApprovalStep),
  gate: alone('gate', readGate),
  branch: alone('branch', readBranch),
  map: alone('map', readMap),
  loop: alone('loop', readLoop),
  aggregate: alone('aggregate', readAggregate),
  set: alone('set', readSet),
  terminate: alone('terminate', readTerminate),
  parallel: {
    more: ['strategy', 'concurrency'],
    read: ({ name, parallel, ...rest }, reader) => readParallel(name, parallel, rest, reader),
  },
  group: {
    more: ['onError'],
    read: ({ name, group, ...rest }, reader, steps) => readGroup(name, steps(group), rest, reader),
  },
  kind: { more: ['options'], read: ({ name, kind, options }, reader) => readKind(name, kind, options, reader) },
};

/** The word of an entry that is no body, or undefined. */
export function wordOf(entry: unknown): string | undefined {
  if (!isOptions(entry) || 'task' in entry || 'definition' in entry) return undefined;
  return Object.keys(WORDS).find((word) => Object.hasOwn(entry, word));
}

/** Reads names of bodies as a document's registry has them. */
class DocumentReader extends OptionReader {
  readonly #lookUp: (reference: unknown, notes: Note[]) => unknown;

  constructor(lookUp: (reference: unknown, notes: Note[]) => unknown) {
    super();
    this.#lookUp = lookUp;
  }

  override step(name: unknown, body: unknown, input: unknown): StepDefinition {
    return super.step(name, this.#lookUp(body, this.notes), mapperOf(input));
  }

  override use(name: unknown, given: unknown): StepDefinition {
    if (!isOptions(given) || !('do' in given)) return readUseOf(name, this.#lookUp(given, this.notes));
    return readUseOf(name, { ...given, do: this.#lookUp(given.do, this.notes), ...mapped(given) });
  }
}

/** The mapper of a use, if it has one. */
function mapped(given: Options): Options {
  return 'input' in given ? { input: mapperOf(given.input) } : {};
}

/** A step of such an entry. `steps` reads the entries of a group. */
export function readWord(
  word: string,
  entry: Options,
  builder: Builder,
  lookUp: (reference: unknown, notes: Note[]) => unknown,
  steps: (list: unknown, notes: Note[]) => readonly StepDefinition[],
): StepDefinition {
  const { more, read } = WORDS[word] as Word;
  const keys = ['name', word, ...more];
  const reader = new DocumentReader(lookUp);
  return readByKind(
    entry.name,
    builder,
    () => {
      reader.options(entry, `"${word}" step of a track`, keys);
      if (entry.name === undefined) reader.note('bad-name', `A step ${show({ [word]: '…' })} needs a "name".`);
      return read(entry, reader, (list) => steps(list, reader.notes));
    },
    reader,
  );
}
