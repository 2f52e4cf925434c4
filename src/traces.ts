/**
 * Stacks for the person who reads them: what leads through this package, or through Node itself, is left out, and an
 * error that was kept as a record becomes an error again, with the stack that it had where it was thrown.
 */
import type { ErrorRecord } from './errors/index.ts';

/** A frame in this file. In a bundle there is none: that is the user's own file. */
const HERE = /^\s*at .*?([^\s(]*[\\/])traces\.[jt]s:\d+:\d+\)?$/m;

let home: string | null | undefined;

/** The folder in which this file stands: `/app/node_modules/signalbox/dist/`, or `…/src/`. Found out when it is first needed. */
function homeOf(): string | null {
  if (home === undefined) home = HERE.exec(stackOf(new Error('here')))?.[1] ?? null;
  return home;
}

const OTHERS = /\(?node:|[\\/]node_modules[\\/]signalbox[\\/]/;

function stackOf(error: Error): string {
  try {
    const stack: unknown = error.stack;
    return typeof stack === 'string' ? stack : '';
  } catch {
    // A hook of somebody's that turns traces into text has thrown.
    return '';
  }
}

/** The stack without the frames that nobody can do anything about. */
export function readable(stack: string): string {
  const folder = homeOf();
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || !(OTHERS.test(line) || (folder !== null && line.includes(folder))))
    .join('\n');
}

/** Gives an error that was just made such a stack. */
export function shorten(error: Error): void {
  const stack = stackOf(error);
  if (stack !== '') setHidden(error, 'stack', readable(stack));
}

/** What was thrown, as an error again; it may have been thrown in another process. */
export function revive({ name, message, stack, cause }: ErrorRecord): Error {
  // A class of that name, because a print goes by it.
  const Named = { [name]: class extends Error {} }[name] as ErrorConstructor;
  const error = new Named(message, cause === undefined ? undefined : { cause: revive(cause) });
  setHidden(error, 'name', name);
  setHidden(error, 'stack', stack === undefined ? `${name}: ${message}` : readable(stack));
  return error;
}

/** Properties that are there for programs, and that a print of the error, which says the same in words, does without. */
export function hide(error: Error, ...keys: readonly string[]): void {
  for (const key of keys) Object.defineProperty(error, key, { enumerable: false });
}

function setHidden(error: Error, key: string, value: string): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}
