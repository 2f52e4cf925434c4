/** Runs that come from another store: kept whole and gone on with, or refused in words. */
import { createSignalbox, memory, orchestrator, type RunExport, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, eventsOf, never, settled, soon, stage } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const flaky = task('flaky', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 3, delay: '10s', backoff: 'fixed' },
  run: never,
});
const flow = orchestrator('flow', head).track(
  't',
  track('t', { input: Anything })
    .wait('early', { signal: 'go' })
    .step('one', flaky)
    .wait('late', { signal: 'go' })
    .approval('asked', { ask: 'Well?', propose: () => ({ n: 1 }) }),
);

async function opened(now?: number, store = memory()) {
  const { desk, clock, lines, options } = stage();
  if (now !== undefined) await clock.advance(now - clock.now());
  const box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow], store }));
  return { box, desk, clock, store, lines };
}
const through = (exported: RunExport): unknown => JSON.parse(JSON.stringify(exported, null, 2));

test('a run in flight goes on in another store: the body under way under its key, timers, signals, approvals (P228)', async () => {
  const first = await opened();
  const run = await first.box.start(flow, { id: 'r', input: 1, key: 'k', metadata: { tenant: 'a' } });
  await run.signal('go', 1, { id: 'one' });
  await run.signal('go', 2, { id: 'two' });
  await settled(first.box);
  first.desk.fail('t/one#1');
  await first.clock.advance('4s');
  const exported = await run.export();
  const history = exported.events;

  const second = await opened(first.clock.now());
  const again = await second.box.import(through(exported));
  await settled(second.box);
  expect(again.id).toBe('r');
  expect(second.desk.begun).toEqual([]);
  expect((await again.export()).events).toEqual(history);
  expect(await again.export()).toEqual(exported);
  await second.clock.advance('6s');
  expect(second.desk.begun).toEqual(['t/one#2']);
  const inFlight = await again.export();

  const third = await opened(second.clock.now());
  const last = await third.box.import(through(inFlight));
  await settled(third.box);
  expect(third.desk.begun).toEqual(['t/one#2']);
  // Sent again, they are known by their ids, and answered as they were.
  expect(await last.signal('go', 3, { id: 'two' })).toMatchObject({ answer: 'buffered' });
  expect(await last.signal('go', 3, { id: 'one' })).toMatchObject({ answer: 'accepted' });
  expect(await eventsOf(last)).toHaveLength(inFlight.events.length);
  third.desk.give('t/one#2', 7);
  await settled(third.box);
  const {
    approvals: [asked],
  } = await third.box.approvals();
  const fourth = await opened(third.clock.now());
  const end = await fourth.box.import(through(await last.export()));
  await settled(fourth.box);
  expect((await fourth.box.approvals()).approvals).toEqual([asked]);
  const decision = { decision: 'approve', by: 'mia', digest: asked?.digest as string } as const;
  expect(await fourth.box.decide(asked?.id as string, decision)).toMatchObject({ answer: 'resolved' });
  expect(await soon(end.outcome())).toMatchObject({ status: 'completed' });
  const events = (await eventsOf(end)).map(({ metadata: _, ...event }) => event);
  expect(events.slice(0, history.length)).toEqual(history);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  for (const { box } of [first, second, third, fourth]) await box.close();
});
