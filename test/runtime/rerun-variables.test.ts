/** The variables of a run that takes over from another one (S16): what the steps have set that are taken over, wherever they stand. */
import { createSignalbox, orchestrator, task, TerminalError, track } from 'signalbox';
import { beforeEach, expect, test } from 'vitest';
import { Anything, faultsOfHistory } from '../helpers/stage.ts';
import { places } from '../helpers/waits.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const quiet = { logger: () => {} } as const;
let isBroken = true;

beforeEach(() => {
  isBroken = true;
});

/** What its mapper and its body see of the variables. */
const seeing = task('seeing', {
  input: Anything,
  output: Anything,
  run: ({ input: given, run }) => {
    if (isBroken) throw new TerminalError('no');
    return { mapper: given, body: run.variables };
  },
});

/** Sets a variable in a track, a group, a route, an item, a round, and in a track that had finished and is around none of it. */
const everywhere = orchestrator('everywhere', head)
  .track('first', track('first', input).set('set', { order: ['first'] }))
  .track(
    'second',
    track('second', input)
      .set('set', { order: ({ run }) => [...(run.variables.order as string[]), 'track'] })
      .group('group', (group) =>
        group.set('grouped', { order: ({ run }) => [...(run.variables.order as string[]), 'group'] }),
      )
      .branch('route', {
        when: [
          [
            () => true,
            track('taken', input).set('set', { order: ({ run }) => [...(run.variables.order as string[]), 'route'] }),
          ],
        ],
      })
      .map('items', {
        over: () => [1, 2],
        mode: 'sequential',
        each: track('each', input).set('set', { order: ({ run }) => [...(run.variables.order as string[]), 'item'] }),
      })
      .loop('rounds', {
        body: track('round', input).set('set', { order: ({ run }) => [...(run.variables.order as string[]), 'round'] }),
        while: ({ index }) => index < 2,
      })
      .step('one', seeing, ({ run }) => run.variables)
      .set('later', { order: 'later', later: true })
      .step('two', seeing, ({ run }) => run.variables),
    { after: ['first'] },
  );

const order = ['first', 'track', 'group', 'route', 'item', 'item', 'round', 'round'];

test.each(places)(
  'are what was set in what is taken over, wherever that was, and in order: %s (S16)',
  async (_, place) => {
    const next = place();
    const before = await createSignalbox({ orchestrators: [everywhere], store: next(), ...quiet });
    const run = await before.start(everywhere, { id: 'r', input: null });
    expect((await run.outcome()).error).toMatchObject({ path: 'second/one' });
    await before.close();
    isBroken = false;
    await using after = await createSignalbox({ orchestrators: [everywhere], store: next(), ...quiet });
    const again = await after.run('r').rerun({ from: 'second/one', reason: 'x', id: 'r2' });
    await again.outcome();
    expect((await again.snapshot()).steps['second/one']?.output).toEqual({ mapper: { order }, body: { order } });
    const all = { order: 'later', later: true };
    expect((await again.snapshot()).steps['second/two']?.output).toEqual({ mapper: all, body: all });

    // One of that one takes over what that one had taken over, and not what is set anew.
    const third = await again.rerun({ from: 'second/one', reason: 'x', id: 'r3' });
    await third.outcome();
    expect((await third.snapshot()).steps['second/one']?.output).toEqual({ mapper: { order }, body: { order } });
    const fourth = await third.rerun({ from: 'second', reason: 'x', id: 'r4' });
    await fourth.outcome();
    expect((await fourth.snapshot()).steps['second/one']?.output).toMatchObject({ body: { order } });
    for (const each of [again, third, fourth]) expect(await faultsOfHistory(each)).toEqual([]);
  },
);

test('are there when the run has moved to a store that never had the other one (S16, P228)', async () => {
  await using box = await createSignalbox({ orchestrators: [everywhere], ...quiet });
  const run = await box.start(everywhere, { id: 'r', input: null });
  await run.outcome();
  const again = await run.rerun({ from: 'second/one', reason: 'x', id: 'r2' });
  await again.outcome();
  isBroken = false;
  await using other = await createSignalbox({ orchestrators: [everywhere], ...quiet });
  const moved = await other.import(JSON.parse(JSON.stringify(await again.export())));
  const third = await moved.rerun({ from: 'second/one', reason: 'x', id: 'r3' });
  await third.outcome();
  expect((await third.snapshot()).steps['second/one']?.output).toEqual({ mapper: { order }, body: { order } });

  const document = JSON.parse(JSON.stringify(await again.export()));
  document.steps.find(({ path }: { path: string }) => path === 'first').memory.sets = { order: 'first' };
  await using strict = await createSignalbox({ orchestrators: [everywhere], ...quiet });
  await expect(strict.import(document)).rejects.toMatchObject({ code: 'import-refused' });
});

test('are also those that were set in a round whose rows are gone (S16)', async () => {
  const pruned = orchestrator('pruned', head).track(
    'a',
    track('a', input)
      .loop('rounds', {
        body: {
          do: track('round', input).branch('once', {
            when: [[({ input: index }) => index === 0, track('set', input).set('early', { early: 'kept' })]],
            otherwise: null,
          }),
          input: ({ index }) => index,
        },
        while: ({ index }) => index < 3,
        keepLast: 1,
      })
      .step('one', seeing, ({ run }) => run.variables),
  );
  await using box = await createSignalbox({ orchestrators: [pruned], ...quiet });
  const run = await box.start(pruned, { id: 'r', input: null });
  await run.outcome();
  expect(Object.keys((await run.snapshot()).steps)).not.toContain('a/rounds/0/once');
  isBroken = false;
  const again = await run.rerun({ from: 'a/one', reason: 'x' });
  await again.outcome();
  expect((await again.snapshot()).steps['a/one']?.output).toMatchObject({ mapper: { early: 'kept' } });
});

test('have nothing of what begins anew, and of what somebody has resolved (S16)', async () => {
  const broken = orchestrator('broken', { ...head, onFailure: 'pause' }).track(
    'a',
    track('a', input)
      .set('one', {
        one: () => {
          throw new Error('no');
        },
      })
      .step('two', seeing, ({ run }) => run.variables)
      .set('three', { three: 3 }),
  );
  isBroken = false;
  await using box = await createSignalbox({ orchestrators: [broken], ...quiet });
  const run = await box.start(broken, { id: 'r', input: null });
  while ((await run.status()) !== 'awaitingIntervention') await new Promise((resolve) => setImmediate(resolve));
  await run.resolve('a/one', { reason: 'x', output: { one: 1 } });
  await run.outcome();
  expect((await run.snapshot()).steps['a/two']?.output).toEqual({ mapper: {}, body: {} });
  const again = await run.rerun({ from: 'a/two', reason: 'x' });
  await again.outcome();
  expect((await again.snapshot()).steps['a/two']?.output).toEqual({ mapper: {}, body: {} });
});
