/** What compiles and what does not of limits: their keys are told the input of the task, and must answer with a key. */
import {
  type Budget,
  type BudgetState,
  type Concurrency,
  createSignalbox,
  type LimitFacts,
  orchestrator,
  type RunFacts,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const Order = z.object({ account: z.string(), at: z.coerce.number() });
const head = { input: Order, output: z.string(), run: ({ input }: { input: { account: string } }) => input.account };

test('a key, and a priority, of a task are told what its mapper makes, and the run', () => {
  task('charge', {
    ...head,
    concurrency: [
      8,
      {
        limit: 1,
        key: ({ input, run }) => {
          expectTypeOf(input.account).toEqualTypeOf<string>();
          // As the mapper made it: the schema has not made a number of it yet.
          expectTypeOf(input.at).toEqualTypeOf<unknown>();
          expectTypeOf(run).toEqualTypeOf<RunFacts>();
          return input.account;
        },
      },
    ],
    rate: { limit: 10, per: '1s', key: ({ input }) => (input.account === '' ? null : input.account) },
    priority: ({ input }) => input.account.length,
  });
  task('charge', { ...head, concurrency: 4, priority: 3, rate: [{ limit: 10, per: 1_000, burst: 1 }] });
});

test('the key and the cost of a budget are told what its mapper makes, and the run', () => {
  task('charge', {
    ...head,
    budget: [
      { limit: 10, per: '1d', name: 'images' },
      {
        limit: 5,
        per: '1h',
        key: ({ input, run }) => {
          expectTypeOf(input.account).toEqualTypeOf<string>();
          expectTypeOf(run).toEqualTypeOf<RunFacts>();
          return input.account;
        },
        cost: ({ input }) => input.account.length,
      },
    ],
  });
  expectTypeOf<{ limit: number; per: string }>().toExtend<Budget<LimitFacts>>();
  // @ts-expect-error: a budget needs a time
  task('charge', { ...head, budget: { limit: 1 } });
  // @ts-expect-error: a cost is a number
  task('charge', { ...head, budget: { limit: 1, per: '1d', cost: () => 'cheap' } });
  // @ts-expect-error: the input has no such field
  task('charge', { ...head, budget: { limit: 1, per: '1d', key: ({ input }) => input.acount } });
});

test('the body of a task with limits is inferred as without', () => {
  const charge = task('charge', {
    input: Order,
    output: z.string(),
    concurrency: { limit: 1, key: ({ input }) => input.account },
    run: ({ input }) => {
      expectTypeOf(input).toEqualTypeOf<{ account: string; at: number }>();
      return input.account;
    },
  });
  expectTypeOf(charge.name).toEqualTypeOf<'charge'>();
});

test('what is no key, no strategy and no limit is refused', () => {
  // @ts-expect-error: an object is no key
  task('charge', { ...head, concurrency: { limit: 1, key: ({ input }) => input } });
  // @ts-expect-error: the input has no such field
  task('charge', { ...head, concurrency: { limit: 1, key: ({ input }) => input.acount } });
  // @ts-expect-error: there is no such strategy
  task('charge', { ...head, concurrency: { limit: 1, whenFull: 'drop' } });
  // @ts-expect-error: a rate needs a time
  task('charge', { ...head, rate: { limit: 1 } });
  // @ts-expect-error: a priority is a number
  task('charge', { ...head, priority: 'high' });
});

test('tracks and orchestrators are told the run alone', () => {
  const key = ({ run }: { run: RunFacts }) => String(run.metadata.tenant);
  const charge = track('t', { input: Order, bodies: { limit: 2, key } });
  orchestrator('o', { version: '1', input: Order, bodies: [8, { limit: 2, key }] }).track('t', charge, {
    input: ({ input }) => ({ ...input, at: 0 }),
  });
  // @ts-expect-error: bodies below have inputs of many types
  track('t', { input: Order, bodies: { limit: 1, key: ({ input }) => input.account } });
});

test('a box takes a number, a limit by key, or several; and how runs share', () => {
  expectTypeOf<number>().toExtend<Concurrency<LimitFacts>>();
  const open = () =>
    createSignalbox({
      concurrency: [64, { limit: 4, key: ({ run }) => String(run.metadata.tenant) }],
      fairness: { by: (run) => run.id, weight: () => 2 },
    });
  expectTypeOf(open).toBeFunction();
  // @ts-expect-error: a weight is a number
  const heavy = () => createSignalbox({ fairness: { weight: () => 'heavy' } });
  expectTypeOf(heavy).toBeFunction();
});

test('what is left of budgets is asked for by task, name and key, and is data', () => {
  const asked = (box: Signalbox) => box.budgets({ task: 'draw', budget: 'images', key: 1, limit: 10 });
  expectTypeOf(asked).returns.resolves.toEqualTypeOf<{
    readonly budgets: readonly BudgetState[];
    readonly cursor: string | null;
  }>();
  expectTypeOf<BudgetState['next']>().toEqualTypeOf<{ readonly at: number; readonly amount: number } | null>();
  // @ts-expect-error: null is no key
  const keyless = (box: Signalbox) => box.budgets({ key: null });
  expectTypeOf(keyless).toBeFunction();
});
