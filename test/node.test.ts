/** Which Node the package runs on. `scripts/nodes.ts` starts the older ones. */
import { expect, test } from 'vitest';
import { NodeTooOld } from '../src/errors/index.ts';
import { checkNode } from '../src/node.ts';
import { MANIFEST } from './helpers/sources.ts';

test.each(['20.19.5', '22.0.0', '22.12.0', '18.0.0-nightly'])('Node %s is refused in one sentence', (version) => {
  expect(() => checkNode(version)).toThrow(NodeTooOld);
  expect(() => checkNode(version)).toThrow(`signalbox needs Node 22.13 or later; this is ${version}.`);
});

test.each(['22.13.0', '22.20.1', '23.0.0', '24.0.0'])('Node %s is welcome', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test('the floor is that of the manifest', () => {
  const [, floor] = /^>=(\d+\.\d+)$/.exec(MANIFEST.engines.node) as RegExpExecArray;
  expect(() => checkNode(`${floor}.0`)).not.toThrow();
  const [major, minor] = (floor as string).split('.').map(Number) as [number, number];
  expect(() => checkNode(`${major}.${minor - 1}.9`)).toThrow(`Node ${floor} or later`);
});
