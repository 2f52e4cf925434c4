/**
 * What the actors that states invoke wait for and owe to the world is what `invoked.txt` says, and `traits.txt` what a kind says and
 * wishes beside its moves. A host acts by it, and `explain` says it: a change there is read before it is taken over
 * (`npx vitest run test/machines/invoked.test.ts -u`).
 */
import { expect, test } from 'vitest';
import type { Invoked } from '../../src/core/effect.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { invokedAs } from '../helpers/invoking.ts';
import { traitsOf } from '../helpers/traits.ts';

test('what is waited for, and what is owed to it, follows from a row and a definition alone (I7, P81)', async () => {
  const all = new Map<string, Invoked>();
  for (const name of builtInKinds.names())
    for (const [actor, invoked] of Object.entries(builtInKinds.get(name).actors)) all.set(actor, invoked);
  const pages = [...all].flatMap(([name, invoked]) => invokedAs(name, invoked));
  await expect(pages.join('\n')).toMatchFileSnapshot('./invoked.txt');
});

test('what a kind says of nodes, names and memories, and what its wishes do, is the same in each version (P81, P122)', async () => {
  const pages = builtInKinds.names().flatMap((name) => traitsOf(name, builtInKinds.get(name)));
  await expect(pages.join('\n')).toMatchFileSnapshot('./traits.txt');
});
