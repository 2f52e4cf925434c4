/** Asking what a definition says about a body before it begins: the key of a limit, a priority, a cost. */
import type { RunFacts } from '../../definition.ts';
import { MapperFailed, reasonOf } from '../../errors/index.ts';
import type { Json } from '../../json.ts';

/** What a mapper answers to the input, as the step's own mapper made it, and the run. Throws `MapperFailed` if it throws. */
export function askMapper(mapper: string, ask: (facts: object) => unknown, input: Json, run: RunFacts): unknown {
  try {
    return ask(Object.freeze({ input, run }));
  } catch (thrown) {
    throw new MapperFailed({ mapper, reason: reasonOf(thrown) }, thrown);
  }
}

/** The key that a body has, as a text; null for one that whatever has the key is not for. */
export function keyIn(mapper: string, ask: (facts: object) => unknown, input: Json, run: RunFacts): string | null {
  const key = askMapper(mapper, ask, input, run);
  if (key === null || typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw new MapperFailed({ mapper, answered: key, wanted: 'a text, a number, a boolean or null' });
}
