/**
 * Faults that no test can notice: each was read, and changes nothing that anybody can see. They are named by what they are made in,
 * so that one goes when its line does. What only no test notices yet does not belong here.
 */
import type { Mutant } from './mutants.ts';

interface Held {
  readonly file: string;
  readonly operator: string;
  /** What is replaced, as the report has it. */
  readonly before: string;
  readonly why: string;
}

const HELD: readonly Held[] = [
  {
    file: 'src/runtime/performing/line.ts',
    operator: 'condition is true',
    before: 'this.#unders.hasRates',
    why: 'without rates nobody looks at the time that is then read: it only costs',
  },
  {
    file: 'src/runtime/performing/line.ts',
    operator: 'statement removed',
    before: 'this.#opensAt = null;',
    why: 'when the timer has fired all that was due has had its turn, so what opens next opens at another moment',
  },
  {
    file: 'src/runtime/performing/line.ts',
    operator: 'statement removed',
    before: 'this.#stopTimer = null;',
    why: 'a timer that has fired, or was stopped, is then stopped once more, which does nothing',
  },
  {
    file: 'src/runtime/performing/hook-told.ts',
    operator: 'statement removed',
    before: 'runs.set(facts, run);',
    why: 'what hooks are told of their run is then made anew for each of them, and says the same: it only costs',
  },
  {
    file: 'src/runtime/performing/hooks.ts',
    operator: 'statement removed',
    before: 'steps?.set(node, hooks);',
    why: 'which hooks a step has is then found anew for each attempt, and is the same: it only costs',
  },
  {
    file: 'src/runtime/keyed-starts.ts',
    operator: 'statement removed',
    before: 'known.delete(name);',
    why: 'beyond ten thousand keys another one is forgotten than the oldest, which costs a look at its runs',
  },
  {
    file: 'src/stores/sqlite/file.ts',
    operator: '1 to 0',
    before: '1',
    why: 'no error of SQLite has the code 0, which says that all is well, so it is no less a code of ours',
  },
  {
    file: 'src/runtime/commit/committer.ts',
    operator: '|| to &&',
    before: 'this.#scheduled || this.#isFull',
    why: 'a look more at what is to be committed finds no room, or nothing that waits: it only costs',
  },
  {
    file: 'src/runtime/commit/committer.ts',
    operator: 'condition is false',
    before: 'waiting.length < least',
    why: 'of those that wait, those that are free are counted then, and are too few as well: it only costs',
  },
  {
    file: 'src/runtime/tracing.ts',
    operator: 'condition is false',
    before: 'this.#tracing.performing === undefined',
    why: 'a tracer that has no such method is asked for each body, and answers with nothing: it only costs',
  },
  {
    file: 'src/runtime/tracing.ts',
    operator: 'condition is false',
    before: 'this.#tracing.beside === undefined',
    why: 'a tracer that has no such method is asked for each place, and answers with nothing: it only costs',
  },
  {
    file: 'src/machines/parent.ts',
    operator: 'condition is false',
    before: 'count === 0',
    why: 'a parent that starts no child then has its memory copied, with the same counts in it: it only costs',
  },
];

/** Why a fault changes nothing; null for one that does, for all that is known. */
export function whyHeld({ file, operator, before }: Pick<Mutant, 'file' | 'operator' | 'before'>): string | null {
  const held = HELD.find((each) => each.file === file && each.operator === operator && each.before === before);
  return held?.why ?? null;
}
