/**
 * Names: which ones can be used, and which one was perhaps meant.
 *
 * A name becomes a segment of a path and part of an idempotency key (`run/path#attempt`),
 * so what would make those ambiguous is refused here, before a run exists.
 */

const MAX_LENGTH = 200;
/** How many names a message lists, and how many a misspelt one is compared with. */
const LISTED = 20;
const COMPARED = 1_000;

/** Why `name` cannot be the name of anything, or `null` if it can. */
export function nameProblem(name: unknown): string | null {
  if (typeof name !== 'string') return 'it is not a string';
  if (name === '') return 'it is empty';
  if (name.length > MAX_LENGTH) return `it has ${name.length} characters and ${MAX_LENGTH} are allowed`;
  if (name.includes('/')) return 'a "/" separates the segments of a path';
  if (name.includes('#')) return 'a "#" separates the path from the attempt in a key';
  if (name.startsWith('~')) return 'names that begin with "~" belong to the engine';
  // An object with this key would lose it, or its prototype.
  if (name === '__proto__') return 'JavaScript keeps it for itself';
  return hasControlCharacter(name) ? 'it contains a control character' : null;
}

function hasControlCharacter(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charCodeAt(at);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
  }
  return false;
}

/** The segment that stands for a name in the path of a fault, whatever the name is. */
export function segmentOf(name: unknown, position: number): string {
  return typeof name === 'string' && name !== '' ? name : `[${position}]`;
}

/** `Known tracks: a, b. Did you mean "a"?` */
export function knownNames(what: string, names: readonly string[], meant: string): string {
  if (names.length === 0) return `There are no ${what} to choose from.`;
  const list = names.slice(0, LISTED).join(', ');
  const guess = closest(meant, names);
  return `Known ${what}: ${list}${names.length > LISTED ? ', …' : ''}.${guess === null ? '' : ` Did you mean "${guess}"?`}`;
}

/** The name that is meant by one that is not among them; null if none is like it. */
export function closest(meant: string, names: readonly string[]): string | null {
  // One letter in three may be wrong; more than that is another word.
  let best = Math.floor(Math.min(meant.length, MAX_LENGTH) / 3) + 1;
  let guess: string | null = null;
  for (const name of names.slice(0, COMPARED)) {
    if (Math.abs(name.length - meant.length) >= best) continue;
    const distance = editDistance(meant.toLowerCase(), name.toLowerCase());
    if (distance < best) [best, guess] = [distance, name];
  }
  return guess;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length]!;
}
