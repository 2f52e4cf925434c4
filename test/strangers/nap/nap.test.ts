/** A sleep that comes from outside, through the whole of a box: it is declared, drawn, run, closed on, cancelled and refused. */
import {
  type AnyOrchestrator,
  chart,
  createSignalbox,
  diagram,
  memory,
  orchestrator,
  type Run,
  type Store,
  track,
} from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { newFile } from '../../helpers/files.ts';
import { eventsOf, historyOf, rejection, stage } from '../../helpers/stage.ts';
import { nap, type NapOptions } from './index.ts';

const Input = z.object({ at: z.any() });
const HOUR = 3_600_000;

const flowOf = (options: NapOptions, more: object = {}) =>
  orchestrator('flow', { version: '1', input: Input, ...more }).track(
    't',
    track('t', { input: Input }).kind('nap', nap, options),
    { input: ({ input }) => ({ at: input.at }) },
  );

const untilInput = { until: ({ input }: { readonly input: { readonly at: string } }) => input.at };

/** A run of the flow, just begun; `again` closes its box and opens another one on the same store. */
async function begun(flow: AnyOrchestrator, at: unknown = null, store: Store | (() => Store) = memory()) {
  const { clock, options } = stage();
  const open = async () => {
    const box = await createSignalbox({
      ...options,
      orchestrators: [flow],
      kinds: [nap],
      store: typeof store === 'function' ? store() : store,
    });
    return clock.follow(box);
  };
  let box = await open();
  await box.start(flow, { id: 'r', input: { at } } as never);
  await clock.advance(0);
  return {
    clock,
    run: () => box.run('r') as Run,
    close: () => box.close(),
    async again() {
      await box.close();
      box = await open();
      await box.recovered;
    },
  };
}

const WAITING = ['run.started', 'track.started t', 'step.waiting t/nap'];
const OVER = ['step.completed t/nap', 'track.completed t', 'run.completed'];

test('it waits for its time under the fake clock, and its end is in the history', async () => {
  const { clock, run, close } = await begun(flowOf({ lasts: '2h' }));
  await clock.advance('119m');
  expect(await historyOf(run())).toEqual(WAITING);
  await clock.advance('1m');
  expect(await historyOf(run())).toEqual([...WAITING, ...OVER]);
  expect((await run().outcome()).output).toEqual({ t: null });
  await close();
});

test.each([
  ['a duration', { lasts: '2h' } as NapOptions],
  ['an instant', { until: '2026-01-01T02:00:00Z' } as NapOptions],
  ['an instant of a mapper', untilInput],
])('%s survives a box that was closed on it, and is not counted anew', async (_, options) => {
  const file = newFile();
  const { clock, run, again, close } = await begun(flowOf(options), '2026-01-01T02:00:00Z', () => sqlite(file));
  const start = clock.now();
  await clock.advance('1h');
  await again();
  const step = async () => (await run().snapshot()).steps['t/nap'];
  expect(await step()).toMatchObject({
    status: 'waiting',
    due: start + 2 * HOUR,
    waitingFor: { what: 'timer', since: start, due: start + 2 * HOUR },
  });
  await clock.advance('59m');
  expect(await historyOf(run())).toEqual(WAITING);
  await clock.advance('1m');
  expect(await historyOf(run())).toEqual([...WAITING, ...OVER]);
  const told = (await eventsOf(run())).find(({ type }) => type === 'step.waiting');
  expect(told).toMatchObject({ due: start + 2 * HOUR });
  await close();
});

test('one that was due while no box was there ends in the next', async () => {
  const file = newFile();
  const { clock, run, again, close } = await begun(flowOf({ lasts: '2h' }), null, () => sqlite(file));
  clock.jump(3 * HOUR);
  await again();
  await clock.advance(0);
  expect(await historyOf(run())).toEqual([...WAITING, ...OVER]);
  await close();
});

test('an instant that is past ends it at once', async () => {
  const { run, close } = await begun(flowOf(untilInput), '2020-01-01');
  expect(await historyOf(run())).toEqual([...WAITING, ...OVER]);
  await close();
});

