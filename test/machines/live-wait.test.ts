/** Waits in machines that are started with `createActor`: no host, no store; a signal is an event. */
import {
  compositeTrack,
  createSignalbox,
  orchestrator,
  orchestratorMachine,
  task,
  track,
  trackMachine,
} from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyStateMachine, createActor, waitFor } from 'xstate';
import { z } from 'zod';
import { Anything, never } from '../helpers/stage.ts';
import { head, one } from '../helpers/waits.ts';

const N = z.object({ n: z.number().default(7) });
const say = task('say', { input: Anything, output: Anything, run: ({ input }) => input });
const untouched = task('untouched', { input: Anything, output: Anything, run: never });
// biome-ignore lint/suspicious/noExplicitAny: the machines take any definition
type Definition = any;

const DAY = 86_400_000;
afterEach(() => void vi.useRealTimers());

const begin = (definition: Definition, input: unknown = null) => {
  const machine = (definition.is === 'track' ? trackMachine : orchestratorMachine) as AnyStateMachine;
  return createActor(machine, { input: machineInput(definition, input) }).start();
};
type Actor = ReturnType<typeof begin>;

const ends = async (actor: Actor) => {
  const { value, output, context } = await waitFor(actor, ({ status }) => status === 'done', { timeout: 2_000 });
  return { value, output, error: (context as { error: unknown }).error };
};
const send = async (actor: Actor, name: string, payload?: unknown) => {
  await settled();
  actor.send({ type: 'signal', name, payload });
  await settled();
};

const flow = orchestrator('flow', head).track(
  't',
  track('t', { input: Anything })
    .step('before', say, () => ({ id: '17' }))
    .wait('w', {
      signal: 'go',
      payload: N,
      where: ({ payload, outputs, run }) => payload.n > 1 && outputs.before.id === '17' && run.id === 'live',
      timeout: '30d',
      onTimeout: { do: untouched },
    })
    .step('after', say, ({ previous }) => previous),
);

test('a signal that fits is taken as its schema has made it; all others change nothing', async () => {
  const actor = begin(flow);
  await send(actor, 'other', { n: 2 });
  await send(actor, 'go', { n: 'x' });
  await send(actor, 'go', { n: 1 });
  await send(actor, 'go', new Date());
  expect(actor.getSnapshot().status).toBe('active');
  await send(actor, 'go', {});
  expect(await ends(actor)).toMatchObject({ value: 'completed', output: { t: { n: 7 } } });
});

test('a wait without a schema takes what is sent as a frozen copy, and nothing as null', async () => {
  const sent = { list: [1] };
  const actor = begin(orchestrator('flow', head).track('a', one('a', 'a')).track('b', one('b', 'b')));
  await send(actor, 'a', sent);
  await send(actor, 'b');
  const { output } = await ends(actor);
  sent.list.push(2);
  expect(output).toEqual({ a: { list: [1] }, b: null });
});

