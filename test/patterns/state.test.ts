/** Control-flow patterns: what the state of a run, or something outside of it, decides. */
import { orchestrator, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { alone, does, Nothing, scene, takes, Text, tell } from './scene.ts';

const ship = takes('ship', 1);
const refund = takes('refund', 1);
const remind = does('remind');

const deferred = track('order', { input: Nothing })
  .parallel(
    'first',
    {
      paid: track('paid', { input: Nothing }).wait('comes', { signal: 'paid', payload: Text }),
      recalled: track('recalled', { input: Nothing }).wait('comes', { signal: 'recalled', payload: Text }),
      late: track('late', { input: Nothing }).sleep('time', '2d'),
    },
    { strategy: 'race' },
  )
  .branch('then', {
    when: [
      [({ outputs }) => outputs.first.paid !== null, ship],
      [({ outputs }) => outputs.first.recalled !== null, refund],
    ],
    otherwise: remind,
  });

test.each([
  ['paid', 'ship'],
  ['recalled', 'refund'],
  [null, 'remind'],
])('WCP-16 deferred choice: of several signals and a time the first to come decides, here %s', async (name, output) => {
  await using play = await scene(alone(deferred));
  expect(await play.history('t/then')).toEqual([]);
  if (name !== null) {
    expect(await play.signal(name, 'now')).toBe('accepted');
    expect(await play.signal(name === 'paid' ? 'recalled' : 'paid', 'now')).toBe('refused: signal-late');
  }

  expect(await play.output()).toBe(output);
  const first = (await play.history()).filter((line) => /(completed|cancelled) t.first.\w+$/.test(line));
  expect(first.filter((line) => line.startsWith('track.completed'))).toEqual([
    `track.completed t/first/${name ?? 'late'}`,
  ]);
  expect(first).toHaveLength(3);
});

const blood = takes('blood', 1);
const scan = takes('scan', 1);
const talk = takes('talk', 1);
const values = takes('values', 1);
const picture = takes('picture', 1);

const visit = orchestrator('visit', { version: '1', input: Nothing, concurrency: 1 })
  .track('blood', blood)
  .track('scan', scan)
  .track('values', values, { after: ['blood'] })
  .track('picture', picture, { after: ['scan'] });

test('WCP-17 interleaved parallel routing: one at a time, in an order that the dependencies allow', async () => {
  await using play = await scene(visit);
  await play.output();

  expect(await play.history('blood', 'scan', 'values', 'picture')).toEqual(
    ['blood', 'scan', 'values', 'picture'].flatMap((name) => [`track.started ${name}`, `track.completed ${name}`]),
  );
});

const changed = does('changed');

const milestone = orchestrator('order', { version: '1', input: Nothing })
  .track(
    'delivery',
    track('delivery', { input: Nothing })
      .sleep('checking', '1h')
      .set('opens', { open: true })
      .sleep('packing', '1h')
      .set('closes', { open: false })
      .sleep('driving', '1h'),
  )
  .track(
    'change',
    track('change', { input: Nothing })
      .wait('asked', { signal: 'change', where: ({ run }) => run.variables.open === true, timeout: '1d' })
      .step('changed', changed),
  );

test('WCP-18 milestone: a signal is taken only while another track is at the right place', async () => {
  await using play = await scene(milestone);
  expect(await play.signal('change')).toBe('refused: payload-invalid');
  await play.pass(1);
  expect(await play.signal('change')).toBe('accepted');
  await using late = await scene(milestone);
  await late.pass(2);
  expect(await late.signal('change')).toBe('refused: payload-invalid');

  expect(await play.output()).toEqual({ delivery: null, change: 'changed' });
  expect(await play.history('delivery/opens', 'change/changed', 'delivery/closes')).toEqual([
    'step.started delivery/opens',
    'step.completed delivery/opens',
    'step.started change/changed',
    'step.completed change/changed',
    'step.started delivery/closes',
    'step.completed delivery/closes',
  ]);
});

const meeting = track('meeting', { input: Nothing })
  .sleep('away', '1h')
  .wait('called', { signal: 'call', timeout: '1h', onTimeout: { value: 'nobody called' } });

test('WCP-23 transient trigger: in a box that keeps no signals, one that nobody waits for is lost, and its sender told so', async () => {
  await using play = await scene(alone(meeting), { signalBuffer: 0 });
  expect(await play.signal('call', 'too early')).toBe('refused: buffer-full');

  expect(await play.output()).toBe('nobody called');
  await using other = await scene(alone(meeting), { signalBuffer: 0 });
  await other.pass(1);
  expect(await other.signal('call', 'in time')).toBe('accepted');
  expect(await other.output()).toBe('in time');
});

test('WCP-24 persistent trigger: a signal that comes early is kept until a step waits for it', async () => {
  await using play = await scene(alone(meeting));
  expect(await play.signal('call', 'early')).toBe('buffered');

  expect(await play.output()).toBe('early');
  expect(await play.history('t/away', 't/called')).toEqual([
    'step.waiting t/away',
    'step.completed t/away',
    'step.waiting t/called',
    'signal.accepted t/called',
    'step.completed t/called',
  ]);
});

const prints = takes('prints', 1);

const section = orchestrator('print', { version: '1', input: Nothing })
  .track(
    'key',
    track('key', { input: Nothing }).step('lies', tell, () => ({ signal: 'key' })),
  )
  .track(
    'left',
    track('left', { input: Nothing })
      .wait('takes', { signal: 'key' })
      .step('prints', prints)
      .step('lays', tell, () => ({ signal: 'key' })),
  )
  .track(
    'right',
    track('right', { input: Nothing })
      .wait('takes', { signal: 'key' })
      .step('prints', prints)
      .step('lays', tell, () => ({ signal: 'key' })),
  );

test('WCP-39 critical section: of two tracks only that which has the key goes on', async () => {
  await using play = await scene(section);

  expect(await play.output()).toMatchObject({ left: 'accepted', right: 'refused' });
  expect(await play.history('left/prints', 'right/prints')).toEqual([
    'track.started left/prints',
    'track.completed left/prints',
    'track.started right/prints',
    'track.completed right/prints',
  ]);
});

const anyOrder = track('visit', { input: Nothing }).loop('rounds', {
  body: {
    do: track('round', { input: z.object({ done: z.array(Text) }) })
      .wait('next', {
        signal: 'next',
        payload: z.enum(['blood', 'scan', 'talk']),
        where: ({ payload, input }) => !input.done.includes(payload),
      })
      .branch('do', { on: ({ outputs }) => outputs.next, routes: { blood, scan, talk } }),
    input: ({ accumulator }) => ({ done: accumulator }),
  },
  from: [] as string[],
  accumulate: (done, { output }) => [...done, output],
  until: ({ accumulator }) => accumulator.length === 3,
});

test('WCP-40 interleaved routing: each once, one at a time, in an order that is decided on the way', async () => {
  await using play = await scene(alone(anyOrder));
  expect(await play.signal('next', 'scan')).toBe('accepted');
  await play.pass(1);
  expect(await play.signal('next', 'scan')).toBe('refused: payload-invalid');
  expect(await play.signal('next', 'talk')).toBe('accepted');
  expect(await play.signal('next', 'blood')).toBe('buffered');

  expect(await play.output()).toMatchObject({ accumulator: ['scan', 'talk', 'blood'] });
  expect((await play.history()).filter((line) => /^track.(started|completed) .*.do.\w+$/.test(line))).toEqual([
    'track.started t/rounds/0/do/scan',
    'track.completed t/rounds/0/do/scan',
    'track.started t/rounds/1/do/talk',
    'track.completed t/rounds/1/do/talk',
    'track.started t/rounds/2/do/blood',
    'track.completed t/rounds/2/do/blood',
  ]);
});
