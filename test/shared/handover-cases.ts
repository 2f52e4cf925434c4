/** Runs that change hands while their old owner still believes in them, on every place that can be shared. */
import { type AnyOrchestrator, orchestrator, type ReadEvent, type Signalbox, type Store, task, track } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, historyOf } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();

/** One step whose body waits until it is let go of, or told to end; every call, and what ended it. */
function long() {
  const calls: { readonly key: string; ended: unknown }[] = [];
  const go = Promise.withResolvers<string>();
  const body = ({ key, signal }: { readonly key: string; readonly signal: AbortSignal }): Promise<string> => {
    const call: (typeof calls)[number] = { key, ended: null };
    calls.push(call);
    signal.addEventListener('abort', () => {
      call.ended = signal.reason;
    });
    return go.promise;
  };
  const work = task('work', { input: Any, output: Any, run: body });
  const flow = orchestrator('long', { version: '1', input: Any }).track(
    't',
    track('t', { input: Any }).step('work', work),
  );
  return { flow, calls, go };
}

/** Waits for a signal, then for an hour. */
const slow = orchestrator('slow', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }).sleep('cooling', '1h'),
);

/** One version of an orchestrator that waits for a signal. */
const asks = (version: string): AnyOrchestrator =>
  orchestrator('asks', { version, input: Any }).track(
    't',
    track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }),
  );

