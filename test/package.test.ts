/** What a user installs: the same XState as the tests run, and a lock file that works anywhere. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { entriesOf, exportsOf, MANIFEST, ROOT, sourcesIn } from './helpers/sources.ts';

test('tests run the XState that plain Node loads, not its development build', () => {
  createMachine({});
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) =>
    /[\\/]xstate[\\/]dist[\\/]/.test(path),
  );
  expect(loaded).not.toEqual([]);
  expect(loaded.filter((path) => path.includes('development'))).toEqual([]);
});

test('every entry point has its source', () => {
  const src = sourcesIn('src');
  expect(entriesOf(MANIFEST).filter((path) => !src.has(path))).toEqual([]);
});

test('the lock file names no host, so that every registry can serve it', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});

test('npm test checks the types before anything else', () => {
  const { test: script, types, ...scripts } = MANIFEST.scripts;
  expect([script, types, scripts['test:long']]).toEqual([
    "npm run --silent types && vitest run --exclude '**/*.long.test.ts'",
    'tsc -p tsconfig.json',
    'npm run --silent types && vitest run',
  ]);
});

test('the README installs the package and keeps a run in a file within its first 15 lines', () => {
  const head = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').slice(0, 15).join('\n');
  expect(head).toMatch(/`npm install signalbox zod`[\s\S]*```ts\nimport[\s\S]*store: sqlite\([\s\S]*\.result\(\)/);
});

describe('the tarball', () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const said = execFileSync(npm, ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' });
  const [{ files }] = JSON.parse(said) as [{ readonly files: readonly { readonly path: string }[] }];
  const packed = files.map(({ path }) => path);
  const has = (path: string): boolean => packed.some((each) => each === path || each.startsWith(`${path}/`));

  test.each(packed.filter((path) => /^(?:[A-Z]+|docs\/.*|examples\/.*)\.md$/.test(path)))(
    '%s links to nothing that it lacks',
    (page) => {
      const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(
        ([, to]) => to as string,
      );
      const missing = links.filter((to) => !/^https?:/.test(to) && !has(posix.join(posix.dirname(page), to)));
      expect(missing).toEqual([]);
    },
  );

  test('has every source that the source maps speak of, and no test', () => {
    expect([...sourcesIn('src').keys()].filter((path) => !has(`src/${path}`))).toEqual([]);
    expect(packed.filter((path) => path.includes('.test.') || path.startsWith('test/'))).toEqual([]);
  });

  test('says where it comes from', () => {
    const { repository, homepage, bugs } = MANIFEST;
    expect(repository).toEqual({ type: 'git', url: expect.stringMatching(/^git\+https:\/\/.*\.git$/) });
    expect(homepage).toMatch(/^https:/);
    expect(bugs).toMatch(/^https:/);
  });
});

describe('public names', () => {
  const src = sourcesIn('src');
  const namesOf = (path: string): readonly string[] => exportsOf(path, src).map(({ name }) => name);
  /** Every class of error, whichever file it stands in. */
  const errors = [...src]
    .filter(([path]) => path.startsWith('errors/'))
    .flatMap(([, text]) => [...text.matchAll(/^export (?:abstract )?class (\w+)/gm)].map(([, name]) => name));

  test('signalbox/errors has every error that there is', () => {
    expect(errors.length).toBeGreaterThan(40);
    expect(errors.filter((name) => !namesOf('entries/errors.ts').includes(name as string))).toEqual([]);
  });

  test('signalbox/store has every type of the port', () => {
    expect(namesOf('store.ts').filter((name) => !namesOf('entries/store.ts').includes(name))).toEqual([]);
  });

  test('signalbox has the machines of signalbox/machines, not what plays a run with them or makes others, and no rows of a store', () => {
    const root = namesOf('index.ts');
    expect(namesOf('entries/machines.ts').filter((name) => !root.includes(name))).toEqual([
      'machineInput',
      'defineKind',
      'parentKind',
    ]);
    expect(root.filter((name) => /Row$|^RunChange$|^Sharing$/.test(name))).toEqual([]);
  });
});
