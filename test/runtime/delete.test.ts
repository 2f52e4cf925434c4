/** Deleting a run by call (P130): only when it has ended, with all of it, and whoever still holds or follows it is told. */
import {
  BoxClosed,
  createSignalbox,
  memory,
  orchestrator,
  RunUnfinished,
  RunUnknown,
  type Store,
  task,
  track,
} from 'signalbox';
import { crashAt } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf, graphOf, historyOf, never, rejection, settled, soon, stage } from '../helpers/stage.ts';
import { later, wrapped } from '../helpers/stores.ts';

const flow = graphOf({ a: [] });

/** A box whose jobs lie on a desk, and a run `r` of one step. */
async function begun(store: Store = memory(), what = flow) {
  const { desk, clock, lines, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [what], ...options, store }));
  const run = await box.start(what, { id: 'r', key: 'k', input: 'first' });
  return { desk, clock, lines, box, run, [Symbol.asyncDispose]: () => box.close() };
}

/** The same, with its run at its end. */
async function ended(store?: Store) {
  const at = await begun(store);
  at.desk.give('a/work#1', 'done');
  await at.run.outcome();
  return at;
}

const unknown = { code: 'run-unknown', fields: { run: 'r' } };

describe.each([
  ['that answers at once', () => memory()],
  ['that answers later', () => later()],
])('in a store %s', (_, make) => {
  test('a run that has ended is deleted, and from then on there is none of its id (P130)', async () => {
    await using at = await ended(make());
    const { box, run } = at;

    expect(await run.delete()).toBe(true);

    const asks: readonly (() => Promise<unknown>)[] = [
      () => run.status(),
      () => run.result(),
      () => run.outcome(),
      () => run.snapshot(),
      () => run.export(),
      () => run.cancel(),
      () => eventsOf(run),
      () => run.events().next(),
    ];
    for (const ask of asks) expect(await rejection(soon(ask()))).toMatchObject(unknown);
    expect(await run.signal('go')).toEqual({ answer: 'noSuchRun' });
    expect(await box.signal({ orchestrator: 'graph', key: 'k' }, 'go')).toEqual({ answer: 'noSuchRun' });
    expect(await box.runs()).toEqual({ runs: [], cursor: null });
  });

  test('deleting twice, or what never was, is no error: there is none to delete (P130)', async () => {
    await using at = await ended(make());

    expect(await Promise.all([at.run.delete(), at.box.run('r').delete()])).toEqual([true, false]);
    expect([await at.run.delete(), await at.box.run('nobody').delete()]).toEqual([false, false]);
  });

  test('a run that has not ended is refused with what it is and the way out, and goes on (P130)', async () => {
    await using at = await begun(make());
    const { desk, run } = at;

    const error = await rejection<RunUnfinished>(run.delete());

    expect(error).toBeInstanceOf(RunUnfinished);
    expect([error.code, error.fields]).toEqual(['run-unfinished', { run: 'r', status: 'running', wanted: 'deleted' }]);
    expect(desk.open).toEqual(['a/work#1']);
    await run.cancel();
    expect((await run.outcome()).status).toBe('cancelled');
    expect(await run.delete()).toBe(true);
  });

  test('a run that is started under the id or the key of one that was deleted is new, and runs its steps again (P130, S17)', async () => {
    for (const how of [{ id: 'r' }, { key: 'k' }, { id: 'r', key: 'k' }]) {
      await using at = await ended(make());
      await at.run.delete();

      const again = await at.box.start(flow, { ...how, input: 'second' });

      expect(at.desk.begun.filter((place) => place === 'a/work#1')).toHaveLength(2);
      at.desk.give('a/work#1', 'anew');
      expect(await again.result()).toEqual({ a: 'anew' });
      expect((await eventsOf(again)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect((await again.export()).run).toMatchObject({ input: 'second' });
    }
  });

  test('a closed box deletes nothing, and says so', async () => {
    const store = make();
    const { box, run } = await ended(store);
    await box.close();

    expect(await rejection(run.delete())).toBeInstanceOf(BoxClosed);
    expect(await store.readRun('r')).not.toBe(null);
  });
});

test('a run is refused until the last of it is over: while it sleeps, and while what was cancelled is tidied up (S14)', async () => {
  const tidied = Promise.withResolvers<void>();
  const slow = task('slow', { input: Anything, output: Anything, run: never, cleanup: () => tidied.promise });
  const naps = orchestrator('naps', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).sleep('nap', '1h').step('slow', slow),
  );
  await using at = await begun(memory(), naps as typeof flow);
  const { clock, run, desk } = at;
  await expect(run.delete()).rejects.toMatchObject({ fields: { status: 'waiting' } });
  await clock.advance('1h');
  expect(desk.open).toEqual(['t/slow#1']);
  await run.cancel();
  await expect(run.delete()).rejects.toMatchObject({ fields: { status: 'cancelling' } });
  tidied.resolve();
  await run.outcome();
  expect(await run.delete()).toBe(true);
});

test('a run that ended in a box before this one is deleted by it, whether it knows the definition or not', async () => {
  const store = memory();
  const { box } = await ended(store);
  await box.close();
  await using next = await createSignalbox({ orchestrators: [], store, logger: () => {} });

  expect(await next.run('r').delete()).toBe(true);
  expect(await store.readRun('r')).toBe(null);
});

test('a box that has died deletes nothing', async () => {
  const { desk, clock, options } = stage();
  const { executor } = options;
  const doomed = crashAt('after commit', 2, { clock, executor });
  const box = await createSignalbox({ orchestrators: [flow], ...options, ...doomed.options });
  const run = await box.start(flow, { id: 'r', input: null });
  desk.give('a/work#1');
  await doomed.crashed;
  void run.delete();
  await clock.advance('1h');

  expect((await doomed.underlying.readRun('r'))?.status).toBe('completed');
});

describe('whoever follows a run that is deleted', () => {
  test('is told so if it has not come to the end, and has seen what it saw (P130)', async () => {
    await using at = await begun();
    const { desk, run } = at;
    const seen: string[] = [];
    const slow = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const { type } of run.events()) {
        seen.push(type);
        if (type === 'step.started') await slow.promise;
      }
    })();
    await settled();
    desk.give('a/work#1');
    await run.outcome();
    await run.delete();
    slow.resolve();

    expect(await rejection(soon(reading))).toMatchObject(unknown);
    expect(seen).toEqual(['run.started', 'track.started', 'step.started']);
  });

  test('is not given the events of the next run of its id, which may have begun in the same instant (P130)', async () => {
    await using at = await begun();
    const { box, desk, run } = at;
    const seen: number[] = [];
    const slow = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const { seq } of run.events()) {
        seen.push(seq);
        if (seq === 3) await slow.promise;
      }
    })();
    await settled();
    desk.give('a/work#1');
    await run.outcome();
    await run.delete();
    const again = await box.start(flow, { id: 'r', input: null });
    desk.give('a/work#1');
    await again.outcome();
    slow.resolve();

    expect(await rejection(soon(reading))).toMatchObject(unknown);
    expect(seen).toEqual([1, 2, 3]);
    expect(await eventsOf(again)).toHaveLength(6);
  });

  test('has all of it if it had come to the end, and waits for nothing', async () => {
    await using at = await begun();
    const { desk, run } = at;
    const reading = (async () => {
      const types: string[] = [];
      for await (const { type } of run.events()) types.push(type);
      return types;
    })();
    await settled();
    desk.give('a/work#1');
    await soon(reading);
    await run.delete();

    expect(await reading).toContain('run.completed');
  });

  test('is told so wherever it is when the run goes, also when nobody here has deleted it', async () => {
    // Somebody else, or retention: after the page, or after the look whether the run has ended.
    for (const gone of ['after the page', 'after the look'] as const) {
      const inner = memory();
      let armed: string | null = null;
      const store = wrapped(
        {
          async readEvents(run, query) {
            const page = await inner.readEvents(run, query);
            if (armed === 'after the page' && page.length === 0) await inner.deleteRun(run);
            return page;
          },
          async readRun(run) {
            const row = await inner.readRun(run);
            if (armed === 'after the look') await inner.deleteRun(run);
            return row;
          },
        },
        inner,
      );
      await using at = await ended(store);
      const rest = at.run.events({ after: 99 });
      armed = gone;
      expect(await rejection(soon(rest.next()))).toMatchObject(unknown);
    }
  });

  test('page by page, as of the history, is told so and does not take a part for the whole', async () => {
    const inner = memory();
    // The page ends before the last event.
    const store = wrapped({ readEvents: async (...asked) => (await inner.readEvents(...asked)).slice(0, 1) }, inner);
    await using at = await ended(store);
    const types: string[] = [];
    const reading = (async () => {
      for await (const { type } of at.run.history({ after: 1 })) {
        types.push(type);
        await inner.deleteRun('r');
      }
    })();

    expect(await rejection(soon(reading))).toMatchObject(unknown);
    expect(types).toEqual(['track.started']);
  });
});

