/**
 * A file that is replaced and never torn: the new text goes into a file beside it, which is synced and then takes its name. The one
 * before is kept under a name of its own. A process may be killed between any two lines in here.
 */
import { copyFile, link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '../errors/index.ts';

/** What the one before is called. */
export function beforeOf(path: string): string {
  return `${path}-before`;
}

/** What is in a file, and null where there is none. */
export async function textIn(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeIn(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Replaces a file, and keeps the one that was there if it is good. */
export async function replaceFile(path: string, text: string, keepsBefore: boolean): Promise<void> {
  const next = `${path}-next`;
  // What a process left that was killed while it wrote. It is made anew, and nothing that it may point to is written to.
  await rm(next, { force: true });
  const handle = await open(next, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (keepsBefore) await keep(path);
  await rename(next, path);
  await syncFolder(dirname(path));
}

/** Gives what is there another name, out of the way. */
export async function setFileAside(path: string, now: number): Promise<string> {
  const aside = `${path}-corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
  await rename(path, aside);
  await syncFolder(dirname(path));
  return aside;
}

/** The file has two names for a moment, so that it is there under its own all the time. */
async function keep(path: string): Promise<void> {
  const second = `${beforeOf(path)}-next`;
  await rm(second, { force: true });
  try {
    await link(path, second);
  } catch (error) {
    if (codeIn(error) === 'ENOENT') return;
    // Not every file system has a second name for a file.
    await copyFile(path, second);
    await sync(second);
  }
  await rename(second, beforeOf(path));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without it a name may be an older file again after a power cut. Windows does without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeIn(error: unknown): string {
  return String((error as { readonly code?: unknown } | null)?.code);
}

const REASONS: { readonly [code: string]: string } = {
  ENOSPC: 'the disk is full. Make room',
  EDQUOT: 'the quota of the disk is used up. Make room',
  EACCES: 'this process may not write there. Look at the rights of the folder',
  EPERM: 'this process may not write there. Look at the rights of the folder',
  EROFS: 'the disk is read-only',
  ENOENT: 'its folder is missing. Make it',
  ENOTDIR: 'its folder is a file. Look at the path',
  EISDIR: 'it is a folder. Look at the path',
  EIO: 'the disk reported an error. Look at the system log',
};

/** What is wrong with the disk, in words. */
export function diskReason(error: unknown): string {
  const known = REASONS[codeIn(error)];
  return known === undefined ? reasonOf(error) : `${known} (${reasonOf(error)})`;
}
