/** Commits that go wrong (I3): nothing is lost, nothing is doubled, and the run goes on to the same end. */
import { type AnyOrchestrator, createSignalbox, type LogLine, type Run, type Signalbox, type Store } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { called, endless, playing, scenarios, WAITING } from '../helpers/scenarios.ts';
import { faultsOfHistory, historyOf, hurriedClock, soon } from '../helpers/stage.ts';
import { type Mishap, mishapAt } from '../helpers/stores.ts';

interface Played {
  readonly outcome: string;
  readonly history: readonly string[];
  readonly heard: readonly string[];
  readonly read: readonly string[];
  readonly faults: readonly string[];
  readonly calls: readonly string[];
  readonly codes: readonly string[];
  readonly commits: number;
}

type Lane = 'table' | 'xstate';

/** Runs a flow to its end on a store, with somebody who listens and somebody who reads. `endless` is cancelled. */
async function play(flow: AnyOrchestrator, store: Store, lane: Lane): Promise<Played> {
  called.length = 0;
  const lines: LogLine[] = [];
  const heard: string[] = [];
  const read: string[] = [];
  const logger = (line: LogLine) => void lines.push(line);
  const box = await createSignalbox({ orchestrators: [flow], store, clock: hurriedClock(), logger, lane, idleRuns: 0 });
  playing.box = box as unknown as Signalbox;
  box.on('*', ({ run, type, path }) => void (run === 'r' && heard.push(`${type} ${path}`.trim())));
  try {
    const run: Run<unknown> = await soon(box.start(flow, { id: 'r', input: null }));
    const reading = (async () => {
      for await (const { type, path } of run.events()) read.push(`${type} ${path}`.trim());
    })();
    if (flow === endless) {
      await soon(calledTimes(WAITING));
      await soon(run.cancel({ reason: 'enough' }));
    }
    const { status, output, outputs, error, failures } = await soon(run.outcome());
    await soon(reading);
    return {
      outcome: JSON.stringify([status, output, outputs, error?.message, failures.map(({ path }) => path)]),
      history: await historyOf(run),
      heard,
      read,
      faults: await faultsOfHistory(run),
      calls: [...called],
      codes: lines.flatMap(({ error }) => (error as { code?: string } | undefined)?.code ?? []),
      commits: box.counts.commits,
    };
  } finally {
    await box.close();
  }
}

async function calledTimes(count: number): Promise<void> {
  while (called.length < count) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

interface How {
  readonly mishap: Mishap;
  readonly which: 'any but the last' | 'the last';
  readonly rejecting?: boolean;
  readonly lane?: Lane;
}

type Judge = (played: Played, clean: Played) => string | null;

interface Course {
  readonly title: string;
  readonly clean: Played;
  /** What it came to, or why it did not. */
  readonly played: Played | Error;
}

/** Plays every scenario once for each commit of it that is to go wrong. */
async function coursesOf({ mishap, which, rejecting = false, lane = 'table' }: How): Promise<readonly Course[]> {
  const courses: Course[] = [];
  for (const flow of [...scenarios, endless]) {
    const clean = await play(flow, mishapAt(0, mishap, rejecting), lane);
    const [first, last] = which === 'the last' ? [clean.commits, clean.commits] : [1, clean.commits - 1];
    for (let at = first; at <= last; at += 1) {
      const played = await play(flow, mishapAt(at, mishap, rejecting), lane).catch((error: Error) => error);
      courses.push({ title: `${flow.name}, commit ${at} of ${clean.commits}`, clean, played });
    }
  }
  return courses;
}

/** Several judges look at the same courses. */
const known = new Map<string, Promise<readonly Course[]>>();

/** What a judge has to say of each course, if anything. */
async function wrongs(how: How, judge: Judge): Promise<string[]> {
  const key = JSON.stringify(how);
  const courses = known.get(key) ?? coursesOf(how);
  known.set(key, courses);
  const found: string[] = [];
  for (const { title, clean, played } of await courses) {
    const wrong = played instanceof Error ? played.message : judge(played, clean);
    if (wrong !== null) found.push(`${title}: ${wrong}`);
  }
  return found;
}

const differ = (left: readonly string[], right: readonly string[]): string | null => {
  const [a, b] = [[...left].sort().join(', '), [...right].sort().join(', ')];
  return a === b ? null : `${a} instead of ${b}`;
};

const sameEnd: Judge = (played, clean) => {
  if (played.outcome !== clean.outcome) return `${played.outcome} instead of ${clean.outcome}`;
  if (played.faults.length > 0) return played.faults.join(', ');
  return differ(played.history, clean.history);
};
const followedWell: Judge = ({ read, history }) => differ(read, history);
const heardWell: Judge = ({ heard, history }) => differ(heard, history);
const calledOnce: Judge = ({ calls }, clean) => differ(calls, clean.calls);
const toldOnce: Judge = ({ codes }) => {
  const count = codes.filter((code) => code === 'commit-failed').length;
  return count <= 1 ? null : `told ${count} times`;
};

const ways: readonly Pick<How, 'mishap' | 'which'>[] = [
  { mishap: 'lost', which: 'any but the last' },
  { mishap: 'lost', which: 'the last' },
  { mishap: 'unheard', which: 'any but the last' },
  { mishap: 'unheard', which: 'the last' },
];

describe.each(ways)('a commit that is $mishap, $which of the run', (how) => {
  test('leaves the run to come to the same end with the same history, without a gap (I3)', async () => {
    expect(await wrongs(how, sameEnd)).toEqual([]);
  });
  test('that is told by a promise does no other harm (I3)', async () => {
    expect(await wrongs({ ...how, rejecting: true }, sameEnd)).toEqual([]);
  });
  test('leads to the same end when XState steps the machines', async () => {
    expect(await wrongs({ ...how, lane: 'xstate' }, sameEnd)).toEqual([]);
  });
  test('takes no event from who reads the run, and gives none twice', async () => {
    expect(await wrongs(how, followedWell)).toEqual([]);
  });
  test('takes no event from who listens to the box, and gives none twice', async () => {
    expect(await wrongs(how, heardWell)).toEqual([]);
  });
  test('has no body called twice under one key, and each told to end that is to end (I6, P27)', async () => {
    expect(await wrongs(how, calledOnce)).toEqual([]);
  });
  test('has bodies called and told to end alike when XState steps the machines', async () => {
    expect(await wrongs({ ...how, lane: 'xstate' }, calledOnce)).toEqual([]);
  });
  test('is logged once', async () => {
    expect(await wrongs(how, toldOnce)).toEqual([]);
  });
});