describe('what is read piece by piece', () => {
  type Handle = Awaited<ReturnType<typeof ended>>['run'];
  const reads: { readonly [name: string]: (run: Handle) => Promise<unknown> } = {
    snapshot: (run) => run.snapshot(),
    export: (run) => run.export(),
    outcome: (run) => run.outcome(),
  };

  test.each(Object.entries(reads))(
    'is unknown, and not half there, if the run is deleted meanwhile: %s (P130)',
    async (_, read) => {
      const inner = memory();
      let isArmed = false;
      const store = wrapped(
        {
          async readActors(run) {
            if (isArmed) await inner.deleteRun(run);
            return inner.readActors(run);
          },
          async readFailures(run) {
            if (isArmed) await inner.deleteRun(run);
            return inner.readFailures(run);
          },
        },
        inner,
      );
      await using at = await ended(store);
      isArmed = true;

      expect(await rejection(soon(read(at.run)))).toBeInstanceOf(RunUnknown);
    },
  );

  test('is of one run, also if it is begun anew meanwhile', async () => {
    const inner = memory();
    let between = async (): Promise<void> => {};
    const store = wrapped(
      {
        async readActors(run) {
          const then = between;
          between = async () => {};
          await then();
          return inner.readActors(run);
        },
      },
      inner,
    );
    await using at = await ended(store);
    const { box, clock, desk, run } = at;
    between = async () => {
      await inner.deleteRun('r');
      await clock.advance('1s');
      await box.start(flow, { id: 'r', input: 'second' });
    };

    expect(await soon(run.snapshot())).toMatchObject({ input: 'second', steps: { 'a/work': { status: 'running' } } });
    desk.give('a/work#1', 'anew');
    expect(await run.result()).toEqual({ a: 'anew' });
  });
});

