/** A process whose sign of life came too late: what it believed of its runs before that it no longer takes for sure (I2, I6). */
import { createSignalbox, memory, type Store } from 'signalbox';
import type { OpenRun, RunChange } from 'signalbox/store';
import { expect, test } from 'vitest';
import { graphOf, settled, soon, stage } from '../helpers/stage.ts';
import { alone, held, wrapped } from '../helpers/stores.ts';

const two = graphOf({ a: [], b: ['a'] });

/** A box on a store that is shared, whose commits wait for the test, and which says of each run whose it is. */
async function station() {
  const { desk, clock, lines, options } = stage();
  const inner = memory();
  const { store: slow, land } = held(inner);
  const asked: string[] = [];
  const signs = { given: 0 };
  const others = new Set<string>();
  /** Somebody has abandoned these, in another process. */
  const abandoned = new Set<string>();
  /** They were another's, and are this process's own again. */
  const regained = new Set<string>();
  /** Another has ended them, and somebody has deleted them. */
  const gone = new Set<string>();
  const store: Store = wrapped(
    {
      shared: alone,
      readOpen(run) {
        asked.push(run);
        const found = inner.readOpen(run) as OpenRun | null;
        if (found === null || gone.has(run)) return null;
        if (regained.has(run)) return { ...found, fence: found.fence + 1 };
        if (others.has(run)) return { ...found, owner: 'another', fence: found.fence + 1 };
        if (!abandoned.has(run)) return found;
        const row = { ...found.row, status: 'cancelled', reason: 'enough', endedAt: 1 } as const;
        return { ...found, owner: null, row, seq: found.seq + 1 };
      },
      async readEvents(run, query) {
        if (!abandoned.has(run)) return inner.readEvents(run, query);
        const seq = query.after + 1;
        return [{ type: 'run.cancelled', run, path: '', seq, at: 1, reason: 'enough', abandoned: true }];
      },
      commit: (changes: readonly RunChange[]) => slow.commit(changes),
      renew() {
        signs.given += 1;
        return inner.renew();
      },
    },
    inner,
  );
  const box = await createSignalbox({ orchestrators: [two], ...options, store, lease: '9s' });
  const starting = box.start(two, { id: 'r', input: null });
  await land();
  const run = await starting;
  asked.length = 0;
  return { desk, clock, lines, box, run, land, asked, others, abandoned, regained, gone, signs };
}

test('begins nothing for a commit that it sent before that, as long as it does not know whose the run is', async () => {
  const { desk, clock, lines, box, land, asked, others } = await station();
  desk.give('a/work#1');
  await settled();
  // It stands still with the commit under way, and another goes on with the run. Then its sign of life arrives, before the word that the commit has landed.
  others.add('r');
  clock.jump(10_000);
  await clock.advance('3s');
  expect(lines.map(({ message }) => message).join()).toMatch(/No sign of life for 1\ds/);

  await land();

  expect(asked).toContain('r');
  expect(desk.begun).toEqual(['a/work#1']);
  // It is told once, and the run is in memory no more.
  const told = lines.filter(({ run }) => run === 'r').map(({ level, message }) => `${level}: ${message}`);
  expect(told).toEqual([expect.stringMatching(/^warn: .*another/)]);
  expect(box.counts.inMemory).toBe(0);
  await box.close();
});

test.each(['regained', 'gone'] as const)(
  'begins nothing by what it has in memory of a run that was another’s meanwhile: it is %s (I2, I6)',
  async (how) => {
    const at = await station();
    const { desk, clock, lines, box, land } = at;
    desk.give('a/work#1');
    await settled();
    at[how].add('r');
    clock.jump(10_000);
    await clock.advance('3s');

    await land();

    expect(desk.begun).toEqual(['a/work#1']);
    // One that was deleted is lost; one that is its own is read again by whoever has claimed it.
    const told = lines.filter(({ run }) => run === 'r').map(({ error }) => (error as { code?: string }).code);
    expect([told, box.counts.inMemory]).toEqual(how === 'gone' ? [['lease-lost'], 0] : [[], 1]);
    await box.close();
  },
);

test('a box that is closed while it waits to ask for runs again asks no more', async () => {
  const { clock, options } = stage();
  let asked = 0;
  const store = wrapped({
    shared: alone,
    claim() {
      asked += 1;
      throw new Error('the store is away');
    },
  });
  const box = clock.follow(await createSignalbox({ orchestrators: [two], ...options, store, lease: '9s' }));
  await settled();
  const before = asked;
  expect(before).toBeGreaterThan(0);

  await soon(box.close());

  expect(asked).toBe(before);
});

test('goes on with a run that is still its own, and asks for each run once', async () => {
  const { desk, clock, box, run, land, asked } = await station();
  desk.give('a/work#1');
  await settled();
  clock.jump(10_000);
  await clock.advance('3s');
  await land();
  expect(desk.begun).toEqual(['a/work#1', 'b/work#1']);
  const before = asked.length;

  desk.give('b/work#1');
  await land();

  expect((await run.outcome()).status).toBe('completed');
  expect(before).toBeGreaterThan(0);
  expect(asked).toHaveLength(before);
  await box.close();
});

test('gives signs of life when time passes, whatever the hour is: a clock that was set back is told, and asked for no more (I4, I7)', async () => {
  const { desk, clock, lines, box, run, land, asked, signs } = await station();
  clock.jump(-3_600_000);
  const before = signs.given;

  await clock.advance('9s');

  expect(signs.given).toBe(before + 3);
  const told = lines.map(({ message }) => message).filter((message) => message.startsWith('The clock of this machine'));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/was set back by more than 59m/);
  asked.length = 0;
  desk.give('a/work#1');
  await land();
  expect([desk.begun, asked]).toEqual([['a/work#1', 'b/work#1'], []]);
  desk.give('b/work#1');
  await land();
  expect((await run.outcome()).status).toBe('completed');
  await box.close();
});

test("a run that is another process's by now is a warning in the log; one that somebody has abandoned is none (S18)", async () => {
  const one = await station();
  const again = await station();
  one.others.add('r');
  again.abandoned.add('r');
  for (const { clock } of [one, again]) {
    clock.jump(10_000);
    await clock.advance('3s');
  }
  const said = ({ lines }: typeof one): readonly string[] =>
    lines.filter(({ run }) => run === 'r').map(({ level, message }) => `${level}: ${message}`);

  expect(said(one)).toEqual([expect.stringMatching(/^warn: /)]);
  expect(said(again)).toEqual([expect.stringMatching(/^info: .*enough/)]);
  expect([one.desk.open, again.desk.open]).toEqual([[], []]);
  await one.box.close();
  await again.box.close();
});
