/**
 * The audit of a run (S39, P173): each command that somebody gives leaves one record, also where it is refused: who, when, what, why, and
 * how the run, or what it was about, stood before and after.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditRecord, createSignalbox, memory, orchestrator, type Run, type Store, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { judged, WRONGS } from '../helpers/commits.ts';
import { Anything, rejection, settled as quiet, soon, stage, work } from '../helpers/stage.ts';
import { head, one, places } from '../helpers/waits.ts';

const pausing = { ...head, onFailure: 'pause' } as const;
const flow = orchestrator('flow', pausing).track(
  'a',
  track('a', { input: Anything })
    .step('work', work)
    .wait('go', { signal: 'go', payload: z.number() })
    .step('last', work),
  { input: ({ input }) => input },
);
const other = orchestrator('other', head).track('w', one('w', 'go'), { input: ({ input }) => input });
const by = 'mia';

const auditOf = async (run: { audit(): AsyncGenerator<AuditRecord> }): Promise<AuditRecord[]> => {
  const records: AuditRecord[] = [];
  for await (const record of run.audit()) records.push(record);
  return records;
};

/** Without what a start leaves. */
const said = async (run: { audit(): AsyncGenerator<AuditRecord> }): Promise<AuditRecord[]> =>
  (await auditOf(run)).filter(({ type }) => type !== 'start');

const boxes: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const box of boxes.splice(0)) await box.close();
});

async function open(store: Store = memory()) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow, other], ...options, store }));
  boxes.push(box);
  const run = await box.start(flow, { id: 'r', input: 1, metadata: { initiator: 'leo' } });
  await settled(box);
  return { desk, clock, box, run: run as unknown as Run };
}
type At = Awaited<ReturnType<typeof open>>;

interface Row {
  readonly name: string;
  /** Brings the run to where it is asked. */
  readonly first?: (at: At) => Promise<unknown> | unknown;
  readonly ask: (run: Run) => Promise<unknown>;
  readonly left: Partial<AuditRecord>;
  /** Does the call reject? */
  readonly throws?: boolean;
}

const end = async ({ run, box }: At): Promise<void> => {
  await run.cancel({ force: true });
  await settled(box);
};
const fail = async ({ desk, box }: At): Promise<void> => {
  desk.fail('a/work#1', new Error('no'));
  await settled(box);
};
const wait = async ({ desk, box }: At): Promise<void> => {
  desk.give('a/work#1', 1);
  await settled(box);
};
const why = { by, reason: 'because' };

