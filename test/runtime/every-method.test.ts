/**
 * What every method of a box, a run and a schedule answers where there is none any more, or never was; and what it says of values that
 * an option cannot have, and of those that stand at the borders of what it may: that is what `every-method.txt` says, word for word.
 */
import { createSignalbox, type Run, type Signalbox } from 'signalbox';
import { expect, test } from 'vitest';
import { show } from '../../src/errors/index.ts';
import { Signalbox as Box } from '../../src/runtime/box.ts';
import { Run as RunHandle } from '../../src/runtime/run.ts';
import { Schedule as ScheduleHandle } from '../../src/runtime/schedules.ts';
import { written } from '../dsl/what-came-of-it.ts';
import { cameTo } from '../helpers/answers.ts';
import { folding } from '../helpers/folding.ts';
import { fakeClock, settled } from '../helpers/stage.ts';
import { CALLS, type Call, FORMED, flow, type Handles, ODD, plain } from './method-options.ts';

const CLASSES = { Signalbox: Box, Run: RunHandle, Schedule: ScheduleHandle } as const;

async function opened(): Promise<Handles & { readonly box: Signalbox }> {
  const clock = fakeClock();
  const box = clock.follow(await createSignalbox({ orchestrators: [flow, plain, FORMED.of], clock, logger: () => {} }));
  const schedule = await box.schedule('s', { every: '1h', orchestrator: flow, input: 1 } as never);
  await box.start(flow, { id: 'R', input: 1, key: 'k' });
  await settled(box);
  await box.decide('R/a/ask#1', { decision: 'approve', by: 'mia' });
  await settled(box);
  return { box: box as unknown as Signalbox, run: box.run('R') as Run<unknown>, schedule, clock };
}

/** A text of an answer: what a handle is, how long a list is; whatever else, in one line. */
function textOf(answer: unknown, start: number): string {
  if (typeof answer === 'function') return 'a function';
  if (Array.isArray(answer)) return `${answer.length} of them`;
  if (typeof answer === 'object' && answer !== null) {
    const { name } = answer.constructor;
    if (name in CLASSES) return `a ${name.toLowerCase()}`;
    for (const [part, value] of Object.entries(answer)) if (Array.isArray(value)) return `${value.length} ${part}`;
  }
  return typeof answer === 'string' ? answer : (JSON.stringify(answer, folding(start)) ?? 'undefined');
}

/** The same words are said of many values: what stands in them for the value is left out. */
function inGeneral(text: string, value: unknown): string {
  const shown = shortened(show(value));
  return [' cannot be …: ', '… is not ', '; got ….', '… cannot be the '].reduce(
    (made, frame) => made.replace(frame.replace('…', shown), () => frame),
    shortened(text.replace(/^throws definition-invalid: .*? before starting a run\.\n/s, '').trim()),
  );
}

function shortened(text: string): string {
  return text.replaceAll(/t{20,}/g, (many) => `t × ${many.length}`).replaceAll('\ud800', '\\ud800');
}

/** In one line, also what has more than one, or is no text at all. */
function label(value: unknown): string {
  return value instanceof Date ? 'a date' : shortened(written(value)).replaceAll('\n', '\\n');
}

async function section(title: string, values: readonly unknown[], call: (value: unknown) => unknown): Promise<string> {
  const rows = new Map<string, Set<string>>();
  for (const value of values) {
    const came = inGeneral(textOf(await cameTo(() => call(value)), fakeClock().now()), value);
    rows.set(came, (rows.get(came) ?? new Set()).add(label(value)));
  }
  return [`### ${title}`, ...[...rows].map(([came, all]) => `${[...all].join(' · ')}\n  ${came}`)].join('\n');
}

async function page(method: string, { base, options, call }: Call): Promise<string> {
  const sections: string[] = [];
  for (const [option, values] of Object.entries(options)) {
    const handles = await opened();
    const given = (value: unknown) => call(handles, { ...base, [option]: value } as never);
    sections.push(await section(option, [...ODD, ...values], given));
    await handles.box.close();
  }
  return [`## ${method}`, ...sections].join('\n');
}

/** What each method comes to, called with the handles of its class; those that come to the same stand together. */
async function standing(title: string, given: Handles): Promise<string> {
  const rows = new Map<string, string[]>();
  for (const [name, { prototype }] of Object.entries(CLASSES)) {
    const handle = { Signalbox: given.box, Run: given.run, Schedule: given.schedule }[name] as object;
    for (const method of Object.getOwnPropertyNames(prototype)) {
      if (['constructor', 'open', 'close'].includes(method)) continue;
      const of = CALLS[`${name}.${method}`];
      const member = (handle as { readonly [method: string]: unknown })[method];
      const work = (): unknown => {
        if (of !== undefined) return of.call(given, of.base as never);
        return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).call(handle, 'x') : member;
      };
      const came = textOf(await cameTo(work), given.clock.now());
      rows.set(came, [...(rows.get(came) ?? []), `${name}.${method}`]);
    }
  }
  return [`## ${title}`, ...[...rows].map(([came, all]) => `${all.join(' · ')}\n  ${came}`)].join('\n');
}

test('every method says what is wrong with each option (I10)', async () => {
  const pages: string[] = [];
  for (const [method, call] of Object.entries(CALLS)) pages.push(await page(method, call));
  await expect(`${pages.join('\n\n')}\n`).toMatchFileSnapshot('./every-method.txt');
}, 60_000);

test('what a method answers of a run or a schedule that is not there, and of a box that is closed', async () => {
  const closed = await opened();
  await closed.box.close();
  const open = await opened();
  const schedule = await open.box.schedule('none');
  const gone = await standing('of a run and a schedule that are not there', {
    ...open,
    run: open.box.run('nobody'),
    schedule,
  });
  const pages = [gone, await standing('of a box that is closed', closed)];
  await open.box.close();
  await expect(`${pages.join('\n\n')}\n`).toMatchFileSnapshot('./every-method-gone.txt');
});
