/** A pause goes down to child runs, and so does a resume, also over a crash (S15). */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { StoreUnusable } from 'signalbox/errors';
import { type CrashPoint, crashAt, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, faultsOfHistory, historyOf, never, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

const input = { input: Anything } as const;
const head = { version: '1', input: Anything } as const;
const work = task('work', { ...input, output: Anything, run: never });
const leaf = orchestrator('leaf', head).track('l', track('l', input).step('one', work).step('two', work));
const middle = orchestrator('middle', head).track(
  'm',
  track('m', input).run('below', { orchestrator: leaf, id: () => 'leaf', input: () => 1 }),
);
const apart = orchestrator('apart', head).track('x', track('x', input).step('one', work).step('two', work));
const top = orchestrator('top', head)
  .track('a', track('a', input).run('child', { orchestrator: middle, id: () => 'middle', input: () => 1 }))
  .track('b', track('b', input).run('alone', { orchestrator: apart, detach: true, id: () => 'apart', input: () => 1 }));

async function opened(more: object = {}) {
  const { desk, clock, lines, options } = stage();
  return {
    desk,
    lines,
    clock,
    options,
    box: clock.follow(await createSignalbox({ orchestrators: [top], ...options, ...more })),
  };
}

const statuses = (box: Awaited<ReturnType<typeof opened>>['box']) =>
  Promise.all(['r', 'middle', 'leaf', 'apart'].map((id) => box.run(id).status()));

describe('a run that is paused', () => {
  test('has its child runs stand still, and theirs, but for those that are detached; they go on with it (S15)', async () => {
    const { desk, box } = await opened();
    await using _ = box;
    const run = await box.start(top, { id: 'r', input: null });
    await settled(box);
    await run.pause();
    await settled(box);
    expect(await statuses(box)).toEqual(['paused', 'paused', 'paused', 'running']);
    desk.give('l/one#1', 1);
    await settled(box);
    expect(desk.begun).not.toContain('l/two#1');
    await run.resume();
    await settled(box);
    expect(await statuses(box)).toEqual(['waiting', 'waiting', 'running', 'running']);
    desk.give('l/two#1', 2);
    await settled(box);
    expect(await run.result()).toMatchObject({ a: { m: { l: 2 } } });
    for (const id of ['r', 'middle', 'leaf']) {
      expect((await historyOf(box.run(id))).filter((each) => /paused|resumed/.test(each))).toEqual([
        'run.paused',
        'run.resumed',
      ]);
      expect(await faultsOfHistory(box.run(id))).toEqual([]);
    }
  });

  test('while its child is only being started, has that one stand still, too (S15)', async () => {
    const inner = memory();
    const slow = Promise.withResolvers<void>();
    let reads = 0;
    // Whether the child is there already is asked before it is started; the store takes its time.
    const readRun: Store['readRun'] = async (run) => {
      if (run === 'leaf') reads += 1;
      if (run === 'leaf' && reads === 1) await slow.promise;
      return inner.readRun(run);
    };
    const { desk, box } = await opened({ orchestrators: [middle, leaf], store: wrapped({ readRun }, inner) });
    await using _ = box;
    await box.start(middle as never, { id: 'middle', input: null } as never);
    await settled();
    expect(reads).toBe(1);
    await box.run('middle').pause();
    await settled();
    slow.resolve();
    await settled(box);
    expect(await box.run('leaf').status()).toBe('paused');
    desk.give('l/one#1', 1);
    await settled(box);
    expect(desk.begun).toEqual(['l/one#1']);
  });

  test.each([
    [false, 'paused'],
    [true, 'running'],
  ])(
    'asks a store again that could not be read for its child, and says so; where that will not pass (%s) it stays (S15, R4)',
    async (isLasting, status) => {
      const inner = memory();
      let isAway = false;
      const readRun: Store['readRun'] = (run) => {
        if (!isAway || run !== 'leaf') return inner.readRun(run);
        throw new StoreUnusable({ store: 'the store', reason: 'it is away', isLasting });
      };
      const {
        clock,
        box,
        lines: told,
      } = await opened({ orchestrators: [middle, leaf], store: wrapped({ readRun }, inner) });
      await using _ = box;
      await box.start(middle as never, { id: 'middle', input: null } as never);
      await settled(box);
      isAway = true;
      await box.run('middle').pause();
      await settled();
      expect(told.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Child run "leaf" could not be told to pause with its parent: .*away/),
      ]);
      isAway = false;
      await clock.advance('1s');
      await settled(box);
      expect([await box.run('leaf').status(), told.length]).toEqual([status, 1]);
    },
  );

  test('does not let a child go on that somebody has paused, nor hold one that somebody lets go on (S15)', async () => {
    const { desk, box } = await opened();
    await using _ = box;
    const run = await box.start(top, { id: 'r', input: null });
    await settled(box);
    await box.run('leaf').pause();
    await run.pause();
    await settled(box);
    await run.resume();
    await settled(box);
    expect(await statuses(box)).toEqual(['waiting', 'waiting', 'paused', 'running']);
    await run.pause();
    await settled(box);
    // Of all that hold it up.
    await box.run('leaf').resume();
    expect(await statuses(box)).toEqual(['paused', 'paused', 'running', 'running']);
    desk.give('l/one#1', 1);
    await settled(box);
    desk.give('l/two#1', 2);
    await settled(box);
    // What waited for it had nothing else to begin.
    expect(await run.result()).toMatchObject({ a: { m: { l: 2 } } });
  });

  test.each([
    ['before commit', 1],
    ['before commit', 2],
    ['before commit', 3],
    ['after commit', 1],
    ['after commit', 2],
    ['after commit', 3],
  ] as readonly (readonly [CrashPoint, number])[])(
    'tells its children, and that they are to go on, also if its process dies %s, at pass %i after the word (S15, I3)',
    async (point, pass) => {
      for (const word of ['pause', 'resume'] as const) {
        const store = memory();
        const { clock, options, box } = await opened({ store });
        await box.start(top, { id: 'r', input: null });
        await settled(box);
        if (word === 'resume') await box.run('r').pause();
        await settled(box);
        await box.close();

        const doomed = crashAt(point, pass, { store, clock });
        const second = await createSignalbox({
          ...options,
          ...doomed.options,
          executor: options.executor,
          orchestrators: [top],
        });
        await second.recovered;
        const said = second.run('r')[word]();
        await Promise.race([said, doomed.crashed]);
        for (let round = 0; round < 50 && !doomed.dead; round += 1)
          await new Promise((resolve) => setImmediate(resolve));
        expect(doomed.dead).toBe(true);

        await using third = clock.follow(await createSignalbox({ orchestrators: [top], ...options, store }));
        await third.recovered;
        await settled(third);
        // Whoever asked was not told, and asks again.
        if (point === 'before commit' && pass === 1) await third.run('r')[word]();
        await settled(third);
        const is = word === 'pause' ? ['paused', 'paused', 'paused'] : ['waiting', 'waiting', 'running'];
        expect((await statuses(third)).slice(0, 3)).toEqual(is);
      }
    },
  );
});
