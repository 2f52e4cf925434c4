/** Commands that other processes have left for runs of this one: when it looks for them, and how often. */
import { createSignalbox, type JsonObject, memory, orchestrator, track } from 'signalbox';
import type { CommandRow, News } from 'signalbox/store';
import { expect, test } from 'vitest';
import { Anything, settled, soon, stage } from '../helpers/stage.ts';
import { alone, wrapped } from '../helpers/stores.ts';

const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).wait('w', { signal: 'go' }),
);

/** A box on a store in which commands lie, and whose reading of them takes until the test says so. */
async function opened() {
  let tell: (news: News) => void = () => {};
  const lying: CommandRow[] = [];
  const answers: string[] = [];
  const reads: (() => void)[] = [];
  const seen = { reads: 0 };
  const store = wrapped({
    shared: {
      ...alone,
      listen(heard) {
        tell = heard;
      },
      async readCommands() {
        const found = [...lying];
        seen.reads += 1;
        await new Promise<void>((resolve) => reads.push(resolve));
        return found;
      },
      answerCommand(id) {
        answers.push(id);
        lying.splice(0, lying.length, ...lying.filter((command) => command.id !== id));
      },
    },
  });
  const { clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store, lease: '9s' }));
  const run = await box.start(flow, { id: 'r', input: null });
  const over = async (): Promise<void> => {
    await settled();
    reads.shift()?.();
    await settled();
  };
  const leave = async (id: string): Promise<void> => {
    const body = { type: 'signal', id, name: 'go', payload: null };
    lying.push({ id, run: 'r', body });
    tell({ about: 'commands' });
    await settled();
  };
  // What lay there when the box was opened.
  await settled();
  while (reads.length > 0) await over();
  return { box, run, seen, reads, answers, over, leave };
}

test('one that comes while others are being read is read right after them, and not at the next look', async () => {
  const { box, run, seen, reads, answers, over, leave } = await opened();
  const before = seen.reads;
  await leave('one');
  expect(seen.reads).toBe(before + 1);
  await leave('two');
  await leave('three');
  // However many have come: one question at a time.
  expect([seen.reads, reads.length]).toEqual([before + 1, 1]);
  await over();
  expect(answers).toEqual(['one']);
  expect(seen.reads).toBe(before + 2);
  await over();
  // One that was not answered yet is read once more, and taken twice is taken once.
  expect([...new Set(answers)]).toEqual(['one', 'two', 'three']);
  expect(seen.reads).toBe(before + 2);
  expect((await run.outcome()).status).toBe('completed');
  await box.close();
});

test('what this process has left for the owner of a run it answers itself, and hears at once, when the run becomes its own', async () => {
  const inner = memory();
  // It is dead without having closed.
  const first = await createSignalbox({ orchestrators: [flow], store: inner });
  await first.start(flow, { id: 'r', input: null });
  let tell: (news: News) => void = () => {};
  let isDead = false;
  const lying = new Map<string, CommandRow>();
  const answers = new Map<string, JsonObject>();
  const store = wrapped(
    {
      claim: (limit) => (isDead ? inner.claim(limit) : []),
      shared: {
        listen(heard) {
          tell = heard;
        },
        leaveCommand: (command) => void lying.set(command.id, command),
        readCommands: () => (isDead ? [...lying.values()] : []),
        answerCommand(id, answer) {
          lying.delete(id);
          answers.set(id, answer);
        },
        takeAnswer: (id) => answers.get(id) ?? null,
      },
    },
    inner,
  );
  const { clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store, lease: '9s' }));
  const asked = box.run('r').signal('go');
  await settled();
  expect([lying.size, answers.size]).toEqual([1, 0]);

  isDead = true;
  tell({ about: 'released' });

  expect(await soon(asked)).toEqual({ answer: 'accepted', step: 't/w' });
  expect((await soon(box.run('r').outcome())).status).toBe('completed');
  await box.close();
});
