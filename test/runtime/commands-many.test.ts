/** More commands of other processes than are read at a time: all of them are taken at once, and none waits for a sign of life. */
import { createSignalbox, type JsonObject, memory, orchestrator, track } from 'signalbox';
import type { CommandRow, News } from 'signalbox/store';
import { expect, test } from 'vitest';
import { Anything, settled, stage } from '../helpers/stage.ts';
import { alone, wrapped } from '../helpers/stores.ts';

const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  'a',
  track('a', { input: Anything }).wait('w', { signal: 'never' }),
);

/** A box on a store in which commands lie, and what was answered to them. */
async function station() {
  const { clock, options } = stage();
  let [lying, hear]: [CommandRow[], (news: News) => void] = [[], () => {}];
  const answered: string[] = [];
  const reads: number[] = [];
  const at = { isBroken: false };
  const shared = {
    ...alone,
    listen: (listener: (news: News) => void) => {
      hear = listener;
    },
    readCommands: async (limit: number) => {
      const some = lying.slice(0, limit);
      reads.push(some.length);
      return some;
    },
    answerCommand: async (id: string) => {
      if (at.isBroken) throw new Error('it takes no answer');
      answered.push(id);
      lying = lying.filter((each) => each.id !== id);
    },
  };
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, store: wrapped({ shared }) }));
  await box.start(flow, { id: 'r', input: null });
  return {
    at,
    box,
    answered,
    reads,
    leave(count: number) {
      for (let each = 0; each < count; each += 1) {
        const id = `c${answered.length + lying.length}`;
        lying.push({ id, run: 'r', body: { type: 'signal', id, name: 'early', payload: null } });
      }
      hear({ about: 'commands' });
    },
  };
}

test('five hundred commands at once are answered without a clock that moves (I7)', async () => {
  const { box, answered, leave } = await station();
  leave(500);
  await settled(box);
  expect(new Set(answered).size).toBe(500);
  expect(answered).toHaveLength(500);
  await box.close();
});

test('a page of commands whose answers the store does not take is read once, and not for ever', async () => {
  const { at, box, answered, reads, leave } = await station();
  at.isBroken = true;
  leave(200);
  await settled(box);
  expect([answered, reads]).toEqual([[], [200]]);
  at.isBroken = false;
  leave(1);
  await settled(box);
  expect(answered).toHaveLength(201);
  await box.close();
});

test('who asks a run that nobody here could go on with waits for two leases, and is told what is missing (S18)', async () => {
  const { clock, lines, options } = stage();
  const inner = memory();
  const left: string[] = [];
  const answers = new Map<string, JsonObject>();
  const shared = {
    ...alone,
    leaveCommand: ({ id }: CommandRow) => void left.push(id),
    answerCommand: (id: string, answer: JsonObject) => void answers.set(id, answer),
    takeAnswer: (id: string) => answers.get(id) ?? null,
  };
  // Another process has it.
  const store = wrapped({ shared, claim: () => [], readOpen: () => null }, inner);
  const before = await createSignalbox({ orchestrators: [flow], ...options, store: inner });
  await before.start(flow, { id: 'r', input: null });
  await before.close();
  const box = clock.follow(await createSignalbox({ orchestrators: [], ...options, store, lease: '9s' }));
  const asked = box
    .run('r')
    .signal('early', null)
    .catch(({ code, message }) => `${code}: ${message}`);
  let said: unknown = 'nothing';
  void asked.then((answer) => {
    said = answer;
  });

  await clock.advance('18s');
  expect([left.length, answers.size, said]).toEqual([1, 0, 'nothing']);
  await clock.advance('6s');

  expect([said, lines.filter(({ level }) => level === 'error')]).toEqual([
    expect.stringMatching(/^command-failed: .*"flow"/),
    [],
  ]);
  await box.close();
});
