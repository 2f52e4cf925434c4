/** Files of earlier versions: opened, brought to the tables of today, and gone on with. */
import { createSignalbox } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/stores/sqlite/schema.ts';
import { flow, tasks, told, unpack } from '../fixtures/sqlite-0.1.ts';
import { inShell, newFile, query } from '../helpers/files.ts';
import { eventsOf, faultsOfHistory, stage } from '../helpers/stage.ts';

/** A box on the file of version 0.1, whose clock goes on where that version stopped. */
async function reopened(file: string) {
  const { desk, clock, lines, options } = stage();
  clock.jump(told().at - clock.now());
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], tasks, store: sqlite(file), ...options }));
  await box.recovered;
  await settled(box);
  return { box, desk, clock, lines, [Symbol.asyncDispose]: () => box.close() };
}

/** The tables of a file, each with its columns, and its indexes and views. */
const shapeOf = (file: string): unknown =>
  query(file, `select type, name, tbl_name, sql from sqlite_schema order by type, name`);

/**
 * An export as version 0.1 made it: that of today also says what each part waits for, with which event it ended,
 * which run has started this one, that a run which only waits is waiting, and what an import needs.
 */
function asThen(document: unknown): unknown {
  const text = JSON.stringify(document, function (this: object, name, value: unknown) {
    if (name === 'waitingFor' || name === 'endedSeq' || name === 'redacted' || name === 'forImport') return undefined;
    // Steps have parents, too.
    if (name === 'parent' && value === null && Object.hasOwn(this, 'metadata')) return undefined;
    return name === 'status' && value === 'waiting' ? 'running' : value;
  });
  return JSON.parse(text);
}

describe('a file of version 0.1', () => {
  test('has the tables of a new one once it was opened, and is whole (P135)', () => {
    const [old, fresh] = [newFile(), newFile()];
    unpack(old);
    expect(query(old, 'pragma user_version')).toEqual([{ user_version: 1 }]);
    for (const file of [old, fresh]) {
      const store = sqlite(file);
      store.open({ name: 'one', lease: 1, now: () => 0 });
      store.close();
    }
    expect(shapeOf(old)).toEqual(shapeOf(fresh));
    expect(query(old, 'pragma user_version')).toEqual([{ user_version: MIGRATIONS.length }]);
    expect(query(old, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });

  test('tells of its runs what that version told (P135)', async () => {
    const file = newFile();
    unpack(file);
    const { ended, unfinished } = told();
    expect([Object.keys(ended), Object.keys(unfinished)]).toEqual([
      ['done', 'failed', 'cancelled'],
      ['waiting', 'backoff', 'asleep', 'inFlight'],
    ]);
    await using first = await reopened(file);
    for (const [id, before] of Object.entries(ended)) {
      const run = first.box.run(id);
      expect(asThen(await run.export())).toEqual(before);
      expect(await eventsOf(run)).toHaveLength(before.events.length);
      expect(await faultsOfHistory(run)).toEqual([]);
    }
    // Nothing has moved on before its time.
    const { asleep, waiting } = unfinished;
    expect(asThen(await first.box.run('asleep').export())).toEqual(asThen(asleep));
    expect(asThen(await first.box.run('waiting').export())).toEqual(asThen(waiting));
    expect(first.lines).toEqual([]);
  });

  test('has its unfinished runs gone on with where they were (I6, I7)', async () => {
    const file = newFile();
    unpack(file);
    await using second = await reopened(file);
    const { box, desk, clock } = second;
    // What was in flight is made again; what had completed is not.
    expect(desk.begun).toEqual(['main/one#1']);
    expect(desk.job('main/one#1').key).toBe('inFlight/main/one#1');
    desk.give('main/one#1', 'inFlight');
    await settled(box);

    await clock.advance('10m');
    expect(desk.job('main/two#2').key).toBe('backoff/main/two#2');
    desk.give('main/two#2', 'at the second attempt');
    expect(await box.run('waiting').signal('confirm', 'late', { id: 's4' })).toMatchObject({ answer: 'accepted' });
    await settled(box);
    desk.give('main/two#1', 'after the wait');
    await settled(box);
    // It has the signal already that came early, under its id.
    expect(await box.run('asleep').signal('confirm', 'again', { id: 's3' })).toEqual({ answer: 'buffered' });
    await clock.advance('50m');
    desk.give('main/two#1', 'after the sleep');
    await settled(box);
    await box.run('inFlight').cancel();

    const ends = await Promise.all(
      ['backoff', 'waiting', 'asleep', 'inFlight'].map(async (id) => {
        const run = box.run(id);
        const { status, outputs } = await run.outcome();
        return [id, status, outputs, await faultsOfHistory(run)];
      }),
    );
    expect(ends).toEqual([
      ['backoff', 'completed', { main: 'at the second attempt' }, []],
      ['waiting', 'completed', { main: 'after the wait' }, []],
      ['asleep', 'completed', { main: 'after the sleep' }, []],
      ['inFlight', 'cancelled', {}, []],
    ]);
    expect((await box.start(flow, { key: 'key of done', input: { n: 1 } })).id).toBe('done');
    expect(second.lines).toEqual([]);
    expect(inShell(file, (db) => db.prepare('select count(*) as runs from runs').get())).toMatchObject({ runs: 7 });
  });
});
