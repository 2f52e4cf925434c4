/**
 * The in-process executor: a body is a function in this process, called on this thread.
 * It knows nothing of retries, timeouts or rows; it calls, waits, and tells how it went.
 */
import { callBody } from '../body.ts';
import type { Body } from '../definition.ts';
import { TaskMissing } from '../errors/index.ts';
import type { Executor } from '../executor.ts';

/** Runs bodies in this process. `bodies` may name a body for a task; without one the task's own is run. */
export function inProcess(bodies: { readonly [task: string]: Body } = {}): Executor {
  return {
    execute(job, answer) {
      const { task } = job;
      const body = (Object.hasOwn(bodies, task.name) ? bodies[task.name] : undefined) ?? task.run;
      if (body === undefined) throw new TaskMissing({ tasks: [{ task: task.name, orchestrator: job.key }] });
      callBody(body, job, answer);
    },
  };
}
