/** What became of a signal that a step has sent: how many runs took it, keep it for later, or refused it. */
import type { SignalAnswer } from '../core/signals.ts';
import { SignalUnheard } from '../errors/index.ts';
import type { Json } from '../json.ts';
import type { Addressee, SendSpec } from '../leaves.ts';

export class Tally {
  readonly #spec: SendSpec;
  readonly #to: Addressee;
  readonly #counts = { accepted: 0, buffered: 0, refused: 0 };
  readonly #said: string[] = [];

  constructor(spec: SendSpec, to: Addressee) {
    this.#spec = spec;
    this.#to = to;
  }

  add(run: string, answer: SignalAnswer): void {
    if (answer.answer === 'noSuchRun') this.#said.push(`There is no run "${run}".`);
    else this.#counts[answer.answer] += 1;
    if (answer.answer === 'refused') this.#said.push(`Run "${run}": ${answer.message}`);
  }

  /** The output of the step. Throws if somebody had to take it, and nobody did. */
  counts(): Json {
    const { sends: signal, required } = this.#spec;
    const { accepted, buffered } = this.#counts;
    if (required && accepted + buffered === 0)
      throw new SignalUnheard({ signal, to: nameOf(this.#to), answers: this.#said });
    return this.#counts;
  }
}

function nameOf(to: Addressee): string {
  if ('run' in to) return `run "${to.run}"`;
  return 'key' in to ? `the run of orchestrator "${to.orchestrator}" with key "${to.key}"` : 'all that wait for it';
}
