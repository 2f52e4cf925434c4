/** What a person is told without having asked: the lines at a terminal, and those of a logger with methods. */
import {
  type AnyOrchestrator,
  createSignalbox,
  memory,
  orchestrator,
  RetryAfter,
  type Run,
  type SignalboxError,
  task,
  track,
} from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Anything, graphOf, rejection, soon, stage } from '../helpers/stage.ts';

/** What was printed since the test began, whatever it was printed with. */
let printed: string[] = [];
beforeEach(() => {
  printed = [];
  for (const method of ['error', 'warn', 'info', 'debug', 'log'] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
      printed.push(`${method} ${words.join(' ')}`);
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const flow = graphOf({ payment: [] }, { name: 'order' });
const failing = (message: string, retry = {}) =>
  orchestrator('order', { version: '1', input: Anything }).track(
    'payment',
    track('payment', { input: Anything }).step(
      'charge',
      task('charge', {
        input: Anything,
        output: Anything,
        retry,
        run: () => {
          throw new Error(message);
        },
      }),
    ),
  );

describe('without a logger, at a terminal,', () => {
  beforeEach(() => vi.stubEnv('NODE_ENV', undefined));

  test('a failed run that nobody awaits is one line: which run, of what, where, and why', async () => {
    const order = failing('card declined');
    await using box = await createSignalbox({ orchestrators: [order] });
    await box.start(order, { id: 'order-17', input: null });
    await settled(box);

    expect(printed).toEqual([
      'warn signalbox [order-17]: run of orchestrator "order" failed at payment/charge: card declined',
    ]);
  });

  test.each(['result', 'outcome'] as const)('one that somebody awaits by %s() is left to that one', async (way) => {
    const order = failing('card declined');
    await using box = await createSignalbox({ orchestrators: [order] });
    const run: Run = await box.start(order, { input: null });
    await run[way]().catch(() => {});

    expect(printed).toEqual([]);
  });

  test('a task that fails by itself is left to the one who runs it', async () => {
    await using box = await createSignalbox({});
    const run = (): never => {
      throw new Error('card declined');
    };
    await rejection(box.runTask(task('charge', { input: Anything, output: Anything, run }), null));

    expect(printed).toEqual([]);
  });

  test('each retry is a line with the time until the next attempt, and the end says how many there were', async () => {
    const { desk, clock } = stage();
    const charge = task('work', { input: Anything, output: Anything, retry: { maxAttempts: 2, delay: '4s' } });
    const order = orchestrator('order', { version: '1', input: Anything }).track(
      'payment',
      track('payment', { input: Anything }).step('charge', charge),
    );
    const options = { orchestrators: [order], executor: () => desk, clock, tasks: { work: () => null } };
    await using box = clock.follow(await createSignalbox(options as never));
    await box.start(order as never, { id: 'r', input: null as never });
    await settled(box);
    desk.fail('payment/charge#1', new Error('busy'));
    await clock.advance('4s');
    desk.fail('payment/charge#2', new RetryAfter(5, 'still busy'));
    await settled(box);

    expect(printed).toEqual([
      'warn signalbox [r]: step payment/charge: attempt 1 failed, next in 4s: busy',
      'warn signalbox [r]: run of orchestrator "order" failed at payment/charge: still busy',
    ]);
  });

  test('steps that fail while their run goes on are a line each, also if the run is awaited, and their track is none', async () => {
    const { desk } = stage();
    const order = graphOf({ a: [], b: [], c: [] }, { name: 'order', onFailure: 'continue' });
    await using box = await createSignalbox({ orchestrators: [order], executor: () => desk });
    const over = rejection((await box.start(order, { id: 'r', input: null })).result());
    for (const name of ['a', 'b', 'c']) {
      desk.fail(`${name}/work#1`, new Error(`no ${name}`));
      await settled(box);
    }
    await soon(over);

    expect(printed).toEqual([
      'warn signalbox [r]: step a/work failed: no a',
      'warn signalbox [r]: step b/work failed: no b',
      'warn signalbox [r]: step c/work failed: no c',
    ]);
  });

  test('what an error says is one line of some length, whatever stands in it', async () => {
    const order = failing(`first\n  second\r\n\u001b[31mthird ${'x'.repeat(9_000)}`);
    await using box = await createSignalbox({ orchestrators: [order] });
    await box.start(order, { id: 'r', input: null });
    await settled(box);

    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('first second [31mthird xxx');
    expect(printed[0]?.length).toBeLessThan(700);
  });

  test('what a body says by log() is a line with its place', async () => {
    const chatty = task('chatty', { input: Anything, output: Anything, run: ({ log }) => log('asked the bank') });
    const order = orchestrator('order', { version: '1', input: Anything }).track(
      'payment',
      track('payment', { input: Anything }).step('charge', chatty),
    );
    await using box = await createSignalbox({ orchestrators: [order] });
    await (await box.start(order, { id: 'r', input: null })).result();

    expect(printed).toEqual(['warn signalbox [r/payment/charge]: asked the bank']);
  });

  test('runs that were taken over are a line each, and many of them a few', async () => {
    const store = memory();
    {
      await using first = await createSignalbox(boxOf(flow, store));
      await first.start(flow, { id: 'r1', input: null });
    }
    {
      await using second = await createSignalbox(boxOf(flow, store));
      await second.recovered;
      const resumed = 'resumed here: the process that owned it is gone';
      expect(printed).toEqual([`warn signalbox [r1]: run of orchestrator "order" ${resumed}`]);
      for (let at = 2; at <= 40; at += 1) await second.start(flow, { id: `r${at}`, input: null });
    }
    printed = [];
    await using third = await createSignalbox(boxOf(flow, store));
    await third.recovered;
    await settled(third);

    expect(printed).toHaveLength(6);
    expect(printed.at(-1)).toBe('warn signalbox: 35 more runs resumed here');
  });
});

describe.each(['test', 'production'])('without a logger, under NODE_ENV=%s,', (environment) => {
  test('nothing of the course of runs is told, and what is wrong with the box still is', async () => {
    vi.stubEnv('NODE_ENV', environment);
    const order = failing('card declined', { maxAttempts: 2, delay: 0 });
    await using box = await createSignalbox({ orchestrators: [order] });
    box.on('run.failed', () => {
      throw new Error('deaf');
    });
    await (await box.start(order, { input: null })).outcome();

    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(/^error signalbox \[.*\]: A subscriber of "run\.failed" threw: deaf\./);
  });
});

describe('a logger with methods', () => {
  test('such as console is told everything, each line by the method of its level, as text with its place', async () => {
    const order = failing('card declined');
    await using box = await createSignalbox({ orchestrators: [order], logger: console });
    await (await box.start(order, { id: 'r', input: null })).outcome();

    expect(printed).toEqual([
      'debug signalbox [r]: run.started',
      'debug signalbox [r]: track.started payment',
      'debug signalbox [r]: step.started payment/charge',
      'warn signalbox [r]: step payment/charge failed: card declined',
      'warn signalbox [r]: track payment failed: card declined',
      'warn signalbox [r]: run of orchestrator "order" failed at payment/charge: card declined',
    ]);
  });

  test('of a class of its own is called as an object', async () => {
    class Book {
      readonly #lines: string[] = [];
      error = (line: string) => void this.#lines.push(line);
      info = this.error;
      warn(line: string): void {
        this.#lines.push(line);
      }
      debug(): void {}
      get lines(): readonly string[] {
        return this.#lines;
      }
    }
    const book = new Book();
    const order = failing('card declined');
    await using box = await createSignalbox({ orchestrators: [order], logger: book });
    await (await box.start(order, { input: null })).outcome();

    expect(book.lines).toHaveLength(3);
  });

  test('that lacks one of them is refused', async () => {
    const error = await rejection<SignalboxError>(createSignalbox({ logger: { error() {}, warn() {} } as never }));

    expect(error.code).toBe('option-invalid');
    expect(error.message).toContain(
      'it takes a function that takes a line, or an object with error, warn, info and debug',
    );
  });
});

const boxOf = (definition: AnyOrchestrator, store: ReturnType<typeof memory>) => {
  const { desk } = stage();
  return { orchestrators: [definition], executor: () => desk, clock: fakeClock(), store };
};
