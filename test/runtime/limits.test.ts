/**
 * Limits in a box (S30, S35): who begins, who stands in line and for what, who is turned away. Jobs lie on a desk until
 * the test answers them, and time is moved by hand.
 */
import {
  type AnyOrchestrator,
  createSignalbox,
  orchestrator,
  type Run,
  type Signalbox,
  type SignalboxOptions,
  task,
  track,
  type WaitingFor,
} from 'signalbox';
import { afterEach, describe, expect, test } from 'vitest';
import { Anything, eventsOf, never, rejection, settled, stage } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const body = { input: Anything, output: Anything, run: never };
const over = ({ input }: { readonly input: unknown }) => (input as { readonly items: readonly unknown[] }).items;

/** `name` with one step `do`, a collection over the run's items; its bodies go by `t/do/0#1`. */
const flow = (name: string, work: unknown, options: object = {}, trackOptions: object = {}): AnyOrchestrator =>
  orchestrator(name, { ...head, ...options } as typeof head).track(
    't',
    (track(`${name}-track`, { input: Anything, ...trackOptions }) as never as AnyTrack).map('do', {
      over,
      each: work,
      concurrency: 1_000,
    }) as never,
    { input: ({ input }: { input: unknown }) => input } as never,
  ) as never;
interface AnyTrack {
  map(name: string, options: object): unknown;
}

const open: Signalbox[] = [];
afterEach(async () => {
  for (const box of open.splice(0)) await box.close();
});

/** A box with a desk; jobs go by `run/item`. */
async function boxOf(orchestrators: readonly AnyOrchestrator[], options: object = {}) {
  const { desk, clock, lines, options: stand } = stage();
  const begun: string[] = [];
  const jobs = new Map<string, { give(value?: unknown): void; fail(error: unknown): void; signal: AbortSignal }>();
  const executor = () => ({
    execute(job: Parameters<typeof desk.execute>[0], answer: Parameters<typeof desk.execute>[1]) {
      const place = `${job.run.id}${job.key.slice(job.key.lastIndexOf('/'))}`.replace('#1', '');
      begun.push(place);
      jobs.set(place, {
        give: (value = null) => answer({ ok: true, value }),
        fail: (error) => answer({ ok: false, error, sync: false }),
        signal: job.signal(),
      });
    },
  });
  const box = await createSignalbox({ orchestrators, ...stand, executor, ...options } as SignalboxOptions<
    readonly AnyOrchestrator[]
  >);
  clock.follow(box);
  open.push(box as Signalbox);
  const start = async (which: AnyOrchestrator, id: string, items: readonly unknown[], metadata = {}): Promise<Run> => {
    const run = await box.start(which, { id, input: { items }, metadata });
    await settled(box);
    return run as Run;
  };
  const give = async (...places: readonly string[]): Promise<void> => {
    for (const place of places) jobs.get(place)?.give();
    await settled(box);
  };
  const waits = async (run: Run, item: number): Promise<WaitingFor | null> =>
    (await run.snapshot()).steps[`t/do/${item}`]?.waitingFor ?? null;
  return { box, clock, lines, begun, jobs, start, give, waits };
}

