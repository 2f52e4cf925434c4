/** Three people who decide at once, on the stores of one process: an approval ends once, on what was shown (S20, S22, S23, S28). */
import { BoxClosed, createSignalbox, memory, type Signalbox, type Store } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { decideAtOnce, deciding } from '../helpers/deciding.ts';
import { isLong } from '../helpers/form.ts';
import { newFile } from '../helpers/files.ts';

const COURSES = isLong ? 60 : 15;

describe.each<[string, () => () => Store]>([
  [
    'memory',
    () => {
      const store = memory();
      return () => store;
    },
  ],
  [
    'sqlite',
    () => {
      const file = newFile('deciders.db');
      return () => sqlite(file);
    },
  ],
])('on %s', (_, place) => {
  test('three people at once, over restarts: one end, of what was shown', { timeout: 180_000 }, async () => {
    const clock = fakeClock();
    const ends = new Map<string, number>();
    const open = place();
    const opened = async (): Promise<Signalbox> =>
      clock.follow(
        (await createSignalbox({
          orchestrators: [deciding],
          store: open(),
          clock,
          logger: () => {},
        })) as unknown as Signalbox,
      );
    let box = await opened();
    for (let course = 1; course <= COURSES; course += 1) {
      const run = `r${course}`;
      await box.start(deciding, { id: run, input: null });
      await settled(box);
      let closing: Promise<void> | null = null;
      const end = await decideAtOnce({
        run,
        seed: `course ${course}`,
        async ask(_, work) {
          for (;;) {
            const asked = box;
            try {
              return await work(asked);
            } catch (error) {
              if (!(error instanceof BoxClosed)) throw error;
              while (box === asked) await settled();
            }
          }
        },
        async happen(what) {
          if (what === 'late') return clock.advance('31s');
          if (what === 'cancel') return box.run(run).cancel();
          const old = box;
          closing ??= old.close();
          await closing;
          box = await opened();
          closing = null;
        },
      });
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    expect([...ends.keys()].sort()).toEqual(expect.arrayContaining(['resolved', 'withdrawn']));
    await box.close();
  });
});
