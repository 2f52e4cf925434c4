/** What a viewer takes from the runs of a process, and what it is spared: by a clock that moves only when the test or the feed says so. */
import { createSignalbox, orchestrator, type Run, task, track } from 'signalbox';
import type { WireEvent } from 'signalbox/inspect';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { follow, type Inspectable } from '../../src/inspect/feed.ts';
import { Pace } from '../../src/inspect/pace.ts';
import { Anything } from '../helpers/stage.ts';

/** Whoever waits by this clock finds that the time has passed. Nothing else moves it. */
function skipping(): Clock & { hour: number } {
  return {
    hour: 0,
    now() {
      return this.hour;
    },
    wakeAfter(ms, wake) {
      this.hour += ms;
      const armed = setImmediate(wake);
      return () => clearImmediate(armed);
    },
  };
}

describe('the pace of a feed', () => {
  const worked = (ms: number) => {
    const clock = skipping();
    const pace = new Pace(clock);
    clock.hour += ms;
    pace.tookEvents(0);
    return { clock, pace };
  };

  test('is to rest fourteen times as long as it worked, and a moment at least', () => {
    expect(worked(10).pace.left(false)).toBe(140);
    expect(worked(0.1).pace.left(false)).toBe(20);
    expect(worked(100_000).pace.left(false)).toBe(10_000);
  });

  test('counts what was done in a row, and what the one who is told did meanwhile', () => {
    const { clock, pace } = worked(10);
    const began = clock.hour;
    clock.hour += 5;
    pace.tookSending(began);
    expect(pace.left(false)).toBe(140 - 5 + 70);
  });

  test('pays in advance for reading how a run stands, from when something has happened', () => {
    const clock = skipping();
    const pace = new Pace(clock);
    clock.hour = 50;
    pace.tookStanding(0, true);
    clock.hour = 60;
    pace.tookStanding(50, false);
    clock.hour = 100_000;
    expect(pace.isStandingDue(true)).toBe(true);
    pace.woke();
    expect(pace.isStandingDue(true)).toBe(false);
    expect(pace.left(true)).toBe(60 * 14);
    expect(pace.left(false)).toBeLessThan(0);
    clock.hour += 60 * 14;
    expect(pace.isStandingDue(true)).toBe(true);
  });

  test('gives half of the work to events while there are more of them than can be read', () => {
    const clock = skipping();
    const pace = new Pace(clock);
    clock.hour = 30;
    pace.tookStanding(0, true);
    clock.hour = 5_000;
    expect(pace.isStandingDue(false)).toBe(false);
    for (const until of [5_015, 5_029]) {
      pace.tookEvents(until === 5_015 ? 5_000 : clock.hour);
      clock.hour = until;
    }
    pace.tookEvents(5_000);
    expect(pace.isStandingDue(false)).toBe(false);
    pace.tookEvents(clock.hour - 1);
    expect(pace.isStandingDue(false)).toBe(true);
  });
});

