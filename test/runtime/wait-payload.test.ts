/** What a wait takes: its schema and its "where", and that nothing in a payload can hurt the step. */
import { orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';
import { head, open, waiting } from '../helpers/waits.ts';

const say = task('say', { input: Anything, output: Anything, run: ({ input }) => input });

describe('where', () => {
  test('is told what a mapper is told, and the payload as the schema made it, all of it frozen (S5)', async () => {
    const seen: unknown[] = [];
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything })
        .step('one', say, () => ({ n: 1 }))
        .wait('w', {
          signal: 'go',
          payload: z.object({ n: z.string().transform(Number), list: z.array(z.number()).default([1]) }),
          where: (facts) => {
            const { payload, input, outputs, previous, run } = facts;
            seen.push([facts, payload, payload.list, input, outputs.one, previous, run, run.metadata]);
            seen.push([{ payload, input, one: outputs.one, previous, run: run.id, metadata: run.metadata }]);
            expect(() => Object.assign(outputs, { more: 1 })).toThrow();
            return true;
          },
        }),
      { input: ({ input }) => input },
    );
    await using at = await open(flow);
    const run = await at.start({ a: [1] }, { id: 'r', metadata: { tenant: 'acme' } });
    expect(await run.signal('go', { n: '7' })).toMatchObject({ answer: 'accepted' });
    const [objects, values] = seen as [object[], object[]];
    expect(objects.every((each) => Object.isFrozen(each))).toBe(true);
    expect(values).toEqual([
      {
        payload: { n: 7, list: [1] },
        input: { a: [1] },
        one: { n: 1 },
        previous: { n: 1 },
        run: 'r',
        metadata: { tenant: 'acme' },
      },
    ]);
    expect(await run.result()).toEqual({ t: { n: 7, list: [1] } });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
      'threw: oops',
    ],
    [
      'throws something odd',
      () => {
        throw null;
      },
      'threw: null',
    ],
    ['answers with something that is merely true enough', () => 1, 'did not say true'],
    ['answers with nothing', () => undefined, 'did not say true'],
    ['answers with a promise', () => Promise.resolve(true), 'promise'],
    ['answers with a promise that is rejected', () => Promise.reject(new Error('later')), 'promise'],
    [
      'answers with an object that throws when it is looked at',
      () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw new Error('trap');
          },
        }),
      'trap',
    ],
  ])('that %s refuses the signal, and the step waits on', async (_, where, text) => {
    let odd = true;
    const flow = waiting({ where: () => (odd ? where() : true) });
    await using at = await open(flow);
    const run = await at.start();
    const answer = await run.signal('go', 1);
    expect(answer).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: [{ path: '' }] });
    expect(answer.answer === 'refused' && answer.issues[0]?.message).toContain(text);
    odd = false;
    expect(await run.signal('go', 2)).toMatchObject({ answer: 'accepted' });
    expect(await run.result()).toEqual({ t: 2 });
  });
});

describe('a payload', () => {
  const brokenSchema = (validate: (value: unknown) => unknown) => ({
    '~standard': { version: 1, vendor: 'test', validate },
  });

  test.each([
    ['whose schema is asynchronous', z.string().refine(async () => true), 'asynchronous'],
    [
      'whose schema throws',
      brokenSchema(() => {
        throw new Error('bad schema');
      }),
      'bad schema',
    ],
    ['whose schema answers with nothing', brokenSchema(() => undefined), ''],
    ['of which its schema makes something that is not JSON', z.string().transform(() => new Date(0)), 'Date'],
    ['of which its schema makes something too large', z.string().transform(() => 'x'.repeat(2_000_000)), 'bytes'],
  ])('%s is refused, and the step waits on (S4)', async (_, payload, text) => {
    const flow = waiting({ payload, timeout: '1h', onTimeout: { value: 'late' } });
    await using at = await open(flow);
    const run = await at.start();
    const answer = await run.signal('go', 'x');
    expect(answer).toMatchObject({ answer: 'refused', reason: 'payload-invalid' });
    expect(answer.answer === 'refused' && answer.issues[0]?.message).toContain(text);
    await at.clock.advance('1h');
    expect(await run.result()).toEqual({ t: 'late' });
  });

  test('that is not JSON, or too large, is refused before it reaches the run (S33, I10)', async () => {
    const flow = waiting({});
    await using at = await open(flow);
    const run = await at.start();
    await expect(run.signal('go', new Date())).rejects.toMatchObject({ code: 'value-not-json' });
    await expect(run.signal('go', 'x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'value-too-large' });
    expect(await run.status()).toBe('waiting');
  });

  test('with a hundred thousand faults is refused with the first of them', async () => {
    const flow = waiting({ payload: z.array(z.string()) });
    await using at = await open(flow);
    const run = await at.start();
    const answer = await run.signal('go', new Array(300_000).fill(0));
    expect(answer).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: { 0: { path: '[0]' } } });
    expect(answer.answer === 'refused' && answer.issues.length).toBeLessThan(200);
    expect(await run.signal('go', ['a'])).toMatchObject({ answer: 'accepted' });
  });
});
