/** What fails a step. */
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
  constructor(fields: { task: string; timeout: number; text: string }) {
    super(
      `Task "${fields.task}" did not settle within its timeout of ${fields.text}. Its signal was aborted; what it still answers is ignored. Raise the timeout, or end the body when the signal fires.`,
      { task: fields.task, timeout: fields.timeout },
    );
  }
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
  constructor(fields: { mapper: string; reason: string }, cause?: unknown) {
    super(
      `The ${fields.mapper} threw: ${sentence(fields.reason)} Mappers read what there is and must not throw; ask a task to do what may fail.`,
      { mapper: fields.mapper },
      cause,
    );
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
