/**
 * What compiles and what does not, for the builders. `tsc` is the judge: a line under
 * `@ts-expect-error` that compiles fails the build. At run time there is little to see.
 */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { RunFacts } from '../../src/definition.ts';
import { compositeTrack, orchestrator, pipe, type RunInput, type RunOutput, task, track } from '../../src/dsl/index.ts';
import { charge, type In, type Out, Order, ping, reserve } from './fixtures.ts';

const options = { version: '1', input: Order } as const;
const payment = track('payment', { input: Order })
  .step('hold', reserve, ({ input }) => input)
  .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }));
const delivery = track('delivery', { input: z.object({ receipt: z.string() }) }).step('p', ping);

describe('a task', () => {
  test('hands its body the parsed input, and takes from it what its output schema can parse', () => {
    const parsing = {
      input: z.object({ at: z.string().transform((text) => new Date(text)), n: z.number().default(1) }),
      output: z.object({ n: z.number().default(0), kind: z.enum(['a', 'b']) }),
    };
    const made = task('t', {
      ...parsing,
      run: ({ input, attempt, signal, deadline, run, key }) => {
        expectTypeOf(input).toEqualTypeOf<{ at: Date; n: number }>();
        expectTypeOf({ attempt, signal, deadline, run, key }).toEqualTypeOf<{
          attempt: number;
          signal: AbortSignal;
          deadline: number | null;
          run: RunFacts;
          key: string;
        }>();
        return { kind: 'a' };
      },
      compensate: ({ input, output }) => {
        expectTypeOf(input.at).toEqualTypeOf<Date>();
        expectTypeOf(output).toEqualTypeOf<{ n: number; kind: 'a' | 'b' }>();
      },
      cleanup: ({ input, reason }) => void [input.n, reason],
    });

    expectTypeOf<In<typeof made>>().toEqualTypeOf<{ at: string; n?: number | undefined }>();
    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ n: number; kind: 'a' | 'b' }>();
    expectTypeOf(made.name).toEqualTypeOf<'t'>();
  });

  test('takes a body that waits, and refuses one that answers with something else', () => {
    const contract = { input: Order, output: z.object({ hold: z.string() }) };

    task('t', { ...contract, run: async ({ input }) => ({ hold: input.id }) });
    // @ts-expect-error the body answers with a number
    task('t', { ...contract, run: ({ input }) => ({ hold: input.cents }) });
    // @ts-expect-error the body answers with a promise of a number
    task('t', { ...contract, run: async ({ input }) => ({ hold: input.cents }) });
    // @ts-expect-error the input has no such property
    task('t', { ...contract, run: ({ input }) => ({ hold: input.nope }) });
    // @ts-expect-error no such option (P1)
    task('t', { ...contract, tiemout: '3s' });
    // @ts-expect-error no such backoff
    task('t', { ...contract, retry: { backoff: 'cubic' } });
  });
});

