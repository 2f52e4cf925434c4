/** What the census of a folder adds up to. */
import { createSignalbox } from 'signalbox';
import { expect, test } from 'vitest';
import { census, main } from './main.ts';

test('reads the text files of a folder three at a time, and adds up what is in them', async () => {
  const lines: string[] = [];
  const { total, most } = await main((line) => lines.push(line));

  expect(total).toEqual({ files: 7, words: 53, longest: '21.txt' });
  expect(most).toBe(3);
  expect(lines).toEqual(['53 words in 7 files, most of them in 21.txt', '3 files at a time']);
});

test('a folder that is not there fails the step that lists it', async () => {
  await using box = await createSignalbox({ orchestrators: [census], logger: () => {} });
  const { error } = await (await box.start(census, { input: { folder: '/nowhere/at/all' } })).outcome();

  expect(error).toMatchObject({ path: 'words/files', message: expect.stringContaining('ENOENT') });
});
