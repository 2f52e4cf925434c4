/** Who follows: subscribers of the box and readers of one run, each event once and in order; and the answer's one shape (P42). */
import { createSignalbox, memory, type ReadEvent, type Store, StoreUnusable, task } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf, graphOf, rejection, settled, soon, stage } from '../helpers/stage.ts';
import { later, wrapped } from '../helpers/stores.ts';

const chain = graphOf({ a: [], b: ['a'], c: ['b'] });
const finish = async (
  desk: ReturnType<typeof stage>['desk'],
  box: { readonly quiet: boolean; counts: never } | object,
) => {
  for (const name of ['a', 'b', 'c']) {
    if (!desk.begun.includes(`${name}/work#1`)) await settled(box as never);
    if (desk.open.includes(`${name}/work#1`)) desk.give(`${name}/work#1`, name);
    await settled(box as never);
  }
};

describe('a reader of a run', () => {
  test.each([0, 1, 4, 8])(
    'from event %i on sees each later event once, in order, while they come, and then ends',
    async (after) => {
      const { desk, options } = stage();
      await using box = await createSignalbox({ orchestrators: [chain], ...options, store: later() });
      const run = await box.start(chain, { input: null });
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { seq } of run.events({ after })) {
          seen.push(seq);
          // A reader that is slower than the run.
          await settled();
        }
      })();
      await finish(desk, box);
      await reading;
      const all = (await eventsOf(run)).map(({ seq }) => seq);
      expect(all).toEqual(Array.from({ length: all.length }, (_, index) => index + 1));
      expect(seen).toEqual(all.slice(after));
    },
  );

  test('that comes late is given all of it; one that asks beyond the end gets nothing and ends', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const run = await box.start(chain, { input: null });
    await finish(desk, box);
    const collect = async (after: number) => {
      const events: ReadEvent[] = [];
      for await (const event of run.events({ after })) events.push(event);
      return events;
    };
    const all = await eventsOf(run);
    expect(await collect(0)).toEqual(all);
    expect(await collect(all.length)).toEqual([]);
    expect(await collect(1_000)).toEqual([]);
  });

  test('of which the store fails to delete the run has all of it to its end', async () => {
    const away = new Error('the store is away');
    const store = wrapped({ deleteRun: () => Promise.reject(away) });
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options, store });
    const run = await box.start(chain, { input: null });
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of run.events()) {
        seen.push(seq);
        await gate.promise;
      }
    })();
    await finish(desk, box);

    expect(await rejection(run.delete())).toBe(away);

    gate.resolve();
    await soon(reading);
    expect(seen).toEqual((await eventsOf(run)).map(({ seq }) => seq));
  });

  test('that has just read to the end when the run ends elsewhere is given the rest of it', async () => {
    const { desk, options } = stage();
    const inner = memory();
    // The end comes between the page that has none of it and the look whether there is one.
    const reads = { events: 0, end: async () => {} };
    const store = wrapped(
      {
        async readEvents(run, query) {
          const page = await inner.readEvents(run, query);
          reads.events += 1;
          if (page.length === 0) await reads.end();
          return page;
        },
      },
      inner,
    );
    await using box = await createSignalbox({ orchestrators: [chain], ...options, store: inner });
    await using reader = await createSignalbox({
      orchestrators: [chain],
      ...options,
      store: { ...store, open: () => {}, claim: () => [], close: () => {} },
    });
    const run = await box.start(chain, { id: 'r', input: null });
    const before = (await eventsOf(run)).length;
    reads.end = () => finish(desk, box);

    const seen: string[] = [];
    for await (const { type } of reader.run('r').events({ after: before })) seen.push(type);

    expect(seen.at(-1)).toBe('run.completed');
    expect(seen).toHaveLength((await eventsOf(run)).length - before);
  });

  test('that stops in the middle leaves the run and other readers alone', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const run = await box.start(chain, { input: null });
    for await (const { type } of run.events()) if (type === 'step.started') break;
    const rest = (async () => {
      const types: string[] = [];
      for await (const { type } of run.events({ after: 3 })) types.push(type);
      return types;
    })();
    await finish(desk, box);
    expect((await rest).at(-1)).toBe('run.completed');
  });

  test('ends when its signal is aborted, also in the middle of a wait, and leaves the run and other readers alone', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const run = await box.start(chain, { input: null });
    const [left, stayed] = [new AbortController(), new AbortController()];
    const collect = async ({ signal }: AbortController) => {
      const events: ReadEvent[] = [];
      for await (const event of run.events({ signal })) events.push(event);
      return events;
    };
    const [leaving, staying] = [collect(left), collect(stayed)];
    await settled(box);
    const sofar = await eventsOf(run);
    left.abort();
    expect(await leaving).toEqual(sofar);
    expect(await collect(left)).toEqual([]);
    await finish(desk, box);
    expect(await staying).toEqual(await eventsOf(run));
    await expect(run.events({ signal: 'now' as never }).next()).rejects.toThrow('an AbortSignal');
  });

  test('of the history so far ends where it ends now', async () => {
    const { options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const run = await box.start(chain, { input: null });
    expect((await eventsOf(run)).map(({ type }) => type)).toEqual(['run.started', 'track.started', 'step.started']);
    const rest: string[] = [];
    for await (const { type } of run.history({ after: 2 })) rest.push(type);
    expect(rest).toEqual(['step.started']);
  });
});

