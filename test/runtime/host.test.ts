/** The host: commit before effect (I1), one writer (I2), runs in and out of memory, starting twice (S17), closing. */
import { createSignalbox, memory, type Store, type Signalbox } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { called, endless, playing, scenarios, WAITING } from '../helpers/scenarios.ts';
import {
  eventsOf,
  fakeClock,
  faultsOfHistory,
  graphOf,
  historyOf,
  hurriedClock,
  rejection,
  settled,
  soon,
  stage,
  statusesOf,
} from '../helpers/stage.ts';
import { held, later, wrapped } from '../helpers/stores.ts';

const one = graphOf({ a: [] });
const two = graphOf({ a: [], b: ['a'] });

test('no body begins before the commit that asked for it has resolved (I1)', async () => {
  const { desk, options } = stage();
  const { store, waiting } = held();
  await using box = await createSignalbox({ orchestrators: [two], ...options, store });
  let started = false;
  const starting = box.start(two, { input: null }).then((run) => {
    started = true;
    return run;
  });
  await settled();
  expect([waiting.length, desk.begun, started]).toEqual([1, [], false]);
  waiting.shift()?.();
  const run = await starting;
  expect(desk.begun).toEqual(['a/work#1']);
  desk.give('a/work#1');
  await settled();
  expect([waiting.length, desk.begun]).toEqual([1, ['a/work#1']]);
  expect((await statusesOf(run)).a).toBe('running');
  waiting.shift()?.();
  await settled();
  expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
  desk.give('b/work#1');
  await settled();
  waiting.shift()?.();
  expect((await run.outcome()).status).toBe('completed');
});

test('a body is not told to end before the cancel is committed (I1)', async () => {
  const { desk, options } = stage();
  const { store, waiting } = held();
  await using box = await createSignalbox({ orchestrators: [one], ...options, store });
  const starting = box.start(one, { input: null });
  await settled();
  waiting.shift()?.();
  const run = await starting;
  const cancelling = run.cancel();
  await settled();
  expect(desk.job('a/work#1').signal().aborted).toBe(false);
  waiting.shift()?.();
  await cancelling;
  expect(desk.job('a/work#1').signal().aborted).toBe(true);
  await settled();
  waiting.shift()?.();
  expect((await run.outcome()).status).toBe('cancelled');
});

test('turns of many runs share a commit, and there is never more than one commit under way (I3)', async () => {
  const { desk, options } = stage();
  let underWay = 0;
  let most = 0;
  const inner = memory();
  const store = wrapped(
    {
      async commit(changes) {
        underWay += 1;
        most = Math.max(most, underWay);
        await settled();
        inner.commit(changes);
        underWay -= 1;
      },
    },
    inner,
  );
  await using box = await createSignalbox({ orchestrators: [one], ...options, store });
  const runs = await Promise.all(Array.from({ length: 100 }, (_, id) => box.start(one, { id: `r${id}`, input: null })));
  expect(box.counts.commits).toBeLessThanOrEqual(2);
  expect(desk.begun).toHaveLength(100);
  expect(most).toBe(1);
  await Promise.all(runs.map((run) => run.cancel()));
  await Promise.all(runs.map((run) => run.outcome()));
  expect(box.counts.commits).toBeLessThanOrEqual(8);
});

describe('the same scenario has the same history', () => {
  /** Plays each scenario; every event of each. */
  async function playAll(more: { store?: () => Store; lane?: 'table' | 'xstate'; idleRuns?: number }) {
    const told: { [flow: string]: unknown } = {};
    for (const flow of [...scenarios, endless]) {
      called.length = 0;
      const clock = fakeClock();
      const { store = memory, ...rest } = more;
      await using box = clock.follow(
        await createSignalbox({ orchestrators: [flow], clock, logger: () => {}, ...rest, store: store() }),
      );
      playing.box = box as unknown as Signalbox;
      const run = await box.start(flow, { id: 'r', input: null });
      if (flow === endless) await run.cancel({ reason: 'enough' });
      await clock.advance('1h');
      const events = await eventsOf(run);
      // A stack differs by where it was made.
      told[flow.name] = JSON.parse(JSON.stringify(events, (key, value) => (key === 'stack' ? undefined : value)));
      expect(await faultsOfHistory(run)).toEqual([]);
      if (flow === endless) expect(called.filter((key) => key.startsWith('told'))).toHaveLength(WAITING);
    }
    return told;
  }

  test('whichever lane steps the machines (P111)', async () => {
    expect(await playAll({ lane: 'xstate' })).toEqual(await playAll({ lane: 'table' }));
  });
  test('in a store that answers with promises', async () => {
    expect(await playAll({ store: () => later() })).toEqual(await playAll({}));
  });
  test('when idle runs are thrown out of memory at once, in either lane', async () => {
    const clean = await playAll({});
    expect(await playAll({ idleRuns: 0 })).toEqual(clean);
    expect(await playAll({ idleRuns: 0, lane: 'xstate' })).toEqual(clean);
    expect(await playAll({ idleRuns: 0, store: () => later() })).toEqual(clean);
  });
});

