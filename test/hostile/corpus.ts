/**
 * The hostile corpus: every value at every place, on one store. Whatever is handed over: the run ends, or stands where it
 * can be cancelled; the process lives; the history can be read; and a run beside it comes to its end (S37, I7, I10).
 */
import {
  type AnyOrchestrator,
  createSignalbox,
  orchestrator,
  type Run,
  type Signalbox,
  type Store,
  task,
  track,
} from 'signalbox';
import { expect, onTestFinished, test, vi } from 'vitest';
import { reasonOf } from '../../src/errors/index.ts';
import { isTerminal } from '../../src/events.ts';
import type { Executor } from '../../src/executor.ts';
import { isLong } from '../helpers/form.ts';
import { Anything, never } from '../helpers/stage.ts';
import { CALLS, flowOf, IN_FLOWS, STARTS } from './places.ts';
import { VALUES } from './values.ts';

const beside = orchestrator('beside', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).step('s', task('beside', { input: Anything, output: Anything, run: () => 'fine' })),
);

/** Whatever is told goes through it. */
const REDACT = [/\b\d{3}\b/, '**.secret', { key: /^x$/ }];

/** After so long without an end a run is cancelled, and after so long it is held to stand still, by the machine's own clock. */
const [PATIENCE, STANDS_STILL] = [300, 20_000];

/** What nobody caught while a test ran, in words: what cannot be read cannot be compared. */
function strays(): string[] {
  const found: string[] = [];
  const catching = (error: unknown): void => void found.push(reasonOf(error));
  process.prependListener('unhandledRejection', catching);
  process.prependListener('uncaughtException', catching);
  onTestFinished(() => {
    process.off('unhandledRejection', catching);
    process.off('uncaughtException', catching);
  });
  return found;
}

