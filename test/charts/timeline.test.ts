/** A run in time, of its history: spans of attempts and waits, dwell times, and the drawings of it (P8, P34, P225). */
import { createSignalbox, InvalidOption, orchestrator, type Run, task, type Timeline, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { timelineOf } from '../../src/charts/timeline.ts';
import { Anything, eventsOf, graphOf, rejection, stage } from '../helpers/stage.ts';
import { lively } from './lively.ts';
import { faultsOfXml } from './xml.ts';

const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '1m' },
  run: () => {},
});
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).step('s', flaky).wait('w', { signal: 'go' }).emit('told', { event: 'shipped <now>' }),
);

/** Two attempts, a pause between them, a wait of an hour, an event. */
async function played() {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
  const run = (await box.start(flow, { id: 'r', input: null })) as Run;
  const at = clock.now();
  await clock.advance('10s');
  desk.fail('t/s#1', new Error('busy'));
  await clock.advance('1m');
  await clock.advance('20s');
  desk.give('t/s#2');
  await clock.advance('1h');
  await run.signal('go');
  await clock.advance(0);
  return { run, box, at, clock };
}

const rowOf = ({ rows }: Timeline, path: string) => rows.find((row) => row.path === path);

describe('a timeline', () => {
  test('has each attempt, the pause before the next, and what each came to (P34)', async () => {
    const { run, box, at } = await played();
    const timeline = await run.timeline();
    const s = 1_000;
    expect(rowOf(timeline, 't/s')).toEqual({
      path: 't/s',
      noun: 'step',
      status: 'completed',
      startedAt: at,
      endedAt: at + 90 * s,
      spans: [
        { status: 'running', from: at, to: at + 10 * s, attempt: 1, next: 'retrying', code: 'task-failed' },
        { status: 'retrying', from: at + 10 * s, to: at + 70 * s, attempt: 1, next: 'running', code: null },
        { status: 'running', from: at + 70 * s, to: at + 90 * s, attempt: 2, next: 'completed', code: null },
      ],
    });
    expect(timeline).toMatchObject({ run: 'r', status: 'completed', startedAt: at, until: timeline.endedAt, more: 0 });
    expect(timeline.rows.map(({ path }) => path)).toEqual(['', 't', 't/s', 't/w', 't/told']);
    expect(timeline.moments).toEqual([
      { path: 't/w', at: at + 3_690 * s, what: 'signal "go"' },
      { path: 't/told', at: at + 3_690 * s, what: 'told "shipped <now>"' },
    ]);
    await box.close();
  });

  test('says how long each part of the definition was in each status, items together', async () => {
    const { run, box } = await played();
    const { dwell } = await run.timeline();
    const s = 1_000;
    expect(dwell).toContainEqual({ path: 't/s', status: 'running', count: 2, total: 30 * s, longest: 20 * s });
    expect(dwell).toContainEqual({ path: 't/s', status: 'retrying', count: 1, total: 60 * s, longest: 60 * s });
    expect(dwell).toContainEqual({ path: 't/w', status: 'waiting', count: 1, total: 3_600 * s, longest: 3_600 * s });
    expect(dwell.map(({ total }) => total)).toEqual(
      dwell.map(({ total }) => total).sort((left, right) => right - left),
    );
    await box.close();
    const many = await lively();
    const items = (await many.run.timeline()).dwell.filter(({ path }) => path === 'parcels/lines/each/pack');
    expect(items).toMatchObject([{ status: 'running', count: 39 }]);
    await many.box.close();
  });

  test('counts each event once, however it is read, and goes on with what goes on (P225)', async () => {
    const { run, box, clock } = await lively();
    const events = (await eventsOf(run)) as readonly RunEvent[];
    const of = { outline: null, run: 'order-17', now: clock.now(), limit: 1_000 };
    const timeline = await timelineOf(events, of);
    expect(timeline).toMatchObject({ ...(await run.timeline()), dwell: expect.anything() });
    const started = events.filter(({ type }) => /\.(started|waiting|retrying)$/.test(type)).length;
    expect(timeline.rows.reduce((sum, { spans }) => sum + spans.length, 0)).toBe(started);
    expect(timeline.until).toBe(clock.now());
    expect(rowOf(timeline, 'payment/paid')?.spans.at(-1)?.to).toBeNull();
    await box.close();
  });

  test('has so many rows and no more, and says how many are left; time that they took is counted all the same', async () => {
    const { run, box } = await lively();
    const whole = await run.timeline();
    const some = await run.timeline({ limit: 5 });
    expect([some.rows.length, some.more]).toEqual([5, whole.rows.length - 5]);
    expect(some.dwell).toEqual(whole.dwell);
    expect(await run.timeline({ format: 'text', limit: 5 })).toContain(`and ${whole.rows.length - 5} more`);
    await box.close();
  });

  test('a run that was abandoned has ended with all that was open in it (S18)', async () => {
    const { clock, options } = stage();
    const a = graphOf({ a: [] });
    await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [a] }));
    const run = (await box.start(a, { id: 'r', input: null } as never)) as Run;
    await clock.advance('5s');
    await run.abandon({ reason: 'no' });
    await clock.advance('5s');
    const timeline = await run.timeline();
    expect(timeline.rows.map(({ path, status, endedAt }) => [path, status, endedAt === timeline.endedAt])).toEqual([
      ['', 'cancelled', true],
      ['a', 'cancelled', true],
      ['a/work', 'cancelled', true],
    ]);
    expect((await run.at((await eventsOf(run)).length)).steps['a/work']?.status).toBe('cancelled');
  });
});

