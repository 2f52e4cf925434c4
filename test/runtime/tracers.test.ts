/** What a tracer is told of bodies and of runs that go to another process, and that one which throws harms nothing and is told of. */
import { createSignalbox, memory, type Signalbox } from 'signalbox';
import type { Executor } from '../../src/executor.ts';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/json.ts';
import type { OpenRun } from '../../src/store.ts';
import type { TracedBody, Tracing } from '../../src/tracing.ts';
import { graphOf, rejection, settled, soon, stage } from '../helpers/stage.ts';
import { alone, wrapped } from '../helpers/stores.ts';

const flow = graphOf({ a: [] });

/** A tracer of bodies, and what it was told of how they ended. */
function listening() {
  const ends: string[] = [];
  const body: TracedBody = {
    within: (call) => call(),
    outside: (call) => call(),
    over: (answer) => void ends.push(answer?.ok === false ? `${answer.error}, at once: ${answer.sync}` : 'well'),
  };
  return { ends, body };
}

async function ran(tracing: Tracing, executor: Executor | undefined = undefined) {
  const { desk, clock, lines, options } = stage();
  const made = executor === undefined ? {} : { executor: () => executor };
  const box = (await createSignalbox({ orchestrators: [flow], ...options, ...made, tracing })) as unknown as Signalbox;
  const run = await box.start(flow, { id: 'r', input: null });
  return { desk, clock, lines, box, run, [Symbol.asyncDispose]: () => box.close() };
}

describe('a tracer is told once that a body is over,', () => {
  test.each<[string, string, Executor]>([
    ['that answers at once', 'well', { execute: (_, answer) => answer({ ok: true, value: 1 }) }],
    ['that answers later', 'well', { execute: (_, answer) => queueMicrotask(() => answer({ ok: true, value: 1 })) }],
    [
      'that answers twice',
      'well',
      {
        execute(_, answer) {
          answer({ ok: true, value: 1 });
          answer({ ok: false, error: new Error('late'), sync: true });
        },
      },
    ],
    [
      'that answers and then throws',
      'well',
      {
        execute(_, answer) {
          answer({ ok: true, value: 1 });
          throw new Error('late');
        },
      },
    ],
  ])('one %s', async (_, end, executor) => {
    const { ends, body } = listening();
    await using at = await ran({ performing: () => body }, executor);
    expect(await soon(at.run.result())).toEqual({ a: 1 });
    await settled(at.box);
    expect(ends).toEqual([end]);
  });

  test('one whose executor throws at once, which fails the attempt as it does without a tracer', async () => {
    const { ends, body } = listening();
    const executor: Executor = {
      execute() {
        throw new Error('no worker is free');
      },
    };
    await using traced = await ran({ performing: () => body }, executor);
    await using plain = await ran({ told: () => {} }, executor);
    const [one, other] = [await soon(traced.run.outcome()), await soon(plain.run.outcome())];
    expect(one.failures[0]?.message).toContain('no worker is free');
    expect(one.failures.map(({ code, message }) => [code, message])).toEqual(
      other.failures.map(({ code, message }) => [code, message]),
    );
    expect(ends).toEqual(['Error: no worker is free, at once: true']);
  });
});

test.each<[string, Executor]>([
  ['at once', { execute: (_, answer) => answer({ ok: true, value: 1 }) }],
  ['later', { execute: (_, answer) => queueMicrotask(() => answer({ ok: true, value: 1 })) }],
])(
  'what the answer of a body leads to comes when the body has been left, also if it answers %s',
  async (when, executor) => {
    const course: string[] = [];
    const around = (name: string) => (call: () => void) => {
      course.push(`into ${name}`);
      call();
      course.push(`out of ${name}`);
    };
    const over = () => void course.push('over');
    const body: TracedBody = { within: around('the body'), outside: around('what follows'), over };
    await using at = await ran({ performing: () => body }, executor);
    expect(await soon(at.run.result())).toEqual({ a: 1 });
    const ends = when === 'at once' ? ['over', 'out of the body'] : ['out of the body', 'over'];
    expect(course).toEqual(['into the body', ...ends, 'into what follows', 'out of what follows']);
  },
);

