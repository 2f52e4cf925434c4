/**
 * Every public call that takes options refuses one that there is not, in the same words (I10): a misspelt one would otherwise be as
 * good as left out. A definition tells it as a fault (`unknown-key`), which has tests of its own.
 */
import {
  activations,
  coverageOf,
  createSignalbox,
  diagram,
  fromOrchestrator,
  judge,
  orchestrator,
  type Run,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import { inspectorServer, inspectRun } from 'signalbox/inspect';
import { openTelemetry, recordSpans } from 'signalbox/opentelemetry';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import { crashAt, fakeClock, settled, storeSuite } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { z } from 'zod';
import { stateFile } from '../../src/files/index.ts';

const input = z.object({});
const work = task('work', { input, output: z.null(), run: () => null });
const flow = orchestrator('flow', { version: '1', input }).track(
  't',
  track('t', { input }).step('work', work).wait('go', { signal: 'go' }),
);
// biome-ignore lint/suspicious/noExplicitAny: what the types refuse is what is tried
type Untyped = any;

/** Each call with its options, one of which is not there. */
const calls: { readonly [call: string]: (box: Untyped, run: Untyped, given: Untyped) => unknown } = {
  createSignalbox: (_, __, given) => createSignalbox(given),
  'box.start': (box, _, given) => box.start(flow, { input: {}, ...given }),
  'box.start, singleton': (box, _, given) => box.start(flow, { input: {}, singleton: { key: 'k', ...given } }),
  'box.runTask': (box, _, given) => box.runTask(work, {}, given),
  'box.schedule, trigger': async (box, _, given) => (await scheduled(box)).trigger(given),
  'box.schedule, pause': async (box, _, given) => (await scheduled(box)).pause(given),
  'box.schedule, preview': async (box, _, given) => (await scheduled(box)).preview(1, given),
  'box.schedule, backfill': async (box, _, given) => (await scheduled(box)).backfill(given),
  'box.runs': (box, _, given) => box.runs(given),
  'box.budgets': (box, _, given) => box.budgets(given),
  'box.approvals': (box, _, given) => box.approvals(given),
  'box.approvals, mine': (box, _, given) => box.approvals({ mine: { user: 'mia', ...given } }),
  'box.decide': (box, _, given) => box.decide('r/t/a#1', given),
  'box.signal': (box, _, given) => box.signal('r', 'go', null, given),
  'box.signal, to': (box, _, given) => box.signal({ orchestrator: 'flow', key: 'k', ...given }, 'go', null),
  'run.signal': (_, run, given) => run.signal('go', null, given),
  'run.events': (_, run, given) => run.events(given).next(),
  'run.history': (_, run, given) => run.history(given).next(),
  'run.cancel': (_, run, given) => run.cancel(given),
  'run.retry': (_, run, given) => run.retry('t/go', { reason: 'so', ...given }),
  'run.skip': (_, run, given) => run.skip('t/go', { reason: 'so', ...given }),
  'run.resolve': (_, run, given) => run.resolve('t/go', { reason: 'so', output: null, ...given }),
  'run.rerun': (_, run, given) => run.rerun({ from: 't/go', reason: 'so', ...given }),
  'run.approvals': (_, run, given) => run.approvals(given),
  'run.decide': (_, run, given) => run.decide('t/go', { decision: 'approve', by: 'mia', ...given }),
  'run.explain': (_, run, given) => run.explain(given),
  'run.diagram': (_, run, given) => run.diagram(given),
  'run.timeline': (_, run, given) => run.timeline(given),
  'run.abandon': (_, run, given) => run.abandon({ reason: 'so', ...given }),
  diagram: (_, __, given) => diagram(flow, given),
  coverageOf: (box, _, given) => coverageOf(box, flow, given),
  judge: (_, __, given) => judge({ speed: { min: 1 } }, { speed: 2 }, given),
  activations: (_, __, given) => activations(given),
  fromOrchestrator: (box, _, given) => fromOrchestrator(box, flow, given),
  'fromOrchestrator, input': (box, _, given) =>
    toPromise(createActor(fromOrchestrator(box, flow), { input: { input: {}, ...given } }).start()),
  'fromOrchestrator, command': (box, run, given) => {
    const actor = createActor(fromOrchestrator(box, flow), { input: { input: {}, id: run.id } }).start();
    return new Promise((resolve, reject) => {
      actor.on('command.answered', resolve);
      actor.on('command.failed', ({ error }) => reject(error));
      actor.send({ type: 'cancel', ...given });
    });
  },
  inspectorServer: (box, _, given) => inspectorServer(box, given),
  inspectRun: (box, run, given) => inspectRun(box, run.id, { send: () => {}, ...given }),
  stateFile: (box, run, given) => stateFile(box, run, '/nowhere/r.json', given),
  openTelemetry: (_, __, given) => openTelemetry(given),
  recordSpans: (_, run, given) => recordSpans(run.history(), given),
  sqlite: (_, __, given) => sqlite(':memory:', given),
  postgres: (_, __, given) => postgres('postgres://localhost/none', given),
  redis: (_, __, given) => redis('redis://localhost', given),
  fakeClock: (_, __, given) => fakeClock(given),
  settled: (box, _, given) => settled(box, given),
  crashAt: (_, __, given) => crashAt('after commit', 1, given),
  storeSuite: (_, __, given) => storeSuite(() => ({ open: () => sqlite(':memory:') }), given),
};

const scheduled = (box: Signalbox<[typeof flow]>) => box.schedule('s', { every: '1h', orchestrator: flow, input: {} });

async function opened(): Promise<{ box: Signalbox<[typeof flow]>; run: Run<unknown> }> {
  const box = await createSignalbox({ orchestrators: [flow], clock: fakeClock(), logger: () => {} });
  const run = (await box.start(flow, { id: 'r', input: {} })) as Run<unknown>;
  await settled(box);
  return { box, run };
}

const refusalOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
    return 'taken';
  } catch (error) {
    return error;
  }
};

