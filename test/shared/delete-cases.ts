/** Runs that one process deletes while others own, follow, ask or remember them, on every place that can be shared (P130). */
import { type AnyOrchestrator, orchestrator, type ReadEvent, type Store, task, track } from 'signalbox';
import type { Sharing } from 'signalbox/store';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, historyOf } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();

/** Tracks of one step, whose every call waits for the test; and what told it to end. */
function calling(...more: readonly string[]) {
  const calls: { readonly input: unknown; ended: unknown; give(value: string): void }[] = [];
  const work = task('work', {
    input: Any,
    output: Any,
    run({ input, signal }) {
      const { promise, resolve: give } = Promise.withResolvers<string>();
      const call: (typeof calls)[number] = { input, ended: null, give };
      calls.push(call);
      signal.addEventListener('abort', () => {
        call.ended = signal.reason;
      });
      return promise;
    },
  });
  const steps = track('t', { input: Any }).step('work', work, ({ input }) => input);
  const first = orchestrator('calls', { version: '1', input: Any }).track('t', steps, { input: ({ input }) => input });
  const flow = more.reduce((made, name) => made.track(name, steps, { input: () => name }) as never, first);
  return { flow: flow as unknown as AnyOrchestrator, calls };
}

const asks = orchestrator('asks', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }),
) as unknown as AnyOrchestrator;