test('a tracer that does not trace a hook has nothing to be told of it', async () => {
  const hooks = [{ name: 'audit', beforeStep: () => {}, afterRun: () => {} }];
  const { desk, lines, options } = stage();
  const tracing: Tracing = { beside: () => null };
  await using box = await createSignalbox({ orchestrators: [flow], ...options, tracing, hooks });
  const run = await box.start(flow, { id: 'r', input: null });
  await settled();
  desk.give('a/work#1');
  expect((await soon(run.outcome())).status).toBe('completed');
  expect(lines).toEqual([]);
});

test('a tracer that throws when a body is over is told in the log, and the body has answered all the same', async () => {
  const { body } = listening();
  const broken = (): never => {
    throw new Error('no exporter');
  };
  await using at = await ran({ performing: () => ({ ...body, over: broken }) });
  at.desk.give('a/work#1', 'made');
  expect(await soon(at.run.result())).toEqual({ a: 'made' });
  expect(at.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'warn: The tracer threw (no exporter); the runs go on without it.',
  ]);
});

test('a tracer is told of a run that another process goes on with, and of no other', async () => {
  const inner = memory();
  const others = new Set<string>();
  const store = wrapped(
    {
      shared: alone,
      readOpen(run) {
        const found = inner.readOpen(run) as OpenRun | null;
        return found !== null && others.has(run) ? { ...found, owner: 'another', fence: found.fence + 1 } : found;
      },
    },
    inner,
  );
  const lost: string[] = [];
  const { desk, clock, options } = stage();
  const tracing: Tracing = { lost: (run) => void lost.push(run) };
  await using box = await createSignalbox({ orchestrators: [flow], ...options, store, lease: '9s', tracing });
  for (const id of ['theirs', 'ours']) await box.start(flow, { id, input: null });
  others.add('theirs');
  // It stands still for longer than its lease, and then looks whose its runs are.
  clock.jump(10_000);
  await clock.advance('3s');
  expect(desk.open).toHaveLength(1);
  expect(lost).toEqual(['theirs']);
  desk.give('a/work#1');
  expect((await soon(box.run('ours').outcome())).status).toBe('completed');
  expect(lost).toEqual(['theirs']);
});

describe('a start under a tracer', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'a trace and its state',
      { traceparent: 'a', tracestate: 'b=1', more: 1 },
      { traceparent: 'a', tracestate: 'b=1' },
    ],
    ['a trace alone', { traceparent: 'a', tracestate: 7 }, { traceparent: 'a' }],
    ['nothing that is a trace', { traceparent: 7, tracestate: 'b=1' }, {}],
  ])('has what it hands over beside the metadata of whoever starts it: %s', async (_, metadata, kept) => {
    const told: unknown[] = [];
    const over = (run: string | null, error?: unknown) => void told.push([run, error]);
    await using at = await ran({ starting: () => ({ metadata, over }) });
    const run = await at.box.start(flow, { id: 's', input: null, metadata: { by: 'ann', tracestate: 'mine' } });
    expect((await run.snapshot()).metadata).toEqual({ by: 'ann', tracestate: 'mine', ...kept });
    expect(told).toEqual([
      ['r', undefined],
      ['s', undefined],
    ]);
  });

  test('that is refused is told as one, in the words that it has without a tracer', async () => {
    const told: unknown[] = [];
    const over = (run: string | null, error?: unknown) => void told.push([run, (error as Error | undefined)?.message]);
    await using plain = await ran({ told: () => {} });
    await using traced = await ran({ starting: () => ({ metadata: {}, over }) });
    const start = ({ box }: typeof plain, metadata: unknown): Promise<Error> =>
      rejection(box.start(flow, { input: null, metadata } as never));
    for (const metadata of [null, 7, 'otel', { at: new Date(0) }]) {
      told.length = 0;
      const [one, other] = [await start(plain, metadata), await start(traced, metadata)];
      expect([other.name, other.message]).toEqual([one.name, one.message]);
      // What are no metadata are not looked at by any tracer.
      expect(told).toEqual(metadata instanceof Object ? [[null, one.message]] : []);
    }
  });
});

test('a tracer is told of events, and of no commit that has none', async () => {
  const told: number[] = [];
  await using at = await ran({ told: (_, events) => void told.push(events.length) });
  await settled(at.box);
  await rejection(at.run.retry('a/work', { reason: 'nothing has failed' }));
  await settled(at.box);
  expect(told).toEqual([3]);
});
