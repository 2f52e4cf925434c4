/**
 * Every crash point, at every pass of it, in every scenario: the run comes to the same end as without
 * a crash, and nothing that was completed is done again. In memory for all of them; on a file, which is
 * copied as it lies at the moment of the crash, for a few.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ActorRow,
  type AnyOrchestrator,
  createSignalbox,
  inProcess,
  type LogLine,
  memory,
  orchestrator,
  type Signalbox,
  type Store,
  task,
  track,
} from 'signalbox';
import { sqlite, type SqliteStore } from 'signalbox/sqlite';
import { type CrashPoint, crashAt, crashPoints, type DoomedBox } from 'signalbox/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import type { Executor } from '../../src/executor.ts';
import { called, endless, playing, scenarios } from '../helpers/scenarios.ts';
import { faultsOfHistory, historyOf, hurriedClock, soon } from '../helpers/stage.ts';

/** Where to die, from the first box to the last but one; the last one lives. */
type Crashes = readonly (readonly [point: CrashPoint, pass: number])[];

interface Played {
  readonly outcome: string;
  readonly history: readonly string[];
  /** What was called, each key once: bodies and cleanups. */
  readonly keys: readonly string[];
  readonly faults: readonly string[];
  /** How often the last box came to each point. */
  readonly passes: DoomedBox['passes'];
  /** Did every box die that was to? */
  readonly died: boolean;
}

/** A place that outlives its boxes. */
interface Place {
  readonly store: Store;
  /** The same place for the next box, after the last one was killed. */
  next(): Place;
  close(): void;
}

const inMemory = (store: Store = memory()): Place => ({ store, next: () => inMemory(store), close: () => {} });

