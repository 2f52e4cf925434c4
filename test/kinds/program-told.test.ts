/**
 * What a program tells of its course, and what is made of that: events and their payloads, the list of what is to do and what is to be
 * remembered, after a restart as before it (P211, P212, P218); and the loop that scores, fixes and scores again (P223).
 */
import {
  type AnyOrchestrator,
  createSignalbox,
  program,
  programState,
  type ProgramState,
  stateFrom,
  task,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { faultOfEvent } from '../../src/events.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, eventsOf, faultsOfHistory, never, soon, stage } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const body = { input: Anything, output: Anything, run: never };
const work = task('work', body);
const flaky = task('flaky', { ...body, retry: { maxAttempts: 2, delay: '1s' } });

/** Two phases, each with a gate: one that rejects, one that asks. */
const delivery = program('delivery', {
  ...head,
  phases: {
    make: {
      tasks: {
        build: { do: flaky, notes: ({ output }) => ({ decisions: [`ship ${output.coverage}`], learnings: ['slow'] }) },
        docs: { do: work, required: false },
      },
      gate: { criteria: { 'build.coverage': { min: 80, required: true } } },
    },
    ship: {
      tasks: { deploy: { do: work, notes: () => ({ decisions: ['at night'], patterns: ['blue, green'] }) } },
      gate: { criteria: { 'deploy.score': { min: 9 } }, review: { assignees: { roles: ['lead'] } } },
    },
  },
});

/** A box on a file that goes on with what is there. */
async function opened(file: string, now?: number) {
  const { desk, clock, options } = stage();
  if (now !== undefined) await clock.advance(now - clock.now());
  const box = clock.follow(await createSignalbox({ orchestrators: [delivery], store: sqlite(file), ...options }));
  await soon(box.recovered);
  await settled(box);
  return { desk, clock, box, [Symbol.asyncDispose]: () => box.close() };
}

interface Seen {
  readonly seq: number;
  readonly state: ProgramState;
  readonly open: readonly string[];
}

/** Plays it to its end; `look` is called whenever something was done. The box is closed and opened again in the middle. */
async function play(file: string): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  type At = Awaited<ReturnType<typeof opened>>;
  const look = async ({ box, desk }: At): Promise<void> => {
    await settled(box);
    const run = box.run('r');
    seen.push({
      seq: (await eventsOf(run as never)).length,
      state: await programState(delivery as AnyOrchestrator, run as never),
      open: [...desk.open],
    });
  };
  let now: number;
  {
    await using first = await opened(file);
    const { box, desk, clock } = first;
    await box.start(delivery, { id: 'r', input: null });
    await look(first);
    desk.fail('make/work/build/do#1', new Error('busy'));
    desk.fail('make/work/docs/do#1', new Error('nobody has time'));
    await look(first);
    await clock.advance('1s');
    desk.job('make/work/build/do#2').progress(0.5, 'half');
    await look(first);
    desk.give('make/work/build/do#2', { coverage: 71 });
    await look(first);
    now = clock.now();
  }
  await using second = await opened(file, now);
  const { box, desk } = second;
  await look(second);
  await box.run('r').retry('make/gate', { reason: 'measured again', input: { 'build.coverage': 84 } });
  await look(second);
  desk.give('ship/work/deploy/do#1', { score: 8 });
  await look(second);
  await box.decide('r/ship/gate#1', { decision: 'approve', by: 'ann', roles: ['lead'] });
  await look(second);
  expect(await faultsOfHistory(box.run('r') as never)).toEqual([]);
  return seen;
}

