/** The system's Chromium, for tests that play in a page. Where there is none they are skipped, and say so. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { PATIENCE } from './installed.ts';
import { ROOT } from './sources.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PICTURES = process.env.SIGNALBOX_PICTURES ?? join(ROOT, 'test/.tmp/pictures');

export const isHere = existsSync(CHROMIUM);
/** The title of tests in a browser. */
export const IN_A_BROWSER = `in a browser${isHere ? '' : `, skipped: there is no ${CHROMIUM}`}`;

/** A browser for the tests of a `describe`. */
export function useBrowser(): { readonly newPage: Browser['newPage'] } {
  let browser: Browser;
  beforeAll(async () => {
    const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--headless', '--no-sandbox', ...quiet, '--disable-component-update', '--disable-sync'],
    });
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
  });
  return { newPage: (options) => browser.newPage(options) };
}

/** What a page complains of: errors that nobody has caught, and those that it has logged. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  return complaints;
}

/** Pictures of a page, on a light ground and on a dark one, for people to look at. */
export async function pictured(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}.png`) });
  }
}
