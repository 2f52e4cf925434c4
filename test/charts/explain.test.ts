/** Why a run stands where it stands, in data and in words (P229, I7): what is under way, what has not begun, and what has gone wrong. */
import {
  type AnyOrchestrator,
  createSignalbox,
  type Explanation,
  inProcess,
  InvalidOption,
  orchestrator,
  type Run,
  TerminalError,
  task,
  track,
} from 'signalbox';
import { afterEach, describe, expect, test } from 'vitest';
import { Anything, graphOf, never, rejection, stage, steps, work } from '../helpers/stage.ts';
import { lively } from './lively.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const head = { version: '1', input: Anything } as const;

/** A run of the flow, just begun. */
async function begun(flow: unknown, options: object = {}) {
  const at = stage();
  const made = await createSignalbox({ ...at.options, ...options, orchestrators: [flow as AnyOrchestrator] });
  const box = at.clock.follow(made);
  ends.push(() => box.close());
  const run = (await box.start(flow as AnyOrchestrator, { id: 'r', input: null } as never)) as Run;
  await at.clock.advance(0);
  return { ...at, box, run };
}

// biome-ignore lint/suspicious/noExplicitAny: any body, in a track of one kind or another
type Loose = any;
const single = (make: (t: Loose) => unknown, options: object = {}) =>
  orchestrator('flow', { ...head, ...options }).track('t', make(track('t', { input: Anything }) as never) as never);

const whyOf = ({ pending }: Explanation): Record<string, string> =>
  Object.fromEntries(pending.map(({ path, says }) => [path, says]));

describe('what is under way', () => {
  test('a wait says for which signal, since when, until when, what would move it, and what may be done', async () => {
    const { run, clock } = await begun(single((t) => t.wait('paid', { signal: 'paid', timeout: '2d' })));
    const at = clock.now();
    await clock.advance('2h');
    expect(await run.explain()).toEqual({
      run: 'r',
      orchestrator: 'flow',
      version: '1',
      status: 'waiting',
      at: at + 7_200_000,
      says: 'waiting for signal "paid" since 2 h; times out in 46 h (t/paid)',
      steps: [
        {
          path: 't/paid',
          status: 'waiting',
          waitingFor: { what: 'signal', signal: 'paid', since: at, due: at + 172_800_000 },
          since: at,
          until: at + 172_800_000,
          says: 'waiting for signal "paid" since 2 h; times out in 46 h',
          moves: 'run.signal("paid", …)',
          allowed: ['skip'],
          error: null,
        },
      ],
      pending: [],
      more: 0,
      failures: [],
      allowed: await run.allowed(),
    });
  });

  const flaky = task('flaky', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 3, delay: '10m' },
    run: never,
  });
  const tidy = task('tidy', { input: Anything, output: Anything, run: never, cleanup: () => new Promise(() => {}) });
  const child = orchestrator('child', head).track('c', track('c', { input: Anything }).wait('w', { signal: 'x' }));

  test('a body, a pause before the next attempt, a sleep, a child run', async () => {
    const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
      .track('body', steps('body', 's'))
      .track('retry', track('retry', { input: Anything }).step('s', flaky))
      .track('sleep', track('sleep', { input: Anything }).sleep('s', '3d'))
      .track('run', track('run', { input: Anything }).run('s', child));
    const { run, clock, desk } = await begun(flow);
    await clock.advance('1m');
    desk.fail('retry/s#1', new Error('busy'));
    await clock.advance('4m');
    const explanation = await run.explain();
    const other = (await run.children().next()).value;
    expect(explanation.steps.map(({ path, says }) => [path, says])).toEqual([
      ['body/s', 'running since 5 min'],
      ['retry/s', 'waiting for attempt 2 since 4 min; attempt 2 begins in 6 min'],
      ['sleep/s', 'waiting for the end of its sleep since 5 min; ends in 3 d'],
      ['run/s', `waiting for run "${other?.run}" since 5 min`],
    ]);
    expect(explanation.steps[1]?.error).toEqual({ code: 'task-failed', message: 'busy' });
    expect(explanation.steps[3]?.moves).toBe(`The other run has to end: box.run("${other?.run}").explain()`);
    expect(explanation.says).toMatch(/\(sleep\/s\), and 3 more under way$/);
  });

  test('a body in line says under which limit it stands (S35)', async () => {
    const { run, clock } = await begun(graphOf({ a: [], b: [] }), { concurrency: 1 });
    await clock.advance('5s');
    expect((await run.explain()).steps.map(({ path, says }) => [path, says])).toEqual([
      ['a/work', 'running since 5 s'],
      ['b/work', 'waiting for a place under the limit of the box (1 at once) since 5 s'],
    ]);
  });

  test('a cleanup, when the run is cancelled', async () => {
    const { run } = await begun(single((t) => t.step('s', tidy)));
    await run.cancel({ reason: 'the customer called' });
    const { says, steps: live } = await run.explain();
    expect(says).toBe('is being cancelled: the customer called; waits for t/s');
    expect(live).toMatchObject([{ path: 't/s', says: 'cleaning up', status: 'cancelling' }]);
  });

  test('a step that stands still says why, and what may be done about it (S16)', async () => {
    const { run, desk, clock } = await begun(graphOf({ a: [], b: ['a'] }, { onFailure: 'pause' }));
    desk.fail('a/work#1', new Error('card refused'));
    await clock.advance('2h');
    const explanation = await run.explain();
    expect(explanation.says).toBe('a/work has failed and stands still: card refused; retry, skip or resolve it');
    expect(explanation.steps).toMatchObject([
      {
        path: 'a/work',
        status: 'awaitingIntervention',
        allowed: ['retry', 'skip', 'resolve'],
        error: { message: 'card refused' },
      },
    ]);
    expect(whyOf(explanation)).toEqual({ b: 'waits for a; a/work stands still, and nothing begins meanwhile' });
  });

  test('what is undone, and because of what (S13)', async () => {
    const undo = task('undo', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: () => new Promise<void>(() => {}),
    });
    const no = task('no', {
      input: Anything,
      output: Anything,
      run: () => {
        throw new TerminalError('no car left');
      },
    });
    const flow = single((t) => t.step('one', undo).step('two', no), {
      onFailure: 'compensate',
    });
    const made = await createSignalbox({ orchestrators: [flow as AnyOrchestrator], logger: () => {} });
    ends.push(() => made.close());
    const run = (await made.start(flow as AnyOrchestrator, { id: 'r', input: null } as never)) as Run;
    while ((await run.status()) !== 'compensating' || !('t/one' in (await run.snapshot()).steps))
      await new Promise(setImmediate);
    await expect
      .poll(async () => (await run.explain()).says)
      .toBe('is being undone, because it failed at t/two: no car left; under way: t/one');
    expect((await run.explain()).steps).toMatchObject([{ path: 't/one', says: 'being undone' }]);
    await run.cancel({ force: true });
  });
});

