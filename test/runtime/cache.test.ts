/** The output cache (S32): what a step has answered to an input is its answer for a while, and nothing else is lost by that. */
import { createSignalbox, type LogLine, memory, orchestrator, type Run, type Store, task, track } from 'signalbox';
import { crashAt, fakeClock } from 'signalbox/testing';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  Anything,
  eventsOf,
  faultsOfHistory,
  historyOf,
  hurriedClock,
  rejection,
  settled,
  soon,
} from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;

/** A task that counts its calls; what it answers says which one it was. */
function counting(options: object = {}, name = 'rate') {
  const calls: unknown[] = [];
  const made = task(name, {
    input: Anything,
    output: Anything,
    cache: { ttl: '10m' },
    run: ({ input: given }) => {
      calls.push(given);
      return { call: calls.length };
    },
    ...options,
  });
  return { calls, made };
}

const flowOf = (made: ReturnType<typeof counting>['made'], options: object = {}, step?: object) =>
  orchestrator('flow', { ...head, ...options }).track(
    't',
    track('t', input).step('s', made, ({ input: i }) => i, step),
    { input: ({ input: i }) => i },
  );

async function opened(flow: unknown, options: object = {}) {
  const clock = (options as { clock?: ReturnType<typeof fakeClock> }).clock ?? fakeClock();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void (line.level !== 'debug' && lines.push(line));
  const orchestrators = Array.isArray(flow) ? flow : [flow];
  const box = clock.follow(await createSignalbox({ orchestrators, logger, ...options, clock } as never));
  const run = async (of: unknown, given: unknown, more: object = {}) => {
    const started = await box.start(of as never, { input: given, ...more } as never);
    await settled(box);
    return started;
  };
  const result = async (of: unknown, given: unknown, more: object = {}) =>
    ((await soon((await run(of, given, more)).result())) as { t: unknown }).t;
  return { box, clock, lines, run, result };
}

const cached = async (run: Parameters<typeof historyOf>[0]) =>
  (await historyOf(run)).filter((event) => event.startsWith('cache'));

describe.each<[string, () => Store]>([
  ['in memory', () => memory()],
  ['on a file', () => sqlite(':memory:')],
])('%s, an output that is kept', (_, store) => {
  test('makes way for what is made anew, however often that is; of what is deleted the one before is good (S32)', async () => {
    const { made } = counting({
      cache: {
        ttl: '10m',
        bypass: ({ run }: { run: { metadata: { fresh?: boolean } } }) => run.metadata.fresh === true,
      },
    });
    const flow = flowOf(made);
    const kept = store();
    const { box, clock, run, result } = await opened(flow, { store: kept });
    const fresh = { metadata: { fresh: true } };
    expect(await result(flow, 1)).toEqual({ call: 1 });
    let last = await run(flow, 1, fresh);
    for (let call = 2; call < 35; call += 1) {
      expect([call, await last.result(), await result(flow, 1)]).toEqual([call, { t: { call } }, { call }]);
      // Over several stretches of time.
      await clock.advance('40s');
      last = await run(flow, 1, fresh);
    }
    expect(await result(flow, 1)).toEqual({ call: 35 });
    await last.delete();
    expect(await result(flow, 1)).toEqual({ call: 34 });
    await clock.advance('10m');
    expect(await result(flow, 1)).toEqual({ call: 36 });
    await box.close();
  });

  test('is the answer to the same input, in whatever order its keys are, in the next run, too (S32, P176)', async () => {
    const { calls, made } = counting();
    const flow = flowOf(made);
    const { box, run, result } = await opened(flow, { store: store() });
    expect(await result(flow, { a: 1, b: [2] })).toEqual({ call: 1 });
    const second = await run(flow, { b: [2], a: 1 }, { id: 'second' });
    expect(await soon(second.result())).toEqual({ t: { call: 1 } });
    expect(await result(flow, { a: 2 })).toEqual({ call: 2 });
    expect(calls).toEqual([{ a: 1, b: [2] }, { a: 2 }]);
    expect(await cached(second)).toEqual(['cache.hit t/s']);
    expect(await faultsOfHistory(second)).toEqual([]);
    expect((await second.snapshot()).steps['t/s']).toMatchObject({ status: 'completed', output: { call: 1 } });
    await box.close();
  });

  test('is good until its time is over, by the clock, and not a moment longer', async () => {
    const { calls, made } = counting();
    const flow = flowOf(made);
    const { box, clock, result } = await opened(flow, { store: store() });
    expect(await result(flow, 1)).toEqual({ call: 1 });
    await clock.advance(10 * 60_000 - 1);
    expect(await result(flow, 1)).toEqual({ call: 1 });
    await clock.advance(1);
    expect(await result(flow, 1)).toEqual({ call: 2 });
    expect(calls).toHaveLength(2);
    await box.close();
  });

  test('is there in the next process', async () => {
    const place = store();
    const { calls, made } = counting();
    const flow = flowOf(made);
    const first = await opened(flow, { store: place });
    await first.result(flow, 1);
    const clock = fakeClock({ start: first.clock.now() + 1_000 });
    // A file in memory goes with its box; what another process would find is asked of the same one.
    if (place.name.startsWith('memory')) await first.box.close();
    const second = place.name.startsWith('memory') ? await opened(flow, { store: place, clock }) : first;
    expect(await second.result(flow, 1)).toEqual({ call: 1 });
    expect(calls).toHaveLength(1);
    await second.box.close();
  });
});

