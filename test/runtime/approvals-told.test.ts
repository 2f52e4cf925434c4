/** What is told of approvals besides: hooks that hear of them, what is declared secret, and the sentence that explains the wait (S31, S34, I7). */
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faultOfEvent } from '../../src/events.ts';
import { Anything, eventsOf, never, stage } from '../helpers/stage.ts';

const CARD = '4111111111111111';
const work = task('work', { input: Anything, output: Anything, run: never, approval: { ask: 'Begin?' } });
const flow = orchestrator('flow', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything })
    .approval('one', {
      ask: ({ input }) => `Charge ${input.card.number}?`,
      show: ({ input }) => input,
      propose: ({ input }) => ({ number: input.card.number }),
      decisions: ['approve', 'edit', 'reject'],
      assignees: { users: ['mia'], roles: ['manager'] },
      expires: '2d',
    })
    .step('two', work, () => ({})),
  { input: ({ input }) => input },
);

async function open(more: object = {}) {
  const { clock, options } = stage();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options, ...more }));
  const run = await box.start(flow, { id: 'r', input: { card: { number: CARD } } });
  await settled(box);
  return { clock, box, run };
}

describe('an approval', () => {
  test('is told to hooks, by all that happens to it (S31)', async () => {
    const heard: string[] = [];
    const hooks = [
      {
        onApproval: ({
          path,
          task: name,
          event,
        }: {
          path: string;
          task: string | null;
          event: { type: string; approval: string };
        }) => {
          heard.push(`${event.type} ${path} ${name}`);
        },
      },
      { only: { path: 't/two' }, onApproval: () => heard.push('two') },
    ];
    const { box } = await open({ hooks });
    await box.decide('r/t/one#1', { decision: 'claim', by: 'mia' });
    await box.decide('r/t/one#1', { decision: 'approve', by: 'mia' });
    await settled(box);
    expect(heard).toEqual([
      'approval.requested t/one null',
      'approval.changed t/one null',
      'approval.resolved t/one null',
      'two',
      'approval.requested t/two work',
    ]);
    await box.close();
  });

  test('leaves two events: who is asked what, with the decisions that there are, and who has decided what (S20, P146)', async () => {
    const { clock, box, run } = await open();
    const at = clock.now();
    await clock.advance('1h');
    await box.decide('r/t/one#1', { decision: 'reject', by: 'mia', comment: 'no' });
    await run.outcome();
    const told = (await eventsOf(run)).filter(({ type }) => type.startsWith('approval.'));

    const common = { run: 'r', path: 't/one', approval: 'r/t/one#1', metadata: {} };
    expect(told).toEqual([
      {
        ...common,
        type: 'approval.requested',
        seq: 4,
        at,
        question: `Charge ${CARD}?`,
        decisions: ['approve', 'edit', 'reject'],
        users: ['mia'],
        roles: ['manager'],
        due: at + 48 * 3_600_000,
      },
      {
        ...common,
        type: 'approval.resolved',
        seq: 5,
        at: at + 3_600_000,
        decision: 'reject',
        by: 'mia',
        revision: 1,
      },
    ]);
    expect(told.map(faultOfEvent)).toEqual([null, null]);
    await box.close();
  });

  test('tells nothing of what is declared secret, and is decided on the whole of it (S34)', async () => {
    const { box, run } = await open({ redact: ['input.card.number'] });
    await box.decide('r/t/one#1', {
      decision: 'edit',
      by: 'mia',
      patch: { note: `for ${CARD}` },
      comment: `see ${CARD}`,
    });
    await settled(box);
    const told = [
      await box.approval('r/t/one#1'),
      await run.approvals(),
      await run.snapshot(),
      await run.export(),
      await run.explain(),
    ];
    const { digest } = (await box.approval('r/t/one#1')) ?? {};
    for await (const event of run.history()) {
      told.push(event as never);
      // Whoever has it could try what it is of.
      expect(JSON.stringify(event)).not.toContain(String(digest));
    }
    for (const each of told) {
      // What the run was given is looked for in texts; what somebody has made of it is not known.
      const { output: _, ...rest } = each as { readonly output?: unknown };
      const text = JSON.stringify('steps' in rest ? { ...rest, steps: null } : rest);
      expect(text).not.toContain(`Charge ${CARD}`);
    }
    expect(await box.approval('r/t/one#1')).toMatchObject({
      question: expect.not.stringContaining(CARD),
      shown: expect.not.objectContaining({ card: { number: CARD } }),
    });
    await box.close();
  });

  test('is one sentence for a person', async () => {
    const { clock, box, run } = await open();
    await clock.advance('2h');
    const text = await run.explain({ format: 'text' });
    expect(text).toContain('waiting for a decision of role manager or mia since 2 h; expires in 46 h');
    expect(text).toContain('box.decide("r/t/one#1"');
    await box.close();
  });
});

test.each([
  ['does not fit', z.number(), 'The proposal does not fit its schema: '],
  ['cannot be judged', z.string().refine(async () => true), 'The schema of the proposal could not be applied: '],
])('a proposal that %s fails the step, which says so', async (_, value, said) => {
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).approval('ask', { ask: 'May it?', propose: () => 'none', value } as never),
  );
  const { options } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], ...options });
  const { error } = await (await box.start(flow, { input: null })).outcome();
  expect(error?.message).toContain(said);
});