describe('the limit of', () => {
  test('a box is shared in turn: a run with many bodies does not stand before the others (S35)', async () => {
    const all = flow('all', task('work', body));
    const { begun, start, give } = await boxOf([all], { concurrency: 2 });
    await start(all, 'a', [1, 2, 3, 4, 5, 6]);
    await start(all, 'b', [1, 2]);
    await start(all, 'c', [1]);
    for (let at = 0; at < begun.length; at += 1) await give(begun[at] as string);

    expect(begun).toEqual(['a/0', 'a/1', 'a/2', 'b/0', 'c/0', 'a/3', 'b/1', 'a/4', 'a/5']);
  });

  test('a task holds for all runs together, and for nothing else (S30, P175)', async () => {
    const tight = flow('tight', task('tight', { ...body, concurrency: 2 }));
    const free = flow('free', task('free', body));
    const { begun, start, give, waits } = await boxOf([tight, free]);
    const a = await start(tight, 'a', [1, 2, 3]);
    await start(tight, 'b', [1]);
    await start(free, 'c', [1, 2]);

    expect(begun).toEqual(['a/0', 'a/1', 'c/0', 'c/1']);
    const limit = { of: 'task', name: 'tight', key: null, limit: 2, per: null };
    expect(await waits(a, 2)).toMatchObject({ what: 'queued', attempt: 1, limit });
    expect(await waits(a, 0)).toMatchObject({ what: 'body' });
    await give('a/0', 'a/1');
    expect(begun.slice(4)).toEqual(['a/2', 'b/0']);
    expect(await waits(a, 2)).toMatchObject({ what: 'body' });
  });

  test('a key holds for each of them; null is under none (S30)', async () => {
    const limited = task('limited', { ...body, concurrency: { limit: 1, key: ({ input }) => input as string | null } });
    const keyed = flow('keyed', limited);
    const { begun, start, give, waits } = await boxOf([keyed]);
    const a = await start(keyed, 'a', ['x', 'x', 'y', null, null]);

    expect(begun).toEqual(['a/0', 'a/2', 'a/3', 'a/4']);
    expect(await waits(a, 1)).toMatchObject({ what: 'queued', limit: { name: 'limited', key: 'x' } });
    await give('a/0');
    expect(begun.at(-1)).toBe('a/1');
  });

  test('an orchestrator, and of a track, holds for the bodies of all of its runs (S30, P175)', async () => {
    const work = task('work', body);
    const wide = flow('wide', work, { bodies: 2 });
    const byTenant = flow(
      'byTenant',
      work,
      {},
      {
        bodies: { limit: 1, key: ({ run }: { run: { metadata: { tenant?: string } } }) => run.metadata.tenant ?? null },
      },
    );
    const { begun, start, waits } = await boxOf([wide, byTenant]);
    const a = await start(wide, 'a', [1, 2]);
    const b = await start(wide, 'b', [1]);
    const c = await start(byTenant, 'c', [1, 2], { tenant: 'acme' });
    await start(byTenant, 'd', [1], { tenant: 'other' });
    const e = await start(byTenant, 'e', [1], { tenant: 'acme' });

    expect(begun).toEqual(['a/0', 'a/1', 'c/0', 'd/0']);
    expect(await waits(a, 0)).toMatchObject({ what: 'body' });
    expect(await waits(b, 0)).toMatchObject({ limit: { of: 'orchestrator', name: 'wide', limit: 2 } });
    expect(await waits(c, 1)).toMatchObject({ limit: { of: 'track', name: 'byTenant-track', key: 'acme' } });
    expect(await waits(e, 0)).toMatchObject({ limit: { of: 'track', key: 'acme' } });
  });

  test('a box for each key stands beside that for all (S30)', async () => {
    const all = flow('all', task('work', body));
    const concurrency = [
      3,
      { limit: 1, key: ({ run }: { run: { metadata: { tenant: string } } }) => run.metadata.tenant },
    ];
    const { begun, start, waits } = await boxOf([all], { concurrency });
    const a = await start(all, 'a', [1, 2], { tenant: 'acme' });
    for (const id of ['b', 'c', 'd']) await start(all, id, [1], { tenant: id });

    expect(begun).toEqual(['a/0', 'b/0', 'c/0']);
    expect(await waits(a, 1)).toMatchObject({ limit: { of: 'box', key: 'acme', limit: 1 } });
  });

  test('what stands in line is queued in snapshots and exports, by the process that owns the run (S35)', async () => {
    const all = flow('all', task('work', body));
    const { start, waits } = await boxOf([all], { concurrency: 1 });
    const a = await start(all, 'a', [1, 2]);
    const { steps } = await a.export();

    expect(await waits(a, 1)).toMatchObject({ what: 'queued', limit: { of: 'box', name: null, limit: 1 } });
    expect(steps.find(({ path }) => path === 't/do/1')?.waitingFor).toMatchObject({ what: 'queued' });
    expect((await a.snapshot()).steps['t/do/1']?.status).toBe('running');
  });
});

test('those with the highest priority begin first, whoever came before (S30)', async () => {
  const urgent = task('urgent', { ...body, priority: ({ input }) => Number(input) });
  const all = flow('all', urgent);
  const { begun, start, give } = await boxOf([all], { concurrency: 1 });
  await start(all, 'a', [0, 1, 5]);
  await start(all, 'b', [3, 5]);
  for (let at = 0; at < begun.length; at += 1) await give(begun[at] as string);

  expect(begun).toEqual(['a/0', 'a/2', 'b/1', 'b/0', 'a/1']);
});