test.each(Object.entries(calls))('%s refuses an option that there is not, and nothing comes of it', async (_, call) => {
  const { box, run } = await opened();
  await using _open = box;
  const { runs: before } = await box.runs({ orchestrator: 'flow' });

  const refusal = await refusalOf(() => call(box, run, { nonesuch: 1 }));

  expect(refusal).toMatchObject({ code: 'option-invalid', fields: { option: 'nonesuch' } });
  expect(String(refusal)).toMatch(/^InvalidOption: Unknown option "nonesuch"\. Options: \w/);
  expect((await box.runs({ orchestrator: 'flow' })).runs).toEqual(before);
});

test('a misspelt option is told the one that was meant', async () => {
  const { box, run } = await opened();
  await using _open = box;
  const meant = async (call: () => unknown): Promise<string> => String(await refusalOf(call));

  const untyped: Untyped = box;
  expect(await meant(() => untyped.start(flow, { input: {}, metdata: {} }))).toContain('Did you mean "metadata"?');
  expect(await meant(() => untyped.runTask(work, {}, { idd: 'x' }))).toContain('Did you mean "id"?');
  expect(await meant(() => untyped.runTask(work, {}, { input: {} }))).toContain('Unknown option "input".');
  expect(await meant(() => (run as Untyped).abandon({ reasn: 'so' }))).toContain('Did you mean "reason"?');
  expect(await meant(() => (run as Untyped).abandon())).toContain('Option "reason" cannot be undefined');
});

test.each([null, 7, 'input', undefined])(
  'a start that is given %s for its options is told what it takes',
  async (given) => {
    const { box } = await opened();
    await using _open = box;
    const refusal = await refusalOf(() => (box as Untyped).start(flow, given));
    expect(refusal).toMatchObject({ code: 'option-invalid', fields: { option: 'start' } });
    expect(String(refusal)).toContain('an object with the input');
  },
);
