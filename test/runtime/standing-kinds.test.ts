/** Under the policy `pause` any step that fails stands still, before it began as well, but for one that can be done without (S12). */
import { type AnyOrchestrator, createSignalbox, memory, orchestrator, task, TerminalError, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, rejection, soon, stage, statusesOf } from '../helpers/stage.ts';

const input = { input: Anything } as const;
const head = { version: '1', input: Anything, onFailure: 'pause' } as const;
const work = task('work', { ...input, output: Anything, run: ({ input: given }) => given });
const broken = task('broken', {
  ...input,
  output: Anything,
  run: () => {
    throw new TerminalError('no');
  },
});
const no = (): never => {
  throw new Error('no way');
};
const t = () => track('a', input);
// biome-ignore lint/suspicious/noExplicitAny: steps of every kind
const CASES: readonly (readonly [string, any])[] = [
  ['whose mapper throws', t().step('s', work, no)],
  [
    'that is a child run whose mapper throws',
    t().run('s', orchestrator('x', { ...head }).track('t', t().step('w', work)), no),
  ],
  ['that finds no route', t().branch('s', { when: [[() => false, work]] })],
  ['whose items are none', t().map('s', { over: () => 7 as never, each: work })],
  ['whose rounds cannot begin', t().loop('s', { body: work, while: no, maxIterations: 2 })],
  ['whose aggregate misses', t().aggregate('s', { output: z.number(), of: no })],
  ['whose variables throw', t().set('s', { x: no })],
  ['whose instant is none', t().sleep('s', { until: () => 'soon' as never })],
  ['whose event throws', t().emit('s', { event: 'told', data: no })],
  ['whose signal nobody hears', t().signal('s', { signal: 'x', to: () => 'nobody', required: true })],
  ['that waits too long', t().wait('s', { signal: 'go', timeout: '1s' })],
];

describe.each(['table', 'xstate'] as const)('stepped by the %s lane, a step', (lane) => {
  test.each(CASES)(
    '%s stands still, after a restart as well, and what is said of it holds (S12, S16, I7)',
    async (_, steps) => {
      const flow = orchestrator('flow', head).track(
        'a',
        steps.step('then', work, ({ previous }: { previous: unknown }) => previous),
      );
      const store = memory();
      const { clock, options } = stage();
      const { executor: __, ...rest } = options;
      const first = clock.follow(await createSignalbox({ orchestrators: [flow], lane, store, ...rest }));
      const run = await first.start(flow, { id: 'r', input: null });
      await clock.advance('2s');
      expect(await run.status()).toBe('awaitingIntervention');
      expect(await run.allowed('a/s')).toEqual(['retry', 'skip', 'resolve']);
      expect((await run.snapshot()).steps['a/s']).toMatchObject({
        status: 'awaitingIntervention',
        waitingFor: { what: 'person' },
      });
      await first.close();

      await using box = clock.follow(await createSignalbox({ orchestrators: [flow], lane, store, ...rest }));
      const again = box.run('r');
      // What failed it fails it again; a mapper that throws is not even tried.
      await again
        .retry('a/s', { reason: 'once more' })
        .catch((error) => expect(error).toMatchObject({ code: 'intervention-refused' }));
      await clock.advance('2s');
      expect(await again.status()).toBe('awaitingIntervention');
      await again.resolve('a/s', { reason: 'by hand', output: 5 });
      expect(await again.outcome()).toMatchObject({ status: 'completed', outputs: { a: 5 } });
      expect(await faultsOfHistory(again)).toEqual([]);
    },
  );
});

