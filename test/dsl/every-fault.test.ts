/**
 * Every option of every builder is given what nobody should write and what stands at the borders of what they may, and what
 * comes of each is held to `every-fault.txt`: the faults, word for word, or what it changes in the plan and in the pin.
 *
 * Whoever changes a message, a border or a plan finds it there, row by row: `vitest run test/dsl/every-fault.test.ts -u`, and read it.
 */
import { expect, test } from 'vitest';
import type { Part } from './option-values.ts';
import { LEAVES } from './leaf-options.ts';
import { PARENTS } from './parent-options.ts';
import { WHOLE } from './whole-options.ts';
import { cameOf, type Outcome, outcomeOf, written } from './what-came-of-it.ts';

const PARTS: readonly Part[] = [...LEAVES, ...PARENTS, ...WHOLE];
const NOTHING: Outcome = { faults: [] };

/** Values, and what comes of each; those of which the same comes stand together. */
function section(title: string, values: readonly unknown[], came: (value: unknown) => string): string {
  const rows = new Map<string, Set<string>>();
  for (const value of values) {
    const text = came(value);
    rows.set(text, (rows.get(text) ?? new Set()).add(written(value)));
  }
  return [`## ${title}`, ...[...rows].map(([text, all]) => `${[...all].join(' · ')}\n${text}`)].join('\n');
}

function textOf(part: Part): string {
  const { of, base, options = {}, together = [], instead = [], make, below } = part;
  const hasBase = 'base' in part;
  const without = hasBase ? outcomeOf(() => make(base), below) : NOTHING;
  const whole = (given: unknown, value = given) =>
    cameOf(
      outcomeOf(() => make(given), below),
      without,
      value,
    );
  const among = (more: object, value: unknown) => whole({ ...(base as object), ...more }, value);
  const sections = hasBase ? [section(of, [base], () => cameOf(without, NOTHING, base))] : [];
  if (instead.length > 0) sections.push(section(`${of}: as a whole`, instead, (value) => whole(value)));
  for (const [option, values] of Object.entries(options))
    sections.push(section(`${of}: ${option}`, values, (value) => among({ [option]: value }, value)));
  if (together.length > 0) sections.push(section(`${of}: together`, together, (more) => among(more as object, more)));
  return sections.join('\n\n');
}

test('every option of every kind of step says what is wrong with it, and what it changes (S3)', async () => {
  await expect(`${PARTS.map(textOf).join('\n\n')}\n`).toMatchFileSnapshot('./every-fault.txt');
  // It takes two seconds, and many more on a machine that has much else to do.
}, 60_000);

test('there is no option that is not tried (S3)', () => {
  const tried = new Map<string, { readonly known: string; readonly options: Set<string> }>();
  for (const { make, options } of PARTS) {
    const outcome = options === undefined ? NOTHING : outcomeOf(() => make({ '?': 1 }));
    for (const fault of 'faults' in outcome ? outcome.faults : []) {
      const [, title, known] = /The (options of .*) cannot have "\?". Known keys: (.*)\.$/.exec(fault) ?? [];
      if (title === undefined || known === undefined) continue;
      const { options: all } = tried.get(title) ?? tried.set(title, { known, options: new Set() }).get(title)!;
      for (const option of Object.keys(options ?? {})) all.add(option);
    }
  }
  expect(tried.size).toBeGreaterThan(15);
  for (const [title, { known, options }] of tried)
    expect(
      known.split(', ').filter((each) => each !== '…' && !options.has(each)),
      title,
    ).toEqual([]);
});
