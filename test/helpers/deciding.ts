/**
 * Three people who decide at once, from wherever, while time runs out, the run is cancelled, or the process that has it dies: however that
 * goes, an approval ends once, and what was decided is what was shown to whoever decided it (S20, S22, S23, S28).
 */
import { type Approval, type ApprovalAnswer, orchestrator, type Signalbox, track } from 'signalbox';
import { expect } from 'vitest';
import { z } from 'zod';
import { chanceOf } from '../../src/ids.ts';
import { Anything, faultsOfHistory } from './stage.ts';

export const deciding = orchestrator('deciding', { version: '1', input: Anything }).track(
  'a',
  track('a', { input: Anything }).approval('one', {
    ask: 'Which?',
    propose: () => ({ n: 0 }),
    value: z.object({ n: z.number() }),
    decisions: ['approve', 'edit', 'reject'],
    assignees: { users: ['mia', 'tom', 'eve'] },
    quorum: { approvals: 2, veto: false },
    expires: '30s',
    onReject: 'complete',
  }),
);

const ACTS = [
  'approve',
  'approve',
  'approve',
  'edit',
  'edit',
  'reject',
  'delegate',
  'return',
  'withdraw',
  'claim',
  'defer',
  'reassign',
  'forward',
] as const;
const PEOPLE = ['mia', 'tom', 'eve'] as const;

export interface Deciding {
  readonly run: string;
  readonly seed: string;
  /** Asks one of the boxes that there are, the `which`th; should it die, another one. */
  ask<T>(which: number, work: (box: Signalbox) => Promise<T>): Promise<T>;
  /** What happens beside it: now and then time passes, the run is cancelled, a process dies. Answers when it has. */
  happen(what: 'late' | 'cancel' | 'crash'): Promise<void>;
}

/** One course of it. Answers with the ways in which it ended. */
export async function decideAtOnce({ run, seed, ask, happen }: Deciding): Promise<string> {
  const id = `${run}/a/one#1`;
  let thrown = 0;
  const throws = (below: number): number => {
    thrown += 1;
    return Math.floor(chanceOf(`${seed} ${thrown}`) * below);
  };
  const one = <T>(of: readonly T[]): T => of[throws(of.length)] as T;
  const answers: ApprovalAnswer[] = [];
  const looked = new Map<string, Approval>();
  for (let round = 0; round < 8; round += 1) {
    const said = PEOPLE.map(async (by) => {
      const [first, second] = [throws(2), throws(2)];
      const act = one(ACTS);
      const [n, to] = [throws(3), one(PEOPLE)];
      // Some decide on what they looked at a while ago.
      const shown = (throws(2) === 0 ? looked.get(by) : null) ?? (await ask(first, (box) => box.approval(id)));
      if (shown !== null) looked.set(by, shown);
      const options = {
        decision: act,
        by,
        id: `${round} ${by}`,
        comment: 'so',
        ...(shown === null ? {} : { digest: shown.digest }),
        ...(act === 'edit' ? { patch: { n } } : {}),
        ...(act === 'delegate' ? { to: { users: [to] } } : {}),
        ...(act === 'reassign' || act === 'forward' ? { to: { users: PEOPLE.filter((_, index) => index !== n) } } : {}),
        ...(act === 'defer' ? { until: (shown?.createdAt ?? 0) + (n + 1) * 10_000 } : {}),
      };
      // Whoever does not hear what came of it, because the process died, asks again.
      const answer = await ask(first, (box) => box.decide(id, options));
      // Sent twice, it is answered as the first time (S17).
      expect(await ask(second, (box) => box.decide(id, options))).toEqual(answer);
      answers.push(answer);
    });
    const chance = throws(9);
    if (chance < 3) said.push(happen((['late', 'cancel', 'crash'] as const)[chance] as 'late'));
    await Promise.all(said);
  }
  const view = await ask(1, (box) => box.approval(id));
  if (view === null) throw new Error('It was never asked.');
  const ends: string[] = [];
  const faults = await ask(1, async (box) => {
    for await (const { type } of box.run(run).history())
      if (/^approval\.(resolved|expired|withdrawn)$/.test(type)) ends.push(type);
    return faultsOfHistory(box.run(run));
  });
  const isOver = view.status !== 'pending' && view.status !== 'claimed';
  expect(ends).toHaveLength(isOver ? 1 : 0);
  const decisive = view.history.filter(({ answer }) => answer.answer === 'resolved');
  expect(decisive).toHaveLength(view.status === 'resolved' ? 1 : 0);
  if (view.status === 'resolved') {
    const [last] = decisive;
    // Decided on what was there; an edit has made the revision that it approves.
    if (last?.act !== 'edit') expect(last?.digest).toBe(view.digest);
    const { decision, value } = view.resolution ?? {};
    if (decision !== 'reject') expect(value).toEqual(view.proposed);
    // Those who are asked have decided it, as whoever spoke last has (S29).
    const yes = view.votes.filter((vote) => vote.decision !== 'reject').length;
    const no = view.votes.length - yes;
    for (const vote of view.votes) expect(view.users).toContain(vote.by);
    expect([yes >= 2, view.users.length - no < 2]).toEqual([decision !== 'reject', decision === 'reject']);
    expect(last?.act === 'reject').toBe(decision === 'reject');
  }
  for (const answer of answers) expect(['resolved', 'recorded', 'refused']).toContain(answer.answer);
  expect(faults).toEqual([]);
  return view.status;
}
