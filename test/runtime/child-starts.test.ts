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
const parentOf = (what: AnyOrchestrator, more: object = {}): AnyOrchestrator =>
  orchestrator('parent', head).track(
    't',
    track('t', { input: Anything }).run('child', { orchestrator: what, input: () => null, ...more }),
  ) as never;

async function opened(flow: AnyOrchestrator) {
  const { clock, lines, options } = stage();
  const box = clock.follow((await createSignalbox({ orchestrators: [flow], ...options })) as unknown as Signalbox);
  const run = await box.start(flow, { id: 'p', input: null });
  return { lines, box, run, [Symbol.asyncDispose]: () => box.close() };
}

test.each([
  ['is cancelled: nobody could find it to leave it as it is', {}, 'cancelled', 0],
  ['goes on, if it is detached', { detach: true }, 'waiting', 1],
])('one whose parent is abandoned while it is being started %s (S18)', async (_, more, status, inMemory) => {
  const { promise: parsed, resolve: go } = Promise.withResolvers<boolean>();
  const flow = parentOf(child(Anything.refine(() => parsed)), more);
  await using at = await opened(flow);
  await settled();

  expect(await at.run.abandon({ reason: 'enough' })).toBe(true);
  go(true);
  await settled(at.box);

  const { runs } = await at.box.runs({ parent: 'p' });
  expect(runs.map((run) => run.status)).toEqual([status]);
  expect(at.box.counts.inMemory).toBe(inMemory);
});

test('what keeps one from being started is told as an error that would come again', async () => {
  await using at = await opened(parentOf(child(z.object({ cents: z.number() }))));
  const { failures } = await soon(at.run.outcome());
  expect(failures).toMatchObject([{ code: 'input-invalid', path: 't/child', attempt: 1, retryable: false }]);
});

test('one whose id another run has is not begun: no schema is asked, and it is said that the parent differs', async () => {
  const { clock, options } = stage();
  let asked = 0;
  const what = child(
    Anything.refine(() => {
      asked += 1;
      return true;
    }),
  );
  const flow = parentOf(what, { id: () => 'taken' });
  const made = await createSignalbox({ orchestrators: [flow, what], ...options });
  await using box = clock.follow(made as unknown as Signalbox);
  const other = await box.start(what, { id: 'taken', input: null });
  const { failures } = await soon((await box.start(flow, { id: 'p', input: null })).outcome());
  expect(failures).toMatchObject([{ code: 'run-exists', message: expect.stringContaining('with another parent') }]);
  expect([await other.status(), asked]).toEqual(['waiting', 1]);
});

test('one of a rerun is no deeper than that of the run before it, which does not stand above', async () => {
  const { clock, options } = stage();
  const what = orchestrator('child', head).track('t', track('t', { input: Anything }).set('seen', { by: () => 1 }));
  const flow = orchestrator('parent', head).track(
    't',
    track('t', { input: Anything }).run('child', { orchestrator: what, depth: 1, input: () => null }),
  );
  const made = await createSignalbox({ orchestrators: [flow, what], ...options });
  await using box = clock.follow(made);
  const run = await box.start(flow, { id: 'p', input: null });
  await soon(run.outcome());
  const again = await run.rerun({ from: 't/child', reason: 'once more' });
  expect((await soon(again.outcome())).failures).toEqual([]);
});
