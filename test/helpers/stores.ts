/** Stores that misbehave, around one that does not. */
import { memory, type Store } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import type { Sharing } from '../../src/store.ts';

/** `inner` with some of its methods replaced. */
export function wrapped(over: Partial<Store>, inner: Store = memory()): Store {
  return { ...inner, ...over };
}

/** What a store has that processes share, when nobody else is there. */
export const alone: Sharing = {
  listen: () => {},
  leaveCommand: () => {},
  readCommands: () => [],
  answerCommand: () => {},
  takeAnswer: () => null,
};

/** A store that answers everything later. */
export function later(inner: Store = memory()): Store {
  return new Proxy(inner, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
        return (member as (...given: unknown[]) => unknown)(...args);
      };
    },
  });
}

/** What goes wrong with a commit: it does not land, or it lands and nobody hears of it. */
export type Mishap = 'lost' | 'unheard';

/** A store whose commit number `at` (from 1) goes wrong; `rejecting` tells it by a promise. */
export function mishapAt(at: number, mishap: Mishap, rejecting = false, inner: Store = memory()): Store {
  let count = 0;
  const attempt = (changes: readonly RunChange[]): void => {
    count += 1;
    if (count !== at || mishap === 'unheard') void inner.commit(changes);
    if (count === at) throw new Error(`commit ${at} was ${mishap}`);
  };
  return wrapped({ commit: rejecting ? async (changes) => attempt(changes) : attempt }, inner);
}

/** A store whose commits wait for the test; `land` lets the oldest one land, with what comes before it and of it. */
export function held(inner: Store = memory()): { store: Store; waiting: (() => void)[]; land(): Promise<void> } {
  const waiting: (() => void)[] = [];
  const commit = (changes: readonly RunChange[]): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        new Promise<void>((done) => done(inner.commit(changes))).then(resolve, reject);
      });
    });
  const land = async (): Promise<void> => {
    await settled();
    waiting.shift()?.();
    await settled();
  };
  return { store: wrapped({ commit }, inner), waiting, land };
}

/** A store, and how often each of its methods was called since `calls` was last asked. */
export function counted(inner: Store = memory()): { store: Store; calls(): { readonly [method: string]: number } } {
  let counts: { [method: string]: number } = {};
  const store = new Proxy(inner, {
    get(target, name: keyof Store) {
      const member: unknown = target[name];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        counts[name] = (counts[name] ?? 0) + 1;
        return (member as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const calls = () => {
    const asked = counts;
    counts = {};
    return asked;
  };
  return { store, calls };
}
