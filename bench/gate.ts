/**
 * Is this checkout within 5 % of the baseline? `npm run bench:gate`. The baseline is a commit (`baseline.json`), not times: those of one
 * machine say nothing on another. It is unpacked and built beside this checkout, both do the same in turns, and a row that is slower
 * beyond noise ends it with code 1. Where the history does not reach back so far there is nothing to compare with, and it says so.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Baseline {
  readonly commit: string;
  readonly bound: number;
  readonly rounds: number;
  readonly groups: readonly string[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { commit, bound, rounds, groups } = JSON.parse(
  readFileSync(new URL('./baseline.json', import.meta.url), 'utf8'),
) as Baseline;

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with code ${status}.`);
}

const isKnown = spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root }).status === 0;
if (!isKnown) console.log(`Not compared: the baseline ${commit.slice(0, 12)} is not in this checkout's history.`);
else {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-baseline-'));
  try {
    const before = join(folder, 'before');
    mkdirSync(before);
    run('git', ['archive', '--output', join(folder, 'before.tar'), commit], root);
    run('tar', ['-xf', join(folder, 'before.tar'), '-C', before], root);
    symlinkSync(realpathSync(join(root, 'node_modules')), join(before, 'node_modules'));
    run(process.execPath, ['scripts/build.ts'], before);
    const options = ['--rounds', String(rounds), '--bound', String(bound)];
    const program = join(root, 'bench/turns.ts');
    process.exitCode =
      spawnSync(process.execPath, [program, before, root, ...groups, ...options], { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