describe('the end of its time', () => {
  test.each([
    ['fails it', { timeout: 1 }, { value: 'failed', error: { code: 'wait-timed-out', path: undefined } }],
    ['gives its value', { timeout: 1, onTimeout: { value: 5 } }, { value: 'completed', output: 5 }],
    [
      'runs another step',
      { timeout: 1, onTimeout: { do: say, input: ({ input }: { input: unknown }) => input } },
      { value: 'completed', output: 'given' },
    ],
    [
      'runs a track that waits in its turn',
      { timeout: 1, onTimeout: { do: one('inner', 'again', { timeout: 1, onTimeout: { value: 'twice' } }) } },
      { value: 'completed', output: 'twice' },
    ],
  ])('%s', async (_, options, end) => {
    const { error, ...rest } = end as { error?: { code: string } };
    const found = await ends(begin(one('t', 'go', options), 'given'));
    expect(found).toMatchObject(rest);
    if (error !== undefined) expect(found.error).toMatchObject({ code: error.code });
  });

  test('may come to a step that waits in its turn, which a signal reaches', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const actor = begin(one('t', 'go', { timeout: '60d', onTimeout: { do: one('inner', 'again') } }));
    await settled();
    vi.advanceTimersByTime(59 * DAY);
    await settled();
    vi.advanceTimersByTime(1 * DAY);
    await send(actor, 'go', 1);
    await send(actor, 'again', 2);
    vi.useRealTimers();
    expect(await ends(actor)).toMatchObject({ value: 'completed', output: 2 });
  });

  test.each([
    ['a wait', one('t', 'go', { timeout: '60d', onTimeout: { value: 'late' } })],
    ['a sleep', track('t', { input: Anything }).sleep('nap', '60d')],
  ])('of %s may be farther away than a timer of Node can count', async (_, definition) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const actor = begin(definition);
    await settled();
    vi.advanceTimersByTime(60 * DAY - 1);
    await settled();
    expect(actor.getSnapshot().status).toBe('active');
    vi.advanceTimersByTime(1);
    await settled();
    vi.useRealTimers();
    expect((await ends(actor)).value).toBe('completed');
  });
});

test('a cancel reaches a wait, and a signal that comes afterwards does nothing (S14)', async () => {
  const actor = begin(flow);
  await settled();
  actor.send({ type: 'cancel', reason: 'enough' });
  await send(actor, 'go', {});
  expect(await ends(actor)).toMatchObject({ value: 'cancelled' });
});

test('waits that are nested are reached in the order in which they began, as in a box', async () => {
  const three = compositeTrack('three', {
    tracks: {
      late: track('late', { input: Anything }).step('first', say).wait('w', { signal: 'go' }),
      early: compositeTrack('inner', { tracks: { deep: one('deep', 'go'), deeper: one('deeper', 'go') } }),
    },
  });
  const nested = orchestrator('nested', head).track('three', three);
  const actor = begin(nested);
  await using box = await createSignalbox({ orchestrators: [nested] });
  const run = await box.start(nested, { input: null });
  await settled(box);
  for (const n of [1, 2, 3]) {
    await send(actor, 'go', n);
    await run.signal('go', n);
  }
  const { output } = await ends(actor);
  expect(output).toEqual({ three: { early: { deep: 1, deeper: 2 }, late: 3 } });
  expect(await run.result()).toEqual(output);
});

test('a wait at the bottom of 5,000 tracks is reached', async () => {
  let body: Definition = one('bottom', 'go');
  for (let depth = 0; depth < 5_000; depth += 1) body = track('t', { input: Anything }).step('x', body);
  const actor = begin(orchestrator('deep', head).track('deep', body));
  await send(actor, 'go', 1);
  expect(await ends(actor)).toMatchObject({ value: 'completed', output: { deep: 1 } });
}, 20_000);

test('a signal that comes early is kept for the step that will wait for it, as a box keeps it', async () => {
  let go = (): void => {};
  const hold = (): Promise<null> =>
    new Promise((resolve) => {
      go = () => resolve(null);
    });
  const held = task('held', { input: Anything, output: Anything, run: hold });
  const early = orchestrator('early', head).track(
    't',
    track('t', { input: Anything })
      .step('before', held)
      .wait('first', { signal: 'go', payload: z.number() })
      .wait('third', { signal: 'go', where: ({ payload }) => payload === 3 })
      .wait('second', { signal: 'go' })
      .step('all', say, ({ outputs: { first, third, second } }) => [first, third, second]),
  );
  const actor = begin(early);
  for (const payload of [1, 2, 3]) await send(actor, 'go', payload);
  go();

  const { value, output } = await ends(actor);

  expect([value, output]).toEqual(['completed', { t: [1, 3, 2] }]);
  await using box = await createSignalbox({ orchestrators: [early] });
  const run = await box.start(early, { input: null });
  for (const payload of [1, 2, 3]) expect(await run.signal('go', payload)).toEqual({ answer: 'buffered' });
  go();
  expect(await run.result()).toEqual(output);
});
