/** How far a run has come, where its steps wait: sleeps and waits are steps, and what a wait runs for itself is one more. */
import { type AnyOrchestrator, type LogLine, orchestrator, type Run, type RunEvent, task, track } from 'signalbox';
import { type Progress, progressOf } from 'signalbox/inspect';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { lineOf } from '../../src/views/lines.ts';
import { Anything, eventsOf } from '../helpers/stage.ts';
import { head, one, open, waiting } from '../helpers/waits.ts';
import { echo } from '../helpers/two-steps.ts';

/** The fold over a run's whole history, which must never go back. */
async function progressAfter(flow: AnyOrchestrator, run: Run) {
  const fold = progressOf(flow);
  let progress = fold.start;
  for (const event of await eventsOf(run)) {
    const before = progress.percent;
    progress = fold.after(progress, event);
    expect(progress.percent).toBeGreaterThanOrEqual(before);
    expect(progress.seq).toBe(event.seq);
  }
  return progress;
}

describe('the progress of a run', () => {
  test('is not moved by events that a step tells for the user', async () => {
    const flow = orchestrator('flow', head).track('t', track('t', { input: Anything }).emit('e', { event: 'shipped' }));
    const fold = progressOf(flow);
    const event = {
      run: 'r',
      seq: 1,
      at: 0,
      path: 't/e',
      type: 'user.emitted',
      name: 'shipped',
      data: null,
    } as RunEvent;
    expect(fold.after(fold.start, event)).toMatchObject({
      steps: fold.start.steps,
      actors: { 't/e': { status: 'pending' } },
    });
  });

  test('counts the steps of bodies that are used again and again, each body once', () => {
    let body = track('t', { input: Anything }).step('s', echo);
    for (let at = 0; at < 40; at += 1)
      body = track('t', { input: Anything })
        .step('x', body as never)
        .step('y', body as never) as never;
    const flow = orchestrator('flow', head).track('t', body as never) as unknown as AnyOrchestrator;
    expect(progressOf(flow).start.steps.total).toBe(2 ** 40);
  });

  test('that only waits is at its beginning until the signal has come', async () => {
    const flow = waiting();
    await using at = await open(flow);
    const run = await at.start();
    expect(progressOf(flow).start).toMatchObject({ percent: 0, steps: { total: 1 } });
    expect(await progressAfter(flow, run)).toMatchObject({ percent: 0, actors: { 't/w': { status: 'waiting' } } });
    await run.signal('go');
    expect(await progressAfter(flow, run)).toMatchObject({
      status: 'completed',
      percent: 100,
      steps: { completed: 1 },
      actors: { 't/w': { status: 'completed' } },
    });
  });

  test('is not moved by events that are no status: those of users, and of hooks that failed', async () => {
    const said = orchestrator('said', head).track('t', track('t', { input: Anything }).emit('e', { event: 'x' }));
    const fold = progressOf(said);
    const at = { run: 'r', at: 0, path: 't/e' } as const;
    const begun = fold.after(fold.start, { ...at, seq: 1, type: 'step.started', attempt: 1 });
    const error = { code: 'hook-failed', name: 'HookFailed', message: 'no' };
    const told = fold.after(begun, { ...at, seq: 2, type: 'user.emitted', name: 'x', data: null });
    const warned = fold.after(told, { ...at, seq: 3, type: 'hook.failed', hook: 'h', on: 'afterStep', error });
    for (const each of [begun, told, warned]) expect(each.actors['t/e']?.status).toBe('running');
    expect(warned.steps.failed).toBe(0);
  });

  const inner = track('inner', { input: Anything }).step('a', echo).sleep('b', '1s');
  const flow = orchestrator('flow', { ...head, onFailure: 'continue' })
    .track('t', one('t', 'go', { timeout: '1h', onTimeout: { do: inner } }))
    .track('f', one('f', 'never', { timeout: '2h' }))
    .track('s', one('s', 'late', { timeout: '1h', onTimeout: { do: inner } }), { after: ['f'] });

  test('counts what is skipped with a signal, and below a wait that never began', async () => {
    await using at = await open(flow);
    const run = await at.start();
    expect(progressOf(flow).start.steps.total).toBe(7);
    await run.signal('late', 1, { id: 'kept' });
    expect(await progressAfter(flow, run)).toMatchObject({ percent: 0 });
    await run.signal('go', 1);
    expect((await progressAfter(flow, run)).steps).toMatchObject({ completed: 1, skipped: 2, failed: 0 });
    await at.clock.advance('2h');
    expect(await progressAfter(flow, run)).toMatchObject({
      status: 'failed',
      percent: 100,
      steps: { total: 7, completed: 1, skipped: 5, failed: 1 },
    });
  });

  test('counts what is done when the time is up, and what is cancelled meanwhile', async () => {
    await using at = await open(flow);
    const run = await at.start();
    await at.clock.advance('1h');
    expect((await progressAfter(flow, run)).steps).toMatchObject({ completed: 1 });
    await run.cancel();
    await run.outcome();
    const { percent, steps } = await progressAfter(flow, run);
    expect([percent, steps]).toEqual([100, { total: 7, completed: 1, failed: 0, cancelled: 3, skipped: 3 }]);
  });
});