describe('a subscriber', () => {
  test('hears every committed event in order, those of a type only that type, and nothing once it left', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const all: number[] = [];
    const completed: string[] = [];
    const brief: string[] = [];
    box.on('*', ({ seq }) => all.push(seq));
    box.on('step.completed', ({ path }) => completed.push(path));
    const leave = box.on('track.started', ({ path }) => {
      brief.push(path);
      leave();
    });
    const run = await box.start(chain, { input: null });
    await finish(desk, box);

    expect(all).toEqual((await eventsOf(run)).map(({ seq }) => seq));
    expect(completed).toEqual(['a/work', 'b/work', 'c/work']);
    expect(brief).toEqual(['a']);
  });

  test('that throws is logged and disturbs neither the run nor other subscribers (S31)', async () => {
    const { desk, lines, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const heard: string[] = [];
    box.on('step.started', () => {
      throw new Error('not today');
    });
    box.on('step.started', ({ path }) => heard.push(path));
    const run = await box.start(chain, { input: null });
    await finish(desk, box);

    expect((await run.outcome()).status).toBe('completed');
    expect(heard).toEqual(['a/work', 'b/work', 'c/work']);
    const told = lines.filter(({ error }) => (error as { code?: string })?.code === 'subscriber-failed');
    expect(told.map(({ path }) => path)).toEqual(['a/work', 'b/work', 'c/work']);
  });

  test('of a type that does not exist is refused', async () => {
    await using box = await createSignalbox({});
    expect(() => box.on('step.exploded' as never, () => {})).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    );
  });

  test('may start another run from inside', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [chain], ...options });
    const started: Promise<unknown>[] = [];
    const leave = box.on('run.completed', () => {
      leave();
      started.push(box.start(chain, { id: 'second', input: null }));
    });
    await box.start(chain, { id: 'first', input: null });
    await finish(desk, box);
    await Promise.all(started);
    expect(await box.run('second').status()).toBe('running');
  });
});

test('an outcome has one shape for success, failure and cancel, with times by the clock (P42)', async () => {
  const { desk, clock, options } = stage();
  const flow = graphOf({ a: [], b: ['a'] });
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const startedAt = clock.now();
  const timing = { startedAt, endedAt: startedAt + 3_000, duration: 3_000 };
  const [good, bad, stopped] = [
    await box.start(flow, { id: 'good', input: null }),
    await box.start(flow, { id: 'bad', input: null }),
    await box.start(flow, { id: 'stopped', input: null }),
  ];
  // The desk goes by place, so the three are told apart by order.
  const jobs = desk.begun.length;
  expect(jobs).toBe(3);
  await clock.advance('3s');
  await Promise.all([bad.cancel(), stopped.cancel(), good.cancel({ reason: 'all' })]);
  const outcomes = await Promise.all([good, bad, stopped].map((run) => run.outcome()));
  for (const outcome of outcomes) {
    expect(outcome).toEqual({
      run: outcome.run,
      status: 'cancelled',
      output: null,
      error: null,
      failures: [],
      withErrors: false,
      compensation: null,
      outputs: {},
      timing,
    });
  }
});

test('progress is told in the history, never goes back, and what is no fraction is refused', async () => {
  const { clock, lines } = stage();
  const steady = task('steady', {
    input: Anything,
    output: Anything,
    run: async ({ progress, log }) => {
      progress(0.25, 'a quarter');
      progress(0.1);
      progress(2);
      log('half way', { of: 2 });
      progress(0.5);
      await Promise.resolve();
      progress(1);
    },
  });
  await using box = await createSignalbox({ clock, logger: (line) => lines.push(line) });
  await box.runTask(steady, null, { id: 'r' });
  const told = (await eventsOf(box.run('r'))).flatMap((event) =>
    event.type === 'step.progress' ? [[event.fraction, event.note]] : [],
  );

  expect(told).toEqual([
    [0.25, 'a quarter'],
    [0.5, null],
    [1, null],
  ]);
  expect(lines).toContainEqual({
    level: 'info',
    message: 'half way',
    run: 'r',
    path: 'steady',
    attempt: 1,
    fields: { of: 2 },
  });
  expect(lines.some(({ level, message }) => level === 'warn' && message.includes('progress(2)'))).toBe(true);
});

test('the result of a run that ends in this process is handed over, and the store is not asked for it', async () => {
  const asked: string[] = [];
  const inner = memory();
  const store = wrapped(
    {
      readRun(run) {
        asked.push(run);
        return inner.readRun(run);
      },
    },
    inner,
  );
  const one = graphOf({ a: [] });
  const { desk, options } = stage();
  await using box = await createSignalbox({ orchestrators: [one], ...options, store });
  const run = await box.start(one, { input: null });
  const result = run.result();
  await settled();

  desk.give('a/work#1', 'made');

  expect(await result).toEqual({ a: 'made' });
  expect(asked).toEqual([]);
  // Whoever comes later is answered from the store.
  expect(await run.result()).toEqual({ a: 'made' });
  expect(asked).toEqual([run.id]);
});

test('a box that closes while a reader asks the store tells it so, and not that the store is gone (S17)', async () => {
  const inner = memory();
  const asked = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<never>();
  let holds = false;
  const readEvents: Store['readEvents'] = async (...given) => {
    if (!holds) return inner.readEvents(...given);
    asked.resolve();
    return gone.promise;
  };
  const { options } = stage();
  const box = await createSignalbox({ orchestrators: [chain], ...options, store: wrapped({ readEvents }, inner) });
  const run = await box.start(chain, { input: null });
  await settled(box);
  holds = true;
  const reading = run.history().next();
  await asked.promise;
  await box.close();
  gone.reject(new StoreUnusable({ store: 'redis', reason: 'the connection is gone.', isLasting: false }));
  await expect(reading).rejects.toMatchObject({ code: 'box-closed' });
});
