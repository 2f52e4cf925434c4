/** What fails a step. */
import type { QueuedFor } from '../limits.ts';
import { knownNames } from '../names.ts';
import { SignalboxError } from './base.ts';
import { show } from './thrown.ts';
import { sentence } from './wording.ts';

/** A body's promise was rejected with an error. */
export class TaskFailed extends SignalboxError<{ readonly task: string }> {
  readonly code = 'task-failed';
  constructor(fields: { task: string; reason: string }, cause?: unknown) {
    super(fields.reason, { task: fields.task }, cause);
  }
}

/** A body threw before it gave a promise. */
export class TaskThrew extends SignalboxError<{ readonly task: string }> {
  readonly code = 'task-threw';
  constructor(fields: { task: string; reason: string }, cause?: unknown) {
    super(fields.reason, { task: fields.task }, cause);
  }
}

/** A body threw, or was rejected with, something that is no error. */
export class TaskThrewValue extends SignalboxError<{ readonly task: string; readonly value: string }> {
  readonly code = 'task-threw-value';
  constructor(fields: { task: string; value: unknown }) {
    super(
      `Task "${fields.task}" threw ${show(fields.value)}, which is not an Error. Throw an Error, so that the stack and the cause are kept.`,
      {
        task: fields.task,
        value: show(fields.value),
      },
    );
  }
}

/** An attempt took longer than its `timeout` (S11). */
export class StepTimedOut extends SignalboxError<{ readonly task: string; readonly timeout: number }> {
  readonly code = 'step-timed-out';
  constructor({ task, timeout, text, limit = 'timeout' }: TimedOut) {
    super(
      `Task "${task}" ${LIMITS[limit](text)}. Its signal was aborted; what it still answers is ignored. ${WAYS_OUT[limit]}, or end the body when the signal fires.`,
      { task, timeout },
    );
  }
}

interface TimedOut {
  readonly task: string;
  readonly timeout: number;
  readonly text: string;
  /** Which of its limits it was. */
  readonly limit?: 'timeout' | 'totalTimeout' | 'heartbeat';
}

const LIMITS = {
  timeout: (text: string) => `did not settle within its timeout of ${text}`,
  totalTimeout: (text: string) => `did not settle, with all its attempts, within its totalTimeout of ${text}`,
  heartbeat: (text: string) => `gave no sign of life for ${text}, its heartbeat`,
};
const WAYS_OUT = {
  timeout: 'Raise the timeout',
  totalTimeout: 'Raise it',
  heartbeat: 'Call beat() or progress() more often, raise it',
};

/** A run or a track took too long. */
export class DeadlinePassed extends SignalboxError<{
  readonly what: 'run' | 'track';
  readonly deadline: number | null;
}> {
  readonly code = 'deadline-passed';
  /** `text` is how long it was to take; null if that is what a parent has left it. */
  constructor({ what, deadline, text }: { what: 'run' | 'track'; deadline: number | null; text: string | null }) {
    const limit = text === null ? 'the deadline of the run that started it' : `its deadline of ${text}`;
    super(
      `The ${what} did not end within ${limit}. What was under way in it was cancelled. Raise the deadline, or look in its history for what took so long.`,
      { what, deadline },
    );
  }
}

/** A body found a limit reached that turns the newest away (S30). */
export class BodyDropped extends SignalboxError<{ readonly limit: QueuedFor }> {
  readonly code = 'body-dropped';
  constructor(fields: { limit: QueuedFor }) {
    super(
      `${limitIn(fields.limit)} was reached, and it turns the newest body away ("whenFull: 'dropNewest'"), so this one was not called. Give the task a "retry" to try again later, raise the limit or its "queue", or let bodies wait.`,
      fields,
    );
  }
}

/** A newer body took the place of this one under a limit that gives it the oldest one's (S30). */
export class BodyReplaced extends SignalboxError<{ readonly limit: QueuedFor }> {
  readonly code = 'body-replaced';
  constructor(fields: { limit: QueuedFor }) {
    super(
      `${limitIn(fields.limit)} was reached, and a newer body took the place of this one ("whenFull: 'replaceOldest'"). It is not retried: that would replace the newer one in turn.`,
      fields,
    );
  }
}

