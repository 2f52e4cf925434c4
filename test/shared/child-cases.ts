/** Runs whose children, or whose signals, are those of other processes, on every place that can be shared. */
import { orchestrator, type Signalbox, type Store, task, track } from 'signalbox';
import { StoreUnusable } from 'signalbox/errors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();
const head = { version: '1', input: Any } as const;

/** A parent of one child, whose body is held; what is called in which order. */
function family() {
  const called: string[] = [];
  const go = Promise.withResolvers<string>();
  const tidied = Promise.withResolvers<void>();
  const work = task('work', {
    input: Any,
    output: Any,
    run: () => {
      called.push('body');
      return go.promise;
    },
    cleanup: () => {
      called.push('cleanup');
      return tidied.promise;
    },
    cleanupTimeout: '1h',
  });
  const inner = orchestrator('inner', head).track('t', track('t', { input: Any }).step('work', work));
  const outer = orchestrator('outer', head).track('t', track('t', { input: Any }).run('child', inner));
  return { inner, outer, called, go, tidied };
}

const childOf = async (box: Signalbox, run: string): Promise<string> =>
  (await box.runs({ parent: run })).runs[0]?.run ?? '';

/** A store of which one method is another. */
function withMember<K extends keyof Store>(store: Store, name: K, make: (was: Store[K]) => Store[K]): Store {
  return new Proxy(store, {
    get(target, asked) {
      const member: unknown = target[asked as keyof Store];
      const bound: unknown = typeof member === 'function' ? member.bind(target) : member;
      return asked === name ? make(bound as Store[K]) : bound;
    },
  });
}

/** Registers the cases. */
export function childCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  describe('a child run that another process owns', () => {
    /** The parent is in one box, and its child in another, which does not know what a parent is. */
    async function apart() {
      const at = await station();
      const made = family();
      const { box: first, kill } = await at.mortal([made.outer]);
      await first.start(made.outer as never, { id: 'p', input: null } as never);
      await expect.poll(() => made.called).toEqual(['body']);
      kill();
      const below = await at.box([made.inner]);
      await at.clock.advance('13s');
      await expect.poll(() => made.called).toEqual(['body', 'body']);
      const above = await at.box([made.outer]);
      await above.recovered;
      return { above, below, child: await childOf(above, 'p'), ...made };
    }

    test('is cancelled with its parent, which waits until it has ended (S14)', async () => {
      const { above, below, child, called, tidied } = await apart();
      await above.run('p').cancel({ reason: 'enough' });
      await expect.poll(() => called).toEqual(['body', 'body', 'cleanup']);
      expect([await above.run('p').status(), await below.run(child).status()]).toEqual(['cancelling', 'cancelling']);
      tidied.resolve();
      expect((await above.run('p').outcome()).status).toBe('cancelled');
      await expect(below.run(child).result()).rejects.toMatchObject({ code: 'run-cancelled', reason: 'enough' });
      expect(await faultsOfHistory(above.run('p'))).toEqual([]);
    });

    test('gives its output to its parent', async () => {
      const { above, go, child } = await apart();
      go.resolve('done');
      expect(await above.run('p').result()).toEqual({ t: { t: 'done' } });
      expect(await above.run(child).snapshot()).toMatchObject({ root: 'p', parent: { run: 'p', path: 't/child' } });
      expect((await above.runs({ parent: 'p' })).runs).toHaveLength(1);
    });
  });

  test('a child whose start lands after another process has ended the cancelled parent is cancelled, too', async () => {
    const at = await station();
    const gate = Promise.withResolvers<void>();
    let parsed = 0;
    const late = z.any().refine(async () => {
      parsed += 1;
      await gate.promise;
      return true;
    });
    const inner = orchestrator('inner', { version: '1', input: late }).track(
      't',
      track('t', { input: Any }).wait('go', { signal: 'go' }),
    );
    const outer = orchestrator('outer', head).track('t', track('t', { input: Any }).run('child', inner));
    const { box: one, stop, goOn } = await at.stoppable([outer]);
    await one.start(outer as never, { id: 'p', input: null } as never);
    await expect.poll(() => parsed).toBeGreaterThan(0);
    stop();
    // The new owner cannot ask for the child before the cancel comes, and so starts none of its own.
    let isAway = true;
    const two = await at.box([outer], (store) =>
      withMember(store, 'readRun', (read) => (run: string) => {
        if (isAway && run.startsWith('p.')) throw new StoreUnusable({ store: 'shared', reason: 'not now' });
        return read(run);
      }),
    );
    await at.clock.advance('13s');
    await two.run('p').cancel();
    isAway = false;
    await at.clock.advance('13s');
    expect((await two.run('p').outcome()).status).toBe('cancelled');
    expect((await two.runs({ parent: 'p' })).runs).toEqual([]);

    gate.resolve();
    goOn();
    await expect
      .poll(async () => (await two.runs({ parent: 'p' })).runs.map(({ status }) => status))
      .toEqual(['cancelled']);
  });

  test('signals of steps go to runs of other processes, to one and to all that wait', async () => {
    const at = await station();
    const waits = orchestrator('waits', head).track('t', track('t', { input: Any }).wait('go', { signal: 'go' }));
    const sends = orchestrator('sends', head).track(
      't',
      track('t', { input: Any })
        .signal('one', { signal: 'go', to: () => 'a', payload: () => 1, required: true })
        .signal('all', { signal: 'go', to: 'all', payload: () => 2 })
        .output(({ outputs }) => [outputs.one, outputs.all]),
    );
    const [left, right] = [await at.box([waits]), await at.box([sends])];
    for (const id of ['a', 'b', 'c']) await left.start(waits as never, { id, input: null } as never);
    const run = await right.start(sends as never, { id: 's', input: null } as never);
    expect(await run.result()).toEqual({
      t: [
        { accepted: 1, buffered: 0, refused: 0 },
        { accepted: 2, buffered: 0, refused: 0 },
      ],
    });
    expect(await Promise.all(['a', 'b', 'c'].map((id) => right.run(id).result()))).toEqual([
      { t: 1 },
      { t: 2 },
      { t: 2 },
    ]);
    expect(at.errors).toEqual([]);
  });
}
