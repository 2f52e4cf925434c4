/**
 * What compiles and what does not, for definitions as plain data: types derived from a
 * registry, and mappings that must be there (P9, P14).
 */
import { describe, expectTypeOf, test } from 'vitest';
import {
  defineOrchestrator,
  defineTrack,
  type RunInput,
  type RunOutput,
  type TaskInput,
  type TaskOutput,
} from '../../src/dsl/index.ts';
import { charge, type In, type Out, Order, ping, reserve } from './fixtures.ts';

const registry = { reserve, charge, ping };
const head = { name: 't', input: Order, registry } as const;

describe('a registry', () => {
  test('says what each of its tasks takes and gives (P9)', () => {
    expectTypeOf<TaskInput<(typeof registry)['charge']>>().toEqualTypeOf<{ hold: string; cents: number }>();
    expectTypeOf<TaskOutput<(typeof registry)['reserve']>>().toEqualTypeOf<{ hold: string }>();
  });
});

describe("a track's document", () => {
  test('gives the output of its last task', () => {
    const made = defineTrack({
      ...head,
      tasks: [
        'ping',
        { task: 'reserve', input: ({ input }) => ({ id: input.id }) },
        { task: charge, input: ({ input, outputs }) => ({ hold: outputs.reserve.hold, cents: input.cents }) },
      ],
    });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ receipt: string }>();
    expectTypeOf<In<typeof made>>().toEqualTypeOf<{ id: string; cents: number }>();
    expectTypeOf(made.name).toEqualTypeOf<'t'>();
  });

  test('gives what its output makes of the outputs by name of step', () => {
    const made = defineTrack({
      ...head,
      tasks: ['ping', { task: 'reserve', name: 'hold', input: ({ input }) => input }],
      output: ({ outputs, previous }) => ({ pong: outputs.ping.pong, hold: outputs.hold.hold, last: previous.hold }),
    });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<{ pong: boolean; hold: string; last: string }>();
  });

  test('without tasks gives null (S1)', () => {
    const made = defineTrack({ name: 't', tasks: [] });

    expectTypeOf<Out<typeof made>>().toEqualTypeOf<null>();
  });

  test('refuses wrong mappers, missing ones and names that the registry does not have', () => {
    // @ts-expect-error a number where a string is wanted
    defineTrack({ ...head, tasks: [{ task: 'reserve', input: ({ input }) => ({ id: input.cents }) }] });
    // @ts-expect-error the same with the task itself
    defineTrack({ ...head, tasks: [{ task: reserve, input: ({ input }) => ({ id: input.cents }) }] });
    // @ts-expect-error the mapper is missing
    defineTrack({ ...head, tasks: ['reserve'] });
    // @ts-expect-error the mapper is missing here too
    defineTrack({ ...head, tasks: [{ task: 'reserve' }] });
    // @ts-expect-error no such task
    defineTrack({ ...head, tasks: ['pong'] });
    // @ts-expect-error no registry, no names
    defineTrack({ name: 't', tasks: ['ping'] });
    // @ts-expect-error no such key (P1)
    defineTrack({ ...head, tasks: ['ping'], steps: [] });
  });
});

describe("an orchestrator's document", () => {
  const pay = defineTrack({ ...head, tasks: [{ task: 'reserve', input: ({ input }) => input }] });
  const check = defineTrack({ name: 'check', registry, tasks: ['ping'] });
  const order = { name: 'o', version: '1', input: Order } as const;

  test('results in all outputs by name', () => {
    const made = defineOrchestrator({ ...order, tracks: { pay, check }, inputMappings: { pay: ({ input }) => input } });

    expectTypeOf<RunOutput<typeof made>>().toEqualTypeOf<{
      readonly pay: { hold: string };
      readonly check: { pong: boolean };
    }>();
    expectTypeOf<RunInput<typeof made>>().toEqualTypeOf<{ id: string; cents: number }>();
  });

  test('takes its tracks as a list, too, and lets mappings read what is depended on', () => {
    const made = defineOrchestrator({
      ...order,
      tracks: [pay, check],
      dependencies: { t: ['check'] },
      inputMappings: {
        t: ({ input, outputs }) => {
          expectTypeOf(outputs).toEqualTypeOf<{ readonly check: { pong: boolean } }>();
          return input;
        },
      },
      output: async ({ outputs }) => outputs.t.hold,
    });

    expectTypeOf<RunOutput<typeof made>>().toEqualTypeOf<string>();
  });

  test('asks for mappings only where an empty object will not do', () => {
    defineOrchestrator({ ...order, tracks: { check } });
    // @ts-expect-error "pay" needs a mapping
    defineOrchestrator({ ...order, tracks: { pay, check } });
    // @ts-expect-error "pay" still needs a mapping
    defineOrchestrator({ ...order, tracks: { pay, check }, inputMappings: { check: () => ({}) } });
  });

  test('refuses names that are no tracks, and mappings that make something else', () => {
    const tracks = { pay, check };
    const inputMappings = { pay: ({ input }: { input: { id: string; cents: number } }) => input };

    // @ts-expect-error no such track to depend on
    defineOrchestrator({ ...order, tracks, inputMappings, dependencies: { pay: ['chek'] } });
    // @ts-expect-error no such track to have dependencies
    defineOrchestrator({ ...order, tracks, inputMappings, dependencies: { chek: ['pay'] } });
    // @ts-expect-error a number where a string is wanted
    defineOrchestrator({ ...order, tracks, inputMappings: { pay: ({ input }) => ({ ...input, id: input.cents }) } });
    defineOrchestrator({
      ...order,
      tracks,
      // @ts-expect-error the output of a track that is not a dependency
      inputMappings: { pay: ({ input, outputs }) => ({ ...input, id: outputs.check.pong ? 'a' : 'b' }) },
    });
    // @ts-expect-error no such key
    defineOrchestrator({ ...order, tracks, inputMappings, trackDependencies: {} });
  });
});
