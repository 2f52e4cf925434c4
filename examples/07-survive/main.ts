/**
 * A run that outlives its process: pages are fetched from a real HTTP server and written to a real folder, on a
 * SQLite store. In the middle the box goes away; another one opens the file and goes on where the first one was.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';

const Page = z.object({ url: z.string(), folder: z.string(), name: z.string() });

const fetchPage = task('fetchPage', {
  input: Page,
  output: z.object({ text: z.string() }),
  retry: { maxAttempts: 3, delay: '50ms' },
  run: async ({ input, signal }) => {
    const response = await fetch(`${input.url}/${input.name}`, { signal });
    if (!response.ok) throw new Error(`${input.name}: ${response.status}`);
    return { text: await response.text() };
  },
});

const writePage = task('writePage', {
  input: z.object({ folder: z.string(), name: z.string(), text: z.string() }),
  output: z.object({ file: z.string() }),
  run: ({ input }) => {
    const file = join(input.folder, `${input.name}.html`);
    writeFileSync(file, input.text);
    return { file };
  },
});

const page = track('page', { input: Page })
  .step('fetched', fetchPage, ({ input }) => input)
  .step('written', writePage, ({ input, previous }) => ({
    folder: input.folder,
    name: input.name,
    text: previous.text,
  }));

const Site = z.object({ url: z.string(), folder: z.string() });
export const publish = orchestrator('publish', { version: '1', input: Site })
  .track('home', page, { input: ({ input }) => ({ ...input, name: 'home' }) })
  .track('about', page, { after: ['home'], input: ({ input }) => ({ ...input, name: 'about' }) });

export async function main(print: (line: string) => void = console.log) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-survive-'));
  const asked: string[] = [];
  const hanging = Promise.withResolvers<void>();
  let up = false;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    // The second page does not answer while the first box lives.
    if (request.url === '/about' && !up) return hanging.resolve();
    response.end(`<h1>${request.url}</h1>`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = join(folder, 'runs.db');
  try {
    const first = await createSignalbox({ store: sqlite(file), orchestrators: [publish] });
    await first.start(publish, { id: 'site-1', input: { url, folder } });
    await hanging.promise;
    print(`the first box goes away while ${asked.at(-1)} is being fetched`);
    await first.close();

    up = true;
    await using second = await createSignalbox({ store: sqlite(file), orchestrators: [publish] });
    print('a second box opens the same file');
    const result = await second.run('site-1').result();
    print(JSON.stringify(result).replaceAll(folder, ''));
    print(`the server was asked for ${asked.join(', ')}`);
    const pages = readdirSync(folder).filter((name) => name.endsWith('.html'));
    return { asked, pages: pages.map((name) => readFileSync(join(folder, name), 'utf8')).sort() };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