describe('what is made anew', () => {
  test('is what has failed: a failure is not kept', async () => {
    let fails = true;
    const { made } = counting({
      run: () => {
        if (fails) throw new Error('no');
        return 'fine';
      },
    });
    const flow = flowOf(made);
    const { box, run, result } = await opened(flow);
    expect((await soon((await run(flow, 1)).outcome())).status).toBe('failed');
    fails = false;
    expect(await result(flow, 1)).toBe('fine');
    await box.close();
  });

  test('is what a person has tried again, and what was tried before (S16)', async () => {
    const { calls, made } = counting({
      run: ({ attempt }: { attempt: number }) => {
        calls.push(attempt);
        if (calls.length === 2) throw new Error('no');
        return { call: calls.length };
      },
      cache: {
        ttl: '10m',
        bypass: ({ run }: { run: { metadata: { fresh?: boolean } } }) => run.metadata.fresh === true,
      },
    });
    const flow = flowOf(made, { onFailure: 'pause' });
    const { box, run, result } = await opened(flow);
    expect(await result(flow, 1)).toEqual({ call: 1 });
    const standing = await run(flow, 1, { metadata: { fresh: true } });
    await standing.retry('t/s', { reason: 'again' });
    expect(await soon(standing.result())).toEqual({ t: { call: 3 } });
    // What was made anew is kept from now on.
    expect(calls).toEqual([1, 1, 2]);
    await box.close();
  });

  test('is what `bypass` says, and what its `key` is null for', async () => {
    const { calls, made } = counting({
      cache: { ttl: '10m', key: ({ input: i }: { input: { id: number } }) => (i.id === 0 ? null : i.id) },
    });
    const flow = flowOf(made);
    const { box, result } = await opened(flow);
    for (const given of [{ id: 1, at: 'x' }, { id: 1, at: 'y' }, { id: 0 }, { id: 0 }]) await result(flow, given);
    expect(calls).toEqual([{ id: 1, at: 'x' }, { id: 0 }, { id: 0 }]);
    await box.close();
  });

  test('is what another version, another structure or another step would have made', async () => {
    const { calls, made } = counting();
    const [one, two, longer] = [
      flowOf(made),
      flowOf(made, { version: '2' }),
      orchestrator('flow', { ...head, version: '3' }).track(
        't',
        track('t', input)
          .step('s', made, ({ input: i }) => i)
          .step('other', made, ({ input: i }) => i),
        { input: ({ input: i }) => i },
      ),
    ];
    const { box, result } = await opened([one, two, longer]);
    for (const flow of [one, two, longer]) await result(flow, 1);
    expect(calls).toHaveLength(4);
    await box.close();
  });
});

