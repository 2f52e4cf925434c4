/**
 * Runs the package as it is built on other Nodes than this one: the floor of `engines`, the first 24 and the newest one pass
 * the store suite, in memory and in a file, and finish a run in a file; an older one is told in a sentence what it lacks.
 * Test runners want a newer Node than the package does, so the suite is run by a few lines of its own.
 *
 * The binaries are those of the npm package `node`. Expects `dist` to be built.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const PATIENCE = 240_000;

const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
};
const floor = `${engines.node.replace('>=', '')}.0`;
const NODES = [floor, '24.0.0', '24'];
const TOO_OLD = ['20'];

/** In each store: every case, and a run that takes its time, is tried again, and ends. */
const PROGRAM = `
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { storeSuite } from 'signalbox/testing';

const inFile = (options) => () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  return { open: () => sqlite(join(folder, 'runs.db'), options), dispose: () => rmSync(folder, { recursive: true }) };
};
const stores = {
  memory: () => { const store = memory(); return { open: () => store }; },
  'a file': inFile({}),
  'a file, by a thread': inFile({ thread: 'always' }),
};
const anything = { '~standard': { version: 1, vendor: 'nodes', validate: (value) => ({ value }) } };
const add = task('add', {
  input: anything, output: anything, retry: { maxAttempts: 2, delay: 1 },
  run: ({ input, attempt }) => { if (attempt === 1) throw new Error('busy'); return input + 1; },
});
const sum = track('sum', { input: anything }).step('one', add, ({ input }) => input).sleep('rest', 5).step('two', add, ({ outputs }) => outputs.one);
const total = orchestrator('total', { version: '1', input: anything })
  .track('sum', sum, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.sum);

let cases = 0;
for (const [name, make] of Object.entries(stores)) {
  for (const { title, run } of storeSuite(make, { sequential: true })) {
    await run().catch((error) => {
      process.exitCode = 1;
      console.log('FAIL ' + name + ': ' + title + '\\n' + error.stack);
    });
    cases += 1;
  }
  const place = make();
  const box = await createSignalbox({ store: await place.open(), orchestrators: [total] });
  try {
    assert.equal(await (await box.start(total, { input: 40 })).result(), 42);
  } finally {
    await box.close();
    await place.dispose?.();
  }
}
console.log(cases + ' cases, and a run in each store');
`;

const folder = mkdtempSync(join(tmpdir(), 'signalbox-nodes-'));
try {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/signalbox'), 'junction');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'nodes', private: true, type: 'module' }));
  writeFileSync(join(folder, 'program.js'), PROGRAM);
  for (const version of NODES) tell(version, run(installed(version), 'program.js'), 0, /^\d+ cases/m);
  for (const version of TOO_OLD) {
    const node = installed(version);
    for (const entry of ['signalbox', 'signalbox/sqlite']) {
      writeFileSync(join(folder, 'old.js'), `import '${entry}';`);
      tell(`${version}, ${entry}`, run(node, 'old.js'), 1, /signalbox needs Node [\d.]+ or later; this is [\d.]+\.$/m);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Where the binary of a version is. */
function installed(version: string): string {
  const home = join(folder, `node-${version}`);
  mkdirSync(home);
  // Its install script brings the binary for this machine.
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `node@${version}`], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: PATIENCE,
  });
  return join(home, 'node_modules/node/bin/node');
}

interface End {
  readonly status: number | string;
  readonly said: string;
}

function run(node: string, program: string): End {
  const { status, signal, stdout, stderr } = spawnSync(node, [program], {
    cwd: folder,
    encoding: 'utf8',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  return { status: status ?? String(signal), said: `${stdout}${stderr}` };
}

/** A line for each; all that was said if it is not what is expected. */
function tell(title: string, { status, said }: End, expected: number, line: RegExp): void {
  const found = line.exec(said);
  const ok = status === expected && found !== null;
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} Node ${title}: ${ok ? said.slice(found.index).split('\n')[0] : `ended with ${status}`}`,
  );
  if (ok) return;
  console.log(said);
  process.exitCode = 1;
}
