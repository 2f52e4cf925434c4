/** Commits that go wrong on a SQLite store: every scenario, once for each of its commits (I3). */
import { type AnyOrchestrator, createSignalbox, type Store, type Signalbox } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { expect, test } from 'vitest';
import { oneIn } from '../helpers/form.ts';
import { called, playing, scenarios } from '../helpers/scenarios.ts';
import { faultsOfHistory, historyOf, hurriedClock, soon } from '../helpers/stage.ts';
import type { Mishap } from '../helpers/stores.ts';

/** A store in memory whose commit number `at` goes wrong; number 0 is none. */
function mishapAt(at: number, mishap: Mishap): Store {
  const inner = sqlite(':memory:');
  let count = 0;
  const commit: Store['commit'] = (changes) => {
    count += 1;
    if (count !== at || mishap === 'unheard') void inner.commit(changes);
    if (count === at) throw new Error(`commit ${at} was ${mishap}`);
  };
  return new Proxy<Store>(inner, {
    get(target, name: keyof Store) {
      const member = name === 'commit' ? commit : target[name];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

async function play(flow: AnyOrchestrator, store: Store) {
  called.length = 0;
  const options = { store, clock: hurriedClock(), logger: () => {}, idleRuns: 0 };
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  playing.box = box as unknown as Signalbox;
  const run = await soon(box.start(flow, { id: 'r', input: null }));
  const { status, output } = await soon(run.outcome());
  const [history, faults] = [(await historyOf(run)).sort(), await faultsOfHistory(run)];
  return { seen: { status, output, history, faults, calls: [...called].sort() }, commits: box.counts.commits };
}

test.each(['lost', 'unheard'] as const)(
  'a commit that is %s leaves every run to come to the same end, with the same history and the same calls (I3, I6)',
  async (mishap) => {
    const wrong: string[] = [];
    for (const flow of oneIn(4, scenarios, mishap === 'lost' ? 0 : 2)) {
      const clean = await play(flow, mishapAt(0, mishap));
      expect(clean.seen.faults).toEqual([]);
      for (let at = 1; at <= clean.commits; at += 1) {
        const found = await play(flow, mishapAt(at, mishap)).then(
          ({ seen }) => JSON.stringify(seen),
          (error: Error) => error.message,
        );
        if (found !== JSON.stringify(clean.seen)) wrong.push(`${flow.name}, commit ${at}: ${found}`);
      }
    }
    expect(wrong).toEqual([]);
  },
  120_000,
);