/** Registers the cases. */
export function handoverCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  const started = async (box: Signalbox, flow: AnyOrchestrator, id: string) =>
    box.start(flow as never, { id, input: null } as never);

  test('a process that stood still for longer than its lease tells the bodies of runs that it lost to end, and still hears how they end (I2)', async () => {
    const at = await station();
    const { flow, calls, go } = long();
    const { box: one, stop, goOn } = await at.stoppable([flow]);
    const two = await at.box([flow]);
    await started(one, flow, 'r');
    await expect.poll(() => calls).toHaveLength(1);
    const result = one.run('r').result();

    stop();
    await at.clock.advance('13s');
    await expect.poll(() => calls).toHaveLength(2);
    expect(calls[0]?.ended).toBe(null);
    goOn();

    await expect.poll(() => calls[0]?.ended).toMatchObject({ code: 'lease-lost', fields: { run: 'r' } });
    expect(calls[1]?.ended).toBe(null);
    go.resolve('done');
    expect(await result).toEqual({ t: 'done' });
    expect(await faultsOfHistory(two.run('r'))).toEqual([]);
    const told = at.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(
      told.filter((line) => /^No sign of life for 1\ds, with a lease of 9s: this process was held up/.test(line)),
    ).toHaveLength(1);
    expect(at.errors).toEqual([]);
  });

  test('a process hears of commits of others to a run that it believes to be its own, and tells its bodies to end (I2)', async () => {
    const at = await station();
    const { flow, calls, go } = long();
    // Its signs of life don't arrive, and it does not know.
    let mute = false;
    const muted = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if (mute && (name === 'renew' || name === 'claim')) return () => (name === 'claim' ? [] : undefined);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const one = await at.box([flow], muted);
    const two = await at.box([flow]);
    await started(one, flow, 'r');
    await expect.poll(() => calls).toHaveLength(1);
    mute = true;
    await at.clock.advance('13s');
    await expect.poll(() => calls).toHaveLength(2);
    mute = false;
    await at.clock.advance('3s');
    expect(calls[0]?.ended).toBe(null);

    await two.run('r').cancel();

    await expect
      .poll(() => calls.map(({ ended }) => (ended as { code?: string; name?: string })?.code))
      .toEqual(['lease-lost', 20]);
    go.resolve('late');
    expect(await one.run('r').outcome()).toMatchObject({ status: 'cancelled' });
  });

  test('a run that comes back to a process goes on from what others did with it meanwhile, not from what is remembered (I7)', async () => {
    const at = await station();
    const { box: one, stop, goOn } = await at.stoppable([slow], { idleRuns: 100 });
    const two = await at.box([slow]);
    await started(one, slow, 'r');
    expect(one.counts.inMemory).toBe(1);
    stop();
    await at.clock.advance('13s');
    expect(await two.run('r').signal('go')).toMatchObject({ answer: 'accepted' });
    await two.close();

    goOn();
    await expect.poll(() => one.counts.timers).toBe(2);
    // No box that time waits for is there any more; each wake-up has its round trips.
    await expect
      .poll(
        async () => {
          await at.clock.advance('5m');
          return one.run('r').status();
        },
        { timeout: 10_000 },
      )
      .toBe('completed');
    expect(await faultsOfHistory(one.run('r'))).toEqual([]);
  });

  test('signs of life go on while runs cannot be taken over: no lease is lost by it', async () => {
    const at = await station();
    const { flow, calls, go } = long();
    const lame = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if (name === 'claim') return () => Promise.reject(new Error('it has no room for that'));
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const one = await at.box([flow], lame);
    await at.box([flow]);
    await started(one, flow, 'r');
    await expect.poll(() => calls).toHaveLength(1);

    await at.clock.advance('1m');

    expect(calls).toHaveLength(1);
    go.resolve('done');
    expect(await one.run('r').result()).toEqual({ t: 'done' });
  });

  test('senders in three processes with one id, while the owner dies in between: one signal is taken, and all are told the same (S17)', async () => {
    const at = await station();
    const flow = asks('1');
    for (const round of [1, 2, 3, 4]) {
      const { box: one, kill } = await at.mortal([flow]);
      const boxes = [await at.box([flow]), await at.box([flow]), await at.box([flow])];
      const id = `r${round}`;
      await started(one, flow, id);
      const answers = boxes.flatMap((box, index) =>
        [0, 1].map((again) => box.run(id).signal('go', { index, again }, { id: 'same' })),
      );
      // Sooner or later in the middle of it.
      for (let turn = 0; turn < (round - 1) * 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      kill();
      const all = Promise.all(answers);
      let told: unknown = null;
      void all.then((each) => {
        told = each;
      });
      await expect
        .poll(async () => {
          await at.clock.advance('3s');
          return told;
        })
        .toEqual(answers.map(() => ({ answer: 'accepted', step: 't/asked' })));
      const history = await historyOf(boxes[0]!.run(id));
      expect(history.filter((line) => line.startsWith('signal.accepted'))).toHaveLength(1);
      expect(await faultsOfHistory(boxes[1]!.run(id))).toEqual([]);
    }
  });

  test('live readers of two hundred runs in another process see each event once and in order while the owner is killed (P231)', async () => {
    const at = await station();
    const RUNS = 200;
    const { flow, calls, go } = long();
    const { box: one, kill } = await at.mortal([flow]);
    const [two, three] = [await at.box([flow]), await at.box([flow])];
    const ids = Array.from({ length: RUNS }, (_, index) => `r${index}`);
    await Promise.all(ids.map((id) => started(one, flow, id)));
    const seen = ids.map((): ReadEvent[] => []);
    const readers = ids.map(async (id, index) => {
      for await (const event of (index % 2 === 0 ? two : three).run(id).events()) seen[index]?.push(event);
    });
    await expect.poll(() => seen.every((events) => events.length > 0)).toBe(true);

    kill();
    await at.clock.advance('13s');
    await expect.poll(() => calls.length, { timeout: 10_000 }).toBe(2 * RUNS);
    go.resolve('done');
    await Promise.all(readers);

    for (const [index, events] of seen.entries()) {
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
      expect(events.at(-1)).toMatchObject({ run: `r${index}`, type: 'run.completed' });
    }
    expect(at.errors).toEqual([]);
  });

  test('a store is for one box: a second one that is given it is refused in words, and the first works on', async () => {
    const at = await station();
    let store: Store | null = null;
    const one = await at.box([slow], (made) => {
      store = made;
      return made;
    });
    await expect(at.box([slow], () => store as unknown as Store)).rejects.toMatchObject({
      code: 'option-invalid',
      message: expect.stringMatching(
        /^Option "store" cannot be .*: it takes a store of its own for each box: call (postgres|redis|sharedMemory)\(…\) once more/,
      ),
    });
    await started(one, slow, 'r');
    expect(await one.run('r').signal('go')).toMatchObject({ answer: 'accepted' });
  });

  describe('of runs that a box has no definition for', () => {
    const V1 = asks('1');
    const V2 = asks('2');

    test('those of a dead process are left to one that has it, and wait for such a one if there is none (I7)', async () => {
      const at = await station();
      const { box: next, kill } = await at.mortal([V1, V2]);
      const old = await at.box([V1]);
      await started(next, V1, 'first');
      await started(next, V2, 'second');
      kill();
      await at.clock.advance('13s');

      expect(await old.run('first').signal('go')).toMatchObject({ answer: 'accepted' });
      const told = (): readonly string[] => at.errors.filter((line) => line.includes('"second"'));
      await expect.poll(told).toHaveLength(1);
      expect(told()[0]).toMatch(/pinned to version "2" of orchestrator "asks", which this box was not given/);
      const refused = old
        .run('second')
        .signal('go')
        .catch((error: unknown) => error);
      await at.clock.advance('30s');
      expect(await refused).toMatchObject({
        code: 'command-failed',
        fields: { run: 'second', command: 'signal', error: { code: 'definition-missing' } },
      });
      expect(told()).toHaveLength(1);

      const last = await at.box([V2]);
      await last.recovered;
      expect(await old.run('second').signal('go')).toMatchObject({ answer: 'accepted' });
      expect(await old.run('second').result()).toEqual({ t: null });
      expect(await faultsOfHistory(last.run('second'))).toEqual([]);
    });

    test('those of a box that closes go to one that has it, at once, and the others do not touch them', async () => {
      const at = await station();
      const next = await at.box([V1, V2]);
      const olds = [await at.box([V1]), await at.box([V1])];
      const other = await at.box([V2]);
      await started(next, V2, 'r');

      await next.close();

      expect(await olds[0]!.run('r').signal('go')).toMatchObject({ answer: 'accepted' });
      expect(await other.run('r').result()).toEqual({ t: null });
      expect(other.counts.turns).toBeGreaterThan(0);
      expect(at.errors).toEqual([]);
    });

    test('those of a definition that was changed without a new version stay with the boxes that have the old one', async () => {
      const changed = orchestrator('asks', { version: '1', input: Any }).track(
        't',
        track('t', { input: Any }).wait('asked', { signal: 'go', payload: Any }).sleep('cooling', '1h'),
      ) as AnyOrchestrator;
      const at = await station();
      const { box: one, kill } = await at.mortal([V1]);
      const two = await at.box([changed]);
      await started(one, V1, 'r');
      kill();
      await at.clock.advance('13s');
      await expect
        .poll(() => at.errors)
        .toEqual([expect.stringMatching(/"asks" has changed under version "1", and run "r" is pinned/)]);

      const three = await at.box([V1]);
      await three.recovered;
      expect(await two.run('r').signal('go')).toMatchObject({ answer: 'accepted' });
      expect(await two.run('r').result()).toEqual({ t: null });
    });
  });
}