test('what is undone counts as what it was before: completed (S13)', async () => {
  const any = { input: Anything, output: Anything };
  const done = task('done', { ...any, run: () => 1, compensate: () => {} });
  const broken = task('broken', { ...any, run: () => Promise.reject(new Error('no')) });
  const undone = orchestrator('undone', { ...head, onFailure: 'compensate' }).track(
    't',
    track('t', { input: Anything })
      .step('done', done, () => 1)
      .step('broken', broken, () => 1),
  );
  await using at = await open(undone);
  const run = await at.start();
  await run.outcome();
  expect(await progressAfter(undone, run)).toMatchObject({
    status: 'compensated',
    percent: 100,
    steps: { total: 2, completed: 1, failed: 1 },
    actors: { 't/done': { status: 'compensated' } },
  });
});

describe('a fold that begins late', () => {
  const raced = orchestrator('raced', head).track(
    't',
    track('t', { input: Anything })
      .map('m', { over: () => '1..5', each: { do: echo, input: () => 1 } })
      .parallel('p', { quick: echo, slow: track('slow', { input: Anything }).sleep('nap', '1h') }, { strategy: 'race' })
      .sleep('last', '1s'),
  );

  test('never counts more steps than there are, and what was cancelled has not failed', async () => {
    await using at = await open(raced);
    const run = await at.start();
    await at.clock.advance('1s');
    const history = await eventsOf(run);
    const fold = progressOf(raced);

    const whole = history.reduce(fold.after, fold.start);
    expect(whole).toMatchObject({ status: 'completed', percent: 100, steps: { failed: 0, cancelled: 1 } });
    const { total } = whole.steps;
    for (let from = 1; from <= history.length; from += 1) {
      const { percent, steps, seq } = history.slice(from).reduce(fold.after, fold.start);
      const { completed, failed, cancelled, skipped } = steps;
      expect([from, completed + failed + cancelled + skipped <= total, percent <= 100]).toEqual([from, true, true]);
      expect(seq).toBe(from === history.length ? 0 : history.length);
    }
  });

  test('takes a copy from before there was a count of what is cancelled', () => {
    const fold = progressOf(raced);
    const { cancelled: _, ...earlier } = fold.start.steps;
    const event = { run: 'r', seq: 1, at: 0, path: 't/p', type: 'step.cancelled', reason: null } as unknown as RunEvent;
    const copy = { ...fold.start, steps: earlier } as Progress;
    expect(fold.after(copy, event)).toMatchObject({ steps: { cancelled: 1 } });
    expect(fold.after(copy, event).percent).toBeGreaterThan(0);
  });
});

test('a signal is a line of the log, with its name and its id', async () => {
  const lines: LogLine[] = [];
  await using at = await open(
    orchestrator('flow', head).track(
      't',
      track('t', { input: Anything }).sleep('nap', '1s').wait('w', { signal: 'go' }),
    ),
  );
  const run = await at.start(null, { id: 'r' });
  await run.signal('go', 1, { id: 's1' });
  await at.clock.advance('1s');
  for (const event of await eventsOf(run)) if (event.type.startsWith('signal.')) lines.push(lineOf(event));
  const fields = { signal: 'go', id: 's1' };
  expect(lines).toEqual([
    { level: 'debug', message: 'signal.buffered: "go"', run: 'r', path: '', fields },
    { level: 'debug', message: 'signal.accepted t/w: "go"', run: 'r', path: 't/w', fields },
  ]);
});

