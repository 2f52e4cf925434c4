/** `run.decide`: what is asked at the path of a step is decided there, whichever approval of it is the last (S20, S28). */
import { BoxClosed, createSignalbox, InvalidOption, memory, orchestrator, type Store, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, never, stage } from '../helpers/stage.ts';
import { later } from '../helpers/stores.ts';

const write = task('write', {
  input: Anything,
  output: Anything,
  review: { ask: 'Good?', decisions: { approve: z.object({ stars: z.number() }), retry: true } },
  run: never,
});
const flow = orchestrator('flow', {
  version: '1',
  input: Anything,
  approval: { ask: 'Begin?' },
}).track('a', track('a', { input: Anything }).step('text', write));

async function open(store: Store = memory()) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  return { desk, box, run };
}

test('a schema that throws makes no decision: whoever decides is told, and the approval stays as it was, with nothing on record (S21)', async () => {
  const { clock, options } = stage();
  const broken = z.string().transform(() => {
    throw new Error('the schema is broken');
  });
  const asking = orchestrator('asking', { version: '1', input: Anything }).track(
    'a',
    track('a', { input: Anything }).approval('release', { ask: 'Release?', decisions: { approve: broken } }),
  );
  await using box = clock.follow(await createSignalbox({ orchestrators: [asking], ...options }));
  await box.start(asking, { id: 'r', input: null });
  await settled(box);
  const decided = box.decide('r/a/release#1', { decision: 'approve', form: 'yes', by: 'mia' });
  await expect(decided).rejects.toThrow('the schema is broken');
  expect(await box.approval('r/a/release#1')).toMatchObject({ status: 'pending', history: [] });
});

describe('a decision by its path', () => {
  test.each([
    ['at once', () => memory()],
    ['later', () => later()],
  ])(
    'is one on the last approval of the place, or on the one whose number is said, in a store that answers %s',
    async (_, store) => {
      const { desk, box, run } = await open(store());
      expect(await run.decide('~approval', { decision: 'approve', by: 'mia' })).toEqual({
        answer: 'resolved',
        approval: 'r/~approval#1',
        decision: 'approve',
        by: 'mia',
      });
      for (const attempt of [1, 2, 3]) {
        await settled(box);
        desk.give(`a/text#${attempt}`, `text ${attempt}`);
        await settled(box);
        if (attempt < 3)
          expect(await run.decide('a/text', { decision: 'retry', by: 'mia' })).toMatchObject({
            answer: 'resolved',
            approval: `r/a/text#${attempt}`,
          });
      }
      const form = { stars: 5 };
      expect(await run.decide('a/text#1', { decision: 'approve', form, by: 'mia' })).toMatchObject({
        answer: 'refused',
        approval: 'r/a/text#1',
        reason: 'already-resolved',
      });
      expect(
        await run.decide('a/text', { decision: 'approve', form: { stars: 'five' } as never, by: 'mia' }),
      ).toMatchObject({
        answer: 'refused',
        approval: 'r/a/text#3',
        reason: 'payload-invalid',
        issues: [{ path: 'stars' }],
      });
      expect(await run.decide('a/text', { decision: 'approve', form, by: 'mia' })).toMatchObject({
        answer: 'resolved',
        approval: 'r/a/text#3',
      });
      expect(await run.result()).toEqual({ a: 'text 3' });
    },
  );

  test('finds nothing where nobody is asked, and needs a path and an open box', async () => {
    const { box, run } = await open();
    const said = { decision: 'approve', by: 'mia' } as const;
    for (const path of ['a/text', 'a/text#7', 'b'])
      expect(await box.run('r').decide(path, said)).toEqual({ answer: 'noSuchApproval' });
    expect(await box.run('nobody').decide('a/text', said)).toEqual({ answer: 'noSuchApproval' });
    await expect(run.decide('' as never, said as never)).rejects.toThrow(InvalidOption);
    await expect(run.decide(7 as never, said as never)).rejects.toThrow(InvalidOption);
    await expect(run.decide('~approval', { decision: 'aprove', by: 'mia' } as never)).rejects.toThrow(InvalidOption);
    await box.close();
    await expect(run.decide('~approval', said)).rejects.toThrow(BoxClosed);
  });
});
