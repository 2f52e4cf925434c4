/** Starts of which a key has one at a time (S30): singletons, and starts that are debounced. */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, rejection, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';

const head = { version: '1', input: z.object({ n: z.number() }) } as const;
const work = task('work', { input: Anything, output: Anything, run: ({ input }) => input });
const steps = track('a', { input: Anything }).step('work', work, ({ input }) => input);
const flow = orchestrator('flow', head)
  .track('a', steps, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.a);
const saving = orchestrator('saving', { ...head, debounce: '5s' })
  .track('a', steps, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.a);
const orchestrators = [flow, saving] as const;

async function opened(more: object = {}) {
  const { desk, clock, options } = stage();
  return { desk, clock, box: clock.follow(await createSignalbox({ orchestrators, ...options, ...more })) };
}

describe('a singleton', () => {
  test('that is live is what a second start joins, whatever its input; once it has ended there is another one (S30)', async () => {
    const { desk, box } = await opened();
    await using _ = box;
    const first = await box.start(flow, { input: { n: 1 }, singleton: 'acme' });
    const [second, other] = [
      await box.start(flow, { input: { n: 2 }, singleton: { key: 'acme' } }),
      await box.start(flow, { input: { n: 3 }, singleton: 'other' }),
    ];
    expect(second.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
    await settled(box);
    expect(desk.begun).toEqual(['a/work#1', 'a/work#1']);
    await first.cancel();
    await first.outcome();
    const third = await box.start(flow, { input: { n: 4 }, singleton: 'acme' });
    expect(third.id).not.toBe(first.id);
    expect((await third.snapshot()).input).toEqual({ n: 4 });
  });

  test('has a run whose id begins with its key, of which at most 150 characters are said (S30)', async () => {
    const { box } = await opened();
    await using _ = box;
    const ids: string[] = [];
    for (const singleton of ['acme', 'x'.repeat(150), `y${'z'.repeat(199)}`])
      ids.push((await box.start(flow, { input: { n: 1 }, singleton })).id);
    expect(ids.map((id) => id.slice(0, id.indexOf('~')))).toEqual(['acme', 'x'.repeat(150), `y${'z'.repeat(149)}`]);
    const saved = await box.start(saving, { input: { n: 1 }, debounce: 'doc' });
    expect(saved.id).toMatch(/^doc~[\w-]{21}$/);
  });

  test('refuses a second start, or makes way for it, if that says so (S30)', async () => {
    const { box } = await opened();
    await using _ = box;
    const first = await box.start(flow, { input: { n: 1 }, singleton: 'acme' });
    expect(
      await rejection(box.start(flow, { input: { n: 2 }, singleton: { key: 'acme', whenLive: 'refuse' } })),
    ).toMatchObject({ code: 'run-live', fields: { run: first.id, orchestrator: 'flow', key: 'acme' } });
    const next = await box.start(flow, { input: { n: 2 }, singleton: { key: 'acme', whenLive: 'cancelOther' } });
    expect(next.id).not.toBe(first.id);
    expect([await first.status(), await next.status()]).toEqual(['cancelled', 'running']);
  });

  test('is one however many start it at once, in whichever process, and after a crash (S30, S17)', async () => {
    const store = memory();
    const { box } = await opened({ store });
    const started = await Promise.all(
      Array.from({ length: 20 }, (_, n) => box.start(flow, { input: { n }, singleton: 'acme' })),
    );
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    await box.close();
    const { box: next } = await opened({ store });
    await using _ = next;
    expect((await next.start(flow, { input: { n: 9 }, singleton: 'acme' })).id).toBe(started[0]?.id);
    expect((await next.runs()).runs).toHaveLength(1);
  });

  test('is the one that another process has begun while a hook held this one up and the last run was deleted (S30)', async () => {
    const inner = memory();
    let begun: RunChange | undefined;
    const store = wrapped(
      {
        commit(changes) {
          for (const change of changes) if (change.after === 0) begun = change;
          return inner.commit(changes);
        },
      },
      inner,
    );
    let meanwhile = async (): Promise<void> => {};
    const { box } = await opened({ store, hooks: [{ name: 'gate', beforeRun: () => meanwhile() }] });
    await using _ = box;
    const ended = async (n: number) => {
      const run = await box.start(flow, { input: { n }, singleton: 'acme' });
      await run.cancel();
      await run.outcome();
      return run;
    };
    const first = await ended(1);
    await ended(2);
    const last = await ended(3);
    // Nobody who has forgotten the others comes to them by it.
    await first.delete();
    meanwhile = async () => {
      meanwhile = async () => {};
      await last.delete();
      // What the other process begins follows the same run as the one that was deleted.
      await inner.commit([JSON.parse(JSON.stringify(begun).replaceAll(last.id, 'acme~other')) as RunChange]);
    };

    const run = await box.start(flow, { input: { n: 4 }, singleton: 'acme' });

    expect(run.id).toBe('acme~other');
    expect((await box.runs()).runs.map(({ status }) => status)).toEqual(['cancelled', 'running']);
  });

  test('takes neither an id nor a key of its own, nor what is no key', async () => {
    const { box } = await opened();
    await using _ = box;
    for (const options of [
      { singleton: 'a', id: 'r' },
      { singleton: 'a', key: 'k' },
      { singleton: '' },
      { singleton: 'a/b' },
      { singleton: { key: 'a', whenLive: 'wait' } },
      { singleton: { key: 'a', when: 1 } },
      { singleton: 7 },
      { singleton: null },
      { singleton: 'a', debounce: 'b' },
      { debounce: 'b' },
    ])
      expect(await rejection(box.start(flow, { input: { n: 1 }, ...options } as never))).toMatchObject({
        code: 'option-invalid',
      });
    expect(await rejection(box.start(flow, { input: {} as never, singleton: 'a' }))).toMatchObject({
      code: 'input-invalid',
    });
    expect((await box.runs()).runs).toEqual([]);
  });
});

describe('starts that are debounced', () => {
  test('are one, which begins when none has come for as long as the orchestrator says, with the last input (S30)', async () => {
    const { desk, clock, box } = await opened();
    await using _ = box;
    const first = await box.start(saving, { input: { n: 1 }, debounce: 'doc' });
    await clock.advance('3s');
    const second = await box.start(saving, { input: { n: 2 }, debounce: 'doc' });
    const other = await box.start(saving, { input: { n: 7 }, debounce: 'other' });
    await clock.advance('3s');
    const third = await box.start(saving, { input: { n: 3 }, debounce: 'doc' });
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect(other.id).not.toBe(first.id);
    await clock.advance('2s');
    expect(desk.begun).toEqual(['a/work#1']);
    desk.give('a/work#1', 'other');
    expect(await other.result()).toBe('other');
    await clock.advance('3s');
    expect(desk.job('a/work#1').input).toEqual({ n: 3 });
    desk.give('a/work#1', 'saved');
    expect(await first.result()).toBe('saved');
    const runs = (await box.runs({ orchestrator: 'saving' })).runs.map(({ input, status }) => [input, status]);
    expect(runs).toEqual([
      [{ n: 7 }, 'completed'],
      [{ n: 3 }, 'completed'],
    ]);
    expect(await faultsOfHistory(first)).toEqual([]);
  });

  test('that come when the run has begun are for another one; a cancel before that means that none begins (S14)', async () => {
    const { desk, clock, box } = await opened();
    await using _ = box;
    const first = await box.start(saving, { input: { n: 1 }, debounce: 'doc' });
    await clock.advance('5s');
    expect(desk.begun).toEqual(['a/work#1']);
    const second = await box.start(saving, { input: { n: 2 }, debounce: 'doc' });
    expect(second.id).not.toBe(first.id);
    expect((await box.start(saving, { input: { n: 3 }, debounce: 'doc' })).id).toBe(second.id);
    await second.cancel();
    await clock.advance('1m');
    expect(desk.begun).toEqual(['a/work#1']);
  });

  test('survive their process: the window goes on, and the last input is kept (S30)', async () => {
    const store = memory();
    const { clock, box } = await opened({ store });
    const first = await box.start(saving, { input: { n: 1 }, debounce: 'doc' });
    await clock.advance('1s');
    await box.start(saving, { input: { n: 2 }, debounce: 'doc' });
    await box.close();
    await using next = clock.follow(await createSignalbox({ orchestrators, store, clock, logger: () => {} }));
    await clock.advance('4s');
    expect((await next.runs({ orchestrator: 'saving' })).runs).toEqual([]);
    await clock.advance('1s');
    expect(await next.run(first.id).result()).toEqual({ n: 2 });
  });

  test('are refused if the input would be, and the orchestrator if its window is none', async () => {
    const { box } = await opened();
    await using _ = box;
    expect(await rejection(box.start(saving, { input: {} as never, debounce: 'doc' }))).toMatchObject({
      code: 'input-invalid',
    });
    const bad = orchestrator('bad', { ...head, debounce: 0 }).track('a', steps, { input: ({ input }) => input });
    expect(await rejection(createSignalbox({ orchestrators: [bad] }))).toMatchObject({
      fields: { faults: [{ code: 'bad-option', path: 'bad' }] },
    });
  });
});