const folder = mkdtempSync(join(tmpdir(), 'signalbox-points-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => {
  files += 1;
  return join(folder, `${files}.db`);
};

/** A SQLite file. The next box gets a copy of it and of its log, as they lie there: nothing was closed. */
function onFile(file = newFile()): Place {
  const store: SqliteStore = sqlite(file);
  return {
    store,
    next() {
      const copy = newFile();
      for (const end of ['', '-wal']) if (existsSync(file + end)) copyFileSync(file + end, copy + end);
      store.close();
      return onFile(copy);
    },
    close: () => store.close(),
  };
}

/** Looks at every job that is begun: its attempt must be the committed one, and under way (I1, I6). */
function watching(store: Store, faults: string[]): typeof inProcess {
  return (bodies) => {
    const inner = inProcess(bodies);
    return {
      execute(job, answer) {
        const { key, attempt } = job;
        const path = key.slice(key.indexOf('/') + 1, key.lastIndexOf('#'));
        const row = (store.readActors('r') as readonly ActorRow[]).find((actor) => actor.path === path);
        if (row?.state !== 'running') faults.push(`${key} was begun while the step is ${row?.state ?? 'not there'}`);
        else if (row.attempt !== attempt) faults.push(`${key} was begun while attempt ${row.attempt} is under way`);
        inner.execute(job, answer);
      },
    } satisfies Executor;
  };
}

/** What a client does, whoever died before: starts under one id, which starts once, and waits for the end. */
async function drive(box: Signalbox, flow: AnyOrchestrator) {
  playing.box = box;
  await box.recovered;
  const run = await box.start(flow, { id: 'r', input: null });
  if (flow === endless) await run.cancel({ reason: 'enough' });
  const { status, output, outputs, error, failures } = await run.outcome();
  return {
    outcome: JSON.stringify([status, output, outputs, error?.message, failures.map(({ path, code }) => [path, code])]),
    history: await historyOf(run),
    faults: await faultsOfHistory(run),
  };
}

async function play(flow: AnyOrchestrator, crashes: Crashes, first: Place): Promise<Played> {
  called.length = 0;
  const clock: Clock = hurriedClock();
  const faults: string[] = [];
  let place = first;
  let died = true;
  try {
    for (const [point, pass] of [...crashes, [crashPoints[0] as CrashPoint, 0] as const]) {
      const { store } = place;
      const doomed = crashAt(point, pass, { store, clock, executor: watching(store, faults) });
      const logger = ({ level, message }: LogLine) => void (level === 'error' && faults.push(message));
      const opening = createSignalbox({ ...doomed.options, orchestrators: [flow], logger, idleRuns: 0 });
      const end = await soon(
        Promise.race([opening.then((box) => drive(box as unknown as Signalbox, flow)), doomed.crashed]),
      );
      if (end) {
        died &&= pass === 0;
        const keys = [...new Set(called)].filter((key) => !key.startsWith('told to end')).sort();
        await (await opening).close();
        return { ...end, faults: [...faults, ...end.faults], keys, passes: doomed.passes, died };
      }
      place = place.next();
    }
  } finally {
    place.close();
  }
  throw new Error('Every box died.');
}

function difference(played: Played, clean: Played): string | null {
  if (played.faults.length > 0) return played.faults.join('; ');
  if (played.outcome !== clean.outcome) return `${played.outcome} instead of ${clean.outcome}`;
  const [keys, before] = [played.keys.join(', '), clean.keys.join(', ')];
  if (keys !== before) return `calls ${keys} instead of ${before}`;
  const [events, wanted] = [[...played.history].sort().join(', '), [...clean.history].sort().join(', ')];
  return events === wanted ? null : `${events} instead of ${wanted}`;
}

interface Found {
  readonly wrong: readonly string[];
  readonly crashed: number;
}

/** Plays a scenario once for each list of crashes, and compares. */
async function compare(flow: AnyOrchestrator, lists: readonly Crashes[], place: () => Place): Promise<Found> {
  const clean = await play(flow, [], place());
  const wrong: string[] = [];
  let crashed = 0;
  for (const crashes of lists) {
    let found: string | null;
    try {
      const played = await play(flow, crashes, place());
      if (played.died) crashed += 1;
      found = difference(played, clean);
    } catch (error) {
      found = (error as Error).message;
    }
    if (found !== null)
      wrong.push(`${flow.name}, ${crashes.map((crash) => crash.join(' ')).join(', then ')}: ${found}`);
  }
  return { wrong, crashed };
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** One crash at every pass of a point; during a recovery, after a crash at every commit before it. */
async function everyPass(flow: AnyOrchestrator, point: CrashPoint, place: () => Place): Promise<Crashes[]> {
  const { passes } = await play(flow, [], place());
  if (point !== 'during recovery') return upTo(passes[point]).map((pass) => [[point, pass]]);
  const lists: Crashes[] = [];
  for (const commit of upTo(passes['after commit'])) {
    const before = ['after commit', commit] as const;
    const recovered = await play(flow, [before], place());
    for (const pass of upTo(recovered.passes[point])) lists.push([before, [point, pass]]);
  }
  return lists;
}

/** A body that never ends, tried twice: its time is up each time, and it is tidied up. */
const slow = task('slow', {
  input: z.any(),
  output: z.any(),
  timeout: '5s',
  retry: { maxAttempts: 2, delay: '1s' },
  run: ({ key }) => {
    called.push(key);
    return new Promise(() => {});
  },
  cleanup: ({ key }) => void called.push(`cleanup ${key}`),
});
const timeouts: AnyOrchestrator = orchestrator('timeouts', { version: '1', input: z.any(), onFailure: 'continue' })
  .track('a', track('a', { input: z.any() }).step('a', slow))
  .track('b', track('b', { input: z.any() }).step('b', slow), { after: ['a'] });

const all = [...scenarios, endless, timeouts].map((flow) => ({ name: flow.name, flow }));

test('the scenarios come to every crash point, and during a recovery more than once', async () => {
  const { passes } = await play(endless, [['after commit', 1]], inMemory());

  for (const point of crashPoints.filter((each) => each !== 'after effect, before its result'))
    expect(passes[point], point).toBeGreaterThan(0);
  expect(passes['during recovery']).toBe(2);
  expect((await everyPass(scenarios[2] as AnyOrchestrator, 'after effect, before its result', inMemory)).length).toBe(
    3,
  );
});

describe.each(crashPoints)('a box that dies %s', (point) => {
  test.each(all)(
    'leaves "$name" to end as without a crash, and nothing completed is done again (I3, I6)',
    async ({ flow }) => {
      const lists = await everyPass(flow, point, inMemory);

      const { wrong, crashed } = await compare(flow, lists, inMemory);

      expect(wrong).toEqual([]);
      expect(crashed).toBe(lists.length);
    },
  );
});

describe('a box that dies again and again', () => {
  test.each(all)(
    'after each commit that it makes leaves "$name" to end as without a crash (I3, I6)',
    async ({ flow }) => {
      const { passes } = await play(flow, [], inMemory());
      const lists = [upTo(passes['after commit']).map(() => ['after commit', 1] as const)];

      expect((await compare(flow, lists, inMemory)).wrong).toEqual([]);
    },
  );

  test.each(all)(
    'before a commit or before a result leaves "$name" to end as without a crash (I3, I6)',
    async ({ flow }) => {
      const lists: Crashes[] = [];
      for (const before of ['before commit', 'after effect, before its result'] as const)
        for (const pass of [1, 2])
          lists.push([
            [before, pass],
            [before, pass],
            ['after commit', pass],
          ]);

      expect((await compare(flow, lists, inMemory)).wrong).toEqual([]);
    },
  );
});

describe('on a SQLite file that is left as it lies', () => {
  const few = all.filter(({ name }) =>
    ['diamond', 'retries', 'failFast', 'continue', 'endless', 'timeouts'].includes(name),
  );
  test.each(few)('"$name" ends as without a crash, wherever the box dies (I3, I6)', async ({ flow }) => {
    const lists: Crashes[] = [];
    for (const point of crashPoints) {
      const found = await everyPass(flow, point, inMemory);
      lists.push(...found.filter((_, index) => index % Math.ceil(found.length / 4) === 0));
    }

    expect((await compare(flow, lists, onFile)).wrong).toEqual([]);
  });
});
