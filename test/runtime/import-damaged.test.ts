/**
 * Exports that were damaged in every place, and what `box.import` says of each: refused with a place and a reason, or kept, and then how
 * the run ended. All of it stands in `import-damaged.txt`, so that a change of the code shows what it means to those who import.
 * Which damages there are is in `test/helpers/damaging.ts`.
 */
import { memory, type RunExport, type Signalbox } from 'signalbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documents, opened } from '../helpers/damaged.ts';
import { type Damage, damagesOf, inconsistencies } from '../helpers/damaging.ts';
import { settled } from '../helpers/stage.ts';

/** What has to be there before a document can be imported. */
const BESIDE: { readonly [what: string]: string } = { flight: 'below', apart: 'ended' };
/** What people say to whatever they are asked. */
const SAID = [
  ['return', 'tom'],
  ['approve', 'mia'],
  ['approve', 'zoe'],
] as const;

type Opened = Awaited<ReturnType<typeof opened>>;
let all: { readonly [what: string]: RunExport } = {};
/** One that has kept nothing yet. */
let fresh: Opened;
beforeAll(async () => {
  all = await documents();
  fresh = await opened(memory());
});
afterAll(() => fresh.box.close());

/** Brings a run to its end, as far as people and those who send signals can. */
async function playOn({ box, clock }: Opened, id: string): Promise<string> {
  const run = box.run(id);
  const kids = (await box.runs({ parent: id })).runs.map((row) => row.run);
  for (let round = 0; round < 3; round += 1) {
    await settled(box);
    const status = await run.status();
    if (status === 'paused') await run.resume();
    if (status === 'awaitingIntervention') await run.skip('a/two' as never, { reason: 'enough' } as never);
    for (const { id: asked } of (await box.approvals()).approvals)
      for (const [decision, by] of SAID) await box.decide(asked, { decision, by, roles: ['boss'], comment: 'so' });
    for (const each of [id, ...kids]) await (box as Signalbox).signal(each, 'go', round, { id: `more ${round}` });
    await clock.advance(round === 0 ? '1m' : '2h');
  }
  const { events } = await run.export();
  return `${await run.status()}, ${events.length} events`;
}

/** What is said of documents that are imported together; and of the first, if all are kept, how it ended. */
async function answerTo(given: readonly unknown[], plays: boolean): Promise<string> {
  const { box, lines } = fresh;
  try {
    await box.import(given);
  } catch (error) {
    const { code, fields, message } = error as { code?: string; fields: { at: string; why: string }; message: string };
    if (code !== 'import-refused') return `${code}: ${message.split('\n')[0]}`;
    return `${fields.at || '(the whole)'}: ${fields.why}`;
  }
  const used = fresh;
  try {
    if (!plays) return 'kept';
    const end = await playOn(used, (given[0] as RunExport).run.run).catch((error) => `${error.code}: ${error.message}`);
    const faults = lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    return `kept: ${[end, ...new Set(faults)].join('; ')}`;
  } finally {
    await used.box.close();
    fresh = await opened(memory());
  }
}

/** `place := values → answer`, places with the same answers together. */
async function tableOf(what: string, damages: readonly Damage[]): Promise<readonly string[]> {
  const beside = BESIDE[what] === undefined ? [] : [all[BESIDE[what] as string]];
  const answers = new Map<string, Map<string, string[]>>();
  for (const { name, at, how, plays, make } of damages) {
    const answer = (await answerTo([make(), ...beside], plays))
      .replace(/^(\S+): /, (_, found) => `${found === at ? 'there' : found}: `)
      .replace(/^(.*?): it is .*, and (.* belongs there)$/s, '$1: $2');
    const of = answers.get(name) ?? new Map<string, string[]>();
    answers.set(name, of);
    of.set(answer, [...(of.get(answer) ?? []), how]);
  }
  const blocks = new Map<string, string[]>();
  for (const [name, of] of answers) {
    const text = [...of]
      .map(([answer, how]) => `    ${[how.join(', '), answer].filter(Boolean).join(' → ')}`)
      .join('\n');
    blocks.set(text, [...(blocks.get(text) ?? []), name]);
  }
  return [...blocks].map(([text, names]) => `${names.join(', ')} :=\n${text}`);
}

test('whatever is damaged in an export, it is refused in words, or the run goes on (P228, I10)', {
  timeout: 120_000,
}, async () => {
  const seen = new Set<string>();
  const texts: string[] = [
    '# document: what becomes of it if nothing is wrong with it',
    'places :=\n    what stands there instead → where it is refused ("there": at that place): why; or how the run that is kept ends',
  ];
  for (const [what, document] of Object.entries(all)) {
    const rows = await tableOf(what, damagesOf(document, seen));
    const more = await tableOf(what, inconsistencies(what, document));
    const beside = BESIDE[what] === undefined ? [] : [all[BESIDE[what] as string]];
    texts.push(`# ${what}: ${await answerTo([document, ...beside], true)}`, ...rows, ...more);
  }
  await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot('./import-damaged.txt');
});
