/** Several boxes on one place, as processes of their own would have them; their time stands still until a test moves it. */
import { type AnyOrchestrator, createSignalbox, type LogLine, type Signalbox, type Store } from 'signalbox';
import { type FakeClock, fakeClock } from 'signalbox/testing';
import type { Clock } from '../../src/clock.ts';

/** Where runs are kept that several processes share. */
export interface SharedPlace {
  /** Another store on the place, as another process would open it. */
  open(): Store;
  dispose?(): unknown;
}

/** How long a box is taken to live without a sign of it. */
export const LEASE = '9s';

export class Station {
  readonly clock: FakeClock = fakeClock();
  readonly lines: LogLine[] = [];
  readonly #place: SharedPlace;
  readonly #ends: (() => unknown)[] = [];

  constructor(place: SharedPlace) {
    this.#place = place;
  }

  /** A box as a process of its own would have it. */
  async box(
    orchestrators: readonly AnyOrchestrator[],
    wrap = (store: Store): Store => store,
    options: object = {},
  ): Promise<Signalbox> {
    const box = await this.#open(orchestrators, wrap(this.#place.open()), this.clock, options);
    this.#ends.push(() => box.close());
    return this.clock.follow(box);
  }

  /** A box that can be killed: from then on nothing of it reaches the place, and nothing reaches it. */
  async mortal(
    orchestrators: readonly AnyOrchestrator[],
    wrap = (store: Store): Store => store,
  ): Promise<{ readonly box: Signalbox; kill(): void }> {
    const inner = wrap(this.#place.open());
    let dead = false;
    const { clock } = this;
    const box = await this.#open(
      orchestrators,
      cut(inner, () => dead),
      {
        ...clock,
        now: () => clock.now(),
        wakeAfter: (ms, wake) => clock.wakeAfter(ms, () => (dead ? undefined : wake())),
      },
    );
    // What a process that dies takes with it by itself: its connections.
    this.#ends.push(() => inner.close());
    return {
      box,
      kill: () => {
        dead = true;
      },
    };
  }

  /** A box that can be stopped and go on, as a process by SIGSTOP and SIGCONT: meanwhile nothing happens in it. */
  async stoppable(
    orchestrators: readonly AnyOrchestrator[],
    options: object = {},
  ): Promise<{ readonly box: Signalbox; stop(): void; goOn(): void }> {
    const { clock } = this;
    let still = Promise.withResolvers<void>();
    still.resolve();
    let stopped = false;
    const then = (call: () => void): void => void (stopped ? still.promise.then(call) : call());
    const store = held(this.#place.open(), () => (stopped ? still.promise : null));
    const box = await this.#open(
      orchestrators,
      store,
      { ...clock, now: () => clock.now(), wakeAfter: (ms, wake) => clock.wakeAfter(ms, () => then(wake)) },
      options,
    );
    this.#ends.push(() => box.close());
    return {
      box,
      stop: () => {
        stopped = true;
        still = Promise.withResolvers();
      },
      goOn: () => {
        stopped = false;
        still.resolve();
      },
    };
  }

  /** What was logged as an error, in words. */
  get errors(): readonly string[] {
    return this.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    await this.#place.dispose?.();
  }

  #open(orchestrators: readonly AnyOrchestrator[], store: Store, clock: Clock, more: object = {}): Promise<Signalbox> {
    const logger = (line: LogLine) => void this.lines.push(line);
    const options = { orchestrators, store, clock, logger, lease: LEASE, idleRuns: 0, ...more };
    return createSignalbox(options as never) as Promise<Signalbox>;
  }
}

/** `whole` with all of its methods, and those of its parts; while it is stopped nothing is called, answered or heard. */
function held<T extends object>(whole: T, still: () => Promise<void> | null): T {
  return new Proxy(whole, {
    get(target, name) {
      const member: unknown = target[name as keyof T];
      if (typeof member === 'object' && member !== null) return held(member, still);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await still();
        const given = args.map((arg) =>
          typeof arg === 'function' ? async (news: unknown) => arg(news, await still()) : arg,
        );
        const answer: unknown = await (member as (...all: readonly unknown[]) => unknown).apply(target, given);
        await still();
        return answer;
      };
    },
  });
}

const NEVER = new Promise<never>(() => {});

/** `whole` with all of its methods, and those of its parts, until it is dead: then nothing answers any more. */
function cut<T extends object>(whole: T, isDead: () => boolean): T {
  return new Proxy(whole, {
    get(target, name) {
      const member: unknown = target[name as keyof T];
      if (typeof member === 'object' && member !== null) return cut(member, isDead);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        if (isDead()) return NEVER;
        const answer: unknown = (member as (...given: readonly unknown[]) => unknown).apply(target, args as unknown[]);
        return answer instanceof Promise ? answer.then((value) => (isDead() ? NEVER : value)) : answer;
      };
    },
  });
}
