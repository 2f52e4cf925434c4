/**
 * People are asked, in every way that can be declared: what the history is told, what those who decide are answered, and what the
 * approvals are in the end is what `asked.txt` says. Whoever decides reads it, and so do audits: a change there is read before it is taken
 * over (`npx vitest run test/kinds/asked.test.ts -u`).
 */
import { createSignalbox, orchestrator, type Run, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { MOST_PEOPLE } from '../../src/people.ts';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { say } from '../helpers/moves.ts';
import { Anything, eventsOf, never, stage } from '../helpers/stage.ts';

type Act =
  | (Omit<DecideOptions, 'by'> & { readonly by?: string; readonly number?: number })
  | string
  | { readonly do: (run: Run) => Promise<unknown>; readonly called: string };

interface Play {
  /** A step that asks; a task that is asked about before it begins, or after; a gate. */
  readonly of: 'step' | 'before' | 'after' | 'gate';
  readonly asks: object;
  /** Decisions, and times that pass. */
  readonly acts?: readonly Act[];
  readonly onFailure?: 'pause' | 'compensate';
  readonly metadata?: object;
  /** What the gate is given. */
  readonly measured?: object;
}

const Cents = z.object({ cents: z.number() });
const body = { input: Anything, output: Anything, run: never } as const;
const first = task('first', body);
const undone = task('first', { ...body, compensate: () => {} });
const START = 1_767_225_600_000;

function flowOf({ of, asks, onFailure }: Play) {
  const options = { ask: 'May it?', ...asks } as never;
  const begun = track('t', { input: Anything }).step('first', onFailure === 'compensate' ? undone : first);
  const beside = task('asked', { ...body, ...(of === 'before' ? { approval: options } : { review: options }) });
  const made =
    of === 'step'
      ? begun.approval('asked', options)
      : of === 'gate'
        ? begun.gate('asked', {
            criteria: { n: { min: 2, required: true }, m: { min: 1 } },
            values: ({ outputs }: { outputs: { first: object } }) => outputs.first,
            ...asks,
          } as never)
        : begun.step('asked', beside, () => ({ cents: 5 }));
  const head = { version: '1', input: Anything, ...(onFailure === undefined ? {} : { onFailure }) };
  return orchestrator('flow', head as never).track(
    't',
    made as never,
    { input: ({ input }: { input: unknown }) => input } as never,
  );
}

/** Times count from the first one. */
const folded = (text: string): string =>
  text
    .replaceAll(/\b17672\d{8}\b|\b1767[3-9]\d{8}\b|\b176[89]\d{9}\b/g, (time) => `+${Number(time) - START}`)
    .replaceAll(/"[0-9a-f]{64}"/g, '<digest>');

interface Told {
  readonly at: number;
  readonly type: string;
  readonly path: string;
  readonly error?: { readonly code: string };
  readonly [key: string]: unknown;
}

async function played(name: string, play: Play): Promise<string> {
  const { desk, clock, options } = stage();
  const flow = flowOf(play);
  const lines: string[] = [];
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options } as never));
  const run = (await box.start(
    flow as never,
    { id: 'r', input: { n: 1 }, metadata: play.metadata ?? {} } as never,
  )) as unknown as Run;
  let told = 0;
  const tell = async (): Promise<void> => {
    await settled(box);
    const events = await eventsOf(run);
    for (const { run: _, seq: __, metadata: ___, at, type, path, ...rest } of events.slice(told) as unknown as Told[]) {
      // What comes before the question, and the same error further up.
      if (type.endsWith('.started') && path !== 't/asked') continue;
      if (type === 'step.completed' && path === 't/first') continue;
      const up = !type.startsWith('step.') && rest.error ? { ...rest, error: rest.error.code } : rest;
      lines.push(`    ${at}: ${type} ${path} ${say(up)}`);
    }
    told = events.length;
    const { waitingFor } = ((await run.snapshot()).steps['t/asked'] ?? {}) as { readonly waitingFor?: unknown };
    if (waitingFor) lines.push(`    waits for ${say(waitingFor)}`);
  };
  await settled(box);
  desk.give('t/first#1', play.measured ?? { n: 2 });
  await settled(box);
  if (play.of === 'after') desk.give('t/asked#1', { cents: 7 });
  await tell();
  for (const act of play.acts ?? []) {
    if (typeof act === 'string') {
      lines.push(`  ${act} later`);
      await clock.advance(act as never);
    } else if ('do' in act) {
      const answer = await act.do(run).catch((error: unknown) => (error as Error).message);
      lines.push(`  ${act.called}: ${say(answer)}`);
    } else {
      const { number = 1, ...given } = act;
      const said = { by: 'mia', ...given } as DecideOptions;
      const answer = await box.decide(`r/t/asked#${number}`, said).catch((error: unknown) => (error as Error).message);
      lines.push(`  ${say(said)}: ${say(answer)}`);
    }
    await tell();
  }
  const { approvals } = await run.approvals();
  for (const { digest: _, run: __, path: ___, ...approval } of approvals) lines.push(`  kept ${say(approval)}`);
  const { status, output } = ((await run.snapshot()).steps['t/asked'] ?? {}) as {
    readonly status?: string;
    readonly output?: unknown;
  };
  lines.push(`  the step is ${status}, with ${say(output)}`);
  lines.push(`  bodies: ${desk.begun.join(', ')}`);
  const after = desk.begun.filter((place) => place.startsWith('t/asked')).map((place) => say(desk.job(place).input));
  if (after.length > 0) lines.push(`  with ${after.join(', ')}`);
  return folded(`## ${name}\n\n${lines.join('\n')}\n`);
}