/** A value to be handed to a call. If it is a promise, it is the caller's, who has seen to its rejection. */
function argument(make: () => unknown): () => unknown {
  return () => {
    const value = make();
    if (isPromise(value)) value.catch(() => {});
    return value;
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise;
  } catch {
    return false;
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | 'still'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'still'>((resolve) => {
    timer = setTimeout(resolve, ms, 'still');
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is wrong with a run that was given something; null if nothing is. */
async function faultOf(run: Run<unknown>): Promise<string | null> {
  if ((await within(PATIENCE, run.outcome())) === 'still') {
    await run.cancel();
    if ((await within(STANDS_STILL, run.outcome())) === 'still') return 'it stands still, and a cancel does not end it';
  }
  const events: string[] = [];
  for await (const { type } of run.history()) events.push(type);
  if (!isTerminal((events.at(-1) ?? '').replace('run.', ''))) return `its history ends with ${events.at(-1)}`;
  JSON.stringify(await run.export());
  JSON.stringify(await run.snapshot());
  return null;
}

async function boxOf(store: Store, orchestrators: readonly AnyOrchestrator[]): Promise<Signalbox> {
  const box = (await createSignalbox({ store, orchestrators, logger: () => {}, redact: REDACT } as never)) as Signalbox;
  onTestFinished(() => box.close());
  return box;
}

async function besideOf(box: Signalbox): Promise<void> {
  const run = (await box.start(beside as never, { input: null } as never)) as Run<unknown>;
  expect(await within(10_000, run.result())).toEqual({ t: 'fine' });
}

/** What the short form leaves out: of the values at each place, and of the places, all but every so many. */
interface Short {
  readonly step?: number;
  readonly stride?: number;
}

/**
 * Registers the corpus for a store; `make` gives a new one each time. In the short form every `step`-th value is handed over, at each place others
 * than at the place before, so that each value comes to some, and at every `stride`-th place.
 */
export function hostileCorpus(make: () => Store, { step = 1, stride = 1 }: Short = {}): void {
  let places = 0;
  const some = <T>(all: readonly T[]): readonly T[] => all.filter((_, at) => isLong || at % stride === 0);
  const values = (): readonly (readonly [name: string, value: () => unknown])[] => {
    places += 1;
    return Object.entries(VALUES).filter((_, at) => isLong || (at + places) % step === 0);
  };
  test.each(some(Object.keys(IN_FLOWS)))('%s may be anything (S37)', { timeout: 120_000 }, async (place) => {
    const found = strays();
    const given = values();
    // A version for each value: one box has all of them, and they share commits.
    const versions = given.map(([, value], at) => flowOf(place, value, String(at)));
    const box = await boxOf(make(), [...versions, beside]);
    const faults = await Promise.all(
      versions.map(async (flow, at) => {
        const run = (await box.start(flow as never, { input: null } as never)) as Run<unknown>;
        const fault = await faultOf(run).catch((error: Error) => `it cannot be read: ${error.message}`);
        return fault === null ? [] : [`${given[at]?.[0]}: ${fault}`];
      }),
    );
    await besideOf(box);
    expect(faults.flat()).toEqual([]);
    expect(found).toEqual([]);
  });

  test.each(some(Object.keys(CALLS)))(
    '%s may be anything, and who calls is told (S37, I10)',
    { timeout: 60_000 },
    async (call) => {
      const found = strays();
      const waits = orchestrator('waits', { version: '1', input: Anything })
        .track('t', track('t', { input: Anything }).wait('w', { signal: 'go', payload: Anything, where: () => false }))
        .track(
          'p',
          track('p', { input: Anything }).approval('a', { ask: 'Well?', decisions: ['approve', 'edit', 'replace'] }),
        );
      const box = await boxOf(make(), [waits, beside]);
      const faults = await Promise.all(
        values().map(async ([name, value]) => {
          const run = (await box.start(waits as never, { input: null } as never)) as Run<unknown>;
          const calling = Promise.resolve().then(() => CALLS[call]?.(run, box, argument(value)));
          const answered = await within(
            10_000,
            calling.catch((error: unknown) => error),
          );
          if (answered === 'still') return [`${name}: the call is never answered`];
          const fault = await faultOf(run).catch((error: Error) => `it cannot be read: ${error.message}`);
          return fault === null ? [] : [`${name}: ${fault}`];
        }),
      );
      await besideOf(box);
      expect(faults.flat()).toEqual([]);
      expect(found).toEqual([]);
    },
  );

  test.each(some(STARTS))(
    'a start may be given anything as its %s, and either is refused or runs (I10)',
    { timeout: 60_000 },
    async (option) => {
      const found = strays();
      const box = await boxOf(make(), [beside]);
      for (const [name, value] of values()) {
        const starting = Promise.resolve().then(() =>
          box.start(beside as never, { input: null, [option]: argument(value)() } as never),
        ) as Promise<Run<unknown>>;
        const started = await within(
          10_000,
          starting.catch(() => null),
        );
        expect(started, name).not.toBe('still');
        if (started !== null && started !== 'still') expect(await faultOf(started), name).toBe(null);
      }
      await besideOf(box);
      expect(found).toEqual([]);
    },
  );

  test('a cleanup, a listener, a logger, a hook and an executor may throw and answer anything (S37)', {
    timeout: 120_000,
  }, async () => {
    const found = strays();
    // What a logger that throws should have said goes there.
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => said.mockRestore());
    const faults: string[] = [];
    const line = values().entries();
    // A box for each value: a few at a time, for a server has only so many connections.
    const some = async (): Promise<void> => {
      for (const [at, [name, value]] of line) faults.push(...(await faultsOfBox(make(), name, value, at)));
    };
    await Promise.all([some(), some(), some(), some()]);
    expect(faults).toEqual([]);
    expect(found).toEqual([]);
  });
}

/** A box in which everything that is told of runs and bodies answers with the value, or throws it. */
async function faultsOfBox(store: Store, name: string, value: () => unknown, at: number): Promise<string[]> {
  const throwing = (): never => {
    throw value();
  };
  const cleanup = at % 2 === 0 ? throwing : async () => throwing();
  const one = (task_: ReturnType<typeof task>) =>
    orchestrator(task_.name, { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything }).step('s', task_ as never, (() => ({})) as never),
    );
  const tidies = one(task('tidied', { input: Anything, output: Anything, run: never, cleanup }) as never);
  const answers = one(task('answered', { input: Anything, output: Anything, run: never }) as never);
  const box = await createSignalbox({
    store,
    orchestrators: [tidies, answers],
    logger: at % 3 === 0 ? throwing : () => value() as undefined,
    hooks: [
      {
        timeout: 100,
        onHookError: 'ignore',
        beforeRun: at % 2 === 0 ? throwing : value,
        beforeTrack: throwing,
        afterTrack: value,
        onError: throwing,
        afterRun: at % 2 === 0 ? value : async () => throwing(),
      },
    ],
    redact: REDACT,
    executor: (): Executor => ({
      execute(job, answer) {
        if (job.task.name === 'tidied') return undefined;
        if (at % 4 === 0) return throwing();
        if (at % 4 === 1) return Promise.reject(value()) as unknown as undefined;
        queueMicrotask(() => answer(value() as never));
        return at % 4 === 2 ? (value() as undefined) : undefined;
      },
    }),
  } as never);
  box.on('*', throwing);
  box.on('*', () => value() as undefined);
  const faults: string[] = [];
  const started = (await box.start(tidies as never, { input: null } as never)) as Run<unknown>;
  await started.cancel();
  const ended = (await box.start(answers as never, { input: null } as never)) as Run<unknown>;
  for (const [what, run] of Object.entries({ 'a cleanup': started, 'an executor': ended })) {
    const fault = await faultOf(run).catch((error: Error) => `it cannot be read: ${error.message}`);
    if (fault !== null) faults.push(`${what}, ${name}: ${fault}`);
  }
  await box.close();
  return faults;
}
