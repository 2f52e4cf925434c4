/** An approval is put off: it is on nobody's list until then, those who are asked are reminded then, and it is on record who did it (S22). */
import { createSignalbox, InvalidOption, memory, orchestrator, SignalboxError, type Store, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { type FakeClock, fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import type { ApprovalOptions } from '../../src/dsl/approval.ts';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, faultsOfHistory, historyOf } from '../helpers/stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: each test asks in its own way
type Asking = Partial<ApprovalOptions<any, any>>;

const HOUR = 3_600_000;
const ID = 'r/t/release#1';

async function asked(asking: Asking = {}, store: Store = memory(), clock: FakeClock = fakeClock()) {
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).approval('release', {
      ask: 'Release?',
      assignees: { users: ['mia'], roles: ['boss'] },
      ...asking,
    }),
  );
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const say = async (more: Partial<DecideOptions> = {}) => {
    const answer = await box.decide(ID, { decision: 'defer', by: 'mia', until: clock.now() + HOUR, ...more });
    await settled(box);
    return answer;
  };
  const lists = async () => {
    const mine = await box.approvals({ mine: { user: 'mia', roles: ['boss'] } });
    const open = await box.approvals();
    return [mine.approvals.length, open.approvals.length];
  };
  return { box, run, clock, say, lists };
}

describe('an approval that is put off', () => {
  test('is on nobody’s list until then; then those who are asked are reminded', async () => {
    const { box, run, clock, say, lists } = await asked();
    expect(await lists()).toEqual([1, 1]);
    const until = clock.now() + HOUR;
    expect(await say({ until: new Date(until), comment: 'after lunch' })).toMatchObject({
      answer: 'recorded',
      status: 'pending',
    });
    expect(await lists()).toEqual([0, 1]);
    expect(await box.approval(ID)).toMatchObject({ deferred: { by: 'mia', until }, version: 2 });
    await clock.advance('59m');
    expect(await lists()).toEqual([0, 1]);
    await clock.advance('1m');
    expect(await lists()).toEqual([1, 1]);
    expect(await box.approval(ID)).toMatchObject({ deferred: null, reminders: [], version: 3 });
    expect((await historyOf(run)).slice(-2)).toEqual(['approval.changed t/release', 'approval.reminded t/release']);
    expect(await box.decide(ID, { decision: 'approve', by: 'mia' })).toMatchObject({ answer: 'resolved' });
    expect(await faultsOfHistory(run)).toEqual([]);
  });

  test('has it on record: who, until when, why, and what it was before and after', async () => {
    const { box, clock, say } = await asked();
    const until = clock.now() + HOUR;
    await say({ until, comment: 'after lunch', id: 'once' });
    await say({ until, comment: 'after lunch', id: 'once' });
    await say({ until: clock.now() });
    const { history } = (await box.approval(ID))!;
    expect(history).toMatchObject([
      {
        act: 'defer',
        by: 'mia',
        comment: 'after lunch',
        until,
        answer: { answer: 'recorded' },
        before: { version: 1 },
        after: { version: 2 },
      },
      { act: 'defer', answer: { answer: 'refused', reason: 'not-allowed' }, before: { version: 2 }, after: null },
    ]);
  });

  test('expires when it was to, unless it was declared to move', async () => {
    const kept = await asked({ expires: '2h' });
    expect(await kept.say({ until: kept.clock.now() + 2 * HOUR })).toMatchObject({ reason: 'not-allowed' });
    await kept.say();
    await kept.clock.advance('2h');
    expect(await kept.run.status()).toBe('failed');

    const moved = await asked({ expires: '2h', onDefer: 'move' });
    await moved.say({ until: moved.clock.now() + 5 * HOUR });
    await moved.clock.advance('6h');
    expect(await moved.lists()).toEqual([1, 1]);
    await moved.clock.advance('1h');
    expect(await moved.run.status()).toBe('failed');
  });

  test('is asked again at once when somebody claims it', async () => {
    const { say, lists } = await asked();
    await say();
    expect(await say({ decision: 'claim', until: undefined as never, by: 'eve', roles: ['boss'] })).toMatchObject({
      answer: 'recorded',
      status: 'claimed',
    });
    expect(await lists()).toEqual([1, 1]);
  });

  test('stays so over a restart, and comes back while nobody is there', async () => {
    const clock = fakeClock();
    const file = newFile('defer.db');
    const first = await asked({}, sqlite(file), clock);
    await first.say();
    await first.box.close();
    const second = await asked({}, sqlite(file), clock);
    expect(await second.lists()).toEqual([0, 1]);
    await second.box.close();
    await clock.advance('2h');
    const third = await asked({}, sqlite(file), clock);
    expect(await third.lists()).toEqual([1, 1]);
    await clock.advance(0);
    expect((await historyOf(third.run)).filter((line) => line.startsWith('approval.reminded'))).toHaveLength(1);
    await third.box.close();
  });

  test('in a paused run it is back on time, and reminds when that goes on', async () => {
    const { run, clock, say, lists } = await asked();
    await run.pause();
    await say();
    await clock.advance('1h');
    expect(await lists()).toEqual([1, 1]);
    expect(await historyOf(run)).not.toContain('approval.reminded t/release');
    await run.resume();
    await clock.advance(0);
    expect(await historyOf(run)).toContain('approval.reminded t/release');
  });

  test('needs an instant, which nothing else takes', async () => {
    const { box } = await asked();
    const by = 'mia';
    for (const until of [undefined, 'tomorrow', '2030-01-01T09:00', Number.NaN, null])
      await expect(box.decide(ID, { decision: 'defer', by, until: until as never })).rejects.toThrow(SignalboxError);
    await expect(box.decide(ID, { decision: 'approve', by, until: '2030-01-01' })).rejects.toThrow(InvalidOption);
  });

  test('says in its definition whether its end moves', async () => {
    await expect(asked({ onDefer: 'forget' as never })).rejects.toThrow(`it takes 'keep' or 'move'`);
  });
});
