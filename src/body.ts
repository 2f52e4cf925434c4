/**
 * Calling a body: the one place where a user's function is run as a task. Told apart are a
 * body that throws before it gives a promise, one whose promise is rejected, and one that
 * simply answers.
 */
import type { Body, TaskContext } from './definition.ts';
import type { Answer, Job } from './executor.ts';
import { isThenable } from './promises.ts';

/** Runs `body` for `job` and answers once, at once if the body does. */
export function callBody(body: Body, job: Job, answer: (answer: Answer) => void): void {
  let value: unknown;
  let waits: boolean;
  try {
    value = (body as (context: TaskContext<unknown>) => unknown)(new JobContext(job));
    waits = isThenable(value);
  } catch (error) {
    answer({ ok: false, error, sync: true });
    return;
  }
  if (!waits) return answer({ ok: true, value });
  // As `await` would: what is not a promise of the language's own is made one, and a promise of a promise is followed.
  Promise.resolve(value).then(
    (settled) => answer({ ok: true, value: settled }),
    (error: unknown) => answer({ ok: false, error, sync: false }),
  );
}

/** What the body sees. The signal is made when it is asked for; an `AbortController` costs more than a whole turn. */
class JobContext implements TaskContext<unknown> {
  readonly #job: Job;
  readonly input: unknown;
  readonly key: string;
  readonly attempt: number;
  readonly deadline: number | null;
  readonly run: Job['run'];

  constructor(job: Job) {
    this.#job = job;
    this.input = job.input;
    this.key = job.key;
    this.attempt = job.attempt;
    this.deadline = job.deadline;
    this.run = job.run;
  }

  // Bound when asked for, so that a body may take them out of its context by name.
  get log(): TaskContext['log'] {
    return (message, fields) => this.#job.log(message, fields);
  }

  get progress(): TaskContext['progress'] {
    return (fraction, note) => this.#job.progress(fraction, note);
  }

  get beat(): TaskContext['beat'] {
    return () => this.#job.beat();
  }

  get signal(): AbortSignal {
    return this.#job.signal();
  }
}
