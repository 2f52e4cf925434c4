/** Collections of more than a thousand items: what is read of them when their run is taken back, which is next to nothing. */
import { createSignalbox, memory, type Store, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { isTerminal } from '../../src/status.ts';
import type { RunChange } from '../../src/store.ts';
import { Anything } from '../helpers/stage.ts';
import { echo, flowOf } from '../helpers/track-play.ts';

const t = (name = 't') => track(name, { input: Anything });
const LAST = 1_200;
/** All but the last one end at once, and that one a minute later. */
const flow = flowOf(
  t().map('m', {
    over: `0..${LAST}`,
    each: t('item')
      .branch('b', { when: [[({ input }) => input === LAST, t('nap').sleep('nap', '1m')]], otherwise: null })
      .step('s', echo, ({ input }) => input),
  }),
);

/** A store that says what children it was asked for. */
function watched(over: Partial<Store> = {}) {
  const store = memory();
  const asked: string[] = [];
  const all: Store = {
    ...store,
    ...over,
    readChildren: (run, parents, page) => {
      asked.push(`rows of ${parents.join()}`);
      return store.readChildren(run, parents, page);
    },
    countChildren: (run, parent) => {
      asked.push(`counts of ${parent}`);
      return store.countChildren(run, parent);
    },
  };
  return { store, asked, all };
}

describe('a collection of many items whose run is taken back', () => {
  test.each([
    ['knows itself how many have ended, and reads what they have left behind when it is needed', true],
    ['has them counted, if its row is from before it knew', false],
  ])('%s', async (_, knows) => {
    const { store, asked, all } = watched();
    const clock = fakeClock();
    const open = (store: Store) => createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} });
    {
      await using first = await open(all);
      await first.start(flow, { id: 'r', input: null });
      await expect.poll(() => store.countChildren('r', 't/m')).toEqual({ completed: LAST, running: 1 });
    }
    const forgetful: Store = { ...all, readOpen: async (run) => withoutTally(await store.readOpen(run)) };
    await using second = await open(knows ? all : forgetful);
    await second.recovered;

    const rows = 'rows of ,t,t/m/1200,t/m/1200/b,t/m/1200/b/nap';
    expect(asked).toEqual(knows ? [rows] : [rows, 'counts of t/m']);
    await clock.advance('1m');
    expect(await second.run('r').result()).toEqual({ t: Array.from({ length: LAST + 1 }, (_, at) => at) });
    expect(asked.filter((each) => each.includes(',t/m')).length).toBeGreaterThan(1);
  });

  test('knows after every commit what its rows say, whatever becomes of its items and of its process (I3)', async () => {
    const flaky = task('flaky', {
      input: Anything,
      output: Anything,
      retry: { maxAttempts: 2, delay: '10s' },
      run: async ({ input, attempt }) => {
        if (input % 3 === 0 && attempt === 1) throw new Error('busy');
        if (input % 7 === 0) throw new Error('no');
        return input;
      },
    });
    const many = flowOf(t().map('m', { over: '1..1100', each: flaky, strategy: 'bestEffort', collect: false }));
    const { store, all } = watched();
    const wrong: unknown[] = [];
    let commits = 0;
    let said: unknown = null;
    const checked: Store = {
      ...all,
      async commit(changes) {
        await store.commit(changes);
        commits += 1;
        said = talliedIn(changes) ?? said;
        if (said !== null) {
          const counts = Object.entries(await store.countChildren('r', 't/m'));
          const sum = (of: (status: string) => boolean) =>
            counts.reduce((all, [status, count]) => all + (of(status) ? count : 0), 0);
          const rows = [sum(isTerminal), sum((status) => status === 'completed'), sum((status) => status === 'failed')];
          if (String(said) !== String(rows)) wrong.push([said, rows]);
        }
      },
    };
    const clock = fakeClock();
    const open = () => createSignalbox({ orchestrators: [many], store: checked, clock, logger: () => {} });
    // Each box dies at another moment.
    for (const rounds of [3, 40, 5, 200, 17, 90]) {
      await using box = await open();
      await box.start(many, { id: 'r', input: null });
      const until = commits + rounds / 4;
      for (let round = 0; round < rounds && commits < until; round += 1) await new Promise(setImmediate);
      await clock.advance('11s');
    }
    await using last = await open();
    await last.recovered;
    await clock.advance('1h');

    expect(await last.run('r').result()).toEqual({ t: { expanded: 1_100, filtered: 0, completed: 943, failed: 157 } });
    expect(wrong).toEqual([]);
    expect(commits).toBeGreaterThan(30);
  });
});

type Found = Awaited<ReturnType<Store['readOpen']>>;

function withoutTally(found: Found): Found {
  if (found === null) return null;
  const before = JSON.stringify(found.open);
  expect(before).toContain('"tally":[');
  return { ...found, open: JSON.parse(before.replace(/,"tally":\[[^\]]*\]/, '')) };
}

/** What the row of the collection says of how many have ended, if it is in this commit. */
function talliedIn(changes: readonly RunChange[]): unknown {
  const row = changes.flatMap(({ actors }) => actors).find(({ path }) => path === 't/m');
  return (row?.memory as { kept?: { tally?: unknown } } | undefined)?.kept?.tally ?? null;
}
