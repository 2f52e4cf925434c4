/**
 * Crash points: the places at which a process may die, by name, and a box that dies at one of them.
 *
 * No process is needed. A box touches the world through its store, its executor and its clock, and
 * through nothing else; one whose three are cut off is as good as dead. What had been committed lies
 * in the store that was handed in, and the next box goes on with it (I3, I6).
 *
 * What this cannot do is stop a function: a body that is under way at the kill goes on to its end,
 * and nobody hears of it. That is what a body in another process or on another machine does, too.
 */
import { askOptions } from '../checks.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Body } from '../definition.ts';
import type { Executor } from '../executor.ts';
import { inProcess } from '../executors/in-process.ts';
import type { Awaitable, Sharing, Store } from '../store.ts';
import { memory } from '../stores/memory.ts';

/**
 * Where a process may die:
 *
 * - `before commit`: a turn was taken and is in memory; nothing of it is written.
 * - `after commit`: the turn is written, and nothing of what it asks for was begun. Nobody was told.
 * - `after effect, before its result`: a body ran to its end, and its answer never reached the run.
 * - `during recovery`: unfinished runs were claimed, or one of them was read, and none has gone on.
 *   A box that finds nothing to recover never comes to this point.
 */
export type CrashPoint = 'before commit' | 'after commit' | 'after effect, before its result' | 'during recovery';

/** Every crash point, for tests that walk all of them. */
export const crashPoints: readonly CrashPoint[] = [
  'before commit',
  'after commit',
  'after effect, before its result',
  'during recovery',
];

/** What the box would use if it were not to die. */
export interface CrashOptions {
  /** Keeps what was committed; hand it to the next box. Left out: in memory, see `underlying`. */
  readonly store?: Store;
  /** Left out: in this process. */
  readonly executor?: (bodies: { readonly [task: string]: Body }) => Executor;
  /** Left out: the machine's own. A clock that tests move by hand is handed in here and to the next box. */
  readonly clock?: Clock;
}

/** What a box is given that is to die. */
export interface DoomedBox {
  /** `createSignalbox({ ...doomed.options, orchestrators })`. */
  readonly options: {
    readonly store: Store;
    readonly executor: (bodies: { readonly [task: string]: Body }) => Executor;
    readonly clock: Clock;
  };
  /** The store as it is without the box: what the next one is handed. */
  readonly underlying: Store;
  /** Resolves when the box has died. What is awaited of a dead box never comes, so race it with this. */
  readonly crashed: Promise<void>;
  readonly dead: boolean;
  /** How often each point was passed so far. With a pass that never comes, how often there is to die. */
  readonly passes: { readonly [P in CrashPoint]: number };
}

/**
 * Store, executor and clock of a box that dies at the `pass`th time (from 1) that it comes to `point`; with 0 it
 * lives and only counts. From then on nothing reaches store or bodies from it: its calls to the store never
 * answer, jobs are not begun, answers are dropped, and no timer of it fires.
 *
 * Don't close a dead box, and don't wait for what it promised: nothing comes of either. A fake clock that follows it waits for
 * it no longer. A store that one process
 * holds for itself (a SQLite file) must be opened anew for the next box, from a copy of its files or after
 * `underlying.close()`.
 *
 * @example
 * const doomed = crashAt('after commit', 2, { clock });
 * const first = await createSignalbox({ ...doomed.options, orchestrators: [order] });
 * await Promise.race([first.start(order, { id: 'o1', input }), doomed.crashed]);
 *
 * await using second = await createSignalbox({ store: doomed.underlying, clock, orchestrators: [order] });
 * await second.run('o1').result();
 */
export function crashAt(point: CrashPoint, pass: number, options: CrashOptions = {}): DoomedBox {
  askOptions('crashAt', options, ['store', 'executor', 'clock']);
  const { store: underlying = memory(), executor = inProcess, clock = systemClock } = options;
  const passes = Object.fromEntries(crashPoints.map((each) => [each, 0])) as { [P in CrashPoint]: number };
  let dead = false;
  let die = (): void => {};
  const crashed = new Promise<void>((resolve) => {
    die = resolve;
  });

  /** Comes to a point. True if the box is dead from here on. */
  const dies = (here: CrashPoint): boolean => {
    if (dead) return true;
    passes[here] += 1;
    if (here !== point || passes[here] !== pass) return false;
    dead = true;
    die();
    return true;
  };

  return {
    options: {
      store: doomedStore(underlying, dies, () => dead),
      executor: (bodies) => doomedExecutor(executor(bodies), dies, () => dead),
      clock: {
        ...clock,
        now: () => clock.now(),
        wakeAfter: (ms, wake) => clock.wakeAfter(ms, () => (dead ? undefined : wake())),
        get isStopped() {
          return dead;
        },
      },
    },
    underlying,
    crashed,
    get dead() {
      return dead;
    },
    passes,
  };
}

type Dies = (here: CrashPoint) => boolean;

/** What a call from a dead box is answered with. */
const NEVER = new Promise<never>(() => {});

/** Forwards every call, and answers as the store does: at once, or with a promise. */
function doomedStore(inner: Store, dies: Dies, isDead: () => boolean): Store {
  /** Runs that were claimed and not read yet. */
  const claimed = new Set<string>();
  const call = (method: string, args: readonly unknown[]): unknown => {
    if (isDead() || (method === 'commit' && dies('before commit'))) return NEVER;
    const answer = (inner[method as keyof Store] as unknown as (...given: readonly unknown[]) => unknown)(...args);
    const heard = (value: unknown): unknown => (isDead() || diesAfter(method, args, value) ? NEVER : value);
    return answer instanceof Promise ? answer.then(heard) : heard(answer);
  };
  const diesAfter = (method: string, args: readonly unknown[], value: unknown): boolean => {
    if (method === 'commit') return dies('after commit');
    if (method === 'claim') {
      for (const run of value as readonly string[]) claimed.add(run);
      return claimed.size > 0 && dies('during recovery');
    }
    return method === 'readOpen' && claimed.delete(args[0] as string) && dies('during recovery');
  };
  return new Proxy(inner, {
    get(target, name) {
      const member: unknown = target[name as keyof Store];
      if (name === 'shared' && member !== undefined) return doomedSharing(member as Sharing, isDead);
      return typeof member === 'function' ? (...args: readonly unknown[]) => call(name as string, args) : member;
    },
  });
}

/** What a dead box would say to other processes is not said, and it hears nothing of them. */
function doomedSharing(inner: Sharing, isDead: () => boolean): Sharing {
  const unlessDead =
    <A extends readonly unknown[], R>(call: (...args: A) => Awaitable<R>) =>
    (...args: A): Awaitable<R> =>
      isDead() ? NEVER : call(...args);
  return {
    listen: unlessDead((heard) => inner.listen((news) => (isDead() ? undefined : heard(news)))),
    leaveCommand: unlessDead((command) => inner.leaveCommand(command)),
    readCommands: unlessDead((limit) => inner.readCommands(limit)),
    answerCommand: unlessDead((id, answer) => inner.answerCommand(id, answer)),
    takeAnswer: unlessDead((id) => inner.takeAnswer(id)),
    ...(inner.readStrays === undefined ? {} : { readStrays: unlessDead((known) => inner.readStrays?.(known) ?? []) }),
  };
}

function doomedExecutor(inner: Executor, dies: Dies, isDead: () => boolean): Executor {
  return {
    execute(job, answer) {
      if (isDead()) return;
      inner.execute(job, (given) => {
        if (!dies('after effect, before its result')) answer(given);
      });
    },
  };
}
