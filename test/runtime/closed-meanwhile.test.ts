/** What comes of a run that is being read while its box is closed: nothing, and whoever waits for it is told. */
import { BoxClosed, createSignalbox, memory } from 'signalbox';
import { expect, test } from 'vitest';
import { rejection, settled, soon, stage } from '../helpers/stage.ts';
import { wrapped } from '../helpers/stores.ts';
import { waiting } from '../helpers/waits.ts';

test.each([
  ['has been read', null],
  ['cannot be read any more', new Error('the connection is gone')],
] as const)(
  'a run that %s when its box is closed takes no turn, and nothing is written or logged (I3)',
  async (_, error) => {
    const inner = memory();
    let later: Promise<void> | null = null;
    const commits: (readonly string[])[] = [];
    const store = wrapped(
      {
        commit(changes) {
          commits.push(changes.map(({ run }) => run));
          return inner.commit(changes);
        },
        // What is asked last.
        async readChildren(...asked) {
          const found = inner.readChildren(...asked);
          await later;
          if (later !== null && error !== null) throw error;
          return found;
        },
      },
      inner,
    );
    const { options, lines } = stage();
    const flow = waiting();
    await using box = await createSignalbox({ ...options, orchestrators: [flow], store, idleRuns: 0 });
    await box.start(flow, { id: 'r', input: null } as never);
    await settled();
    const before = commits.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    later = promise;
    const signal = rejection(box.signal('r', 'go', 1));
    await settled();

    await soon(box.close());
    resolve();

    expect(await soon(signal)).toBeInstanceOf(BoxClosed);
    await settled();
    expect(commits.slice(before)).toEqual([]);
    expect(lines).toEqual([]);
  },
);
