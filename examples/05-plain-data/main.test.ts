/** A definition made of plain data runs, and one with faults tells them all. */
import { DefinitionInvalid } from 'signalbox';
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('plain data runs like built definitions, and both faults of the faulty one are told (S3)', async () => {
  const { result, error } = await main(() => {});
  expect(result).toEqual({ text: 'an idea, drafted, polished, polished' });
  expect(error).toBeInstanceOf(DefinitionInvalid);
  expect((error as DefinitionInvalid).faults.map(({ code }) => code).sort()).toEqual(['cycle', 'unknown-reference']);
});
