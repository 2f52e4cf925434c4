/**
 * What the hot path leaves out, counted and not timed: what is known is kept and not made or asked for again. What a profile of it says
 * stands in `bench/RESULTS.md`, and here is what would bring its costs back unseen.
 */
import { readFileSync } from 'node:fs';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { createSignalbox, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { DatabaseSync } from '../../src/stores/sqlite/driver.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, settled } from '../helpers/stage.ts';
import { counted } from '../helpers/stores.ts';

afterEach(() => void vi.restoreAllMocks());

let parsed = 0;
/** Takes whatever there is, and counts how often it was asked. */
const Counted: StandardSchemaV1<unknown, unknown> = {
  '~standard': {
    version: 1,
    vendor: 'signalbox tests',
    validate: (value) => {
      parsed += 1;
      return { value };
    },
  },
};

const work = task('work', { input: Counted, output: Counted, run: ({ input }) => input });

function flowOf(steps: number) {
  const line = Array.from({ length: steps }, (_, at) => `s${at}`).reduce(
    (all, name) => all.step(name, work as never) as never,
    track('t', { input: Anything }) as never as ReturnType<typeof track<'t', typeof Anything>>,
  );
  return orchestrator(`of ${steps}`, { version: '1', input: Anything }).track('t', line);
}

/** What so many runs of so many steps, begun at once, ask of their store until all have ended. */
async function callsOf(runs: number, steps: number, inner?: Store): Promise<Readonly<Record<string, number>>> {
  const { store, calls } = counted(inner);
  const flow = flowOf(steps);
  const box = await createSignalbox({ orchestrators: [flow], store, logger: () => {} });
  calls();
  parsed = 0;
  const begun = await Promise.all(
    Array.from({ length: runs }, (_, at) => box.start(flow, { id: `r${at}`, input: at })),
  );
  await Promise.all(begun.map((run) => run.result()));
  await settled(box);
  const asked = calls();
  await box.close();
  return asked as Readonly<Record<string, number>>;
}

test('a step asks the store nothing: a run of forty steps is read as often as one of ten, which is when it starts (P119)', async () => {
  const { commit: ten = 0, ...readsOfTen } = await callsOf(20, 10);
  const { commit: forty = 0, ...readsOfForty } = await callsOf(20, 40);
  expect(readsOfForty).toEqual(readsOfTen);
  expect(Object.keys(readsOfTen).filter((name) => /Open|Children|Actors|Events|Records/.test(name))).toEqual([]);
  // And the commits of all runs are as many as those of one: a step of each goes into the same one.
  const { commit: alone = 0 } = await callsOf(1, 40);
  expect(forty).toBe(alone);
  expect(forty - ten).toBe(30);
});

test('a value is parsed once where it goes in and once where it comes out, however many steps see it later (P119)', async () => {
  await callsOf(3, 20);
  expect(parsed).toBe(2 * 3 * 20);
});

test('a SQLite store prepares as many statements for many steps as for few (P119)', async () => {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const preparedBy = async (runs: number, steps: number): Promise<number> => {
    prepare.mockClear();
    await callsOf(runs, steps, sqlite(newFile(), { thread: 'never' }));
    return prepare.mock.calls.length;
  };
  const few = await preparedBy(1, 2);
  expect(few).toBeGreaterThan(0);
  expect(await preparedBy(10, 40)).toBe(few);
});

test('what a profile says of the hot path is reported, with what paid and what did not (P119)', () => {
  const report = readFileSync(new URL('../../bench/RESULTS.md', import.meta.url), 'utf8');
  for (const said of ['\n## Where the time goes\n', 'What paid: ', 'What did not: '])
    expect(report.includes(said), said).toBe(true);
});