describe('its drawings', () => {
  test('as text, a line for each, in 80 columns', async () => {
    const { run, box } = await played();
    const bar = (sign: string, from = 0): string => ' '.repeat(from) + sign.repeat(51 - from);
    expect((await run.timeline({ format: 'text' })).split('\n')).toEqual([
      '✓ r · completed · 1 h 2 min',
      `run                       ✓ ${bar('█')}`,
      `  t                       ✓ ${bar('█')}`,
      '    s                     ✓ ▓█',
      `    w                     ✓ ${bar('░', 1)}`,
      `    told                  ✓ ${bar('█', 50)}`,
      '',
    ]);
    await box.close();
  });

  test.each(['auto', 'light', 'dark'] as const)('as well-formed SVG for %s pages', async (theme) => {
    const { run, box } = await played();
    const svg = await run.timeline({ format: 'svg', theme });
    expect(faultsOfXml(svg)).toEqual([]);
    expect(svg).toContain('told &quot;shipped &lt;now&gt;&quot;');
    await box.close();
  });

  test('as a sequence diagram: who told whom what, each start and each end in order (P8)', async () => {
    const { run, box } = await played();
    expect((await run.timeline({ format: 'mermaid' })).split('\n')).toEqual([
      'sequenceDiagram',
      '  participant O as outside',
      '  participant R as flow',
      '  participant T0 as t',
      '  participant B as steps',
      '  R->>T0: begin',
      '  T0->>B: s',
      '  B--xT0: s: task-failed, again in 1m',
      '  T0->>B: s, attempt 2',
      '  B-->>T0: s completed',
      '  Note over T0: w waiting',
      '  O->>T0: signal go',
      '  B-->>T0: w completed',
      '  T0->>B: told',
      '  T0-->>O: shipped #60;now#62;',
      '  B-->>T0: told completed',
      '  T0-->>R: completed',
      '  Note over R: completed',
      '',
    ]);
    await box.close();
  });

  test.each<[string, unknown]>([
    ['format', 'gif'],
    ['limit', 0],
    ['theme', 'pink'],
    ['rows', 1],
  ])('the option %s cannot be %j', async (option, value) => {
    const { run, box } = await lively();
    expect(await rejection(run.timeline({ [option]: value } as never))).toBeInstanceOf(InvalidOption);
    await box.close();
  });
});
