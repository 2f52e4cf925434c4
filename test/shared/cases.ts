/** What boxes that share a place do with and for each other, the same on every place that can be shared. */
import { orchestrator, pipe, type ReadEvent, type Signalbox, type Store, task, track } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { faultsOfHistory, historyOf } from '../helpers/stage.ts';
import { type SharedPlace, Station } from './station.ts';

const Any = z.any();
const N = z.number();

/** Bodies that a test lets go on, by key; each key that was called, in order. */
function gate() {
  const called: string[] = [];
  const doors = new Map<string, PromiseWithResolvers<unknown>>();
  const door = (key: string): PromiseWithResolvers<unknown> => {
    const known = doors.get(key) ?? Promise.withResolvers<unknown>();
    doors.set(key, known);
    return known;
  };
  const body = ({ key }: { readonly key: string }): Promise<unknown> => {
    called.push(key);
    return door(key).promise;
  };
  return { called, body, open: (key: string, value: unknown = null) => door(key).resolve(value) };
}

const add = task('add', { input: N, output: N, run: ({ input }) => input + 1 });
const sums = orchestrator('sums', { version: '1', input: N })
  .track(
    'sum',
    track('sum', { input: N })
      .step('one', add, ({ input }) => input)
      .step('two', add, pipe),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.sum);

const asks = orchestrator('asks', { version: '1', input: Any }).track(
  'ask',
  track('ask', { input: Any })
    .wait('first', { signal: 'go', payload: z.object({ n: N }) })
    .wait('second', { signal: 'go', payload: z.object({ n: N }) })
    .output(({ outputs }) => [outputs.first.n, outputs.second.n]),
);

/** Three steps, of which the middle one is held at a gate. */
function heldAt(body: (context: { readonly key: string }) => Promise<unknown>) {
  const held = task('held', { input: Any, output: Any, run: body, cleanup: () => {} });
  const steps = track('held', { input: Any })
    .step('one', add, () => 1)
    .step('two', held)
    .step('three', add, () => 3);
  return orchestrator('held', { version: '1', input: Any }).track('held', steps);
}

async function following(box: Signalbox, run: string, into: ReadEvent[]): Promise<void> {
  for await (const event of box.run(run).events()) into.push(event);
}