describe('the fold', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The events of a run of one track of so many steps. */
  function* eventsOfMany(count: number): Generator<RunEvent> {
    let seq = 0;
    const event = (type: string, path: string, more: object = {}): RunEvent => {
      seq += 1;
      return { run: 'r', at: seq, seq, type, path, ...more } as RunEvent;
    };
    yield event('run.started', '', { orchestrator: 'many', version: '1' });
    yield event('track.started', 't');
    for (let step = 0; step < count; step += 1) {
      yield event('step.started', `t/s${step}`, { attempt: 1 });
      yield event('step.progress', `t/s${step}`, { attempt: 1, fraction: 0.5, note: 'half' });
      yield event('step.completed', `t/s${step}`, { attempt: 1 });
    }
    yield event('track.completed', 't');
    yield event('run.completed', '');
  }

  const many = (count: number): AnyOrchestrator => {
    let steps = track('t', { input: Anything });
    for (let step = 0; step < count; step += 1) steps = steps.sleep(`s${step}`, 1) as typeof steps;
    return orchestrator('many', head).track('t', steps) as AnyOrchestrator;
  };

  test('does the same for each event, however many steps there are (I9)', () => {
    // What is handed out is frozen, so the keys of what is frozen are what was copied.
    const copiedPerEvent = (count: number): number => {
      const fold = progressOf(many(count));
      let copied = 0;
      const freeze = vi.spyOn(Object, 'freeze').mockImplementation(((made: object) => {
        copied += Object.getOwnPropertyNames(made).length;
        Object.preventExtensions(made);
        return made;
      }) as typeof Object.freeze);
      const entries = vi.spyOn(Map.prototype, Symbol.iterator);
      let progress = fold.start;
      let events = 0;
      for (const event of eventsOfMany(count)) {
        progress = fold.after(progress, event);
        events += 1;
      }
      freeze.mockRestore();
      expect(entries).not.toHaveBeenCalled();
      entries.mockRestore();
      expect(progress).toMatchObject({ status: 'completed', percent: 100, steps: { completed: count } });
      return copied / events;
    };

    expect(Math.ceil(copiedPerEvent(300))).toBe(Math.ceil(copiedPerEvent(30)));
  });

  test('gives values that never change, whichever is read when, and any of them can be gone on with', () => {
    const fold = progressOf(many(3));
    const events = [...eventsOfMany(3)];
    const values = [fold.start];
    for (const event of events) values.push(fold.after(values.at(-1) as Progress, event));
    /** The same again, by a fold that is read after each event. */
    const known: Progress[] = [];
    let progress = fold.start;
    for (const event of [null, ...events]) {
      if (event !== null) progress = fold.after(progress, event);
      known.push(JSON.parse(JSON.stringify(progress)) as Progress);
    }

    // The newest first, then from the middle on, twice.
    expect(values.at(-1)).toEqual(known.at(-1));
    expect(values).toEqual(known);
    const [early, copy] = [values[4] as Progress, known[4] as Progress];
    for (const from of [early, early, copy]) {
      expect(events.slice(4).reduce(fold.after, from)).toEqual(known.at(-1));
    }
    expect(values).toEqual(known);
    expect(Object.keys(values.at(-1)?.actors ?? {})).toEqual(['t', 't/s0', 't/s1', 't/s2']);
  });

  test('gives frozen values, which share what has not changed', () => {
    const fold = progressOf(many(2));
    let progress = fold.start;
    const seen: Progress[] = [];
    for (const event of eventsOfMany(2)) {
      progress = fold.after(progress, event);
      seen.push(progress);
      const { steps, actors } = progress;
      for (const made of [progress, steps, actors, ...Object.values(actors)]) expect(Object.isFrozen(made)).toBe(true);
    }
    const [last, before] = [seen.at(-1) as Progress, seen.at(-2) as Progress];

    expect(last.actors).toBe(last.actors);
    expect([last.actors, last.steps]).toEqual([before.actors, before.steps]);
    expect(last.actors).toBe(before.actors);
    expect(last.actors['t/s0']).toBe((seen[4] as Progress).actors['t/s0']);
    expect(fold.after(last, { ...[...eventsOfMany(2)][3] } as RunEvent)).toBe(last);
  });
});
