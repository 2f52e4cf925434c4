/**
 * The box that a command works with. To look, nothing is taken over and nothing is written, so it may be done while the application runs. To
 * ask and to go on, a file is taken as an application takes it; on a server the command is one process more.
 */
import { systemClock } from '../clock.ts';
import type { Executor } from '../executor.ts';
import type { StoreHeld } from '../errors/index.ts';
import { createSignalbox } from '../index.ts';
import type { Signalbox } from '../runtime/box.ts';
import type { Run } from '../runtime/run.ts';
import type { RunRow, Store } from '../store.ts';
import { type App, appOf } from './app.ts';
import { type CliCall, codeIn, Misuse } from './command.ts';
import { narrowedTo, untaking } from './narrow.ts';
import { NO_PLACE, type RunsPlace, runsPlaceOf } from './place.ts';

/** What a command is given to work with. */
export interface Bench {
  readonly box: Signalbox;
  readonly store: Store;
  readonly now: () => number;
  /** The application has said what is secret: nothing is shown that has not come through its box. */
  readonly redacts: boolean;
}

/** A command that is about one run has that, too. */
export interface RunBench extends Bench {
  readonly run: Run;
  /** As it was when the command began. */
  readonly row: RunRow;
  /** The number of its last event then. */
  readonly seq: number;
  /** Whoever goes on with the run is this process alone. */
  readonly isFile: boolean;
  readonly hasApp: boolean;
}

/** Bodies that nobody runs: what is asked of a run is written down, and its steps are left to whoever goes on with it. */
const STILL: Executor = { execute: () => {} };

/** To look at all runs. */
export async function looking<T>(call: CliCall, work: (bench: Bench) => Promise<T>): Promise<T> {
  const app = await appOf(call);
  const place = runsPlaceOf(call);
  const store = place === null ? storeOf(app) : await place.store(true);
  return withBox(call, place, { ...app, store: untaking(store), executor: () => STILL }, work);
}

/** To look at one run. */
export async function lookingAt<T>(call: CliCall, id: string, work: (bench: RunBench) => Promise<T>): Promise<T> {
  return looking(call, async (bench) => {
    const { row, seq } = await found(bench, id);
    return work({ ...bench, run: bench.box.run(id), row, seq, isFile: false, hasApp: false });
  });
}

/** What is to be done with a run. */
export interface Intent {
  /** Bodies are run: the process goes on with the run. */
  readonly works?: boolean;
  /** It is done to the rows alone, so nobody needs the definition. */
  readonly byRows?: boolean;
}

/** To ask something of a run, or to go on with it. */
export async function withRun<T>(
  call: CliCall,
  id: string,
  { works = false, byRows = false }: Intent,
  work: (bench: RunBench) => Promise<T>,
): Promise<T> {
  const place = runsPlaceOf(call);
  const app = await appOf(call);
  // Before the file is taken: a run that is not there, or a definition that is missing, costs nobody anything.
  const { row, seq } = await lookingAt(call, id, async ({ run, row, seq }) => {
    if (app !== null && !byRows && row.endedAt === null) await run.explain();
    return { row, seq };
  });
  const isFile = place?.isFile ?? storeOf(app).shared === undefined;
  if (isFile && app === null && !byRows && row.endedAt === null)
    throw new Misuse(
      `run "${id}" is of orchestrator "${row.orchestrator}", which this needs to know: say --app FILE, a module that exports it`,
    );
  const inner = place === null ? storeOf(app) : await place.store(false);
  const store = byRows ? untaking(inner) : isFile ? narrowedTo(inner, row) : inner;
  const options = byRows ? { store } : { ...app, store, ...(works ? {} : { executor: () => STILL }) };
  return withBox(call, place, options, async (bench) => {
    await bench.box.recovered;
    return work({ ...bench, run: bench.box.run(id), row, seq, isFile, hasApp: app !== null });
  });
}

function storeOf(app: App | null): Store {
  if (app?.store === undefined) throw new Misuse(NO_PLACE);
  return app.store;
}

async function withBox<T>(
  { terminal }: CliCall,
  place: RunsPlace | null,
  options: Partial<App> & { readonly store: Store },
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  // What fails in a run is told with its events; here is what is wrong with the box itself.
  const logger: App['logger'] = ({ level, message, run }) => {
    if (level === 'error' && run === undefined) terminal.err(`signalbox: ${message}\n`);
  };
  let box: Signalbox;
  try {
    box = (await createSignalbox({ ...options, logger } as never)) as Signalbox;
  } catch (error) {
    if (codeIn(error) === 'store-held') throw new Misuse(heldLine(place, error as StoreHeld));
    throw error;
  }
  try {
    const now = (): number => (options.clock ?? systemClock).now();
    return await work({ box, store: options.store, now, redacts: options.redact !== undefined });
  } finally {
    await box.close();
  }
}

function heldLine(place: RunsPlace | null, { fields }: StoreHeld): string {
  const name = place?.name ?? fields.store;
  return `${name} is held by ${fields.holder}: ask that process, or end it and say this again (status, explain, events, audit, diagram and approvals only read, and work meanwhile)`;
}

async function found({ store }: Bench, id: string): Promise<{ readonly row: RunRow; readonly seq: number }> {
  const open = await store.readOpen(id);
  if (open === null) throw nowhere(id);
  return open;
}

export function nowhere(id: string): Misuse {
  return new Misuse(`there is no run "${id}" in this store; signalbox status lists those that there are`);
}
