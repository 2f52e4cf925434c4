/**
 * The way of one event, as the README's "Follow one event" walks it: mailbox, turn, machine,
 * effect, commit, dispatch, result. Each hop is asserted where it happens.
 */
import { readFileSync } from 'node:fs';
import { createSignalbox, inProcess, memory, orchestrator, type Store, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { planOf } from '../src/dsl/index.ts';
import { builtInKinds } from '../src/machines/index.ts';
import { steppers } from '../src/core/lanes.ts';
import { takeCommand } from '../src/commands/index.ts';
import { newRun } from '../src/core/assemble.ts';
import { Changes } from '../src/core/run.ts';
import type { Rules } from '../src/core/port.ts';
import { Turn } from '../src/core/turn.ts';
import type { RunRow } from '../src/store.ts';

const N = z.object({ n: z.number() });
const add = task('add', { input: N, output: N, run: ({ input }) => ({ n: input.n + 1 }) });
const sum = track('sum', { input: N })
  .step('one', add, ({ input }) => input)
  .step('two', add, ({ previous }) => previous);
const total = orchestrator('total', { version: '1', input: N }).track('sum', sum, { input: ({ input }) => input });

test('the README names the hops in this order, and every file that it names is there', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('## Follow one event'), readme.indexOf('## What is guaranteed'));
  expect([...section.matchAll(/^\d\. \*\*(\w+)\*\*/gm)].map(([, hop]) => hop)).toEqual([
    'Mailbox',
    'Turn',
    'Machine',
    'Effect',
    'Commit',
    'Dispatch',
    'Result',
  ]);
  const files = [...section.matchAll(/\]\((src\/[\w./-]+)\)/g)].map(([, file]) => file as string);
  expect(files.length).toBeGreaterThanOrEqual(7);
  for (const file of files) expect(() => readFileSync(new URL(`../${file}`, import.meta.url))).not.toThrow(/ENOENT/);
});

describe('inside the turn', () => {
  const rules: Rules = {
    kinds: builtInKinds,
    signalBuffer: 100,
    maxValueBytes: 1_000_000,
    stepperOf: steppers(builtInKinds, 'table'),
    takeCommand,
  };
  const row: RunRow = {
    run: 'r',
    key: null,
    hash: '',
    orchestrator: 'total',
    version: '1',
    status: 'pending',
    input: { n: 1 },
    output: null,
    error: null,
    reason: null,
    metadata: {},
    startedAt: 100,
    endedAt: null,
    parent: null,
  };
  const run = newRun(rules, planOf(total), row);

  test('a message reaches the actor that waits for it; its machine decides; the parent starts the next step in the same turn', () => {
    const started = new Changes(0);
    new Turn(rules).take(run, started, 100, { type: 'start', plan: planOf(total), row });
    // Effect: described, not done.
    expect(started.owed).toEqual([
      {
        do: 'execute',
        path: 'sum/one',
        attempt: 1,
        node: planOf(total).root.children[0]?.node.children[0]?.node,
        input: { n: 1 },
      },
    ]);

    const answered = new Changes(run.seq);
    const answer = {
      type: 'answer',
      from: 'execute',
      path: 'sum/one',
      attempt: 1,
      output: { n: 2 },
      error: null,
    } as const;
    expect(new Turn(rules).take(run, answered, 200, answer)).toBe(true);

    expect(answered.events.map(({ seq, at, type, path }) => [seq, at, type, path])).toEqual([
      [4, 200, 'step.completed', 'sum/one'],
      [5, 200, 'step.started', 'sum/two'],
    ]);
    expect(answered.owed).toMatchObject([{ do: 'execute', path: 'sum/two', attempt: 1, input: { n: 2 } }]);
    expect([...answered.dirty].map(({ path, state }) => [path, state.value])).toEqual([
      ['sum/one', 'completed'],
      ['sum/two', 'running'],
    ]);

    // The same answer again finds nobody (I5).
    const again = new Changes(run.seq);
    expect(new Turn(rules).take(run, again, 300, answer)).toBe(false);
    expect([again.events, again.owed, again.dirty.length]).toEqual([[], [], 0]);
  });
});

test('commit comes before dispatch, hop by hop, from the start to the result (I1)', async () => {
  const trace: string[] = [];
  const kept = memory();
  const store: Store = {
    ...kept,
    commit(changes) {
      for (const { events, actors } of changes) {
        trace.push(
          `commit ${events.map(({ type }) => type).join(', ')} | rows ${actors.map(({ path }) => path || '(run)').join(', ')}`,
        );
      }
      return kept.commit(changes);
    },
  };
  const bodies = inProcess();
  await using box = await createSignalbox({
    orchestrators: [total],
    store,
    executor: () => ({
      execute(job, answer) {
        trace.push(`dispatch ${job.key}`);
        bodies.execute(job, (result) => {
          trace.push(`answer ${job.key}`);
          answer(result);
        });
      },
    }),
  });

  const run = await box.start(total, { id: 'r', input: { n: 1 } });
  trace.push(`result ${JSON.stringify(await run.result())}`);

  expect(trace).toEqual([
    'commit run.started, track.started, step.started | rows (run), sum, sum/one',
    'dispatch r/sum/one#1',
    'answer r/sum/one#1',
    'commit step.completed, step.started | rows sum/one, sum/two',
    'dispatch r/sum/two#1',
    'answer r/sum/two#1',
    'commit step.completed, track.completed, run.completed | rows sum/two, sum, (run)',
    'result {"sum":{"n":3}}',
  ]);
});
