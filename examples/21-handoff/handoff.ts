/**
 * An executor that hands jobs over to a worker thread, and brings back what comes of them. Another process or another machine is the same
 * with another wire: what goes over is plain data, each job goes by a number, and errors are made anew by their name.
 */
import { Worker } from 'node:worker_threads';
import { type Answer, type Executor, type Job, RetryAfter, TerminalError } from 'signalbox';

/** What the worker is told. */
export type Told =
  | ({ readonly what: 'begin'; readonly id: number; readonly task: string } & Pick<
      Job,
      'input' | 'key' | 'attempt' | 'deadline' | 'run'
    >)
  | { readonly what: 'abort'; readonly id: number; readonly name: string; readonly message: string };

/** What the worker says. */
export type Said =
  | { readonly what: 'value'; readonly id: number; readonly value: unknown }
  | ({ readonly what: 'error'; readonly id: number; readonly sync: boolean } & Failure)
  | { readonly what: 'log'; readonly id: number; readonly said: Parameters<Job['log']> }
  | { readonly what: 'progress'; readonly id: number; readonly said: Parameters<Job['progress']> }
  | { readonly what: 'beat'; readonly id: number };

/** An error on its way. */
interface Failure {
  readonly name: string;
  readonly message: string;
  /** Of a RetryAfter. */
  readonly ms?: number;
}

interface Open {
  readonly job: Job;
  answer(answer: Answer): void;
}

export class Handoff implements Executor {
  readonly #worker: Worker;
  /** Jobs that are over there. By a number of their own: one that was lost with a process comes again under the same key. */
  readonly #open = new Map<number, Open>();
  #last = 0;

  /** `bodies` is a module, and `name` what it exports them as. */
  constructor(bodies: URL, name = 'bodies') {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { module: bodies.href, name } });
    this.#worker.on('message', (said: Said) => this.#hear(said));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', () => this.#lose(new Error('the worker is gone')));
  }

  execute(job: Job, answer: (answer: Answer) => void): void {
    this.#last += 1;
    const id = this.#last;
    const { task, input, key, attempt, deadline, run } = job;
    // The variables of a run are looked up when they are asked for: what goes over is what they are now.
    const facts = {
      id: run.id,
      key: run.key,
      startedAt: run.startedAt,
      metadata: run.metadata,
      variables: run.variables,
    };
    this.#open.set(id, { job, answer });
    this.#tell({ what: 'begin', id, task: task.name, input, key, attempt, deadline, run: facts });
    const signal = job.signal();
    signal.addEventListener('abort', () => {
      const { name, message } = signal.reason as Error;
      if (this.#open.has(id)) this.#tell({ what: 'abort', id, name, message });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.clear();
    await this.#worker.terminate();
  }

  #tell(told: Told): void {
    this.#worker.postMessage(told);
  }

  #hear(said: Said): void {
    const open = this.#open.get(said.id);
    if (open === undefined) return;
    const { job, answer } = open;
    switch (said.what) {
      case 'log':
        return job.log(...said.said);
      case 'progress':
        return job.progress(...said.said);
      case 'beat':
        return job.beat();
      case 'value':
        this.#open.delete(said.id);
        return answer({ ok: true, value: said.value });
      case 'error':
        this.#open.delete(said.id);
        return answer({ ok: false, error: errorFrom(said), sync: said.sync });
    }
  }

  /** Nobody will answer any more: the attempts fail, and are made again as their tasks say. */
  #lose(error: Error): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { answer } of open) answer({ ok: false, error, sync: false });
  }
}

function errorFrom({ name, message, ms = 0 }: Failure): Error {
  if (name === 'TerminalError') return new TerminalError(message);
  if (name === 'RetryAfter') return new RetryAfter(ms, message);
  return Object.assign(new Error(message), { name });
}
