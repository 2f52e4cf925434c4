/** Gates: they let through what is good enough, ask about what nearly is, and stand still before what is not (P204, P205, P213, P216, P227). */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faultsOf } from '../../src/dsl/check.ts';
import type { GateOptions } from '../../src/dsl/approval.ts';
import { Anything, faultsOfHistory, historyOf, never, stage, statusesOf } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: never });
const deploy = task('deploy', { input: Anything, output: Anything, run: never });

// biome-ignore lint/suspicious/noExplicitAny: each test has a gate of its own
async function gated(options: GateOptions<any> & { readonly action?: any }, measured: unknown, more: object = {}) {
  const { desk, clock, options: stageOptions } = stage();
  const flow = orchestrator('flow', { version: '1', input: Anything })
    .track(
      'checks',
      track('checks', { input: Anything })
        .step('tests', work)
        .gate('quality', options as GateOptions<unknown>)
        .step('then', work, ({ outputs }) => outputs.quality),
    )
    .track('beside', track('beside', { input: Anything }).step('one', work).step('two', work));
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...stageOptions, ...more }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  desk.give('checks/tests#1', measured as never);
  await settled(box);
  return { desk, clock, box, run };
}

const criteria = { coverage: { min: 80, required: true }, speed: { min: 8.5 } };
const values = ({ outputs }: { outputs: { tests: object } }) => outputs.tests as never;

