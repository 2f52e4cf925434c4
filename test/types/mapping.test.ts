/** What the compiler says of mappers as data (P161): they go where a mapper goes, and a function is held to what it was held to. */
import { defineOrchestrator, defineTrack, mapping, orchestrator, program, task, track } from 'signalbox';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const Order = z.object({ id: z.string(), cents: z.number() });
const charge = task('charge', { input: Order, output: z.object({ receipt: z.string() }) });
const registry = { charge };
const track1 = track('t', { input: Order }).step('charge', charge, ({ input }) => input);

test('a mapping goes wherever a builder takes a mapper (P161)', () => {
  const made = track('t', { input: Order })
    .step('charge', charge, mapping({ id: '$.input.id', cents: { from: 'input.cents', or: { value: 0 } } }))
    .map('all', { over: mapping('$.input.lines'), each: { do: charge, input: mapping('$.item') } })
    .sleep('nap', { until: mapping('$.input.at') });
  expectTypeOf(made.output(({ outputs }) => outputs.charge.receipt).definition.is).toEqualTypeOf<'track'>();
  orchestrator('o', { version: '1', input: Order })
    .track('t', made, { input: mapping('$.input') })
    .output(mapping('$.outputs'));
});

test('a document takes data for what a body is handed, and for the inputs of tracks (P161, P196)', () => {
  const made = defineTrack({
    name: 't',
    input: Order,
    registry,
    tasks: [
      { task: 'charge', input: { id: '$.input.id', cents: 5 } },
      { task: charge, name: 'again', input: '$.input' },
      { name: 'b', parallel: { one: { do: 'charge', input: { from: 'input' } } } },
      {
        task: 'charge',
        name: 'last',
        input: ({ input, outputs }) => {
          expectTypeOf(input.cents).toEqualTypeOf<number>();
          expectTypeOf(outputs.charge).toEqualTypeOf<{ receipt: string }>();
          return input;
        },
      },
    ],
  });
  defineOrchestrator({ name: 'o', version: '1', input: Order, tracks: { made }, inputMappings: { made: '$.input' } });
  program('p', {
    version: '1',
    input: Order,
    phases: { one: { tasks: { it: { do: charge, input: { id: '$.input.id' } } } } },
  });
});

test('a function is held to what its body takes as before, and a text that is no path is refused (P161)', () => {
  const head = { name: 't', input: Order, registry } as const;
  const short = () => ({ id: '17' });
  // @ts-expect-error: the task wants cents
  defineTrack({ ...head, tasks: [{ task: 'charge', input: short }] });
  // @ts-expect-error: the task wants cents
  defineTrack({ ...head, tasks: [{ task: 'charge', input: ({ input }) => ({ id: input.id }) }] });
  // @ts-expect-error: a step whose body needs an input has to say it
  defineTrack({ ...head, tasks: [{ task: 'charge' }] });
  // @ts-expect-error: no path
  defineTrack({ ...head, tasks: [{ task: 'charge', input: 'input' }] });
  const order = { name: 'o', version: '1', input: Order, tracks: { t: track1 } } as const;
  // @ts-expect-error: a function where the track needs another input
  defineOrchestrator({ ...order, inputMappings: { t: short } });
  // @ts-expect-error: in a builder, data has to be made a mapper
  track('t', { input: Order }).step('charge', charge, { id: '$.input.id', cents: 1 });
  // @ts-expect-error: no path
  mapping('outputs.hold');
});
