/**
 * Writes the pictures of docs/seeing.md, which are those of the example that it is about. `npm run pictures`; a test says so when they
 * are not what is drawn today.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../examples/19-seeing/main.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'pictures');

/** The pictures as they are drawn now, by the names of their files. */
export async function pictures(): Promise<{ readonly [file: string]: string }> {
  const { definition, underWay, timeline } = await main(() => {});
  return { 'order.svg': definition, 'order-run.svg': underWay, 'order-timeline.svg': timeline };
}

/** One as it stands in the docs. */
export function pictureOnDisk(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

if (process.argv[1] === import.meta.filename)
  for (const [file, svg] of Object.entries(await pictures())) writeFileSync(join(FOLDER, file), svg);