test('runs share by what the box says, and by weight (S35)', async () => {
  const all = flow('all', task('work', body));
  const fairness = {
    by: ({ metadata }: { metadata: { tenant: string } }) => metadata.tenant,
    weight: ({ metadata }: { metadata: { tenant: string } }) => (metadata.tenant === 'gold' ? 2 : 1),
  };
  const { begun, start, give } = await boxOf([all], { concurrency: 1, fairness });
  await start(all, 'x', [1], { tenant: 'other' });
  await start(all, 'a', [1, 2, 3], { tenant: 'plain' });
  await start(all, 'b', [1, 2, 3], { tenant: 'plain' });
  await start(all, 'g', [1, 2, 3, 4], { tenant: 'gold' });
  for (let at = 0; at < 7; at += 1) await give(begun[at] as string);

  const shares = begun.slice(1, 7).map((place) => (place.startsWith('g') ? 'gold' : 'plain'));
  expect(shares.filter((tenant) => tenant === 'gold')).toHaveLength(4);
});

test('what a box shares by and can not tell is left out, and the log says so once (S5)', async () => {
  const all = flow('all', task('work', body));
  const fairness = {
    by: () => {
      throw new Error('no tenant');
    },
    weight: () => -1,
  };
  const { begun, start, give, lines } = await boxOf([all], { concurrency: 1, fairness });
  await start(all, 'a', [1, 2]);
  await give('a/0', 'a/1');

  expect(begun).toEqual(['a/0', 'a/1']);
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringContaining('"fairness.by" threw no tenant'),
    expect.stringContaining('"fairness.weight" answered with -1'),
  ]);
});

describe('a rate', () => {
  test('delays what comes too soon, and fails nothing (S30)', async () => {
    const slow = flow('slow', task('slow', { ...body, rate: { limit: 2, per: '1m' } }));
    const { begun, clock, start, give, waits } = await boxOf([slow]);
    const a = await start(slow, 'a', [1, 2, 3, 4]);
    await give('a/0', 'a/1');

    expect(begun).toEqual(['a/0', 'a/1']);
    const limit = { of: 'task', name: 'slow', key: null, limit: 2, per: 60_000 };
    expect(await waits(a, 2)).toMatchObject({ what: 'queued', limit });
    await clock.advance('29s');
    expect(begun).toHaveLength(2);
    await clock.advance('1s');
    expect(begun).toEqual(['a/0', 'a/1', 'a/2']);
    await clock.advance('30s');
    await give('a/2', 'a/3');
    expect(await a.status()).toBe('completed');
  });

  test('has a bucket for each key (S30)', async () => {
    const key = ({ input }: { input: string }) => input;
    const slow = flow('slow', task('slow', { ...body, rate: { limit: 1, per: '1m', key } }));
    const { begun, clock, start } = await boxOf([slow]);
    await start(slow, 'a', ['x', 'y', 'x', 'x', 'y']);
    expect(begun).toEqual(['a/0', 'a/1']);
    await clock.advance('1m');
    expect(begun.slice(2).sort()).toEqual(['a/2', 'a/4']);
    await clock.advance('1m');
    expect(begun.slice(4)).toEqual(['a/3']);
  });

  test('leaves no timer behind for what was cancelled (S14)', async () => {
    const slow = flow('slow', task('slow', { ...body, rate: { limit: 1, per: '1m' } }));
    const { box, clock, begun, start } = await boxOf([slow]);
    const a = await start(slow, 'a', [1, 2]);
    await a.cancel();
    await settled(box);
    expect(box.counts.timers).toBe(0);
    await clock.advance('1h');
    expect(begun).toEqual(['a/0']);
  });
});

