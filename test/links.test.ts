/** Links in the pages lead somewhere: each file that one names is there, and each heading (P116). */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './helpers/sources.ts';

const pages = ['*.md', 'docs/*.md', 'bench/*.md', 'examples/**/*.md']
  .flatMap((glob) => globSync(glob, { cwd: ROOT }))
  .sort();
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');

/** A heading as its anchor is called. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const anchorsIn = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Links of a page that lead nowhere. */
function brokenIn(page: string, text: string): readonly string[] {
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsIn(file).includes(anchor);
  });
}

describe('a link', () => {
  test.each(pages)('of %s leads to a file or a heading that is there (P116)', (page) => {
    expect(brokenIn(page, textOf(page))).toEqual([]);
  });

  test('that leads nowhere is seen', () => {
    const text = '[a](nowhere.md) [b](README.md#nothing) [c](#speed) [d](docs/errors.md) [e](https://example.org)';
    expect(brokenIn('README.md', text)).toEqual(['nowhere.md', 'README.md#nothing']);
  });
});
