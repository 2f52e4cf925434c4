/** Commands: what a run of each status takes, from the one table that says what is done about it. */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { NOT_TAKEN } from '../../src/commands/intervene.ts';
import { allowedIn, commandNamed } from '../../src/commands/index.ts';
import { isTerminal, type Status } from '../../src/status.ts';
import { Anything, never, rejection, stage } from '../helpers/stage.ts';

const STATUSES: readonly Status[] = [
  'pending',
  'running',
  'waiting',
  'paused',
  'awaitingIntervention',
  'cancelling',
  'compensating',
  'completed',
  'failed',
  'timedOut',
  'skipped',
  'cancelled',
];

describe('a run', () => {
  const slow = task('slow', { input: Anything, output: Anything, run: never, cleanup: never });
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('s', slow, ({ input }) => input),
    { input: ({ input }) => input },
  );

  test('says what can be asked of it, until it has ended (S14)', async () => {
    const { desk, options } = stage();
    await using box = await createSignalbox({ orchestrators: [flow], ...options });
    const run = await box.start(flow, { input: null });
    await settled(box);
    expect(await run.allowed()).toEqual(['cancel', 'pause', 'skip', 'signal', 'decide']);
    expect(await run.allowed('t/s')).toEqual([]);
    desk.give('t/s#1', 'done');
    await settled(box);
    expect(await run.allowed()).toEqual([]);
    expect(await rejection(box.run('nobody').allowed())).toMatchObject({ code: 'run-unknown' });
  });
});

describe('the table', () => {
  test('lets nothing be asked of a run that has ended (I5)', () => {
    for (const status of STATUSES.filter(isTerminal)) expect([status, allowedIn(status)]).toEqual([status, []]);
  });

  test('lets a run be cancelled again, which may be forced, and paused or resumed while it runs (S14, S15)', () => {
    expect(allowedIn('running')).toEqual(['cancel', 'pause', 'skip', 'signal', 'decide']);
    expect(allowedIn('paused')).toEqual(['cancel', 'resume', 'retry', 'skip', 'resolve', 'signal', 'decide']);
    expect(allowedIn('awaitingIntervention')).toEqual([
      'cancel',
      'pause',
      'retry',
      'skip',
      'resolve',
      'signal',
      'decide',
    ]);
    expect(allowedIn('cancelling')).toEqual(['cancel', 'signal']);
    expect(allowedIn('compensating')).toEqual(['cancel', 'signal']);
    expect(commandNamed('pause')?.refusal('cancelling')).toContain('the run is cancelling');
    expect(commandNamed('cancel')?.refusal('failed')).toContain('it is failed');
  });

  test('has a way across processes for all but the start, there and back', () => {
    const asked = { id: '1', path: 't/s', reason: 'x', by: null, refused: NOT_TAKEN, known: false } as const;
    const signal = { type: 'signal', id: '1', name: 'go', payload: { n: 1 }, answer: null, known: false } as const;
    for (const message of [
      { type: 'cancel', reason: 'enough', compensate: true, force: false } as const,
      { type: 'pause', above: true, refused: null } as const,
      { type: 'pause', refused: null } as const,
      { type: 'resume', refused: null } as const,
      { ...asked, type: 'retry', input: 1 } as const,
      { ...asked, type: 'skip' } as const,
      { ...asked, type: 'resolve', output: null } as const,
      signal,
    ]) {
      const { shared } = commandNamed(message.type) ?? {};
      expect(shared?.read(shared.write(message))).toEqual(message);
      // Whoever takes it knows it by that.
      expect(shared?.write(message).type).toBe(message.type);
    }
    expect(commandNamed('start')?.shared).toBeUndefined();
    expect(commandNamed('toString')).toBeUndefined();
  });
});
