/** Signals: what their senders are told, which ones are kept, and that one sent twice counts once. */
import { compositeTrack, createSignalbox, orchestrator, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, eventsOf, faultsOfHistory, historyOf, rejection, soon, stage } from '../helpers/stage.ts';
import { head, one, open, places, waiting } from '../helpers/waits.ts';

const N = z.object({ n: z.number() });

/** Three waits in a row, after a step that takes a second. */
const queue = orchestrator('queue', head).track(
  't',
  track('t', { input: Anything })
    .sleep('nap', '1s')
    .wait('a', { signal: 'go', payload: N })
    .wait('b', { signal: 'go', where: ({ payload, outputs }) => payload !== null && outputs.a.n > 0 })
    .wait('c', { signal: 'stop' })
    .output(({ outputs }) => [outputs.a, outputs.b, outputs.c]),
);

const reasonOf = (answer: { answer: string; reason?: string }) => answer.reason ?? answer.answer;

describe.each(['table', 'xstate'] as const)('a signal, stepped by the %s lane,', (lane) => {
  test('that comes before anybody waits for it is kept, and offered to the next that does, the oldest first', async () => {
    await using at = await open(queue, { lane });
    const run = await at.start();
    expect(await run.signal('go', { n: 1 }, { id: '1' })).toEqual({ answer: 'buffered' });
    expect(await run.signal('go', { n: 2 }, { id: '2' })).toEqual({ answer: 'buffered' });
    expect(await run.signal('stop', 'x', { id: '3' })).toEqual({ answer: 'buffered' });
    await at.clock.advance('1s');
    expect(await run.result()).toEqual({ t: [{ n: 1 }, { n: 2 }, 'x'] });
    expect((await historyOf(run)).slice(2, -2)).toEqual([
      'step.waiting t/nap',
      'signal.buffered',
      'signal.buffered',
      'signal.buffered',
      'step.completed t/nap',
      'step.waiting t/a',
      'signal.accepted t/a',
      'step.completed t/a',
      'step.waiting t/b',
      'signal.accepted t/b',
      'step.completed t/b',
      'step.waiting t/c',
      'signal.accepted t/c',
      'step.completed t/c',
    ]);
    expect(await faultsOfHistory(run)).toEqual([]);
    expect(at.box.counts.timers).toBe(0);
  });

  test('that is kept is passed over by a step that it does not fit, and stays for the next', async () => {
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything })
        .sleep('nap', '1s')
        .wait('big', { signal: 'go', where: ({ payload }) => Number(payload) > 10 })
        .wait('any', { signal: 'go' })
        .output(({ outputs }) => [outputs.big, outputs.any]),
    );
    await using at = await open(flow, { lane });
    const run = await at.start();
    for (const n of [1, 20, 2]) await run.signal('go', n, { id: `${n}` });
    await at.clock.advance('1s');
    expect(await run.result()).toEqual({ t: [20, 1] });
    const taken = (await eventsOf(run)).filter(({ type }) => type === 'signal.accepted');
    expect(taken).toMatchObject([{ id: '20' }, { id: '1' }]);
  });

  test('has its place, its id and the metadata of its run in the history, which has no gap (S6)', async () => {
    await using at = await open(queue, { lane });
    const heard: unknown[] = [];
    at.box.on('signal.accepted', ({ signal, id, path }) => heard.push([signal, id, path]));
    const run = await at.start(null, { id: 'r', metadata: { tenant: 'acme' } });
    await run.signal('go', { n: 1 }, { id: 's1' });
    await at.clock.advance('1s');
    const events = (await eventsOf(run)).filter(({ type }) => type.startsWith('signal.'));
    const common = { run: 'r', signal: 'go', id: 's1', metadata: { tenant: 'acme' } };
    expect(events).toMatchObject([
      { ...common, type: 'signal.buffered', path: '' },
      { ...common, type: 'signal.accepted', path: 't/a' },
    ]);
    expect(heard).toEqual([['go', 's1', 't/a']]);
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('goes to one of those that wait for it, to the first that it fits', async () => {
    const three = compositeTrack('three', {
      tracks: {
        a: one('a', 'go', { payload: z.string() }),
        b: one('b', 'go', { where: ({ payload }: { payload: unknown }) => payload === 2 }),
        c: one('c', 'go'),
      },
    });
    const flow = orchestrator('flow', head).track('three', three);
    await using at = await open(flow, { lane });
    const run = await at.start();
    expect(await run.signal('go', 1)).toEqual({ answer: 'accepted', step: 'three/c/w' });
    const answer = await run.signal('go', 1);
    expect(answer).toMatchObject({
      answer: 'refused',
      reason: 'payload-invalid',
      message: expect.stringContaining('2'),
    });
    expect(answer.answer === 'refused' && answer.issues).toHaveLength(2);
    expect(await run.signal('go', 2)).toEqual({ answer: 'accepted', step: 'three/b/w' });
    expect(await run.signal('go', 'x')).toEqual({ answer: 'accepted', step: 'three/a/w' });
    expect(await run.result()).toEqual({ three: { a: 'x', b: 2, c: 1 } });
  });
});

