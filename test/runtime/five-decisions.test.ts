/**
 * Approve, reject, modify, defer and escalate, each as it is seen by whoever audits it and by what goes on behind it; sent once more, also to
 * another process that has taken over, none of them has a second effect (S17, S20).
 */
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, faultsOfHistory, historyOf, never, stage } from '../helpers/stage.ts';

const Payment = z.object({ to: z.string(), cents: z.number() });
const pay = task('pay', { input: Payment, output: Anything, run: never });
const flow = orchestrator('flow', { version: '1', input: Payment }).track(
  't',
  track('t', { input: Payment })
    .approval('release', {
      ask: 'Pay?',
      propose: ({ input }) => input,
      value: Payment,
      decisions: ['approve', 'edit', 'reject'],
      assignees: { users: ['mia'] },
      escalate: { roles: ['boss'] },
    })
    .step('pay', pay, ({ outputs }) => outputs.release.value),
  { input: ({ input }) => input },
);
const ID = 'r/t/release#1';
const UNTIL = Date.parse('2100-01-01');

interface Fixture {
  readonly said: DecideOptions;
  /** What came of it, on record. */
  readonly audit: object;
  /** What the approval is then. */
  readonly approval: object;
  /** What has begun behind it: the body, and what it was given. */
  readonly dispatched: readonly unknown[];
  readonly status: string;
  /** What the history has of it, but for that it was asked. */
  readonly told: readonly string[];
}

const fixtures: { readonly [name: string]: Fixture } = {
  approve: {
    said: { decision: 'approve', by: 'mia', comment: 'fine' },
    audit: {
      answer: { answer: 'resolved', decision: 'approve', by: 'mia' },
      after: { status: 'resolved', revision: 1 },
    },
    approval: { status: 'resolved', resolution: { decision: 'approve', by: 'mia', value: { to: 'x', cents: 5 } } },
    dispatched: [['t/pay#1', { to: 'x', cents: 5 }]],
    status: 'running',
    told: ['approval.resolved t/release'],
  },
  reject: {
    said: { decision: 'reject', by: 'mia', comment: 'no' },
    audit: { answer: { answer: 'resolved', decision: 'reject', by: 'mia' }, after: { status: 'resolved' } },
    approval: { status: 'resolved', resolution: { decision: 'reject', by: 'mia', comment: 'no', value: null } },
    dispatched: [],
    status: 'failed',
    told: ['approval.resolved t/release'],
  },
  modify: {
    said: { decision: 'edit', by: 'mia', patch: { cents: 4 } },
    audit: {
      answer: { answer: 'resolved', decision: 'edit', by: 'mia' },
      after: { status: 'resolved', revision: 2 },
      edited: { before: { to: 'x', cents: 5 }, after: { to: 'x', cents: 4 } },
    },
    approval: { status: 'resolved', revision: 2, resolution: { decision: 'edit', value: { to: 'x', cents: 4 } } },
    dispatched: [['t/pay#1', { to: 'x', cents: 4 }]],
    status: 'running',
    told: ['approval.resolved t/release'],
  },
  defer: {
    said: { decision: 'defer', by: 'mia', until: UNTIL, comment: 'later' },
    audit: {
      until: UNTIL,
      answer: { answer: 'recorded', status: 'pending' },
      after: { status: 'pending', version: 2 },
    },
    approval: { status: 'pending', deferred: { by: 'mia', until: UNTIL }, users: ['mia'], resolution: null },
    dispatched: [],
    status: 'waiting',
    told: ['approval.changed t/release'],
  },
  escalate: {
    said: { decision: 'escalate', by: 'mia', comment: 'too much for me' },
    audit: { answer: { answer: 'recorded', status: 'pending' }, after: { status: 'pending', version: 2 } },
    approval: { status: 'pending', users: [], roles: ['boss'], escalations: 1, resolution: null },
    dispatched: [],
    status: 'waiting',
    told: ['approval.changed t/release'],
  },
};

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
      const file = newFile('five.db');
      return () => sqlite(file);
    },
  ],
])('on %s', (_, place) => {
  test.each(Object.entries(fixtures))(
    '%s: seen from the audit and from what is dispatched, once',
    async (name, fixture) => {
      const open = place();
      const first = stage();
      const { clock } = first;
      const create = async ({ options }: ReturnType<typeof stage>) =>
        clock.follow(await createSignalbox({ ...options, clock, orchestrators: [flow], store: open() }));
      let box = await create(first);
      let { desk } = first;
      await box.start(flow, { id: 'r', input: { to: 'x', cents: 5 } });
      await settled(box);

      /** All that can be seen of it, whoever looks. */
      const seen = async () => {
        const { history = [], ...approval } = (await box.approval(ID)) ?? {};
        const run = box.run('r');
        const told = (await historyOf(run)).filter((line) => /^approval\.(?!requested)/.test(line));
        const dispatched = desk.begun.map((place) => [place, desk.job(place).input]);
        return {
          audit: history,
          approval,
          told,
          dispatched,
          status: await run.status(),
          faults: await faultsOfHistory(run),
        };
      };
      const { said, audit, dispatched, ...rest } = fixture;
      const answer = await box.decide(ID, { ...said, id: name });
      await settled(box);
      const once = await seen();
      expect(once).toMatchObject({
        ...rest,
        audit: [
          {
            act: said.decision,
            by: 'mia',
            comment: said.comment ?? null,
            before: { status: 'pending', version: 1 },
            ...audit,
          },
        ],
        faults: [],
      });
      expect(once.dispatched).toEqual(dispatched);

      // The same once more, here and where the run is taken over: the same answer, and nothing else.
      expect(await box.decide(ID, { ...said, id: name })).toEqual(answer);
      await settled(box);
      expect(await seen()).toEqual(once);
      await box.close();
      const next = stage();
      box = await create(next);
      ({ desk } = next);
      await settled(box);
      expect(await box.decide(ID, { ...said, id: name })).toEqual(answer);
      await settled(box);
      // What was under way when the process went is begun again, with what it was given: one body, not two.
      expect(await seen()).toEqual(once);
      await box.close();
    },
  );
});
