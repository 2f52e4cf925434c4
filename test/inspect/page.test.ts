/**
 * The page of the inspector in Chromium: what somebody sees who opens its address while a run is under way. It may load nothing, and
 * nothing that a run is called becomes markup.
 */
import { type AnyOrchestrator, createSignalbox, orchestrator, type Run, track } from 'signalbox';
import { inspectorServer } from 'signalbox/inspect';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lively } from '../charts/lively.ts';
import { complaintsOf, IN_A_BROWSER, isHere, pictured, useBrowser } from '../helpers/browser.ts';
import { PATIENCE } from '../helpers/installed.ts';
import { Anything, eventsOf, stage, work } from '../helpers/stage.ts';

describe.skipIf(!isHere)(IN_A_BROWSER, () => {
  const browser = useBrowser();
  let page: Page;
  let complaints: string[] = [];
  let asked: string[] = [];

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.setDefaultTimeout(PATIENCE / 4);
    complaints = complaintsOf(page);
    asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).host));
  });
  afterEach(() => page?.close());

  test('the chart of the orchestrator comes first, with every actor and event below it', {
    timeout: PATIENCE,
  }, async () => {
    const { box, run, desk, clock } = await lively();
    await using inspector = await inspectorServer(box);
    await page.goto(inspector.page(run.id));
    await page.getByRole('img', { name: /^fulfilment, version 3: run order-17 is/ }).waitFor();
    await page.getByRole('heading', { name: 'order-17' }).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    const { tracks, steps } = await run.snapshot();
    const actors = page.locator('#actors li');
    await expect.poll(() => actors.count()).toBe(Object.keys(tracks).length + Object.keys(steps).length);
    const actor = (path: string) => page.locator('#actors').getByTitle(path, { exact: true });
    // A row is there before it is drawn.
    await expect
      .poll(() => actor('parcels/lines').textContent())
      .toMatch(/28 completed.*3 failed|3 failed.*28 completed/);
    await pictured(page, 'inspector');

    // One actor is chosen: its details, and no events but its own.
    await actor('intake/reserve').click();
    await expect.poll(() => page.locator('#detail').textContent()).toContain('"status": "completed"');
    const where = page.locator('#events li .where');
    await expect.poll(async () => new Set(await where.allTextContents())).toEqual(new Set(['intake/reserve']));
    await page.getByRole('button', { name: 'show all' }).click();
    const { length: before } = await eventsOf(run);
    await expect.poll(() => where.count()).toBe(before);

    // What has come just before an actor is chosen, and is not drawn yet, is drawn once.
    await page.evaluate(`globalThis.later = setTimeout; setTimeout = (act, ms) => later(act, ms === 30 ? 1_000 : ms);`);
    await box.run(run.id).pause();
    await box.run(run.id).resume();
    await page.waitForTimeout(300);
    await actor('intake/reserve').click();
    await page.getByRole('button', { name: 'show all' }).click();
    await page.waitForTimeout(1_200);
    expect(await where.count()).toBe(before + 2);
    await page.evaluate('setTimeout = later');

    // What happens now is seen now; its events, too, unless another actor is chosen.
    await actor('intake/reserve').click();
    const status = actor('payment/paid').locator('.state');
    expect(await status.textContent()).toBe('waiting');
    await run.signal('paid');
    await clock.advance(0);
    await expect.poll(() => status.textContent()).toBe('completed');
    expect(new Set(await where.allTextContents())).toEqual(new Set(['intake/reserve']));
    await page.getByRole('button', { name: 'show all' }).click();
    await expect.poll(() => where.allTextContents()).toContain('payment/paid');
    desk.give('payment/book#1');
    await clock.advance(0);
    await run.cancel();
    await clock.advance(0);
    await page.getByText('the run has ended').waitFor();
    await page.getByRole('img', { name: 'fulfilment, version 3: run order-17 is cancelled' }).waitFor();
    expect(complaints).toEqual([]);
    expect(new Set(asked)).toEqual(new Set([`127.0.0.1:${inspector.port}`]));
    await box.close();
  });

  test('names that look like markup are names', { timeout: PATIENCE }, async () => {
    const evil = `<img src=x onerror="globalThis.harmed=1">`;
    const flow = orchestrator(evil, { version: '</style><script>globalThis.harmed=1</script>', input: Anything }).track(
      '<b>',
      track('<b>', { input: Anything }).step(evil.replaceAll('/', ''), work) as never,
    ) as unknown as AnyOrchestrator;
    const { clock, options } = stage();
    await using box = clock.follow(await createSignalbox({ ...options, orchestrators: [flow] }));
    const run = (await box.start(flow, { id: '<i>17', input: null } as never)) as Run;
    await clock.advance(0);
    await using inspector = await inspectorServer(box);
    await page.goto(inspector.page(run.id));
    await page.getByRole('heading', { name: '<i>17' }).waitFor();
    await expect.poll(() => page.locator('#actors li').count()).toBe(2);
    await page.locator('#drawing svg').waitFor();
    expect(await page.locator('#actors b, #actors img, #drawing img, #drawing script, h1 i').count()).toBe(0);
    expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('a wrong token shows nothing of a run', { timeout: PATIENCE }, async () => {
    const { box, run } = await lively();
    await using inspector = await inspectorServer(box);
    const answer = await page.goto(inspector.page(run.id).replace(inspector.token, 'x'.repeat(24)));
    expect(answer?.status()).toBe(401);
    expect(await page.locator('body').textContent()).not.toContain('fulfilment');
    await box.close();
  });
});
