/** The bare machines, watched by the Stately inspector. */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('an orchestrator runs as an ordinary actor, and the inspector is shown it with its track and its step', async () => {
  const { output, actors } = await main(() => {});
  expect(output).toBe('Hello, signal box!');
  expect(actors).toEqual(expect.arrayContaining(['greeting', 'say', 'hello']));
});
