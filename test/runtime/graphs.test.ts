/** A thousand graphs: order is topological, starts are single, repeats are equal, caps are kept (P16, P46, P48). */
import { createSignalbox, task, track } from 'signalbox';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Anything, faultsOfHistory, graphOf, historyOf, settled, stage } from '../helpers/stage.ts';

interface Sample {
  readonly graph: { readonly [track: string]: readonly string[] };
  /** Which of the open jobs is answered next, as a number to be taken modulo how many there are. */
  readonly choices: readonly number[];
}

/** Graphs of up to 12 tracks, declared in any order. */
const samples: fc.Arbitrary<Sample> = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc
    .record({
      edges: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 66, maxLength: 66 }),
      declared: fc.shuffledSubarray(
        Array.from({ length: size }, (_, index) => index),
        { minLength: size, maxLength: size },
      ),
      choices: fc.array(fc.nat(1_000), { minLength: size, maxLength: size }),
    })
    .map(({ edges, declared, choices }) => {
      const graph: { [track: string]: readonly string[] } = {};
      for (const late of declared) {
        const after = Array.from({ length: late }, (_, early) => early).filter(
          (early) => edges[(late * (late - 1)) / 2 + early] === 0,
        );
        graph[`t${late}`] = after.map((early) => `t${early}`);
      }
      return { graph, choices };
    }),
);

interface Told {
  readonly begun: readonly string[];
  readonly history: readonly string[];
  readonly faults: readonly string[];
}

/** Runs a graph; `look` is called whenever everything has settled, with what runs and what has ended. */
async function play(
  { graph, choices }: Sample,
  more: { readonly track?: number; readonly body?: number } = {},
  look: (open: readonly string[], done: ReadonlySet<string>) => void = () => {},
): Promise<Told> {
  const { desk, options } = stage();
  const flow = graphOf(graph, more.track === undefined ? {} : { concurrency: more.track });
  const caps = more.body === undefined ? {} : { concurrency: more.body };
  await using box = await createSignalbox({ orchestrators: [flow], ...options, ...caps });
  const run = await box.start(flow, { id: 'r', input: null });
  const done = new Set<string>();
  for (const choice of choices) {
    await settled(box);
    look(desk.open.map(trackOf), done);
    const place = desk.open[choice % desk.open.length] as string;
    desk.give(place);
    done.add(trackOf(place));
  }
  await run.result();
  return { begun: desk.begun.map(trackOf), history: await historyOf(run), faults: await faultsOfHistory(run) };
}

const trackOf = (place: string): string => place.slice(0, place.indexOf('/'));

function ready({ graph }: Sample, done: ReadonlySet<string>): string[] {
  return Object.keys(graph).filter((name) => !done.has(name) && graph[name]?.every((other) => done.has(other)));
}

test('1,000 random graphs start each track once, as soon as what it waits for has ended and no sooner, the same each time (P16, P46, P175)', async () => {
  const property = fc.asyncProperty(samples, async (sample) => {
    const first = await play(sample, {}, (open, done) => expect([...open].sort()).toEqual(ready(sample, done).sort()));
    expect([...first.begun].sort()).toEqual(Object.keys(sample.graph).sort());
    expect(first.faults).toEqual([]);

    expect(await play(sample)).toEqual(first);
  });
  await fc.assert(property, { numRuns: 1_000 });
}, 30_000);

test("an orchestrator's cap on tracks is never exceeded and leaves no room unused (P48, S30, P175)", async () => {
  const property = fc.asyncProperty(samples, fc.integer({ min: 1, max: 4 }), async (sample, cap) => {
    const { begun, faults } = await play(sample, { track: cap }, (open, done) =>
      expect(open).toHaveLength(Math.min(cap, ready(sample, done).length)),
    );
    expect([...begun].sort()).toEqual(Object.keys(sample.graph).sort());
    expect(faults).toEqual([]);
  });
  await fc.assert(property, { numRuns: 200 });
}, 30_000);

test("a box's cap on bodies is never exceeded and leaves no room unused (P48, S30, P175)", async () => {
  const property = fc.asyncProperty(samples, fc.integer({ min: 1, max: 4 }), async (sample, cap) => {
    const { begun, faults } = await play(sample, { body: cap }, (open, done) =>
      expect(open).toHaveLength(Math.min(cap, ready(sample, done).length)),
    );
    expect([...begun].sort()).toEqual(Object.keys(sample.graph).sort());
    expect(faults).toEqual([]);
  });
  await fc.assert(property, { numRuns: 200 });
}, 30_000);

test('a cap of one starts what is ready in declared order (S2, P46)', async () => {
  const graph = { c: ['a'], b: [], a: [], d: ['b'] };
  const { begun } = await play({ graph, choices: [0, 0, 0, 0] }, { track: 1 });
  // When b has ended, d is ready too, but a was declared before it; then c comes before d.
  expect(begun).toEqual(['b', 'a', 'c', 'd']);
});

test('bodies that wait for room begin in the order in which they came (S30)', async () => {
  const graph = { c: [], a: [], d: [], b: [] };
  expect((await play({ graph, choices: [0, 0, 0, 0] }, { body: 1 })).begun).toEqual(['c', 'a', 'd', 'b']);
});

test('ten thousand bodies that answer at once pass through room for one without growing the stack (P48)', async () => {
  const atOnce = task('atOnce', { input: Anything, output: Anything, run: () => 1 });
  const one = track('one', { input: Anything }).step('atOnce', atOnce);
  const tracks = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`t${index}`, one]));
  const flow = graphOf({}, { tracks });
  await using box = await createSignalbox({ orchestrators: [flow], concurrency: 1 });
  const run = await box.start(flow, { input: null });
  expect(Object.keys((await run.result()) as object)).toHaveLength(10_000);
});
