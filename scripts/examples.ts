/**
 * Runs every numbered example as a program, one after the other, against `dist`: the package
 * as users have it. An example that exits with anything but 0, or never, fails the run.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const PATIENCE = 60_000;

const examples = globSync('examples/[0-9][0-9]-*/main.ts').sort();
const failed: string[] = [];
for (const example of examples) {
  const started = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [example], {
    encoding: 'utf8',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${example} (${Math.round(performance.now() - started)} ms)`);
  if (status === 0) continue;
  failed.push(example);
  console.log(`${stdout}${stderr}It ended with ${signal ?? `exit code ${status}`}.`);
}

if (examples.length === 0) console.log('There is no examples/NN-name/main.ts to run.');
process.exitCode = examples.length === 0 || failed.length > 0 ? 1 : 0;
