/** What a user installs: the same XState as the tests run, and a lock file that works anywhere. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { ROOT, sourcesIn } from './helpers/sources.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

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
  const entries = Object.values<string | { default: string }>(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.default],
  );
  expect(entries.filter((path) => !src.has(path.replace('./dist/', '').replace(/\.js$/, '.ts')))).toEqual([]);
});

test('the lock file names no host, so that every registry can serve it', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
