/** Programs: phases in order, what they wait for, how long they may take, and where they stand (P199–P203, P209, P210, P217–P219, P226). */
import { createSignalbox, program, programState, stateFrom, task, todoText } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { faultsOf } from '../../src/dsl/check.ts';
import type { RunEvent } from '../../src/events.ts';
import { metricsOf } from '../../src/views/programs.ts';
import { Anything, faultsOfHistory, never, stage } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const head = { version: '1', input: Anything } as const;

async function open(phases: object, more: object = {}) {
  const { desk, clock, options } = stage();
  const made = program('p', { ...head, ...more, phases: phases as never });
  const box = clock.follow(await createSignalbox({ orchestrators: [made], ...options }));
  const run = await box.start(made, { id: 'r', input: { it: 1 } });
  await settled(box);
  const give = async (place: string, value: unknown = null) => {
    desk.give(place, value as never);
    await settled(box);
  };
  return { desk, clock, box, run, made, give };
}

describe('a program', () => {
  test('runs its phases in order, and in a phase what waits for nothing at once; each is told what came before', async () => {
    const { desk, box, run, made, give } = await open({
      one: { tasks: { a: { do: work, input: ({ input }: { input: unknown }) => input }, b: work } },
      two: {
        tasks: {
          c: {
            do: work,
            after: ['d', 'one', 'a'],
            input: ({ tasks, phases }: { tasks: object; phases: object }) => ({ tasks, phases }),
          },
          d: work,
        },
      },
    });
    expect(desk.open).toEqual(['one/work/a#1', 'one/work/b#1']);
    expect((await programState(made, run)).currentPhase).toBe('one');
    await give('one/work/a#1', 'A');
    expect(desk.open).toEqual(['one/work/b#1']);
    await give('one/work/b#1', 'B');
    expect(desk.open).toEqual(['two/work/d#1']);
    const half = await programState(made, run);
    expect([half.currentPhase, half.counts, half.phases.map(({ status }) => status)]).toEqual([
      'two',
      { total: 4, completed: 2, failed: 0, skipped: 0, running: 1, pending: 1, retries: 0 },
      ['completed', 'running'],
    ]);
    expect(todoText(half)).toBe(
      '# p: r\n\n## one (completed)\n\n- [x] a\n- [x] b\n\n## two (running)\n\n- [ ] c\n- [ ] d (running)\n',
    );
    await give('two/work/d#1', 'D');
    expect((await run.snapshot()).steps['two/work/c']?.input).toEqual({
      tasks: { d: 'D' },
      phases: { one: { a: 'A', b: 'B' } },
    });
    await give('two/work/c#1', 'C');
    expect(await run.result()).toEqual({ one: { a: 'A', b: 'B' }, two: { c: 'C', d: 'D' } });
    expect(await faultsOfHistory(run)).toEqual([]);
    // The same from what is there, at any time.
    const events: RunEvent[] = [];
    for await (const event of run.history()) events.push(event);
    expect(stateFrom(made, await run.snapshot(), events)).toEqual(await programState(made, run));
    await box.close();
  });

  test('can do without a task that is not required, and says that it has failed (P209)', async () => {
    const { desk, box, run, made, give } = await open({
      one: { tasks: { a: { do: work, required: false }, b: work } },
    });
    desk.fail('one/work/a/do#1', new Error('no'));
    await give('one/work/b#1', 2);
    expect(await run.outcome()).toMatchObject({ status: 'completed', output: { one: { a: null, b: 2 } } });
    const { phases, metrics } = await programState(made, run);
    expect(phases[0]?.tasks).toMatchObject([
      { status: 'failed', isRequired: false, error: 'no' },
      { status: 'completed' },
    ]);
    expect(metrics.completion).toEqual({ value: 100, target: 100, isMet: true });
    await box.close();
  });

  test.each([
    ['was', {}, 'one/work/a'],
    ['with notes was', { notes: () => ({}) }, 'one/work/a/do'],
    ['that is not required was', { required: false }, 'one/work/a/do'],
    ['with notes that is not required was', { required: false, notes: () => ({}) }, 'one/work/a/do/do'],
  ])('says how often a task %s tried, and why it has failed (P209, P217)', async (_, more, place) => {
    const flaky = task('flaky', { input: Anything, output: Anything, retry: { maxAttempts: 2, delay: 0 }, run: never });
    const { desk, clock, box, run, made } = await open({ one: { tasks: { a: { do: flaky, ...more } } } });
    for (const attempt of [1, 2]) {
      desk.fail(`${place}#${attempt}`, new Error(`no ${attempt}`));
      await clock.advance(0);
    }
    await run.outcome();
    const { phases, counts } = await programState(made, run);
    expect(phases[0]?.tasks).toMatchObject([{ name: 'a', status: 'failed', attempts: 2, error: 'no 2' }]);
    expect(counts).toMatchObject({ total: 1, failed: 1, retries: 1 });
    await box.close();
  });

  test('is over with a phase that takes too long, or says that it does (P202)', async () => {
    const late = await open({ one: { within: '10m', tasks: { a: work } } });
    await late.clock.advance('10m');
    expect(await late.run.outcome()).toMatchObject({ error: { code: 'deadline-passed' } });
    await late.box.close();
    const noted = await open({
      one: { within: '10m', onOverrun: 'note', tasks: { a: work } },
      two: { tasks: { b: work } },
    });
    await noted.clock.advance('11m');
    await noted.give('one/work/a#1');
    const { phases } = await programState(noted.made, noted.run);
    expect(phases.map(({ isOverrun, status }) => [isOverrun, status])).toEqual([
      [true, 'completed'],
      [false, 'running'],
    ]);
    await noted.box.close();
  });

  test('does not wait for a phase in the background, which is a run of its own (P202)', async () => {
    const { desk, box, run, made, give } = await open({
      one: { tasks: { a: work } },
      watch: { background: true, tasks: { w: work }, approval: { ask: 'Still there?' } },
      two: { tasks: { b: work } },
    });
    await give('one/work/a#1', 'A');
    expect(desk.open).toContain('two/work/b#1');
    await give('two/work/b#1', 'B');
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    const { phases } = await programState(made, run);
    // Whatever becomes of that run: the program has started it, and knows no more.
    expect(phases[1]).toMatchObject({ name: 'watch', status: 'started', isBackground: true, approval: null });
    const apart = phases[1]?.run ?? '';
    expect(todoText(await programState(made, run))).toContain(`## watch (in the background, started as run ${apart})`);
    expect(await box.run(apart).status()).toBe('running');
    await box.close();
  });

  test('ends a phase with a gate over what its tasks measured, and with somebody who is asked', async () => {
    const { box, run, made, give } = await open({
      one: {
        tasks: { unit: work },
        gate: { criteria: { 'unit.coverage': { min: 80, required: true } } },
        approval: { ask: ({ tasks }: { tasks: { unit: { coverage: number } } }) => `${tasks.unit.coverage} %?` },
      },
    });
    await give('one/work/unit#1', { coverage: 71 });
    expect((await programState(made, run)).phases[0]?.gate).toMatchObject({
      decision: 'REJECT',
      status: 'awaitingIntervention',
    });
    await run.retry('one/gate', { reason: 'measured again', input: { 'unit.coverage': 84 } });
    await settled(box);
    expect((await box.approvals()).approvals).toMatchObject([{ id: 'r/one/approval#1', question: '71 %?' }]);
    await box.decide('r/one/approval#1', { decision: 'approve', by: 'mia' });
    expect(await run.result()).toMatchObject({
      one: { unit: { coverage: 71 }, gate: { decision: 'APPROVE' }, approval: { by: 'mia' } },
    });
    const { metrics } = await programState(made, run);
    expect([metrics.gates.value, metrics.success.value]).toEqual([0, 100]);
    await box.close();
  });

  test.each<[object, string]>([
    [
      { one: { tasks: { a: { do: work, after: ['x'] } } } },
      'Task "a" waits for "x", which is no task of its phase and nothing earlier',
    ],
    [{ one: { tasks: { a: { do: work, after: ['two'] } } }, two: { tasks: { b: work } } }, 'waits for "two"'],
    [{ one: { tasks: { a: { do: work, after: ['b'] }, b: { do: work, after: ['a'] } } } }, 'waits for the next'],
    [{ one: { tasks: { two: work } }, two: { tasks: {} } }, '"two" is a phase and a task'],
    [
      { one: { tasks: { a: work }, gate: { criteria: { 'b.c': { min: 1 } } } } },
      'The gate reads the output of "b", which is no task of its phase',
    ],
    [{ one: { tasks: { a: work }, gate: {} } }, 'A gate without criteria'],
    [{ one: { tasks: 7 } }, 'take an object of tasks'],
    [{ one: { task: {} } }, 'cannot have "task"'],
    [{ one: { tasks: {}, onOverrun: 'shout' } }, `takes 'fail' or 'note'`],
    [7 as never, '"phases" takes an object'],
  ])('is refused with phases like %j', (phases, message) => {
    const { definition } = program('p', { ...head, phases: phases as never });
    expect(
      faultsOf(definition)
        .map((fault) => fault.message)
        .join('\n'),
    ).toContain(message);
  });
});

