/**
 * A run that is always there, half done. V8 forgets the shape of objects as soon as a collection finds none of them, and with
 * it throws away what it has compiled for that shape; so a process all of whose runs have ended, or only wait, would begin
 * with slow code again each time that its old garbage is collected. In here one of each shape that steps are made of stays
 * for as long as the process lives. `bench/RESULTS.md` has what that is worth.
 *
 * Shapes are the same only if the same lines have made them, so it takes turns as any run does; nothing of it is committed or
 * begun. It is not in a box of its own: what there is one of is compiled better than what there are two of.
 */
import { Attempt, type Surroundings } from '../attempt.ts';
import { callBody } from '../body.ts';
import { soon } from '../clock.ts';
import { newRun } from '../core/assemble.ts';
import type { Message } from '../core/message.ts';
import type { Rules } from '../core/port.ts';
import { keepRow } from '../core/rest.ts';
import { actorRows, keyOf } from '../core/run.ts';
import { Turn } from '../core/turn.ts';
import type { TaskContext, TaskDefinition } from '../definition.ts';
import { defineOrchestrator, defineTrack, planOf, task } from '../dsl/index.ts';
import { AS_IT_COMES } from '../schema.ts';
import type { RunRow } from '../store.ts';
import { hold, Pending } from './held.ts';

/** What the run was handed, and has made, on its way. */
const kept: unknown[] = [];

const keeping = (facts: unknown): Record<string, never> => {
  kept.push(facts);
  return {};
};
/** The body of all steps: who waits for an answer is held by what is to bring it. */
const never = (context: TaskContext<unknown>): Promise<void> => {
  const answer = new Promise<void>(() => {});
  kept.push(context, answer);
  return answer;
};

const halfDone = () => {
  const step = (name: string) => {
    return { name, task: task(name, { input: AS_IT_COMES, output: AS_IT_COMES, run: never }), input: keeping };
  };
  return defineOrchestrator({
    name: 'half-done',
    version: '1',
    input: AS_IT_COMES,
    tracks: { track: defineTrack({ name: 'track', tasks: [step('over'), step('begun'), step('later')] }) },
  });
};

const ROW: RunRow = {
  run: 'half-done',
  key: null,
  orchestrator: 'half-done',
  version: '1',
  hash: '',
  status: 'pending',
  input: {},
  output: null,
  error: null,
  reason: null,
  metadata: {},
  startedAt: 0,
  endedAt: null,
  parent: null,
};

/**
 * Where V8 has once seen nothing in the place of a number it keeps, for all objects of that shape, what others are given: the hour of a
 * turn is then one number for all places, rows and events of it, and not one for each. They were a third of all that a collection
 * had to move.
 */
const NO_TIME = null as unknown as number;

const nothing = (): void => {};
/** Attempts hold what is around them, so it is nobody's: a box that is closed is not to stay with them. */
const NOWHERE: Surroundings = {
  executor: { execute: nothing },
  maxValueBytes: 0,
  done: nothing,
  now: () => 0,
  elapsed: () => 0,
  wakeAfter: () => nothing,
  log: nothing,
  warn: nothing,
  progress: nothing,
  ignored: nothing,
};

/** Makes that run, unless it is there. */
export function keepShapes(rules: Rules): void {
  if (kept.length > 0) return;
  const plan = planOf(halfDone());
  const run = hold(newRun(rules, plan, ROW), 1, true);
  const turn = new Turn({ ...rules, asksFirst: () => false });
  // What stands behind a turn of the event loop has a shape, too.
  kept.push(
    run,
    soon(() => {}),
  );
  const take = (message: Message): void => {
    const changes = new Pending(run.seq);
    changes.take(message);
    turn.take(run, changes, NO_TIME, message);
    keepRow(run, changes, NO_TIME);
    kept.push(changes, actorRows(run, changes));
    for (const owed of changes.owed) {
      if (owed.do !== 'execute') continue;
      const { node, path, attempt: number, input } = owed;
      const key = keyOf(run.id, path, number);
      const attempt = new Attempt(NOWHERE, node.task as TaskDefinition, key, path, number, run.facts, input);
      kept.push(attempt);
      callBody(never, attempt, () => {});
    }
  };
  take({ type: 'start', plan, row: ROW });
  take({ type: 'answer', from: 'execute', path: 'track/over', attempt: 1, output: {}, error: null });
}
