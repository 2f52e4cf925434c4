/** Checks of what is handed in at the border of a box, so that every call refuses in the same words (I10). */
import { closest } from './names.ts';
import { InvalidOption } from './errors/index.ts';

/** Refuses a value that does not fit. Left out, it fits. */
export function ask(option: string, value: unknown, expected: string, fits: (value: unknown) => boolean): void {
  if (value !== undefined && !fits(value)) throw new InvalidOption({ option, value, expected });
}

/** Refuses what is no object of options, and every option but those in `keys`. */
export function askOptions(what: string, options: unknown, keys: readonly string[]): void {
  if (!isObject(options)) throw new InvalidOption({ option: what, value: options, expected: 'an object of options' });
  for (const [option, value] of Object.entries(options)) {
    if (keys.includes(option)) continue;
    const guess = closest(option, keys);
    const hint = guess === null ? '' : `Did you mean "${guess}"? `;
    throw new InvalidOption({ option, value, expected: `${hint}Options: ${keys.join(', ')}`, unknown: true });
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
