/** The kinds that come with the package, as a value: each is a folder beside this file. */
import { type Kind, Kinds } from '../core/kind.ts';
import { firing } from './firing/index.ts';
import { RUN_KINDS } from './run-kinds.ts';
import { schedule } from './schedule/index.ts';

const KINDS: readonly Kind[] = [...RUN_KINDS, schedule, firing];

/**
 * A value, and filled where it is made: whoever needs the kinds imports them, so no bundler can take them for
 * something that nobody uses.
 */
export const builtInKinds = new Kinds(KINDS);

/** Those, and others, whose machines are looked through. Without others, the same ones. */
export function kindsWith(others: readonly Kind[]): Kinds {
  if (others.length === 0) return builtInKinds;
  const kinds = new Kinds(KINDS);
  for (const kind of others) kinds.register(kind);
  return kinds;
}
