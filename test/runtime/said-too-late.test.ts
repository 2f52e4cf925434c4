/** What is said to an approval of a run that has ended: nothing comes of it, the run stays as it was, and the audit has it (I5, S17, S20). */
import { createSignalbox, memory, orchestrator, type Signalbox, type Store, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { type FakeClock, fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { Anything, eventsOf } from '../helpers/stage.ts';

const ID = 'r/t/release#1';
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything }).approval('release', {
    ask: 'Release?',
    assignees: { users: ['mia', 'tom'] },
    expires: '2d',
  }),
);

interface Ending {
  readonly how: string;
  readonly end: (box: Signalbox, clock: FakeClock) => Promise<unknown>;
  readonly reason: string;
}

const endings: readonly Ending[] = [
  { how: 'completed', end: (box) => box.decide(ID, { decision: 'approve', by: 'mia' }), reason: 'already-resolved' },
  { how: 'cancelled', end: (box) => box.run('r').cancel(), reason: 'withdrawn' },
  { how: 'failed', end: (_, clock) => clock.advance('3d'), reason: 'expired' },
  { how: 'cancelled', end: (box) => box.run('r').abandon({ reason: 'gone' }), reason: 'run-ended' },
];

describe.each<[string, () => () => Store]>([
  [
    'memory',
    () => {
      const store = memory();
      return () => store;
    },
  ],
  [
    'sqlite',
    () => {
      const file = newFile('late.db');
      return () => sqlite(file);
    },
  ],
])('on %s', (_, place) => {
  test.each(endings)('a run that has $how: $reason', async ({ how, end, reason }) => {
    const open = place();
    const clock = fakeClock();
    const create = async () => {
      const box = await createSignalbox({ orchestrators: [flow], store: open(), clock, logger: () => {} });
      return clock.follow(box as unknown as Signalbox);
    };
    let box = await create();
    await (box as unknown as Signalbox<[typeof flow]>).start(flow, { id: 'r', input: null });
    await settled(box);
    await end(box, clock);
    await settled(box);
    const run = box.run('r');
    expect(await run.status()).toBe(how);
    const before = [await run.snapshot(), await eventsOf(run)];
    const said = ((await box.approval(ID)) ?? { history: [] }).history.length;

    const late = { decision: 'reject', by: 'tom', comment: 'no', id: 'late' } as const;
    const answer = await box.decide(ID, late);
    expect(answer).toMatchObject({ answer: 'refused', approval: ID, reason });
    await clock.advance('1m');
    // Sent once more, here or elsewhere, it is answered as the first time, and is on record once.
    expect(await box.decide(ID, late)).toEqual(answer);
    await box.close();
    box = await create();
    expect(await box.decide(ID, { ...late, decision: 'approve' })).toEqual(answer);
    // Without an id it is another one.
    expect(await box.decide(ID, { decision: 'claim', by: 'eve' })).toMatchObject({ answer: 'refused', reason });

    const { history, version } = (await box.approval(ID))!;
    expect(history.slice(said)).toMatchObject([
      { approval: ID, act: 'reject', by: 'tom', comment: 'no', answer, before: null, after: null },
      { approval: ID, act: 'claim', by: 'eve', answer: { answer: 'refused', reason } },
    ]);
    expect(history[said]!.at).toBeLessThan(clock.now());
    const again = box.run('r');
    expect([await again.snapshot(), await eventsOf(again)]).toEqual(before);
    expect(version).toBe(reason === 'run-ended' ? 1 : 2);

    // It goes with its run.
    await again.delete();
    expect(await box.decide(ID, late)).toEqual({ answer: 'noSuchApproval' });
    await box.close();
  });

  test('whoever has decided it is told the same again, which leaves nothing behind', async () => {
    const store = place()();
    const clock = fakeClock();
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], store, clock, logger: () => {} }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    const answer = await box.decide(ID, { decision: 'approve', by: 'mia' });
    await run.result();
    expect(await box.decide(ID, { decision: 'approve', by: 'mia' })).toEqual(answer);
    expect((await box.approval(ID))?.history).toHaveLength(1);
    await box.close();
  });
});