describe('a run that waits for its next attempt', () => {
  const flow = scenarios.find(({ name }) => name === 'retries')!;

  test('is out of memory meanwhile, and goes on from its rows when the time has come', async () => {
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, idleRuns: 0 }));
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(box.counts).toMatchObject({ inMemory: 0, timers: 2 });
    expect(await run.status()).toBe('waiting');
    await clock.advance('10s');
    expect(await run.result()).toEqual({ a: 3, b: 3 });
    expect(box.counts).toMatchObject({ inMemory: 0, timers: 0 });
  });

  const cancelledOutOfMemory = async (lane: 'table' | 'xstate') => {
    const clock = fakeClock();
    await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, lane, idleRuns: 0 }));
    const run = await box.start(flow, { input: null });
    await settled(box);
    await run.cancel({ reason: 'enough' });
    await expect(run.result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
    expect(box.counts.timers).toBe(0);
  };
  test('can be cancelled out of memory, and its timers go with it (S14)', () => cancelledOutOfMemory('table'));
  test('can be so when XState steps the machines, too (S14)', () => cancelledOutOfMemory('xstate'));

  test('that cannot be read at once is read later, and the log says so', async () => {
    let refuse = true;
    const inner = memory();
    const store = wrapped(
      {
        readOpen(run) {
          if (!refuse) return inner.readOpen(run);
          refuse = false;
          throw new Error('the disk is busy');
        },
      },
      inner,
    );
    const lines: string[] = [];
    const logger = ({ message }: { message: string }) => void lines.push(message);
    await using box = await createSignalbox({
      orchestrators: [flow],
      store,
      logger,
      clock: hurriedClock(),
      idleRuns: 0,
    });
    const run = await box.start(flow, { input: null });
    expect(await soon(run.result())).toEqual({ a: 3, b: 3 });
    expect(lines.filter((line) => line.includes('the disk is busy'))).toHaveLength(1);
    expect(await faultsOfHistory(run)).toEqual([]);
  });
});

test('a fake clock moves on when a commit has failed and is to be repeated (I3, I4)', async () => {
  const { clock, options, desk } = stage();
  const inner = memory();
  let broken = true;
  const store = wrapped(
    {
      commit(changes) {
        if (broken) throw new Error('the disk is full');
        return inner.commit(changes);
      },
    },
    inner,
  );
  const box = await createSignalbox({ orchestrators: [one], ...options, store });
  clock.follow(box);
  const starting = box.start(one, { input: null });
  const advancing = clock.advance('1s').then(() => {
    broken = false;
    return clock.advance('1m');
  });
  try {
    await soon(advancing);
    await starting;
    expect(desk.begun).toEqual(['a/work#1']);
  } finally {
    // A closed box is quiet, so that the clock is let go.
    starting.catch(() => {});
    await box.close();
  }
});

describe('starting', () => {
  test('twice under one id, at once or later, gives one run (S17)', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [one], ...options, store: later() });
    const [left, right] = await Promise.all([
      box.start(one, { id: 'r', input: { a: 1, b: 2 } }),
      box.start(one, { id: 'r', input: { b: 2, a: 1 } }),
    ]);
    await box.start(one, { id: 'r', input: { a: 1, b: 2 } });
    await settled(box);
    expect(desk.begun).toEqual(['a/work#1']);
    desk.give('a/work#1', 'out');
    expect(await Promise.all([left.result(), right.result()])).toEqual([{ a: 'out' }, { a: 'out' }]);
    const again = await box.start(one, { id: 'r', input: { a: 1, b: 2 } });
    expect(await again.result()).toEqual({ a: 'out' });
    expect(desk.begun).toEqual(['a/work#1']);
    expect((await historyOf(again)).filter((line) => line === 'run.started')).toHaveLength(1);
  });

  test('without an id gets one that the application makes, if it makes them, and with one keeps that', async () => {
    const { options } = stage();
    let made = 0;
    const ids = () => {
      made += 1;
      return `made-${made}`;
    };
    await using box = await createSignalbox({ orchestrators: [one], ...options, ids });
    const runs = [{}, { id: 'own' }, { key: 'k' }, { key: 'k' }].map((more) => box.start(one, { ...more, input: 1 }));
    const found = (await Promise.all(runs)).map(({ id }) => id);
    expect(found).toEqual(['made-1', 'own', 'made-2', 'made-2']);
  });

  test('again with another input or as another orchestrator is refused, at once or later (S17)', async () => {
    const { options } = stage();
    const other = graphOf({ a: [] }, { name: 'other' });
    await using box = await createSignalbox({ orchestrators: [one, other], ...options });
    const first = box.start(one, { id: 'r', input: 1 });
    await expect(box.start(one, { id: 'r', input: 2 })).rejects.toMatchObject({
      code: 'run-exists',
      fields: { differs: 'input' },
    });
    await first;
    await expect(box.start(one, { id: 'r', input: 2 })).rejects.toMatchObject({ code: 'run-exists' });
    await expect(box.start(other, { id: 'r', input: 1 })).rejects.toMatchObject({
      fields: { differs: 'orchestrator' },
    });
  });

  test('under an id that would make keys ambiguous is refused', async () => {
    await using box = await createSignalbox({ orchestrators: [one] });
    for (const id of ['', 'a/b', 'a#1', 'a\nb', 'x'.repeat(201), 7 as never]) {
      await expect(box.start(one, { id, input: null })).rejects.toMatchObject({
        code: 'option-invalid',
        fields: { option: 'id' },
      });
    }
  });

  test('an orchestrator that the box was not given is refused with those that it knows', async () => {
    await using box = await createSignalbox({ orchestrators: [one] });
    const stranger = graphOf({ a: [] }, { name: 'stranger' });
    await expect(box.start(stranger as typeof one, { input: null })).rejects.toMatchObject({
      code: 'orchestrator-unknown',
      fields: { orchestrator: 'stranger', known: ['graph (version 1)'] },
    });
  });
});

