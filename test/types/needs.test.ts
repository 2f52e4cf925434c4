/**
 * What compiles and what does not when orchestrators are handed to whoever runs them: the
 * bodies that are missing must be there, with the right types, and no others.
 */
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type AnyOrchestrator,
  compositeTrack,
  type NeedsOf,
  orchestrator,
  type TaskBody,
  type TasksOption,
  track,
} from '../../src/dsl/index.ts';
import { charge, Order, ping, reserve } from './fixtures.ts';

const payment = track('payment', { input: Order })
  .step('hold', reserve, ({ input }) => input)
  .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }));
const both = compositeTrack('both', {
  tracks: { ping, nested: track('n', { input: Order.partial() }).step('p', ping) },
});
const order = orchestrator('order', { version: '1', input: Order })
  .track('payment', payment, { input: ({ input }) => input })
  .track('both', both)
  .output(({ outputs }) => outputs.both.nested.pong);
const bound = orchestrator('bound', { version: '1', input: Order }).track('hold', reserve, {
  input: ({ input }) => input,
});

/** Takes its options as the box does. */
const box = <const Os extends readonly AnyOrchestrator[]>(
  options: { readonly orchestrators: Os; readonly concurrency?: number } & TasksOption<Os>,
): readonly string[] => Object.keys(options.tasks ?? {});

describe('what an orchestrator needs', () => {
  test('are the bodies of the tasks without one, through tracks and composites', () => {
    expectTypeOf<keyof NeedsOf<typeof order>>().toEqualTypeOf<'charge' | 'ping'>();
    expectTypeOf<NeedsOf<typeof order>['charge']>().toEqualTypeOf<
      TaskBody<{ hold: string; cents: number }, { receipt: string }>
    >();
    expectTypeOf<keyof NeedsOf<typeof bound>>().toEqualTypeOf<never>();
  });
});

describe('the option "tasks"', () => {
  test('takes exactly the missing bodies, typed from their tasks', () => {
    const given = box({
      orchestrators: [order, bound],
      tasks: {
        charge: ({ input, key }) => {
          expectTypeOf(input).toEqualTypeOf<{ hold: string; cents: number }>();
          return { receipt: input.hold + key };
        },
        ping: async () => ({ pong: true }),
      },
    });

    expect(given).toEqual(['charge', 'ping']);
  });

  test('may be left out when nothing is missing, and may replace a body', () => {
    box({ orchestrators: [bound] });
    box({ orchestrators: [] });
    box({ orchestrators: [bound], tasks: { reserve: ({ input }) => ({ hold: input.id }) } });
    box({ orchestrators: [bound] as readonly AnyOrchestrator[], tasks: { anything: () => 1 } });
  });

  test('refuses missing, wrong and unknown bodies', () => {
    const pong = async () => ({ pong: true });

    // @ts-expect-error no bodies at all
    box({ orchestrators: [order] });
    // @ts-expect-error the body of "charge" is missing
    box({ orchestrators: [order], tasks: { ping: pong } });
    // @ts-expect-error "charge" answers with a number
    box({ orchestrators: [order], tasks: { ping: pong, charge: () => ({ receipt: 1 }) } });
    // @ts-expect-error nothing calls "chrage"
    box({ orchestrators: [order], tasks: { ping: pong, charge: () => ({ receipt: '' }), chrage: pong } });
    // @ts-expect-error the other body of "reserve" answers with a number
    box({ orchestrators: [bound], tasks: { reserve: () => ({ hold: 1 }) } });
    // @ts-expect-error nothing calls "ping"
    box({ orchestrators: [bound], tasks: { ping: pong } });
  });
});