describe('while it waits', () => {
  test('it is cancelled, and its timer with it', async () => {
    const { clock, run, close } = await begun(flowOf({ lasts: '2h' }));
    await run().cancel({ reason: 'no time' });
    expect(await historyOf(run())).toEqual([
      ...WAITING,
      'run.cancelling',
      'track.cancelling t',
      'step.cancelled t/nap',
      'track.cancelled t',
      'run.cancelled',
    ]);
    expect(clock.pending).toBe(0);
    await close();
  });

  test('it is skipped, with the output that is given', async () => {
    const { run, close } = await begun(flowOf({ lasts: '2h' }));
    await run().skip('t/nap', { reason: 'awake', output: null });
    expect((await historyOf(run())).slice(3)).toEqual(['step.skipped t/nap', 'track.completed t', 'run.completed']);
    await close();
  });

  test('it says so, with what is left of its time', async () => {
    const { clock, run, close } = await begun(flowOf({ lasts: '2h' }));
    await clock.advance('30m');
    const { says, steps } = await run().explain();
    expect(says).toBe('waiting for the end of its sleep since 30 min; ends in 1 h 30 min (t/nap)');
    expect(steps[0]).toMatchObject({ path: 't/nap', status: 'waiting', waitingFor: { what: 'timer' } });
    expect(await run().diagram({ format: 'text' })).toContain('◔ nap  the end of its sleep, 1 h left');
    await close();
  });
});

describe('an instant that is none', () => {
  test('of a mapper fails the step, with what was given', async () => {
    const { run, close } = await begun(flowOf(untilInput), 'tomorrow');
    const { error } = (await run().snapshot()).steps['t/nap'] ?? {};
    expect(error).toMatchObject({ code: 'instant-invalid' });
    expect(error?.message).toContain('"tomorrow"');
    expect((await historyOf(run())).slice(2)).toEqual(['step.failed t/nap', 'track.failed t', 'run.failed']);
    await close();
  });

  test('leaves the step standing where the run pauses at failures, and a person goes on', async () => {
    const { clock, run, close } = await begun(flowOf(untilInput, { onFailure: 'pause' }), 'tomorrow');
    expect((await run().snapshot()).steps['t/nap']).toMatchObject({
      status: 'awaitingIntervention',
      waitingFor: { what: 'person' },
    });
    await run().retry('t/nap', { reason: 'a better one', input: clock.now() + HOUR });
    expect((await run().snapshot()).steps['t/nap']?.due).toBe(clock.now() + HOUR);
    await clock.advance('1h');
    expect((await run().outcome()).status).toBe('completed');
    await close();
  });
});

test.each([
  [{ lasts: 'soon' }, 'flow/t/nap: Option "lasts" cannot be "soon"'],
  [{ until: '2026-01-01T02:00' }, 'flow/t/nap: '],
  [{ lasts: '1h', loud: true }, 'flow/t/nap: The options of a nap cannot have "loud"'],
  [{}, 'flow/t/nap: A nap takes either "lasts" or "until".'],
  [7, 'flow/t/nap: The options of a nap cannot be 7'],
])('options %j are refused, and the error says where (S3)', async (options, told) => {
  const flow = flowOf(options as never);
  const error = await rejection(createSignalbox({ orchestrators: [flow], kinds: [nap] }));
  expect(error).toMatchObject({ code: 'definition-invalid' });
  expect(error.message).toContain(told);
  expect(error.message).toContain('defined at test/strangers/nap/nap.test.ts:');
});

test('it is in the chart and in the diagram of its definition', () => {
  const flow = flowOf({ lasts: '2h' });
  expect(JSON.stringify(chart(flow).config)).toContain('"kind":"nap"');
  expect(diagram(flow, { format: 'text' })).toContain('nap  naps 7200000 ms');
});

test('it is typed: its options, and the output that later steps are told', () => {
  const typed = track('t', { input: Input }).kind('nap', nap, { until: ({ input }) => input.at });
  typed.output(({ outputs }) => expectTypeOf(outputs.nap).toEqualTypeOf<null>());
  // @ts-expect-error: no such length
  track('t', { input: Input }).kind('nap', nap, { lasts: true });
  // @ts-expect-error: it has no instant
  track('t', { input: Input }).kind('nap', nap, { until: () => null });
});