const approve = { decision: 'approve' } as const;
const reject = { decision: 'reject', comment: 'no' } as const;
const cancel = { called: 'cancel', do: (run: Run) => run.cancel({ reason: 'enough' }) };
const pause = { called: 'pause', do: (run: Run) => run.pause() };
const resume = { called: 'resume', do: (run: Run) => run.resume() };
const retry = { called: 'retry', do: (run: Run) => run.retry('t/asked', { reason: 'again' }) };
const all = ['approve', 'edit', 'reject', 'replace', 'skip', 'abort'];
const two = { assignees: { users: ['mia', 'tom'] } };
const broken = (): never => {
  throw new Error('broken');
};
const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `u${at}`);

/** What mappers make that no question can be made of, and what just can. */
const MADE: { readonly [name: string]: object } = {
  'a question that is made': { ask: ({ input }: { input: { n: number } }) => `Is ${input.n} enough?` },
  'a question that is empty': { ask: () => '' },
  'a question that is a number': { ask: () => 7 },
  'a question that cannot be made': { ask: broken },
  'what is shown, proposed, and who is asked': {
    show: ({ outputs }: { outputs: object }) => outputs,
    propose: ({ input }: { input: unknown }) => input,
    assignees: () => ({ users: ['mia', 'mia', 'tom'], roles: ['lead'] }),
    excluded: () => ['eve', 'eve'],
  },
  'nobody by name': { assignees: () => null },
  'no list of names': { assignees: () => ({ users: 'mia' }) },
  'no list of roles': { assignees: () => ({ roles: [7] }) },
  'as many names as there may be': { assignees: () => ({ users: many(MOST_PEOPLE) }) },
  'too many names': { assignees: () => ({ users: many(MOST_PEOPLE + 1) }) },
  'no list of those who may not': { excluded: () => 'eve' },
  'what is shown cannot be kept': { show: () => () => 1 },
  'what is shown cannot be waited for': { show: () => Promise.resolve(1) },
  'nothing is shown': { show: () => undefined },
  'a proposal that fits': { value: Cents, propose: () => ({ cents: 1, more: 2 }) },
  'a proposal that does not fit': { value: Cents, propose: () => ({ cents: 'one' }) },
  'no proposal': { value: Cents, propose: () => null },
  'a proposal that is nothing at all': { value: Cents, propose: () => undefined },
  'whoever has started it may not, and nobody knows who': { fourEyes: true },
  'too few are left': { ...two, quorum: 2, excluded: () => ['tom'] },
  'just enough are left': { assignees: { users: ['mia', 'tom', 'eve'] }, quorum: 2, excluded: () => ['tom'] },
};

