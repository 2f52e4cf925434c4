/** Signals and commits that go wrong: none is taken twice, none is lost, and no sender is told what did not come true. */
import { createSignalbox, memory, orchestrator, type Store, track } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, soon, stage, work } from '../helpers/stage.ts';
import { held, later, mishapAt, wrapped } from '../helpers/stores.ts';
import { head, open, waiting } from '../helpers/waits.ts';

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

describe('a commit that fails', () => {
  const takes = async (store: Store): Promise<void> => {
    const { lines, options } = stage();
    const { clock } = options;
    await using box = clock.follow(
      await createSignalbox({ orchestrators: [queue], store, clock, logger: options.logger }),
    );
    const starting = box.start(queue, { input: null });
    await clock.advance(100);
    const run = await soon(starting);
    const sent = Promise.all([run.signal('go', { n: 1 }, { id: 's' }), run.signal('go', { n: 2 }, { id: 's' })]);
    await clock.advance(100);
    expect(await soon(sent)).toEqual([{ answer: 'buffered' }, { answer: 'buffered' }]);
    await clock.advance('1s');
    const taken = Promise.all([run.signal('go', { n: 3 }, { id: 't' }), run.signal('go', { n: 4 }, { id: 't' })]);
    await clock.advance('1s');
    expect(await soon(taken)).toEqual(new Array(2).fill({ answer: 'accepted', step: 't/b' }));
    const last = run.signal('stop', 'x');
    await clock.advance('1s');
    await soon(last);
    expect(await soon(run.result())).toEqual({ t: [{ n: 1 }, { n: 3 }, 'x'] });
    expect(await faultsOfHistory(run)).toEqual([]);
    expect((await historyOf(run)).filter((line) => line.startsWith('signal.')).length).toBe(4);
    expect(lines.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(1);
  };

  test.each([1, 2, 3, 4, 5].flatMap((at) => (['lost', 'unheard'] as const).map((mishap) => [at, mishap] as const)))(
    'number %i, which is %s, makes nothing of a signal twice, nor loses it (I3)',
    async (at, mishap) => {
      await takes(mishapAt(at, mishap));
      await takes(mishapAt(at, mishap, true));
    },
  );

  test('with the end of the run by somebody else leaves no promise that was never kept (I3)', async () => {
    const inner = memory();
    let failing = false;
    // The lease has gone to somebody who has ended the run meanwhile.
    const commit = (changes: readonly RunChange[]): void => {
      if (!failing) return void inner.commit(changes);
      failing = false;
      const { run, fence } = changes[0] as RunChange;
      const row = inner.readRun(run) as NonNullable<Awaited<ReturnType<Store['readRun']>>>;
      const { seq } = inner.readOpen(run) as NonNullable<Awaited<ReturnType<Store['readOpen']>>>;
      const event = { run, seq: seq + 1, at: 0, type: 'run.cancelled', path: '', reason: null } as const;
      const none = { actors: [], attempts: [], signals: [] };
      void inner.commit([
        { run, fence, after: seq, ...none, row: { ...row, status: 'cancelled', endedAt: 0 }, events: [event] },
      ]);
      throw new Error('the connection is gone');
    };
    await using at = await open(waiting(), { store: wrapped({ commit }, inner) });
    const run = await at.start();
    failing = true;
    const sent = run.signal('go', 1);
    await at.clock.advance('1s');
    expect(await soon(sent)).toMatchObject({ answer: 'refused', reason: 'run-ended' });
  });

  test('is waited for by whoever sends the same signal again, and so is one that is slow', async () => {
    const { store, waiting: commits } = held(later());
    await using at = await open(waiting(), { store });
    const starting = at.start();
    await settled();
    commits.shift()?.();
    const run = await starting;
    const sent = [run.signal('go', 1, { id: 's' })];
    await settled();
    sent.push(run.signal('go', 2, { id: 's' }));
    await settled();
    expect(commits).toHaveLength(1);
    commits.shift()?.();
    expect(await soon(Promise.all(sent))).toEqual(new Array(2).fill({ answer: 'accepted', step: 't/w' }));
    expect(await run.result()).toEqual({ t: 1 });
  });
});

describe('a signal that is kept and taken before anything of it is committed', () => {
  /** Runs whose last step waits, with a body that ends as soon as it is told to. */
  const fast = orchestrator('fast', head).track(
    't',
    track('t', { input: Anything }).step('work', work).wait('paid', { signal: 'paid', timeout: '3s' }),
  );

  /** Plays it so that the signal is kept, and the step that waits for it begins, while another commit is under way. */
  const play = async (inner: Store) => {
    const { desk, clock, options } = stage();
    const { store, waiting } = held(inner);
    const committed: RunChange[] = [];
    const seen = wrapped(
      {
        commit: (changes) => {
          committed.push(...changes);
          return store.commit(changes);
        },
      },
      store,
    );
    await using box = clock.follow(await createSignalbox({ orchestrators: [fast], store: seen, ...options }));
    const round = async () => {
      for (const go of waiting.splice(0)) go();
      await settled();
    };
    const starting = box.start(fast, { id: 'r', input: null });
    await settled();
    await round();
    const run = await starting;
    desk.job('t/work#1').progress(0.5);
    await settled();
    // A commit is under way. What comes now is one more, all together.
    const sent = run.signal('paid', { cents: 1 }, { id: 's' });
    await settled();
    desk.give('t/work#1');
    await settled();
    await round();
    await round();
    expect(await soon(sent)).toEqual({ answer: 'buffered' });
    expect(await soon(run.result())).toEqual({ t: { cents: 1 } });
    return { committed, run, history: await historyOf(run), signal: await inner.readSignal('r', 's') };
  };

  test('is one row of the commit, which says who took it (S17)', async () => {
    const { committed, history, signal } = await play(memory());
    const rows = committed.flatMap(({ signals }) => signals);
    expect(rows).toMatchObject([{ id: 's', answer: 'buffered', takenBy: 't/paid' }]);
    expect(signal).toEqual(rows[0]);
    expect(history.filter((line) => line.startsWith('signal'))).toEqual(['signal.buffered', 'signal.accepted t/paid']);
  });
});
