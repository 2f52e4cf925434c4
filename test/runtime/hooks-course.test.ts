/** Hooks in the course of a run (S31): who is asked only once, what is let go of, what is said of failures, and runs of the engine's own. */
import {
  type AnyOrchestrator,
  createSignalbox,
  type Hook,
  type LogLine,
  orchestrator,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Anything, eventsOf, settled, soon } from '../helpers/stage.ts';

const input = { input: Anything };
const head = { version: '1', ...input };
const echo = task('echo', { ...input, output: Anything, run: () => null });
const waiting = orchestrator('flow', head).track('t', track('t', input).wait('go', { signal: 'go' }).step('s', echo));

async function opened(flow: AnyOrchestrator, hooks: readonly Hook[], more: object = {}) {
  const clock = fakeClock();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void (line.level === 'warn' && lines.push(line));
  const options = { orchestrators: [flow], clock, logger, hooks, ...more };
  const box = clock.follow((await createSignalbox(options as never)) as unknown as Signalbox);
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  return { box, clock, lines, run, [Symbol.asyncDispose]: () => box.close() };
}

test('one before a track is asked once, also if the run is paused and goes on before it has answered (S15)', async () => {
  const open: (() => void)[] = [];
  const beforeTrack = () => new Promise<void>((resolve) => void open.push(resolve));
  await using at = await opened(waiting, [{ beforeTrack }]);
  await at.run.pause();
  await at.run.resume();
  await settled(at.box);
  expect(open).toHaveLength(1);
  open[0]?.();
  await settled(at.box);
  expect(await at.run.status()).toBe('waiting');
});

test('a run whose track has begun after a hook, and that only waits, is not kept in memory', async () => {
  await using at = await opened(waiting, [{ beforeTrack: async () => {} }], { idleRuns: 0 });
  expect(await at.run.status()).toBe('waiting');
  expect(at.box.counts.inMemory).toBe(0);
});

test('one that has failed is told as an error that is not tried again, where it stops something and where it does not', async () => {
  const no = (): never => {
    throw new Error('no');
  };
  const hooks = [
    { name: 'stops', beforeTrack: no },
    { name: 'warns', afterTrack: no },
  ];
  await using at = await opened(waiting, hooks);
  const { failures } = await soon(at.run.outcome());
  expect(failures).toMatchObject([{ code: 'hook-failed', path: 't', retryable: false }]);
  const beside = orchestrator('beside', head)
    .track('t', track('t', input).step('s', echo))
    .track('w', track('w', input).wait('go', { signal: 'go' }));
  await using other = await opened(beside, hooks.slice(1));
  const told = (await eventsOf(other.run)).filter(({ type }) => type === 'hook.failed');
  expect(told).toMatchObject([
    { hook: 'warns', path: 't', error: { code: 'hook-failed', path: 't', retryable: false } },
  ]);
});

test('one that fails while its box is being closed is a line of the log', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const beside = orchestrator('beside', head)
    .track('t', track('t', input).step('s', echo))
    .track('w', track('w', input).wait('go', { signal: 'go' }));
  const { box, lines } = await opened(beside, [{ name: 'late', afterTrack: () => promise }]);
  const closing = box.close();
  reject(new Error('no ink'));
  await closing;
  expect(lines).toMatchObject([{ run: 'r', path: 't', message: expect.stringMatching(/late.*no ink/) }]);
});

test('a schedule is a run of the engine’s own: hooks are called for what it starts, and not for it', async () => {
  const told: string[] = [];
  const tell = ({ run }: { readonly run: { readonly orchestrator: string } }): void => void told.push(run.orchestrator);
  await using at = await opened(waiting, [{ beforeRun: tell, beforeTrack: tell, beforeStep: tell, afterRun: tell }]);
  expect(told).toEqual(['flow', 'flow']);
  const nightly = await at.box.schedule('nightly', { orchestrator: waiting, input: null, every: '1m' });
  await at.clock.advance('1m');
  await nightly.remove();
  await settled(at.box);
  expect(told).toEqual(['flow', 'flow', 'flow', 'flow']);
});