/** Registers the cases. */
export function deleteCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  test('a run that has ended is deleted by any process, and by one; a run that another owns is refused as one of its own is (P130)', async () => {
    const at = await station();
    const { flow, calls } = calling();
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { id: 'r', key: 'k', input: 1 } as never);
    await expect(two.run('r').delete()).rejects.toMatchObject({ code: 'run-unfinished', fields: { run: 'r' } });
    await expect.poll(() => calls).toHaveLength(1);
    calls[0]?.give('done');
    await run.outcome();

    const ends = await Promise.all([one, two, one, two].map((box) => box.run('r').delete()));

    expect(ends.filter((deleted) => deleted)).toHaveLength(1);
    for (const box of [one, two]) {
      await expect(box.run('r').status()).rejects.toMatchObject({ code: 'run-unknown' });
      expect((await box.runs()).runs).toEqual([]);
    }
    // Whoever has never heard of it begins it anew.
    const again = await two.start(flow, { id: 'r', key: 'k', input: 2 } as never);
    await expect.poll(() => calls.map(({ input }) => input)).toEqual([1, 2]);
    calls[1]?.give('anew');
    expect(await one.run('r').result()).toEqual({ t: 'anew' });
    expect(await faultsOfHistory(again)).toEqual([]);
    expect(at.errors).toEqual([]);
  });

  test('a reader in another process that had not come to the end is told that the run is gone, and not given the next one of its id (P130)', async () => {
    for (const isBegunAnew of [false, true]) {
      const at = await station();
      const { flow, calls } = calling();
      const [one, two] = [await at.box([flow]), await at.box([flow])];
      await one.start(flow, { id: 'r', input: 1 } as never);
      const seen: ReadEvent[] = [];
      const slow = Promise.withResolvers<void>();
      const reading = (async () => {
        for await (const event of two.run('r').events()) {
          seen.push(event);
          if (event.type === 'step.started') await slow.promise;
        }
      })();
      reading.catch(() => {});
      await expect.poll(() => seen).toHaveLength(3);
      calls[0]?.give('done');
      await one.run('r').outcome();
      await one.run('r').delete();
      await at.clock.advance('1s');
      if (isBegunAnew) await one.start(flow, { id: 'r', input: 2 } as never);
      slow.resolve();

      await expect(reading).rejects.toMatchObject({ code: 'run-unknown' });
      expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    }
  });

  test('who waits for a run that ends and is deleted at once has its end, or hears that it is gone, and does not wait for ever', async () => {
    const at = await station();
    const { flow, calls } = calling();
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    await one.start(flow, { id: 'r', input: 1 } as never);
    const follow = async (): Promise<void> => {
      for await (const event of two.run('r').events()) if (event.path === '' && event.seq > 1) return;
    };
    const waiting = [two.run('r').result(), two.run('r').outcome(), follow()];
    const ends = Promise.allSettled(waiting);
    await expect.poll(() => calls).toHaveLength(1);
    calls[0]?.give('done');
    await one.run('r').outcome();
    await one.run('r').delete();
    await at.clock.advance('4s');

    for (const end of await ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'run-unknown' });
  });

  test('a process that stood still while another ended and deleted its run tells its bodies to end, and what they answer is nobody’s (I2, P130)', async () => {
    const at = await station();
    const { flow, calls } = calling();
    const { box: one, stop, goOn } = await at.stoppable([flow]);
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 } as never);
    await expect.poll(() => calls).toHaveLength(1);
    stop();
    await at.clock.advance('13s');
    await expect.poll(() => calls).toHaveLength(2);
    calls[1]?.give('over there');
    await two.run('r').outcome();
    expect(await two.run('r').delete()).toBe(true);

    goOn();

    await expect.poll(() => calls[0]?.ended).toMatchObject({ code: 'lease-lost', fields: { run: 'r' } });
    calls[0]?.give('too late');
    await expect(one.run('r').status()).rejects.toMatchObject({ code: 'run-unknown' });
    await expect.poll(() => one.counts.inMemory).toBe(0);
    expect(at.errors).toEqual([]);
  });

  test('a process that learns by a commit that its run was ended and deleted by another tells its bodies to end (I2, P130)', async () => {
    const at = await station();
    const { flow, calls } = calling('u');
    const one = await at.box([flow], unaware);
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 } as never);
    await at.clock.advance('13s');
    await expect.poll(() => calls).toHaveLength(4);
    await two.run('r').cancel();
    await two.run('r').outcome();
    await two.run('r').delete();
    expect(calls[1]?.ended).toBe(null);

    calls[0]?.give('refused');

    await expect
      .poll(async () => {
        await at.clock.advance('100ms');
        return calls[1]?.ended;
      })
      .not.toBe(null);
    calls[1]?.give('too late');
    await expect.poll(() => one.counts.inMemory).toBe(0);
    await expect(one.run('r').status()).rejects.toMatchObject({ code: 'run-unknown' });
  });

  test('a process that begins a run anew which it still takes for its own has nothing of the old one in it (I2, P130)', async () => {
    const at = await station();
    const { flow, calls } = calling();
    const one = await at.box([flow], unaware);
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 'old' } as never);
    await at.clock.advance('13s');
    await expect.poll(() => calls.map(({ input }) => input)).toEqual(['old', 'old']);
    await two.run('r').cancel();
    await two.run('r').outcome();
    await two.run('r').delete();

    const run = await one.start(flow, { id: 'r', input: 'new' } as never);

    await expect.poll(() => calls.map(({ input }) => input)).toEqual(['old', 'old', 'new']);
    expect(calls[0]?.ended).toMatchObject({ code: 'lease-lost' });
    calls[0]?.give('of the old one');
    await at.clock.advance('1s');
    expect(await historyOf(run)).toEqual(['run.started', 'track.started t', 'step.started t/work']);
    calls[2]?.give('of the new one');
    expect(await run.result()).toEqual({ t: 'of the new one' });
  });

  test('a request that nobody had answered when its run was deleted goes to the one that was begun anew, and is not waited for in vain', async () => {
    const at = await station();
    let isDeaf = true;
    const deaf = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if (name !== 'shared') return typeof member === 'function' ? member.bind(target) : member;
          const shared = bound(member as Sharing);
          return { ...shared, readCommands: (limit: number) => (isDeaf ? [] : shared.readCommands(limit)) };
        },
      });
    const one = await at.box([asks], deaf);
    const two = await at.box([asks]);
    await one.start(asks, { id: 'r', input: 1 } as never);
    const timers = two.counts.timers;
    const asked = two.run('r').signal('go', 'late');
    await expect.poll(() => two.counts.timers).toBeGreaterThan(timers);
    await one.run('r').cancel();
    await one.run('r').outcome();
    await one.run('r').delete();
    await at.clock.advance('1s');
    const again = await one.start(asks, { id: 'r', input: 2 } as never);
    isDeaf = false;
    let answer: unknown = null;
    void asked.then((given) => {
      answer = given;
    });

    await expect
      .poll(async () => {
        await at.clock.advance('3s');
        return answer;
      })
      .toEqual({ answer: 'accepted', step: 't/asked' });
    expect(await again.result()).toEqual({ t: 'late' });
  });
}

/** A store whose signs of life don't arrive, and that hears nothing: its box does not know that others take its runs. */
function unaware(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = target[name as keyof Store];
      if (name === 'renew') return () => undefined;
      if (name === 'claim') return () => [];
      if (name === 'shared') return { ...bound(member as Sharing), listen: () => {} };
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** All that a store has for several processes, to be handed on with something else in it. */
function bound(shared: Sharing): Sharing {
  const names = ['listen', 'leaveCommand', 'readCommands', 'answerCommand', 'takeAnswer', 'readStrays'] as const;
  return Object.fromEntries(names.map((name) => [name, shared[name]?.bind(shared)])) as unknown as Sharing;
}
