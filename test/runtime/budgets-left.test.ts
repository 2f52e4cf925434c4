/**
 * What is left of budgets, as a box tells it (S38): what counts now, when some of it comes back, and who waits for it; pages of
 * keys that neither leave one out nor name one twice.
 */
import { type BudgetState, createSignalbox, type InvalidOption } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { drawing, flowOf, opened, times } from '../helpers/drawing.ts';
import { settled } from '../helpers/stage.ts';
import { places } from '../helpers/waits.ts';

const [HOUR, DAY] = [3_600_000, 86_400_000];

const by = ({ input }: { input: { by: string | number } }) => input.by;
const keysOf = (budgets: readonly BudgetState[]) => budgets.map(({ key }) => key);

describe.each(places)('in %s', (_, place) => {
  test('what counts, what is left, what comes back next and when all of it has (S38)', async () => {
    const cost = ({ input }: { input: number }) => input;
    const { made } = drawing({ budget: { limit: 1, per: '1d', cost } });
    const flow = flowOf(made);
    const next = place();
    const { box, clock, end } = await opened(flow, { store: next() });
    const whole = { task: 'draw', budget: null, key: null, limit: 1, per: DAY };
    const none = { ...whole, spent: 0, left: 1, next: null, fullAt: null, waiting: 0 };
    expect(await box.budgets()).toEqual({ budgets: [none], cursor: null });

    const first = clock.now();
    expect(await times(2, () => end(flow, 0.1))).toEqual(['completed', 'completed']);
    await clock.advance('1h');
    expect(await end(flow, 0.1)).toBe('completed');
    const some = { spent: 0.3, left: 0.7, next: { at: first + DAY, amount: 0.2 }, fullAt: first + DAY + HOUR };
    expect((await box.budgets()).budgets).toEqual([{ ...none, ...some }]);
    await box.close();

    const later = await opened(flow, { store: next(), clock: fakeClock({ start: first + DAY - 1 }) });
    expect((await later.box.budgets()).budgets).toEqual([{ ...none, ...some }]);
    await later.clock.advance(1);
    expect((await later.box.budgets()).budgets).toMatchObject([
      { spent: 0.1, left: 0.9, next: { at: first + DAY + HOUR, amount: 0.1 } },
    ]);
    await later.clock.advance('1h');
    expect((await later.box.budgets()).budgets).toEqual([none]);
  });

  test('pages of keys name each that has spent once, in the order in which they did', async () => {
    const { made } = drawing({ budget: { limit: 5, per: '1d', key: by, name: 'images' } });
    const other = drawing({ budget: { limit: 1, per: '1h' } }, 'other').made;
    const [flow, plain] = [flowOf(made), flowOf(other, {}, 'plain')];
    const { box, clock, end } = await opened([flow, plain], { store: place()() });
    expect((await box.budgets({ task: 'draw' })).budgets).toEqual([]);
    for (const key of ['a', 'b', 'a', 3, 'b', 'd', 'a', 'e']) expect(await end(flow, { by: key })).toBe('completed');
    // The next stretch of time: what was spent in the one before counts still.
    await clock.advance('23h');
    for (const key of ['d', 'f', 'a']) expect(await end(flow, { by: key })).toBe('completed');

    const { budgets } = await box.budgets();
    expect(keysOf(budgets)).toEqual(['a', 'b', '3', 'd', 'e', 'f', null]);
    expect(budgets[0]).toMatchObject({ task: 'draw', budget: 'images', spent: 4, left: 1 });
    for (const limit of [1, 2, 3]) {
      const found: BudgetState[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await box.budgets({ limit, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.budgets.length).toBeLessThanOrEqual(limit);
        found.push(...page.budgets);
        cursor = page.cursor;
      }
      expect(found).toEqual(budgets);
    }
    await clock.advance('2h');
    expect(keysOf((await box.budgets({ budget: 'images' })).budgets)).toEqual(['a', 'd', 'f']);
  });

  test('a step that a budget has refused waits for it until it is made again, or wanted no more', async () => {
    const when = (error: unknown) => (error as { code?: string }).code === 'budget-spent';
    const { made } = drawing({ budget: { limit: 1, per: '1h' }, retry: { maxAttempts: 2, delay: '1m', when } });
    const flow = flowOf(made);
    const next = place();
    const { box, clock, run, end } = await opened(flow, { store: next() });
    expect(await end(flow)).toBe('completed');
    await clock.advance('10m');
    const [one] = await times(3, () => run(flow));
    expect((await box.budgets()).budgets).toMatchObject([{ spent: 1, left: 0, waiting: 3 }]);
    await one?.cancel();
    await settled(box);
    expect((await box.budgets()).budgets).toMatchObject([{ waiting: 2 }]);
    await box.close();

    const again = await opened(flow, { store: next(), clock: fakeClock({ start: clock.now() }) });
    await again.box.recovered;
    await settled(again.box);
    expect((await again.box.budgets()).budgets).toMatchObject([{ waiting: 2 }]);
    // One of them has it; the other has had both of its tries.
    await again.clock.advance('50m');
    expect((await again.box.budgets()).budgets).toMatchObject([{ spent: 1, waiting: 0 }]);
  });
});

test('a step that waits is counted while its run is paused, and where its run was imported', async () => {
  const { made } = drawing({
    budget: { limit: 1, per: '1h' },
    retry: { maxAttempts: 2, delay: '1m', when: () => true },
  });
  const flow = flowOf(made);
  const { box, clock, run, end } = await opened(flow);
  expect(await end(flow)).toBe('completed');
  const refused = await run(flow);
  await refused.pause();
  expect((await box.budgets()).budgets).toMatchObject([{ spent: 1, waiting: 1 }]);

  const there = await opened(flow, { clock: fakeClock({ start: clock.now() }) });
  await there.box.import(JSON.parse(JSON.stringify(await refused.export())));
  // What others have spent is not this run's, and stays where it is.
  expect((await there.box.budgets()).budgets).toMatchObject([{ spent: 0, left: 1, waiting: 1 }]);
});

test('a key that is asked for is told of before it has spent anything; 1 is "1"', async () => {
  const { made } = drawing({
    budget: [
      { limit: 2, per: '1d', key: by },
      { limit: 9, per: '1d' },
    ],
  });
  const flow = flowOf(made);
  const { box, end } = await opened(flow);
  expect((await box.budgets({ key: 1 })).budgets).toMatchObject([{ key: '1', limit: 2, spent: 0, left: 2 }]);
  expect(await end(flow, { by: 1 })).toBe('completed');
  expect((await box.budgets({ key: '1' })).budgets).toMatchObject([{ key: '1', spent: 1 }]);
  expect((await box.budgets()).budgets).toMatchObject([
    { key: '1', limit: 2, spent: 1 },
    { key: null, limit: 9, spent: 1 },
  ]);
});

test('tasks that share a budget say the same of what is spent, each under its own limit', async () => {
  const flows = [3, 1].map((limit) =>
    flowOf(drawing({ budget: { limit, per: '1d', name: 'images' } }, `draw${limit}`).made, {}, `flow${limit}`),
  );
  const { box, end } = await opened(flows);
  expect(await times(2, () => end(flows[0]))).toEqual(['completed', 'completed']);
  expect((await box.budgets({ budget: 'images' })).budgets).toMatchObject([
    { task: 'draw3', limit: 3, spent: 2, left: 1 },
    { task: 'draw1', limit: 1, spent: 2, left: 0 },
  ]);
  expect((await box.budgets({ task: 'draw1' })).budgets).toHaveLength(1);
  expect((await box.budgets({ task: 'other' })).budgets).toEqual([]);
});

test('what was declared secret is not in a key (S34)', async () => {
  const { made } = drawing({ budget: { limit: 2, per: '1d', key: by } });
  const flow = flowOf(made);
  const { box, end } = await opened(flow, { redact: ['input.by'] });
  expect(await end(flow, { by: 'mia@example.org' })).toBe('completed');
  const { budgets } = await box.budgets();
  expect(budgets).toMatchObject([{ spent: 1 }]);
  expect(JSON.stringify(budgets)).not.toContain('mia');
});

test.each([
  [{ taks: 'draw' }, 'Did you mean "task"?'],
  [{ task: '' }, 'the name of a task'],
  [{ budget: 1 }, 'the name of a budget'],
  [{ key: null }, 'a text, a number or a boolean'],
  [{ limit: 0 }, 'a whole number from 1 to 1000'],
  [{ limit: 1_001 }, 'a whole number from 1 to 1000'],
  [{ cursor: 'next' }, 'the cursor that the page before gave'],
  [null, 'an object of options'],
])('%j is refused', async (query, expected) => {
  const box = await createSignalbox({ clock: fakeClock() });
  onTestFinished(() => box.close());
  await expect(box.budgets(query as never)).rejects.toMatchObject({
    code: 'option-invalid',
    message: expect.stringContaining(expected),
  } satisfies Partial<Record<keyof InvalidOption, unknown>>);
});

test('a box that is closed says so', async () => {
  const box = await createSignalbox({ clock: fakeClock() });
  await box.close();
  await expect(box.budgets()).rejects.toMatchObject({ code: 'box-closed' });
});