describe('a step that stands still before it began', () => {
  test('is made anew of a mapper that was mended since, while others stand still (S16)', async () => {
    const store = memory();
    const flowOf = (mapper: () => unknown) =>
      orchestrator('flow', head)
        .track(
          'a',
          t()
            .step('s', work, mapper as never)
            .branch('b', { when: [[() => mapper() === 3, work]] }),
        )
        .track('b', track('b', input).step('bad', broken));
    const first = await createSignalbox({ orchestrators: [flowOf(no)], store, logger: () => {} });
    await first.start(flowOf(no), { id: 'r', input: null }).catch(() => {});
    await first.close();
    const flow = flowOf(no);
    const second = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
    const run = await second.start(flow, { id: 'r', input: null });
    await settled(second);
    expect(await statusesOf(run)).toMatchObject({ 'a/s': 'awaitingIntervention' });
    expect(await rejection<Error>(run.retry('a/s', { reason: 'x' }))).toMatchObject({
      message: expect.stringContaining('what it is given cannot be made'),
    });
    await second.close();
    await using third = await createSignalbox({ orchestrators: [flowOf(() => 3)], store, logger: () => {} });
    await third.run('r').retry('a/s', { reason: 'mended' });
    await settled(third);
    expect((await third.run('r').snapshot()).steps['a/s']).toMatchObject({ status: 'completed', output: 3 });
    expect(await third.run('r').status()).toBe('awaitingIntervention');
    await third.run('r').skip('b/bad', { reason: 'not needed' });
    expect((await third.run('r').outcome()).status).toBe('completed');
  });
});

describe('a step with children that stood still before it began, tried again in another process', () => {
  const held = task('held', { ...input, output: Anything, run: () => new Promise<never>(() => {}) });
  /** Stands still for its mapper, and is tried again with one that was mended, by a box that has read it back. */
  async function again(flowOf: (mapper: () => never) => AnyOrchestrator, mended: () => unknown) {
    const store = memory();
    const before = flowOf(no);
    const first = await createSignalbox({ orchestrators: [before], store, logger: () => {} });
    await first.start(before, { id: 'r', input: null });
    await settled(first);
    await first.close();
    const box = await createSignalbox({ orchestrators: [flowOf(mended as () => never)], store, logger: () => {} });
    await box.recovered;
    const run = box.run('r');
    expect(await statusesOf(run)).toMatchObject({ 'a/s': 'awaitingIntervention' });
    await run.retry('a/s', { reason: 'mended' });
    await settled(box);
    return { box, run };
  }

  test('begins what it may and nothing else, and is over when that is (S14, S16)', async () => {
    const { box, run } = await again(
      (mapper) =>
        orchestrator('flow', head).track(
          'a',
          t().branch('s', {
            all: true,
            when: [
              [mapper, held],
              [() => false, held],
              [() => true, held],
            ],
          }),
        ),
      () => true,
    );
    await using _ = box;
    const begun = { 'a/s': 'running', 'a/s/held': 'running', 'a/s/held-2': 'skipped', 'a/s/held-3': 'running' };
    expect(await statusesOf(run)).toMatchObject(begun);
    await run.cancel();
    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('counts those that never began, however many they are (S14, I9)', async () => {
    const { box, run } = await again(
      (over) => orchestrator('flow', head).track('a', t().map('s', { over, each: held, concurrency: 2 })),
      () => '1..300',
    );
    await using _ = box;
    await run.cancel();
    await run.outcome();
    expect((await run.snapshot()).steps['a/s']).toMatchObject({ status: 'cancelled', skipped: 298 });
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

describe('what can be done without', () => {
  test('does not stand still: a member of a race that has others, of a quorum that holds, what a group makes up for (S12)', async () => {
    const flow = orchestrator('flow', head).track(
      'a',
      t()
        .parallel(
          'race',
          { one: broken, two: { do: track('in', input).step('deep', broken), input: () => null }, three: work },
          { strategy: 'race', concurrency: 1 },
        )
        .parallel('most', { one: broken, two: work, three: work }, { strategy: { quorum: 2 }, concurrency: 1 })
        .group('group', (group) => group.step('bad', broken), { onError: work })
        .step('last', work),
    );
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const run = await box.start(flow, { input: null });
    expect((await run.outcome()).status).toBe('completed');
    expect(await statusesOf(run)).toMatchObject({
      'a/race/one': 'failed',
      'a/race/two': 'failed',
      'a/race/three': 'completed',
      'a/most/one': 'failed',
      'a/group/bad': 'failed',
      'a/group/onError': 'completed',
    });
  });

  test('stands still once it is the last that could have won', async () => {
    const flow = orchestrator('flow', head).track(
      'a',
      t().parallel('race', { one: broken, two: broken }, { strategy: 'race', concurrency: 1 }),
    );
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(await statusesOf(run)).toMatchObject({ 'a/race/one': 'failed', 'a/race/two': 'awaitingIntervention' });
    await run.resolve('a/race/two', { reason: 'x', output: 2 });
    expect((await run.outcome()).status).toBe('completed');
  });
});