/** Registers the cases for a place that can be shared. */
export function sharedCases(make: () => Promise<SharedPlace>): void {
  async function station(): Promise<Station> {
    const made = new Station(await make());
    onTestFinished(() => made.end());
    return made;
  }

  test('a run that one starts is seen by the others: its result, its outcome, its events as they come, each once', async () => {
    const at = await station();
    const { body, open, called } = gate();
    const flow = heldAt(body);
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { id: 'r', input: 1 });
    const events: ReadEvent[] = [];
    const over = following(two, 'r', events);
    const result = two.run('r').result();
    await expect.poll(() => called).toEqual(['r/held/two#1']);
    await expect.poll(() => events.at(-1)).toMatchObject({ type: 'step.started', path: 'held/two' });

    open('r/held/two#1', 'done');

    expect(await result).toEqual({ held: 4 });
    await over;
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ type, path }) => `${type} ${path}`.trim())).toEqual(await historyOf(run));
    expect(called).toEqual(['r/held/two#1']);
    expect(at.errors).toEqual([]);
  });

  test('one start under an id or a key is one run, whoever starts it and when (S17)', async () => {
    const at = await station();
    const boxes = [await at.box([sums]), await at.box([sums]), await at.box([sums])];
    for (const how of [{ id: 'r' }, { key: 'k' }, { id: 'q', key: 'l' }]) {
      const runs = await Promise.all([...boxes, ...boxes].map((box) => box.start(sums, { ...how, input: 1 })));
      expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
      expect(await Promise.all(runs.map((run) => run.result()))).toEqual(runs.map(() => 3));
    }
    const ends = await Promise.allSettled(boxes.map((box, input) => box.start(sums, { id: 'other', input })));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'run-exists' });
    // Whoever came second has lost no lease.
    expect(at.lines.map(({ message }) => message).filter((message) => message.includes('lease'))).toEqual([]);
  });

  test('a cancel reaches a run that another process owns, and is the same the second time (S14)', async () => {
    const at = await station();
    const { body, called } = gate();
    const flow = heldAt(body);
    const [one, two] = [await at.box([flow]), await at.box([flow])];
    const run = await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(() => called).toHaveLength(1);

    await Promise.all([two.run('r').cancel({ reason: 'enough' }), two.run('r').cancel(), one.run('r').cancel()]);

    expect(await two.run('r').outcome()).toMatchObject({ status: 'cancelled' });
    await two.run('r').cancel();
    expect((await historyOf(run)).filter((line) => line === 'run.cancelling')).toHaveLength(1);
    expect(await faultsOfHistory(run)).toEqual([]);
    await expect(two.run('nobody').cancel()).rejects.toMatchObject({ code: 'run-unknown' });
  });

  test('signals that come just when their steps begin to wait are taken, and hold up no run (S17, I7)', async () => {
    const at = await station();
    const { body, open } = gate();
    const flow = orchestrator('fast', { version: '1', input: Any }).track(
      'f',
      track('f', { input: Any })
        .step('two', task('held', { input: Any, output: Any, run: body }))
        .wait('paid', { signal: 'paid' }),
    );
    const box = await at.box([flow]);
    const runs = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const run = await box.start(flow, { id: `r${index}`, input: 1 });
        // The body's end and the signal come while other commits are under way, in one order or the other.
        const sent = run.signal('paid', index);
        if (index % 3 > 0) await Promise.race([sent, run.status()]);
        open(`r${index}/f/two#1`);
        expect(['buffered', 'accepted']).toContain((await sent).answer);
        return run;
      }),
    );
    expect(await Promise.all(runs.map((run) => run.result()))).toEqual(runs.map((_, index) => ({ f: index })));
    expect(at.errors).toEqual([]);
  });

  test('a signal reaches a run that another process owns; its sender is told all that it would be told there (S17)', async () => {
    const at = await station();
    const [one, two] = [await at.box([asks]), await at.box([asks])];
    await one.start(asks, { id: 'r', input: 1 });
    const far = two.run('r');

    expect(await far.signal('gone', 1)).toMatchObject({ answer: 'refused', reason: 'signal-unknown' });
    const refused = await far.signal('go', { n: 'one' }, { id: 'a' });
    expect(refused).toMatchObject({ answer: 'refused', reason: 'payload-invalid', issues: [{ path: 'n' }] });
    expect(await far.signal('go', { n: 1 }, { id: 'a' })).toEqual({ answer: 'accepted', step: 'ask/first' });
    expect(await far.signal('go', { n: 9 }, { id: 'a' })).toEqual({ answer: 'accepted', step: 'ask/first' });
    // From everywhere at once, it is still one.
    const answers = await Promise.all(
      [one, two, two, one].map((box) => box.run('r').signal('go', { n: 2 }, { id: 'b' })),
    );
    expect(answers).toEqual(answers.map(() => ({ answer: 'accepted', step: 'ask/second' })));
    expect(await far.result()).toEqual({ ask: [1, 2] });
    expect(await far.signal('go', { n: 3 })).toMatchObject({ answer: 'refused', reason: 'run-ended' });
    expect(await two.signal('nobody', 'go', { n: 3 })).toEqual({ answer: 'noSuchRun' });
    expect(await two.signal({ orchestrator: 'asks', key: 'none' }, 'go')).toEqual({ answer: 'noSuchRun' });
  });

  test('what a dead process has left is taken over within a lease and a third: no completed step is run again (I6, P231)', async () => {
    const at = await station();
    const { body, open, called } = gate();
    const flow = heldAt(body);
    const { box: one, kill } = await at.mortal([flow]);
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 });
    await one.start(flow, { id: 'q', input: 1 });
    await expect.poll(() => called).toHaveLength(2);
    const result = two.run('r').result();

    kill();
    await at.clock.advance('8s');
    expect(called).toHaveLength(2);
    await at.clock.advance('4s');

    await expect.poll(() => called.slice(2).sort()).toEqual(['q/held/two#1', 'r/held/two#1']);
    for (const run of ['q', 'r']) open(`${run}/held/two#1`);
    expect(await result).toEqual({ held: 4 });
    expect(await historyOf(two.run('r'))).toContain('step.completed held/one');
    expect(await faultsOfHistory(two.run('q'))).toEqual([]);
  });

  test('a request to a run of a dead process is done by the one who takes the run over', async () => {
    const at = await station();
    const { box: one, kill } = await at.mortal([asks]);
    const two = await at.box([asks]);
    for (const id of ['r', 'q']) await one.start(asks, { id, input: 1 });
    kill();

    const asked = [two.run('r').signal('go', { n: 1 }), two.run('q').cancel({ reason: 'enough' })];
    // Time goes by only once both requests have been left.
    await expect.poll(() => two.counts.timers).toBeGreaterThanOrEqual(3);
    await at.clock.advance('13s');

    expect(await asked[0]).toEqual({ answer: 'accepted', step: 'ask/first' });
    await asked[1];
    expect(await two.run('q').status()).toBe('cancelled');
  });

  test('a process that stood still for longer than its lease commits nothing any more, and what it is asked goes to the new owner (I2)', async () => {
    const at = await station();
    let still = false;
    const held = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if ((name === 'renew' || name === 'claim') && still) return () => (name === 'claim' ? [] : undefined);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const one = await at.box([asks], held);
    const two = await at.box([asks]);
    await one.start(asks, { id: 'r', input: 1 });
    still = true;
    await at.clock.advance('13s');
    await expect.poll(async () => (await two.run('r').status()) && two.counts.turns >= 0).toBe(true);

    const answer = await one.run('r').signal('go', { n: 1 });

    expect(answer).toEqual({ answer: 'accepted', step: 'ask/first' });
    expect(await two.run('r').signal('go', { n: 2 })).toMatchObject({ answer: 'accepted' });
    expect(await one.run('r').result()).toEqual({ ask: [1, 2] });
    expect(await faultsOfHistory(one.run('r'))).toEqual([]);
  });

  test('listeners hear what their own box has committed, each event in one box and once, also when a lease was lost (I2)', async () => {
    const at = await station();
    const { body, open, called } = gate();
    const flow = heldAt(body);
    let still = false;
    const asleep = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if ((name === 'renew' || name === 'claim') && still) return () => (name === 'claim' ? [] : undefined);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const one = await at.box([flow], asleep);
    const two = await at.box([flow]);
    const heard: { readonly by: string; readonly run: string; readonly seq: number }[] = [];
    for (const [by, box] of Object.entries({ one, two })) box.on('*', ({ run, seq }) => heard.push({ by, run, seq }));
    const ids = ['a', 'b', 'c'];
    for (const id of ids) await one.start(flow, { id, input: 1 });
    await expect.poll(() => called).toHaveLength(3);
    still = true;
    await at.clock.advance('13s');
    await expect.poll(() => called).toHaveLength(6);

    // Both have a body that answers; what the first one makes of it is not taken any more.
    for (const id of ids) open(`${id}/held/two#1`);
    for (const id of ids) expect(await two.run(id).result()).toEqual({ held: 4 });
    await expect.poll(() => one.counts.inMemory).toBe(0);

    for (const id of ids) {
      const seqs = heard.filter(({ run }) => run === id).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      expect(seqs).toHaveLength((await historyOf(one.run(id))).length);
      expect(new Set(heard.filter(({ run }) => run === id).map(({ by }) => by))).toEqual(new Set(['one', 'two']));
    }
  });

  test('who closes lets go of its runs, and the others go on with them without waiting for the lease', async () => {
    const at = await station();
    const { body, open, called } = gate();
    const flow = heldAt(body);
    const one = await at.box([flow]);
    const two = await at.box([flow]);
    await one.start(flow, { id: 'r', input: 1 });
    await expect.poll(() => called).toHaveLength(1);
    const result = two.run('r').result();

    await one.close();

    await expect.poll(() => called).toEqual(['r/held/two#1', 'r/held/two#1']);
    open('r/held/two#1');
    expect(await result).toEqual({ held: 4 });
  });

  test('one who asks is let go when its box is closed', async () => {
    const at = await station();
    const { box: one, kill } = await at.mortal([asks]);
    const two = await at.box([asks]);
    await one.start(asks, { id: 'r', input: 1 });
    kill();
    const asked = two.run('r').signal('go', { n: 1 });
    const ended = two.run('r').result();
    const both = Promise.allSettled([asked, ended]);
    await expect.poll(() => two.counts.timers).toBeGreaterThanOrEqual(2);

    await two.close();

    for (const end of await both) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'box-closed' } });
  });

  describe('when no word of the others ever arrives, a look from time to time is enough:', () => {
    const deaf = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = target[name as keyof Store];
          if (name === 'shared') return { ...bound(member as object), listen: () => {} };
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const bound = (whole: object): object =>
      new Proxy(whole, {
        ownKeys: () => ['listen', 'leaveCommand', 'readCommands', 'answerCommand', 'takeAnswer'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: (target, name) => (target as { [name: string | symbol]: () => unknown })[name]?.bind(target),
      });

    test('requests are answered, results and events come', async () => {
      const at = await station();
      const [one, two] = [await at.box([asks], deaf), await at.box([asks], deaf)];
      await one.start(asks, { id: 'r', input: 1 });
      const events: ReadEvent[] = [];
      const over = following(two, 'r', events);
      const result = two.run('r').result();
      const answers: unknown[] = [];
      const asking = (async () => {
        for (const n of [1, 2]) answers.push(await two.run('r').signal('go', { n }));
      })();
      await expect
        .poll(async () => {
          await at.clock.advance('3s');
          return answers;
        })
        .toEqual(['first', 'second'].map((step) => ({ answer: 'accepted', step: `ask/${step}` })));
      await asking;
      let ended = false;
      void Promise.all([result, over]).then(() => {
        ended = true;
      });
      await expect
        .poll(async () => {
          await at.clock.advance('3s');
          return ended;
        })
        .toBe(true);
      expect(await result).toEqual({ ask: [1, 2] });
      expect(events.at(-1)?.type).toBe('run.completed');
    });
  });
}
