/** What compiles and what does not, for waits and for the signals that are sent to them. */
import type { Run, SignalAnswer } from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { RunFacts } from '../../src/definition.ts';
import { orchestrator, pipe, type RunOutput, track } from '../../src/dsl/index.ts';
import type { Json } from '../../src/json.ts';
import { charge, type Out, Order, ping, reserve } from './fixtures.ts';

const begun = track('t', { input: Order }).step('hold', reserve, ({ input }) => input);
const Confirm = z.object({ id: z.string(), at: z.string().transform(Number), note: z.string().default('') });
interface Confirmed {
  id: string;
  at: number;
  note: string;
}

describe('a wait', () => {
  test('leaves its payload behind, as the schema makes it', () => {
    const made = begun.wait('w', { signal: 'go', payload: Confirm });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<Confirmed>();
    made.step('after', ping, ({ previous, outputs }) => {
      expectTypeOf(previous).toEqualTypeOf<Confirmed>();
      expectTypeOf(outputs).toEqualTypeOf<{ readonly hold: { hold: string }; readonly w: Confirmed }>();
      return {};
    });
    const whole = orchestrator('o', { version: '1', input: Order }).track('t', made, { input: ({ input }) => input });
    expectTypeOf<RunOutput<typeof whole>>().toEqualTypeOf<{ readonly t: Confirmed }>();
  });

  test('without a schema leaves any JSON behind', () => {
    expectTypeOf<Out<ReturnType<typeof plain>>>().toEqualTypeOf<Json>();
    expectTypeOf<Out<ReturnType<typeof failing>>>().toEqualTypeOf<Json>();
  });
  const plain = () => begun.wait('w', { signal: 'go' });
  const failing = () => begun.wait('w', { signal: 'go', timeout: '1h', onTimeout: 'fail' });

  test('tells its "where" what a mapper is told, and the payload', () => {
    begun.wait('w', {
      signal: 'go',
      payload: Confirm,
      where: ({ payload, input, outputs, previous, run }) => {
        expectTypeOf(payload).toEqualTypeOf<Confirmed>();
        expectTypeOf(input).toEqualTypeOf<{ id: string; cents: number }>();
        expectTypeOf(outputs).toEqualTypeOf<{ readonly hold: { hold: string } }>();
        expectTypeOf(previous).toEqualTypeOf<{ hold: string }>();
        expectTypeOf(run).toEqualTypeOf<RunFacts>();
        return payload.id === input.id;
      },
    });
    begun.wait('w', {
      signal: 'go',
      where: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<Json>();
        return true;
      },
    });
    begun.wait('w', {
      signal: 'go',
      payload: Confirm,
      where: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<Confirmed>();
        return true;
      },
      timeout: '1h',
      onTimeout: { value: null },
    });
    begun.wait('w', {
      signal: 'go',
      payload: Confirm,
      where: ({ payload }) => {
        expectTypeOf(payload).toEqualTypeOf<Confirmed>();
        return true;
      },
      timeout: '1h',
      onTimeout: { do: ping },
    });
    // @ts-expect-error the payload has no such property
    begun.wait('w', { signal: 'go', payload: Confirm, where: ({ payload }) => payload.nope === 1 });
    // @ts-expect-error no step of that name has run
    begun.wait('w', { signal: 'go', where: ({ outputs }) => outputs.later === 1 });
    // @ts-expect-error it says yes or no
    begun.wait('w', { signal: 'go', where: () => 1 });
    // @ts-expect-error and it says so at once (S5)
    begun.wait('w', { signal: 'go', where: async () => true });
  });

  test('may leave a value behind when its time is up, or what another step does', () => {
    const value = begun.wait('w', {
      signal: 'go',
      payload: Confirm,
      timeout: '1h',
      onTimeout: { value: { late: true } },
    });
    const done = begun.wait('w', {
      signal: 'go',
      payload: Confirm,
      timeout: '1h',
      onTimeout: {
        do: charge,
        input: ({ input, outputs, previous }) => {
          expectTypeOf(previous).toEqualTypeOf<{ hold: string }>();
          return { hold: outputs.hold.hold, cents: input.cents };
        },
      },
    });
    const piped = begun.wait('w', {
      signal: 'go',
      payload: z.number(),
      timeout: 1,
      onTimeout: { do: track('x', { input: z.object({ hold: z.string() }) }).step('p', ping), input: pipe },
    });
    const relaxed = begun.wait('w', { signal: 'go', payload: z.number(), timeout: 1, onTimeout: { do: ping } });

    expectTypeOf<Out<typeof value>>().toEqualTypeOf<Confirmed | { readonly late: true }>();
    expectTypeOf<Out<typeof done>>().toEqualTypeOf<Confirmed | { receipt: string }>();
    expectTypeOf<Out<typeof piped>>().toEqualTypeOf<number | { pong: boolean }>();
    expectTypeOf<Out<typeof relaxed>>().toEqualTypeOf<number | { pong: boolean }>();
  });

  test('refuses what makes no sense', () => {
    // @ts-expect-error the signal is missing
    begun.wait('w', {});
    // @ts-expect-error no such option (P1)
    begun.wait('w', { signal: 'go', timout: '1h' });
    // @ts-expect-error a value for the end of a time that never comes
    begun.wait('w', { signal: 'go', onTimeout: { value: 1 } });
    // @ts-expect-error a step for the end of a time that never comes
    begun.wait('w', { signal: 'go', onTimeout: { do: ping } });
    // @ts-expect-error the mapper is missing
    begun.wait('w', { signal: 'go', timeout: 1, onTimeout: { do: reserve } });
    begun.wait('w', {
      signal: 'go',
      timeout: 1,
      // @ts-expect-error the mapper makes something else
      onTimeout: { do: reserve, input: ({ input }) => ({ id: input.cents }) },
    });
    // @ts-expect-error mappers are synchronous (S5)
    begun.wait('w', { signal: 'go', timeout: 1, onTimeout: { do: reserve, input: async ({ input }) => input } });
    // @ts-expect-error a date is not JSON
    begun.wait('w', { signal: 'go', timeout: 1, onTimeout: { value: new Date(0) } });
    // @ts-expect-error a task is to be said with `do`
    begun.wait('w', { signal: 'go', timeout: 1, onTimeout: ping });
    // @ts-expect-error no such end
    begun.wait('w', { signal: 'go', timeout: 1, onTimeout: 'explode' });
    // @ts-expect-error a schema is wanted
    begun.wait('w', { signal: 'go', payload: 'string' });
  });
});

describe('the answer to a signal', () => {
  test('says what there is to know about each kind of it', () => {
    expectTypeOf<ReturnType<Run['signal']>>().toEqualTypeOf<Promise<SignalAnswer>>();
    const read = (answer: SignalAnswer): string => {
      switch (answer.answer) {
        case 'accepted':
          return answer.step;
        case 'buffered':
        case 'noSuchRun':
          return '';
        case 'refused':
          expectTypeOf(answer.reason).toEqualTypeOf<
            'payload-invalid' | 'signal-unknown' | 'signal-late' | 'buffer-full' | 'run-ended'
          >();
          return `${answer.message} ${answer.issues.map(({ path, message }) => path + message).join()}`;
        default:
          return answer satisfies never;
      }
    };
    expectTypeOf(read).returns.toEqualTypeOf<string>();
  });
});
