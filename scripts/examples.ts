/**
 * Runs every numbered example as a program, one after the other, against `dist`: the package
 * as users have it. An example that exits with anything but 0, or never, fails the run; so does
 * one that is no program, unless it stands here who plays it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

const PATIENCE = 60_000;
const PLAYED_ELSEWHERE: { readonly [folder: string]: string } = {
  'examples/20-react': 'it is a page, which `npm run bundles` builds and plays in a browser',
};

const folders = globSync('examples/[0-9][0-9]-*').sort();
const failed: string[] = [];
for (const folder of folders) {
  const reason = PLAYED_ELSEWHERE[folder.replaceAll('\\', '/')];
  if (reason !== undefined) {
    console.log(`skip ${folder}: ${reason}`);
    continue;
  }
  const example = `${folder}/main.ts`;
  if (!existsSync(example)) {
    failed.push(example);
    console.log(`FAIL ${folder}: there is no main.ts to run`);
    continue;
  }
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

if (folders.length === 0) console.log('There is no examples/NN-name to run.');
process.exitCode = folders.length === 0 || failed.length > 0 ? 1 : 0;
