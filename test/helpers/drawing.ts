/** What the tests of budgets stand on: a task that draws images, of which each costs, and a box whose time is moved by hand. */
import { createSignalbox, type LogLine, orchestrator, type Run, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { onTestFinished } from 'vitest';
import { Anything, settled, soon } from './stage.ts';

export const head = { version: '1', input: Anything } as const;

/** A task that notes its calls. */
export function drawing(options: object = {}, name = 'draw') {
  const calls: unknown[] = [];
  const made = task(name, {
    input: Anything,
    output: Anything,
    run: ({ input, key }) => {
      calls.push(input ?? key);
      return 'an image';
    },
    budget: { limit: 10, per: '1d' },
    ...options,
  });
  return { calls, made };
}

type Drawing = ReturnType<typeof drawing>['made'];

export const flowOf = (made: Drawing, options: object = {}, name = 'flow') =>
  orchestrator(name, { ...head, ...options }).track(
    't',
    track('t', { input: Anything }).step('s', made, ({ input }) => input),
    { input: ({ input }) => input },
  );

export async function opened(flow: unknown, options: object = {}) {
  const clock = (options as { clock?: ReturnType<typeof fakeClock> }).clock ?? fakeClock();
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void (line.level !== 'debug' && lines.push(line));
  const orchestrators = Array.isArray(flow) ? flow : [flow];
  const box = clock.follow(await createSignalbox({ orchestrators, logger, ...options, clock } as never));
  onTestFinished(() => box.close());
  const run = async (of: unknown, input: unknown = null, more: object = {}): Promise<Run<unknown>> => {
    const started = await box.start(of as never, { input, ...more } as never);
    await settled(box);
    return started as Run<unknown>;
  };
  /** How a run ends: its status, or the code of what it fails with. */
  const end = async (of: unknown, input: unknown = null, more: object = {}): Promise<string> => {
    const { status, failures } = await soon((await run(of, input, more)).outcome());
    return failures[0]?.code ?? status;
  };
  return { box, clock, lines, run, end };
}

export const times = async <T>(count: number, make: () => Promise<T>): Promise<T[]> => {
  const all: T[] = [];
  for (let at = 0; at < count; at += 1) all.push(await make());
  return all;
};
