/** Starting, telling and killing the worker, and what it left behind when it is over. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { endsRun, type RunEvent } from '../../src/events.ts';
import type { RunPage, RunRow, Store } from '../../src/store.ts';
import { rerunOf } from '../../src/core/rerun.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { AGAIN, CANCELLED, CHILDREN, endOf, FAMILY, keysOf, SCHEDULE } from './load.ts';

const SCHEDULE_RUN = `schedule:${SCHEDULE}`;
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** A worker process that is loaded, or about to be. */
export interface Worker {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ready: Promise<void>;
  /** It has its box; never, if it is killed before. */
  readonly open: Promise<void>;
  /** A body has begun; never, if it is killed before. */
  readonly busy: Promise<void>;
  /** Resolves with everything that it wrote to standard error, and how it ended. */
  readonly over: Promise<{ readonly code: number | null; readonly signal: string | null; readonly errors: string }>;
  tell(word: 'load' | 'finish'): void;
}

/** Starts a worker on `folder`. `through` is a command to start it with, as `strace …`; `store` is the URL of a server and the name of a place there. */
export function worker(
  folder: string,
  name: string,
  load: number,
  through: readonly string[] = [],
  store: readonly string[] = [],
): Worker {
  const [command = process.execPath, ...rest] = [
    ...through,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    WORKER,
    folder,
    name,
    String(load),
    ...store,
  ];
  const child = spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  child.stdin.on('error', () => {});
  const over = new Promise<Awaited<Worker['over']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, errors }));
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    void over.then(() => reject(new Error(`The worker did not come up: ${errors}`)));
  });
  ready.catch(() => {});
  const says = (word: string): Promise<void> =>
    new Promise((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        if (text.includes(word)) resolve();
      });
    });
  return {
    process: child,
    ready,
    open: says('open'),
    busy: says('busy'),
    over,
    tell: (word) => void child.stdin.write(`${word}\n`),
  };
}