describe('what has not begun says why (P229)', () => {
  test('it waits for tracks, which are named', async () => {
    const { run } = await begun(graphOf({ a: [], b: [], c: ['a', 'b'], d: ['c'] }));
    expect(whyOf(await run.explain())).toEqual({ c: 'waits for a and b', d: 'waits for c' });
    expect((await run.explain()).pending[0]?.why).toEqual([{ why: 'after', paths: ['a', 'b'] }]);
  });

  test('the run is paused', async () => {
    const { run, desk, clock } = await begun(graphOf({ a: [], b: ['a'], c: ['b'] }));
    await run.pause();
    expect((await run.explain()).says).toBe('paused: nothing begins until run.resume(); under way: a/work');
    expect(whyOf(await run.explain())).toEqual({
      b: 'waits for a; the run is paused',
      c: 'waits for b; the run is paused',
    });
    desk.give('a/work#1');
    await clock.advance(0);
    expect(whyOf(await run.explain())).toMatchObject({ b: 'the run is paused' });
    expect((await run.explain()).says).toBe('paused: nothing begins until run.resume()');
  });

  test('as many as may be are under way beside it', async () => {
    const { run } = await begun(graphOf({ a: [], b: [], c: [] }, { concurrency: 2 }));
    expect(whyOf(await run.explain())).toEqual({ c: '2 at once are allowed in the run, and as many are under way' });
  });

  test('a route that was not taken, what comes when time is up, what comes after a failure, items to come', async () => {
    const flow = orchestrator('flow', head)
      .track('t', track('t', { input: Anything }).branch('how', { on: () => 'one', routes: { one: work, two: work } }))
      .track('w', track('w', { input: Anything }).wait('late', { signal: 'x', timeout: '1h', onTimeout: { do: work } }))
      .track(
        'g',
        track('g', { input: Anything }).group('pack', (t) => t.step('box', work).step('label', work), {
          onError: work,
        }),
      )
      .track(
        'm',
        track('m', { input: Anything })
          .map('lines', { over: () => '1..3', each: work, concurrency: 1 })
          .step('then', work),
      );
    const { run } = await begun(flow);
    expect(whyOf(await run.explain())).toEqual({
      'w/late/onTimeout': 'begins only when the time of w/late is up',
      'g/pack/label': 'waits for g/pack/box',
      'g/pack/onError': 'begins only if a step of g/pack fails',
      'm/then': 'waits for m/lines',
    });
    const { pending } = await run.explain({ path: 'm/lines/2' });
    expect(pending).toMatchObject([{ path: 'm/lines/2', says: 'm/lines has not come to it, and perhaps never does' }]);
  });

  test('asked of a step that lies deeper than is drawn', async () => {
    let inner = track('t70', { input: Anything }).step('s', work);
    for (let at = 69; at > 0; at -= 1) inner = track(`t${at}`, { input: Anything }).step('s', inner) as never;
    const path = ['a', ...new Array(70).fill('s')].join('/');
    const { run } = await begun(orchestrator('deep', { version: '1', input: Anything }).track('a', inner));
    expect((await run.explain({ path: path as never })).steps).toMatchObject([{ path }]);
    await expect(run.explain({ path: `${path}/s` as never })).rejects.toMatchObject({ code: 'option-invalid' });
  });

  test('asked of one alone: what is in what has not begun waits with it', async () => {
    const { run, desk } = await begun(graphOf({ a: [], b: ['a'] }));
    const { pending, steps: live } = await run.explain({ path: 'b/work' });
    expect([live, pending]).toEqual([
      [],
      [
        {
          path: 'b/work',
          why: [
            { why: 'parent', path: 'b' },
            { why: 'after', paths: ['a'] },
          ],
          says: 'b, which it is in, has not begun; waits for a',
        },
      ],
    ]);
    expect((await run.explain({ path: 'a' })).steps).toMatchObject([
      { path: 'a', says: 'waiting for what is in it since 0 ms' },
    ]);
    desk.fail('a/work#1', new Error('no'));
    await rejection(run.result());
    expect(whyOf(await run.explain({ path: 'b/work' }))).toEqual({ 'b/work': 'never began: the run has ended' });
  });

  test('of very many, the first hundred, and how many there are', async () => {
    const names = Array.from({ length: 150 }, (_, at) => `s${at}`);
    const { run } = await begun(orchestrator('flow', head).track('t', steps('t', ...names)));
    const { pending, more } = await run.explain();
    expect([pending.length, more]).toEqual([100, 49]);
  });

  test.each([['nowhere'], [''], [7]])('a path that is none is refused: %j', async (path) => {
    const { run } = await begun(graphOf({ a: [] }));
    expect(await rejection(run.explain({ path: path as string }))).toBeInstanceOf(InvalidOption);
  });
});