describe('a track', () => {
  test('knows the outputs of earlier steps by name, and the one just before (S1)', () => {
    track('t', { input: Order })
      .step('hold', reserve, ({ input, outputs, previous, run }) => {
        expectTypeOf(input).toEqualTypeOf<{ id: string; cents: number }>();
        expectTypeOf(outputs).toEqualTypeOf<{}>();
        expectTypeOf(previous).toEqualTypeOf<null>();
        expectTypeOf(run).toEqualTypeOf<RunFacts>();
        return input;
      })
      .step('receipt', charge, ({ input, outputs, previous }) => {
        expectTypeOf(outputs).toEqualTypeOf<{ readonly hold: { hold: string } }>();
        expectTypeOf(previous).toEqualTypeOf<{ hold: string }>();
        return { hold: previous.hold, cents: input.cents };
      })
      .output(({ outputs, previous }) => {
        expectTypeOf(outputs).toEqualTypeOf<{
          readonly hold: { hold: string };
          readonly receipt: { receipt: string };
        }>();
        expectTypeOf(previous).toEqualTypeOf<{ receipt: string }>();
      });
  });

  test('gives the output of its last step, or what its own output makes', () => {
    const own = payment.output(({ outputs }) => outputs.hold.hold.length);
    const waiting = payment.output(async ({ outputs }) => [outputs.receipt.receipt]);

    expectTypeOf<Out<typeof payment>>().toEqualTypeOf<{ receipt: string }>();
    expectTypeOf<Out<typeof own>>().toEqualTypeOf<number>();
    expectTypeOf<Out<typeof waiting>>().toEqualTypeOf<string[]>();
    expectTypeOf(track('t', { input: Order })).toExtend<{ readonly '~types'?: { readonly output: null } }>();
  });

  test('is typed through nested tracks', () => {
    const outer = track('outer', { input: Order })
      .step('pay', payment, ({ input }) => input)
      .step('deliver', delivery, pipe)
      .output(({ outputs }) => ({ r: outputs.pay.receipt, p: outputs.deliver.pong }));

    expectTypeOf<Out<typeof outer>>().toEqualTypeOf<{ r: string; p: boolean }>();
  });

  test('asks for a mapper unless an empty object will do', () => {
    const relaxed = task('relaxed', { input: z.object({ a: z.string().optional() }), output: Order });
    const begun = track('t', { input: Order });

    begun.step('p', ping).step('r', relaxed);
    begun.step('r', relaxed, ({ input }) => ({ a: input.id }));
    // @ts-expect-error the mapper is missing
    begun.step('hold', reserve);
    // @ts-expect-error the mapper of a nested track is missing
    begun.step('d', delivery);
  });

  test('refuses a mapper that makes the wrong input (P9)', () => {
    const begun = track('t', { input: Order });

    // @ts-expect-error a number where a string is wanted
    begun.step('hold', reserve, ({ input }) => ({ id: input.cents }));
    // @ts-expect-error mappers are synchronous (S5)
    begun.step('hold', reserve, async ({ input }) => input);
    // @ts-expect-error no step of that name has run
    begun.step('hold', reserve, ({ outputs }) => ({ id: outputs.later }));
    // @ts-expect-error the first step has none before it
    begun.step('hold', reserve, ({ previous }) => ({ id: previous.id }));
    // @ts-expect-error what came before does not fit
    payment.step('again', reserve, pipe);
    // @ts-expect-error a name is no body
    begun.step('hold', 'reserve');
  });
});

describe('a composite track', () => {
  test('merges outputs that it knows by name and as a list (P28)', () => {
    const made = compositeTrack('launch', {
      input: Order,
      tracks: { web: ping, hold: { do: reserve, input: ({ input }) => ({ id: input.id }) } },
      merge: (outputs, named) => {
        expectTypeOf(outputs).toEqualTypeOf<readonly ({ pong: boolean } | { hold: string })[]>();
        expectTypeOf(named).toEqualTypeOf<{ readonly web: { pong: boolean }; readonly hold: { hold: string } }>();
        return { n: outputs.length, hold: named.hold.hold };
      },
    });
    const single = compositeTrack('s', {
      input: Order,
      tracks: { hold: { do: reserve, input: ({ input }) => input } },
      merge: (_, named) => named.hold.hold,
    });
    const waiting = compositeTrack('w', { tracks: { ping }, merge: async (_, { ping: { pong } }) => pong });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ n: number; hold: string }>();
    expectTypeOf<In<typeof made>>().toEqualTypeOf<{ id: string; cents: number }>();
    expectTypeOf<Out<typeof single>>().toEqualTypeOf<string>();
    expectTypeOf<Out<typeof waiting>>().toEqualTypeOf<boolean>();
  });

  test('without a merge gives an object by name, nested ones too', () => {
    const inner = compositeTrack('inner', { tracks: { ping } });
    const outer = compositeTrack('outer', { tracks: { inner, again: ping } });
    const held = track('t', { input: Order })
      .step('both', outer)
      .output(({ outputs }) => outputs.both.inner.ping.pong);

    expectTypeOf<Out<typeof outer>>().toEqualTypeOf<{
      readonly inner: { readonly ping: { pong: boolean } };
      readonly again: { pong: boolean };
    }>();
    expectTypeOf<Out<typeof held>>().toEqualTypeOf<boolean>();
  });

  test('refuses a member that lacks its mapper, or has a wrong one', () => {
    // @ts-expect-error the member needs more than an empty object
    compositeTrack('c', { input: Order, tracks: { hold: reserve } });
    compositeTrack('c', {
      input: Order,
      // @ts-expect-error a number where a string is wanted
      tracks: { hold: { do: reserve, input: ({ input }) => ({ id: input.cents }) } },
    });
    // @ts-expect-error there is no such strategy
    compositeTrack('c', { tracks: { ping }, strategy: 'fastest' });
  });
});