/** Reads a file of lines; none if it is not there. */
export function linesOf(folder: string, file: string): readonly string[] {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

interface Effect {
  readonly at: number;
  readonly what: string;
  readonly key: string;
  /** What the store said of the step at that moment: `running#2`; `unknown` if it was not asked. */
  readonly state: string;
}

/** What a folder holds once all is over: the rows, what was acknowledged, and what the bodies did. */
export interface Remains {
  readonly runs: number;
  /** How often a body began more than once under its key. */
  readonly repeats: number;
  readonly faults: readonly string[];
}

/** Compares what a SQLite file has with what was promised and with what the bodies did (I3, I6, I7). */
export async function remainsOf(folder: string): Promise<Remains> {
  const db = new DatabaseSync(join(folder, 'runs.db'), { readOnly: true });
  const integrity = JSON.stringify(db.prepare('pragma integrity_check').all());
  db.close();
  const remains = await remainsIn(folder, sqlite(join(folder, 'runs.db')));
  if (integrity === '[{"integrity_check":"ok"}]') return remains;
  return { ...remains, faults: [`integrity_check: ${integrity}`, ...remains.faults] };
}

/** The same for any store, which is opened and closed. */
export async function remainsIn(folder: string, store: Store): Promise<Remains> {
  await store.open({ name: 'the one who looks', lease: 1_000, now: () => Date.now() });
  try {
    return await compare(folder, store);
  } finally {
    await store.close();
  }
}

async function compare(folder: string, store: Store): Promise<Remains> {
  const faults: string[] = [];
  const rows: RunRow[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: RunPage = await store.readRuns({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...page.runs);
    cursor = page.cursor;
  }
  const runs = new Map(rows.map((row) => [row.run, row]));
  faultsOfAcks(linesOf(folder, 'acks'), runs, faults);
  const effects = linesOf(folder, 'effects').map((line): Effect => {
    const [at, what = '', key = '', state = ''] = line.split(' ');
    return { at: Number(at), what, key, state };
  });
  const byRun = Map.groupBy(effects, ({ key }) => key.slice(0, key.indexOf('/')));
  for (const { run, orchestrator, input, status, output } of rows) {
    // A schedule ends when it is removed, and calls nothing itself.
    if (run === SCHEDULE_RUN) continue;
    const end = `${status} ${JSON.stringify(output)}`;
    if (end !== endOf(orchestrator, Number(input), run))
      faults.push(`${run} (${orchestrator} of ${input}) ended ${end}`);
    const history = await store.readEvents(run, { after: 0, limit: 10_000 });
    faultsOfEvents(run, history, faults);
    faultsOfEffects(
      run,
      orchestrator,
      Number(input),
      history,
      byRun.get(run) ?? [],
      faults,
      store.shared !== undefined,
    );
  }
  const families = Map.groupBy(rows, ({ parent }) => parent?.run);
  for (const row of rows) {
    const { run, orchestrator } = row;
    const children = families.get(run)?.length ?? 0;
    if (run === SCHEDULE_RUN) continue;
    const isMadeAgain = orchestrator === AGAIN && rerunOf(row) === null;
    const wanted = orchestrator === FAMILY ? CHILDREN : isMadeAgain ? 1 : 0;
    if (children !== wanted) faults.push(`${run} (${orchestrator}) has ${children} children`);
  }
  const begins = effects.filter(({ what }) => what === 'begin');
  return { runs: rows.length, repeats: begins.length - new Set(begins.map(({ key }) => key)).size, faults };
}

function faultsOfAcks(acks: readonly string[], runs: ReadonlyMap<string, RunRow>, faults: string[]): void {
  const ended = new Map<string, string>();
  for (const line of acks) {
    const [word, run = '', status, output] = line.split(' ');
    const row = runs.get(run);
    if (row === undefined) {
      faults.push(`${line}, and there is no such run`);
      continue;
    }
    if (word !== 'ended') continue;
    const is = `${row.status} ${JSON.stringify(row.output)}`;
    if (is !== `${status} ${output}`) faults.push(`${line}, and it is ${is}`);
    ended.set(run, line);
  }
  for (const { run, parent } of runs.values())
    if (parent === null && !ended.has(run) && run !== SCHEDULE_RUN) faults.push(`nobody was told of the end of ${run}`);
}

function faultsOfEvents(run: string, history: readonly RunEvent[], faults: string[]): void {
  const gap = history.findIndex(({ seq }, index) => seq !== index + 1);
  if (gap >= 0) faults.push(`${run} has event ${history[gap]?.seq} at place ${gap + 1}`);
  const completed = history.flatMap(({ type, path }) => (type === 'step.completed' ? [path] : []));
  const again = completed.find((path, index) => completed.indexOf(path) !== index);
  if (again !== undefined) faults.push(`${run}/${again} was completed twice`);
  const ends = history.filter(({ type }) => endsRun(type));
  if (ends.length !== 1) faults.push(`${run} has ${ends.length} terminal events`);
  if (ends[0] !== history.at(-1)) faults.push(`${run} goes on after its end`);
}

function faultsOfEffects(
  run: string,
  orchestrator: string,
  input: number,
  history: readonly RunEvent[],
  effects: readonly Effect[],
  faults: string[],
  isShared: boolean,
): void {
  const over = new Map<string, number>();
  for (const { type, path, at } of history)
    if (/^step\.(completed|failed|timedOut|cancelled)$/.test(type)) over.set(`${run}/${path}`, at);
    else if (type === 'step.compensated') over.set(`undo ${run}/${path}`, at);
  for (const { at, what, key, state } of effects) {
    const ended = over.get(`${what === 'undo' ? 'undo ' : ''}${key.slice(0, key.lastIndexOf('#'))}`);
    if (ended !== undefined && at > ended)
      faults.push(`${key}: ${what} ${at - ended} ms after its step was over, at ${at}`);
    const tidied = what === 'cleanup' && orchestrator === CANCELLED ? 'cancelling' : 'running';
    const wanted = what === 'undo' ? 'compensating' : tidied;
    if (state !== 'unknown' && state !== `${wanted}${key.slice(key.lastIndexOf('#'))}`)
      faults.push(`${key}: ${what} while the store has ${state}`);
  }
  const called = new Set(effects.map(({ what, key }) => `${what} ${key}`));
  for (const key of keysOf(orchestrator, run, input)) {
    if (called.delete(key)) continue;
    // A cancel may come before the body is begun, while a store that others share is asked whose the run is; then it is not begun at all.
    if (isShared && orchestrator === CANCELLED && key.startsWith('begin ')) continue;
    faults.push(`${key} never happened`);
  }
  for (const key of called) faults.push(`${key} was not to happen`);
}
