/**
 * The React example as Vite builds it, played in Chromium: an order is started, tried again, approved and delivered. Time is the page's,
 * and is moved by hand. The pictures that are taken on the way are for people to look at: `SIGNALBOX_PICTURES` says where they go.
 */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { complaintsOf, IN_A_BROWSER, isHere, pictured, useBrowser } from '../helpers/browser.ts';
import { installed, node, PATIENCE } from '../helpers/installed.ts';
import { ROOT } from '../helpers/sources.ts';
import { bundlers } from './bundlers.ts';

let folder = '';

beforeAll(async () => {
  folder = await installed('react');
  // Copied beside the package, as a user would: it needs nothing of this repository's.
  cpSync(join(ROOT, 'examples/20-react'), join(folder, 'app'), { recursive: true });
}, PATIENCE);

afterAll(() => {
  vi.unstubAllEnvs();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

test('the React example compiles against the package', { timeout: PATIENCE }, async () => {
  const said = await node('node_modules/typescript/bin/tsc', '-p', join(folder, 'app'));
  expect(said).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe.skipIf(!isHere)(IN_A_BROWSER, () => {
  const browser = useBrowser();

  // React says more of what is wrong in development, and mounts everything twice.
  describe.each(['production', 'development'])('built for %s', (mode) => {
    let page: Page;
    let complaints: string[] = [];

    beforeAll(async () => {
      vi.stubEnv('NODE_ENV', mode);
      const outDir = join(folder, mode);
      const chunkSizeWarningLimit = 2_000;
      await build({
        root: join(folder, 'app'),
        mode,
        logLevel: 'warn',
        build: { outDir, emptyOutDir: true, chunkSizeWarningLimit },
      });
    }, PATIENCE);

    beforeEach(async () => {
      page = await browser.newPage({ viewport: { width: 1180, height: 800 } });
      page.setDefaultTimeout(PATIENCE / 4);
      complaints = complaintsOf(page);
      await page.route('http://shop.test/**', (route) => {
        const { pathname } = new URL(route.request().url());
        return route.fulfill({ path: join(folder, mode, pathname === '/' ? 'index.html' : pathname) });
      });
      await page.clock.install();
      await page.goto('http://shop.test/');
      await page.getByRole('heading', { name: 'A new order' }).waitFor();
      await page.clock.pauseAt(Date.now() + 60_000);
    }, PATIENCE);

    afterEach(async () => {
      await page?.close();
      expect(complaints).toEqual([]);
    });

    const passes = (seconds: number) => page.clock.runFor(seconds * 1_000);
    const press = (name: string) => page.getByRole('button', { name }).click();
    const isSaid = (text: string | RegExp) => page.getByText(text).first().waitFor();

    async function picture(name: string): Promise<void> {
      if (mode === 'production') await pictured(page, `react-${name}`);
    }

    test('an order is seen running and retrying, is approved, and completes', { timeout: PATIENCE }, async () => {
      const authorise = page.getByRole('region', { name: 'payment/authorise' });
      await picture('new');
      await press('Place the order');
      await passes(0.5);
      await page.getByRole('heading', { name: 'Order 1' }).waitFor();
      await isSaid(/^running since \d+ ms \(payment\/authorise\), and 1 more under way$/);
      await passes(1.5);
      expect(await authorise.textContent()).toBe('payment/authorise retryingfailed: the bank is busy');
      await isSaid(/^waiting for attempt 2 since \d+ ms; attempt 2 begins in 3\.\d s/);
      await picture('retrying');
      await passes(7);
      expect(await authorise.textContent()).toBe('payment/authorise completedfailed: the bank is busycompleted');
      await isSaid(/^waiting for a decision of role sales/);
      expect(await page.getByRole('progressbar').getAttribute('value')).toBe('50');
      await page.getByRole('img', { name: 'order, version 1: run order-1 is waiting' }).waitFor();
      await picture('asking');
      await page.getByRole('form', { name: 'Send chair, lamp, table to Ada?' }).waitFor();
      await press('Approve');
      await passes(3);
      await page.getByRole('status').getByText('3 parcels are on their way, as track-order-1.').waitFor();
      await page.getByRole('img', { name: 'order, version 1: run order-1 is completed' }).waitFor();
      expect(await page.getByRole('listitem').filter({ hasText: 'run.completed' }).count()).toBe(1);
      expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
      await picture('delivered');
    });

    test('an application that is restored finds its run where it stands', { timeout: PATIENCE }, async () => {
      await press('Place the order');
      await passes(9);
      await isSaid(/^waiting for a decision/);
      await page.getByText('What the application keeps').click();
      const kept = JSON.parse((await page.locator('pre').textContent()) ?? '');
      expect(kept.children.order.snapshot).toEqual({ status: 'active', context: { run: 'order-1' }, begin: null });
      await press('Restore the application from it');
      await passes(1);
      await press('Approve');
      await passes(3);
      await page.getByRole('status').getByText('as track-order-1').waitFor();
    });

    test('what is rejected or cancelled is told, and another one can be ordered', { timeout: PATIENCE }, async () => {
      await press('Place the order');
      await passes(9);
      await page.getByLabel('Comment').fill('The lamp is broken');
      await press('Reject');
      await passes(1);
      await page.getByRole('status').getByText('The lamp is broken').waitFor();
      await press('Order again');
      await press('Place the order');
      await passes(1);
      await press('Cancel the order');
      await passes(1);
      await page.getByRole('status').getByText('Run "order-2" was cancelled').waitFor();
    });

    test('an order that cannot be started has no run, and says why', { timeout: PATIENCE }, async () => {
      for (const name of ['chair', 'lamp', 'table']) await page.getByLabel(name).uncheck();
      await press('Place the order');
      await passes(1);
      await page.getByRole('status').getByText('lines: choose something').waitFor();
      expect(await page.getByRole('img').count()).toBe(0);
    });
  });

  test('a component that selects from actorOf renders what is new, and reads nothing while it is gone', {
    timeout: PATIENCE,
  }, async () => {
    writeFileSync(join(folder, 'selecting.js'), selecting);
    const to = 'selecting.mjs';
    await bundlers.esbuild?.({ folder, from: 'selecting.js', to, format: 'esm', platform: 'browser' });
    const page = await browser.newPage();
    await page.addScriptTag({ path: join(folder, to), type: 'module' });
    // A module may run a moment after it was added.
    await page.waitForFunction('globalThis.answer !== undefined');
    expect(await page.evaluate('globalThis.answer')).toEqual({
      rendered: ['null', 'pending', 'waiting', 'completed'],
      readWhileGone: 0,
      status: 'done',
    });
    await page.close();
  });
});

/** One component, and one step that is waited at twice: the component goes while it waits, and comes back. */
const selecting = `
import { useSelector } from '@xstate/react';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { actorOf, createSignalbox, orchestrator, track } from 'signalbox';
const anything = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
const waits = track('waits', { input: anything }).wait('first', { signal: 'first' }).wait('second', { signal: 'second' });
const flow = orchestrator('flow', { version: '1', input: anything }).track('waits', waits, { input: ({ input }) => input });
const rendered = [];
const until = async (status) => {
  while (rendered.at(-1) !== status) await new Promise((resolve) => setTimeout(resolve, 1));
};
async function play() {
  const box = await createSignalbox({ orchestrators: [flow] });
  const run = await box.start(flow, { id: 'r', input: 1 });
  let reads = 0;
  const counted = (inner) => new Proxy(inner, {
    get: (_, name) => (...given) => {
      if (name === 'snapshot') reads += 1;
      return inner[name](...given);
    },
  });
  const step = actorOf({ run: (id) => counted(box.run(id)) }, 'r', 'waits/second');
  function Step() {
    const status = String(useSelector(step, ({ context }) => context.status));
    if (rendered.at(-1) !== status) rendered.push(status);
    return null;
  }
  const mounted = () => {
    const root = createRoot(document.createElement('div'));
    root.render(createElement(Step));
    return root;
  };
  const root = mounted();
  await until('pending');
  await run.signal('first');
  await until('waiting');
  root.unmount();
  reads = 0;
  await run.signal('second');
  await run.result();
  const readWhileGone = reads;
  mounted();
  await until('completed');
  return { rendered, readWhileGone, status: step.getSnapshot().status };
}
globalThis.answer = play();
`;