describe('a viewer that is behind', () => {
  /** The body of one step answers when the viewer was told what it is given, if it is held. */
  const HELD = 'r/t/items/0/a';
  let held: Promise<null> | null = null;
  let release = (): void => {};
  const step = task('work', {
    input: Anything,
    output: Anything,
    run: ({ input }) => (input === 1 ? held : null),
  });
  const body = ['a', 'b', 'c', 'd', 'e', 'f'].reduce(
    (made, name) => made.step(name, step) as typeof made,
    track('body', { input: Anything }),
  );
  const flowOf = (items: number) =>
    orchestrator('flow', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything })
        .wait('go', { signal: 'go' })
        .map('items', {
          over: () => `1..${items}`,
          each: body as never,
          collect: false,
        } as never),
    );

  interface How {
    /** What passes while a batch is taken. */
    during?(clock: { hour: number }): void;
    /** Until when the first batch is not taken; until the run is over, if nothing is said. */
    until?(run: Run): Promise<unknown>;
    readonly outputs?: boolean;
  }

  /** A viewer that was told how the run stands before anything has happened, and takes no more until it has. */
  async function behind(items: number, { during, until, outputs = false }: How = {}) {
    const flow = flowOf(items);
    await using box = await createSignalbox({ orchestrators: [flow] as never, logger: () => {} });
    const run = (await box.start(flow as never, { id: 'r', input: null } as never)) as Run;
    await expect.poll(() => run.status()).toBe('waiting');
    let looks = 0;
    const handle = {
      id: run.id,
      history: (options: object) => run.history(options),
      events: (options: object) => run.events(options),
      inspected() {
        looks += 1;
        return run.inspected();
      },
    } as unknown as Inspectable;
    const clock = skipping();
    const batches: (readonly WireEvent[])[] = [];
    const hours: number[] = [];
    let looksWhileHeld = 0;
    const send = async (batch: readonly WireEvent[]): Promise<void> => {
      hours.push(clock.hour);
      batches.push(batch);
      during?.(clock);
      for (const { sessionId, ...event } of batch)
        if (sessionId === HELD && 'snapshot' in event && 'input' in event.snapshot.context) release();
      if (batches.length > 1) return;
      await run.signal('go', null);
      await (until?.(run) ?? run.result());
      looksWhileHeld = looks;
    };
    await follow(handle, send, outputs, undefined, clock);
    let events = 0;
    for await (const _ of run.history()) events += 1;
    return { batches, hours, looks, looksWhileHeld, events };
  }

  test.each([100, 400])(
    'of %i items is told each event and each actor once, and of each actor the last state alone',
    async (items) => {
      const { batches, looks, looksWhileHeld, events } = await behind(items);
      const of = <T extends WireEvent['type']>(type: T) =>
        batches.flat().filter((event): event is Extract<WireEvent, { type: T }> => event.type === type);
      const actors = of('@xstate.actor').map(({ sessionId }) => sessionId);
      // The run, its track, two steps, and of a hundred items the item and its six steps.
      expect(actors.length).toBe(4 + 100 * 7);
      expect(new Set(actors).size).toBe(actors.length);
      const numbers = of('@xstate.event').map(({ event }) => event.seq as number);
      expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
      const about = new Set(actors);
      if (items === 100) expect(numbers.length).toBe(events);
      const known = new Set<string>();
      for (const { type, sessionId } of batches.flat()) {
        if (type === '@xstate.actor') known.add(sessionId);
        expect(known.has(sessionId)).toBe(true);
      }
      const told = of('@xstate.snapshot').filter((each) => !batches[0]?.includes(each));
      const last = new Map(told.map(({ sessionId, snapshot }) => [sessionId, snapshot]));
      expect(told.length).toBe(last.size);
      expect([...about].filter((session) => last.get(session)?.value !== 'completed')).toEqual([]);
      // How it stands was read for the first look and when there were no more events; never while the viewer did not read.
      expect(looksWhileHeld).toBe(1);
      expect(looks).toBe(2);
    },
  );

  test('is told what an actor is given, if that was asked for, also where its events alone were told before', async () => {
    held = new Promise((resolve) => {
      release = () => resolve(null);
    });
    const until = (run: Run) =>
      expect.poll(async () => (await run.snapshot()).tracks['t/items/99']?.status).toBe('completed');
    const { batches } = await behind(100, { until, outputs: true });
    const first = batches.flat().find(({ type, sessionId }) => type === '@xstate.actor' && sessionId === HELD);
    expect(first).toMatchObject({ snapshot: { value: 'running', context: {} } });
    held = null;
  });

  test('is told in batches of no more than five hundred, however much there is', async () => {
    const { batches } = await behind(400);
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(500);
  });

  test('that works in this process is left time to rest for that, too', async () => {
    const { hours } = await behind(100, {
      during(clock) {
        clock.hour += 30;
      },
    });
    const rests = hours.slice(1).map((hour, at) => hour - (hours[at] as number));
    expect(rests.length).toBeGreaterThan(3);
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(30 + 30 * 14);
  });
});
