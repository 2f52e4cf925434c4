/** Values that cross a border: JSON (I10), size (S33), metadata (S6), and that nobody shares one (P47). */
import { createSignalbox, orchestrator, type Run, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, eventsOf, never, settled } from '../helpers/stage.ts';
import { type Body, echo, flowOf, play } from '../helpers/two-steps.ts';

class Money {
  cents = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = cycle;

describe('what is not JSON is refused with its path (I10)', () => {
  const odd: [string, unknown][] = [
    ['a date', new Date(0)],
    ['a function', () => 1],
    ['NaN', Number.NaN],
    ['a class instance', new Money()],
    ['a bigint', 10n],
    ['a map', new Map()],
    ['a symbol', Symbol('s')],
    ['undefined in a list', undefined],
  ];

  test.each(odd)('%s as part of an output', async (_, value) => {
    const { outcome, statuses } = await play(flowOf(() => ({ list: [1, value] })));
    expect(outcome.error).toMatchObject({ code: 'value-not-json', path: 't/first', fields: { path: 'list[1]' } });
    expect(statuses['t/second']).toBe('skipped');
  });

  test('a cycle in an output', async () => {
    const { outcome } = await play(flowOf(() => cycle));
    expect(outcome.error).toMatchObject({ code: 'value-not-json', path: 't/first' });
    expect(outcome.error?.fields?.path).toContain('.self');
  });

  test('a date that a mapper made', async () => {
    const { outcome } = await play(flowOf(never, { mapper: () => ({ at: new Date(0) }) }));
    expect(outcome.error).toMatchObject({ code: 'value-not-json', path: 't/first', fields: { path: 'at' } });
  });

  test('a map in the input or in the metadata of a run, before there is a run', async () => {
    const flow = flowOf(never);
    await using box = await createSignalbox({ orchestrators: [flow] });
    await expect(box.start(flow, { input: { m: new Map() } })).rejects.toMatchObject({
      code: 'value-not-json',
      fields: { path: 'm' },
    });
    const metadata = { tags: [new Money()] } as never;
    await expect(box.start(flow, { input: 1, metadata })).rejects.toMatchObject({ fields: { path: 'tags[0]' } });
  });
});

describe('what is too large is refused with its size (S33, P235)', () => {
  const large = 'x'.repeat(2_000);

  test('as an output and as what a mapper made', async () => {
    for (const flow of [flowOf(() => large), flowOf(never, { mapper: () => large })]) {
      const { outcome } = await play(flow, null, { maxValueBytes: 1_000 });
      expect(outcome.error).toMatchObject({
        code: 'value-too-large',
        path: 't/first',
        fields: { bytes: 2_002, maxBytes: 1_000 },
      });
    }
  });

  test('as the input of a run', async () => {
    const flow = flowOf(never);
    await using box = await createSignalbox({ orchestrators: [flow], maxValueBytes: 1_000 });
    await expect(box.start(flow, { input: large })).rejects.toMatchObject({ code: 'value-too-large' });
  });
});

test('metadata reaches bodies, mappers, events and snapshots (S6, P41)', async () => {
  const metadata = { tenant: 'acme', trace: { id: 't-1' } };
  const seen: unknown[] = [];
  const look = task('look', { input: Anything, output: Anything, run: ({ run }) => void seen.push(run.metadata) });
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('look', look, ({ run }) => void seen.push(run.metadata)),
  );
  await using box = await createSignalbox({ orchestrators: [flow] });
  box.on('*', (event) => seen.push(event.metadata));
  const run = await box.start(flow, { input: null, metadata });
  await run.result();
  await settled(box);

  expect(seen).toHaveLength(2 + 6);
  for (const each of seen) expect(each).toEqual(metadata);
  expect((await eventsOf(run)).every((event) => event.metadata.tenant === 'acme')).toBe(true);
  expect((await run.snapshot()).metadata).toEqual(metadata);
});

describe('nobody can change what others see (P47)', () => {
  const list = { items: [1, 2], deep: { n: 1 } };
  const outputsOf = async (run: Pick<Run<unknown>, 'snapshot'>) => {
    const { steps } = await run.snapshot();
    return Object.values(steps).map(({ output, input }) => [input, output]);
  };

  test('a body that changes its input or what it answered changes nothing that is kept', async () => {
    const kept = { items: [1, 2], deep: { n: 1 } };
    const body: Body = ({ input }) => {
      expect(() => (input as typeof list).items.push(9)).toThrow(TypeError);
      return kept;
    };
    const flow = flowOf(body);
    await using box = await createSignalbox({ orchestrators: [flow] });
    const given = structuredClone(list);
    const run = await box.start(flow, { input: given });
    given.items.push(8);
    const result = (await run.result()) as { t: typeof list };
    kept.items.push(7);
    expect(() => result.t.items.push(6)).toThrow(TypeError);

    expect(await outputsOf(run)).toEqual([
      [list, list],
      [list, list],
    ]);
  });

  test('a schema that copies gives the body a copy of its own', async () => {
    const body: Body = ({ input }) => void (input as { items: number[] }).items.push(9);
    const flow = flowOf(body, { input: z.object({ items: z.array(z.number()) }) });
    await using box = await createSignalbox({ orchestrators: [flow] });
    const run = await box.start(flow, { input: { items: [1] } });
    await run.result();
    expect((await run.snapshot()).steps['t/first']?.input).toEqual({ items: [1] });
  });

  test('a mapper gets frozen facts, whose outputs cannot be added to either', async () => {
    const tried: string[] = [];
    const attempts: ((facts: { input: never; outputs: never; run: { metadata: never } }) => void)[] = [
      ({ input }) => Object.assign(input as object, { deep: 0 }),
      ({ outputs }) => Object.assign(outputs as object, { first: 0 }),
      ({ outputs }) => Reflect.deleteProperty(outputs, 'one') || Object.defineProperty(outputs, 'x', { value: 1 }),
      ({ run }) => Object.assign(run.metadata as object, { x: 1 }),
    ];
    const chain = track('chain', { input: Anything })
      .step('one', echo, ({ input }) => input)
      .step('two', echo, (facts) => {
        for (const attempt of attempts) {
          try {
            attempt(facts as never);
            tried.push('allowed');
          } catch (error) {
            tried.push((error as Error).name);
          }
        }
        return facts.outputs.one;
      });
    const flow = orchestrator('flow', { version: '1', input: Anything }).track('chain', chain, {
      input: ({ input }) => input,
    });
    await using box = await createSignalbox({ orchestrators: [flow] });
    const run = await box.start(flow, { input: list, metadata: { y: 1 } });

    expect(await run.result()).toEqual({ chain: list });
    expect(tried).toEqual(['TypeError', 'TypeError', 'TypeError', 'TypeError']);
    expect(Object.keys((await run.snapshot()).steps)).toEqual(['chain/one', 'chain/two']);
  });
});
