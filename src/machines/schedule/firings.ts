/**
 * The children of a schedule: the runs under way. None of them is known before its time, and none is kept once it has ended,
 * so a schedule of a hundred years is as small as one of a day (I9).
 */
import { type Arrival, type Children, type Family, NONE_SKIPPED, type Skipped } from '../../core/children/children.ts';
import type { Facts, Place, RunFacts } from '../../definition.ts';
import type { Json } from '../../json.ts';
import { FIRING } from '../firing/index.ts';

const NOTHING: Arrival = Object.freeze({ ready: 0, skipped: NONE_SKIPPED, finished: null });
const NO_OUTPUTS = Object.freeze({});

export class Firings implements Children {
  readonly #input: Json;
  readonly #run: RunFacts;
  readonly #live = new Set<string>();
  readonly total = 0;
  readonly ready = 0;
  readonly settled = 0;

  constructor({ input, run, known }: Pick<Family, 'input' | 'run' | 'known'>) {
    this.#input = input;
    this.#run = run;
    for (const { name } of known) this.#live.add(name);
  }

  begin(): Arrival {
    return NOTHING;
  }

  take(): null {
    return null;
  }

  add(name: string): void {
    this.#live.add(name);
  }

  settle({ name }: Place): Arrival {
    this.#live.delete(name);
    return { ...NOTHING, forgotten: [name] };
  }

  rest(): Skipped {
    return NONE_SKIPPED;
  }

  standing({ name }: Place): 'begun' | 'over' {
    return this.#live.has(name) ? 'begun' : 'over';
  }

  factsFor(): Facts {
    return { input: this.#input, outputs: NO_OUTPUTS, previous: null, run: this.#run } as Facts;
  }

  fork(_above: Children | null, run: RunFacts): Children {
    const known = [...this.#live].map((name) => ({ name, status: 'waiting', output: null }));
    return new Firings({ input: this.#input, run, known });
  }
}

/** Where a firing stands. `asked` is what its run is started with; one that is read back has it in its row. */
export function firingAt(name: string, asked: Json = null): Place {
  return { name, ordinal: 0, node: FIRING, input: () => asked };
}