describe('a run that has ended says of what', () => {
  test('completed, and failed, with the step and its error', async () => {
    const one = await begun(graphOf({ a: [] }));
    await one.clock.advance('2s');
    one.desk.give('a/work#1');
    await one.run.result();
    expect(await one.run.explain()).toMatchObject({
      says: 'completed after 2 s',
      steps: [],
      pending: [],
      failures: [],
    });
    const two = await begun(graphOf({ a: [], b: ['a'] }));
    await two.clock.advance('90m');
    two.desk.fail('a/work#1', new Error('card refused'));
    await rejection(two.run.result());
    expect(await two.run.explain()).toMatchObject({
      says: 'failed after 1 h 30 min at a/work: card refused',
      failures: [{ path: 'a/work', status: 'failed', code: 'task-failed', message: 'card refused' }],
    });
  });

  test('undone, or that there was nothing to undo (S13)', async () => {
    const undoable = task('undoable', { input: Anything, output: Anything, run: () => 1, compensate: () => {} });
    const broken = task('broken', {
      input: Anything,
      output: Anything,
      run: () => Promise.reject(new Error('no card')),
    });
    const policy = { onFailure: 'compensate' };
    const here = { executor: inProcess };
    const none = await begun(
      single((t) => t.step('broken', broken), policy),
      here,
    );
    await none.run.outcome();
    expect((await none.run.explain()).says).toBe(
      'ended, with nothing to undo, after 0 ms, because it failed at t/broken: no card',
    );
    const some = await begun(
      single((t) => t.step('one', undoable).step('broken', broken), policy),
      here,
    );
    await some.run.outcome();
    expect((await some.run.explain()).says).toBe('was undone after 0 ms, because it failed at t/broken: no card');
  });

  test('cancelled, with the reason', async () => {
    const { run, clock } = await begun(graphOf({ a: [] }));
    await clock.advance('1m');
    await run.cancel({ reason: 'by mistake' });
    await rejection(run.result());
    expect((await run.explain()).says).toBe('cancelled after 1 min: by mistake');
  });
});

test('as text it is for a person, and fits 80 columns (P229)', async () => {
  const { run, box } = await lively();
  ends.push(() => box.close());
  const text = await run.explain({ format: 'text' });
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).toContain(
    [
      'order-17 (fulfilment, version 3): waiting for signal "paid" since 1 h 36 min;',
      '  times out in 46 h 25 min (payment/paid), and 9 more under way',
      '',
      'Under way',
      '  payment/paid',
      '    waiting for signal "paid" since 1 h 36 min; times out in 46 h 25 min',
      '    run.signal("paid", …)',
      '    Possible: skip',
    ].join('\n'),
  );
  expect(text).toContain('  close: waits for payment, parcels and news\n');
  expect(text).toContain('  news/mail/send: no such address (task-failed)\n');
});

test('a schedule is a run like others, and says when it fires next', async () => {
  const flow = graphOf({ a: [] });
  const at = stage();
  await using other = at.clock.follow(await createSignalbox({ ...at.options, orchestrators: [flow] }));
  await other.schedule('nightly', { every: '1d', orchestrator: flow, input: null } as never);
  await at.clock.advance(0);
  const { runs } = await other.runs();
  const nightly = other.run(runs[0]?.run as string);
  const [step] = (await nightly.explain()).steps;
  expect(step?.says).toMatch(/^waiting for schedule since 0 ms; ends in /);
  expect(await nightly.diagram({ format: 'text' })).toContain('schedule');
});
