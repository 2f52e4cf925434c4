/** Control-flow patterns: the same body many times, whether their number is known early, late or not at all. */
import { orchestrator, task, track } from 'signalbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { alone, does, hours, Nothing, scene, Text } from './scene.ts';

const open = does('open');
const close = does('close');
const List = z.object({ list: z.array(z.number()) });

const unwatched = orchestrator('news', { version: '1', input: List })
  .track('open', open)
  .track(
    'mails',
    track('mails', { input: List }).map('mail', {
      over: ({ input }) => input.list,
      each: hours,
      strategy: 'allowNone',
      collect: false,
    }),
    { after: ['open'], input: ({ input }) => input },
  )
  .track('close', close, { after: ['open'] });

test('WCP-12 multiple instances without synchronization: nothing but the end of the run waits for them', async () => {
  await using play = await scene(unwatched, { input: { list: [1, 2] } });

  expect(await play.history('mails/mail/0', 'mails/mail/1', 'close')).toEqual([
    'step.started close',
    'step.started mails/mail/0',
    'step.started mails/mail/1',
    'step.completed close',
  ]);
  expect(await play.output()).toMatchObject({ mails: { completed: 2 }, close: 'close' });
});

const three = track('copies', { input: Nothing })
  .map('copy', { over: () => '1..3', each: hours })
  .step('close', close);

test('WCP-13 multiple instances with a priori design-time knowledge: three of them, and what follows waits for all', async () => {
  await using play = await scene(alone(three));

  expect(await play.output()).toBe('close');
  expect(await play.history('t/copy/0', 't/copy/1', 't/copy/2', 't/copy/3', 't/close')).toEqual([
    'step.started t/copy/0',
    'step.started t/copy/1',
    'step.started t/copy/2',
    'step.completed t/copy/0',
    'step.completed t/copy/1',
    'step.completed t/copy/2',
    'step.started t/close',
    'step.completed t/close',
  ]);
});

const many = track('lines', { input: List })
  .map('line', { over: ({ input }) => input.list, each: hours })
  .step('close', close)
  .output(({ outputs }) => outputs.line);

test('WCP-14 multiple instances with a priori run-time knowledge: as many as the input has, and what follows waits for all', async () => {
  for (const list of [[], [2], [3, 1, 2]]) {
    await using play = await scene(alone(many), { input: { list } });

    expect(await play.output()).toEqual(list);
    const history = await play.history();
    expect(history.filter((line) => line.startsWith('step.started t/line/'))).toHaveLength(list.length);
    expect(history.slice(-4)).toEqual([
      'step.started t/close',
      'step.completed t/close',
      'track.completed t',
      'run.completed',
    ]);
  }
});

const links: { readonly [page: string]: readonly string[] } = { home: ['news', 'shop'], shop: ['cart'] };
const read = task('read', { input: Text, output: z.array(Text), run: ({ input }) => [...(links[input] ?? [])] });

const crawl = track('crawl', { input: Nothing }).loop('rounds', {
  body: {
    do: track('round', { input: z.object({ pages: z.array(Text) }) }).map('page', {
      over: ({ input }) => input.pages,
      each: read,
    }),
    input: ({ accumulator }) => ({ pages: accumulator }),
  },
  from: ['home'],
  accumulate: (_, { output }) => output.flat(),
  until: ({ accumulator }) => accumulator.length === 0,
});

test('WCP-15 multiple instances without a priori run-time knowledge: each round begins those that the last one has found', async () => {
  await using play = await scene(alone(crawl));

  expect(await play.output()).toMatchObject({ accumulator: [], iterations: 3 });
  expect((await play.history()).filter((line) => line.startsWith('step.started t/rounds/'))).toEqual([
    'step.started t/rounds/0/page',
    'step.started t/rounds/0/page/0',
    'step.started t/rounds/1/page',
    'step.started t/rounds/1/page/0',
    'step.started t/rounds/1/page/1',
    'step.started t/rounds/2/page',
    'step.started t/rounds/2/page/0',
  ]);
});

const draw = task('draw', { input: z.number(), output: Text, run: ({ input }) => `sheet ${input}` });
const bind = task('bind', { input: z.array(Text), output: Text, run: ({ input }) => input.join(', ') });

const threads = track('book', { input: Nothing })
  .map('sheets', {
    over: () => '1..3',
    each: track('sheet', { input: z.number() }).step('draw', draw, ({ input }) => input),
  })
  .step('bind', bind, ({ outputs }) => outputs.sheets);

test('WCP-41 thread merge: the threads of a collection are one again where it ends', async () => {
  await using play = await scene(alone(threads));

  expect(await play.output()).toBe('sheet 1, sheet 2, sheet 3');
  expect(await play.history('t/sheets', 't/bind')).toEqual([
    'step.started t/sheets',
    'step.completed t/sheets',
    'step.started t/bind',
    'step.completed t/bind',
  ]);
});

test('WCP-42 thread split: a collection makes several threads of one, each of which goes through the same steps', async () => {
  await using play = await scene(alone(threads));
  await play.output();

  expect((await play.history()).filter((line) => /started t.sheets./.test(line))).toEqual([
    'track.started t/sheets/0',
    'track.started t/sheets/1',
    'track.started t/sheets/2',
    'step.started t/sheets/0/draw',
    'step.started t/sheets/1/draw',
    'step.started t/sheets/2/draw',
  ]);
});
