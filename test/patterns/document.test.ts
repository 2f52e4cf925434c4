/**
 * docs/patterns.md and the tests beside this one say the same: each pattern of the catalogue stands in the document
 * once, what is called supported is played by a test of its number, and the definitions in the document are those
 * of the tests.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../helpers/sources.ts';

interface Pattern {
  readonly number: number;
  readonly name: string;
  readonly status: string;
}

const page = readFileSync(join(ROOT, 'docs/patterns.md'), 'utf8');
const tests = globSync('test/patterns/*.test.ts', { cwd: ROOT })
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

const patterns: readonly Pattern[] = [
  ...page.matchAll(/^### WCP-(?<number>\d+) (?<name>.+)\n\n\*\*(?<status>Yes|Partly|No)\b/gm),
].map(({ groups }) => ({
  number: Number(groups?.number),
  name: groups?.name?.toLowerCase() ?? '',
  status: groups?.status ?? '',
}));

/** `9 structured discriminator`, of the title of each test. */
const titles = new Set([...tests.matchAll(/\('WCP-(\d+ [^:']+): /g)].map(([, title = '']) => title.toLowerCase()));

test('the document has each of the 43 patterns once, in order, and says of each whether it is supported', () => {
  expect(patterns.map(({ number }) => number)).toEqual(Array.from({ length: 43 }, (_, at) => at + 1));
  expect(page.match(/^### /gm)).toHaveLength(43);
});

test('a pattern has a test with its number and name exactly if the document says that it is supported', () => {
  const played = patterns.filter(({ status }) => status !== 'No').map(({ number, name }) => `${number} ${name}`);

  expect([...titles].sort()).toEqual([...played].sort());
});

test('each definition in the document stands in a test, word for word', () => {
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  // What begins with an import is compiled and run by test/docs.test.ts.
  const definitions = blocks.filter((code) => !code.startsWith('import '));

  expect(definitions.length).toBeGreaterThan(25);
  expect(definitions.filter((code) => !tests.includes(`\n${code}`))).toEqual([]);
});
