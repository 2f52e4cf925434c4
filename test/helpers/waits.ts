/** What the tests of waits and signals stand on: a box with a clock that stands still, and stores that outlive their box. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyOrchestrator,
  createSignalbox,
  memory,
  orchestrator,
  type Run,
  type Signalbox,
  type Store,
  track,
} from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { type FakeClock, fakeClock, settled } from 'signalbox/testing';
import { Anything } from './stage.ts';

export const head = { version: '1', input: Anything } as const;

/** Places that are opened by one box after another: each call of what is given makes the next store there. */
export const places: readonly (readonly [string, () => () => Store])[] = [
  [
    'memory',
    () => {
      const store = memory();
      return () => store;
    },
  ],
  [
    'a SQLite file',
    () => {
      const file = join(mkdtempSync(join(tmpdir(), 'signalbox-wait-')), 'runs.db');
      return () => sqlite(file);
    },
  ],
];

/** One track `t` of one wait `w` for `go`. */
export const waiting = (options: object = {}): AnyOrchestrator =>
  orchestrator('waiting', head).track('t', track('t', { input: Anything }).wait('w', { signal: 'go', ...options }), {
    input: ({ input }) => input,
  });

/** A track of one wait for a signal. */
export const one = (name: string, signal: string, options: object = {}) =>
  track(name, { input: Anything }).wait('w', { signal, ...options });

interface OpenOptions {
  readonly lane?: 'table' | 'xstate';
  readonly store?: Store;
  readonly idleRuns?: number;
  readonly signalBuffer?: number;
  readonly clock?: FakeClock;
}

interface Opened extends AsyncDisposable {
  readonly box: Signalbox;
  readonly clock: FakeClock;
  /** Starts a run and lets everything happen that needs no time. */
  start(
    input?: unknown,
    more?: { readonly id?: string; readonly key?: string; readonly metadata?: object },
  ): Promise<Run>;
}

/** A box of one orchestrator. */
export async function open(flow: AnyOrchestrator, { clock = fakeClock(), ...more }: OpenOptions = {}): Promise<Opened> {
  const box = (await createSignalbox({ orchestrators: [flow], clock, ...more } as never)) as Signalbox;
  clock.follow(box);
  return {
    box,
    clock,
    async start(input = null, options = {}) {
      const run = await box.start(flow, { input, ...options } as never);
      await settled(box);
      return run as Run;
    },
    [Symbol.asyncDispose]: () => box.close(),
  };
}