test('how well it went is a formula over the history (P226)', () => {
  const made = program('p', {
    ...head,
    phases: {
      one: { tasks: { a: work, b: work, c: { do: work, required: false } }, gate: { criteria: { a: { min: 1 } } } },
    } as never,
  });
  let seq = 0;
  const event = (type: string, path = ''): RunEvent => {
    seq += 1;
    return { run: 'r', seq, at: seq, type, path } as RunEvent;
  };
  const history = [
    event('run.started'),
    event('step.retrying', 'one/work/a'),
    event('step.completed', 'one/work/a'),
    event('step.retrying', 'one/work/b'),
    event('step.failed', 'one/work/b'),
    event('step.failed', 'one/work/c'),
    event('step.completed', 'one/gate'),
    event('run.failed'),
  ];
  const { completion, gates, retries, persistence, success } = metricsOf(made, history);
  expect([completion.value, gates.value, retries.value, persistence.value, success.value]).toEqual([
    50, 100, 50, 100, 0,
  ]);
  expect([completion.isMet, gates.isMet, retries.isMet, success.isMet]).toEqual([false, true, false, false]);
  expect(metricsOf(made, []).success).toEqual({ value: null, target: 95, isMet: null });
  // One that is missing in between is noticed.
  expect(
    metricsOf(
      made,
      history.filter((_, index) => index !== 3),
    ).persistence,
  ).toMatchObject({ value: 87.5, isMet: false });
});