/** An attempt would have spent more than its budget has left (S38). Times are milliseconds. */
export class BudgetSpent extends SignalboxError<{
  readonly task: string;
  /** The name of a budget that several tasks share; null for the task's own. */
  readonly budget: string | null;
  readonly key: string | null;
  readonly limit: number;
  readonly per: number;
  /** What was spent in the time up to now, and what the attempt would have cost. */
  readonly spent: number;
  readonly cost: number;
  /** When there is room for it, since 1970; null if it costs more than the whole budget. */
  readonly resetsAt: number | null;
}> {
  readonly code = 'budget-spent';
  constructor({ text, ...fields }: BudgetSpent['fields'] & { readonly text: string }) {
    const { task, budget, key, limit, spent, cost, resetsAt } = fields;
    const whose = budget === null ? '' : ` "${budget}"`;
    const keyed = key === null ? '' : ` with key ${show(key)}`;
    const left = cost === 1 ? '' : `, and this attempt costs ${cost}`;
    const until =
      resetsAt === null
        ? 'That is more than the whole budget, so it never fits: raise its "limit", or lower the "cost".'
        : `There is room for it from ${instantText(resetsAt)} on. A "retry" whose "when" says yes to this error tries it again then, and a run that has ended is made anew from this step with run.rerun; or raise the "limit".`;
    super(
      `The budget${whose} of ${limit} per ${text} for task "${task}"${keyed} is spent: ${spent} in the last ${text}${left}. The attempt was not begun. ${until}`,
      fields,
    );
  }
}

/** An instant for a person; the number of one that no date can say. */
function instantText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

function limitIn({ of, name, key, limit }: QueuedFor): string {
  const whose = name === null ? 'the box' : `${of} "${name}"`;
  return `The limit of ${limit} for bodies of ${whose}${key === null ? '' : ` with key "${key}"`}`;
}

/** Nobody sent the signal that a step waited for. */
export class WaitTimedOut extends SignalboxError<{ readonly signal: string; readonly timeout: number }> {
  readonly code = 'wait-timed-out';
  constructor({ text, ...fields }: { signal: string; timeout: number; text: string }) {
    super(
      `No signal "${fields.signal}" that fits came within ${text}. Send it in time, raise the step's "timeout", or say with "onTimeout" what is to happen without it.`,
      fields,
    );
  }
}

/** A mapper, merge, output or predicate threw (S5). */
export class MapperFailed extends SignalboxError<{ readonly mapper: string }> {
  readonly code = 'mapper-failed';
  /** It threw, or it answered with something else than is wanted. */
  constructor(
    fields: { mapper: string; reason: string } | { mapper: string; answered: unknown; wanted: string },
    cause?: unknown,
  ) {
    const { mapper } = fields;
    super(
      'reason' in fields
        ? `The ${mapper} threw: ${sentence(fields.reason)} Mappers read what there is and must not throw; ask a task to do what may fail.`
        : `The ${mapper} answered with ${show(fields.answered)}. It has to answer with ${fields.wanted}.`,
      { mapper },
      cause,
    );
  }
}

/** A predicate, or what gives the name of a route, answered with something else. */
export class PredicateFailed extends SignalboxError<{ readonly predicate: string; readonly value: string }> {
  readonly code = 'predicate-failed';
  constructor({ what, value, wanted }: { what: string; value: unknown; wanted: string }) {
    super(`The ${what} answered with ${show(value)}. It has to answer with ${wanted}.`, {
      predicate: what,
      value: show(value),
    });
  }
}

/** No route of a branch is for what came. */
export class RouteMissing extends SignalboxError<{ readonly branch: string; readonly routes: readonly string[] }> {
  readonly code = 'route-missing';
  constructor({ branch, routes, key }: { branch: string; routes: readonly string[]; key?: string }) {
    const came = key === undefined ? 'None of its predicates was true' : `There is none for ${show(key)}`;
    super(
      `Branch "${branch}" has no route that fits. ${came}; its routes are ${routes.map(show).join(', ')}. Add a route, or say with "otherwise" what is to happen (null: nothing).`,
      { branch, routes },
    );
  }
}

