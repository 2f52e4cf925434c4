/** How a definition says what undoes a step: the spellings, and every way to say it wrongly (S3, S13, P67). */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTrack, orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { faultList, faultText, untyped } from './fixtures.ts';

const Any = z.any();
const run = () => 1;
const work = task('work', { input: Any, output: Any, run });
const inner = track('inner', { input: Any }).step('one', work);

/** What the plan has of the only step of a track. */
const planned = (made: unknown) => {
  const flow = untyped(orchestrator('flow', { version: '1', input: Any })).track('t', made);
  return planOf(flow).root.childByName.get('t')?.node.children[0]?.node.task;
};

describe('a compensation', () => {
  test('is a function, or one with a retry and a timeout, which are read as those of a task', () => {
    const undo = () => 2;
    const short = task('short', { input: Any, output: Any, run, compensate: undo }).definition;
    const long = task('long', {
      input: Any,
      output: Any,
      run,
      compensate: { run: undo, retry: { maxAttempts: 4, delay: '2s' }, timeout: '1m' },
    }).definition;

    expect(short.compensate).toMatchObject({ run: undo, retry: { maxAttempts: 1 }, timeout: undefined, parses: true });
    expect(long.compensate).toMatchObject({ run: undo, retry: { maxAttempts: 4, delay: 2_000 }, timeout: 60_000 });
    expect([short.compensate, long.compensate, long.compensate?.retry].every(Object.isFrozen)).toBe(true);
  });

  test('of a step stands over that of its task, in this use and in no other', () => {
    const [own, other] = [() => 3, () => 4];
    const paid = task('paid', { input: Any, output: Any, run, compensate: other });
    const once = track('t', { input: Any }).step('a', paid, () => 1, { compensate: own });
    const again = track('t', { input: Any }).step('a', paid);
    const never = track('t', { input: Any }).step('a', paid, () => 1, { irreversible: true });

    expect(planned(once)?.compensate).toMatchObject({ run: own, parses: false });
    expect(planned(again)?.compensate).toMatchObject({ run: other, parses: true });
    expect(planned(never)).toMatchObject({ compensate: undefined, irreversible: true });
  });

  test('is said in a document as with a builder', () => {
    const compensate = () => 5;
    const made = defineTrack({ name: 't', input: Any, tasks: [{ task: work, name: 'a', compensate }] });
    const built = track('t', { input: Any }).step('a', work, undefined, { compensate });

    expect(made.definition).toEqual(built.definition);
    expect(planned(made)?.compensate?.run).toBe(compensate);
  });
});

describe('is refused, with what is wrong,', () => {
  test.each([
    [{ compensate: 7 }, 'bad-body', 'Option "compensate" cannot be 7'],
    [{ compensate: {} }, 'bad-body', '{ run, retry, timeout } with a function in it'],
    [
      { compensate: { run, retry: { maxAttempts: 0 } } },
      'bad-option',
      'Option "compensate.retry.maxAttempts" cannot be 0',
    ],
    [{ compensate: { run, retry: 3 } }, 'bad-option', 'option "retry" of a compensation'],
    [{ compensate: { run, timeout: 0 } }, 'bad-option', 'Option "compensate.timeout" cannot be 0'],
    [{ compensate: { run, timeout: 'soon' } }, 'bad-option', 'Option "compensate.timeout" cannot be "soon"'],
    [{ compensate: { run, tries: 2 } }, 'unknown-key', '"tries"'],
    [{ irreversible: 'yes' }, 'bad-option', 'Option "irreversible" cannot be "yes": it takes true or false'],
    [{ compensate: run, irreversible: true }, 'bad-option', 'which would never be called'],
  ])('%j, of a task and of a step', (given, code, says) => {
    const ofTask = task('wrong', untyped({ input: Any, output: Any, run, ...given }));
    const ofStep = track('t', { input: Any }).step('a', work, () => 1, untyped(given));

    for (const made of [ofTask, ofStep]) {
      expect(faultList(made).map((fault) => fault.split(' ')[0])).toEqual([code]);
      expect(faultText(made)).toContain(says);
    }
  });

  test.each([[{ compensat: run }], [{ retry: {} }], [7]])('%j as the options of a step', (given) => {
    const made = track('t', { input: Any }).step('a', work, () => 1, untyped(given));
    expect(faultList(made)).toHaveLength(1);
  });

  test('a track, which is undone step by step', () => {
    const made = track('t', { input: Any }).step('a', inner, () => 1, { compensate: run });
    expect(faultText(made)).toContain(
      'Only a task is undone as a whole: the steps of the track "inner" are undone one by one.',
    );
  });
});

test('a task with a review has no compensation, nor has a step with one: what is looked at has not completed (I8)', () => {
  const review = { ask: 'Well?' };
  const bodies = { input: Any, output: Any, run };
  const faultsIn = (more: object, step?: object) => {
    const made = track('t', { input: Any }).step('s', task('paid', { ...bodies, ...more }), () => 1, step);
    return faultText(orchestrator('flow', { version: '1', input: Any }).track('t', made));
  };
  const undone = { compensate: () => 2 };
  expect(faultsIn({ review, ...undone })).toContain('It has a "review" and a "compensate"');
  expect(faultsIn({ review }, undone)).toContain('It has a "review" and a "compensate"');
  expect([faultsIn({ review }), faultsIn(undone), faultsIn({ approval: review }, undone)]).toEqual(['', '', '']);
});
