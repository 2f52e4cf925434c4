/** Plays one track as a run, and says how it went. */
import { createSignalbox, memory, orchestrator, type Run, type Signalbox, type Store, task } from 'signalbox';
import { RunFailed } from 'signalbox/errors';
import { fakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, hurriedClock } from './stage.ts';

/** Takes anything and gives it back, later. */
export const echo = task('echo', { input: Anything, output: Anything, run: async ({ input }) => input });
export const twice = task('twice', { input: z.number(), output: z.number(), run: async ({ input }) => input * 2 });
export const fails = task('fails', {
  input: Anything,
  output: Anything,
  run: async ({ input }) => {
    throw new Error(`no ${JSON.stringify(input)}`);
  },
});

/** Ends when it is told to, and says whether that has happened, and its cleanup. */
export function holds(told: string[] = []) {
  return task('holds', {
    input: Anything,
    output: Anything,
    run: ({ key, signal }) =>
      new Promise<never>(() => {
        told.push(`begins ${short(key)}`);
        signal.addEventListener('abort', () => told.push(`told ${short(key)}`), { once: true });
      }),
    cleanup: async ({ key }) => void told.push(`cleanup ${short(key)}`),
  });
}

const short = (key: string): string => key.slice(key.indexOf('/') + 1);

// biome-ignore lint/suspicious/noExplicitAny: any track, whatever it takes
type AnyTrack = any;

export function flowOf(track: AnyTrack, options: object = {}) {
  const head = { version: '1', input: Anything, ...options };
  return orchestrator('flow', head).track('t', track, { input: (({ input }: { input: unknown }) => input) as never });
}

export interface Played {
  /** What the track has left behind, or the error of the run. */
  readonly output: unknown;
  readonly history: readonly string[];
}

/** To its end; time passes by itself as soon as nothing else happens. */
export async function play(track: AnyTrack, input: unknown = null, store: Store = memory()): Promise<Played> {
  const clock = hurriedClock();
  const flow = flowOf(track);
  const box = (await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} } as never)) as Signalbox;
  const run = (await box.start(flow as never, { input } as never)) as Run<unknown>;
  const output = await run.result().then(
    (result) => (Object(result) as { t?: unknown }).t ?? result,
    (error: { cause?: unknown }) => error,
  );
  const history = await historyOf(run);
  const faults = await faultsOfHistory(run);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  await box.close();
  return { output, history };
}

/** What has failed a run: the record of the error. */
export async function failureOf(track: AnyTrack, input: unknown = null): Promise<RunFailed['error']> {
  const { output } = await play(track, input);
  if (!(output instanceof RunFailed)) throw new Error(`It did not fail, but gave ${JSON.stringify(output)}.`);
  return output.error;
}

/** What two boxes, one after the other, see of a run: the first one is closed as soon as it has nothing more to do. */
export async function restarted(
  before: AnyTrack,
  after: AnyTrack,
  input: unknown = null,
): Promise<{ readonly output: unknown; readonly history: readonly string[] }> {
  const store = memory();
  const clock = fakeClock();
  const [flow, next] = [flowOf(before), flowOf(after)];
  const open = (flow: AnyTrack) =>
    createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} } as never) as Promise<Signalbox>;
  const first = await open(flow);
  await first.start(flow as never, { id: 'r', input } as never);
  await settled();
  await first.close();
  const second = await open(next);
  await second.recovered;
  await clock.advance('1h');
  const run = second.run('r');
  const output = await run.result().then(
    (result) => (Object(result) as { t?: unknown }).t ?? result,
    (error: unknown) => error,
  );
  const history = await historyOf(run);
  const faults = await faultsOfHistory(run);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  await second.close();
  return { output, history };
}
