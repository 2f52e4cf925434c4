/**
 * What each command comes to in each status that a run can have, and what every method answers where there is no run, no schedule, or no
 * box any more: that is what `every-command.txt` says. The answer, what it changes, and what is on record of it.
 */
import {
  type AuditRecord,
  createSignalbox,
  orchestrator,
  type ReadEvent,
  type Run,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import type { FakeClock } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { all, cameTo } from '../helpers/answers.ts';
import { folding } from '../helpers/folding.ts';
import { Anything, type Desk, never, settled, stage } from '../helpers/stage.ts';

const input = { input: Anything } as const;
const body = (name: string, more: object = {}) => task(name, { ...input, output: Anything, run: never, ...more });
const work = body('work');
/** Is never done with undoing, unless it fails at once. */
const undone = body('undone', {
  compensate: ({ output }: { readonly output: unknown }) => {
    if (output === 'fails') throw new Error('it cannot be undone');
    return output === 'lasts' ? new Promise(() => {}) : undefined;
  },
});
const asked = { ask: 'May it?', assignees: { users: ['ann'] }, decisions: ['approve', 'reject'] } as const;
const resting = track('b', input).wait('go', { signal: 'go' });
const asking = track('c', input).approval('ask', asked);
const busy = orchestrator('busy', { version: '1', ...input, onFailure: 'pause', deadline: '1d' })
  .track('a', track('a', input).step('one', undone).step('two', work))
  .track('b', resting)
  .track('c', asking);
const idle = orchestrator('idle', { version: '1', ...input })
  .track('b', resting)
  .track('c', asking);
const failing = orchestrator('failing', { version: '1', ...input }).track(
  'a',
  track('a', input).step('one', undone).step('two', work),
);

/** Its cleanup is never done. */
const slow = orchestrator('slow', { version: '1', ...input }).track(
  'a',
  track('a', input).step('one', body('slow', { cleanup: () => new Promise(() => {}) })),
);

interface Standing {
  readonly box: Signalbox;
  readonly desk: Desk;
  readonly clock: FakeClock;
  readonly run: Run<unknown>;
}

/** A way for a run to come to stand as it does. */
type Way = (standing: Standing) => unknown;

const one =
  (value: unknown): Way =>
  ({ desk }) =>
    desk.give('a/one#1', value);
const fails: Way = ({ desk }) => desk.fail('a/two#1', new Error('no'));
const ended: readonly Way[] = [
  one('done'),
  ({ desk }) => desk.give('a/two#1', 2),
  ({ run }) => run.signal('go', 1, { id: 'before' }),
  ({ run }) => run.decide('c/ask', { decision: 'approve', by: 'ann', id: 'before' } as never),
];

const SITUATIONS: { readonly [status: string]: readonly [flow: typeof busy, ...ways: readonly Way[]] } = {
  running: [busy],
  'running, past a step': [busy, one('done')],
  waiting: [idle as never],
  paused: [busy, ({ run }) => run.pause()],
  awaitingIntervention: [busy, one('done'), fails],
  cancelling: [slow as never, ({ run }) => run.cancel()],
  compensating: [busy, one('lasts'), ({ run }) => run.cancel({ compensate: true })],
  completed: [busy, ...ended],
  failed: [failing as never, one('done'), fails],
  cancelled: [busy, one('done'), ({ run }) => run.cancel()],
  'cancelled, abandoned while it was paused': [
    busy,
    ({ run }) => run.pause(),
    one('done'),
    ({ run }) => run.abandon({ reason: 'so' }),
  ],
  timedOut: [busy, one('done'), ({ clock }) => clock.advance('2d')],
  compensated: [busy, one('done'), ({ run }) => run.cancel({ compensate: true })],
  'failed, undone in part': [busy, one('fails'), ({ run }) => run.cancel({ compensate: true })],
};

const who = { by: 'eve', reason: 'so' } as const;
const COMMANDS: { readonly [command: string]: (run: Run<unknown>) => unknown } = {
  cancel: (run) => run.cancel(who),
  'cancel, nobody says why': (run) => run.cancel(),
  'cancel and undo': (run) => run.cancel({ ...who, compensate: true }),
  'cancel by force': (run) => run.cancel({ ...who, force: true }),
  pause: (run) => run.pause(who),
  resume: (run) => run.resume(who),
  'retry a/one': (run) => run.retry('a/one', { ...who, input: 'again' }),
  'retry a/two': (run) => run.retry('a/two', who),
  'skip a/one': (run) => run.skip('a/one', who),
  'skip a/two': (run) => run.skip('a/two', { ...who, output: 'none' }),
  'skip b/go': (run) => run.skip('b/go', who),
  'skip c/ask': (run) => run.skip('c/ask', who),
  'skip what is not there': (run) => run.skip('a/three', who),
  'resolve a/two': (run) => run.resolve('a/two', { ...who, output: 2 }),
  'resolve c/ask': (run) => run.resolve('c/ask', { ...who, output: 2 }),
  'signal go': (run) => run.signal('go', 2, { id: 'now', by: 'eve' }),
  'signal go, as before': (run) => run.signal('go', 1, { id: 'before' }),
  'signal that nobody waits for': (run) => run.signal('gone', 2, { id: 'now' }),
  'decide c/ask': (run) => run.decide('c/ask', { decision: 'approve', by: 'ann', id: 'now' } as never),
  'decide c/ask, as before': (run) => run.decide('c/ask', { decision: 'approve', by: 'ann', id: 'before' } as never),
  'decide c/ask, not asked': (run) => run.decide('c/ask', { decision: 'approve', by: 'tom', id: 'now' } as never),
  'decide what is not there': (run) => run.decide('c/gone#1', { decision: 'approve', by: 'ann', id: 'now' } as never),
  'rerun from a/two': async (run) => (await run.rerun({ ...who, from: 'a/two', id: `${run.id}-again` })).id,
  'rerun from a/one': async (run) => (await run.rerun({ ...who, from: 'a/one', id: `${run.id}-again` })).id,
  'rerun from what is not there': (run) => run.rerun({ ...who, from: 'a/three', id: `${run.id}-again` }),
  compensate: async (run) => (await run.compensate(who)).id,
  abandon: (run) => run.abandon(who),
  delete: (run) => run.delete(who),
  'delete, nobody says who': (run) => run.delete(),
};

/** The answer of one command, and what has come of it. `IT` is the command, `SO` how the run stands. */
async function cameOf({ box, clock, run }: Standing, name: string): Promise<string> {
  const command = COMMANDS[name] as (typeof COMMANDS)[string];
  const before = await run.status();
  const events = (await all(run.history())).length;
  const known = new Set((await all(run.audit())).map((each) => JSON.stringify(each)));
  // What waits for what is never done waits for ever: then it is asked for, and that is all.
  const answer = await Promise.race([cameTo(() => command(run)), settled(box).then(() => 'waits')]);
  await settled(box);
  const fold = folding(clock.now());
  const [it = ''] = name.split(/[ ,]+/);
  const text = (value: unknown): string => {
    const whole = typeof value === 'string' ? value : JSON.stringify(value ?? null, fold);
    return whole
      .replaceAll(/\\?"/g, '')
      .replaceAll(`(${it})`, '(IT)')
      .replaceAll(new RegExp(`\\b(is|still) ${before}\\b`, 'g'), '$1 SO');
  };
  const after = await cameTo(() => run.status());
  const come = await cameTo(() => run.history({ after: events }));
  const audit = ((await cameTo(() => run.audit())) as AuditRecord[]).filter((each) => !known.has(JSON.stringify(each)));
  const so = (each: string | null): string => (each === before ? 'SO' : String(each));
  const lines = [text(answer)];
  if (before !== after) lines.push(`is ${text(after)}`);
  if (Array.isArray(come) && come.length > 0)
    lines.push((come as ReadEvent[]).map(({ type, path }) => `${type} ${path}`.trim()).join(', '));
  for (const record of audit) {
    const { type, by, reason, path, before: stood, after: stands, refused, details } = record;
    const what = [type === it ? 'IT' : type, ...(path === null ? [] : [text(path)])].join(' ');
    const why =
      refused === null ? '' : `; refused: ${text(answer).includes(text(refused)) ? 'as said' : text(refused)}`;
    const more = Object.keys(details).length === 0 ? '' : ` ${text(details)}`;
    lines.push(`on record: ${what} by ${by}, ${reason}: ${so(stood)} → ${so(stands)}${more}${why}`);
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

async function situation(name: string, command: string): Promise<string> {
  const [flow, ...ways] = SITUATIONS[name] as (typeof SITUATIONS)[string];
  const { desk, clock, options } = stage();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], ...options }));
  const run = await box.start(flow, { id: 'R', input: null });
  await settled(box);
  const standing = { box: box as unknown as Signalbox, desk, clock, run: run as Run<unknown> };
  for (const way of ways) {
    await way(standing);
    await settled(box);
  }
  const status = name.split(',')[0];
  expect(await run.status(), name).toBe(status);
  return await cameOf(standing, command);
}

test('what each command comes to in each status, and what is on record of it, is what is written down (S14, S16, S39)', async () => {
  const pages: string[] = [];
  for (const command of Object.keys(COMMANDS)) {
    const lines = [`## ${command}`];
    // Where it comes to the same stands together.
    const rows = new Map<string, string[]>();
    for (const name of Object.keys(SITUATIONS)) {
      const came = await situation(name, command);
      rows.set(came, [...(rows.get(came) ?? []), name]);
    }
    for (const [came, names] of rows) lines.push(`${names.join(' · ')}:`, came);
    pages.push(lines.join('\n'));
  }
  await expect(`${pages.join('\n\n')}\n`).toMatchFileSnapshot('./every-command.txt');
});
