/** Sizes (S33): one value has at most `maxValueBytes`, wherever it comes in, and what is more is refused by name; what has the size is taken. */
import { compositeTrack, createSignalbox, orchestrator, type Run, task, track, type Types } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Anything, eventsOf, rejection, settled, soon } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const MOST = 1_000;
/** As a text of JSON, so many bytes. */
const text = (bytes: number): string => 'x'.repeat(bytes - 2);
const echo = task('echo', { input: Anything, output: Anything, run: ({ input: given }) => given });
const quiet = { logger: () => {}, maxValueBytes: MOST } as const;
const child = orchestrator('child', head).track('t', track('t', input));

// biome-ignore lint/suspicious/noExplicitAny: what a step carries is of no interest here
type Steps = Types.TrackBuilder<string, any, any, any, any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: whatever a builder is called with
type Loose = any;

/** Where a value comes in while a run goes on: steps of a track, of which one fails if the value is too large. */
const IN_STEPS: Readonly<Record<string, (steps: Loose, value: string) => unknown>> = {
  'what a mapper makes': (t, value) => t.step('s', echo, () => value),
  'what a mapper of a track makes': (t, value) => t.step('s', track('u', input), () => value),
  'what a body answers': (t, value) =>
    t.step('s', task('big', { input: Anything, output: Anything, run: () => value })),
  'what an async body answers': (t, value) =>
    t.step('s', task('big', { input: Anything, output: Anything, run: async () => value })),
  'what a schema makes of an output': (t, value) =>
    t.step('s', task('big', { input: Anything, output: Anything.transform(() => value), run: () => 1 })),
  'what an output of a track makes': (t, value) =>
    t.step(
      's',
      track('u', input).output(() => value),
    ),
  'what an async output of a track makes': (t, value) =>
    t.step(
      's',
      track('u', input).output(async () => value),
    ),
  'what a merge makes': (t, value) => t.step('s', compositeTrack('c', { tracks: { echo }, merge: () => value })),
  'what an aggregate makes': (t, value) => t.aggregate('s', { output: Anything, of: () => value }),
  'the data of an event': (t, value) => t.emit('s', { event: 'told', data: () => value }),
  'what a loop adds up': (t, value) =>
    t.loop('s', { body: echo, accumulate: () => value, maxIterations: 1, onLimit: 'stop' }),
  'the input of an item': (t, value) => t.map('s', { over: () => [1], each: { do: echo, input: () => value } }),
  'what the step of a branch is given': (t, value) =>
    t.branch('s', { when: [[() => true, { do: echo, input: () => value }]] }),
  'the input of a child run': (t, value) => t.run('s', child, () => value),
  'what is sent to another run': (t, value) =>
    t.signal('s', { signal: 'go', to: ({ run }: { run: { id: string } }) => run.id, payload: () => value }),
  'the key of a cache': (t, value) =>
    t.step(
      's',
      task('kept', { input: Anything, output: Anything, run: () => 1, cache: { ttl: '1m', key: () => value } }),
    ),
};

/** What a step makes beside its value: a list around it, an object with its name. */
const FRAME = 200;

async function played(build: (steps: Loose, value: string) => unknown, value: string) {
  const flow = orchestrator('flow', head).track('t', build(track('t', input) as unknown as Steps, value) as never);
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet } as never);
  const run = (await box.start(flow as never, { input: null } as never)) as Run<unknown>;
  return await soon(run.outcome());
}

describe.each(Object.keys(IN_STEPS))('%s', (place) => {
  const build = IN_STEPS[place] as (steps: Loose, value: string) => unknown;

  test('is refused by name if it is too large: its step fails, and nothing else (S33)', async () => {
    const { status, failures } = await played(build, text(MOST * 3));
    expect(status).toBe('failed');
    const [failure] = failures;
    expect([failure?.code, failure?.cause?.code]).toContain('value-too-large');
    expect(JSON.stringify(failures).length).toBeLessThan(MOST * 10);
  });

  test('is taken if it is not', async () => {
    expect((await played(build, text(MOST - FRAME))).status).toBe('completed');
  });
});