describe('whom it is good for', () => {
  test('items and rounds are one step, in one run (`scope: run`)', async () => {
    const { calls, made } = counting({ cache: { ttl: '10m', scope: 'run' } });
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).map('m', { over: () => [1, 2, 1, 1], each: made, mode: 'sequential' }),
    );
    const { box, result } = await opened(flow);
    expect(await result(flow, null)).toEqual([{ call: 1 }, { call: 2 }, { call: 1 }, { call: 1 }]);
    await result(flow, null);
    expect(calls).toEqual([1, 2, 1, 2]);
    await box.close();
  });

  test('a task wherever it is used (`scope: task`), and a step as it says itself', async () => {
    const { calls, made } = counting({ cache: { ttl: '10m', scope: 'task' } });
    const other = orchestrator('other', head).track(
      't',
      track('t', input).step('x', made, ({ input: i }) => i),
      { input: ({ input: i }) => i },
    );
    const own = orchestrator('own', head).track(
      't',
      track('t', input).step('x', made, ({ input: i }) => i, { cache: { ttl: '1m' } }),
      { input: ({ input: i }) => i },
    );
    const flow = flowOf(made);
    const { box, result } = await opened([flow, other, own]);
    for (const each of [flow, other]) expect(await result(each, 1)).toEqual({ call: 1 });
    for (const _ of [1, 2]) expect(await result(own, 1)).toEqual({ call: 2 });
    expect(calls).toHaveLength(2);
    await box.close();
  });

  test('a tenant, where the key says so', async () => {
    const { calls, made } = counting({
      cache: {
        ttl: '10m',
        key: ({ input: i, run }: { input: unknown; run: { metadata: { tenant: string } } }) => [run.metadata.tenant, i],
      },
    });
    const flow = flowOf(made);
    const { box, result } = await opened(flow);
    for (const tenant of ['acme', 'other', 'acme']) await result(flow, 1, { metadata: { tenant } });
    expect(calls).toHaveLength(2);
    await box.close();
  });
});

