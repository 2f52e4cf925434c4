/** Schedules in a box: declared, fired, spoken to, over (S36). */
import { createSignalbox, memory, orchestrator, type Signalbox, track } from 'signalbox';
import { DefinitionInvalid, InputInvalid, OrchestratorUnknown, RunExists, ScheduleUnknown } from 'signalbox/errors';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, faultsOfHistory, historyOf, rejection, stage, work } from '../helpers/stage.ts';

const report = orchestrator('report', { version: '1', input: z.object({ region: z.string() }) }).track(
  't',
  track('t', { input: Anything }).step('work', work, ({ input }) => input),
  { input: ({ input }) => input },
);
const other = orchestrator('other', { version: '1', input: Anything }).track('t', track('t', { input: Anything }));

const head = { orchestrator: report, input: { region: 'north' } } as const;

async function open(more: object = {}) {
  const { desk, clock, lines, options } = stage();
  const given = { orchestrators: [report, other], ...options, ...more } as const;
  return { desk, clock, lines, box: clock.follow(await createSignalbox(given)) };
}

const idsOf = async (box: Pick<Signalbox, 'runs'>): Promise<string[]> =>
  (await box.runs({ orchestrator: 'report' })).runs.map(({ run }) => run);

describe.each(['table', 'xstate'] as const)('a schedule, stepped by the %s lane,', (lane) => {
  test('starts a run at each of its times, and one id says both', async () => {
    const { box, desk, clock } = await open({ lane, idleRuns: 0 });
    const nightly = await box.schedule('nightly', {
      ...head,
      cron: '0 3 * * *',
      zone: 'Europe/Berlin',
      metadata: { tenant: 'acme' },
    });
    await clock.advance('1d');
    expect(await idsOf(box)).toEqual(['nightly.2026-01-01T02:00:00Z']);
    expect((await box.runs({ orchestrator: 'report' })).runs[0]).toMatchObject({
      input: { region: 'north' },
      metadata: { tenant: 'acme', schedule: { id: 'nightly', at: '2026-01-01T02:00:00Z' } },
      parent: { run: 'schedule:nightly', path: 'schedule/2026-01-01T02:00:00Z' },
      startedAt: Date.parse('2026-01-01T02:00:00Z'),
    });
    expect(await nightly.state()).toMatchObject({
      status: 'waiting',
      next: { run: 'nightly.2026-01-02T02:00:00Z', at: Date.parse('2026-01-02T02:00:00Z') },
      running: ['nightly.2026-01-01T02:00:00Z'],
      counts: { started: 1, completed: 0 },
    });
    desk.give('t/work#1');
    await clock.advance('1d');
    expect(await idsOf(box)).toEqual(['nightly.2026-01-01T02:00:00Z', 'nightly.2026-01-02T02:00:00Z']);
    expect((await nightly.state()).counts).toMatchObject({ started: 2, completed: 1 });
    // The schedule is rows and a timer; its run is in memory, because a body of it is under way.
    expect(box.counts).toMatchObject({ inMemory: 1, timers: 1 });
  });

  test('is a run that only waits, and its history and rows do not grow with its firings', async () => {
    const { box, desk, clock } = await open({ lane });
    await box.schedule('often', { ...head, every: '1m' });
    const run = box.run('schedule:often');
    const rows = async (): Promise<string[]> => (await run.export()).steps.map(({ path, state }) => `${path} ${state}`);
    await clock.advance('1m');
    expect(await rows()).toEqual([' running', 'schedule waiting', 'schedule/2026-01-01T00:01:00Z waiting']);
    for (let minute = 0; minute < 20; minute += 1) {
      desk.give('t/work#1');
      await clock.advance('1m');
    }
    expect(await idsOf(box)).toHaveLength(21);
    expect(await rows()).toEqual([' running', 'schedule waiting', 'schedule/2026-01-01T00:21:00Z waiting']);
    expect(await historyOf(run)).toEqual(['run.started', 'step.waiting schedule']);
    expect(await run.status()).toBe('waiting');
    expect((await run.snapshot()).steps.schedule?.waitingFor).toMatchObject({
      what: 'other',
      due: Date.parse('2026-01-01T00:22:00Z'),
    });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('cancels the run before under `cancelOther`, and starts the next when that has ended', async () => {
    const { box, desk, clock } = await open({ lane });
    await box.schedule('s', { ...head, every: '1h', overlap: 'cancelOther' });
    await clock.advance('2h');
    expect((await box.run('s.2026-01-01T01:00:00Z').outcome()).status).toBe('cancelled');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.2026-01-01T02:00:00Z']);
    expect(desk.open).toEqual(['t/work#1']);
    expect((await (await box.schedule('s')).state()).counts).toMatchObject({ started: 2, failed: 0 });
  });

  test('makes up for the last of several times under `cancelOther`, and starts no other (S36)', async () => {
    const { desk, clock, options } = stage();
    const given = { orchestrators: [report], ...options, lane, store: memory() } as const;
    const first = await createSignalbox(given);
    await first.schedule('s', { ...head, every: '1h', overlap: 'cancelOther' });
    await first.close();
    await clock.advance('3h');
    const next = clock.follow(await createSignalbox(given));
    await clock.advance('12m');
    expect(await idsOf(next)).toEqual(['s.2026-01-01T03:00:00Z']);
    expect(desk.open).toEqual(['t/work#1']);
    expect(await (await next.schedule('s')).state()).toMatchObject({
      running: ['s.2026-01-01T03:00:00Z'],
      waiting: [],
      counts: { started: 1, skipped: 2 },
    });
    await next.close();
  });

  test('pauses by itself when a run has failed, and goes on when somebody says so', async () => {
    const { box, desk, clock } = await open({ lane });
    const schedule = await box.schedule('s', { ...head, every: '1h', pauseOnFailure: true });
    await clock.advance('1h');
    desk.fail('t/work#1', new Error('no paper'));
    await clock.advance('3h');
    const { status, paused, next } = await schedule.state();
    expect([status, next]).toEqual(['paused', null]);
    expect(paused).toEqual({
      at: Date.parse('2026-01-01T01:00:00Z'),
      by: 'failure',
      reason: expect.stringContaining('no paper'),
    });
    expect(await idsOf(box)).toHaveLength(1);
    await schedule.resume();
    await clock.advance('1h');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.2026-01-01T05:00:00Z']);
    const history = await historyOf(box.run('schedule:s'));
    expect(history.filter((line) => line.startsWith('step'))).toEqual([
      'step.waiting schedule',
      'step.paused schedule',
      'step.waiting schedule',
    ]);
  });

  test('ends by itself after `until`, once its last run has ended', async () => {
    const { box, desk, clock } = await open({ lane });
    const schedule = await box.schedule('s', { ...head, every: '1h', until: '2026-01-01T02:00:00Z' });
    await clock.advance('5h');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z']);
    expect((await schedule.state()).status).toBe('waiting');
    desk.give('t/work#1');
    await settled(box);
    expect(await schedule.state()).toMatchObject({ status: 'ended', next: null, counts: { completed: 1 } });
    expect(await box.run('schedule:s').status()).toBe('completed');
    await expect(schedule.pause()).rejects.toThrow(ScheduleUnknown);
  });
});

describe('what is said to a schedule', () => {
  test('`preview` shows the runs to come, with their ids', async () => {
    const { box } = await open();
    const schedule = await box.schedule('s', { ...head, cron: '30 2 * * *', zone: 'Europe/Berlin', jitter: '10m' });
    const after = '2026-03-28T12:00:00Z';
    const runs = await schedule.preview(2, { after });
    expect(runs.map(({ run }) => run)).toEqual(['s.2026-03-29T01:00:00Z', 's.2026-03-30T00:30:00Z']);
    for (const { at, start } of runs) expect(start - at).toSatisfy((late: number) => late > 0 && late < 600_000);
    expect(await schedule.preview(1)).toMatchObject([{ run: 's.2026-01-01T01:30:00Z' }]);
    for (const count of [0, 1.5, 1_001]) await expect(schedule.preview(count)).rejects.toThrow(/"count"/);
    expect(await schedule.preview(1_000)).toHaveLength(1_000);
  });

  test('`trigger` starts a run at once; the same id twice is one run', async () => {
    const { box, clock } = await open();
    const schedule = await box.schedule('s', { ...head, every: '1h' });
    await clock.advance('1h');
    await schedule.pause({ reason: 'inventory' });
    const [first, second] = [await schedule.trigger({ id: 'now' }), await schedule.trigger({ id: 'now' })];
    expect([first.id, second.id]).toEqual(['s.by-hand.now', 's.by-hand.now']);
    await settled(box);
    expect(await first.status()).toBe('running');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.by-hand.now']);
    expect(await schedule.state()).toMatchObject({
      status: 'paused',
      paused: { by: 'person', reason: 'inventory' },
      running: ['s.2026-01-01T01:00:00Z', 's.by-hand.now'],
      counts: { started: 2 },
    });
    expect((await schedule.trigger()).id).toMatch(/^s\.by-hand\.[\w-]{21}$/);
    await expect(schedule.trigger({ id: 'a/b' })).rejects.toThrow(/"id"/);
  });

  test('`trigger` says what is wrong with the run that it would start, when its input is no longer taken', async () => {
    let isClosed = false;
    const region = z.string().refine(() => !isClosed, 'this region is closed');
    const strict = orchestrator('strict', { version: '1', input: region }).track('t', track('t', { input: Anything }));
    const { box } = await open({ orchestrators: [strict] });
    const schedule = await box.schedule('s', { orchestrator: strict as never, input: 'north' as never, every: '1h' });
    isClosed = true;

    const refused = await rejection(schedule.trigger({ id: 'now' }));

    expect(refused).toBeInstanceOf(InputInvalid);
    expect(refused.message).toContain('this region is closed');
    expect((await box.runs({ orchestrator: 'strict' })).runs).toEqual([]);
  });

  test('`backfill` makes up for times that are past, each once', async () => {
    const { box, desk, clock } = await open();
    const schedule = await box.schedule('s', { ...head, cron: '0 3 * * *' });
    await clock.advance('4h');
    desk.give('t/work#1');
    const span = { from: '2025-12-30', to: '2026-01-01T03:00:00Z' };
    await settled(box);
    const { runs, added } = await schedule.backfill(span);
    expect(runs).toEqual(['s.2025-12-30T03:00:00Z', 's.2025-12-31T03:00:00Z', 's.2026-01-01T03:00:00Z']);
    expect(added).toEqual(runs.slice(0, 2));
    await settled(box);
    // What waits already does not come of it a second time.
    expect(await schedule.backfill(span)).toEqual({ runs, added: [] });
    for (let turn = 0; turn < 2; turn += 1) {
      await settled(box);
      if (desk.open.length > 0) desk.give('t/work#1');
    }
    await settled(box);
    expect((await idsOf(box)).sort()).toEqual([...runs].sort());
    // The one that had run was found again, and neither run nor counted again.
    expect(desk.begun).toHaveLength(3);
    const over = { waiting: [], running: [], counts: { started: 3, completed: 3 } };
    expect(await schedule.state()).toMatchObject(over);
    expect(await schedule.backfill(span)).toEqual({ runs, added: [] });
    await settled(box);
    expect(await schedule.state()).toMatchObject(over);
    expect(desk.begun).toHaveLength(3);
    await expect(schedule.backfill({ from: 0, to: '2030-01-01' })).rejects.toThrow(/a moment that is past/);
    await expect(schedule.backfill({ from: '2000-01-01', to: '2025-12-31' })).rejects.toThrow(/at most 1000 times/);
  });

  test('`backfill` leaves a time alone whose run is under way', async () => {
    const { box, desk, clock } = await open();
    const schedule = await box.schedule('s', { ...head, every: '1h', overlap: 'allowAll' });
    await clock.advance('2h');
    await schedule.backfill({ from: '2026-01-01T00:30:00Z', to: '2026-01-01T02:00:00Z' });
    await settled(box);
    const ids = ['s.2026-01-01T01:00:00Z', 's.2026-01-01T02:00:00Z'];
    expect([await idsOf(box), (await schedule.state()).running]).toEqual([ids, ids]);
    for (const id of ids) await box.run(id).cancel();
    await settled(box);
    expect(await schedule.state()).toMatchObject({ running: [], counts: { started: 2, failed: 0 } });
    expect(desk.begun).toHaveLength(2);
    // None is under way any more, by its own count as well.
    await box.run('schedule:s').cancel();
    await settled(box);
    expect(await box.run('schedule:s').status()).toBe('cancelled');
  });

  test('`remove` takes it out of the store, and what runs goes on', async () => {
    const { box, desk, clock } = await open();
    const schedule = await box.schedule('s', { ...head, every: '1h' });
    await clock.advance('1h');
    expect(await schedule.remove()).toBe(true);
    expect(await schedule.remove()).toBe(false);
    await clock.advance('3h');
    desk.give('t/work#1');
    expect((await box.run('s.2026-01-01T01:00:00Z').outcome()).status).toBe('completed');
    expect(await idsOf(box)).toHaveLength(1);
    await expect(schedule.state()).rejects.toThrow(ScheduleUnknown);
    await expect(schedule.trigger()).rejects.toThrow(/There is no schedule "s" any more/);
    // It may be declared again, and is a new one; a time that has had its run does not get another.
    await box.schedule('s', { ...head, every: '1h' });
    await clock.advance('1h');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.2026-01-01T05:00:00Z']);
  });

  test('a signal by anybody that is no word to it is refused', async () => {
    const { box } = await open();
    await box.schedule('s', { ...head, every: '1h' });
    const said = await (box as unknown as Signalbox).signal('schedule:s', 'schedule', { do: 'dance' } as never);
    expect(said).toMatchObject({ answer: 'refused', reason: 'payload-invalid' });
  });
});

describe('declaring', () => {
  test('the same twice changes nothing; another one is what it is from then on', async () => {
    const { box, clock } = await open();
    const one = { ...head, every: '1h', overlap: 'allowAll' } as const;
    const schedule = await box.schedule('s', one);
    await clock.advance('1h');
    const before = box.counts.turns;
    await box.schedule('s', one);
    expect(box.counts.turns).toBe(before);
    await clock.advance('30m');
    await box.schedule('s', { ...one, every: '1d', input: { region: 'south' } });
    expect(await schedule.state()).toMatchObject({
      next: { run: 's.2026-01-02T00:00:00Z' },
      definition: { every: 86_400_000, input: { region: 'south' } },
    });
    await clock.advance('1d');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.2026-01-02T00:00:00Z']);
    expect((await box.runs({ orchestrator: 'report' })).runs[1]?.input).toEqual({ region: 'south' });
  });

  test('by several at once is one schedule', async () => {
    const { box, clock } = await open();
    await Promise.all([1, 2, 3].map(() => box.schedule('s', { ...head, every: '1h' })));
    await clock.advance('1h');
    expect(await idsOf(box)).toHaveLength(1);
    const ids: string[] = [];
    for await (const id of box.schedules()) ids.push(id);
    expect(ids).toEqual(['s']);
  });

  test('one that has ended by itself is done, and stays so; with another end it begins anew', async () => {
    const { box, desk, clock } = await open();
    const short = { ...head, every: '1h', until: '2026-01-01T01:30:00Z' } as const;
    const schedule = await box.schedule('s', short);
    await clock.advance('1h');
    desk.give('t/work#1');
    await settled(box);
    expect((await schedule.state()).status).toBe('ended');
    for (const hours of [0, 3]) {
      await clock.advance(`${hours}h`);
      const before = box.counts.turns;
      await box.schedule('s', short);
      expect(box.counts.turns).toBe(before);
    }
    await box.schedule('s', { ...short, until: '2026-01-01T05:30:00Z' });
    await clock.advance('3h');
    expect(await idsOf(box)).toEqual(['s.2026-01-01T01:00:00Z', 's.2026-01-01T05:00:00Z']);
  });

  test('with faults, an input that does not fit or an orchestrator of another box stores nothing', async () => {
    const { box } = await open();
    // No year has such a day; the other is over, and nobody has declared it while it was not.
    for (const cron of ['0 0 30 2 *', '0 0 0 1 1 * 2020']) {
      const never = box.schedule('s', { ...head, cron });
      expect((await rejection<DefinitionInvalid>(never)).faults).toMatchObject([{ code: 'never-fires', path: 's' }]);
      await expect(never).rejects.toThrow(DefinitionInvalid);
    }
    await expect(box.schedule('s', { ...head, every: '1h', input: { region: 7 } as never })).rejects.toThrow(
      InputInvalid,
    );
    const stranger = orchestrator('stranger', { version: '1', input: Anything });
    const lost = box.schedule('s', { orchestrator: stranger as never, every: '1h', input: {} as never });
    await expect(lost).rejects.toThrow(OrchestratorUnknown);
    await expect(lost).rejects.toThrow(/report \(version 1\), other \(version 1\)\./);
    await expect(box.schedule('a\0b', { ...head, every: '1h' })).rejects.toThrow(DefinitionInvalid);
    await expect(box.schedule('a\0b')).rejects.toThrow(/"id"/);
    await expect(box.schedule('s', null as never)).rejects.toThrow(/"orchestrator"/);
    expect((await box.runs()).runs).toEqual([]);
  });

  test('for another orchestrator under the same id is refused', async () => {
    const { box } = await open();
    await box.schedule('s', { ...head, every: '1h' });
    await expect(box.schedule('s', { orchestrator: other, every: '1h', input: {} })).rejects.toThrow(RunExists);
  });

  test('the handle of one that is not there says so when it is asked', async () => {
    const { box } = await open();
    await expect((await box.schedule('nobody')).state()).rejects.toThrow(ScheduleUnknown);
    await box.close();
    await expect(box.schedule('nobody')).rejects.toThrow(/closed/);
  });
});

test('a run that cannot be started is told in the history, and counts as a failure', async () => {
  const { box, clock } = await open();
  const schedule = await box.schedule('s', { ...head, every: '1h', pauseOnFailure: 1 });
  await box.start(other, { id: 's.2026-01-01T01:00:00Z', input: {} });
  await clock.advance('1h');
  expect(await historyOf(box.run('schedule:s'))).toEqual([
    'run.started',
    'step.waiting schedule',
    'step.failed schedule/2026-01-01T01:00:00Z',
    'step.paused schedule',
  ]);
  expect(await schedule.state()).toMatchObject({ status: 'paused', counts: { failed: 1 } });
});

test('cancelling the run of a schedule cancels its runs, and then it is over (S14)', async () => {
  const { box, clock } = await open();
  await box.schedule('s', { ...head, every: '1h', overlap: 'allowAll' });
  await clock.advance('2h');
  await box.run('schedule:s').cancel({ reason: 'moved' });
  await settled(box);
  expect((await box.run('schedule:s').outcome()).status).toBe('cancelled');
  for (const id of await idsOf(box)) expect(await box.run(id).status()).toBe('cancelled');
  expect(box.counts.timers).toBe(0);
});