test('one that is cut off by a cancel leaves no timer behind, and what it says then is told nobody (S14)', async () => {
  const cut = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut off'))));
  const step = orchestrator('flow', head).track('t', track('t', input).step('s', echo));
  const hook: Hook = { name: 'slow', beforeStep: cut, timeout: '1h', onHookError: 'ignore' };
  const told: string[] = [];
  await using at = await opened(step, [hook, { name: 'next', beforeStep: () => void told.push('next') }]);
  await at.run.cancel();
  expect((await soon(at.run.outcome())).status).toBe('cancelled');
  await settled(at.box);
  expect([at.box.counts.timers, at.lines, told]).toEqual([0, [], []]);
  expect((await eventsOf(at.run)).map(({ type }) => type)).not.toContain('hook.failed');
});

test('one that answers after its time is over does not answer for the next one', async () => {
  const answers: (() => void)[] = [];
  const hook = (name: string, timeout: string): Hook => ({
    name,
    timeout,
    onHookError: 'ignore',
    beforeStep: () => new Promise<void>((resolve) => void answers.push(resolve)),
  });
  const called: string[] = [];
  const body = task('body', { ...input, output: Anything, run: ({ key }) => called.push(key) });
  const step = orchestrator('flow', head).track('t', track('t', input).step('s', body));
  await using at = await opened(step, [hook('first', '1s'), hook('second', '1h')]);
  await at.clock.advance('1s');
  expect(answers).toHaveLength(2);
  answers[0]?.();
  await settled(at.box);
  expect(called).toEqual([]);
  answers[1]?.();
  expect((await soon(at.run.outcome())).status).toBe('completed');
});

test('one that has answered leaves no timer behind, and is not told to end when its time is over', async () => {
  const signals: AbortSignal[] = [];
  const beforeTrack = async ({ signal }: { readonly signal: AbortSignal }) => void signals.push(signal);
  await using at = await opened(waiting, [{ beforeTrack, timeout: '1m' }]);
  expect(at.box.counts.timers).toBe(0);
  await at.clock.advance('2m');
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});

test.each([
  ['at once', false],
  ['later', false],
  ['at once', true],
])(
  'one that closes its box and answers %s, traced: %s, is the last that hears of a step whose output was kept (S32)',
  async (when, isTraced) => {
    const kept = task('kept', { ...input, output: Anything, cache: { ttl: '10m' }, run: () => 'made' });
    const flow = orchestrator('flow', head).track('t', track('t', input).step('s', kept));
    const closing: Promise<void>[] = [];
    const told: string[] = [];
    const hook: Hook = {
      beforeStep({ run: { id } }) {
        if (id === 'r') return undefined;
        closing.push(at.box.close());
        return when === 'at once' ? undefined : Promise.resolve();
      },
      afterStep: ({ run: { id }, status }) => void told.push(`${id} ${status}`),
    };
    await using at = await opened(flow, [hook], isTraced ? { tracing: { beside: () => null } } : {});
    await at.box.start(flow, { id: 'again', input: null });
    await settled(at.box);
    await Promise.all(closing);
    await settled();
    expect([closing.length, told]).toEqual([1, ['r completed']]);
  },
);

test('one for a task is told nothing of what has the same name and is none', async () => {
  const broken = task('broken', {
    ...input,
    output: Anything,
    run: () => {
      throw new Error('no');
    },
  });
  const child = orchestrator('child', head).track('same', track('same', input).step('broken', broken));
  const parent = orchestrator('parent', head).track('t', track('t', input).run('same', { orchestrator: child }));
  const told: string[] = [];
  const tell = ({ path }: { readonly path: string }): void => void told.push(path);
  await using at = await opened(parent, [
    { only: { task: 'same' }, onError: tell },
    { only: { task: 'broken' }, onError: tell },
  ]);
  expect((await soon(at.run.outcome())).status).toBe('failed');
  await settled(at.box);
  expect(told).toEqual(['same/broken']);
});
