/**
 * What the tests of control-flow patterns stand on: bodies that take as long as they say, a body that sends its own
 * run a signal, and one run in memory under a clock that is moved by hand. Before each hour and each signal another
 * box takes over, so what the tests say of a pattern holds across restarts. The definitions themselves stand in the
 * tests, because docs/patterns.md shows them word for word.
 */
import { type AnyOrchestrator, createSignalbox, memory, orchestrator, type Signalbox, task, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, soon } from '../helpers/stage.ts';

export const Nothing = z.object({});
export const Text = z.string();

/** Ends at once with its own name. */
export const does = <const N extends string>(name: N) =>
  task(name, { input: Anything, output: z.literal(name), run: () => name });

/** Ends with its own name after so many hours. */
export const takes = <const N extends string>(name: N, hours: number) =>
  track(name, { input: Anything })
    .sleep('time', `${hours}h`)
    .output(() => name);

const HOUR = 3_600_000;

/** Takes as many hours as its input says, also if it is run again, and gives them back; by the clock of the scene. */
export const hours = task('hours', { input: z.number(), output: z.number() });

/** Sends its own run a signal, once also after a crash, and leaves behind what the run answered. */
export const tell = task('tell', {
  input: z.object({ signal: Text, payload: z.any().optional() }),
  output: Text,
});

// biome-ignore lint/suspicious/noExplicitAny: a track, whatever it takes and gives
type AnyTrack = any;

/** One track, `t`, as an orchestrator. */
export const alone = (body: AnyTrack): AnyOrchestrator =>
  orchestrator('alone', { version: '1', input: Anything })
    .track('t', body, { input: (({ input }: { input: unknown }) => input) as never })
    .output(({ outputs }) => outputs.t as never);

/** What a scene is played with. */
export interface Given {
  readonly input?: unknown;
  readonly signalBuffer?: number;
  /** Bodies beside those of this file. */
  readonly tasks?: (box: () => Signalbox) => object;
}

/** A run of `flow` that has done all that it can do before the clock moves. */
export async function scene(flow: AnyOrchestrator, { input = {}, signalBuffer = 100, tasks = () => ({}) }: Given = {}) {
  const clock = fakeClock();
  const store = memory();
  const dues = new Map<string, number>();
  let box: Signalbox;
  const bodies = {
    hours: ({ input, signal, key }: { input: number; signal: AbortSignal; key: string }) =>
      new Promise<number>((resolve, reject) => {
        const due = dues.get(key) ?? clock.now() + input * HOUR;
        dues.set(key, due);
        const stop = clock.wakeAfter(Math.max(0, due - clock.now()), () => resolve(input));
        signal.addEventListener('abort', () => {
          stop();
          reject(signal.reason);
        });
      }),
    tell: async (told: { input: { signal: string; payload?: unknown }; run: { id: string }; key: string }) => {
      const { signal, payload = null } = told.input;
      return (await box.signal(told.run.id, signal, payload as never, { id: told.key })).answer;
    },
    ...tasks(() => box),
  };
  // A body that no step calls is a mistake to a box, so each definition gets those that it names.
  const called = Object.fromEntries(Object.entries(bodies).filter(([name]) => calls(flow, name)));
  const options = { orchestrators: [flow], store, clock, logger: () => {}, signalBuffer, tasks: called };
  const open = async () => {
    box = clock.follow((await createSignalbox(options as never)) as Signalbox);
    await box.recovered;
  };
  /** Another box goes on with what this one leaves. */
  const reopen = async () => {
    await box.close();
    await open();
    await settled(box);
  };
  await open();
  await box!.start(flow as never, { id: 'r', input } as never);
  await settled(box!);
  const run = () => box.run('r');
  const pass = async (hours: number) => {
    for (let hour = 0; hour < hours; hour += 1) {
      await reopen();
      await clock.advance('1h');
    }
  };

  return {
    box: () => box,
    run,
    /** Lets hours pass. */
    pass,
    /** Sends a signal, and says in a word or two what became of it. */
    async signal(name: string, payload: unknown = null): Promise<string> {
      await reopen();
      const answer = await run().signal(name, payload as never);
      await settled(box);
      return answer.answer === 'refused' ? `refused: ${answer.reason}` : answer.answer;
    },
    /** `type path` of every event so far, or of those whose path is one of `paths`. */
    async history(...paths: readonly string[]): Promise<string[]> {
      const lines = await historyOf(run());
      return paths.length === 0 ? lines : lines.filter((line) => paths.includes(line.slice(line.indexOf(' ') + 1)));
    },
    /** Its output, if nothing more is needed for it than has happened. */
    result: () => soon(run().result()),
    /** Its output, after as many hours as it takes. */
    async output(): Promise<unknown> {
      await pass(4);
      await clock.advance('1000h');
      const output = await soon(run().result());
      const faults = await faultsOfHistory(run());
      if (faults.length > 0) throw new Error(faults.join('\n'));
      return output;
    },
    [Symbol.asyncDispose]: () => box.close(),
  };
}

/** Does a definition call this task anywhere? */
function calls(value: unknown, name: string, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  const { is, name: own, definition } = value as { is?: string; name?: string; definition?: unknown };
  if (is === 'task' && own === name) return true;
  return calls(definition, name, seen) || Object.values(value).some((part) => calls(part, name, seen));
}