describe('a limit that is reached', () => {
  const limited = (whenFull: string, queue: number | undefined, more: object = {}) =>
    task('limited', {
      ...body,
      ...more,
      concurrency: { limit: 1, whenFull, ...(queue === undefined ? {} : { queue }) },
    } as typeof body);

  test('turns the newest away, which then has failed and is retried if it may be (S30)', async () => {
    const retry = { maxAttempts: 2, delay: '1s' };
    const all = flow('all', limited('dropNewest', undefined, { retry }));
    const { clock, begun, start, give, waits } = await boxOf([all]);
    await start(all, 'a', [1]);
    const b = await start(all, 'b', [1]);

    expect(begun).toEqual(['a/0']);
    expect(await waits(b, 0)).toMatchObject({ what: 'retry', attempt: 2 });
    const [failed] = (await eventsOf(b)).filter(({ type }) => type === 'step.retrying');
    expect(failed).toMatchObject({ error: { code: 'body-dropped', fields: { limit: { name: 'limited', limit: 1 } } } });
    await give('a/0');
    await clock.advance('1s');
    expect(begun).toEqual(['a/0', 'b/0#2']);
  });

  test('and fails its step where there is no attempt left (S30)', async () => {
    const all = flow('all', limited('dropNewest', 1));
    const { begun, start, give } = await boxOf([all]);
    await start(all, 'a', [1]);
    await start(all, 'b', [1]);
    const c = await start(all, 'c', [1]);

    expect(await rejection(c.result())).toMatchObject({ code: 'run-failed', failures: [{ code: 'body-dropped' }] });
    await give('a/0');
    expect(begun).toEqual(['a/0', 'b/0']);
  });

  test('gives the newest the place of the oldest in line, of which nothing has to be tidied up (S30, S14)', async () => {
    const tidied: string[] = [];
    const cleanup = ({ key }: { key: string }) => void tidied.push(key);
    const all = flow('all', limited('replaceOldest', 1, { cleanup }));
    const { begun, start, give } = await boxOf([all]);
    await start(all, 'a', [1]);
    const b = await start(all, 'b', [1]);
    await start(all, 'c', [1]);

    expect(await rejection(b.result())).toMatchObject({ failures: [{ code: 'body-replaced', retryable: false }] });
    await give('a/0');
    expect([begun, tidied]).toEqual([['a/0', 'c/0'], []]);
  });

  test('or of the oldest at work, which is told by its signal and tidied up after (S30, S14)', async () => {
    const tidied: string[] = [];
    const cleanup = ({ key, reason }: { key: string; reason: string }) => void tidied.push(`${key}: ${reason}`);
    const all = flow('all', limited('replaceOldest', undefined, { cleanup, retry: { maxAttempts: 5 } }));
    const { begun, jobs, start, give, box } = await boxOf([all]);
    const a = await start(all, 'a', [1]);
    await start(all, 'b', [1]);
    await settled(box);

    expect(begun).toEqual(['a/0', 'b/0']);
    expect(jobs.get('a/0')?.signal.reason).toMatchObject({ code: 'body-replaced' });
    expect(tidied).toEqual([
      expect.stringContaining('a/t/do/0#1: The limit of 1 for bodies of task "limited" was reached'),
    ]);
    expect(await rejection(a.result())).toMatchObject({ failures: [{ code: 'body-replaced' }] });
    await give('b/0');
    await start(all, 'c', [1]);
    expect(begun).toEqual(['a/0', 'b/0', 'c/0']);
  });
});

describe('what can not be had fails its step (S5):', () => {
  test.each<[string, object, string]>([
    [
      'a key that throws',
      { concurrency: { limit: 1, key: () => never() } },
      'The "key" of a limit of task "odd" threw',
    ],
    [
      'a key that is none',
      { rate: { limit: 1, per: 1, key: () => ({}) } },
      'task "odd" answered with {}. It has to answer with',
    ],
    [
      'no key at all',
      { concurrency: { limit: 1, key: () => undefined } },
      'task "odd" answered with undefined. It has to answer with',
    ],
    ['a priority that throws', { priority: () => never() }, 'The "priority" of task "odd" threw'],
    [
      'a priority that is no number',
      { priority: () => 'high' },
      'task "odd" answered with "high". It has to answer with',
    ],
  ])('%s', async (_, options, message) => {
    const odd = task('odd', { ...body, ...options } as typeof body);
    const all = flow('all', odd);
    const { begun, start } = await boxOf([all], { concurrency: 5 });
    const error = await rejection<{ failures: readonly { code: string; message: string }[] }>(
      (await start(all, 'a', [1])).result(),
    );

    expect(error.failures[0]).toMatchObject({ code: 'mapper-failed', retryable: false });
    expect(error.failures[0]?.message).toContain(message);
    expect(begun).toEqual([]);
  });
});

test('cancelling what stands in line gives nobody else its place, and loses none (S14)', async () => {
  const tight = flow('tight', task('tight', { ...body, concurrency: { limit: 1, key: () => 'k' } }));
  const { box, begun, start, give } = await boxOf([tight]);
  await start(tight, 'a', [1]);
  const b = await start(tight, 'b', [1, 2]);
  await start(tight, 'c', [1]);
  await b.cancel();
  await settled(box);
  expect(begun).toEqual(['a/0']);
  await give('a/0');
  expect(begun).toEqual(['a/0', 'c/0']);
});

test('a body in line has no deadline yet: its timeout begins when it does (S11)', async () => {
  const all = flow('all', task('timed', { ...body, timeout: '1m', concurrency: 1 }));
  const { begun, clock, start, give } = await boxOf([all]);
  const a = await start(all, 'a', [1]);
  const b = await start(all, 'b', [1]);
  await clock.advance('50s');
  await give('a/0');
  await clock.advance('50s');
  await give('b/0');

  expect([await a.status(), await b.status()]).toEqual(['completed', 'completed']);
  expect(begun).toEqual(['a/0', 'b/0']);
});
