/** What a command of the command line is, what it is handed, and how it says that it was called wrongly. */
import { ERROR_CODES, type ErrorCode } from '../errors/index.ts';
import type { Terminal } from './terminal.ts';

/** A way of ending, as the exit code that a shell sees. */
export const EXIT = {
  /** What was asked for is done, or the run has completed. */
  done: 0,
  /** The run has not completed, or it does not take what was asked. */
  failed: 1,
  /** It was called wrongly, or cannot reach what it needs. */
  misuse: 2,
  /** The run waits for something from outside. */
  waiting: 3,
} as const;

/** The call was wrong: one line that says how, and how it is right. */
export class Misuse extends Error {}

/** The run does not take what was asked: one line that says why. */
export class NotTaken extends Error {}

/**
 * The code of an error of signalbox; null for any other. By its code and not by its class: the application may have another copy of the
 * package than this program.
 */
export function codeIn(error: unknown): ErrorCode | null {
  const code = (Object(error) as { readonly code?: unknown }).code;
  return ERROR_CODES.find((each) => each === code) ?? null;
}

/** An option of a command. */
export interface CliOption {
  readonly type: 'string' | 'boolean';
  /** How its value is called in help: `NAME`. */
  readonly value?: string;
  readonly says: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
}

export type CliOptions = { readonly [name: string]: CliOption };

/** The words and options of one call. */
export interface CliCall {
  readonly terminal: Terminal;
  /** In the order in which the command names them; what was left out is undefined. */
  readonly words: readonly (string | undefined)[];
  readonly json: boolean;
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
}

export interface CliCommand {
  readonly name: string;
  /** What stands behind the name: `RUN`; in brackets if it may be left out: `[RUN]`. */
  readonly words: readonly string[];
  readonly says: string;
  readonly options: CliOptions;
  /** Answers with the exit code. */
  run(call: CliCall): Promise<number>;
}

/** How a command is called: `signalbox status [RUN]`. */
export function usageOf({ name, words }: CliCommand): string {
  return ['signalbox', name, ...words].join(' ');
}

/** Who asks, and why: every command that changes a run may say so. */
export const WHO_ASKS: CliOptions = {
  by: { type: 'string', value: 'NAME', says: 'who asks for it; kept with the run. Or SIGNALBOX_BY' },
  reason: { type: 'string', value: 'TEXT', says: 'why; kept with the run' },
};

/** What `run.audit()` is to say of the call. */
export function askerOf(call: CliCall): { readonly by: string | null; readonly reason: string | null } {
  return { by: call.text('by') ?? call.terminal.env.SIGNALBOX_BY ?? null, reason: call.text('reason') ?? null };
}

/** JSON from the command line, or a line that says what is wrong with it. */
export function jsonWord(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Misuse(`${what} is not JSON (${why}); a text wants quotes of its own: '"yes"'`);
  }
}

/** A whole number from 1, or a line that says what is wrong with it. */
export function countIn(what: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= most) return count;
  throw new Misuse(`${what} takes a whole number from 1 to ${most}, and not "${text}"`);
}
