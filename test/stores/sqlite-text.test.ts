/** Texts with halves of surrogate pairs, which UTF-8 cannot hold: each stays what it is, on every store (I10). */
import { createSignalbox, memory, orchestrator, type Store, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import { fromColumn, toColumn } from '../../src/stores/sqlite/text.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, eventsOf, faultsOfHistory, settled, stage } from '../helpers/stage.ts';

const HALVES = ['\ud800', '\ud801', '\udc00', '\ufffd', '\ufffdd800', 'a\ud800b', '\udc00\ud800'];

test('a column holds a text that is none of UTF-8, and gives it back; other text stands in it as it is', () => {
  for (const text of HALVES) {
    expect(toColumn(text).isWellFormed()).toBe(true);
    expect(fromColumn(toColumn(text))).toBe(text);
  }
  expect(new Set(HALVES.map(toColumn)).size).toBe(HALVES.length);
  for (const text of ['', 'plain', 'ü', '🚂', '\\ud800', 'a\\b']) {
    expect(toColumn(text)).toBe(text);
    expect(fromColumn(text)).toBe(text);
  }
  // As somebody wrote it with a shell, or as it was written before there were marks.
  expect(fromColumn('a\ufffd')).toBe('a\ufffd');
});

const one = track('one', { input: Anything }).wait('w\ud800', { signal: 's\ud800', payload: Anything });
const two = one.wait('w\ud801', { signal: 's\ud801', payload: Anything });
const flow = orchestrator('flow\ud800', { version: '1\ud800', input: Anything }).track('t\udc00', two);
const other = orchestrator('flow\ud801', { version: '1\ud800', input: Anything }).track('t\udc00', two);

/** What signals to one run are told, what becomes of it, and what is found after a restart. */
async function played(store: () => Store): Promise<readonly unknown[]> {
  const { clock, lines, options } = stage();
  const open = async () =>
    clock.follow(await createSignalbox({ orchestrators: [flow, other], store: store(), ...options }));
  const first = await open();
  const run = await first.start(flow, { id: 'r\ufffd', key: 'k', input: null });
  expect((await first.start(other, { key: 'k', input: null })).id).not.toBe('r\ufffd');
  const told: unknown[] = [];
  for (const id of ['\ud800', '\ud801', '\ufffd', '\ud800']) told.push(await run.signal('s\ud801', { by: id }, { id }));
  await first.close();

  await using second = await open();
  await second.recovered;
  await settled(second);
  const again = second.run('r\ufffd');
  for (const id of ['\ud801', '\udc00']) told.push(await again.signal('s\ud800', { by: id }, { id }));
  await settled(second);
  const { status, outputs } = await again.outcome();
  const cancelled = await second.start(flow, { id: 'c', input: null });
  await cancelled.cancel({ reason: 'because \ud800' });
  const { reason } = (await cancelled.export()).run;
  const list = await second.runs({ orchestrator: 'flow\ud800' });
  return [
    told,
    status,
    outputs,
    reason,
    await eventsOf(again),
    Object.keys((await again.snapshot()).steps),
    await faultsOfHistory(again),
    list.runs.map(({ run: id }) => id),
    lines.map(({ message }) => message),
  ];
}

describe('ids of signals, and names of steps, signals and orchestrators, that differ in half a character', () => {
  test('are as many on SQLite as in memory (S17, I10)', async () => {
    const [kept, file] = [memory(), newFile()];
    const inMemory = await played(() => kept);
    expect(inMemory.slice(0, 4)).toEqual([
      [
        ...[{ answer: 'buffered' }, { answer: 'buffered' }, { answer: 'buffered' }, { answer: 'buffered' }],
        ...[{ answer: 'buffered' }, { answer: 'accepted', step: 't\udc00/w\ud800' }],
      ],
      'completed',
      { 't\udc00': { by: '\ud800' } },
      'because \ud800',
    ]);
    expect(await played(() => sqlite(file))).toEqual(inMemory);
  });
});
