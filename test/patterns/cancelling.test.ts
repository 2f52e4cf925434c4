/** Control-flow patterns: a step, several steps, items or the whole run are stopped while they are under way. */
import { orchestrator, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { alone, does, hours, Nothing, scene, takes } from './scene.ts';

const paint = takes('paint', 3);
const stop = track('stop', { input: Nothing }).wait('asked', { signal: 'stop' });
const clean = does('clean');

const withdrawn = track('wall', { input: Nothing })
  .parallel('work', { paint, stop }, { strategy: 'race' })
  .step('clean', clean);

test('WCP-19 cancel task: a signal withdraws a step that is under way, and the track goes on', async () => {
  await using play = await scene(alone(withdrawn));
  await play.pass(1);
  expect(await play.signal('stop')).toBe('accepted');

  expect(await play.output()).toBe('clean');
  expect(await play.history('t/work/paint', 't/work/stop', 't/clean')).toEqual([
    'track.started t/work/paint',
    'track.started t/work/stop',
    'track.completed t/work/stop',
    'track.cancelling t/work/paint',
    'track.cancelled t/work/paint',
    'step.started t/clean',
    'step.completed t/clean',
  ]);
});

test('WCP-20 cancel case: the whole run is cancelled, and all that is under way in it', async () => {
  await using play = await scene(alone(withdrawn));
  await play.pass(1);
  await play.run().cancel({ reason: 'sold' });

  expect(await play.run().outcome()).toMatchObject({ status: 'cancelled' });
  expect((await play.history()).slice(-6)).toEqual([
    'step.cancelled t/work/stop/asked',
    'track.cancelled t/work/paint',
    'track.cancelled t/work/stop',
    'step.cancelled t/work',
    'track.cancelled t',
    'run.cancelled',
  ]);
});

const kitchen = takes('kitchen', 1);
const hall = does('hall');
const roof = takes('roof', 3);

const region = orchestrator('house', { version: '1', input: Nothing })
  .track(
    'walls',
    track('walls', { input: Nothing })
      .parallel(
        'region',
        {
          rooms: track('rooms', { input: Nothing }).parallel('both', { bath: paint, kitchen }).step('hall', hall),
          stop,
        },
        { strategy: 'race' },
      )
      .step('clean', clean),
  )
  .track('roof', roof);

test('WCP-25 cancel region: a signal withdraws several steps, and what lies outside goes on', async () => {
  await using play = await scene(region);
  await play.pass(1);
  expect(await play.signal('stop')).toBe('accepted');

  expect(await play.output()).toEqual({ walls: 'clean', roof: 'roof' });
  const ends = (await play.history()).filter((line) => /(completed|cancelled|skipped) (walls.region|roof$)/.test(line));
  expect(ends).toEqual([
    'step.completed walls/region/rooms/both/kitchen/time',
    'track.completed walls/region/rooms/both/kitchen',
    'step.completed walls/region/stop/asked',
    'track.completed walls/region/stop',
    'step.skipped walls/region/rooms/hall',
    'step.cancelled walls/region/rooms/both/bath/time',
    'track.cancelled walls/region/rooms/both/bath',
    'step.cancelled walls/region/rooms/both',
    'track.cancelled walls/region/rooms',
    'step.completed walls/region',
    'track.completed roof',
  ]);
});

const List = z.object({ list: z.array(z.number()) });

const items = track('walls', { input: List })
  .parallel(
    'work',
    {
      walls: {
        do: track('each', { input: List }).map('wall', { over: ({ input }) => input.list, each: hours }),
        input: ({ input }) => input,
      },
      stop,
    },
    { strategy: 'race' },
  )
  .branch('then', { when: [[({ outputs }) => outputs.work.walls !== null, clean]], otherwise: null });

test('WCP-26 cancel multiple instance task: a signal withdraws the items that have not ended', async () => {
  await using play = await scene(alone(items), { input: { list: [1, 2, 3] } });
  await play.pass(1);
  expect(await play.signal('stop')).toBe('accepted');

  expect(await play.output()).toBe(null);
  expect(
    await play.history('t/work/walls/wall/0', 't/work/walls/wall/1', 't/work/walls/wall/2', 't/then/clean'),
  ).toEqual([
    'step.started t/work/walls/wall/0',
    'step.started t/work/walls/wall/1',
    'step.started t/work/walls/wall/2',
    'step.completed t/work/walls/wall/0',
    'step.cancelling t/work/walls/wall/1',
    'step.cancelling t/work/walls/wall/2',
    'step.cancelled t/work/walls/wall/1',
    'step.cancelled t/work/walls/wall/2',
    'step.skipped t/then/clean',
  ]);
});

const kept = track('walls', { input: List })
  .set('none', { painted: [] })
  .parallel(
    'work',
    {
      walls: {
        do: track('each', { input: List }).map('wall', {
          over: ({ input }) => input.list,
          each: track('wall', { input: z.number() })
            .step('paint', hours, ({ input }) => input)
            .set('keep', { painted: ({ run, previous }) => [...(run.variables.painted as number[]), previous] }),
        }),
        input: ({ input }) => input,
      },
      stop,
    },
    { strategy: 'race' },
  )
  .step('clean', clean)
  .output(({ run }) => run.variables.painted);

test('WCP-27 complete multiple instance task: a signal withdraws the items that are left, and what the others made is kept', async () => {
  await using play = await scene(alone(kept), { input: { list: [1, 3, 1, 2] } });
  await play.pass(1);
  expect(await play.signal('stop')).toBe('accepted');

  expect(await play.output()).toEqual([1, 1]);
  expect(await play.history('t/work/walls', 't/work/stop', 't/clean')).toEqual([
    'track.started t/work/walls',
    'track.started t/work/stop',
    'track.completed t/work/stop',
    'track.cancelling t/work/walls',
    'track.cancelled t/work/walls',
    'step.started t/clean',
    'step.completed t/clean',
  ]);
});
