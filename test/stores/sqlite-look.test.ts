/** A SQLite file that is read beside the process that has it open: it answers what a store answers, and takes, locks and writes nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createSignalbox, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { sqliteLook } from '../../src/stores/sqlite/look.ts';
import { inShell, newFile } from '../helpers/files.ts';
import { Anything } from '../helpers/stage.ts';

const work = task('work', { input: Anything, output: Anything, run: ({ input }) => input });
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything })
    .step('s', work, ({ input }) => input)
    .wait('word', { signal: 'word' }),
  { input: ({ input }) => input },
);

async function looking<T>(file: string, work: (store: Store) => Promise<T> | T): Promise<T> {
  const store = sqliteLook(file);
  await store.open({ name: 'who looks', lease: 1_000, now: () => 0 });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

test('it reads what was committed by then, while another process has the file and goes on (P208)', async () => {
  const file = newFile();
  const store = sqlite(file);
  await using box = await createSignalbox({ store, orchestrators: [flow], logger: () => {} });
  const run = await box.start(flow, { id: 'a', input: 1, key: 'k', metadata: { n: 1 } });
  await settled(box);
  const before = { ...inShell(file, (db) => db.prepare('select epoch from epochs').get()) };
  await looking(file, async (look) => {
    expect(look.readRuns({ limit: 10 })).toEqual(store.readRuns({ limit: 10 }));
    for (const read of [
      (each: Store) => each.readRunByKey('flow', 'k'),
      (each: Store) => each.readOpen('a'),
      (each: Store) => each.readActors('a'),
      (each: Store) => each.readEvents('a', { after: 0, limit: 100 }),
    ])
      expect(await read(look)).toEqual(await read(store));
    await run.signal('word', 2);
    await run.result();
    expect((await look.readRun('a'))?.status).toBe('completed');
    expect(await look.claim(10)).toEqual([]);
    for (const write of ['commit', 'addRecord', 'abandonRun', 'deleteRun'] as const)
      expect(() => (look[write] as () => unknown)()).toThrow(/cannot be used as a store: it was opened to be read\.$/);
  });
  // Nobody has opened it since, so the box goes on.
  expect({ ...inShell(file, (db) => db.prepare('select epoch from epochs').get()) }).toEqual(before);
  await (await box.start(flow, { id: 'b', input: 1 })).signal('word', 1);
  expect(await box.run('b').outcome()).toMatchObject({ status: 'completed' });
});

test('what is no file of this version is refused in words, and stays as it is (P208)', async () => {
  const file = newFile();
  const box = await createSignalbox({ store: sqlite(file), orchestrators: [flow] });
  await box.close();
  const says = async (path: string, words: RegExp): Promise<void> => {
    await expect(looking(path, () => {})).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringMatching(words),
    });
  };
  await says(`${file}-nowhere`, /there is no such file\.$/);
  const content = (): string => readFileSync(file).toString('base64');
  const { version } = inShell(file, (db) =>
    db.prepare('select user_version as version from pragma_user_version').get(),
  ) as {
    version: number;
  };
  for (const [sql, words] of [
    [`pragma user_version = ${version - 1}`, /its tables are of an older signalbox/],
    [`pragma user_version = ${version + 1}`, /its tables are of a newer signalbox/],
    ['pragma application_id = 7', /it is not a database of signalbox\.$/],
  ] as const) {
    inShell(file, (db) => db.exec(sql));
    const was = content();
    await says(file, words);
    expect(content()).toBe(was);
  }
  expect(readdirSync(dirname(file)).filter((name) => name.includes('lock'))).toEqual(['runs.db-lock']);
});