/** What a collection goes over is nothing that can be gone over. */
export class ItemsInvalid extends SignalboxError<{ readonly items: string; readonly value: string }> {
  readonly code = 'items-invalid';
  constructor({ what, value }: { what: string; value: unknown }) {
    super(`The ${what} is ${show(value)}. It has to be a list, an object, or a range of whole numbers like '1..10'.`, {
      items: what,
      value: show(value),
    });
  }
}

/** After a crash the mapper gave other items than before. */
export class ItemsChanged extends SignalboxError<{
  readonly collection: string;
  readonly before: number;
  readonly now: number;
}> {
  readonly code = 'items-changed';
  constructor(fields: { collection: string; before: number; now: number }) {
    const how = fields.before === fields.now ? 'others' : `${fields.now} instead of ${fields.before}`;
    super(
      `When the items of collection "${fields.collection}" were asked for again, after a restart, they were ${how}. Its "over" and its "filter" must depend on what they are told and on nothing else: no clock, no chance, no variable that changes.`,
      fields,
    );
  }
}

/** A collection has fewer items than its quorum asks for. */
export class QuorumUnreachable extends SignalboxError<{
  readonly collection: string;
  readonly quorum: number;
  readonly items: number;
}> {
  readonly code = 'quorum-unreachable';
  constructor(fields: { collection: string; quorum: number; items: number }) {
    super(
      `Collection "${fields.collection}" is to complete when ${fields.quorum} of its items have, and there are ${fields.items}. Ask for fewer, or look at the list in a branch before it.`,
      fields,
    );
  }
}

/** A loop that was to go on after the last round that it may have. */
export class LoopLimit extends SignalboxError<{ readonly loop: string; readonly limit: number }> {
  readonly code = 'loop-limit';
  constructor(fields: { loop: string; limit: number }) {
    super(
      `Loop "${fields.loop}" was to go on after ${fields.limit} rounds, which is its "maxIterations". Raise it, or end the loop there with "onLimit: 'stop'".`,
      fields,
    );
  }
}

/** A mapper has read an output that is not there. */
export class ReferenceMissing extends SignalboxError<{ readonly reference: string }> {
  readonly code = 'reference-missing';
  constructor({ step, reference, known }: { step: string; reference: string; known: readonly string[] }) {
    super(
      `Step "${step}" reads the output of ${show(reference)}, and nothing before it is called so. ${knownNames('outputs', known, reference)}`,
      { reference },
    );
  }
}

/** A mapper that was said as data has read something that is not there. */
export class MappingMissing extends SignalboxError<{ readonly path: string; readonly stop: string }> {
  readonly code = 'mapping-missing';
  /** `stop` is how far the path leads; empty for nowhere. */
  constructor({ path, stop, reason }: { path: string; stop: string; reason: string }) {
    const where = stop === '' ? 'what this mapper is told' : show(stop);
    super(
      `Nothing stands at ${show(path)}: ${where} ${reason}. Say with "or" what is to stand there then: { from: ${show(path)}, or: { value: null } }, or 'previous'.`,
      { path, stop },
    );
  }
}

/** A step has ended its run as failed. */
export class RunTerminated extends SignalboxError<{ readonly step: string }> {
  readonly code = 'run-terminated';
  constructor({ step, reason }: { step: string; reason: string }) {
    super(`Step "${step}" has ended the run as failed: ${reason}`, { step });
  }
}

/** A mapper answered with a promise (S5). */
export class MapperAsync extends SignalboxError<{ readonly mapper: string }> {
  readonly code = 'mapper-async';
  constructor(fields: { mapper: string }) {
    super(
      `The ${fields.mapper} answered with a promise. Mappers are synchronous; do the waiting in a task. (A merge or an output may wait if it is written as an "async" function.)`,
      fields,
    );
  }
}
