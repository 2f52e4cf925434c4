/**
 * Definitions as plain data, for those that come from a file or are put together by a program.
 * They become the same definitions as the builders make, and every fault is told at once.
 */
import { createSignalbox, DefinitionInvalid, defineOrchestrator, defineTrack, task } from 'signalbox';
import { z } from 'zod';

const Text = z.object({ text: z.string() });
const registry = {
  draft: task('draft', { input: Text, output: Text, run: ({ input }) => ({ text: `${input.text}, drafted` }) }),
  polish: task('polish', { input: Text, output: Text, run: ({ input }) => ({ text: `${input.text}, polished` }) }),
};

const write = defineTrack({
  name: 'write',
  input: Text,
  registry,
  tasks: [
    { task: 'draft', input: { text: { from: 'input.text', or: { value: 'nothing' } } } },
    { task: 'polish', input: '$.previous' },
  ],
});
const publish = defineTrack({
  name: 'publish',
  input: Text,
  registry,
  tasks: [{ task: 'polish', input: ({ input }) => input }],
});

export const article = defineOrchestrator({
  name: 'article',
  version: '1',
  input: Text,
  tracks: { write, publish },
  dependencies: { publish: ['write'] },
  inputMappings: { write: '$.input', publish: ({ outputs }) => outputs.write },
  output: ({ outputs }) => outputs.publish,
});

export const faulty = defineOrchestrator({
  name: 'faulty',
  version: '1',
  input: Text,
  tracks: { write, publish },
  dependencies: { write: ['publish'], publish: ['write', 'pubish'] as never },
  inputMappings: { write: ({ input }) => input, publish: ({ input }) => input },
});

export async function main(print: (line: string) => void = console.log) {
  await using box = await createSignalbox({ orchestrators: [article] });
  const result = await (await box.start(article, { input: { text: 'an idea' } })).result();
  print(JSON.stringify(result));

  const error = await createSignalbox({ orchestrators: [faulty] }).catch((refused: unknown) => refused);
  if (error instanceof DefinitionInvalid) print(error.message);
  return { result, error };
}

if (import.meta.main) await main();
