/** The turn by itself: what an answer is for (I5), and what a run keeps in memory of what has ended (I9). */
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { type AnyOrchestrator, orchestrator, planOf } from '../../src/dsl/index.ts';
import { expect, test } from 'vitest';
import { builtInKinds } from '../../src/machines/index.ts';
import { steppers } from '../../src/core/lanes.ts';
import { takeCommand } from '../../src/commands/index.ts';
import type { Message } from '../../src/core/message.ts';
import { newRun } from '../../src/core/assemble.ts';
import { Changes, type RunState } from '../../src/core/run.ts';
import type { Rules } from '../../src/core/port.ts';
import { Turn } from '../../src/core/turn.ts';
import type { RunRow } from '../../src/store.ts';
import { Anything, steps, work } from '../helpers/stage.ts';
import { task, track } from 'signalbox';

const rules: Rules = {
  kinds: builtInKinds,
  maxValueBytes: 1_000_000,
  signalBuffer: 10,
  stepperOf: steppers(builtInKinds, 'table'),
  takeCommand,
};

function begin(flow: AnyOrchestrator) {
  const plan = planOf(flow);
  const row: RunRow = {
    run: 'r',
    key: null,
    orchestrator: plan.name,
    version: plan.version,
    hash: '',
    status: 'pending',
    input: null,
    output: null,
    error: null,
    reason: null,
    metadata: {},
    startedAt: 0,
    endedAt: null,
    parent: null,
  };
  const run = newRun(rules, plan, row);
  const turn = new Turn(rules);
  const take = (message: Message): { taken: boolean; changes: Changes } => {
    const changes = new Changes(run.seq);
    return { taken: turn.take(run, changes, 1, message), changes };
  };
  take({ type: 'start', plan, row });
  return { run, turn, take };
}

const flowOf = (made: ReturnType<typeof steps>): AnyOrchestrator =>
  orchestrator('flow', { version: '1', input: Anything }).track('t', made) as AnyOrchestrator;

const answer = (attempt: number, path = 't/one', error: string | null = null): Message => ({
  type: 'answer',
  from: 'execute',
  path,
  attempt,
  output: null,
  error: error === null ? null : { code: 'task-failed', name: 'Error', message: error },
});

test("an answer of the attempt before is nobody's while the next one is under way, and so is its progress (I5)", () => {
  const trying = task('try', { input: Anything, output: Anything, retry: { maxAttempts: 2 }, run: () => 1 });
  const { run, take } = begin(flowOf(track('t', { input: Anything }).step('one', trying) as never));
  expect(take(answer(1, 't/one', 'busy')).taken).toBe(true);
  expect(take({ type: 'wake', path: 't/one', attempt: 2 }).taken).toBe(false);
  expect(take({ type: 'wake', path: 't/one', attempt: 1 }).taken).toBe(true);
  const { seq } = run;

  for (const late of [answer(1), answer(1, 't/one', 'busy'), answer(3)]) {
    const { taken, changes } = take(late);
    expect(taken).toBe(false);
    expect([changes.events, changes.dirty, changes.owed]).toEqual([[], [], []]);
  }
  expect(take({ type: 'progress', path: 't/one', attempt: 1, fraction: 0.5, note: null }).taken).toBe(false);
  expect(take({ type: 'wake', path: 't/one', attempt: 1 }).taken).toBe(false);
  expect(run.seq).toBe(seq);

  expect(take(answer(2)).taken).toBe(true);
  expect(run.root.state.value).toBe('completed');
});

test('of a track of a thousand steps the run holds the one that is under way (I9)', () => {
  const names = Array.from({ length: 1_000 }, (_, at) => `s${at}`);
  const { run, take } = begin(flowOf(steps('t', ...names)));
  for (const name of names.slice(0, -1)) take(answer(1, `t/${name}`));

  expect([...run.actors.keys()]).toEqual(['', 't', 't/s999']);
  let [live, child] = [0, run.actors.get('t')?.firstLive ?? null];
  for (; child !== null; child = child.nextLive) live += 1;
  expect(live).toBe(1);

  take(answer(1, 't/s999'));
  expect([...run.actors.keys()]).toEqual(['']);
  expect([run.root.firstLive, run.root.lastLive]).toEqual([null, null]);
});

test('the last run that had a turn is not kept by it (I9)', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const turns: Turn[] = [];
  const gone = ((): WeakRef<RunState> => {
    const { run, turn } = begin(flowOf(track('t', { input: Anything }).step('one', work) as never));
    turns.push(turn);
    return new WeakRef(run);
  })();
  for (let round = 0; round < 20 && gone.deref() !== undefined; round += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    collect();
  }
  expect(turns).toHaveLength(1);
  expect(gone.deref()).toBeUndefined();
});