const ROWS: readonly Row[] = [
  { name: 'a pause', ask: (run) => run.pause(why), left: { type: 'pause', before: 'running', after: 'paused' } },
  {
    name: 'a pause of one that is paused',
    first: ({ run }) => run.pause(),
    ask: (run) => run.pause(why),
    left: { type: 'pause', before: 'paused', after: 'paused' },
  },
  {
    name: 'a pause of one that has ended',
    first: end,
    ask: (run) => run.pause(why),
    throws: true,
    left: { type: 'pause', before: 'cancelled', after: 'cancelled', refused: 'the run is cancelled' },
  },
  {
    name: 'a resume',
    first: ({ run }) => run.pause(),
    ask: (run) => run.resume(why),
    left: { type: 'resume', before: 'paused', after: 'running' },
  },
  {
    name: 'a resume of one that is not paused',
    ask: (run) => run.resume(why),
    left: { type: 'resume', before: 'running', after: 'running' },
  },
  {
    name: 'a resume of one that has ended',
    first: end,
    ask: (run) => run.resume(why),
    throws: true,
    left: { type: 'resume', refused: 'the run is cancelled' },
  },
  {
    name: 'a cancel',
    first: wait,
    ask: (run) => run.cancel({ ...why, compensate: true }),
    left: {
      type: 'cancel',
      before: 'waiting',
      after: 'compensating',
      details: { compensate: true, force: false },
    },
  },
  {
    name: 'a cancel of one whose bodies are at work',
    ask: (run) => run.cancel(why),
    left: { type: 'cancel', before: 'running', after: 'cancelling' },
  },
  {
    name: 'a cancel of one that has ended',
    first: end,
    ask: (run) => run.cancel(why),
    left: { type: 'cancel', before: 'cancelled', after: 'cancelled', refused: 'the run is cancelled' },
  },
  {
    name: 'a signal',
    first: wait,
    ask: (run) => run.signal('go', 5, { id: 'one', by }),
    left: {
      type: 'signal',
      reason: null,
      before: 'waiting',
      after: 'running',
      details: { name: 'go', id: 'one', answer: 'accepted', step: 'a/go' },
    },
  },
  {
    name: 'a signal that is kept',
    ask: (run) => run.signal('go', 5, { id: 'one', by }),
    left: {
      type: 'signal',
      reason: null,
      before: 'running',
      after: 'running',
      details: { name: 'go', id: 'one', answer: 'buffered' },
    },
  },
  {
    name: 'a signal that does not fit',
    first: wait,
    ask: (run) => run.signal('go', 'no number', { id: 'one', by }),
    left: {
      type: 'signal',
      reason: null,
      refused: 'The step that waits for signal "go" did not take it. Invalid input: expected number, received string',
    },
  },
  {
    name: 'a signal to one that has ended',
    first: end,
    ask: (run) => run.signal('go', 5, { id: 'one', by }),
    left: { type: 'signal', reason: null, refused: 'Run "r" has ended: it is cancelled.' },
  },
  {
    name: 'a retry',
    first: fail,
    ask: (run) => run.retry('a/work', why),
    left: { type: 'retry', path: 'a/work', before: 'awaitingIntervention', after: 'running' },
  },
  {
    name: 'a skip',
    first: fail,
    ask: (run) => run.skip('a/work', why),
    left: { type: 'skip', path: 'a/work', before: 'awaitingIntervention', after: 'skipped' },
  },
  {
    name: 'a resolve',
    first: fail,
    ask: (run) => run.resolve('a/work', { ...why, output: 1 }),
    left: { type: 'resolve', path: 'a/work', before: 'awaitingIntervention', after: 'completed' },
  },
  {
    name: 'a retry of a step that is at work',
    ask: (run) => run.retry('a/work', why),
    throws: true,
    left: {
      type: 'retry',
      path: 'a/work',
      before: 'running',
      after: 'running',
      refused: '"a/work" is running. Nothing can be done about it.',
    },
  },
  {
    name: 'a retry in a run that has ended',
    first: end,
    ask: (run) => run.retry('a/work', why),
    throws: true,
    left: { type: 'retry', path: 'a/work', refused: 'the run has ended' },
  },
  {
    name: 'an abandon',
    ask: (run) => run.abandon(why),
    left: { type: 'abandon', before: 'running', after: 'cancelled' },
  },
  {
    name: 'an abandon of one that has ended',
    first: end,
    ask: (run) => run.abandon(why),
    left: { type: 'abandon', before: 'cancelled', after: 'cancelled', refused: 'the run has ended' },
  },
  {
    name: 'an undoing',
    first: end,
    ask: (run) => run.compensate(why),
    left: { type: 'compensate', before: 'cancelled' },
  },
  {
    name: 'an undoing of one that was undone',
    first: async (at) => {
      await end(at);
      await (await at.run.compensate()).outcome();
    },
    ask: (run) => run.compensate(why),
    left: { type: 'compensate', refused: 'run "r~undo" undoes it, or has undone it' },
  },
  {
    name: 'an undoing of one that has not ended',
    ask: (run) => run.compensate(why),
    throws: true,
    left: { type: 'compensate', before: 'running' },
  },
  {
    name: 'a rerun',
    first: end,
    ask: (run) => run.rerun({ ...why, from: 'a/work', id: 'r2' }),
    left: { type: 'rerun', path: 'a/work', details: { run: 'r2' } },
  },
  {
    name: 'a rerun of one that has not ended',
    ask: (run) => run.rerun({ ...why, from: 'a/work', id: 'r2' }),
    throws: true,
    left: { type: 'rerun', path: 'a/work' },
  },
  {
    name: 'a deletion',
    first: end,
    ask: (run) => run.delete(why),
    left: { type: 'delete', before: 'cancelled', after: null, details: { run: 'r' } },
  },
  {
    name: 'a deletion of one that has not ended',
    ask: (run) => run.delete(why),
    throws: true,
    left: { type: 'delete', before: 'running', after: 'running' },
  },
];

