/** Approvals where they are declared: what is wrong with one is told before a run exists (S3, S29), and what it says is part of the pin. */
import { orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { faultsOf } from '../../src/dsl/check.ts';
import { defineTrack, planOf } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { Anything, never } from '../helpers/stage.ts';

const flowOf = (options: object, head: object = {}) =>
  orchestrator('flow', { version: '1', input: Anything, ...head }).track(
    't',
    track('t', { input: Anything }).approval('a', { ask: 'Well?', ...options } as never),
  );
const faults = (options: object) =>
  faultsOf(flowOf(options).definition).map(({ code, path, message }) => `${code} ${path}: ${message}`);

test('weights that add up to what it takes are enough, however a computer adds them', () => {
  const quorum = { approvals: 0.8, weights: { a: 0.7, b: 0.1 } };
  expect(faults({ quorum, assignees: { users: ['a', 'b'] } })).toEqual([]);
  expect(faults({ quorum: { ...quorum, approvals: 0.81 }, assignees: { users: ['a', 'b'] } })).toHaveLength(1);
});

describe('an approval is refused that', () => {
  test.each<[string, object, string]>([
    ['asks nothing', { ask: '' }, '"ask" cannot be ""'],
    ['has an async mapper', { show: async () => 1 }, 'Option "show" is an async function'],
    ['shows what is no mapper', { show: 7 }, '"show" cannot be 7'],
    ['lets nothing be decided', { decisions: [] }, '"decisions" is empty'],
    ['lets something be decided that is none', { decisions: ['aprove'] }, '"aprove" cannot be decided here'],
    ['wants a step before it tried again', { decisions: ['approve', 'retry'] }, 'give it a "review"'],
    ['has a decision with what is no schema', { decisions: { approve: 7 } }, 'The schema "decisions.approve" is 7'],
    ['has assignees that are no names', { assignees: { users: ['mia', 7] } }, '"assignees.users"'],
    ['has assignees of another sort', { assignees: { groups: ['x'] } }, 'cannot have "groups"'],
    ['takes no votes', { quorum: 0 }, '"quorum" cannot be 0'],
    [
      'takes more votes than there are users',
      { quorum: 3, assignees: { users: ['mia', 'tom'] } },
      'only 2 can come together',
    ],
    ['takes more votes than there can be', { quorum: { approvals: 3, of: 2 } }, 'only 2 can come together'],
    [
      'excludes so many that it cannot be decided',
      { quorum: 2, assignees: { users: ['mia', 'tom'] }, excluded: { users: ['tom'] } },
      'since tom are excluded',
    ],
    ['votes on a response', { quorum: 2, decisions: ['approve', 'respond'] }, 'respond cannot be decided'],
    ['weighs votes with nothing', { quorum: { approvals: 1, weights: { mia: 0 } } }, '"quorum.weights"'],
    ['weighs votes with null', { quorum: { approvals: 1, weights: null } }, '"quorum.weights" cannot be null'],
    ['expires at once', { expires: 0 }, '"expires" cannot be 0'],
    ['says what happens when it never expires', { onExpiry: 'reject' }, 'never happens without "expires"'],
    ['expires in another way', { expires: '1h', onExpiry: 'forget' }, '"onExpiry" cannot be "forget"'],
    ['escalates to nobody', { expires: '1h', onExpiry: 'escalate' }, 'say in "escalate" who is asked then'],
    ['reminds after its end', { expires: '1h', remind: '2h' }, 'the reminder after 2h would never come'],
    ['is rejected in another way', { onReject: 'ignore' }, '"onReject" cannot be "ignore"'],
    ['is claimed for no time', { claim: 0 }, '"claim" cannot be 0'],
    ['has an option that is none', { asignees: {} }, 'cannot have "asignees"'],
  ])('%s', (_, options, message) => {
    expect(faults(options).join('\n')).toContain(message);
    for (const fault of faults(options)) expect(fault).toContain(' flow/t/a: ');
  });

  test.each<[string, object, string]>([
    [
      'of a task before it, cannot be answered',
      { approval: { ask: 'x', decisions: ['respond'] } },
      '"respond" cannot be decided here',
    ],
    ['of a task, has a schema of its own', { review: { ask: 'x', value: Anything } }, 'Leave "value" out'],
    [
      'of a task, completes with a no',
      { approval: { ask: 'x', onReject: 'complete' } },
      'a task cannot complete without an output',
    ],
    ['of a task, is none', { approval: 'yes' }, 'option "approval" of a task cannot be "yes"'],
  ])('%s', (_, options, message) => {
    const made = task('t', { input: Anything, output: Anything, run: never, ...options } as never);
    expect(
      faultsOf(made.definition)
        .map((fault) => fault.message)
        .join('\n'),
    ).toContain(message);
  });

  test('of a run, is wrong in the same ways', () => {
    const { definition } = flowOf({}, { approval: { ask: '' } });
    expect(faultsOf(definition).map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringContaining('flow: Option "ask" cannot be ""'),
    ]);
  });
});

describe('what an approval says', () => {
  const hashOf = (options: object, head: object = {}) => structureOf(planOf(flowOf(options, head))).hash;

  test.each<[string, object]>([
    ['who is asked', { assignees: { roles: ['x'] } }],
    ['what can be decided', { decisions: ['approve'] }],
    ['how many have to', { quorum: 2 }],
    ['who may not', { fourEyes: true }],
    ['until when', { expires: '1h' }],
    ['when somebody is reminded', { remind: '1h' }],
    ['what a no means', { onReject: 'complete' }],
    ['who may override it', { override: { roles: ['x'] } }],
    ['who may stand in for whom', { substitutes: { mia: ['tom'] } }],
  ])('is part of what runs are pinned to: %s', (_, options) => {
    expect(hashOf(options)).not.toBe(hashOf({}));
  });

  test('is part of it also where a task or a run is asked about', () => {
    expect(hashOf({}, { approval: { ask: 'x' } })).not.toBe(hashOf({}));
    expect(hashOf({}, { approval: { ask: 'x', quorum: 2 } })).not.toBe(hashOf({}, { approval: { ask: 'x' } }));
  });

  test('can be said in a document', () => {
    const made = defineTrack({
      name: 't',
      input: Anything,
      tasks: [
        { name: 'a', approval: { ask: 'Well?', decisions: ['approve'] } },
        { name: 'g', gate: { criteria: { n: { min: 1 } }, values: () => ({ n: 1 }) } },
      ],
    } as never) as { definition: { steps: readonly { name: string; body: { is: string } }[] } };
    expect(made.definition.steps.map(({ name, body }) => [name, body.is])).toEqual([
      ['a', 'approval'],
      ['g', 'gate'],
    ]);
  });
});