const PLAYS: { readonly [name: string]: Play } = {
  ...Object.fromEntries(Object.entries(MADE).map(([name, asks]) => [name, { of: 'step', asks } satisfies Play])),
  'whoever has started it may not': {
    of: 'step',
    asks: { excluded: { initiator: true, users: ['eve'] } },
    metadata: { initiator: 'mia' },
    acts: [approve, { ...approve, by: 'eve' }, { ...approve, by: 'tom' }],
  },
  'it is rejected, and the run stands still': {
    of: 'step',
    asks: {},
    onFailure: 'pause',
    acts: [reject, retry, { ...approve, number: 2 }],
  },
  'the question cannot be made, and the run stands still': {
    of: 'step',
    asks: { ask: broken },
    onFailure: 'pause',
    acts: [retry],
  },
  'it is rejected, and completes': { of: 'step', asks: { onReject: 'complete' }, acts: [reject, approve] },
  'it is skipped': { of: 'step', asks: { decisions: all }, acts: [{ decision: 'skip', comment: 'no need' }] },
  'it is aborted': { of: 'step', asks: { decisions: all }, acts: [{ decision: 'abort', comment: 'stop' }] },
  'it is aborted in a run that undoes': {
    of: 'step',
    onFailure: 'compensate',
    asks: { decisions: all },
    acts: [{ decision: 'abort', comment: 'stop' }],
  },
  'it is edited': {
    of: 'step',
    asks: { decisions: all, value: Cents, propose: () => ({ cents: 1 }) },
    acts: [
      { decision: 'edit', value: { cents: 'x' } },
      { decision: 'edit', value: { cents: 2 }, comment: 'two' },
    ],
  },
  'it is edited, and asked again': {
    of: 'step',
    asks: { decisions: all, onEdit: 'ask', propose: () => ({ cents: 1 }) },
    acts: [{ decision: 'edit', patch: { cents: 3 }, comment: 'three' }, approve],
  },
  'two of two are asked': {
    of: 'step',
    asks: { ...two, quorum: 2 },
    acts: [approve, approve, { ...approve, by: 'tom' }],
  },
  'one of two rejects': { of: 'step', asks: { ...two, quorum: 2 }, acts: [approve, { ...reject, by: 'tom' }] },
  'it is overridden': {
    of: 'step',
    asks: { ...two, override: { roles: ['boss'] } },
    acts: [{ decision: 'override', as: 'approve', by: 'ann', roles: ['boss'], comment: 'mine' }],
  },
  'it is withdrawn when the run is cancelled': {
    of: 'step',
    asks: two,
    acts: [{ decision: 'claim' }, cancel, approve],
  },
  'it is put off, and handed on': {
    of: 'step',
    asks: two,
    acts: [
      { decision: 'delegate', to: { users: ['eve'] } },
      { decision: 'defer', by: 'eve', until: START + 3_600_000, comment: 'later' },
      '2h',
    ],
  },
  'nobody decides': { of: 'step', asks: { ...two, expires: '1h' }, acts: ['59m', '1m', approve] },
  'nobody decides, and the run stands still': {
    of: 'step',
    onFailure: 'pause',
    asks: { expires: '1h' },
    acts: ['1h', retry],
  },
  'nobody decides, though they are reminded': {
    of: 'step',
    asks: { ...two, expires: '1h', remind: ['10m', '20m'] },
    acts: ['10m', '50m'],
  },
  'reminders come after a long time': { of: 'step', asks: { ...two, remind: ['10m', '20m'] }, acts: ['1d'] },
  'nobody decides, and others are asked': {
    of: 'step',
    asks: { ...two, expires: '1h', onExpiry: 'escalate', escalate: { users: ['tom'], roles: ['boss'] } },
    acts: ['1h', approve, { ...approve, by: 'ann', roles: ['boss'] }],
  },
  'nobody decides, and the others do not either': {
    of: 'step',
    asks: { ...two, expires: '1h', onExpiry: 'escalate', escalate: { users: ['tom'], roles: ['boss'] } },
    acts: ['1h', '1h', '1h'],
  },
  'the same, of people whom a mapper has named': {
    of: 'step',
    asks: { assignees: () => ({ users: ['mia'] }), expires: '1h', onExpiry: 'escalate', escalate: { roles: ['boss'] } },
    acts: ['1h', '1h'],
  },
  'nobody decides, which is a no': { of: 'step', asks: { ...two, expires: '1h', onExpiry: 'reject' }, acts: ['1h'] },
  'nobody decides, which is a yes': { of: 'step', asks: { ...two, expires: '1h', onExpiry: 'approve' }, acts: ['1h'] },
  'nobody decides, and it waits on': {
    of: 'step',
    asks: { ...two, expires: '1h', onExpiry: 'wait' },
    acts: ['1h', approve],
  },
  'before a task: it begins': { of: 'before', asks: {}, acts: [approve] },
  'before a task: it begins with another input': {
    of: 'before',
    asks: { decisions: all },
    acts: [{ decision: 'edit', patch: { cents: 9 }, comment: 'nine' }],
  },
  'before a task: while the run is paused': { of: 'before', asks: {}, acts: [pause, approve, resume] },
  'before a task: it is rejected': { of: 'before', asks: {}, acts: [reject] },
  'before a task: it is skipped': {
    of: 'before',
    asks: { decisions: all },
    acts: [{ decision: 'skip', comment: 'no need' }],
  },
  'before a task: something stands in its place': {
    of: 'before',
    asks: { decisions: all },
    acts: [{ decision: 'replace', value: { cents: 1 }, comment: 'one' }],
  },
  'before a task: nobody decides': { of: 'before', asks: { expires: '1h' }, acts: ['1h'] },
  'after a task: it completes': { of: 'after', asks: {}, acts: [approve] },
  'after a task: it completes with another output': {
    of: 'after',
    asks: { decisions: all },
    acts: [{ decision: 'edit', value: { cents: 8 }, comment: 'eight' }],
  },
  'after a task: it is tried again': {
    of: 'after',
    asks: { decisions: ['approve', 'retry'] },
    acts: [{ decision: 'retry', comment: 'better' }],
  },
  'after a task: it is tried again with another input': {
    of: 'after',
    asks: { decisions: ['approve', 'retry'] },
    acts: [{ decision: 'retry', patch: { cents: 4 }, comment: 'less' }],
  },
  'after a task: it is tried again while the run is paused': {
    of: 'after',
    asks: { decisions: ['approve', 'retry'] },
    acts: [pause, { decision: 'retry', comment: 'better' }, resume],
  },
  'after a task: it is rejected': { of: 'after', asks: {}, acts: [reject] },
  'after a task: the run is cancelled': { of: 'after', asks: {}, acts: [cancel] },
  'a gate: nearly good enough': { of: 'gate', asks: {}, acts: [{ ...approve, comment: 'fine' }] },
  'a gate: nearly good enough, and rejected': { of: 'gate', asks: {}, acts: [reject] },
  'a gate: not good enough': {
    of: 'gate',
    asks: {},
    measured: { n: 1, m: 1 },
    acts: [{ ...approve, comment: 'fine' }],
  },
  'a gate: measured again': {
    of: 'gate',
    asks: {},
    measured: { n: 1 },
    acts: [{ called: 'retry', do: (run) => run.retry('t/asked', { reason: 'again', input: { n: 2, m: 1 } }) }],
  },
  'a gate: measured again, and nothing there': {
    of: 'gate',
    asks: {},
    measured: { n: 1 },
    acts: [{ called: 'retry', do: (run) => run.retry('t/asked', { reason: 'again', input: null }) }],
  },
};

test('who is asked, what is told of it and how it ends follows from what was declared and said (S20–S29)', async () => {
  const pages: string[] = [];
  for (const [name, play] of Object.entries(PLAYS)) pages.push(await played(name, play));
  await expect(pages.join('\n')).toMatchFileSnapshot('./asked.txt');
});
