/** A child run while it is being started: what becomes of it when nobody waits for it any more, and what is said where it cannot be (S6, S18). */
import { type AnyOrchestrator, createSignalbox, orchestrator, type Signalbox, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, settled, soon, stage } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const child = (input: z.ZodType): AnyOrchestrator =>
  orchestrator('child', { version: '1', input }).track(
    't',
    track('t', { input: Anything }).wait('go', { signal: 'go' }),
  ) as never;
const parentOf = (what: AnyOrchestrator): AnyOrchestrator =>
  orchestrator('parent', head).track('t', track('t', { input: Anything }).run('child', what)) as never;

async function opened(flow: AnyOrchestrator) {
  const { clock, lines, options } = stage();
  const box = clock.follow((await createSignalbox({ orchestrators: [flow], ...options })) as unknown as Signalbox);
  const run = await box.start(flow, { id: 'p', input: null });
  return { lines, box, run, [Symbol.asyncDispose]: () => box.close() };
}

test('one whose parent is abandoned while it is being started is cancelled: nobody could find it to leave it as it is (S18)', async () => {
  const { promise: parsed, resolve: go } = Promise.withResolvers<boolean>();
  const flow = parentOf(child(Anything.refine(() => parsed)));
  await using at = await opened(flow);
  await settled();

  expect(await at.run.abandon({ reason: 'enough' })).toBe(true);
  go(true);
  await settled(at.box);

  const { runs } = await at.box.runs({ parent: 'p' });
  expect(runs.map(({ status }) => status)).toEqual(['cancelled']);
  expect(at.box.counts.inMemory).toBe(0);
});

test('what keeps one from being started is told as an error that would come again', async () => {
  await using at = await opened(parentOf(child(z.object({ cents: z.number() }))));
  const { failures } = await soon(at.run.outcome());
  expect(failures).toMatchObject([{ code: 'input-invalid', path: 't/child', attempt: 1, retryable: false }]);
});

test('one whose id another run has is told from one with another input: it is the parent that differs', async () => {
  const { clock, options } = stage();
  const what = child(Anything);
  const flow: AnyOrchestrator = orchestrator('parent', head).track(
    't',
    track('t', { input: Anything }).run('child', { orchestrator: what, id: () => 'taken', input: () => null }),
  ) as never;
  const made = await createSignalbox({ orchestrators: [flow, what], ...options });
  await using box = clock.follow(made as unknown as Signalbox);
  const other = await box.start(what, { id: 'taken', input: null });
  const { failures } = await soon((await box.start(flow, { id: 'p', input: null })).outcome());
  expect(failures).toMatchObject([{ code: 'run-exists', message: expect.stringContaining('with another parent') }]);
  expect(await other.status()).toBe('waiting');
});