describe('a signal is refused', () => {
  test('when the definition never waits for it, and the names that it knows are told', async () => {
    await using at = await open(queue);
    const run = await at.start();
    expect(await run.signal('sotp')).toEqual({
      answer: 'refused',
      reason: 'signal-unknown',
      message: 'No step of "queue" waits for signal "sotp". Known signals: go, stop. Did you mean "stop"?',
      issues: [],
    });
    const flow = orchestrator('none', head).track('t', track('t', { input: Anything }).sleep('nap', '1s'));
    await using none = await open(flow);
    expect(await (await none.start()).signal('go')).toMatchObject({
      reason: 'signal-unknown',
      message: expect.stringContaining('no signals'),
    });
  });

  test('when every step that waits for it is over, skipped and given up ones included', async () => {
    const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
      .track('a', one('a', 'first', { timeout: '1s' }).wait('then', { signal: 'inner' }))
      .track('b', one('b', 'second'), { after: ['a'] })
      .track('c', one('c', 'third'));
    await using at = await open(flow);
    const run = await at.start();
    for (const name of ['inner', 'second']) expect(reasonOf(await run.signal(name, 1))).toBe('buffered');
    await at.clock.advance('1s');
    for (const name of ['first', 'inner', 'second']) expect(reasonOf(await run.signal(name))).toBe('signal-late');
    expect(reasonOf(await run.signal('third'))).toBe('accepted');
  });

  test('when no step that may still come takes its payload, whatever those took that are over', async () => {
    const flow = orchestrator('flow', head).track(
      't',
      track('t', { input: Anything })
        .wait('a', { signal: 'go', payload: z.string() })
        .sleep('nap', '1s')
        .wait('b', { signal: 'go', payload: z.number() }),
    );
    await using at = await open(flow);
    const run = await at.start();
    expect(reasonOf(await run.signal('go', 'x'))).toBe('accepted');
    expect(await run.signal('go', 'x')).toMatchObject({ reason: 'payload-invalid', issues: [{ path: '' }] });
    expect(reasonOf(await run.signal('go', 7))).toBe('buffered');
    await at.clock.advance('1s');
    expect(await run.result()).toEqual({ t: 7 });
  });

  test('when as many are kept as may be, and only under this name, until one of them is taken', async () => {
    await using at = await open(queue, { signalBuffer: 2 });
    const run = await at.start();
    for (const id of ['1', '2']) expect(reasonOf(await run.signal('go', { n: 1 }, { id }))).toBe('buffered');
    expect(await run.signal('go', { n: 1 }, { id: '3' })).toMatchObject({
      answer: 'refused',
      reason: 'buffer-full',
      message: expect.stringContaining('2 signals "go"'),
    });
    expect(reasonOf(await run.signal('stop'))).toBe('buffered');
    expect(reasonOf(await run.signal('go', { n: 1 }, { id: '1' }))).toBe('buffered');
    await using full = await open(queue);
    const other = await full.start();
    const answers: string[] = [];
    for (let n = 0; n < 101; n += 1) answers.push(reasonOf(await other.signal('go', { n })));
    expect([answers.indexOf('buffer-full'), answers.length]).toEqual([100, 101]);
  });

  test('when its run has ended, and there is no run to take it', async () => {
    await using at = await open(waiting());
    const run = await at.start();
    await run.signal('go', 1);
    await run.result();
    expect(await run.signal('go', 1)).toEqual({
      answer: 'refused',
      reason: 'run-ended',
      message: `Run "${run.id}" has ended: it is completed.`,
      issues: [],
    });
    expect(await at.box.run('nobody').signal('go')).toEqual({ answer: 'noSuchRun' });
    expect(await at.box.signal('nobody', 'go')).toEqual({ answer: 'noSuchRun' });
    expect(await at.box.signal({ orchestrator: 'waiting', key: 'none' }, 'go')).toEqual({ answer: 'noSuchRun' });
  });

  test('while its run is being cancelled', async () => {
    const { desk, options } = stage();
    const flow = orchestrator('flow', head)
      .track(
        'a',
        track('a', { input: Anything })
          .step('work', task('work', { input: Anything, output: Anything, cleanup: () => new Promise(() => {}) }))
          .wait('w', { signal: 'go' }),
      )
      .track('b', one('b', 'go'));
    await using box = await createSignalbox({ ...options, orchestrators: [flow], tasks: { work: () => null } });
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(desk.open).toEqual(['a/work#1']);
    await run.cancel();
    expect(await run.status()).toBe('cancelling');
    expect(reasonOf(await run.signal('go'))).toBe('signal-late');
  });

  test.each([
    ['a name that is none', ['', 1], 'name'],
    ['a name that is not a text', [7, 1], 'name'],
    ['a name that is longer than any', ['n'.repeat(201), 1], 'name'],
    ['an id that is empty', ['go', 1, { id: '' }], 'id'],
    ['an id that is not a text', ['go', 1, { id: 7 }], 'id'],
    ['an id that is too long', ['go', 1, { id: 'i'.repeat(201) }], 'id'],
    ['options that are none', ['go', 1, 'id-1'], 'options'],
    ['options that there are not', ['go', 1, { key: 'id-1' }], 'key'],
  ])('with an error when it is sent with %s', async (_, args, option) => {
    await using at = await open(waiting());
    const run = await at.start();
    const error = await rejection((run.signal as (...given: unknown[]) => Promise<unknown>)(...args));
    expect(error).toMatchObject({ code: 'option-invalid', fields: { option } });
    expect(await run.status()).toBe('waiting');
  });

  test('with an error when the box is closed, also if that comes in between', async () => {
    for (const [, place] of places) {
      const at = await open(waiting(), { store: place()(), idleRuns: 0 });
      const run = await at.start();
      const sent = run.signal('go', 1).catch((error: unknown) => error);
      const cancelled = run.cancel().catch((error: unknown) => error);
      await at.box.close();
      expect(await soon(sent)).toMatchObject({ code: 'box-closed' });
      expect(await soon(cancelled)).toMatchObject({ code: 'box-closed' });
      await expect(run.signal('go', 1)).rejects.toMatchObject({ code: 'box-closed' });
      await expect(at.box.signal({ orchestrator: 'waiting', key: 'k' }, 'go')).rejects.toMatchObject({
        code: 'box-closed',
      });
    }
  });
});

