/** The page of diagrams is what the machines are (P116). */
import { expect, test } from 'vitest';
import { machinesPage, machinesPageOnDisk } from '../../scripts/diagrams.ts';
import { builtInKinds } from '../../src/machines/index.ts';

test('docs/machines.md is drawn from the machines as they are; `npm run diagrams` draws it again (P116)', () => {
  expect(machinesPageOnDisk()).toBe(machinesPage());
});

test('each kind has a diagram, and each of its states is in it (P116)', () => {
  const sections = machinesPageOnDisk().split(/^## /m).slice(1);
  for (const name of builtInKinds.names()) {
    const of = sections.filter((section) => section.split('\n')[0]?.split(', ').includes(name));
    expect([name, of.length]).toEqual([name, 1]);
    for (const state of Object.keys(builtInKinds.get(name).machine.states)) expect(of[0]).toMatch(`--> ${state}`);
  }
});
