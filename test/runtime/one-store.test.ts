/** One store object is for one open box at a time, whatever kind of store it is (I2). */
import { createSignalbox, memory, type Store } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { expect, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { graphOf, rejection, settled, stage } from '../helpers/stage.ts';

const flow = graphOf({ a: [] });

const stores: readonly (readonly [string, () => Store])[] = [
  ['memory', () => memory()],
  ['sqlite', () => sqlite(newFile())],
];

test.each(stores)(
  'a second box on the store of an open one (%s) is refused, does it no harm, and is let in when that one is closed (I2)',
  async (kind, make) => {
    const store = make();
    const { desk, clock, lines, options } = stage();
    const open = () => createSignalbox({ orchestrators: [flow], store, ...options });
    const first = clock.follow(await open());
    const run = await first.start(flow, { id: 'r', input: null });
    await settled(first);

    const refusal = await rejection(open());
    expect(refusal.message).toMatch(
      new RegExp(`^Option "store" cannot be .*a store of its own for each box: call ${kind}\\(…\\) once more`),
    );

    desk.give('a/work#1', 'done');
    expect(await run.result()).toEqual({ a: 'done' });
    expect(lines).toEqual([]);
    await first.close();
    await using second = await open();
    expect(await second.run('r').result()).toEqual({ a: 'done' });
  },
);
