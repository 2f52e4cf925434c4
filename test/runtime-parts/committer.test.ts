/** The committer beside a store that answers at once: so does it, commit after commit, and what comes meanwhile has its turn afterwards. */
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { systemClock } from '../../src/clock.ts';
import { Committer } from '../../src/runtime/commit/committer.ts';
import { hold } from '../../src/runtime/held.ts';
import type { RunState } from '../../src/core/run.ts';
import type { Store } from '../../src/store.ts';

const runOf = (id: string) => hold({ id, seq: 0, row: null } as unknown as RunState, 1, true);
const event = { type: 'step.started' } as RunEvent;

function watched(meanwhile: (run: string) => void = () => {}) {
  const said: string[] = [];
  const store = { commit: (changes) => void said.push(`commits ${changes.map(({ run }) => run)}`) } as Store;
  const committer = new Committer({
    store,
    term: () => 1,
    clock: systemClock,
    isAlone: () => false,
    failed: () => said.push('failed'),
    done(batch) {
      for (const { run } of batch) {
        said.push(`told of ${run.id}`);
        meanwhile(run.id);
      }
    },
  });
  return { said, committer };
}

test('each commit is told before the next line, however many there were', () => {
  const { said, committer } = watched();
  for (const id of ['a', 'b', 'a']) {
    committer.changesOf(runOf(id)).tell(event);
    void committer.settled();
    said.push(`after ${id}`);
  }
  expect(said.join(', ')).toBe(
    'commits a, told of a, after a, commits b, told of b, after b, commits a, told of a, after a',
  );
});

test('of a commit that is made while another one is told, it is told when all of that one has been', async () => {
  const more = runOf('more');
  const { said, committer } = watched((run) => {
    if (run !== 'a') return;
    committer.changesOf(more).tell(event);
    void committer.settled();
    said.push('goes on with a');
  });
  for (const id of ['a', 'b']) committer.changesOf(runOf(id)).tell(event);
  await committer.settled();
  expect(said.join(', ')).toBe('commits a,b, told of a, commits more, goes on with a, told of b, told of more');
});