test('variables are bounded together (S33)', async () => {
  const set = (t: Loose, value: string) => t.set('one', { a: () => value }).set('two', { b: () => value });
  expect((await played(set, text(400))).status).toBe('completed');
  expect((await played(set, text(600))).failures).toMatchObject([{ code: 'value-too-large', path: 't/two' }]);
});

test('metadata of a child are bounded with those of its parent', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', input).run('s', { orchestrator: child, input: () => null, metadata: () => ({ own: text(600) }) }),
  );
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
  const run = await box.start(flow, { input: null, metadata: { above: text(600) } });
  expect((await soon(run.outcome())).failures).toMatchObject([{ code: 'value-too-large', path: 't/s' }]);
});

describe('whoever calls is told', () => {
  const flow = orchestrator('flow', { ...head, onFailure: 'pause' }).track(
    't',
    track('t', input)
      .step('s', task('bad', { input: Anything, output: Anything, run: () => Promise.reject(new Error('no')) }))
      .wait('w', { signal: 'go' }),
  );
  const CALLS: Readonly<Record<string, (run: Run<unknown>, value: string) => Promise<unknown>>> = {
    'the payload of a signal': (run, value) => run.signal('go', value as never),
    'the input of a retry': (run, value) => run.retry('t/s', { reason: 'x', input: value }),
    'what a step is said to result in': (run, value) => run.resolve('t/s', { reason: 'x', output: value }),
    'what is left behind by a skip': (run, value) => run.skip('t/s', { reason: 'x', output: value }),
  };

  async function standing(maxValueBytes = MOST) {
    const box = await createSignalbox({ orchestrators: [flow], ...quiet, maxValueBytes });
    const run = (await box.start(flow, { input: null })) as unknown as Run<unknown>;
    await settled(box);
    return { box, run };
  }

  test.each(Object.keys(CALLS))('%s', async (place) => {
    const call = CALLS[place] as (run: Run<unknown>, value: string) => Promise<unknown>;
    const { box, run } = await standing();
    expect(await rejection(call(run, text(MOST + 1)))).toMatchObject({ code: 'value-too-large' });
    expect((await eventsOf(run)).at(-1)?.type).toBe('run.awaitingIntervention');
    // What has the size to the byte is taken, with all that its record says beside it.
    await call(run, text(MOST));
    await box.close();
  });

  test.each([1024 * 1024, 3 * 1024 * 1024])(
    'and a value of %d bytes is one like any other, if that is what is let in',
    async (most) => {
      const { box, run } = await standing(most);
      const value = text(most);
      await run.resolve('t/s', { reason: 'r'.repeat(1_000), output: value });
      const records = [];
      for await (const record of run.interventions()) records.push(record);
      expect(records).toMatchObject([{ refused: null, output: value }]);
      await run.signal('go', 1 as never);
      expect((await soon(run.outcome())).status).toBe('completed');
      await box.close();
    },
  );

  test('the input, the metadata of a run, and what a schedule starts its runs with', async () => {
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet, clock: fakeClock() });
    const large = text(MOST + 1);
    const starts = [
      box.start(flow, { input: large }),
      box.start(flow, { input: null, metadata: { large } }),
      box.schedule('s', { every: '1h', orchestrator: flow, input: large }),
    ];
    for (const start of starts) {
      const { code, message } = await rejection<Error & { code: string }>(start);
      expect([code, message].join(' ')).toMatch(/value-too-large|at most 1000|1000/);
    }
    expect((await box.runs()).runs).toEqual([]);
  });
});

test('what an error says is bounded, however much that is', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', input).step(
      's',
      task('bad', {
        input: Anything,
        output: Anything,
        run: () => {
          const cause = Object.assign(new Error('y'.repeat(5_000_000)), { name: 'n'.repeat(5_000_000) });
          throw new Error('x'.repeat(5_000_000), { cause });
        },
      }),
    ),
  );
  await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
  const outcome = await soon((await box.start(flow, { input: null })).outcome());
  expect(JSON.stringify(outcome).length).toBeLessThan(100_000);
});
