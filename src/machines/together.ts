/** Several mappers of one step as the one mapper that makes its input; and what is wrong with each. */
import { type Checker, isAsync } from '../core/declaration.ts';
import type { Facts, Mapper } from '../definition.ts';
import { speakingFor } from '../mapping.ts';
import { isThenable } from '../promises.ts';

/** Calls every mapper with the same facts; what is no function stands for itself, and `undefined` for null. */
export function together(mappers: { readonly [name: string]: unknown }): Mapper {
  const entries = Object.entries(mappers);
  const mapper = (facts: Facts) => {
    const made: { [name: string]: unknown } = {};
    for (const [name, mapper] of entries) {
      const value: unknown = typeof mapper === 'function' ? mapper(facts) : mapper;
      // A promise is answered as it is: whoever called sees it and says that mappers cannot wait.
      if (isThenable(value)) return value;
      made[name] = value ?? null;
    }
    return made;
  };
  return speakingFor(mapper, ...Object.values(mappers));
}

/** A mapper of an option, or nothing. */
export function checkMapper(value: unknown, option: string, checker: Checker): void {
  checker.function(value, option);
  if (!isAsync(value)) return;
  const message = `Option "${option}" is an async function, and mappers cannot wait (S5). Do the waiting in a task before it.`;
  checker.fault('bad-option', message);
}