describe('a cache that goes wrong', () => {
  test('by a store that cannot be read: the body runs, and the log says so', async () => {
    const { calls, made } = counting();
    const flow = flowOf(made);
    const whole = memory();
    const store: Store = new Proxy(whole, {
      get(target, name) {
        if (name === 'readRecords') return () => Promise.reject(new Error('the disk is gone'));
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { box, lines, result } = await opened(flow, { store });
    expect(await result(flow, 1)).toEqual({ call: 1 });
    expect(await result(flow, 1)).toEqual({ call: 2 });
    expect(calls).toHaveLength(2);
    expect(lines.map(({ message }) => message)[0]).toContain('the disk is gone');
    await box.close();
  });

  test.each<[string, object]>([
    ['key', { key: () => Promise.resolve(1) }],
    ['key', { key: () => new Map() }],
    ['key', { key: () => undefined }],
    [
      'key',
      {
        key: () => {
          throw new Error('no');
        },
      },
    ],
    ['bypass', { bypass: () => 1 }],
  ])('by its own %s: the step fails with mapper-failed (S5)', async (_, cache) => {
    const { calls, made } = counting({ cache: { ttl: '1m', ...cache } });
    const flow = flowOf(made);
    const { box, run } = await opened(flow);
    expect((await soon((await run(flow, 1)).outcome())).failures).toMatchObject([
      { code: 'mapper-failed', path: 't/s' },
    ]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('by a key that is too large to be one: the step fails, and says how large it is (S5)', async () => {
    const { calls, made } = counting({ cache: { ttl: '1m', key: () => 'x'.repeat(2_000) } });
    const flow = flowOf(made);
    const { box, run } = await opened(flow, { maxValueBytes: 1_000 });
    expect((await soon((await run(flow, 1)).outcome())).failures).toMatchObject([
      { code: 'value-too-large', path: 't/s' },
    ]);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('by nothing, if an output has all the size that a value may have', async () => {
    const { calls, made } = counting({ run: () => 'x'.repeat(2 * 1024 * 1024 - 2) });
    const flow = flowOf(made);
    const { box, run } = await opened(flow, { maxValueBytes: 2 * 1024 * 1024 });
    const [first, second] = [await run(flow, 1), await run(flow, 1)];
    for (const each of [first, second]) expect((await soon(each.outcome())).status).toBe('completed');
    expect(await cached(second)).toEqual(['cache.hit t/s']);
    expect(calls).toEqual([]);
    await box.close();
  });

  test('is a fault of the definition', async () => {
    const faulty = (cache: object, more: object = {}) => flowOf(counting({ cache, ...more }).made);
    const said = async (flow: unknown) =>
      (await rejection(createSignalbox({ orchestrators: [flow] } as never))).message;
    expect(await said(faulty({ ttl: 0 }))).toContain('"cache.ttl"');
    expect(await said(faulty({ ttl: Number.POSITIVE_INFINITY }))).toContain('"cache.ttl"');
    expect(await said(faulty({}))).toContain('"cache.ttl"');
    expect(await said(faulty({ ttl: 1, scope: 'world' }))).toContain(`'step', 'run', 'task'`);
    expect(await said(faulty({ ttl: 1, key: 'x', bypass: 7 }))).toContain('"cache.bypass"');
    expect(await said(faulty({ ttl: 1, tll: 1 }))).toContain('"tll"');
    expect(await said(faulty({ ttl: 1 }, { compensate: () => {} }))).toContain(
      'without the effect that is to be undone',
    );
    const plain = counting({ cache: undefined }).made;
    expect(await said(flowOf(plain, {}, { cache: { ttl: 1 }, compensate: () => {} }))).toContain('to be undone');
    const whole = orchestrator('flow', head).track(
      't',
      track('t', input).step('s', track('u', input), () => null, { cache: { ttl: 1 } } as never),
    );
    expect(await said(whole)).toContain('Only what a task answers is kept');
  });
});

describe('beside the rest', () => {
  test('a hook before a step is asked although its output is kept, and may refuse it; the one after is told', async () => {
    const { calls, made } = counting();
    const flow = flowOf(made);
    const told: string[] = [];
    let refuses = false;
    const hook = {
      beforeStep: () => {
        told.push('before');
        if (refuses) throw new Error('no');
      },
      afterStep: ({ status }: { status: string }) => void told.push(status),
    };
    const { box, run, result } = await opened(flow, { hooks: [hook] });
    await result(flow, 1);
    await result(flow, 1);
    refuses = true;
    expect((await soon((await run(flow, 1)).outcome())).failures).toMatchObject([{ code: 'hook-failed' }]);
    expect(told).toEqual(['before', 'completed', 'before', 'completed', 'before']);
    expect(calls).toHaveLength(1);
    await box.close();
  });

  test('what is kept stands in no line', async () => {
    const open: ((value: unknown) => void)[] = [];
    const slow = () => new Promise((resolve) => void open.push(resolve));
    const { made } = counting({
      run: ({ input: i }: { input: unknown }) => (i === 'slow' ? slow() : i),
      concurrency: 1,
    });
    const flow = flowOf(made);
    const { box, run, result } = await opened(flow);
    await result(flow, 1);
    const slowRun = await run(flow, 'slow');
    expect(await result(flow, 1)).toBe(1);
    open[0]?.(1);
    await soon(slowRun.result());
    await box.close();
  });

  test.each([true, false])(
    'a run that is cancelled while it is asked for is cancelled, and nothing more comes of it, whether it is kept (%s)',
    async (isKept) => {
      const { calls, made } = counting();
      const flow = flowOf(made);
      const inner = memory();
      const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let isHeld = false;
      const store: Store = {
        ...inner,
        async readRecords(query) {
          if (isHeld && query.type === 'cached') {
            asked.resolve();
            await held.promise;
          }
          return inner.readRecords(query);
        },
      };
      const { box, result } = await opened(flow, { store });
      if (isKept) await result(flow, 1);
      isHeld = true;
      const before = calls.length;
      const run = await box.start(flow as never, { input: 1 } as never);
      await asked.promise;
      await run.cancel();
      held.resolve();
      expect((await soon(run.outcome())).status).toBe('cancelled');
      await settled(box);
      expect(calls).toHaveLength(before);
      expect(await cached(run as never)).toEqual([]);
      await box.close();
    },
  );

  test.each(
    (['before commit', 'after commit', 'after effect, before its result'] as const).flatMap((point) =>
      [1, 2, 3].map((pass) => [point, pass] as const),
    ),
  )(
    'a crash %s, at pass %d: there is no output without its step, nor the other way round (I3)',
    async (point, pass) => {
      const { calls, made } = counting();
      const flow = flowOf(made);
      const doomed = crashAt(point, pass, { store: memory(), clock: hurriedClock() });
      const opening = createSignalbox({ ...doomed.options, orchestrators: [flow], logger: () => {} } as never);
      const playing = opening
        .then((box) => box.start(flow as never, { id: 'r', input: 1 } as never) as Promise<Run<unknown>>)
        .then((run) => run.result());
      await Promise.race([playing.catch(() => {}), doomed.crashed]);
      const store = doomed.underlying;
      const kept = async () => (await store.readRecords({ type: 'cached', limit: 10 })).records;
      const done = async () =>
        (await store.readActors('r')).filter(({ path, state }) => path === 't/s' && state === 'completed');
      expect(await kept()).toHaveLength((await done()).length);

      const { box, result } = await opened(flow, { store });
      const again = (await box.start(flow as never, { id: 'r', input: 1 } as never)) as Run<unknown>;
      const { t } = (await soon(again.result())) as { t: unknown };
      expect(await kept()).toHaveLength(1);
      expect(await result(flow, 1)).toEqual(t);
      expect(calls.length).toBeLessThanOrEqual(2);
      await box.close();
    },
  );

  test('a run that is deleted takes with it what was kept of its outputs', async () => {
    const { calls, made } = counting();
    const flow = flowOf(made);
    const { box, run, result } = await opened(flow);
    const first = await run(flow, 1);
    await soon(first.result());
    await first.delete();
    expect(await result(flow, 1)).toEqual({ call: 2 });
    expect(calls).toHaveLength(2);
    await box.close();
  });

  test('the events say who has made it', async () => {
    const { made } = counting();
    const flow = flowOf(made);
    const { box, run } = await opened(flow);
    const first = await run(flow, 1, { id: 'first' });
    const second = await run(flow, 1, { id: 'second' });
    expect((await eventsOf(first)).filter(({ type }) => type.startsWith('cache'))).toMatchObject([
      { type: 'cache.missed', path: 't/s', attempt: 1 },
    ]);
    expect((await eventsOf(second)).filter(({ type }) => type.startsWith('cache'))).toMatchObject([
      { type: 'cache.hit', path: 't/s', attempt: 1, from: 'first' },
    ]);
    // Nothing that says, or digests, what it was made of.
    const hit = (await eventsOf(second)).find(({ type }) => type === 'cache.hit');
    expect(Object.keys(hit ?? {}).sort()).toEqual(['at', 'attempt', 'from', 'metadata', 'path', 'run', 'seq', 'type']);
    await box.close();
  });
});

test('an output that is kept has the type that the step has', () => {
  const made = task('rate', {
    input: z.object({ currency: z.string() }),
    output: z.number(),
    cache: { ttl: '1m', key: ({ input: given }) => given.currency, bypass: ({ run }) => run.metadata.fresh === true },
    run: () => 1,
  });
  track('t', input).step('s', made, () => ({ currency: 'EUR' }), {
    cache: { ttl: '1m', key: ({ input: given }) => given.currency },
  });
});

describe('what somebody looks at before it counts (S25, S32)', () => {
  const review = { ask: 'Well?', decisions: ['approve', 'edit', 'replace', 'reject', 'retry'] } as const;

  async function asking() {
    const { calls, made } = counting({ review });
    const flow = flowOf(made);
    const store = memory();
    let { box, clock, run } = await opened(flow, { store });
    /** Starts a run, and has somebody decide about what it says, in another process if that is wanted. */
    const decide = async (given: unknown, said: object, restarts = false) => {
      const started = await run(flow, given);
      const shown = (await started.approvals()).approvals.at(-1)?.proposed;
      if (restarts) {
        await box.close();
        ({ box, clock, run } = await opened(flow, { store, clock }));
        await settled(box);
      }
      await box.run(started.id).decide('t/s', { by: 'mia', comment: 'so', ...said } as never);
      await settled(box);
      return shown;
    };
    return { calls, decide, advance: (by: string) => clock.advance(by as never), close: () => box.close() };
  }

  test.each<[string, object, unknown, boolean]>([
    ['approved is kept', { decision: 'approve' }, { call: 1 }, false],
    ['approved is kept, also by a process that has taken the run over', { decision: 'approve' }, { call: 1 }, true],
    ['edited is kept as it was edited', { decision: 'edit', patch: { seen: true } }, { call: 1, seen: true }, false],
    ['replaced is kept as what took its place', { decision: 'replace', value: 7 }, 7, false],
    ['rejected is not kept', { decision: 'reject' }, { call: 2 }, false],
    ['sent back is not kept', { decision: 'retry' }, { call: 3 }, false],
  ])('%s', async (_, said, next, restarts) => {
    const { decide, close } = await asking();
    expect(await decide(1, said, restarts)).toEqual({ call: 1 });
    expect(await decide(1, { decision: 'approve' })).toEqual(next);
    await close();
  });

  test('is good from when it was made, and what was kept is not kept anew by looking at it again', async () => {
    const { calls, decide, advance, close } = await asking();
    await decide(1, { decision: 'approve' });
    await advance('9m');
    expect(await decide(1, { decision: 'edit', patch: { seen: true } })).toEqual({ call: 1 });
    expect(await decide(1, { decision: 'approve' })).toEqual({ call: 1 });
    await advance('2m');
    expect([await decide(1, { decision: 'approve' }), calls.length]).toEqual([{ call: 2 }, 2]);
    await close();
  });
});
