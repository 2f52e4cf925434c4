/** A store whose commits lie on a desk until the test says what becomes of each. */
import { memory, type Store } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { settled } from 'signalbox/testing';
import { wrapped } from './stores.ts';

/** A commit that was not answered yet. */
export interface Pending {
  /** The runs that it is of. */
  readonly runs: readonly string[];
  /** It is on the disk, and told so. */
  land(): Promise<void>;
  /** It is not on the disk, and told so. */
  lose(error?: Error): Promise<void>;
  /** It is on the disk, and told that nobody knows. */
  unheard(): Promise<void>;
}

export interface Judged {
  readonly store: Store;
  /** Commits under way, the oldest first. */
  readonly pending: Pending[];
  /** Lands what is under way, and all that follows from it. */
  landAll(): Promise<void>;
}

/** What becomes of a commit that goes wrong. */
export const WRONGS = ['lose', 'unheard'] as const;

/** `inner` with commits that wait for the test, each of which resolves when what follows from its answer has happened. */
export function judged(inner: Store = memory(), more: Partial<Store> = {}): Judged {
  const pending: Pending[] = [];
  const commit = (changes: readonly RunChange[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const answer = (lands: boolean, error: Error | null) => async (): Promise<void> => {
        pending.splice(pending.indexOf(one), 1);
        if (lands) await inner.commit(changes);
        if (error === null) resolve();
        else reject(error);
        await settled();
      };
      const one: Pending = {
        runs: changes.map(({ run }) => run),
        land: answer(true, null),
        lose: (error = new Error('the disk is full')) => answer(false, error)(),
        unheard: answer(true, new Error('the connection is gone')),
      };
      pending.push(one);
    });
  const landAll = async (): Promise<void> => {
    await settled();
    for (let [next] = pending; next !== undefined; [next] = pending) await next.land();
  };
  return { store: wrapped({ commit, ...more }, inner), pending, landAll };
}
