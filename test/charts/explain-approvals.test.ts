/** What an explanation says of an approval beside who is asked: what people have said to it, until when, and who (S22, S29, P229). */
import { createSignalbox, orchestrator, track } from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import type { ApprovalOptions } from '../../src/dsl/approval.ts';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything } from '../helpers/stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: each test asks in its own way
type Asking = Partial<ApprovalOptions<any, any>>;

const ID = 'r/t/release#1';
const HOUR = 3_600_000;

async function asked(asking: Asking = {}, options: object = {}) {
  const clock = fakeClock();
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything })
      .approval('release', { ask: 'Release?', assignees: { roles: ['boss'] }, expires: '2d', ...asking })
      .sleep('rest', '1d'),
  );
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, logger: () => {}, ...options }));
  const run = await box.start(flow, { id: 'r', input: null });
  await settled(box);
  const say = async (decision: DecideOptions['decision'], more: Partial<DecideOptions> = {}) => {
    expect(await box.decide(ID, { decision, by: 'mia', roles: ['boss'], ...more })).toMatchObject({
      answer: 'recorded',
    });
    await settled(box);
  };
  /** The sentence of the step, which is that of the run. */
  const told = async () => {
    const { steps, says } = await run.explain();
    expect(says).toBe(`${steps[0]?.says} (t/release)`);
    return steps[0]?.says;
  };
  const waits = async () => (await run.explain()).steps[0]?.waitingFor;
  return { box, run, clock, say, told, waits };
}

const OPENED = {
  what: 'approval',
  claimed: null,
  claimedUntil: null,
  deferred: null,
  delegated: null,
  escalations: 0,
  info: null,
  quorum: null,
};

describe('the explanation of an approval', () => {
  test('says who is asked, and nothing more where nothing was said', async () => {
    const { box, told, waits } = await asked();
    expect(await told()).toBe('waiting for a decision of role boss since 0 ms; expires in 2 d');
    expect(await waits()).toMatchObject(OPENED);
    await box.close();
  });

  test('says who has put it off and until when, and that it is open again (S22)', async () => {
    const { box, run, clock, say, told, waits } = await asked();
    const until = clock.now() + 3 * HOUR;
    await say('defer', { until });
    await clock.advance('1h');
    expect(await told()).toBe(
      'waiting for a decision of role boss since 1 h; put off by "mia" for 2 h more; expires in 47 h',
    );
    expect(await waits()).toMatchObject({ ...OPENED, deferred: { by: 'mia', until } });
    expect(await run.explain({ format: 'text' })).toMatch(/put off by\s+"mia" for 2 h more/);
    await clock.advance('2h');
    expect(await told()).toContain('; put off by "mia", and open again since 0 ms; ');
    await clock.advance('30m');
    expect(await told()).toBe(
      'waiting for a decision of role boss since 3 h 30 min; put off by "mia", and open again since 30 min; expires in 44 h 30 min',
    );
    expect(await waits()).toMatchObject({ deferred: { by: 'mia', until } });
    // On a list it is as any other one.
    expect(await box.approval(ID)).toMatchObject({ deferred: null });
    await say('claim');
    expect(await waits()).toMatchObject({ deferred: null });
    await box.close();
  });

  test('says that it is open again while the run is paused, where nobody is reminded', async () => {
    const { box, run, clock, say } = await asked();
    await say('defer', { until: clock.now() + HOUR });
    await run.pause();
    await clock.advance('2h');
    expect((await run.explain()).steps[0]?.says).toContain('put off by "mia", and open again since 1 h');
    await box.close();
  });

  test('says who has claimed it for how long, and that a claim is over', async () => {
    const { box, clock, say, told, waits } = await asked();
    await say('claim');
    await clock.advance('5m');
    expect(await told()).toBe(
      'waiting for a decision of "mia" since 5 min; claimed for 10 min more; expires in 47 h 55 min',
    );
    expect(await waits()).toMatchObject({ ...OPENED, claimed: 'mia', claimedUntil: clock.now() + 10 * 60_000 });
    await clock.advance('15m');
    expect(await told()).toBe(
      'waiting for a decision of role boss since 20 min; the claim of "mia" ended 5 min ago; expires in 47 h 40 min',
    );
    await box.close();
  });

  test('says what was asked about it, until that is answered', async () => {
    const { box, clock, say, told, waits } = await asked();
    const at = clock.now();
    await say('requestInfo', { comment: 'For whom?' });
    await say('requestInfo', { comment: 'And why?' });
    await clock.advance('1h');
    expect(await told()).toContain('; "mia" asked 1 h ago: "For whom?"; ');
    expect(await waits()).toMatchObject({ ...OPENED, info: { by: 'mia', question: 'For whom?', at } });
    await say('provideInfo', { comment: 'For Tom' });
    expect(await told()).toContain('"And why?"');
    await say('provideInfo', { comment: 'He asked' });
    expect(await waits()).toMatchObject(OPENED);
    await box.close();
  });

  test('says nothing of what was asked where that is secret (S34)', async () => {
    const { box, say, told, waits } = await asked({}, { redact: [/card \d+/] });
    await say('requestInfo', { comment: 'Is it card 4711?' });
    expect(await told()).toContain('"mia" asked 0 ms ago: "Is it ');
    expect(JSON.stringify([await told(), await waits()])).not.toContain('4711');
    await box.close();
  });

  test('says who waits for whose word, that it was escalated, and how many have approved (S29)', async () => {
    const { box, clock, say, told, waits } = await asked({ quorum: 2, escalate: { users: ['eve', 'kim'] } });
    expect(await told()).toContain('; 0 of 2 approvals are there; ');
    await say('approve');
    expect(await told()).toContain('; 1 of 2 approvals are there; ');
    await say('delegate', { to: { users: ['tom'] } });
    expect(await told()).toContain('; "mia" waits for the word of "tom"; 1 of 2 approvals are there; ');
    await say('return', { by: 'tom', comment: 'yes' });
    // Whoever is not asked any more has no vote.
    await say('escalate');
    await clock.advance('1h');
    expect(await told()).toBe(
      'waiting for a decision of eve or kim since 1 h; escalated once; 0 of 2 approvals are there; expires in 47 h',
    );
    expect(await waits()).toMatchObject({ ...OPENED, escalations: 1, quorum: { approved: 0, approvals: 2 } });
    await say('escalate', { by: 'eve', roles: [], to: { users: ['zoe', 'kim'] } });
    expect(await told()).toContain('; escalated 2 times; ');
    await box.close();
  });

  test('comes before what ends by itself', async () => {
    const clock = fakeClock();
    const flow = orchestrator('flow', { version: '1', input: Anything })
      .track('nap', track('nap', { input: Anything }).sleep('nap', '1d'))
      .track('t', track('t', { input: Anything }).approval('release', { ask: 'Release?' }));
    const box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, logger: () => {} }));
    const run = await box.start(flow, { id: 'r', input: null });
    await settled(box);
    expect((await run.explain()).says).toBe(
      'waiting for a decision of anybody since 0 ms (t/release), and 1 more under way',
    );
    await box.close();
  });
});
