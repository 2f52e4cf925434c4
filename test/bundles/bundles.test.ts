/**
 * Applications that are bundled: what esbuild, Rollup and Rolldown make of them is run, in Node and in a browser. The package
 * says that its files have no side effects; what it needs all the same is found here, since it would be gone.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IN_A_BROWSER, isHere, useBrowser } from '../helpers/browser.ts';
import { installed, node, PATIENCE } from '../helpers/installed.ts';
import { bundlers, type Job } from './bundlers.ts';
import * as programs from './programs.ts';

/** How large entries are at the most, in kB, minified and packed, without XState: the machines, and with them all that plays a run without a box. */
const MOST = [
  ['the machines alone', 'machines', 12],
  ['the machines, and what plays a run without a box,', 'liveMachines', 56],
] as const;
/** What only a box has, by words that bundlers leave as they are. */
const OF_THE_HOST = /a store of its own for each box|\bhandover\b|\breadOpen\b/g;
const OF_NODE = /['"]node:\w+|\bBuffer\b|\bsetImmediate\b/g;

let folder = '';

beforeAll(async () => {
  folder = await installed('bundles');
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, `${name}.js`), text);
}, PATIENCE);

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(bundlers))('%s', (name, bundle) => {
  /** Bundles a program, and answers where it is. */
  async function made(from: keyof typeof programs, job: Pick<Job, 'format' | 'platform'> & Partial<Job>) {
    const to = `${name}-${from}-${job.minify ? 'small-' : ''}${job.format}.${job.format === 'cjs' ? 'cjs' : 'mjs'}`;
    await bundle({ folder, from: `${from}.js`, to, ...job });
    return join(folder, to);
  }

  test.each(['esm', 'cjs'] as const)(
    'an application with a file of runs works as %s',
    { timeout: PATIENCE },
    async (format) => {
      const program = await made('durable', { format, platform: 'node' });
      expect(await node(program, `${program}.db`)).toEqual({ code: 0, stdout: '{"result":42}\n', stderr: '' });
      // Beside the bundle stands `thread.js`, which is the application's and no business of the store's.
      expect(existsSync(join(folder, 'started'))).toBe(false);
    },
  );

  test.each(['esm', 'cjs'] as const)('a machine without a box works as %s', { timeout: PATIENCE }, async (format) => {
    const program = await made('machine', { format, platform: 'node' });
    expect(await node(program)).toEqual({ code: 0, stdout: '{"result":42}\n', stderr: '' });
  });

  test('what is made small works, too', { timeout: PATIENCE }, async () => {
    const program = await made('durable', { format: 'esm', platform: 'node', minify: true });
    expect(await node(program, `${program}.db`)).toEqual({ code: 0, stdout: '{"result":42}\n', stderr: '' });
  });

  test.each(MOST)('%s (%s) are no more than %i kB beside XState', { timeout: PATIENCE }, async (_, entry, most) => {
    const job = { format: 'esm', platform: 'browser', external: ['xstate'] } as const;
    const whole = await made(entry, job);
    const to = `${name}-${entry}.min.mjs`;
    const { esbuild } = bundlers;
    await esbuild?.({ folder, from: whole, to, ...job, minify: true });
    const text = readFileSync(join(folder, to));
    expect(String(text).match(OF_NODE) ?? []).toEqual([]);
    expect(gzipSync(text).length).toBeLessThan(most * 1024);
  });

  test('what embeds runs of a box that is somewhere else brings no host along', { timeout: PATIENCE }, async () => {
    const program = await made('embedding', { format: 'esm', platform: 'browser' });
    const ends = { result: 42, output: 42, machine: 42, status: 'completed', drawn: true };
    expect(await node(program)).toEqual({ code: 0, stdout: `${JSON.stringify(ends)}\n`, stderr: '' });
    const text = readFileSync(program, 'utf8');
    expect([...(text.match(OF_THE_HOST) ?? []), ...(text.match(OF_NODE) ?? [])]).toEqual([]);
    // Where there is a box, all of these words are.
    const whole = readFileSync(await made('page', { format: 'esm', platform: 'browser' }), 'utf8');
    expect(new Set(whole.match(OF_THE_HOST)).size).toBe(3);
  });

  describe.skipIf(!isHere)(IN_A_BROWSER, () => {
    const browser = useBrowser();

    test('a box in memory and a machine without one come to their ends', { timeout: PATIENCE }, async () => {
      const program = await made('page', { format: 'esm', platform: 'browser' });
      const page = await browser.newPage();
      const faults: Error[] = [];
      page.on('pageerror', (error) => faults.push(error));
      await page.addScriptTag({ content: readFileSync(program, 'utf8'), type: 'module' });
      // A module may run a moment after it was added; one that throws leaves a fault and no answer.
      const isThere = async () => (await page.evaluate('globalThis.answer !== undefined')) || faults.length > 0;
      await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
      const answer = await page.evaluate('globalThis.answer');
      expect({ answer, faults }).toEqual({ answer: { box: 42, machine: 42 }, faults: [] });
    });
  });
});
