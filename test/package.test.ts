/** What a user installs: the same XState as the tests run, and a lock file that works anywhere. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
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
  const { test: script, types } = MANIFEST.scripts;
  expect([script, types]).toEqual(['npm run --silent types && vitest run', 'tsc -p tsconfig.json']);
});

describe('public names', () => {
  const src = sourcesIn('src');
  const namesOf = (path: string): readonly string[] => exportsOf(path, src).map(({ name }) => name);
  /** Its classes, its list of codes and what is said of them; the rest of the file helps to make messages. */
  const errors = [...(src.get('errors.ts') ?? '').matchAll(/^export (?:abstract )?class (\w+)/gm)].map(
    ([, name]) => name,
  );

  test('signalbox/errors has every error that there is', () => {
    expect(errors.length).toBeGreaterThan(40);
    expect(errors.filter((name) => !namesOf('entries/errors.ts').includes(name as string))).toEqual([]);
  });

  test('signalbox/store has every type of the port', () => {
    expect(namesOf('store.ts').filter((name) => !namesOf('entries/store.ts').includes(name))).toEqual([]);
  });

  test('signalbox has the machines of signalbox/machines, and no rows of a store', () => {
    const root = namesOf('index.ts');
    expect(namesOf('entries/machines.ts').filter((name) => !root.includes(name))).toEqual([]);
    expect(root.filter((name) => /Row$|^RunChange$|^Sharing$/.test(name))).toEqual([]);
  });
});
