/** Hooks of one step that stands in several tracks (S31): each place has those of the tracks around it, whoever was asked for before. */
import { createSignalbox, orchestrator, type Signalbox, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { Anything, soon } from '../helpers/stage.ts';

const input = { input: Anything };
const echo = task('echo', { ...input, output: Anything, run: () => null });

test('a step of a track that stands in two others is asked for by the hooks of the one that it is in', async () => {
  const told: string[] = [];
  const hooks = (name: string) => [
    { name, beforeStep: ({ path }: { path: string }) => void told.push(`${name}: ${path}`) },
  ];
  const inner = track('inner', { ...input, hooks: hooks('inner') }).step('s', echo);
  const flow = orchestrator('flow', { version: '1', ...input })
    .track('left', track('left', { ...input, hooks: hooks('left') }).parallel('p', { in: inner }))
    .track('right', track('right', { ...input, hooks: hooks('right') }).parallel('p', { in: inner }));
  await using box = (await createSignalbox({ orchestrators: [flow], logger: () => {} })) as unknown as Signalbox;
  const run = await box.start(flow as never, { id: 'r', input: null } as never);
  await soon(run.outcome());
  expect(told.toSorted()).toEqual([
    'inner: left/p/in/s',
    'inner: right/p/in/s',
    'left: left/p/in/s',
    'right: right/p/in/s',
  ]);
});

test('a track is asked for by the hooks of those that it stands in, also if it has none itself', async () => {
  const told: string[] = [];
  const hooks = [{ name: 'outer', beforeTrack: ({ path }: { path: string }) => void told.push(path) }];
  const inner = track('inner', input).step('s', echo);
  const flow = orchestrator('flow', { version: '1', ...input }).track(
    'outer',
    track('outer', { ...input, hooks }).parallel('p', { in: inner }),
  );
  await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
  await soon((await box.start(flow, { input: null })).outcome());
  expect(told).toEqual(['outer', 'outer/p/in']);
});
