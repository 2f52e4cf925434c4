/** `execute`: one attempt at a task's body. Invoked by a task's `running`. */
import { type AnyActorLogic, fromPromise } from 'xstate';
import { Attempt, type AttemptOutcome, cancelled, type Surroundings } from '../attempt.ts';
import { elapsedBy, MAX_DELAY, systemClock } from '../clock.ts';
import { callBody } from '../body.ts';
import type { PlanNode, RunFacts } from '../definition.ts';
import type { Executor } from '../executor.ts';
import { DEFAULT_MAX_BYTES, type Json } from '../json.ts';
import { calledLive } from './called.ts';
import type { Invoked } from '../core/effect.ts';
import { limitAbove, totalLimit } from '../core/limits.ts';
import { type Actor, keyOf } from '../core/run.ts';
import { fromMs } from '../duration.ts';
import { type ErrorRecord, toRecord } from '../errors/index.ts';
import { sentence } from '../errors/wording.ts';
import { NO_RETRY } from '../retry.ts';
import { delayOf } from './backoff.ts';

export interface ExecuteInput {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly attempt: number;
}

export const executeLogic: AnyActorLogic = fromPromise<Json, ExecuteInput>(
  ({ input: { node, input, attempt }, signal, self }) => {
    const name = calledLive(self, node);
    const task = node?.task ?? null;
    if (task === null) {
      const message = `"${name}" is not a task and has no body. Give the machine the definition of one, or provide the actor "execute".`;
      throw toRecord(new Error(message), { path: name, attempt });
    }
    return new Promise((resolve, reject) => {
      const done = (_: Attempt, outcome: AttemptOutcome): void =>
        outcome.ok ? resolve(outcome.output) : reject(outcome.error);
      const key = `live/${name}#${attempt}`;
      const one = new Attempt({ ...live, done }, task, key, name, attempt, LIVE_RUN, input);
      const abort = (): void => one.abort(cancelled());
      signal.addEventListener('abort', abort, { once: true });
      one.begin();
    });
  },
);

export const execute: Invoked = {
  waitsFor: ({ attempt, attemptedAt }) => ({ what: 'body', since: attemptedAt, attempt }),
  logic: executeLogic,
  describe: ({ path, node, input, attempt }) => ({ do: 'execute', path, attempt, node, input }),
  abort({ path, state }) {
    const { attempt, reason = null } = state.context as { readonly attempt?: unknown; readonly reason?: string | null };
    return { do: 'abort', path, attempt: Number(attempt), reason };
  },
  failed: (run, actor, error, now) => lastFor(run.id, actor, error, now) ?? error,
};

/** The error of an attempt that is the last, because another would begin when the time is over (S10); null if it need not be. */
function lastFor(run: string, actor: Actor, error: ErrorRecord, now: number): ErrorRecord | null {
  const { path, node, state } = actor;
  const attempt = Number(state.context.attempt);
  if (error.retryable === false || attempt >= (node.task?.retry ?? NO_RETRY).maxAttempts) return null;
  const above = limitAbove(actor);
  const total = totalLimit(actor);
  const limit = Math.min(above ?? Number.POSITIVE_INFINITY, total ?? Number.POSITIVE_INFINITY);
  if (limit === Number.POSITIVE_INFINITY) return null;
  const delay = delayOf({ node, attempt, error }, keyOf(run, path, attempt));
  if (now + delay < limit) return null;
  const what = limit === total ? `the step's "totalTimeout"` : 'the deadline of what it stands in';
  const left = fromMs(Math.max(0, limit - now));
  const said = `Another attempt would begin in ${fromMs(delay)}, and ${what} is over in ${left}: it is not tried again.`;
  return { ...error, message: `${sentence(error.message)} ${said}`, retryable: false };
}

const NOTHING = Object.freeze({});

/** Without a host there is no run on record; the facts say so. */
export const LIVE_RUN: RunFacts = Object.freeze({
  id: 'live',
  key: null,
  startedAt: 0,
  metadata: NOTHING,
  variables: NOTHING,
});

/** The task's own body, called here. The host is handed an executor; a live machine has only this. */
const ownBody: Executor = {
  execute(job, answer) {
    const { run, name } = job.task;
    if (run === undefined)
      throw new Error(`Task "${name}" has no body. Give it a "run", or provide the actor "execute".`);
    callBody(run, job, answer);
  },
};

const live: Omit<Surroundings, 'done'> = {
  executor: ownBody,
  maxValueBytes: DEFAULT_MAX_BYTES,
  now: systemClock.now,
  elapsed: () => elapsedBy(systemClock),
  wakeAfter: (ms, wake) => systemClock.wakeAfter(Math.min(ms, MAX_DELAY), wake),
  log: () => {},
  warn: () => {},
  progress: () => {},
  ignored: () => {},
};