test('whatever is asked of a run that nobody knows is refused with its id', async () => {
  await using box = await createSignalbox({});
  const run = box.run('nobody');
  const asked = [
    run.status(),
    run.snapshot(),
    run.result(),
    run.outcome(),
    run.cancel(),
    historyOf(run),
    run.events().next(),
  ];
  for (const each of asked)
    expect(await rejection(each)).toMatchObject({ code: 'run-unknown', fields: { run: 'nobody' } });
});

describe('closing', () => {
  test('tells bodies to end, lets go of who waits, and refuses what comes after', async () => {
    const { desk, clock, options } = stage();
    const box = await createSignalbox({ orchestrators: [one], ...options });
    const run = await box.start(one, { input: null });
    const result = rejection(run.result());
    const reading = rejection(historyOf({ ...run, history: () => run.events(), snapshot: run.snapshot } as never));
    await settled(box);
    await Promise.all([box.close(), box.close()]);

    expect(desk.job('a/work#1').signal().reason).toMatchObject({ code: 'box-closed' });
    expect(await result).toMatchObject({ code: 'box-closed' });
    // Not the end of the run, so not the end of its events either.
    expect(await reading).toMatchObject({ code: 'box-closed' });
    for (const each of [box.start(one, { input: null }), run.status(), run.result(), run.cancel(), run.snapshot()]) {
      expect(await rejection(each)).toMatchObject({ code: 'box-closed' });
    }
    desk.give('a/work#1');
    expect(clock.pending).toBe(0);
    await box.close();
  });

  test('reads nothing of a store that has been closed', async () => {
    const { options } = stage();
    const inner = memory();
    let closed = false;
    const open = <A extends unknown[], R>(call: (...args: A) => R) => {
      return (...args: A): R => {
        if (closed) throw new Error('the store was used after it was closed');
        return call(...args);
      };
    };
    const store = wrapped(
      {
        readRun: open(inner.readRun),
        readEvents: open(inner.readEvents),
        readOpen: open(inner.readOpen),
        close: () => {
          closed = true;
        },
      },
      inner,
    );
    const box = await createSignalbox({ orchestrators: [one], ...options, store });
    const run = await box.start(one, { input: null });
    const result = rejection(run.result());
    const read: string[] = [];
    const reading = (async () => {
      for await (const { type } of run.events()) read.push(type);
    })();
    await settled(box);
    await box.close();

    expect(await result).toMatchObject({ code: 'box-closed' });
    expect(await rejection(reading)).toMatchObject({ code: 'box-closed' });
    expect(read).toHaveLength(3);
  });

  test('while a start cannot be committed does not say that the run was started (I3)', async () => {
    const { options } = stage();
    const store = wrapped({
      commit() {
        throw new Error('the disk is full');
      },
    });
    const box = await createSignalbox({ orchestrators: [one], ...options, store });
    const starting = box.start(one, { id: 'r', input: null }).then(
      () => 'started',
      (error) => error.code,
    );
    await settled();
    await box.close();
    expect(await soon(starting)).toBe('box-closed');
  });

  test('commits what was taken before it', async () => {
    const { desk, options } = stage();
    const store = later();
    const box = await createSignalbox({ orchestrators: [two], ...options, store });
    await box.start(two, { id: 'r', input: null });
    desk.give('a/work#1', 'kept');
    await box.close();
    const rows = await store.readActors('r');
    expect(rows.find(({ path }) => path === 'a/work')).toMatchObject({ state: 'completed', output: 'kept' });
  });
});
