/** Reads the words of a call: which command, which options. What nobody knows is refused with what was perhaps meant. */
import { parseArgs } from 'node:util';
import { closest } from '../names.ts';
import { type CliCall, type CliCommand, Misuse, type CliOptions, usageOf } from './command.ts';
import type { Terminal } from './terminal.ts';

/** CliOptions that every command takes. */
export const COMMON: CliOptions = {
  store: {
    type: 'string',
    value: 'STORE',
    says: 'runs.db, sqlite:PATH, postgres://… or redis://…; or SIGNALBOX_STORE',
  },
  schema: { type: 'string', value: 'NAME', says: 'the schema of a Postgres store, if it is not "signalbox"' },
  prefix: { type: 'string', value: 'TEXT', says: 'the prefix of a Redis store, if it is not "signalbox"' },
  app: { type: 'string', value: 'FILE', says: 'a module with your orchestrators; or SIGNALBOX_APP' },
  json: { type: 'boolean', says: 'answers with JSON' },
  help: { type: 'boolean', says: 'says how it is called' },
};

interface Given {
  readonly words: readonly string[];
  readonly values: ReadonlyMap<string, readonly (string | true)[]>;
}

/** What was said behind the name of a command. */
export function callOf(command: CliCommand, args: readonly string[], terminal: Terminal): CliCall {
  const { words, values } = given({ ...COMMON, ...command.options }, args, command);
  const texts = (option: string): readonly string[] => (values.get(option) ?? []) as readonly string[];
  const isHelp = values.has('help');
  if (!isHelp) checkWords(command, words);
  return {
    terminal,
    words: command.words.map((_, at) => words[at]),
    json: values.has('json'),
    text: (option) => texts(option).at(-1),
    texts,
    flag: (option) => values.has(option),
  };
}

function given(options: CliOptions, args: readonly string[], command: CliCommand): Given {
  const known = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const values = new Map<string, (string | true)[]>();
  for (const token of tokens) {
    if ('name' in token) {
      const { name, rawName, value, inlineValue } = token;
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      if (option === undefined) throw new Misuse(unknownOption(rawName, options, command));
      if (option.type === 'boolean' && value !== undefined)
        throw new Misuse(`${rawName} takes no value: say ${rawName} alone`);
      if (option.type === 'string' && (value === undefined || value === '' || (!inlineValue && value.startsWith('--'))))
        throw new Misuse(`${rawName} wants a value: ${rawName} ${option.value}`);
      const before = values.get(name) ?? [];
      if (before.length > 0 && option.type === 'string' && option.multiple !== true)
        throw new Misuse(`${rawName} was given twice: say it once`);
      values.set(name, [...before, value ?? true]);
    } else if ('value' in token) words.push(token.value as string);
  }
  return { words, values };
}

function unknownOption(rawName: string, options: CliOptions, command: CliCommand): string {
  const guess = closest(rawName.replace(/^-+/, ''), Object.keys(options));
  const hint = guess === null ? `see signalbox ${command.name} --help` : `did you mean --${guess}?`;
  return `signalbox ${command.name} has no option ${rawName}; ${hint}`;
}

function checkWords(command: CliCommand, words: readonly string[]): void {
  const missing = command.words.find((word, at) => !word.startsWith('[') && words[at] === undefined);
  if (missing !== undefined) throw new Misuse(`${missing} is missing: ${usageOf(command)}`);
  const more = words[command.words.length];
  if (more !== undefined) throw new Misuse(`"${more}" is one word too many: ${usageOf(command)}`);
}