describe('a gate', () => {
  test('lets through what is good enough, and leaves what it thought', async () => {
    const { desk, box, run } = await gated({ criteria, values }, { coverage: 80, speed: 9 });
    expect(desk.open).toContain('checks/then#1');
    expect((await run.snapshot()).steps['checks/quality']).toMatchObject({
      status: 'completed',
      output: { decision: 'APPROVE', score: 100, missed: [], by: null },
    });
    await box.close();
  });

  test('reads the outputs of earlier steps by path, if nothing else is said', async () => {
    const { desk, box } = await gated({ criteria: { 'tests.line.coverage': { min: 80 } } }, { line: { coverage: 91 } });
    expect(desk.open).toContain('checks/then#1');
    await box.close();
  });

  test.each([
    ['null', 'tests.line.coverage', { line: null }],
    ['a number', 'tests.line.coverage', { line: 91 }],
    ['a text, which has a length', 'tests.line.length', { line: 'a'.repeat(91) }],
    ['what every object inherits', 'tests.line.toString', { line: {} }],
    ['nothing', 'tests.line.coverage', {}],
  ])('misses a value whose path comes to %s, and does not fail by it', async (_, metric, measured) => {
    const { box, run } = await gated({ criteria: { [metric]: { min: 80, required: true } } }, measured);
    expect((await run.snapshot()).steps['checks/quality']).toMatchObject({
      status: 'awaitingIntervention',
      error: { code: 'gate-rejected', fields: { missed: expect.stringContaining(`${metric} is null`) } },
    });
    await box.close();
  });

  test('asks about what nearly is: a person lets it pass, or does not (P216)', async () => {
    for (const decision of ['approve', 'reject'] as const) {
      const { desk, box, run } = await gated(
        { criteria, values, review: { assignees: { roles: ['lead'] } } },
        { coverage: 91, speed: 7 },
      );
      const { approvals } = await box.approvals({ role: 'lead' });
      expect(approvals).toMatchObject([
        {
          id: 'r/checks/quality#1',
          question:
            'The gate is not quite good enough (score 50): speed is 7 and has to be at least 8.5, 1.5 away. Let it pass?',
          shown: { decision: 'REVIEW', score: 50, missed: [{ metric: 'speed', gap: 1.5 }] },
        },
      ]);
      await box.decide('r/checks/quality#1', { decision, by: 'mia', roles: ['lead'], comment: 'as agreed' });
      await settled(box);
      if (decision === 'approve') {
        expect(desk.open).toContain('checks/then#1');
        expect((await run.snapshot()).steps['checks/quality']?.output).toMatchObject({
          decision: 'APPROVE',
          score: 50,
          by: 'mia',
          comment: 'as agreed',
        });
      } else expect(await run.status()).toBe('failed');
      await box.close();
    }
  });

  test('stands still before what is not, with all that is missed, and its run with it (P213)', async () => {
    const { desk, box, run } = await gated(
      { criteria, values, override: { roles: ['boss'] } },
      { coverage: 71, speed: 7 },
    );
    expect(await run.status()).toBe('awaitingIntervention');
    expect((await run.snapshot()).steps['checks/quality']).toMatchObject({
      status: 'awaitingIntervention',
      error: {
        code: 'gate-rejected',
        message: expect.stringContaining('coverage is 71 and has to be at least 80, 9 away (required); speed is 7'),
      },
      waitingFor: { what: 'approval', roles: ['boss'] },
    });
    expect(await run.allowed('checks/quality')).toEqual(['retry', 'skip', 'decide']);
    desk.give('beside/one#1', 1);
    await settled(box);
    expect(desk.begun).not.toContain('beside/two#1');

    const say = (more: object) => box.decide('r/checks/quality#1', { decision: 'approve', by: 'mia', ...more });
    expect(await say({ comment: 'please' })).toMatchObject({ answer: 'refused', reason: 'not-assigned' });
    expect(await say({ roles: ['boss'] })).toMatchObject({ answer: 'refused', reason: 'comment-missing' });
    expect(await say({ roles: ['boss'], comment: 'ship it' })).toMatchObject({ answer: 'resolved' });
    await settled(box);
    expect(desk.open).toEqual(expect.arrayContaining(['checks/then#1', 'beside/two#1']));
    expect((await run.snapshot()).steps['checks/quality']?.output).toMatchObject({
      decision: 'APPROVE',
      by: 'mia',
      score: 0,
    });
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('asks for what its review asks for only where it reviews, though the same can be decided when it stands still', async () => {
    const form = z.object({ ticket: z.string() });
    const review = { decisions: { approve: form, reject: true, skip: true, abort: true } } as const;
    const rejected = await gated({ criteria, values, review }, { coverage: 71, speed: 7 });
    const say = { decision: 'approve', by: 'mia', comment: 'ship it' } as const;
    expect((await rejected.box.approvals()).approvals).toMatchObject([{ when: 'standing' }]);
    expect(await rejected.box.decide('r/checks/quality#1', say)).toMatchObject({ answer: 'resolved' });
    await rejected.box.close();

    const nearly = await gated({ criteria, values, review }, { coverage: 91, speed: 7 });
    expect((await nearly.box.approvals()).approvals).toMatchObject([{ when: 'step' }]);
    expect(await nearly.box.decide('r/checks/quality#1', say)).toMatchObject({ reason: 'payload-invalid' });
    expect(await nearly.box.decide('r/checks/quality#1', { ...say, form: { ticket: 'T-1' } })).toMatchObject({
      answer: 'resolved',
    });
    await nearly.box.close();
  });

  test('judges again what was measured again', async () => {
    const { box, run } = await gated({ criteria, values }, { coverage: 71, speed: 7 });
    await run.retry('checks/quality', { reason: 'measured again', input: { coverage: 79, speed: 7 } });
    await settled(box);
    expect((await run.snapshot()).steps['checks/quality']?.error?.message).toContain('coverage is 79');
    expect((await box.approvals()).approvals).toMatchObject([
      { id: 'r/checks/quality#2', shown: { missed: [{ found: 79 }, { found: 7 }] } },
    ]);
    expect((await run.approvals({ status: 'withdrawn' })).approvals).toMatchObject([{ id: 'r/checks/quality#1' }]);
    await run.retry('checks/quality', { reason: 'and again', input: { coverage: 85, speed: 7 } });
    await settled(box);
    expect(await run.status()).toBe('running');
    expect((await box.approvals()).approvals).toMatchObject([
      { id: 'r/checks/quality#3', shown: { decision: 'REVIEW' } },
    ]);
    await run.cancel();
    await settled(box);
    expect((await statusesOf(run))['checks/quality']).toBe('cancelled');
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });

  test('fails its run if somebody says that it does not pass', async () => {
    const { box, run, desk } = await gated({ criteria, values }, { coverage: 71 });
    await box.decide('r/checks/quality#1', { decision: 'reject', by: 'mia', comment: 'no way' });
    await settled(box);
    desk.give('beside/one#1', 1);
    expect(await run.outcome()).toMatchObject({ status: 'failed', error: { code: 'gate-rejected' } });
    await box.close();
  });

  test('takes a value that is no number for a miss, and does not fail by it', async () => {
    for (const coverage of ['91', null, undefined, Number.NaN]) {
      const { box, run } = await gated({ criteria, values: () => ({ coverage, speed: 9 }) }, null);
      expect(await run.status()).toBe('awaitingIntervention');
      await box.close();
    }
  });

  test('fails its own step if its values cannot be made (S5)', async () => {
    const { box, run, desk } = await gated(
      {
        criteria,
        values: () => {
          throw new Error('no');
        },
      },
      null,
    );
    desk.give('beside/one#1', 1);
    expect(await run.outcome()).toMatchObject({ error: { code: 'mapper-failed', path: 'checks/quality' } });
    await box.close();
  });

  test('of steps that have to have completed, with a least value for each of what they measured (P204)', async () => {
    const gate = { steps: ['tests'], min: { coverage: 80 } };
    const passed = await gated(gate, { coverage: 80 });
    expect(passed.desk.open).toContain('checks/then#1');
    await passed.box.close();
    const low = await gated(gate, { coverage: 79 });
    expect((await low.run.snapshot()).steps['checks/quality']?.error?.message).toContain('coverage is 79');
    await low.box.close();
    const nothing = await gated({ steps: ['tests'] }, null);
    expect((await nothing.run.snapshot()).steps['checks/quality']?.error?.message).toContain(
      'tests is null and has to be exactly 1 (required)',
    );
    await nothing.box.close();
  });

  test('does once what is to be done on passing, and leaves that behind as well (P205)', async () => {
    const action = { do: deploy, input: ({ outputs }: { outputs: { tests: unknown } }) => outputs.tests };
    const { desk, box, run } = await gated({ criteria, values, action }, { coverage: 91, speed: 7 });
    expect(desk.begun).not.toContain('checks/quality/action#1');
    await box.decide('r/checks/quality/judge#1', { decision: 'approve', by: 'mia' });
    await settled(box);
    desk.give('checks/quality/action#1', 'deployed');
    await settled(box);
    expect((await run.snapshot()).steps['checks/then']?.input).toMatchObject({
      decision: 'APPROVE',
      by: 'mia',
      action: 'deployed',
    });
    expect((await historyOf(run)).filter((event) => event === 'step.started checks/quality/action')).toHaveLength(1);
    await box.close();
  });
});

describe('a definition', () => {
  const faults = (options: object, before = 'tests') => {
    const made = track('t', { input: Anything })
      .step(before, work)
      .gate('g', options as never);
    return faultsOf(made.definition).map(({ code, path, message }) => `${code} ${path}: ${message}`);
  };

  test.each<[object, string]>([
    [{}, 'bad-option t/g: A gate without criteria judges nothing'],
    [
      { criteria: { 'test.coverage': { min: 1 } } },
      'unknown-reference t/g: It reads the output of "test", and no step before it has that name. Known steps: tests. Did you mean "tests"?',
    ],
    [{ criteria: { 'g.coverage': { min: 1 } } }, 'unknown-reference t/g'],
    [{ steps: ['lint'] }, 'unknown-reference t/g'],
    [{ criteria: { tests: {} } }, '"criteria.tests" asks for nothing'],
    [{ criteria: { tests: { min: 3, max: 1 } } }, 'can never be met'],
    [{ criteria: { tests: { min: '80' } } }, '"criteria.tests.min" cannot be "80"'],
    [{ criteria: { tests: { least: 80 } } }, 'unknown-key t/g'],
    [{ criteria: { tests: { min: 1 } }, threshold: 101 }, '"threshold" cannot be 101'],
    [{ criteria: { tests: { min: 1 } }, values: async () => ({}) }, 'async'],
    [{ criteria: { tests: { min: 1 } }, override: { role: ['x'] } }, 'unknown-key'],
    [{ criteria: { tests: { min: 1 } }, review: { expires: 0 } }, '"expires" cannot be 0'],
  ])('of %j is refused', (options, message) => {
    expect(faults(options).join('\n')).toContain(message);
  });

  test('that says nothing of what it reads, or that reads what is there, is taken', () => {
    expect(faults({ criteria: { coverage: { min: 1 } }, values: () => ({}) })).toEqual([]);
    expect(faults({ criteria: { 'tests.coverage': { min: 1 } } })).toEqual([]);
    expect(faults({ steps: ['tests'], min: { coverage: 80 }, action: work })).toEqual([]);
  });
});
