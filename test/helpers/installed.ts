/** The package as users get it, built from `src` into a folder of its own, so that no build is needed beforehand. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources.ts';

/** How long a program may take on a machine that has much to do, in milliseconds. */
export const PATIENCE = 60_000;

/** A folder in which `signalbox` is installed; the repository's other packages are found above it. */
export async function installed(name: string): Promise<string> {
  mkdirSync(join(ROOT, 'test/.tmp'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, `test/.tmp/${name}-`));
  const home = join(folder, 'node_modules/signalbox');
  const built = await node('scripts/build.ts', join(home, 'dist'));
  if (built.code !== 0) throw new Error(`src does not build:\n${built.stdout}${built.stderr}`);
  copyFileSync(join(ROOT, 'package.json'), join(home, 'package.json'));
  // A package of another name: else `signalbox` would mean the repository itself, and its `dist`.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `${name}-tests`, type: 'module' }));
  return folder;
}

/** Runs a program by Node, in the repository's folder. */
export function node(...args: readonly string[]): ReturnType<typeof nodeIn> {
  return nodeIn(ROOT, ...args);
}

/** Runs a program by Node in a folder of its own. */
export function nodeIn(
  cwd: string,
  ...args: readonly string[]
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, timeout: PATIENCE / 2 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}
