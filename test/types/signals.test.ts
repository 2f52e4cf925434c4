/** Names of signals and their payloads, as types: what a run waits for can be sent to it, and nothing else. */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const any = z.any();
const Confirm = z.object({ id: z.string(), at: z.coerce.date().optional() });
const say = task('say', { input: any, output: any, run: ({ input }) => input });
const item = track('item', { input: z.number() }).wait('scanned', { signal: 'scan', payload: z.number() });
const order = orchestrator('order', { version: '1', input: any }).track(
  't',
  track('t', { input: any })
    .step('say', say)
    .wait('confirmed', { signal: 'confirm', payload: Confirm, timeout: '1h', onTimeout: { value: null } })
    .map('items', { over: () => [1, 2], each: item })
    .group('g', (t) => t.wait('w', { signal: 'free' })),
);
const silent = orchestrator('silent', { version: '1', input: any }).track(
  't',
  track('t', { input: any }).step('s', say),
);

// Compiled, and never called.
async function typed(): Promise<void> {
  const box = await createSignalbox({ orchestrators: [order, silent] });
  const run = await box.start(order, { input: null });
  await run.signal('confirm', { id: '17' });
  await run.signal('confirm', { id: '17' }, { id: 'once' });
  await run.signal('scan', 1);
  await run.signal('free');
  await run.signal('free', ['anything']);
  // @ts-expect-error no step waits for it
  await run.signal('confrim', { id: '17' });
  // @ts-expect-error the payload is not what the step takes
  await run.signal('confirm', { id: 17 });
  // @ts-expect-error this one has to come with a payload
  await run.signal('scan');
  await box.signal('order-17', 'confirm', { id: '17' });
  await box.signal({ orchestrator: 'order', key: 'k' }, 'scan', 1);
  // @ts-expect-error no orchestrator of this box waits for it
  await box.signal('order-17', 'nothing');
  const other = await box.start(silent, { input: null });
  // @ts-expect-error it waits for nothing
  await other.signal('confirm', { id: '17' });
  // Of a run that is known by its id alone nobody knows.
  await box.run('order-17').signal('whatever', { at: 'all' });
}

describe('a signal', () => {
  test('travels with what the definition calls, also out of collections and groups', () => {
    expectTypeOf(typed).toBeFunction();
  });
});
