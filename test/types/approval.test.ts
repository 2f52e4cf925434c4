/** What compiles and what does not, where people are asked. `tsc` is the judge. */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Miss } from '../../src/gates.ts';
import type { Json } from '../../src/json.ts';
import type { DecisionName } from '../../src/people.ts';
import { orchestrator, task, track } from '../../src/dsl/index.ts';
import { Order, reserve } from './fixtures.ts';

const Draft = z.object({ to: z.string(), cents: z.number() });

describe('an approval', () => {
  test('is told what a mapper in its place is told, and leaves its decision behind', () => {
    track('t', { input: Order })
      .step('hold', reserve, ({ input }) => input)
      .approval('manager', {
        ask: ({ input, outputs }) => `${input.id} ${outputs.hold.hold}`,
        propose: ({ input }) => ({ to: input.id, cents: input.cents }),
        value: Draft,
        decisions: { approve: true, edit: true, reject: z.object({ code: z.string() }) },
        expires: '2d',
        onExpiry: 'reject',
      })
      .aggregate('after', {
        output: z.any(),
        of: ({ outputs, previous }) => {
          expectTypeOf(outputs.manager.value).toEqualTypeOf<{ to: string; cents: number }>();
          expectTypeOf(previous.decision).toEqualTypeOf<DecisionName>();
          expectTypeOf(previous.by).toEqualTypeOf<string | null>();
          return null;
        },
      });
  });

  test('is of any JSON without a schema, and refuses what is wrong', () => {
    const start = track('t', { input: Order });
    start.approval('a', { ask: 'Well?' }).aggregate('after', {
      output: z.any(),
      of: ({ outputs }) => {
        expectTypeOf(outputs.a.value).toEqualTypeOf<Json>();
        return null;
      },
    });
    // @ts-expect-error the input has no such property
    start.approval('a', { ask: ({ input }) => input.nope });
    // @ts-expect-error what is proposed does not fit the schema
    start.approval('a', { ask: 'Well?', value: Draft, propose: () => ({ to: 1 }) });
    // @ts-expect-error no such decision
    start.approval('a', { ask: 'Well?', decisions: ['aprove'] });
    // @ts-expect-error no such way to expire
    start.approval('a', { ask: 'Well?', expires: '1h', onExpiry: 'forget' });
    // @ts-expect-error it has to ask something
    start.approval('a', {});
    // @ts-expect-error the name is taken
    start.approval('a', { ask: 'x' }).approval('a', { ask: 'y' });
  });

  test('of a task is told its input, and of its review what it has left behind', () => {
    task('t', {
      input: Draft,
      output: z.object({ sent: z.boolean() }),
      approval: { ask: ({ input }) => input.to, propose: ({ input }) => ({ ...input, cents: 0 }) },
      review: { ask: ({ input, output }) => `${input.to} ${output.sent}`, decisions: ['approve', 'retry'] },
    });
    task('t', {
      input: Draft,
      output: Draft,
      // @ts-expect-error there is no output yet
      approval: { ask: ({ output }) => output.to },
    });
  });

  test('of a run is told what the run is started with', () => {
    orchestrator('o', { version: '1', input: Draft, approval: { ask: ({ input, run }) => `${input.to} ${run.id}` } });
    orchestrator('o', {
      version: '1',
      input: Draft,
      // @ts-expect-error a run has no outputs before it begins
      approval: { ask: ({ outputs }) => outputs.x },
    });
  });
});

describe('a gate', () => {
  test('leaves what it thought behind, and the output of what it does on passing', () => {
    track('t', { input: Order })
      .step('hold', reserve, ({ input }) => input)
      .gate('plain', {
        criteria: { n: { min: 1 } },
        values: ({ outputs }) => ({ n: outputs.hold.hold.length }),
        review: { ask: ({ judgement }) => String(judgement.score), assignees: { roles: ['lead'] } },
      })
      .gate('acting', {
        criteria: { n: { min: 1 } },
        values: () => ({ n: 1 }),
        action: { do: reserve, input: ({ input }) => input },
      })
      .aggregate('after', {
        output: z.any(),
        of: ({ outputs }) => {
          expectTypeOf(outputs.plain.missed).toEqualTypeOf<readonly Miss[]>();
          expectTypeOf(outputs.acting.action).toEqualTypeOf<{ hold: string }>();
          return null;
        },
      });
    // @ts-expect-error a bound is a number
    track('t', { input: Order }).gate('g', { criteria: { n: { min: '1' } } });
    // @ts-expect-error the input of the action is missing
    track('t', { input: Order }).gate('g', { criteria: { n: { min: 1 } }, action: { do: reserve } });
  });
});