describe('a program', () => {
  test('tells of runs, phases, tasks and gates, each by its own type of event with what belongs to it (P211)', async () => {
    const file = newFile();
    await play(file);
    await using later = await opened(file);
    const events = await eventsOf(later.box.run('r') as never);
    expect(events.map(faultOfEvent)).toEqual(events.map(() => null));

    const gate = { approval: 'r/make/gate#1', decisions: ['approve', 'reject', 'skip', 'abort'] };
    const table = [
      { type: 'run.started', path: '', orchestrator: 'delivery', version: '1' },
      { type: 'track.started', path: 'make' },
      { type: 'step.started', path: 'make/work/build/do', attempt: 1 },
      { type: 'step.retrying', path: 'make/work/build/do', attempt: 1, delay: 1_000, error: { message: 'busy' } },
      { type: 'step.failed', path: 'make/work/docs/do', attempt: 1, error: { message: 'nobody has time' } },
      { type: 'step.progress', path: 'make/work/build/do', attempt: 2, fraction: 0.5, note: 'half' },
      { type: 'step.completed', path: 'make/work/build/do', attempt: 2 },
      { type: 'user.emitted', path: 'make/work/build/notes', name: 'knowledge', data: { task: 'build' } },
      { type: 'step.awaitingIntervention', path: 'make/gate', error: { code: 'gate-rejected' } },
      { type: 'approval.requested', path: 'make/gate', ...gate },
      { type: 'run.awaitingIntervention', path: '' },
      { type: 'run.resumed', path: '' },
      { type: 'track.completed', path: 'make' },
      { type: 'step.awaitingApproval', path: 'ship/gate' },
      { type: 'approval.resolved', path: 'ship/gate', decision: 'approve', by: 'ann' },
      { type: 'run.completed', path: '' },
    ];
    const found = table.map((wanted) => events.find(({ type, path }) => type === wanted.type && path === wanted.path));
    expect(found).toMatchObject(table);
    // In this order, and each of them once.
    const seqs = found.map((event) => event?.seq ?? 0);
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
    expect(new Set(table.map(({ type }) => type)).size).toBe(table.length);
  });

  test('has the same state, todo and knowledge from its history alone, at each moment and after restarts; what is next begins at once (P212, P217)', async () => {
    const file = newFile();
    const seen = await play(file);
    await using later = await opened(file);
    const run = later.box.run('r');
    const events = await eventsOf(run as never);
    for (const { seq, state } of seen) {
      const then = await run.at(seq);
      expect(stateFrom(delivery as AnyOrchestrator, then, events.slice(0, seq))).toEqual(state);
    }
    expect(await programState(delivery as AnyOrchestrator, run as never)).toEqual(seen.at(-1)?.state);

    const course = seen.map(({ state, open }) => [
      state.currentPhase,
      state.todo.map(({ task: name, isDone }) => `${name} ${isDone}`).join(', '),
      ...open,
    ]);
    expect(course).toEqual([
      ['make', 'build false, docs false, deploy false', 'make/work/build/do#1', 'make/work/docs/do#1'],
      ['make', 'build false, docs false, deploy false'],
      ['make', 'build false, docs false, deploy false', 'make/work/build/do#2'],
      ['make', 'build true, docs false, deploy false'],
      ['make', 'build true, docs false, deploy false'],
      ['ship', 'build true, docs false, deploy false', 'ship/work/deploy/do#1'],
      ['ship', 'build true, docs false, deploy true'],
      [null, 'build true, docs false, deploy true'],
    ]);
  });

  test('remembers what its tasks have noted, by kind and with their source, over a restart; nothing of it is lost or changed later (P218)', async () => {
    const seen = await play(newFile());
    const known = seen.map(({ state }) => state.knowledge);
    const note = (text: string, phase: string, name: string) => ({ text, phase, task: name, at: expect.any(Number) });
    const first = {
      decisions: [note('ship 71', 'make', 'build')],
      patterns: [],
      learnings: [note('slow', 'make', 'build')],
    };
    const nothing = { decisions: [], patterns: [], learnings: [] };
    expect(known.slice(0, 6)).toEqual([nothing, nothing, nothing, first, first, first]);
    expect(known[4]).toEqual(known[3]);
    const last = known.at(-1);
    expect(last).toEqual({
      decisions: [...first.decisions, note('at night', 'ship', 'deploy')],
      patterns: [note('blue, green', 'ship', 'deploy')],
      learnings: first.learnings,
    });
    expect(last?.decisions.filter(({ task: name }) => name === 'build')).toEqual(known[3]?.decisions);
  });

  test.each([
    ['is good enough', 9, 'completed', ['review 7', 'fix 1', 'review 8', 'fix 2', 'review 9']],
    [
      'stays too bad, for as many rounds as it may',
      99,
      'failed',
      ['review 7', 'fix 1', 'review 8', 'fix 2', 'review 9', 'fix 3'],
    ],
  ])(
    'scores, fixes and scores again until it %s, and each round is on record (P223)',
    async (_, wanted, status, calls) => {
      const told: string[] = [];
      let fixes = 0;
      const review = task('review', {
        input: Anything,
        output: Anything,
        run: () => {
          told.push(`review ${7 + fixes}`);
          return { score: 7 + fixes };
        },
      });
      const fix = task('fix', {
        input: Anything,
        output: Anything,
        run: () => {
          fixes += 1;
          told.push(`fix ${fixes}`);
        },
      });
      const round = track('round', { input: Anything })
        .step('review', review)
        .branch('fix', { when: [[({ outputs }) => outputs.review.score < wanted, fix]], otherwise: null })
        .output(({ outputs }) => outputs.review);
      const polish = track('polish', { input: Anything }).loop('rounds', {
        body: round,
        until: ({ output }) => output.score >= wanted,
        maxIterations: 3,
      });
      const flow = program('polishing', { ...head, phases: { quality: { tasks: { polish } } } });
      await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
      const run = await box.start(flow, { id: 'r', input: null });
      const end = await run.outcome();

      expect([end.status, told]).toEqual([status, calls]);
      expect(end.failures.map(({ code }) => code)).toEqual(status === 'failed' ? ['loop-limit'] : []);
      const { steps } = await run.snapshot();
      const scores = [0, 1, 2].map((at) => steps[`quality/work/polish/rounds/${at}/review`]?.output);
      expect(scores).toEqual([{ score: 7 }, { score: 8 }, { score: 9 }]);
      expect(steps['quality/work/polish/rounds/3/review']).toBeUndefined();
      const rounds = (await eventsOf(run as never)).filter(({ path }) => /rounds\/\d$/.test(path));
      expect(rounds.map(({ type }) => type)).toEqual(Array(3).fill(['track.started', 'track.completed']).flat());
    },
  );
});
