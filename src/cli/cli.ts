/** The command line as a function: words in, text out, an exit code. Whatever goes wrong is one line that says what to do. */
import { isA } from '../errors/index.ts';
import { closest } from '../names.ts';
import { callOf, COMMON } from './arguments.ts';
import { type CliCommand, codeIn, EXIT, Misuse, type CliOptions, usageOf } from './command.ts';
import { LINES } from './commands/index.ts';
import { plain } from '../charts/tree.ts';
import type { Terminal } from './terminal.ts';

export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const [name, ...rest] = args;
    if (name === undefined || name === 'help' || name === '--help') {
      terminal.out(helpText());
      return name === undefined ? EXIT.misuse : EXIT.done;
    }
    const command = LINES.find((each) => each.name === name);
    if (command === undefined) throw new Misuse(unknownCommand(name));
    const call = callOf(command, rest, terminal);
    if (call.flag('help')) {
      terminal.out(helpOn(command));
      return EXIT.done;
    }
    return await command.run(call);
  } catch (error) {
    terminal.err(`signalbox: ${lineOf(error)}\n`);
    return codeOf(error);
  }
}

/** What a run or a step answers to what was asked. All else is about the call, or about what it could not reach. */
const REFUSALS: ReadonlySet<string> = new Set([
  'command-refused',
  'intervention-refused',
  'commit-refused',
  'impossible',
]);

function codeOf(error: unknown): number {
  if (isA(error, Misuse)) return EXIT.misuse;
  const code = codeIn(error);
  return code !== null && !REFUSALS.has(code) ? EXIT.misuse : EXIT.failed;
}

function lineOf(error: unknown): string {
  const { fields } = Object(error) as {
    readonly fields?: { readonly run?: string; readonly error?: { readonly code?: string } };
  };
  // On a server, after a while.
  if (codeIn(error) === 'command-failed' && fields?.error?.code === 'definition-missing')
    return plain(
      `nobody goes on with run "${fields.run}", so nobody has taken this: start the application, or say --app FILE`,
    );
  const text = isA(error, Error) ? error.message : String(error);
  const lines = text.split('\n').map((line) => line.trim());
  // Of a definition the first line says that it has faults, and those behind it which.
  return plain((codeIn(error) === 'definition-invalid' ? lines.join(' ') : lines[0]) ?? '');
}

function unknownCommand(name: string): string {
  const guess = closest(
    name,
    LINES.map((each) => each.name),
  );
  return `there is no command "${name}"; ${guess === null ? 'see signalbox --help' : `did you mean signalbox ${guess}?`}`;
}

function helpText(): string {
  const usages = LINES.map((command) => usageOf(command).replace(/^signalbox /, ''));
  const width = Math.max(...usages.map(({ length }) => length));
  const lines = LINES.map(({ says }, at) => `  ${(usages[at] ?? '').padEnd(width)}  ${says}`);
  return `signalbox COMMAND …\n\n${lines.join('\n')}\n\nEvery command takes\n${optionLines(COMMON)}\n\nsignalbox COMMAND --help says what else it takes.\n`;
}

function helpOn(command: CliCommand): string {
  const own = Object.keys(command.options).length === 0 ? '' : `\n${optionLines(command.options)}\n`;
  return `${usageOf(command)}: ${command.says}\n${own}\nAs every command\n${optionLines(COMMON)}\n`;
}

function optionLines(options: CliOptions): string {
  const names = Object.entries(options).map(
    ([name, { value }]) => `--${name}${value === undefined ? '' : ` ${value}`}`,
  );
  const width = Math.max(...names.map(({ length }) => length));
  return Object.values(options)
    .map(({ says }, at) => `  ${(names[at] ?? '').padEnd(width)}  ${says}`)
    .join('\n');
}
