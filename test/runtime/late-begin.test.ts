/**
 * A body that begins only after something else, a hook, a budget or a place in line, when its process has given no sign of life for too long
 * meanwhile: whose the run is is asked first, and what another process has by now begins in that one alone (I2, I6). And so it is with
 * the cleanup of a body whose time is over.
 */
import { type AnyOrchestrator, createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import type { OpenRun } from '../../src/store.ts';
import { Anything, never, settled, soon, stage } from '../helpers/stage.ts';
import { alone, wrapped } from '../helpers/stores.ts';

const flowOf = (options: object): AnyOrchestrator =>
  orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step(
      's',
      task('work', { input: Anything, output: Anything, run: never, ...options } as never),
    ),
  );

/** A box on a store that is shared, which says of each run whose it is, and answers what was spent when it is let. */
async function station(flow: AnyOrchestrator, more: object = {}) {
  const { desk, clock, lines, options } = stage();
  const inner = memory();
  const asked: string[] = [];
  const others = new Set<string>();
  const gate = { spent: Promise.resolve() };
  const store = wrapped(
    {
      shared: alone,
      readOpen(run) {
        asked.push(run);
        const found = inner.readOpen(run) as OpenRun | null;
        return found !== null && others.has(run) ? { ...found, owner: 'another', fence: found.fence + 1 } : found;
      },
      async readRecords(query) {
        await gate.spent;
        return inner.readRecords(query);
      },
    },
    inner,
  );
  const box = await createSignalbox({ orchestrators: [flow], ...options, store, lease: '9s', ...more });
  const start = (id: string) => box.start(flow, { id, input: null });
  return { desk, clock, lines, box, asked, others, gate, start, [Symbol.asyncDispose]: () => box.close() };
}

describe('a body whose run another process has by now is not called', () => {
  test.each([
    ['a hook', false],
    ['a hook', true],
    ['a budget', false],
    ['a budget', true],
  ])(
    'when %s has let it at last; one whose run is still ours (%s) is, once the store has said so',
    async (what, isOurs) => {
      const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
      const isHook = what === 'a hook';
      const hooks = [{ name: 'slow', timeout: '1h', beforeStep: () => answered }];
      const flow = flowOf(isHook ? {} : { budget: { limit: 1, per: '1h' } });
      await using at = await station(flow, isHook ? { hooks } : {});
      if (!isHook) at.gate.spent = answered;
      const run = await at.start('r');
      await settled();
      expect(at.desk.begun).toEqual([]);

      if (!isOurs) at.others.add('r');
      at.clock.jump(10_000);
      at.asked.length = 0;
      answer();
      await settled();

      expect(at.desk.begun).toEqual(isOurs ? ['t/s#1'] : []);
      expect(at.asked).toContain('r');
      if (!isOurs) return;
      at.desk.give('t/s#1');
      expect((await soon(run.outcome())).status).toBe('completed');
    },
  );

  test('when it is its turn, and gives its place to the next one', async () => {
    await using at = await station(flowOf({ concurrency: 1 }));
    const { desk, clock, box } = at;
    const first = await at.start('first');
    await at.start('theirs');
    await settled(box);
    expect(desk.job('t/s#1').key).toBe('first/t/s#1');
    at.others.add('theirs');
    clock.jump(10_000);
    desk.give('t/s#1');
    await settled(box);
    // Its sign of life arrives, and it goes on with what is its own.
    await clock.advance('3s');
    expect((await soon(first.outcome())).status).toBe('completed');
    expect(desk.begun).toHaveLength(1);
    for (const id of ['next', 'last']) {
      const run = await at.start(id);
      await settled(box);
      expect(desk.job('t/s#1').key).toBe(`${id}/t/s#1`);
      desk.give('t/s#1');
      expect((await soon(run.outcome())).status).toBe('completed');
    }
  });
});

test.each([true, false])(
  'a body whose time is over is tidied up once the store has said that its run is still ours: %s (S11)',
  async (isOurs) => {
    const tidied: string[] = [];
    const cleanup = ({ key }: { readonly key: string }): void => void tidied.push(key);
    await using at = await station(flowOf({ timeout: '1s', retry: { maxAttempts: 1 }, cleanup }));
    const run = await at.start('r');
    await settled(at.box);
    if (!isOurs) at.others.add('r');
    at.clock.jump(10_000);
    at.asked.length = 0;

    await at.clock.advance('1s');
    await settled();

    expect(at.asked).toContain('r');
    expect(tidied).toEqual(isOurs ? ['r/t/s#1'] : []);
    if (isOurs) expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'step-timed-out', path: 't/s' }]);
  },
);
