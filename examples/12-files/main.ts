/**
 * The words in the files of a folder: one step lists them, a collection reads them, three at a time, and an
 * aggregate adds up what they gave. The list is made by a step and not by `over`: a folder may have changed by the
 * time that `over` is asked again.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';

const Folder = z.object({ folder: z.string() });
const Counted = z.object({ file: z.string(), words: z.number().int() });

const list = task('list', {
  input: Folder,
  output: z.array(z.string()),
  run: async ({ input }) => (await readdir(input.folder)).sort(),
});

const count = task('count', {
  input: z.object({ folder: z.string(), file: z.string() }),
  output: Counted,
  run: async ({ input: { folder, file }, signal }) => {
    const text = await readFile(join(folder, file), { encoding: 'utf8', signal });
    return { file, words: text.split(/\s+/).filter(Boolean).length };
  },
});

const words = track('words', { input: Folder })
  .step('files', list, ({ input }) => input)
  .map('counts', {
    over: ({ outputs }) => outputs.files,
    filter: ({ item }) => item.endsWith('.txt'),
    each: { do: count, input: ({ item, input }) => ({ folder: input.folder, file: item }) },
    concurrency: 3,
  })
  .aggregate('total', {
    output: z.object({ files: z.number(), words: z.number(), longest: z.string().nullable() }),
    of: ({ outputs: { counts } }) => ({
      files: counts.length,
      words: counts.reduce((sum, { words }) => sum + words, 0),
      longest: counts.toSorted((one, other) => other.words - one.words)[0]?.file ?? null,
    }),
  });

export const census = orchestrator('census', { version: '1', input: Folder })
  .track('words', words, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.words);

export async function main(print: (line: string) => void = console.log) {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-files-'));
  try {
    for (const words of [3, 8, 5, 1, 13, 2, 21]) await writeFile(join(folder, `${words}.txt`), 'word '.repeat(words));
    await writeFile(join(folder, 'picture.png'), 'no words');

    await using box = await createSignalbox({ orchestrators: [census] });
    let [open, most] = [0, 0];
    const isItem = (path: string) => path.startsWith('words/counts/');
    box.on('step.started', ({ path }) => {
      if (isItem(path)) most = Math.max(most, ++open);
    });
    box.on('step.completed', ({ path }) => {
      if (isItem(path)) open -= 1;
    });

    const total = await (await box.start(census, { input: { folder } })).result();
    print(`${total.words} words in ${total.files} files, most of them in ${total.longest}`);
    print(`${most} files at a time`);
    return { total, most };
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
