/**
 * Ends that arrive in every order: up to three members, each of which completes, fails or times out, under every strategy. What the
 * first verdict was stands; whoever comes later changes nothing.
 */
import { orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { takeCommand } from '../../src/commands/index.ts';
import { newRun } from '../../src/core/assemble.ts';
import { steppers } from '../../src/core/lanes.ts';
import type { Message } from '../../src/core/message.ts';
import type { Rules } from '../../src/core/port.ts';
import type { Owed } from '../../src/core/run.ts';
import { step } from '../../src/core/step.ts';
import { verdict } from '../../src/core/verdict.ts';
import type { Strategy } from '../../src/definition.ts';
import { planOf } from '../../src/dsl/index.ts';
import type { Json } from '../../src/json.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { isTerminal } from '../../src/status.ts';
import type { RunRow } from '../../src/store.ts';
import { Anything } from '../helpers/stage.ts';

const rules: Rules = {
  kinds: builtInKinds,
  maxValueBytes: 1_000_000,
  signalBuffer: 3,
  stepperOf: steppers(builtInKinds, 'table'),
  takeCommand,
};
const ENDS = ['completed', 'failed', 'timedOut'] as const;
type End = (typeof ENDS)[number];

const ERRORS = {
  completed: null,
  failed: { code: 'task-failed', name: 'Error', message: 'no', retryable: false },
  timedOut: { code: 'step-timed-out', name: 'StepTimedOut', message: 'late', retryable: false },
} as const;

const STRATEGIES: readonly Strategy[] = [
  ...(['failFast', 'waitAll', 'bestEffort', 'allowNone', 'race'] as const),
  ...[1, 2, 3].flatMap((quorum) => (['cancel', 'finish'] as const).map((rest) => ({ quorum, rest }))),
];

/** Every row of `count` ends. */
const rows = (count: number): End[][] =>
  count === 0 ? [[]] : rows(count - 1).flatMap((row) => ENDS.map((end) => [...row, end]));

const ordersOf = (all: readonly number[]): number[][] =>
  all.length === 0
    ? [[]]
    : all.flatMap((first) => ordersOf(all.filter((each) => each !== first)).map((rest) => [first, ...rest]));

/** What the first word of the strategy is, and how many had arrived by then. */
function firstWord(strategy: Strategy, arriving: readonly End[]) {
  for (let settled = 0; settled <= arriving.length; settled += 1) {
    const ended = arriving.slice(0, settled);
    const completed = ended.filter((end) => end === 'completed').length;
    const said = verdict(strategy, { total: arriving.length, settled, completed, failed: settled - completed });
    if (said !== 'on') return { said, settled };
  }
  throw new Error('Nothing was said although all have ended.');
}

const work = task('work', { input: Anything, output: Anything, cleanup: () => {} });

/** Plays the members to their ends in this order, and answers with how their step ended, and whom nobody waited for any more. */
function arrive(strategy: Strategy, ends: readonly End[], order: readonly number[]) {
  const members = Object.fromEntries(ends.map((_, at) => [`m${at}`, work]));
  const steps = track('t', { input: Anything }).parallel('p', members, { strategy: strategy as 'race' });
  const flow = orchestrator('flow', { version: '1', input: Anything }).track('t', steps, { input: () => null });
  const plan = planOf(flow);
  const none = { output: null, error: null, reason: null, metadata: {}, endedAt: null, parent: null, key: null };
  const pinned = { orchestrator: plan.name, version: plan.version, hash: '', status: 'pending' } as const;
  const row: RunRow = { run: 'r', input: null, startedAt: 0, ...pinned, ...none };
  let run = newRun(rules, plan, row);
  let now = 0;
  const debts: Owed[] = [];
  const states = new Map<string, string>();
  let output: Json = null;
  const take = (message: Message): boolean => {
    now += 1;
    const made = step(rules, run, message, now);
    run = made.run;
    debts.push(...made.owed);
    for (const { path, state, ...rest } of made.actors) {
      // A status that ends is never left (I5), nor what stood when it was reached.
      expect(isTerminal(states.get(path) ?? 'pending'), `${path} is written after its end`).toBe(false);
      states.set(path, state);
      if (path === 't/p') output = rest.output;
    }
    return made.taken;
  };
  const answer = (from: 'execute' | 'cleanup', path: string, end: End): boolean =>
    take({ type: 'answer', from, path, attempt: 1, output: end === 'completed' ? path : null, error: ERRORS[end] });

  take({ type: 'start', plan, row });
  const late: number[] = [];
  for (const at of order) if (!answer('execute', `t/p/m${at}`, ends[at] as End)) late.push(at);
  for (const owed of debts) if (owed.do === 'cleanup') answer('cleanup', owed.path, 'completed');
  return { status: states.get('t/p'), output, late, run: states.get('') };
}

describe.each(STRATEGIES.map((strategy) => [JSON.stringify(strategy), strategy] as const))(
  'under %s',
  (_, strategy) => {
    test('the first verdict stands, whoever comes in whatever order (P99, P101)', () => {
      let played = 0;
      // A definition with fewer members than its quorum is refused.
      const least = typeof strategy === 'string' ? 0 : strategy.quorum;
      for (const ends of [0, 1, 2, 3].filter((count) => count >= least).flatMap(rows)) {
        for (const order of ordersOf(ends.map((_, at) => at))) {
          const { said, settled } = firstWord(
            strategy,
            order.map((at) => ends[at] as End),
          );
          const won = said === 'won';
          const inTime = order.slice(0, settled);
          const output = Object.fromEntries(
            ends.map((end, at) => [`m${at}`, inTime.includes(at) && end === 'completed' ? `t/p/m${at}` : null]),
          );
          expect([ends, order, arrive(strategy, ends, order)]).toEqual([
            ends,
            order,
            {
              status: won ? 'completed' : 'failed',
              output: won ? output : null,
              late: order.slice(settled),
              run: won ? 'completed' : 'failed',
            },
          ]);
          played += 1;
        }
      }
      expect(played).toBeGreaterThanOrEqual(27 * 6);
    });
  },
);
