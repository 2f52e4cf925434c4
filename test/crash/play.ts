/**
 * Playing a scenario with crashes in it, and comparing its end with that of the same scenario without: the run comes to
 * the same end, and nothing that was completed is done again.
 */
import {
  type AnyOrchestrator,
  createSignalbox,
  inProcess,
  type LogLine,
  memory,
  type Signalbox,
  type Store,
} from 'signalbox';
import type { ActorRow } from 'signalbox/store';
import { type CrashPoint, crashAt, crashPoints, type DoomedBox } from 'signalbox/testing';
import type { Clock } from '../../src/clock.ts';
import type { Executor } from '../../src/executor.ts';
import { called, endless, playing, rerun, WAITING } from '../helpers/scenarios.ts';
import { faultsOfHistory, historyOf, hurriedClock, soon } from '../helpers/stage.ts';

/** Where to die, from the first box to the last but one; the last one lives. */
export type Crashes = readonly (readonly [point: CrashPoint, pass: number])[];

export interface Played {
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
export interface Place {
  readonly store: Store;
  /** The same place for the next box, after the last one was killed. */
  next(): Place;
  close(): unknown;
}

export const inMemory = (store: Store = memory()): Place => ({ store, next: () => inMemory(store), close: () => {} });

/** Looks at every job that is begun: its attempt must be the committed one, and under way (I1, I6). */
function watching(store: Store, faults: string[]): typeof inProcess {
  return (bodies) => {
    const inner = inProcess(bodies);
    return {
      execute(job, answer) {
        const { key, attempt } = job;
        const [run, path] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1, key.lastIndexOf('#'))];
        // A server cannot be asked what is so at this very moment.
        if (store.shared !== undefined) return inner.execute(job, answer);
        const row = (store.readActors(run) as readonly ActorRow[]).find((actor) => actor.path === path);
        if (row?.state !== 'running') faults.push(`${key} was begun while the step is ${row?.state ?? 'not there'}`);
        else if (row.attempt !== attempt) faults.push(`${key} was begun while attempt ${row.attempt} is under way`);
        inner.execute(job, answer);
      },
    } satisfies Executor;
  };
}

/** Of the run, or of a child run of it. */
const BODY = /^r[./]/;

/** What a client does, whoever died before: starts under one id, which starts once, and waits for the end. */
async function drive(box: Signalbox, flow: AnyOrchestrator) {
  playing.box = box;
  await box.recovered;
  let run = await box.start(flow, { id: 'r', input: null });
  if (flow === endless) {
    // A cancel that comes before a body is begun means that it is not; here all of them are to be told to end.
    while (new Set(called.filter((key) => BODY.test(key))).size < WAITING)
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    await run.cancel({ reason: 'enough' });
  }
  if (flow === rerun) {
    const ended = await run.outcome();
    if (ended.status !== 'failed') throw new Error(`the first run is ${ended.status}`);
    run = await run.rerun({ from: 'a/two', reason: 'once more', id: 'r.again' });
  }
  const { status, output, outputs, error, failures } = await run.outcome();
  return {
    outcome: JSON.stringify([status, output, outputs, error?.message, failures.map(({ path, code }) => [path, code])]),
    history: await historyOf(run),
    faults: await faultsOfHistory(run),
  };
}

export async function play(flow: AnyOrchestrator, crashes: Crashes, first: Place): Promise<Played> {
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
      // A body may begin before the box is handed out; what it sends is for this box and none before it.
      const there = async (): Promise<Signalbox> => (await opening) as unknown as Signalbox;
      playing.box = {
        signal: async (...args) => (await there()).signal(...args),
        decide: async (...args) => (await there()).decide(...args),
        approval: async (...args) => (await there()).approval(...args),
      };
      const over = Promise.race([opening.then((box) => drive(box as unknown as Signalbox, flow)), doomed.crashed]);
      // How many rounds a server takes nobody knows; there the test's own limit has to do.
      const end = await (store.shared === undefined ? soon(over) : over);
      if (end) {
        died &&= pass === 0;
        const keys = [...new Set(called)].filter((key) => !key.startsWith('told to end')).sort();
        await (await opening).close();
        return { ...end, faults: [...faults, ...end.faults], keys, passes: doomed.passes, died };
      }
      place = place.next();
    }
  } finally {
    await place.close();
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

export interface Found {
  readonly wrong: readonly string[];
  readonly crashed: number;
}

/** Plays a scenario once for each list of crashes, and compares. */
export async function compare(flow: AnyOrchestrator, lists: readonly Crashes[], place: () => Place): Promise<Found> {
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

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** One crash at every pass of a point; during a recovery, after a crash at every commit before it. */
export async function everyPass(flow: AnyOrchestrator, point: CrashPoint, place: () => Place): Promise<Crashes[]> {
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
