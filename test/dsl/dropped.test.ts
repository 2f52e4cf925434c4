/** A builder is immutable: what is added to it as a statement is lost, and a box says so. */
import { createSignalbox, type LogLine } from 'signalbox';
import { expect, test } from 'vitest';
import { type AnyOrchestrator, compositeTrack, droppedIn, orchestrator, track } from '../../src/dsl/index.ts';
import { Nothing, ping, untyped } from './fixtures.ts';

const options = { version: '1', input: Nothing } as const;
const whole = (body: unknown): AnyOrchestrator => orchestrator('o', options).track('t', untyped(body));
const droppedOf = (source: AnyOrchestrator) => droppedIn(source.definition).map(({ step }) => step);

test('a step that is added as a statement is told by the box, with the line and the way out', async () => {
  const lines: LogLine[] = [];
  const payment = track('payment', { input: Nothing }).step('hold', ping);
  payment.step('receipt', ping);
  const logger = (line: LogLine) => void lines.push(line);
  await using _ = await createSignalbox({ orchestrators: [whole(payment)], logger });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'warn', fields: { code: 'step-dropped', step: 'receipt' } });
  expect(lines[0]?.message).toMatch(
    /^The track "payment" has no step "receipt", although one was added: \.step\(…\) leaves its builder as it is and returns another one, which is used nowhere\. Chain the calls, or keep what it returns; it is at test\/dsl\/dropped\.test\.ts:\d+\.$/,
  );
});

test('so is one in each place where it can be lost', () => {
  const begun = track('begun', { input: Nothing });
  begun.sleep('nap', '1s');
  const kept = begun.step('kept', ping);
  begun.step('two', ping).step('three', ping);
  kept.wait('w', { signal: 'go' });
  const made = kept.output(() => null);
  const both = compositeTrack('both', { tracks: { one: untyped(made) } });
  const flow = orchestrator('flow', options).track('a', untyped(both));
  flow.track('b', kept);

  expect(droppedOf(flow)).toEqual(['nap', 'two', 'w', 'b']);
  expect(droppedIn(flow.definition)[3]?.message).toContain('The orchestrator "flow" has no track "b"');
});

test('several tracks that branch off one builder are no mistake, once each of them is used', () => {
  const common = track('common', { input: Nothing }).step('a', ping);
  const [left, right] = [common.step('b', ping), common.step('b', ping)];
  const flow = orchestrator('flow', options).track('common', common).track('left', left);
  expect(droppedOf(flow)).toEqual(['b']);
  const other = whole(right);
  void other.definition;

  expect(droppedOf(flow)).toEqual([]);
});

test('a chain, and one that is put together in a loop, lose nothing', () => {
  let looped = track('looped', { input: Nothing });
  for (let at = 0; at < 100; at += 1) looped = untyped(looped.step(`s${at}`, ping));

  expect(droppedOf(whole(looped))).toEqual([]);
});

test('a program that goes on branching off one builder fills no memory', () => {
  const common = track('common', { input: Nothing });
  for (let at = 0; at < 1_000; at += 1) common.step(`s${at}`, ping);

  expect(droppedOf(whole(common)).length).toBeLessThanOrEqual(8);
});

test('what two orchestrators have in common is told once', async () => {
  const lines: LogLine[] = [];
  const payment = track('payment', { input: Nothing }).step('hold', ping);
  payment.step('receipt', ping);
  const orchestrators = ['a', 'b'].map((name) => orchestrator(name, options).track('t', untyped(payment)));
  await using _ = await createSignalbox({ orchestrators, logger: (line) => void lines.push(line) });
  expect(lines.map(({ fields }) => fields?.step)).toEqual(['receipt']);
});