describe.each(places)('on %s, one record is left (S39, P173)', (_, place) => {
  test.each(ROWS)('by $name', async ({ first, ask, left, throws = false }) => {
    const at = await open(place()());
    await first?.(at);
    const before = new Set((await said(at.run)).map((record) => JSON.stringify(record)));
    const asked = ask(at.run);
    if (throws) await expect(asked).rejects.toMatchObject({ code: expect.any(String) });
    else await asked;
    await settled(at.box);

    const records = (await said(at.run)).filter((record) => !before.has(JSON.stringify(record)));
    const refused = throws ? { refused: expect.any(String) } : { refused: null };
    expect(records).toEqual([
      expect.objectContaining({ by, reason: 'because', at: at.clock.now(), ...refused, ...left }),
    ]);
  });
});

test('what was asked stands in the order of time, from the start on, and whoever was not named is null (S39)', async () => {
  const { run, clock, desk, box } = await open();
  await run.pause();
  await clock.advance('1m');
  await run.resume({ by });
  await clock.advance('1m');
  desk.fail('a/work#1', new Error('no'));
  await settled(box);
  await run.skip('a/work', { by, reason: 'late' });
  await clock.advance('1m');
  await run.cancel({ reason: 'enough' });
  const records = await auditOf(run);
  expect(records.map(({ type, by: who, reason }) => [type, who, reason])).toEqual([
    ['start', 'leo', null],
    ['pause', null, null],
    ['resume', 'mia', null],
    ['skip', 'mia', 'late'],
    ['cancel', null, 'enough'],
  ]);
  const times = records.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('the same signal twice is on record once (S17, S39)', async () => {
  const { run, desk, box } = await open();
  desk.give('a/work#1', 1);
  await settled(box);
  for (const who of ['mia', 'leo']) await run.signal('go', 5, { id: 'one', by: who });
  expect((await said(run)).map(({ type, by: who }) => [type, who])).toEqual([['signal', 'mia']]);
});

test('who has deleted a run is known after it is gone, and when another one has its id; who is not named leaves nothing (S39, P130)', async () => {
  const { box, run } = await open();
  await run.cancel({ force: true });
  await settled(box);
  await run.delete({ by, reason: 'the customer asked for it' });
  expect(await box.run('r').audit().next()).toMatchObject({
    value: { type: 'delete', by: 'mia', reason: 'the customer asked for it', before: 'cancelled' },
  });
  const again = await box.start(flow, { id: 'r', input: 1 });
  expect((await auditOf(again)).map(({ type }) => type)).toEqual(['delete', 'start']);
  await again.cancel({ force: true });
  await settled(box);
  await again.delete();
  expect((await auditOf(again)).map(({ type, by: who }) => [type, who])).toEqual([['delete', 'mia']]);
  // All of them stand with one run, and go with it.
  expect((await said(box.run('~deletions'))).map(({ details }) => details.run)).toEqual(['r']);
  expect(await box.run('~deletions').snapshot()).toMatchObject({ status: 'completed' });
  expect(await box.run('~deletions').delete({ by })).toBe(true);
  expect(await auditOf(box.run('r'))).toEqual([]);
});

test('of several who delete a run at once, the first is on record, and what keeps that disturbs no list (S39, P130)', async () => {
  const { box, run, clock } = await open();
  await run.cancel({ force: true });
  await settled(box);
  const deleted = await Promise.all(['mia', 'leo', 'eve'].map((who) => run.delete({ by: who })));
  expect(deleted.filter(Boolean)).toHaveLength(1);
  expect((await auditOf(run)).map(({ type, by: who }) => [type, who])).toEqual([['delete', 'mia']]);

  await clock.advance('1m');
  await box.start(other, { id: 'next', input: 1 });
  await box.start(other, { id: 'last', input: 1 });
  const listed = async (query: object): Promise<unknown[]> => (await box.runs(query)).runs.map((each) => each.run);
  expect(await listed({})).toEqual(['next', 'last']);
  const page = await box.runs({ limit: 1 });
  expect(page.runs.map((each) => each.run)).toEqual(['next']);
  expect(await listed({ limit: 1, cursor: page.cursor })).toEqual(['last']);
  expect(await listed({ order: 'newest', limit: 2 })).toEqual(['last', 'next']);
  expect(await listed({ status: 'completed' })).toEqual([]);
  expect(await listed({ orchestrator: '~deletions' })).toEqual(['~deletions']);
});

test('who has deleted a run is known for longer than a store keeps runs (S39)', async () => {
  const store = sqlite(join(mkdtempSync(join(tmpdir(), 'signalbox-audit-')), 'runs.db'), { keep: '1h' });
  const { box, run, clock } = await open(store);
  await box.start(other, { id: 'old', input: 1 });
  for (const id of ['r', 'old']) await box.run(id).cancel({ force: true });
  await settled(box);
  await run.delete({ by });
  await clock.advance('1d');
  expect(await store.prune()).toBe(1);
  expect((await auditOf(run)).map(({ type, by: who }) => [type, who])).toEqual([['delete', 'mia']]);
  expect(await auditOf(box.run('old'))).toEqual([]);
});

test.each(WRONGS)(
  'a cancel whose commit fails (%s) is on record once, as the run stood at first (S39, I3)',
  async (wrong) => {
    const commits = judged();
    const { desk, clock, options } = stage();
    const box = await createSignalbox({ orchestrators: [flow], ...options, store: commits.store });
    boxes.push(box);
    const starting = box.start(flow, { id: 'r', input: 1 });
    await commits.landAll();
    const run = await starting;
    desk.give('a/work#1', 1);
    await commits.landAll();

    const cancelling = run.cancel({ by, reason: 'enough' });
    await quiet();
    expect(commits.pending).toHaveLength(1);
    await commits.pending[0]?.[wrong]();
    await clock.advance('1s');
    await commits.landAll();
    await soon(cancelling);
    expect(await soon(run.outcome())).toMatchObject({ status: 'cancelled' });
    expect(await said(run as unknown as Run)).toMatchObject([
      { type: 'cancel', by: 'mia', reason: 'enough', before: 'waiting', after: 'cancelled', refused: null },
    ]);
  },
);

test('what is done to a schedule is on record, also that it was removed (S36, S39)', async () => {
  const { box, clock } = await open();
  const nightly = await box.schedule('nightly', { every: '1h', orchestrator: other, input: 1 });
  await nightly.pause({ by, reason: 'holiday' });
  await nightly.resume({ by });
  await nightly.trigger({ by, id: 'now' });
  await nightly.trigger({ by: 'leo', id: 'now' });
  await clock.advance('3h');
  await settled(box);
  await nightly.backfill({ from: clock.now() - 3_600_000 * 24, to: clock.now(), by });
  const done = [
    ['pause', 'mia', 'holiday'],
    ['resume', 'mia', null],
    ['trigger', 'mia', null],
    ['backfill', 'mia', null],
  ];
  expect((await said(nightly)).map(({ type, by: who, reason }) => [type, who, reason])).toEqual(done);
  await nightly.remove({ by, reason: 'for good' });
  expect((await said(nightly)).map(({ type, by: who, reason }) => [type, who, reason])).toEqual([
    ['remove', 'mia', 'for good'],
  ]);
});

test.each([
  ['pause', [{ who: 'mia' }]],
  ['resume', [{ by: '' }]],
  ['cancel', [{ by: 5 }]],
  ['cancel', [{ reason: 'x'.repeat(1_001) }]],
  ['signal', ['go', 5, { by: 'x'.repeat(1_001) }]],
  ['delete', [{ because: 'x' }]],
  ['abandon', [{ by }]],
  ['abandon', [null]],
  ['compensate', [{ reason: 5 }]],
] as const)(
  'run.%s(%j) is a slip of whoever has written it: it is refused, and leaves nothing',
  async (method, given) => {
    const { run } = await open();
    const call = (run as unknown as { [name: string]: (...given: unknown[]) => Promise<unknown> })[method];
    const error = await rejection<Error & { readonly code: string }>(
      (call as (...given: unknown[]) => Promise<unknown>).apply(run, [...given]),
    );
    expect(error.code).toBe('option-invalid');
    expect(await said(run)).toEqual([]);
  },
);
