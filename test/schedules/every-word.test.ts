/** What each word to a schedule comes to in each status that it can have, with what is on record of it: that is what `every-word.txt` says. */
import { type AuditRecord, createSignalbox, orchestrator, type Schedule, type Signalbox, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { cameTo } from '../helpers/answers.ts';
import { folding } from '../helpers/folding.ts';
import { newsOf, printed } from '../helpers/news.ts';
import { Anything, never, settled, stage } from '../helpers/stage.ts';

const input = { input: Anything } as const;
const body = task('body', { ...input, output: Anything, run: never });
const flowOf = (name: string) =>
  orchestrator(name, { version: '1', ...input }).track('t', track('t', input).step('s', body));
const [flow, other] = [flowOf('flow'), flowOf('other')];
const declared = { orchestrator: flow, every: '1h', input: 'its secret' } as const;
const who = { by: 'eve', reason: 'a secret reason' } as const;

type Word = (schedule: Schedule, box: Signalbox) => unknown;
const runOf = async (run: Promise<{ readonly id: string }>): Promise<string> => (await run).id;
const declare: (options: object) => Word = (options) => async (_, box) =>
  (await box.schedule('s', { ...declared, ...options } as never)).id;

const BEFORE: { readonly [status: string]: readonly Word[] } = {
  waiting: [],
  'waiting, with a run that lasts and one that waits for its end': [declare({ overlap: 'bufferAll' })],
  paused: [(schedule) => schedule.pause({ by: 'tom', reason: 'another secret' })],
  'waiting, past its last time': [declare({ until: '2026-01-01T01:30:00Z' })],
  ended: [declare({ until: '2026-01-01T01:30:00Z' })],
  removed: [(schedule) => schedule.remove()],
};
const WORDS: { readonly [word: string]: Word } = {
  pause: (schedule) => schedule.pause(who),
  resume: (schedule) => schedule.resume(who),
  trigger: (schedule) => runOf(schedule.trigger({ ...who, id: 'now' })),
  'trigger twice': async (schedule) => [
    await runOf(schedule.trigger({ id: 'now' })),
    await runOf(schedule.trigger({ id: 'now' })),
  ],
  backfill: (schedule) => schedule.backfill({ ...who, from: '2025-12-31T23:00:00Z', to: '2026-01-01T02:00:00Z' }),
  'backfill of nothing': (schedule) => schedule.backfill({ from: '2025-12-31T23:10:00Z', to: '2025-12-31T23:50:00Z' }),
  remove: (schedule) => schedule.remove(who),
  'remove, nobody says who': (schedule) => schedule.remove({ reason: 'so' }),
  'declare as it is': declare({}),
  'declare with an end that is past': declare({ until: '2026-01-01T01:30:00Z' }),
  'declare otherwise': declare({ input: 'new', every: '2h' }),
  'declare for another orchestrator': declare({ orchestrator: other }),
};

async function situation(status: string, word: Word): Promise<string> {
  const { clock, desk, options } = stage();
  const settings = { ...options, redact: [/secret/] };
  await using made = clock.follow(await createSignalbox({ orchestrators: [flow, other], ...settings }));
  const box = made as unknown as Signalbox;
  const schedule = await box.schedule('s', declared as never);
  for (const before of BEFORE[status] ?? []) await before(schedule, box);
  await clock.advance('2h');
  if (status === 'ended') desk.give('t/s#1');
  await settled(made);
  const fold = folding(clock.now() - 2 * 3_600_000);
  const seen = async () => ({
    state: await cameTo(() => schedule.state()),
    runs: (await box.runs()).runs.map(({ run, status: stands }) => ({ run, is: stands })),
    deletions: (await box.runs({ orchestrator: '~deletions' })).runs.length,
  });
  const before = await seen();
  const known = new Set(((await cameTo(() => schedule.audit())) as AuditRecord[]).map((each) => JSON.stringify(each)));
  const answer = await cameTo(() => word(schedule, box));
  await settled(made);
  const records = ((await cameTo(() => schedule.audit())) as AuditRecord[]).filter(
    (each) => !known.has(JSON.stringify(each)),
  );
  return [
    `  ${JSON.stringify(answer ?? null, fold)}`,
    ...printed('  then', newsOf(before, await seen(), fold)),
    ...records.map((each) => `  on record: ${JSON.stringify(each, fold)}`),
  ].join('\n');
}

test('what each word to a schedule comes to in each status, and what is on record of it, is what is written down (S36, S39)', async () => {
  const pages: string[] = [];
  for (const [name, word] of Object.entries(WORDS)) {
    const rows = new Map<string, string[]>();
    for (const status of Object.keys(BEFORE)) {
      const came = await situation(status, word);
      rows.set(came, [...(rows.get(came) ?? []), status]);
    }
    pages.push([`## ${name}`, ...[...rows].map(([came, all]) => `${all.join(' · ')}:\n${came}`)].join('\n'));
  }
  await expect(`${pages.join('\n\n')}\n`).toMatchFileSnapshot('./every-word.txt');
});
