/** Runs that come from another store: kept whole and gone on with, or refused in words. */
import {
  type AnyOrchestrator,
  createSignalbox,
  type LogLine,
  memory,
  orchestrator,
  type RunExport,
  task,
  track,
} from 'signalbox';
import { defineKind, waitMachine } from 'signalbox/machines';
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
/** A box whose bodies are those of its tasks. */
async function atWork(made: AnyOrchestrator, now?: number) {
  const { clock, options } = stage();
  if (now !== undefined) await clock.advance(now - clock.now());
  const { executor: _, ...rest } = options;
  return { clock, box: clock.follow(await createSignalbox({ ...rest, orchestrators: [made] })) };
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

test('a family that is paused is imported as it stands, and goes on when somebody says so (S15, P228)', async () => {
  const small = orchestrator('small', head).track(
    's',
    track('s', { input: Anything }).step('one', flaky).step('two', flaky),
  );
  const large = orchestrator('large', head).track('l', track('l', { input: Anything }).run('kid', small));
  const open = async () => {
    const { desk, clock, options } = stage();
    return { desk, box: clock.follow(await createSignalbox({ ...options, orchestrators: [large] })) };
  };
  const first = await open();
  const run = await first.box.start(large, { id: 'r', input: 1 });
  await settled(first.box);
  await run.pause();
  await settled(first.box);
  const parent = await run.export();
  const kids = await Promise.all((parent.forImport?.needs ?? []).map((id) => first.box.run(id).export()));
  expect(kids).toHaveLength(1);

  const { box, desk } = await open();
  const again = await box.import(JSON.parse(JSON.stringify([parent, ...kids])));
  await settled(box);
  expect(desk.begun).toEqual(['s/one#1']);
  desk.give('s/one#1');
  await settled(box);
  expect(desk.begun).toEqual(['s/one#1']);
  await again.resume();
  await settled(box);
  desk.give('s/two#1', 2);
  expect(await soon(again.outcome())).toMatchObject({ status: 'completed' });
  await first.box.close();
  await box.close();
});

test('a run that takes over from another one goes on in a store that never had that one (S16, P228)', async () => {
  const step = task('step', { input: Anything, output: Anything, run: never });
  const made = orchestrator('made', { ...head, concurrency: 1 })
    .track('a', track('a', { input: Anything }).step('one', step).step('two', step))
    .track('b', track('b', { input: Anything }).step('one', step).step('two', step));
  const open = async () => {
    const { desk, clock, options } = stage();
    return { desk, box: clock.follow(await createSignalbox({ ...options, orchestrators: [made] })) };
  };
  const first = await open();
  const run = await first.box.start(made, { id: 'r', input: 1 });
  for (const place of ['a/one#1', 'a/two#1', 'b/one#1']) {
    await settled(first.box);
    first.desk.give(place, place);
  }
  await settled(first.box);
  first.desk.fail('b/two#1');
  await run.outcome();
  const rerun = await run.rerun({ from: 'a/two', input: 9, reason: 'once more', id: 'r2' });
  await settled(first.box);

  const { box, desk } = await open();
  const again = await box.import(JSON.parse(JSON.stringify(await rerun.export())));
  await settled(box);
  expect(desk.begun).toEqual(['a/two#1']);
  expect(desk.job('a/two#1').input).toBe(9);
  for (const place of ['a/two#1', 'b/two#1']) {
    desk.give(place, place);
    await settled(box);
  }
  // What waited under the cap takes over what had finished there, too.
  expect(desk.begun).toEqual(['a/two#1', 'b/two#1']);
  expect(await soon(again.outcome())).toMatchObject({ status: 'completed', outputs: { a: 'a/two#1', b: 'b/two#1' } });
  expect((await again.snapshot()).rerunOf).toMatchObject({ run: 'r', from: 'a/two' });
  await first.box.close();
  await box.close();
});

test('a schedule moves with what it remembers, and fires once for each of its times (S24, P228)', async () => {
  const target = orchestrator('target', head).track('t', track('t', { input: Anything }).step('one', flaky));
  const open = async (now?: number) => {
    const { desk, clock, options } = stage();
    if (now !== undefined) await clock.advance(now - clock.now());
    return { desk, clock, box: clock.follow(await createSignalbox({ ...options, orchestrators: [target] })) };
  };
  const first = await open();
  await first.box.schedule('hourly', { every: '1h', orchestrator: target, input: 1 });
  await first.clock.advance('90m');
  const fired = (await first.box.runs({ parent: 'schedule:hourly' })).runs;
  expect(fired).toHaveLength(1);
  const schedule = await first.box.run('schedule:hourly').export();
  const below = await Promise.all((schedule.forImport?.needs ?? []).map((id) => first.box.run(id).export()));
  await first.box.close();

  const { box, clock, desk } = await open(first.clock.now());
  await box.import(JSON.parse(JSON.stringify([schedule, ...below])));
  await settled(box);
  desk.give('t/one#1');
  await clock.advance('31m');
  const all = (await box.runs({ parent: 'schedule:hourly' })).runs.map(({ run, startedAt }) => [run, startedAt]);
  expect(all).toHaveLength(2);
  expect(all[0]?.[0]).toBe(fired[0]?.run);
  expect((all[1]?.[1] as number) - (all[0]?.[1] as number)).toBe(3_600_000);
  await box.close();
});

test('records of a kind from outside are in an export if the kind names their types, and come along (P93, P228)', async () => {
  const open = async () => {
    const marking = defineKind<object, null>()({
      name: 'marking',
      machine: waitMachine as never,
      records: ['mark'],
      acts: {},
      read: () => ({}),
    });
    const marked = orchestrator('marked', head).track('t', track('t', { input: Anything }).step('one', flaky));
    const { clock, options } = stage();
    const store = memory();
    const given = { ...options, orchestrators: [marked], kinds: [marking], store };
    return { box: clock.follow(await createSignalbox(given)), store, marked };
  };
  const first = await open();
  const run = await first.box.start(first.marked, { id: 'r', input: 1 });
  await settled(first.box);
  const { events } = await run.export();
  const mark = { run: 'r', type: 'mark', id: 'x', version: 1, body: { n: 1 }, keys: { by: 'mia' } };
  // As an act of the kind does by its port.
  const change = {
    run: 'r',
    fence: 1,
    after: events.length,
    row: null,
    actors: [],
    attempts: [],
    events: [],
    signals: [],
  };
  await first.store.commit([{ ...change, records: [mark] }]);
  const second = await open();
  await second.box.import(JSON.parse(JSON.stringify(await run.export())));
  expect(await second.store.readRecord('r', 'mark', 'x')).toEqual(mark);
  await first.box.close();
  await second.box.close();
});

test('an export says when its pieces are of several moments, and is read again until they are of one (P220)', async () => {
  const inner = memory();
  let changes = 3;
  const readOpen: typeof inner.readOpen = async (run) => {
    const found = await inner.readOpen(run);
    changes -= 1;
    return found === null || changes < 0 ? found : { ...found, fence: found.fence + changes };
  };
  const { box } = await opened(undefined, { ...inner, readOpen });
  const run = await box.start(flow, { id: 'r', input: 1 });
  changes = 3;
  expect((await run.export()).forImport).toMatchObject({ version: 1 });
  changes = Number.MAX_SAFE_INTEGER;
  const torn = await run.export();
  expect([torn.forImport, torn.events.length > 0]).toEqual([null, true]);
  changes = 0;
  await box.close();
});

test('a line that somebody writes to the log of a box goes where its lines go, without what is secret (S34)', async () => {
  const lines: LogLine[] = [];
  const logger = (line: LogLine): void => void lines.push(line);
  await using box = await createSignalbox({ redact: [/\b\d{16}\b/], logger });
  box.log({ level: 'warn', message: 'card 4111222233334444', run: 'r' });
  expect(lines).toEqual([{ level: 'warn', message: 'card [redacted]', run: 'r' }]);
});

test('what a run has spent, and what was tried in vain after its end, comes along (S38, S16, P228)', async () => {
  const draw = task('draw', { input: Anything, output: Anything, run: () => 1, budget: { limit: 1, per: '1d' } });
  const drawing = orchestrator('drawing', head).track('t', track('t', { input: Anything }).step('draw', draw));
  const first = await atWork(drawing);
  const run = await first.box.start(drawing, { id: 'r', input: null });
  await run.outcome();
  const wrong = run.rerun({ from: 'nowhere', reason: 'to see' });
  await expect(wrong).rejects.toMatchObject({ code: 'intervention-refused' });

  const { box } = await atWork(drawing, first.clock.now());
  const moved = await box.import(JSON.parse(JSON.stringify(await run.export())));
  const tried: unknown[] = [];
  for await (const each of moved.interventions()) tried.push(each);
  expect(tried).toMatchObject([{ path: 'nowhere', reason: 'to see' }]);
  const next = await box.start(drawing, { id: 'r2', input: null });
  expect(await soon(next.outcome())).toMatchObject({ status: 'failed', error: { code: 'budget-spent' } });
  await first.box.close();
  await box.close();
});

test.each([
  ['has counted its items', true],
  ['has not, as in earlier versions', false],
] as const)(
  'a run in the middle of more items than are kept in memory that %s does the one that is left, and no other again (S32, P228)',
  async (_, hasCounted) => {
    const gate = Promise.withResolvers<void>();
    const begun: unknown[] = [];
    const each = task('each', {
      input: Anything,
      output: Anything,
      run: async ({ input }) => {
        begun.push(input);
        if (input === 700) await gate.promise;
        return input;
      },
    });
    const all = Array.from({ length: 1_500 }, (_, at) => at);
    const many = orchestrator('many', head).track(
      't',
      track('t', { input: Anything }).map('m', { over: () => all, each, concurrency: 100 }),
    );
    const first = await atWork(many);
    const run = await first.box.start(many, { id: 'r', input: null });
    await settled(first.box);
    const exported = through(await run.export()) as RunExport;
    const map = exported.steps.find(({ path }) => path === 't/m');
    const { kept } = (map as unknown as { readonly memory: { readonly kept: { tally?: unknown } } }).memory;
    expect(kept.tally).toHaveLength(3);
    if (!hasCounted) delete kept.tally;
    expect(begun).toHaveLength(1_500);
    begun.length = 0;
    const { box } = await atWork(many, first.clock.now());
    const moved = await box.import(exported);
    await settled(box);
    expect(await moved.status()).toBe('running');
    gate.resolve();
    expect(await soon(moved.result())).toEqual({ t: all });
    expect(begun).toEqual([700]);
    await first.box.close();
    await box.close();
  },
);
