/** How far a run has come, where its steps wait: sleeps and waits are steps, and what a wait runs for itself is one more. */
import { type AnyOrchestrator, type LogLine, orchestrator, type Run, track } from 'signalbox';
import { progressOf } from 'signalbox/inspect';
import { describe, expect, test } from 'vitest';
import { lineOf } from '../../src/runtime/lines.ts';
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
    expect([percent, steps]).toEqual([100, { total: 7, completed: 1, failed: 3, skipped: 3 }]);
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
