/** Runs that time wakes stand in line: so many at once, in order, and nobody for ever (S22). */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { Woken } from '../../src/runtime/performing/woken.ts';
import { Anything } from '../helpers/stage.ts';

const MANY = 1_000;

function line() {
  const posted: string[] = [];
  const underWay = new Set<string>();
  const woken = new Woken<number>({
    post(run, message) {
      posted.push(`${run} ${message}`);
      underWay.add(run);
    },
    isUnderWay: (run) => underWay.has(run),
  });
  return { posted, underWay, woken };
}

const names = Array.from({ length: MANY }, (_, number) => `r${number}`);

test('so many at once, the others as these are over, all of them once and in order', () => {
  const { posted, underWay, woken } = line();
  for (const run of names) woken.wake(run, 0);
  const atOnce = posted.length;
  expect(atOnce).toBe(128);
  expect(woken.quiet).toBe(false);
  for (let over = 0; over < MANY; over += 1) {
    woken.over(`r${over}`);
    underWay.delete(`r${over}`);
    woken.goOn();
    expect(posted.length).toBe(Math.min(MANY, atOnce + over + 1));
  }
  expect(posted).toEqual(names.map((run) => `${run} 0`));
  expect(woken.quiet).toBe(true);
});

test('what comes while others stand in line stands behind them, and a run that is woken already takes no more room', () => {
  const { posted, woken } = line();
  for (const run of names) woken.wake(run, 0);
  const before = posted.length;
  woken.wake('late', 0);
  expect(posted).not.toContain('late 0');
  for (const run of names.slice(0, before)) woken.over(run);
  woken.goOn();
  expect(posted).toHaveLength(2 * before);

  const one = line();
  for (let wake = 0; wake < MANY; wake += 1) one.woken.wake('r', wake);
  expect(one.posted).toHaveLength(MANY);
});

test('one that cannot be read, or has broken, takes nobody’s place', () => {
  const { posted, underWay, woken } = line();
  for (const run of names) woken.wake(run, 0);
  const before = posted.length;
  woken.goOn();
  expect(posted).toHaveLength(before);
  underWay.clear();
  woken.goOn();
  expect(posted).toHaveLength(2 * before);
  woken.clear();
  underWay.clear();
  woken.goOn();
  expect(posted).toHaveLength(2 * before);
  expect(woken.quiet).toBe(true);
});

const sleeping = orchestrator('sleeping', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).sleep('s', '1h'),
);
const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const beside = orchestrator('beside', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).step('s', echo),
);

/** A store that answers later, one question after the other, as a server does. Whoever comes with a question stands behind all before. */
function slow(): { store: Store; mostSince: () => number } {
  const inner = memory();
  let last: Promise<unknown> = Promise.resolve();
  let [standing, most] = [0, 0];
  const store = new Proxy(inner, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || key === 'open' || key === 'close') return value;
      return (...given: unknown[]) => {
        standing += 1;
        most = Math.max(most, standing);
        const work = last.then(() => (value as (...some: unknown[]) => unknown).apply(target, given));
        last = work
          .catch(() => {})
          .then(() => new Promise<void>((resolve) => void setImmediate(resolve)))
          .then(() => {
            standing -= 1;
          });
        return work;
      };
    },
  });
  return {
    store,
    mostSince() {
      const found = most;
      most = 0;
      return found;
    },
  };
}

test('a run beside thousands that are due at one instant stands behind a few of them, and not all', async () => {
  const { store, mostSince } = slow();
  const clock = fakeClock();
  // Not followed by the clock, which would wait for it between two rounds.
  const box = await createSignalbox({
    orchestrators: [sleeping, beside],
    store,
    clock,
    logger: () => {},
    idleRuns: 10,
  });
  const count = 2_000;
  const runs = await Promise.all(
    Array.from({ length: count }, (_, at) => box.start(sleeping, { id: `r${at}`, input: null })),
  );
  await settled(box);
  let ended = 0;
  box.on('run.completed', () => {
    ended += 1;
  });
  mostSince();
  const over = clock.advance('1h');
  const others: number[] = [];
  while (ended < count) {
    const run = await box.start(beside, { id: `beside ${others.length}`, input: 1 });
    await run.result();
    others.push(ended);
  }
  await over;
  expect(await runs.at(-1)?.status()).toBe('completed');
  // One after the other, and many of them, while the others end.
  expect(others.filter((at) => at < count).length).toBeGreaterThan(4);
  expect(mostSince()).toBeLessThan(600);
  await box.close();
});

test('those in line have their turn, also if all before them turn out to be over, and nothing comes of their wake-ups', async () => {
  const inner = memory();
  const over = new Set<string>();
  const store: Store = { ...inner, readOpen: (run) => (over.has(run) ? null : inner.readOpen(run)) };
  const clock = fakeClock();
  const options = { orchestrators: [sleeping], store, clock, logger: () => {}, idleRuns: 0 };
  const box = clock.follow(await createSignalbox(options));
  const runs = [];
  for (const id of names.slice(0, 130)) runs.push(await box.start(sleeping, { id, input: null }));
  await settled(box);
  expect(box.counts.inMemory).toBe(0);
  for (const id of names.slice(0, 128)) over.add(id);

  await clock.advance('1h');

  expect(await Promise.all(runs.slice(128).map((run) => run.status()))).toEqual(['completed', 'completed']);
  await box.close();
});
