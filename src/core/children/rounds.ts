/**
 * Children that come one after the other, as long as it takes: the rounds of a loop. What they add up to is remembered with each
 * round, so that a crash in one of them goes on in it, and older ones can be forgotten.
 */
import type { Facts, Place, PlanNode, RunFacts } from '../../definition.ts';
import { LoopLimit } from '../../errors/index.ts';
import { type Json, toJson } from '../../json.ts';
import { isTerminal } from '../../status.ts';
import { asked, mapped, synchronous } from '../facts.ts';
import {
  type Arrival,
  type Children,
  type Family,
  type Finished,
  isBad,
  NONE_SKIPPED,
  type Skipped,
} from './children.ts';

/** What a loop was declared with. Its body is the node's only child. */
export interface LoopSpec {
  /** Asked before each round. */
  readonly while: ((facts: RoundFacts) => unknown) | null;
  /** Asked after each round. */
  readonly until: ((facts: RoundFacts & { readonly output: Json }) => unknown) | null;
  readonly maxIterations: number;
  /** What more rounds than that are. */
  readonly onLimit: 'fail' | 'stop';
  readonly accumulate: ((accumulator: Json, facts: RoundFacts & { readonly output: Json }) => unknown) | null;
  readonly from: Json;
  /** How many rounds keep their rows; null for all. */
  readonly keepLast: number | null;
}

/** What the mapper of a round is told. `previous` is what the round before has left behind. */
export interface RoundFacts extends Facts {
  /** From 0. */
  readonly index: number;
  readonly accumulator: Json;
}

/** What a parent remembers of its rounds: those that have completed. */
interface Kept {
  readonly iterations: number;
  readonly accumulator: Json;
  readonly last: Json;
}

export class Rounds implements Children {
  readonly #family: Family;
  #iterations = 0;
  #accumulator: Json;
  #last: Json = null;
  #isLive = false;
  /** The next one may begin. */
  #isReady = false;
  #isStopped = false;
  #around: Facts | null = null;

  constructor(family: Family, origin: Rounds | null = null) {
    this.#family = family;
    this.#accumulator = this.#spec.from;
    if (origin !== null) {
      this.#iterations = origin.#iterations;
      this.#accumulator = origin.#accumulator;
      this.#last = origin.#last;
      this.#isLive = origin.#isLive;
      this.#isReady = origin.#isReady;
      this.#isStopped = origin.#isStopped;
      return;
    }
    const kept = family.kept as unknown as Kept | null;
    if (kept !== null) {
      this.#iterations = kept.iterations;
      this.#accumulator = kept.accumulator;
      this.#last = kept.last;
    }
    for (const { status } of family.known) if (!isTerminal(status)) this.#isLive = true;
  }

  fork(above: Children | null, run: RunFacts): Children {
    return new Rounds({ ...this.#family, above, run, known: [], kept: null }, this);
  }

  get #spec(): LoopSpec {
    return this.#family.node.spec as LoopSpec;
  }

  /** One at a time: how many there will be in all is known at the end. */
  get total(): number {
    return 1;
  }

  get ready(): number {
    return this.#isReady ? 1 : 0;
  }

  get settled(): number {
    return this.#isLive || this.#isReady ? 0 : 1;
  }

  begin(): Arrival {
    return this.#next(null);
  }

  take(): Place | null {
    if (!this.#isReady) return null;
    this.#isReady = false;
    this.#isLive = true;
    return roundAt(this.#family.node, this.#iterations);
  }

  settle({ ordinal }: Place, status: string, output: Json): Arrival {
    this.#isLive = false;
    if (isBad(status) || this.#isStopped) return { ready: 0, skipped: NONE_SKIPPED, finished: null };
    const what = `loop "${this.#family.node.called}"`;
    const { accumulate, until, keepLast } = this.#spec;
    const facts = Object.freeze({ ...this.#facts(), output });
    let isOver = false;
    const added = mapped(`"accumulate" of ${what}`, () =>
      accumulate === null
        ? this.#accumulator
        : toJson(
            synchronous(`"accumulate" of ${what}`, accumulate(this.#accumulator, facts)),
            `accumulator of ${what}`,
            this.#family.maxBytes,
          ),
    );
    if ('error' in added) return this.#ends(added);
    this.#accumulator = added.output;
    const judged = mapped(`"until" of ${what}`, () => {
      isOver =
        until !== null &&
        asked(`"until" of ${what}`, () => until(Object.freeze({ ...facts, accumulator: added.output })));
      return null;
    });
    if ('error' in judged) return this.#ends(judged);
    this.#iterations = ordinal + 1;
    this.#last = output;
    const old = keepLast === null ? -1 : ordinal - keepLast;
    const forgotten = old < 0 ? [] : [String(old)];
    if (isOver) return { ...this.#ends({ output: this.#output() }), forgotten };
    return { ...this.#next({ iterations: this.#iterations, accumulator: this.#accumulator, last: output }), forgotten };
  }

  /** May there be another round? */
  #next(kept: Kept | null): Arrival {
    const { while: goesOn, maxIterations, onLimit } = this.#spec;
    const { called } = this.#family.node;
    const decided = mapped(`"while" of loop "${called}"`, () => {
      if (goesOn !== null && !asked(`"while" of loop "${called}"`, () => goesOn(this.#facts()))) return 'over';
      if (this.#iterations < maxIterations) return 'on';
      if (onLimit === 'stop') return 'over';
      throw new LoopLimit({ loop: called, limit: maxIterations });
    });
    if ('error' in decided) return this.#ends(decided);
    if (decided.output === 'over') return this.#ends({ output: this.#output() });
    this.#isReady = true;
    return {
      ready: 1,
      skipped: NONE_SKIPPED,
      finished: null,
      ...(kept === null ? {} : { kept: kept as unknown as Json }),
    };
  }

  #ends(finished: Finished): Arrival {
    return { ready: 0, skipped: NONE_SKIPPED, finished };
  }

  rest(): Skipped {
    this.#isReady = false;
    this.#isStopped = true;
    return NONE_SKIPPED;
  }

  standing(place: Place): 'to come' | 'begun' | 'over' {
    const isOpen = this.#isLive || this.#isReady;
    if (place === this.#family.node.children[0]) return isOpen && !this.#isStopped ? 'to come' : 'over';
    if (place.ordinal < this.#iterations) return 'over';
    return this.#isLive && place.ordinal === this.#iterations ? 'begun' : isOpen ? 'to come' : 'over';
  }

  factsFor(): Facts {
    return this.#facts();
  }

  #facts(): RoundFacts {
    const { above, place } = this.#family;
    this.#around ??= (above as Children).factsFor(place as Place);
    const [index, accumulator, previous] = [this.#iterations, this.#accumulator, this.#last];
    return Object.freeze({ ...this.#around, previous, index, accumulator });
  }

  #output(): Json {
    return Object.freeze({ last: this.#last, accumulator: this.#accumulator, iterations: this.#iterations });
  }
}

/** The place of a round. */
export function roundAt(node: PlanNode, ordinal: number): Place {
  const { node: body, input } = node.children[0] as Place;
  return { name: String(ordinal), ordinal, node: body, input };
}
