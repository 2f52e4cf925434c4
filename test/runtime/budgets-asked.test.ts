/** What comes of asking the store for a budget (S38): a store that will not answer any more, one that fails too late, and what costs nothing. */
import { memory, type Run } from 'signalbox';
import { RunUnknown, StoreUnusable } from 'signalbox/errors';
import { expect, test } from 'vitest';
import { drawing, flowOf, opened } from '../helpers/drawing.ts';
import { settled } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

test('what costs nothing is not counted, and begins where nothing is left', async () => {
  const store = memory();
  const { calls, made } = drawing({ budget: { limit: 1, per: '1d', cost: ({ input }: { input: number }) => input } });
  const flow = flowOf(made);
  const { end } = await opened(flow, { store });
  expect([await end(flow, 0), await end(flow, 1), await end(flow, 0), await end(flow, 1)]).toEqual([
    'completed',
    'completed',
    'completed',
    'budget-spent',
  ]);
  expect(calls).toEqual([0, 1, 0]);
  const { records } = await store.readRecords({ type: 'spent', limit: 9 });
  expect(records.map(({ body }) => (body as { cost: number }).cost)).toEqual([1]);
});

test.each([
  ['store-unusable', () => new StoreUnusable({ store: 'there', reason: 'another version wrote it', isLasting: true })],
  ['run-unknown', () => new RunUnknown({ run: 'r' })],
])(
  'where the store says that it never will answer (%s), the step fails, and is not held up for ever',
  async (code, fault) => {
    const store = wrapped({
      readRecords: () => {
        throw fault();
      },
    });
    const { calls, made } = drawing();
    const flow = flowOf(made);
    const { end, box } = await opened(flow, { store });
    expect(await end(flow)).toBe(code);
    expect([calls, box.counts.timers]).toEqual([[], 0]);
  },
);

test('a store that fails when the step is cancelled is not complained of, nor asked again', async () => {
  const { promise: answered, reject } = Promise.withResolvers<never>();
  let asked = 0;
  const store = wrapped({
    readRecords: () => {
      asked += 1;
      return answered;
    },
  });
  const { calls, made } = drawing();
  const flow = flowOf(made);
  const { box, clock, lines } = await opened(flow, { store });
  const run = (await box.start(flow as never, { input: null } as never)) as Run<unknown>;
  await settled();
  await run.cancel();
  reject(new Error('the disk is gone'));
  await settled(box);
  await clock.advance('1m');
  expect([await run.status(), calls, asked, lines]).toEqual(['cancelled', [], 1, []]);
  expect(box.counts.timers).toBe(0);
});
