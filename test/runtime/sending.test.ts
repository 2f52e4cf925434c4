/** Steps that send signals to other runs: to one, to the one with a key, to all that wait. */
import { type AnyOrchestrator, createSignalbox, memory, orchestrator, type Signalbox, track } from 'signalbox';
import { BoxClosed, StoreUnusable } from 'signalbox/errors';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, stage, work } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

const head = { version: '1', input: Anything } as const;
const waits = orchestrator('waits', head).track(
  't',
  track('t', { input: Anything }).wait('go', { signal: 'go', payload: z.object({ n: z.number() }) }),
);
/** Busy with something else beside its wait: its row says `running`. */
const busy = orchestrator('busy', head)
  .track('t', track('t', { input: Anything }).wait('go', { signal: 'go' }))
  .track('u', track('u', { input: Anything }).step('work', work));
/** Waits for `go` later, and for another one first. */
const later = orchestrator('later', head).track(
  't',
  track('t', { input: Anything }).wait('first', { signal: 'first' }).wait('go', { signal: 'go' }),
);
const sender = (to: unknown, more: object = {}) =>
  orchestrator('sender', head).track(
    't',
    track('t', { input: Anything }).signal('tell', {
      signal: 'go',
      to: to as 'all',
      payload: ({ input }) => input,
      ...more,
    }),
    { input: ({ input }) => input },
  );

async function send(to: unknown, more: object = {}, payload: unknown = { n: 1 }) {
  const { options, clock } = stage();
  const flow = sender(to, more);
  const box = clock.follow(
    (await createSignalbox({
      orchestrators: [waits, busy, later, flow] as readonly AnyOrchestrator[],
      ...options,
    })) as unknown as Signalbox,
  );
  const runs = [
    await box.start(waits, { id: 'a', key: 'first', input: null }),
    await box.start(waits, { id: 'b', input: null }),
    await box.start(busy, { id: 'c', input: null }),
    await box.start(later, { id: 'd', input: null }),
  ];
  await settled(box);
  const run = await box.start(flow, { id: 's', input: payload });
  const outcome = await run.outcome();
  await settled(box);
  const took: string[] = [];
  for (const each of runs)
    if ((await historyOf(each)).some((event) => event.startsWith('signal.accepted'))) took.push(each.id);
  expect(await faultsOfHistory(run)).toEqual([]);
  await box.close();
  return { ...outcome, took };
}

const counts = (accepted: number, buffered = 0, refused = 0) => ({ t: { accepted, buffered, refused } });

describe('a signal step sends', () => {
  test.each<[string, unknown]>([
    ['the id of a run', () => 'b'],
    ['a run', () => ({ run: 'b' })],
  ])('to %s', async (_, to) => {
    expect(await send(to)).toMatchObject({ output: counts(1), took: ['b'] });
  });

  test('to the run that was started under a key', async () => {
    const to = () => ({ orchestrator: 'waits', key: 'first' });
    expect(await send(to)).toMatchObject({ output: counts(1), took: ['a'] });
    expect(await send(() => ({ orchestrator: 'waits', key: 'none' }))).toMatchObject({ output: counts(0), took: [] });
  });

  test('to all runs that wait for it, also such as are busy beside it, and to no others (P96)', async () => {
    expect(await send('all')).toMatchObject({ output: counts(3), took: ['a', 'b', 'c'] });
  });

  test('to one that will wait for it, where it is kept (P96)', async () => {
    expect(await send(() => 'd')).toMatchObject({ output: counts(0, 1), took: [] });
  });

  test('and a refusal is counted', async () => {
    expect(await send(() => 'b', {}, { n: 'no' })).toMatchObject({ output: counts(0, 0, 1), took: [] });
  });

  test('to nobody, and completes with zeros; if it is required, it fails and says what each answer was (P96)', async () => {
    expect(await send(() => 'nobody')).toMatchObject({ output: counts(0) });
    const { failures } = await send(() => 'nobody', { required: true });
    expect(failures).toMatchObject([{ code: 'signal-unheard', path: 't/tell' }]);
    expect(failures[0]?.message).toContain('run "nobody": There is no run "nobody".');
    const { failures: refused } = await send(() => 'b', { required: true }, { n: 'no' });
    expect(refused[0]?.message).toContain('Run "b": The step that waits for signal "go" did not take it.');
    const { status } = await send(() => 'd', { required: true });
    expect(status).toBe('completed');
  });

  test.each([7, null, {}, { run: '' }, { orchestrator: 'waits' }, ''])('never to %j, which is no run', async (to) => {
    expect((await send(() => to)).failures).toMatchObject([{ code: 'option-invalid', path: 't/tell' }]);
  });

  test('never what a mapper threw, or promised', async () => {
    const throwing = () => {
      throw new Error('no');
    };
    expect((await send(throwing)).failures).toMatchObject([{ code: 'mapper-failed' }]);
    expect((await send(() => Promise.reject(new Error('no')))).failures).toMatchObject([{ code: 'mapper-async' }]);
    expect((await send(() => 'b', { payload: () => Promise.resolve(1) })).failures).toMatchObject([
      { code: 'mapper-async' },
    ]);
  });
});

