/**
 * Compensations: what undoes a completed step is run here, in this process, as an attempt with a timeout and a retry of its own
 * (S13). However often it is tried, and by however many processes, it has one key.
 */
import { Attempt, type AttemptOutcome, type Surroundings } from '../attempt.ts';
import { callBody } from '../body.ts';
import type { Effect } from '../core/effect.ts';
import type { Message } from '../core/message.ts';
import { type Owed, type RunState, undoKeyOf } from '../core/run.ts';
import type { CompensationDefinition, TaskDefinition } from '../definition.ts';
import type { Executor } from '../executor.ts';
import type { Json } from '../json.ts';
import { AS_IT_COMES } from '../schema.ts';

type Wanted = Extract<Effect, { readonly do: 'compensate' }>;
type Unwanted = Extract<Owed, { readonly do: 'abortUndo' }>;

export interface CompensationsOptions {
  readonly around: Omit<Surroundings, 'done' | 'executor'>;
  readonly tracer: { around(executor: Executor, undoes: string): Executor } | null;
  post(run: string, message: Message): void;
  /** Keeps a run in memory until what is answered is called. */
  hold(run: string): () => void;
  isSure(run: string): boolean;
  ifOurs(run: string, then: (ours: boolean) => void): void;
}

type Performed = Pick<RunState, 'id' | 'actors' | 'facts'>;

interface UnderWay {
  readonly attempt: Attempt;
  readonly run: string;
  readonly path: string;
  release(): void;
}

export class Compensations {
  readonly #options: CompensationsOptions;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(options: CompensationsOptions) {
    this.#options = options;
  }

  /** Begins one, unless it is under way already. */
  begin(run: Performed, { path, attempt, node, input, output, tries, of }: Wanted): void {
    const { post, hold, isSure, ifOurs, around, tracer } = this.#options;
    const key = undoKeyOf(of ?? run.id, path, attempt);
    const { task } = node;
    if (this.#underWay.has(key) || run.actors.get(path)?.invoked !== 'compensate' || !task?.compensate) return;
    const { id } = run;
    const done = (_: Attempt, outcome: AttemptOutcome): void => {
      if (!this.#over(key, one)) return;
      const error = outcome.ok ? null : outcome.error;
      post(id, { type: 'answer', from: 'compensate', path, attempt, output: null, error, tries });
    };
    const body = undoing(task.compensate, output);
    const surroundings = { ...around, done, executor: tracer?.around(body, task.name) ?? body };
    const one = new Attempt(surroundings, asTask(task, task.compensate), key, path, tries, run.facts, input);
    this.#underWay.set(key, { attempt: one, run: id, path, release: hold(id) });
    if (isSure(id)) return one.begin();
    // Looked at once more: a process can be stopped between the commit and here, and the run is another's then.
    return ifOurs(id, (ours) => {
      if (ours && this.#underWay.get(key)?.attempt === one) one.begin();
      else this.#over(key, one);
    });
  }

  /** Nobody waits for its end any more. */
  abort(run: string, { path, attempt, of }: Unwanted, why: Error): void {
    this.#abort(undoKeyOf(of ?? run, path, attempt), why);
  }

  /** After a run was read again: null for one that has ended, or is another process's. */
  reconcile(id: string, run: Performed | null, why: Error): void {
    for (const [key, { run: of, path }] of [...this.#underWay]) {
      if (of === id && run?.actors.get(path)?.invoked !== 'compensate') this.#abort(key, why);
    }
  }

  abortAll(why: Error): void {
    for (const key of [...this.#underWay.keys()]) this.#abort(key, why);
  }

  #abort(key: string, why: Error): void {
    const found = this.#underWay.get(key);
    if (found === undefined) return;
    this.#over(key, found.attempt);
    found.attempt.abort(why);
  }

  #over(key: string, attempt: Attempt): boolean {
    const found = this.#underWay.get(key);
    if (found?.attempt !== attempt) return false;
    this.#underWay.delete(key);
    found.release();
    return true;
  }
}

/** What an attempt is made at: the compensation, in the place of the task's body. */
function asTask(task: TaskDefinition, { retry, timeout, parses }: CompensationDefinition): TaskDefinition {
  const name = `undoing of ${task.name}`;
  const input = parses ? task.input : AS_IT_COMES;
  return { ...task, name, input, output: AS_IT_COMES, retry, timeout, cleanup: undefined };
}

function undoing({ run }: CompensationDefinition, output: Json): Executor {
  const compensate = run as unknown as (context: object) => unknown;
  return {
    execute(job, answer) {
      const { input, key } = job;
      const body = (): unknown => compensate({ input, output, key, signal: job.signal() });
      // What it answers is of no interest.
      callBody(body, job, (said) => answer(said.ok ? NOTHING : said));
    },
  };
}

const NOTHING = Object.freeze({ ok: true, value: null } as const);
