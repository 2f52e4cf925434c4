/** A rerun takes over nothing that was undone: by the run's own policy, or by run.compensate() (S13, S16). */
import { createSignalbox, orchestrator, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { rejection } from '../helpers/stage.ts';
import { fails, head, input, quiet, worker } from '../helpers/undone.ts';

describe('a rerun of a run', () => {
  const flowOf = (log: string[], options: object = {}) => {
    const work = worker(log);
    return orchestrator('flow', { ...head, ...options })
      .track('first', track('first', input).step('book', work))
      .track('second', track('second', input).step('hold', work).step('pay', work, fails), { after: ['first'] });
  };

  test('that was undone by run.compensate() is refused from where it would take that over (S16)', async () => {
    const log: string[] = [];
    const flow = flowOf(log);
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await run.outcome();
    await (await run.compensate()).outcome();

    const why = async (from: string) => (await rejection(run.rerun({ from, reason: 'again', id: 'r2' }))).message;
    expect(await why('second/pay')).toContain('"first" comes before it and is compensated. Go on from there.');
    expect(await why('second/pay')).toContain('It was undone by run "r~undo".');
    expect(await why('second/hold')).toContain('"first" comes before it');
    const again = await run.rerun({ from: 'first', reason: 'again', id: 'r2' });
    await again.outcome();
    expect(log.filter((line) => line.startsWith('do r2/'))).toEqual(['do r2/first/book#1', 'do r2/second/hold#1']);
  });

  test('is refused while another run undoes it', async () => {
    const held = Promise.withResolvers<void>();
    const work = worker([], { compensate: () => held.promise });
    const flow = orchestrator('flow', head).track('a', track('a', input).step('book', work).step('pay', work, fails));
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    await run.outcome();
    const undoing = await run.compensate();

    expect((await rejection(run.rerun({ from: 'a/pay', reason: 'again' }))).message).toContain(
      'run "r~undo" is undoing it',
    );
    held.resolve();
    expect((await undoing.outcome()).status).toBe('compensated');
  });

  test('that its own policy has undone takes over no track that was undone (S16)', async () => {
    const flow = flowOf([], { onFailure: 'compensate' });
    await using box = await createSignalbox({ orchestrators: [flow], ...quiet });
    const run = await box.start(flow, { id: 'r', input: null });
    expect((await run.outcome()).status).toBe('compensated');

    const { message } = await rejection(run.rerun({ from: 'second', reason: 'again' }));

    // By no run that could be named.
    expect(message.endsWith('"first" comes before it and is compensated. Go on from there.')).toBe(true);
  });
});