describe('a signal without an id', () => {
  test('is a new one, also when the ids of runs are made by somebody who begins anew', async () => {
    const clock = fakeClock();
    const flow = queue;
    await using box = await createSignalbox({ orchestrators: [flow], clock, ids: () => 'always the same' });
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(await run.signal('go', { n: 1 })).toEqual({ answer: 'buffered' });
    expect(await run.signal('go', { n: 2 })).toEqual({ answer: 'buffered' });
    expect((await eventsOf(run)).filter(({ type }) => type === 'signal.buffered')).toHaveLength(2);
  });
});

test('a run is reached by the key that it was started under', async () => {
  await using at = await open(waiting());
  const run = await at.start(null, { key: 'order-17' });
  expect(await at.box.signal({ orchestrator: 'waiting', key: 'order-17' }, 'go', 1)).toEqual({
    answer: 'accepted',
    step: 't/w',
  });
  expect(await run.result()).toEqual({ t: 1 });
});

describe.each(places)('a signal that is sent twice, in %s,', (_, place) => {
  test('is answered as the first time, and changes nothing (S17)', async () => {
    await using at = await open(queue, { store: place()(), idleRuns: 0 });
    const run = await at.start();
    const first = await run.signal('go', { n: 1 }, { id: 's' });
    const before = await historyOf(run);
    expect(await run.signal('go', { n: 2 }, { id: 's' })).toEqual(first);
    expect(await run.signal('other', 7, { id: 's' })).toEqual(first);
    expect(await historyOf(run)).toEqual(before);
    await at.clock.advance('1s');
    // It has been taken since, and its sender was told that it is kept.
    expect(await run.signal('go', { n: 3 }, { id: 's' })).toEqual({ answer: 'buffered' });
    expect(await run.signal('go', { n: 4 }, { id: 's2' })).toEqual({ answer: 'accepted', step: 't/b' });
    expect(await run.signal('go', { n: 4 }, { id: 's2' })).toEqual({ answer: 'accepted', step: 't/b' });
    await run.signal('stop', 'x', { id: 's3' });
    expect(await run.result()).toEqual({ t: [{ n: 1 }, { n: 4 }, 'x'] });
    // For a run that has ended, too: whoever asks again learns what came of it.
    expect(await run.signal('go', { n: 1 }, { id: 's' })).toEqual({ answer: 'buffered' });
    expect(await run.signal('stop', 'x', { id: 's3' })).toEqual({ answer: 'accepted', step: 't/c' });
    expect(await run.signal('stop', 'x', { id: 's4' })).toMatchObject({ reason: 'run-ended' });
  });

  test('at once, many times, is taken once, and all senders are told the same', async () => {
    await using at = await open(queue, { store: place()(), idleRuns: 0 });
    const run = await at.start();
    const early = await Promise.all([1, 2, 3, 4].map((n) => run.signal('go', { n }, { id: 's' })));
    expect(early).toEqual(new Array(4).fill({ answer: 'buffered' }));
    await at.clock.advance('1s');
    const taken = await Promise.all([5, 6, 7].map((n) => run.signal('go', { n }, { id: 't' })));
    expect(taken).toEqual(new Array(3).fill({ answer: 'accepted', step: 't/b' }));
    await run.signal('stop');
    expect(await run.result()).toEqual({ t: [{ n: 1 }, { n: 5 }, null] });
  });

  test('to a box and to the next one is taken once', async () => {
    const next = place();
    const clock = fakeClock();
    {
      await using first = await open(queue, { store: next(), clock });
      const run = await first.start(null, { id: 'r' });
      await run.signal('go', { n: 1 }, { id: 's' });
    }
    await using second = await open(queue, { store: next(), clock });
    const run = second.box.run('r');
    expect(await run.signal('go', { n: 2 }, { id: 's' })).toEqual({ answer: 'buffered' });
    expect(await run.signal('go', { n: 3 }, { id: 't' })).toEqual({ answer: 'buffered' });
    await clock.advance('1s');
    expect(await run.signal('stop')).toMatchObject({ answer: 'accepted' });
    expect(await run.result()).toEqual({ t: [{ n: 1 }, { n: 3 }, null] });
  });

  test('is free again if it was refused', async () => {
    await using at = await open(queue, { store: place()(), signalBuffer: 1 });
    const run = await at.start();
    expect(reasonOf(await run.signal('nope', null, { id: 's' }))).toBe('signal-unknown');
    expect(reasonOf(await run.signal('go', { n: 1 }, { id: 'full' }))).toBe('buffered');
    expect(reasonOf(await run.signal('go', { n: 2 }, { id: 's' }))).toBe('buffer-full');
    await at.clock.advance('1s');
    expect(reasonOf(await run.signal('go', { n: 2 }, { id: 's' }))).toBe('accepted');
    expect(reasonOf(await run.signal('go', { n: 2 }, { id: 's' }))).toBe('accepted');
  });

  test('counts once for each run', async () => {
    await using at = await open(waiting(), { store: place()() });
    const [a, b] = [await at.start(), await at.start()];
    expect(reasonOf(await a.signal('go', 1, { id: 's' }))).toBe('accepted');
    expect(reasonOf(await b.signal('go', 2, { id: 's' }))).toBe('accepted');
    expect([await a.result(), await b.result()]).toEqual([{ t: 1 }, { t: 2 }]);
  });
});