describe('an orchestrator', () => {
  test('lets a mapper read what its track depends on, and nothing else', () => {
    const begun = orchestrator('o', options)
      .track('payment', payment, { input: ({ input }) => input })
      .track('ping', ping);

    begun.track('delivery', delivery, {
      after: ['payment'],
      input: ({ outputs, previous }) => {
        expectTypeOf(outputs).toEqualTypeOf<{ readonly payment: { receipt: string } }>();
        expectTypeOf(previous).toEqualTypeOf<null>();
        return outputs.payment;
      },
    });
    // @ts-expect-error the output of a track that is not a dependency
    begun.track('delivery', delivery, { input: ({ outputs }) => outputs.payment });
    // @ts-expect-error another one that is not a dependency
    begun.track('delivery', delivery, { after: ['ping'], input: ({ outputs }) => outputs.payment });
  });

  test('knows the names of the tracks before', () => {
    const begun = orchestrator('o', options).track('a', ping);

    begun.track('b', ping, { after: ['a'] });
    // @ts-expect-error no such track
    begun.track('b', ping, { after: ['nope'] });
    // @ts-expect-error not before itself
    begun.track('b', ping, { after: ['b'] });
  });

  test('asks for an input mapper unless an empty object will do', () => {
    const begun = orchestrator('o', options).track('a', ping);

    begun.track('b', ping);
    // @ts-expect-error the options are missing
    begun.track('payment', payment);
    // @ts-expect-error the mapper is missing
    begun.track('payment', payment, { after: ['a'] });
    // @ts-expect-error the mapper makes something else
    begun.track('payment', payment, { input: ({ input }) => input.id });
  });

  test('results in all outputs by name, or in what its output makes', () => {
    const whole = orchestrator('o', options)
      .track('payment', payment, { input: ({ input }) => input })
      .track('ping', ping, { after: ['payment'] });
    const own = whole.output(({ input, outputs }) => ({ id: input.id, pong: outputs.ping.pong }));
    const waiting = whole.output(async ({ outputs }) => outputs.payment.receipt);

    expectTypeOf<RunOutput<typeof whole>>().toEqualTypeOf<{
      readonly payment: { receipt: string };
      readonly ping: { pong: boolean };
    }>();
    expectTypeOf<RunOutput<typeof own>>().toEqualTypeOf<{ id: string; pong: boolean }>();
    expectTypeOf<RunOutput<typeof waiting>>().toEqualTypeOf<string>();
    expectTypeOf<RunInput<typeof own>>().toEqualTypeOf<{ id: string; cents: number }>();
  });

  test('is no step of a track', () => {
    // @ts-expect-error an orchestrator is started, not stepped through
    track('t', { input: Order }).step('o', orchestrator('o', options));
  });

  test('has a version and a failure policy that exists', () => {
    // @ts-expect-error the version is missing
    orchestrator('o', { input: Order });
    // @ts-expect-error no such policy
    orchestrator('o', { ...options, onFailure: 'shrug' });
  });
});
