/**
 * Installs the package as a stranger would and uses it: packs the tarball, installs it into an
 * empty folder without anything that only development needs, imports each entry point, runs a
 * small orchestration to its end, and compiles a library that exports definitions of its own.
 * Expects `dist` to be built.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = `
import assert from 'node:assert/strict';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { restoreFrom, stateFile } from 'signalbox/files';
import { progressOf } from 'signalbox/inspect';
import { openTelemetry } from 'signalbox/opentelemetry';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';
import { fakeClock } from 'signalbox/testing';

// The least that a schema can be: nothing but the standard.
const anything = { '~standard': { version: 1, vendor: 'smoke', validate: (value) => ({ value }) } };
const busyOnce = ({ input, attempt }) => {
  if (attempt === 1) throw new Error('busy');
  return input + 1;
};
const add = task('add', { input: anything, output: anything, retry: { maxAttempts: 2, delay: '1h' }, run: busyOnce });
const sum = track('sum', { input: anything }).step('one', add, ({ input }) => input).step('two', add, ({ previous }) => previous);
const total = orchestrator('total', { version: '1', input: anything })
  .track('sum', sum, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.sum);

const clock = fakeClock();
const box = clock.follow(await createSignalbox({ orchestrators: [total], clock }));
const run = await box.start(total, { input: 40 });
await clock.advance('2h');
assert.equal(await run.result(), 42);
await box.close();
// In a file, and by the thread that comes with the package.
const warnings = [];
process.on('warning', ({ code }) => warnings.push(code));
const durable = clock.follow(await createSignalbox({ orchestrators: [total], store: sqlite('runs.db', { thread: 'always' }), clock }));
const kept = await durable.start(total, { input: 1 });
await clock.advance('2h');
assert.equal(await kept.result(), 3);
await durable.close();
assert.ok(!warnings.includes('SIGNALBOX_THREAD'));
// Drivers are not installed with the package. Each is missed when it is needed, in words.
for (const [driver, store] of [['pg', postgres('postgres://localhost')], ['@redis/client', redis('redis://localhost')]]) {
  const missing = (error) => error.code === 'driver-missing' && error.message.endsWith(\`npm install \${driver}\`);
  await assert.rejects(createSignalbox({ store }), missing);
}
// Neither is the API of OpenTelemetry: nothing is traced, and the log says so once.
const lines = [];
const untraced = clock.follow(await createSignalbox({ orchestrators: [total], clock, tracing: openTelemetry(), logger: (line) => lines.push(line) }));
const plain = await untraced.start(total, { input: 1 });
await clock.advance('2h');
assert.equal(await plain.result(), 3);
await untraced.close();
assert.equal(lines.filter(({ message }) => message.includes('npm i @opentelemetry/api')).length, 1);
assert.equal(typeof progressOf, 'function');
assert.deepEqual([typeof stateFile, typeof restoreFrom], ['function', 'function']);
console.log('an orchestration ran to its end from the installed package');
`;

// The program that comes along, with definitions of the stranger's own: a run that waits is seen, told something, and gone on with.
const APP = `
import { orchestrator, track } from 'signalbox';
const input = { '~standard': { version: 1, vendor: 'smoke', validate: (value) => ({ value }) } };
const asks = track('asks', { input }).wait('word', { signal: 'word', payload: input });
export const orchestrators = [orchestrator('asks', { version: '1', input }).track('asks', asks, { input: () => ({}) })];
`;
const ASKS = `
import { createSignalbox } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { orchestrators } from './app.js';
const box = await createSignalbox({ orchestrators, store: sqlite('asks.db') });
await box.start(orchestrators[0], { id: 'a', input: {} });
await box.close();
`;

// What a declaration file says must be nameable from an entry point: if this fails with TS2883,
// the type that the message names is missing from `src/entries/types.ts`.
const LIBRARY = `
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { compositeTrack, createSignalbox, defineTrack, orchestrator, orchestratorMachine, pipe, program, task, taskMachine, track } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { redis } from 'signalbox/redis';
import { sqlite } from 'signalbox/sqlite';

declare const Amount: StandardSchemaV1<{ cents: number }>;
export const charge = task('charge', { input: Amount, output: Amount });
export const refund = task('refund', { input: Amount, output: Amount, run: ({ input }) => input });
export const pay = track('pay', { input: Amount }).step('charge', charge, ({ input }) => input).step('refund', refund, pipe);
export const both = compositeTrack('both', { input: Amount, tracks: { pay: { do: pay, input: ({ input }) => input } } });
export const document = defineTrack({ name: 'document', input: Amount, tasks: [{ task: refund, input: ({ input }) => input }] });
export const order = orchestrator('order', { version: '1', input: Amount }).track('pay', pay, { input: ({ input }) => input });
export const done = order.output(({ outputs }) => outputs.pay);
export const box = await createSignalbox({ orchestrators: [done], tasks: { charge: ({ input }) => input } });
export const run = await box.start(done, { input: { cents: 1 } });
export const machines = { taskMachine, orchestratorMachine };
export const stores = { file: sqlite('orders.db'), shared: postgres('postgres://localhost'), fast: redis('redis://localhost') };
export const waits = track('waits', { input: Amount }).wait('paid', { signal: 'paid', payload: Amount });
export const asks = track('asks', { input: Amount })
  .approval('release', { ask: 'Well?', value: Amount, decisions: { approve: Amount, edit: true, reject: true } })
  .approval('usual', { ask: 'Well?' })
  .gate('quality', { criteria: { n: { min: 1 } }, values: () => ({ n: 1 }) });
export const reviewed = task('reviewed', { input: Amount, output: Amount, review: { ask: 'Well?', decisions: ['approve', 'retry'] } });
export const approved = orchestrator('approved', { version: '1', input: Amount, approval: { ask: 'Begin?' } });
export const phases = program('phases', {
  version: '1',
  input: Amount,
  approval: { ask: ({ input, run }) => \`\${run.id} \${input.cents}\` },
  phases: {
    one: {
      tasks: { pay: { do: pay, input: ({ input }) => input }, refund: { do: refund, input: ({ input, phases, tasks }) => input, notes: () => ({ learnings: ['x'] }) } },
      gate: { criteria: { n: { min: 1 } }, values: () => ({ n: 1 }), review: { ask: ({ judgement }) => String(judgement.score) } },
      approval: { ask: ({ tasks }) => String(tasks.pay), value: Amount, propose: ({ input }) => input, decisions: { approve: Amount, edit: true } },
    },
    two: { background: true, tasks: { waits: { do: waits, input: ({ input }) => input } } },
  },
});
`;
// What that library's own users see: nothing of ours but what an entry point has.
const USER = `
import { createSignalbox } from 'signalbox';
import { charge, done, pay } from './out/library.js';
export const names: readonly ['charge', 'pay'] = [charge.name, pay.name];
await createSignalbox({ orchestrators: [done], tasks: { charge: ({ input }) => ({ cents: input.cents }) } });
`;
const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  strict: true,
  declaration: true,
  outDir: 'out',
  rootDir: '.',
  types: [],
};

const folder = mkdtempSync(join(tmpdir(), 'signalbox-smoke-'));
try {
  // `--ignore-scripts`: `prepack` builds, and whoever calls this has built already.
  const packed = JSON.parse(npm(process.cwd(), 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  const [{ filename, files, size }] = packed as [
    { filename: string; files: readonly { path: string }[]; size: number },
  ];
  console.log(`${filename}: ${files.length} files, ${Math.round(size / 1024)} kB`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  npm(folder, 'install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`);
  const home = join(folder, 'node_modules/signalbox');
  const maps = globSync('dist/**/*.map', { cwd: home });
  const lost = maps.flatMap((map) => {
    const { sources } = JSON.parse(readFileSync(join(home, map), 'utf8')) as { readonly sources: readonly string[] };
    if (sources.length === 0) return [map];
    // What was built in of another package has its sources there.
    const ours = sources.filter((source) => !source.includes('node_modules'));
    return ours.map((source) => join(home, map, '..', source)).filter((source) => !existsSync(source));
  });
  if (maps.length === 0 || lost.length > 0) throw new Error(`source maps lead nowhere: ${lost.join(', ') || 'none'}`);
  writeFileSync(join(folder, 'main.js'), PROGRAM);
  node(folder, 'main.js');
  writeFileSync(join(folder, 'app.js'), APP);
  writeFileSync(join(folder, 'asks.js'), ASKS);
  node(folder, 'asks.js');
  const status = program(0, 'status', 'a');
  if (!status.includes('waiting for signal "word"')) throw new Error(`signalbox status says ${status}`);
  program(3, 'resume', 'a', '--app', 'app.js');
  program(0, 'signal', 'a', 'word', '1', '--app', 'app.js');
  program(0, 'resume', 'a', '--app', 'app.js');
  // The driver is not installed with the package.
  const missing = program(2, 'status', '--store', 'postgres://localhost');
  if (!missing.endsWith('npm install pg\n')) throw new Error(`signalbox status says ${missing}`);
  console.log('signalbox goes on with a run from the installed package');
  writeFileSync(join(folder, 'library.ts'), LIBRARY);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['library.ts'] }));
  node(process.cwd(), 'node_modules/typescript/bin/tsc', '-p', folder);
  writeFileSync(join(folder, 'user.ts'), USER);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
  node(process.cwd(), 'node_modules/typescript/bin/tsc', '-p', folder);
  console.log('a library that exports definitions compiles against it, with declarations and without skipLibCheck');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function node(cwd: string, ...args: string[]): void {
  const { status, signal } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit', timeout: 60_000 });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

/** `npx signalbox …` on a file of runs: what it writes, if it ends as it has to. */
function program(code: number, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(folder, 'node_modules/.bin/signalbox'), args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    shell: process.platform === 'win32',
    env: { ...process.env, ...(args.includes('--store') ? {} : { SIGNALBOX_STORE: 'asks.db' }) },
  });
  if (status !== code)
    throw new Error(`signalbox ${args.join(' ')} ended with exit code ${status}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
