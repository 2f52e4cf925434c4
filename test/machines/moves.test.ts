/**
 * What every machine makes of every event, in each of its states and with memories that differ in what matters, is what `moves.txt` says.
 * Runs on disk go on by it: a change there is a change of what becomes of them, and is read before it is taken over
 * (`npx vitest run test/machines/moves.test.ts -u`).
 */
import { expect, test } from 'vitest';
import { builtInKinds } from '../../src/machines/index.ts';
import { movesOf, wordsOf } from '../helpers/moves.ts';
import { memoriesOf, scenesOf } from '../helpers/scenes.ts';

test('what a machine makes of an event, tells and keeps is the same in each version, for each state and memory (I5, I9)', async () => {
  const states = new Map<string, string>();
  const first = new Map<string, string>();
  /** As of another kind, where it is the same. */
  const told = (name: string, what: string, key: string, text: () => string): string => {
    const same = first.get(key);
    if (same !== undefined) return `${what} ${same}`;
    first.set(key, name);
    return text();
  };
  const pages = builtInKinds.names().map((name) => {
    const kind = builtInKinds.get(name);
    const scenes = scenesOf(name);
    const moves = (known: () => Map<string, string>): string =>
      scenes.flatMap((scene) => movesOf(kind, scene, known())).join('\n');
    const words = wordsOf(kind, memoriesOf(name), scenes[0] as (typeof scenes)[number]).join('\n');
    const all = moves(() => new Map());
    return [
      `## ${name}`,
      told(name, 'moves as', all, () => moves(() => states)),
      told(name, 'is told and kept as', words, () => words),
    ].join('\n\n');
  });
  await expect(pages.join('\n')).toMatchFileSnapshot('./moves.txt');
});