test('a run may send to itself: what its own steps wait for', async () => {
  const flow = orchestrator('self', head)
    .track('w', track('w', { input: Anything }).wait('go', { signal: 'go' }))
    .track('s', track('s', { input: Anything }).signal('tell', { signal: 'go', to: ({ run }) => run.id }));
  await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
  expect(await (await box.start(flow, { input: null })).result()).toEqual({
    w: null,
    s: { accepted: 1, buffered: 0, refused: 0 },
  });
});

test('a repeat after a crash is not a second signal', async () => {
  const store = memory();
  const { options } = stage();
  const both = orchestrator('both', head).track(
    't',
    track('t', { input: Anything }).wait('one', { signal: 'go' }).wait('two', { signal: 'go' }),
  );
  const flow = sender(() => 'b');
  const orchestrators = [both, flow] as readonly AnyOrchestrator[];
  // The end of the step is never written by the first box.
  const commit = store.commit.bind(store);
  store.commit = (changes) => {
    if (changes.some(({ actors }) => actors.some(({ path, state }) => path === 't/tell' && state === 'completed')))
      throw new Error('not this time');
    return commit(changes);
  };
  const first = (await createSignalbox({ orchestrators, store, ...options })) as unknown as Signalbox;
  await first.start(both, { id: 'b', input: null });
  await first.start(flow, { id: 's', input: 1 });
  await settled(first);
  await first.close();
  store.commit = commit;

  const box = (await createSignalbox({ orchestrators, store, ...options })) as unknown as Signalbox;
  expect(await box.run('s').result()).toEqual(counts(1));
  expect(await historyOf(box.run('b'))).toEqual([
    'run.started',
    'track.started t',
    'step.waiting t/one',
    'signal.accepted t/one',
    'step.completed t/one',
    'step.waiting t/two',
  ]);
  await box.close();
});

/** A store that fails once when it is asked whether run `b` has a signal, from when it is told to. */
function failing(error: Error) {
  const inner = memory();
  const state = { fails: 0 };
  const store = wrapped(
    {
      readSignal(run, id) {
        if (run !== 'b' || state.fails === 0) return inner.readSignal(run, id);
        state.fails -= 1;
        throw error;
      },
    },
    inner,
  );
  return { store, state };
}

describe('a store that fails once while a step sends', () => {
  const away = new StoreUnusable({ store: 'it', reason: 'away' });
  const odd = new Error('odd');
  test.each<[string, unknown, Error, object, readonly string[]]>([
    // Those that took it the first time do not wait any more, and are counted all the same.
    ['is asked again for all that still wait, if it is away', 'all', away, counts(3), ['a', 'b', 'c']],
    ['is asked again for the one that it is for, if it is away', () => 'b', away, counts(1), ['b']],
    ['refuses for one run, and no other, what is no such fault', 'all', odd, counts(2, 0, 1), ['a', 'c']],
    ['refuses for the one that it is for what is no such fault', () => 'b', odd, counts(0, 0, 1), []],
  ])('%s (I7, P96)', async (_, to, error, output, took) => {
    const { store, state } = failing(error);
    const { options, clock } = stage();
    const flow = sender(to);
    const orchestrators = [waits, busy, flow] as readonly AnyOrchestrator[];
    const box = clock.follow((await createSignalbox({ orchestrators, store, ...options })) as unknown as Signalbox);
    const runs = [
      await box.start(waits, { id: 'a', input: null }),
      await box.start(waits, { id: 'b', input: null }),
      await box.start(busy, { id: 'c', input: null }),
    ];
    await settled(box);
    state.fails = 1;
    const run = await box.start(flow, { id: 's', input: { n: 1 } });
    await settled(box);
    await clock.advance('1m');
    expect(state.fails).toBe(0);
    expect((await run.outcome()).output).toEqual(output);
    const taken: string[] = [];
    for (const each of runs)
      taken.push(...(await historyOf(each)).filter((event) => event.startsWith('signal.accepted')).map(() => each.id));
    expect(taken).toEqual(took);
    expect(await faultsOfHistory(run)).toEqual([]);
    await box.close();
  });
});

test('what a box that is closed could not send is no refusal: the next one sends it (I7, P96)', async () => {
  const { store, state } = failing(new BoxClosed());
  const { options } = stage();
  const orchestrators = [waits, sender(() => 'b')] as readonly AnyOrchestrator[];
  const first = (await createSignalbox({ orchestrators, store, ...options })) as unknown as Signalbox;
  await first.start(waits, { id: 'b', input: null });
  await settled(first);
  state.fails = 1;
  const run = await first.start(orchestrators[1] as AnyOrchestrator, { id: 's', input: { n: 1 } });
  await settled(first);
  expect([state.fails, await run.status()]).toEqual([0, 'running']);
  await first.close();
  await using box = (await createSignalbox({ orchestrators, store, ...options })) as unknown as Signalbox;
  expect(await box.run('s').result()).toEqual(counts(1));
});
