/** What compiles and what does not, for steps that have to do with other runs, the history and the calendar. */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type AnyOrchestrator, defineTrack, type NeedsOf, orchestrator, track } from '../../src/dsl/index.ts';
import { charge, type Out, Order, ping } from './fixtures.ts';

const head = { version: '1', input: Order } as const;
/** Takes an order, gives a receipt, and calls a task that has no body. */
const pay = orchestrator('pay', head)
  .track(
    't',
    track('t', { input: Order }).step('charge', charge, ({ input }) => ({ hold: 'h', cents: input.cents })),
    {
      input: ({ input }) => input,
    },
  )
  .output(({ outputs }) => outputs.t);
const plain = orchestrator('plain', { version: '1', input: z.object({}) }).track(
  't',
  track('t', { input: z.object({}) }),
);
const begun = track('t', { input: Order });

describe('a child run', () => {
  test('gives the output of the child, and needs the bodies that the child needs', () => {
    const made = begun
      .run('paid', pay, ({ input }) => input)
      .step('then', ping)
      .output(({ outputs }) => {
        expectTypeOf(outputs.paid).toEqualTypeOf<{ receipt: string }>();
        return outputs.paid.receipt;
      });
    expectTypeOf<Out<typeof made>>().toEqualTypeOf<string>();
    const flow = orchestrator('flow', head).track('t', made, { input: ({ input }) => input });
    expectTypeOf<keyof NeedsOf<typeof flow>>().toEqualTypeOf<'charge' | 'ping'>();
  });

  test('with options gives the same; detached, the id of the child', () => {
    const made = begun
      .run('paid', { orchestrator: pay, input: ({ input }) => input, depth: 3, metadata: { a: 1 } })
      .run('apart', {
        orchestrator: () => pay,
        detach: true,
        input: ({ input, outputs }) => {
          expectTypeOf(outputs.paid).toEqualTypeOf<{ receipt: string }>();
          return input;
        },
        id: ({ run }) => `${run.id}-apart`,
      });
    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ readonly run: string }>();
  });

  test('may leave its mapper out when {} will do', () => {
    const made = begun.run('a', plain).run('b', { orchestrator: plain });
    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ readonly t: null }>();
  });

  test('is refused with a mapper that does not make its input, or with none', () => {
    // @ts-expect-error a number where a text is wanted
    begun.run('a', pay, () => ({ id: 1, cents: 1 }));
    // @ts-expect-error it needs an input
    begun.run('a', pay);
    // @ts-expect-error it needs an input
    begun.run('a', { orchestrator: pay });
    // @ts-expect-error a task is no orchestrator
    begun.run('a', ping);
    // @ts-expect-error the name is taken
    begun.run('a', plain).run('a', plain);
  });

  test('of itself is told what it is', () => {
    const tree: AnyOrchestrator = orchestrator('tree', head).track(
      't',
      track('t', { input: Order }).run(
        'below',
        (): AnyOrchestrator => tree,
        ({ input }) => input,
      ),
      { input: ({ input }) => input },
    );
    expectTypeOf(tree.name).toEqualTypeOf<string>();
  });
});

test('a signal step gives counts, an event and a sleep null', () => {
  const made = begun
    .signal('tell', { signal: 'go', to: ({ input }) => input.id, payload: ({ input }) => input })
    .emit('told', { event: 'gone', data: ({ previous }) => previous.accepted })
    .sleep('until', { until: ({ input }) => new Date(input.cents) })
    .sleep('then', { until: '2030-01-01' })
    .output(({ outputs }) => outputs);
  expectTypeOf<Out<typeof made>>().toEqualTypeOf<{
    readonly tell: { readonly accepted: number; readonly buffered: number; readonly refused: number };
    readonly told: null;
    readonly until: null;
    readonly then: null;
  }>();
  // @ts-expect-error nobody is meant
  begun.signal('tell', { signal: 'go' });
  // @ts-expect-error a number is no run
  begun.signal('tell', { signal: 'go', to: ({ input }) => input.cents });
  // @ts-expect-error an event has a name
  begun.emit('told', {});
  begun.sleep('for', { for: ({ input }) => input.cents });
  // @ts-expect-error an object is no duration
  begun.sleep('for', { for: ({ input }) => input });
  // @ts-expect-error true is no instant
  begun.sleep('until', { until: true });
});

describe('in a document', () => {
  test('they give the same', () => {
    const made = defineTrack({
      name: 't',
      input: Order,
      tasks: [
        { run: pay, name: 'paid', input: ({ input }) => input },
        { run: pay, name: 'apart', detach: true, input: ({ input }) => input },
        { signal: 'go', name: 'tell', to: 'all' },
        { emit: 'gone', name: 'told', data: ({ input }) => input.id },
        { sleep: '1h', name: 'nap' },
      ],
      output: ({ outputs, previous }) => ({ ...outputs, previous }),
    });
    expectTypeOf<Out<typeof made>>().toMatchTypeOf<{
      paid: { receipt: string };
      apart: { readonly run: string };
      tell: { readonly accepted: number };
      told: null;
      nap: null;
      previous: null;
    }>();
    const flow = orchestrator('flow', head).track('t', made, { input: ({ input }) => input });
    expectTypeOf<keyof NeedsOf<typeof flow>>().toEqualTypeOf<'charge'>();
    const last = defineTrack({
      name: 't',
      input: Order,
      tasks: [{ run: pay, name: 'paid', input: ({ input }) => input }],
    });
    expectTypeOf<Out<typeof last>>().toEqualTypeOf<{ receipt: string }>();
  });

  test('a mapper of a child run is held to its input', () => {
    // @ts-expect-error a number where a text is wanted
    defineTrack({ name: 't', input: Order, tasks: [{ run: pay, name: 'paid', input: () => ({ id: 1, cents: 1 }) }] });
    // @ts-expect-error it needs an input
    defineTrack({ name: 't', input: Order, tasks: [{ run: pay, name: 'paid' }] });
  });
});