test('deleting what somebody else has deleted and begun anew meanwhile leaves those alone who read the new one (P130)', async () => {
  const inner = memory();
  let between = async (): Promise<void> => {};
  const store = wrapped(
    {
      async deleteRun(run) {
        const then = between;
        between = async () => {};
        await then();
        return inner.deleteRun(run);
      },
    },
    inner,
  );
  await using at = await ended(store);
  const { box, desk, run } = at;
  let reading: Promise<string[]> | undefined;
  between = async () => {
    await inner.deleteRun('r');
    const again = await box.start(flow, { id: 'r', input: 'second' });
    reading = historyOf({ history: () => again.events(), snapshot: () => again.snapshot() });
    await settled();
  };

  expect(await run.delete()).toBe(false);
  await settled();
  desk.give('a/work#1', 'anew');
  expect((await soon(reading as Promise<string[]>)).at(-1)).toBe('run.completed');
});

describe('a run that is begun anew while this process has not heard yet that the one before has ended', () => {
  /** A store whose commit number `at` lands at once, and is answered when the test lets it be. */
  function unheard(at: number) {
    const inner = memory();
    const answer = Promise.withResolvers<void>();
    let count = 0;
    const store = wrapped(
      {
        async commit(changes) {
          count += 1;
          const isHeld = count === at;
          await inner.commit(changes);
          if (isHeld) await answer.promise;
        },
      },
      inner,
    );
    return { store, answer };
  }

  test.each(['it hears so later', 'the answer is lost'] as const)(
    'has nothing of that one: %s (I3, P130)',
    async (how) => {
      const { store, answer } = unheard(2);
      await using at = await begun(store);
      const { box, clock, desk, run } = at;
      desk.give('a/work#1', 'old');
      await settled();
      expect(await run.status()).toBe('completed');
      expect(await run.delete()).toBe(true);

      const starting = box.start(flow, { id: 'r', input: 'second' });
      await settled();
      if (how === 'it hears so later') answer.resolve();
      else answer.reject(new Error('the connection broke'));
      await clock.advance('1s');
      const again = await soon(starting);

      expect(await historyOf(again)).toEqual(['run.started', 'track.started a', 'step.started a/work']);
      expect(desk.begun).toEqual(['a/work#1', 'a/work#1']);
      desk.give('a/work#1', 'new');
      expect(await soon(again.result())).toEqual({ a: 'new' });
      expect(await eventsOf(again)).toHaveLength(6);
    },
  );
});
