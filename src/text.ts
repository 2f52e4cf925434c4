/**
 * Texts that users hand in for people to read: the note of a progress, the reason of a cancel. They are kept in the
 * history, so they are short, and text.
 */

import { disarm } from './promises.ts';

/**
 * A pattern that is made when it is asked for first. The classes of Unicode take a while to look up, and those of a literal are looked
 * up when its file is loaded, wherever in it that stands.
 */
export function patternOf(source: string, flags: string): () => RegExp {
  let made: RegExp | undefined;
  return () => (made ??= new RegExp(source, flags));
}

/** The longest that is kept, in characters. */
export const MAX_TEXT = 1_000;

/** A note as it is kept: text as it is, whatever else JSON can say as JSON; undefined for what cannot be said. */
export function noteOf(note: unknown): string | null | undefined {
  if (note === undefined || note === null) return null;
  disarm(note);
  try {
    const text = typeof note === 'string' ? note : JSON.stringify(note);
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…`.toWellFormed() : text;
  } catch {
    return undefined;
  }
}
