/**
 * Promises: what the system can do, by numbers that tests cite, in a title or at the top of a file (P1, P44–P72). Each number below is
 * cited by a test, an example or the suite for stores. What is not kept yet is cited by none, and says why.
 */
import { expect, test } from 'vitest';
import { sourcesIn } from './helpers/sources.ts';

const KEPT: { readonly [area: string]: string } = {
  'tracks and orchestrators': 'P1–P12 P14–P20 P22–P30 P32–P34 P37 P38 P41–P43',
  'policies of a run': 'P44–P72',
  'kinds of step': 'P81–P114 P116–P120 P122',
  records: 'P124–P128 P130–P136 P146 P178',
  people: 'P140–P144 P160 P167 P168 P172 P173 P193 P194',
  'data, child runs, limits': 'P161 P163 P171 P174–P176 P195 P196',
  'phases, gates, knowledge': 'P199–P207 P209–P223 P225–P229',
  'one way in, and many ways out': 'P145 P224',
  'command line and lists': 'P166 P208',
  everywhere: 'P231–P236 P244',
};

const OPEN: { readonly [number: string]: string } = {};

const tests = ['test', 'examples', 'src/testing'].flatMap((folder) =>
  [...sourcesIn(folder)].filter(([path]) => path !== 'promises.test.ts').map(([, text]) => text),
);
const cited = numbersIn(tests.join('\n'));

test.each(Object.entries(KEPT))('every promise about %s is cited by a test', (_, numbers) => {
  expect([...numbersIn(numbers)].filter((number) => !cited.has(number))).toEqual([]);
});

test('what is open is cited by none', () => {
  expect(Object.keys(OPEN).filter((number) => cited.has(number))).toEqual([]);
});

test('what is cited is listed', () => {
  const listed = numbersIn(Object.values(KEPT).join(' '));
  expect([...cited].filter((number) => !listed.has(number))).toEqual([]);
});

test('a citation is a number, or the first and the last of several', () => {
  expect([...numbersIn('(S10, P7) P44–P46 P5x XP6 P1-P3')]).toEqual(['P7', 'P44', 'P45', 'P46', 'P1', 'P3']);
});

function numbersIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/\bP(\d+)\b(?:–P(\d+)\b)?/g)].flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => `P${Number(first) + at}`),
    ),
  );
}
