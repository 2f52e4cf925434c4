/** What a store will never take: the message that brings it is given back, and everything else goes on (S37). */
import { CommitRefused, createSignalbox, memory, type Store, StoreUnusable } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { faultsOfHistory, graphOf, rejection, soon, stage, statusesOf } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';
import { waiting } from '../helpers/waits.ts';

const refusal = (): StoreUnusable =>
  new StoreUnusable({ store: 'picky', reason: 'a value does not fit', isLasting: true });

/** A store that never takes a commit in which `isBad` finds something; `later` says so by a promise. */
function picky(isBad: (change: RunChange) => boolean, later: boolean, inner: Store = memory()): Store {
  const commit = (changes: readonly RunChange[]): void => {
    if (changes.some(isBad)) throw refusal();
    void inner.commit(changes);
  };
  return wrapped({ commit: later ? async (changes) => commit(changes) : commit }, inner);
}

const poisoned = ({ row, events, signals, actors }: RunChange): boolean =>
  JSON.stringify([row, events, signals, actors]).includes('poison');

const flow = graphOf({ a: [], b: [] }, { onFailure: 'continue' });

describe.each([
  ['at once', false],
  ['by a promise', true],
] as const)('a store that says %s that it will never take a commit', (_how, later) => {
  test('has a start rejected, which is not repeated, while others start (S37)', async () => {
    const { desk, options, lines, clock } = stage();
    const store = picky(poisoned, later);
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    const [bad, good] = [box.start(flow, { id: 'bad', input: 'poison' }), box.start(flow, { id: 'good', input: 1 })];
    const error = rejection(bad);
    await settled(box);

    expect(await soon(error)).toBeInstanceOf(CommitRefused);
    expect(await soon(error)).toMatchObject({ fields: { run: 'bad', message: 'start' }, cause: refusal() });
    await soon(good);
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
    await clock.advance('1h');
    expect(lines.filter(({ message }) => message.includes('run "bad"')).length).toBeLessThanOrEqual(2);
    expect(box.counts.inMemory).toBe(1);
    expect(
      await box
        .run('bad')
        .status()
        .catch(({ code }) => code),
    ).toBe('run-unknown');
  });

  test('has the answer of a body fail its step; what else came with it is taken (S37)', async () => {
    const { desk, options, lines, clock } = stage();
    const store = picky(poisoned, later);
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    desk.give('b/work#1', 'fine');
    desk.give('a/work#1', 'poison');
    await clock.advance('1m');

    const outcome = await soon(run.outcome());
    expect(outcome).toMatchObject({ status: 'failed', outputs: { b: 'fine' } });
    expect(outcome.failures).toMatchObject([{ code: 'commit-refused', path: 'a/work', retryable: false }]);
    // What the store said is told before it is found out which of the messages it is about.
    const codes = lines.map(({ level, error }) => `${level} ${(error as { code?: string } | undefined)?.code}`);
    expect([codes[0], codes.includes('error commit-refused')]).toEqual(['error commit-failed', true]);
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('has a signal and a cancel rejected; the next ones are taken, and those beside them (S37)', async () => {
    const { options, clock } = stage();
    const store = picky(poisoned, later);
    const asks = waiting();
    await using box = clock.follow(await createSignalbox({ orchestrators: [asks], ...options, store }));
    const [one, two] = [await box.start(asks, { id: 'r', input: 1 }), await box.start(asks, { id: 'q', input: 1 })];
    const sent = [rejection(one.signal('go', 'poison')), rejection(two.cancel({ reason: 'poison' }))];
    const fine = one.signal('go', 'fine');
    await clock.advance('1m');

    for (const each of sent) expect(await soon(each)).toBeInstanceOf(CommitRefused);
    expect(await soon(fine)).toEqual({ answer: 'accepted', step: 't/w' });
    expect(await soon(one.result())).toEqual({ t: 'fine' });
    const cancelling = two.cancel({ reason: 'enough' });
    await clock.advance('1m');
    await soon(cancelling);
    expect(await soon(two.outcome())).toMatchObject({ status: 'cancelled' });
  });

  test('but refuses all there is keeps what bodies answered, and repeats it until it is mended (I3, I7)', async () => {
    const { desk, options, clock } = stage();
    let broken = false;
    const store = picky(() => broken, later);
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    broken = true;
    desk.give('a/work#1', 'one');
    desk.give('b/work#1', 'two');
    await clock.advance('1m');
    expect(await statusesOf(run)).toMatchObject({ 'a/work': 'running', 'b/work': 'running' });
    const cancelling = rejection(run.cancel());
    await clock.advance('1m');
    expect(await soon(cancelling)).toBeInstanceOf(CommitRefused);
    broken = false;
    await clock.advance('1m');

    expect(await soon(run.result())).toEqual({ a: 'one', b: 'two' });
    expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('has what a timer brings repeated until it is mended (I7)', async () => {
    const { options, clock } = stage();
    let broken = false;
    const store = picky(() => broken, later);
    const short = waiting({ timeout: '1s', onTimeout: { value: 'late' } });
    await using box = clock.follow(await createSignalbox({ orchestrators: [short], ...options, store }));
    const run = await box.start(short, { id: 'r', input: null });
    broken = true;
    await clock.advance('1m');
    broken = false;
    await clock.advance('1m');
    expect(await soon(run.result())).toEqual({ t: 'late' });
  });
});

test('a run that the store cannot read, now or later, is left as it is: it is asked once, and whoever asks is told (S37)', async () => {
  const { options, clock, lines } = stage();
  const inner = memory();
  let reads = 0;
  let corrupt = false;
  const readOpen = (run: string) => {
    if (!corrupt || run !== 'r') return inner.readOpen(run);
    reads += 1;
    throw refusal();
  };
  const asks = waiting();
  const store = wrapped({ readOpen }, inner);
  await using box = clock.follow(await createSignalbox({ orchestrators: [asks], ...options, store, idleRuns: 0 }));
  const run = await box.start(asks, { id: 'r', input: null });
  const other = await box.start(asks, { id: 'q', input: null });
  await settled(box);
  corrupt = true;

  expect(await soon(rejection(run.signal('go', 1)))).toMatchObject({ code: 'store-unusable' });
  expect(reads).toBe(1);
  await clock.advance('1h');
  expect(reads).toBe(1);
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  expect(await soon(other.signal('go', 1))).toMatchObject({ answer: 'accepted' });
});

test('a box whose definitions the store does not keep is not opened, and says why (R4)', async () => {
  const fault = refusal();
  const store = wrapped({ saveDefinitions: () => Promise.reject(fault) });
  await expect(createSignalbox({ orchestrators: [flow], store })).rejects.toBe(fault);
});
