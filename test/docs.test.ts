/**
 * What is printed is true: the examples of the README and of `docs` compile and run, the list
 * of error codes is the list in the code, and every public name says what it is.
 *
 * An example is a ```ts block that begins with an import. It is compiled and run against the
 * package as users get it. A ```text block right behind it, or behind one line that ends in a colon, is
 * what it prints. ```ts no-run is compiled and no more.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULT_CODES } from '../src/faults.ts';
import { HOOK_NAMES } from '../src/hooks.ts';
import { ERROR_CODES } from '../src/errors/index.ts';
import { oneIn } from './helpers/form.ts';
import { installed, node, nodeIn, PATIENCE } from './helpers/installed.ts';
import { entriesOf, exportsOf, MANIFEST, ROOT, sourcesIn } from './helpers/sources.ts';

interface Example {
  readonly page: string;
  /** Where the block's first line stands on its page. */
  readonly line: number;
  readonly file: string;
  readonly code: string;
  readonly runs: boolean;
  readonly prints: string | undefined;
}

const pages = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()].filter((page) =>
  existsSync(join(ROOT, page)),
);
const examples = pages.flatMap((page) => examplesOf(page, readFileSync(join(ROOT, page), 'utf8')));

describe.skipIf(examples.length === 0)('printed examples', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await installed('docs');
    // Some of an example is there to be read and not to be used.
    const compilerOptions = { paths: {}, noUnusedLocals: false, noUnusedParameters: false };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
    );
    // As many empty lines before the code as the page has, so that errors name the page's line.
    for (const { file, line, code } of examples) writeFileSync(join(folder, file), '\n'.repeat(line - 1) + code);
  }, PATIENCE);

  afterAll(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  test('compile', { timeout: PATIENCE }, async () => {
    expect(await node('node_modules/typescript/bin/tsc', '-p', folder)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  // All of them compile, also in the short form.
  test.each(
    oneIn(
      3,
      examples.filter(({ runs }) => runs),
    ),
  )('$page, line $line, runs', { timeout: PATIENCE }, async ({ file, prints }) => {
    const { code, stdout, stderr } = await nodeIn(folder, join(folder, file));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (prints !== undefined) expect(stdout.trimEnd()).toBe(prints.trimEnd());
  });
});

describe('the pages', () => {
  test.skipIf(!pages.includes('README.md'))('the README has an example that runs', () => {
    expect(examples.filter(({ page, runs }) => page === 'README.md' && runs)).not.toEqual([]);
  });

  test('docs/errors.md has a heading for each code, in the order of the code, and a word on each', () => {
    const page = join(ROOT, 'docs/errors.md');
    expect(existsSync(page), 'docs/errors.md is missing: it has a heading like ### `task-missing` for each code').toBe(
      true,
    );
    const sections = readFileSync(page, 'utf8').split(/^### /m).slice(1);
    const codes = sections.map(
      (section) => /^`([^`]+)`$/m.exec(section.split('\n')[0] ?? '')?.[1] ?? section.split('\n')[0],
    );
    expect(codes).toEqual([...ERROR_CODES, ...FAULT_CODES]);
    expect(
      codes.filter((_, index) => !/^[^#\s]/m.test(sections[index]?.split('\n').slice(1).join('\n') ?? '')),
    ).toEqual([]);
  });

  test('docs/hooks.md has every moment that has hooks in its table, and examples that run (P62)', () => {
    const page = readFileSync(join(ROOT, 'docs/hooks.md'), 'utf8');
    expect([...page.matchAll(/^\| `(\w+)` \| (?:before|after|when) /gm)].map(([, name]) => name)).toEqual(HOOK_NAMES);
    expect(examples.filter(({ page: of, runs }) => of === 'docs/hooks.md' && runs)).toHaveLength(2);
  });

  test('docs/semantics.md says how to write what has effects, with an example that runs (P65)', () => {
    const page = readFileSync(join(ROOT, 'docs/semantics.md'), 'utf8');
    const section = /^## Effects$([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
    for (const word of ['key', 'signal', 'cleanup', 'compensate', 'irreversible'])
      expect(section).toContain(`\`${word}`);
    expect(examples.filter(({ code, runs }) => runs && section.includes(code))).toHaveLength(1);
  });

  test.each(entriesOf(MANIFEST))('every public name of src/%s has a doc comment (P116)', (entry) => {
    const names = exportsOf(entry, sourcesIn('src'));
    expect(names).not.toEqual([]);
    expect(names.filter(({ documented }) => !documented).map(({ name, path }) => `${name} in ${path}`)).toEqual([]);
  });
});

describe('the reader of pages', () => {
  test('finds an example, its line, and what it prints', () => {
    const page = [
      '# Title',
      '',
      '```ts',
      `import 'a';`,
      '```',
      '',
      'It prints:',
      '',
      '```text',
      'one',
      'two',
      '```',
      '',
      '```ts',
      'a.fragment();',
      '```',
    ];
    expect(examplesOf('docs/page.md', page.join('\n'))).toEqual([
      { page: 'docs/page.md', line: 4, file: 'page-4.ts', code: `import 'a';\n`, runs: true, prints: 'one\ntwo\n' },
    ]);
  });

  test('runs neither what is marked no-run nor claims output that belongs elsewhere', () => {
    const page = [
      '```ts no-run',
      '// Comments may come first.',
      `import 'a';`,
      '```',
      '',
      'Prose.',
      '',
      '```text',
      'other',
      '```',
    ];
    expect(examplesOf('README.md', page.join('\n'))).toMatchObject([{ line: 2, runs: false, prints: undefined }]);
  });
});

function examplesOf(page: string, text: string): readonly Example[] {
  const block =
    /^```ts(?<mark> no-run)?\n(?<code>[\s\S]*?)^```$(?:\n+(?:[^\n`#][^\n]*:\n+)?```text\n(?<prints>[\s\S]*?)^```$)?/gm;
  return [...text.matchAll(block)].flatMap(({ groups, index }) => {
    const { code = '', mark, prints } = groups ?? {};
    if (!/^(?:\s*\/\/.*\n|\s*\n)*import\s/.test(code)) return [];
    const line = text.slice(0, index).split('\n').length + 1;
    return [{ page, line, file: `${basename(page, '.md')}-${line}.ts`, code, runs: mark === undefined, prints }];
  });
}
