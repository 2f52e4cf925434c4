/** Members side by side, as a step and as a composite track: what the ends of some mean for the others. */
import { compositeTrack, createSignalbox, memory, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { Anything } from '../helpers/stage.ts';
import { echo, failureOf, fails, flowOf, holds, play, restarted } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });
const says = (value: unknown) => ({ do: echo, input: () => value });

describe.each([
  ['a parallel step', (members: object, options: object = {}) => t().parallel('p', members as never, options as never)],
  [
    'a composite track',
    (members: object, options: object = {}) =>
      t().step('p', compositeTrack('p', { tracks: members, ...options } as never) as never),
  ],
] as const)('%s', (_, make) => {
  test('gives the outputs of its members by name', async () => {
    expect((await play(make({ a: says(1), b: says(2) }))).output).toEqual({ a: 1, b: 2 });
    expect((await play(make({}))).output).toEqual({});
  });

  test('gives each member a place, an input and its parent (P98)', async () => {
    const flow = flowOf(make({ a: says(1), b: says(2), c: t().step('s', echo, () => 3) }));
    await using box = await createSignalbox({ orchestrators: [flow], store: memory(), logger: () => {} });
    const run = await box.start(flow, { input: null });
    await run.result();
    const { steps } = await run.export();

    expect(
      steps.filter(({ path }) => path.startsWith('t/p/')).map(({ path, parent, input }) => [path, parent, input]),
    ).toEqual([
      ['t/p/a', 't/p', 1],
      ['t/p/b', 't/p', 2],
      ['t/p/c', 't/p', {}],
      ['t/p/c/s', 't/p/c', 3],
    ]);
  });

  test('under "failFast" is over at the first failure, and cancels the others with their cleanup (P100)', async () => {
    const told: string[] = [];
    const flow = make(
      {
        a: holds(told),
        b: t()
          .sleep('nap', '1s')
          .step('s', fails, () => 1),
        c: echo,
      },
      { strategy: 'failFast', concurrency: 2 },
    );

    expect(await failureOf(flow)).toMatchObject({ code: 'task-failed', message: 'no 1', path: 't/p/b/s' });
    expect(told).toEqual(['begins t/p/a#1', 'told t/p/a#1', 'cleanup t/p/a#1']);
  });

  test('under "waitAll" waits for all, and fails if one has (P100)', async () => {
    const { history } = await play(make({ a: fails, b: says(1) }, { strategy: 'waitAll', concurrency: 1 }));

    expect(history).toContain('step.completed t/p/b');
    expect(history.at(-1)).toBe('run.failed');
  });

  test('under "bestEffort" completes if one has, and leaves null for the others (P100)', async () => {
    expect((await play(make({ a: fails, b: says(1) }, { strategy: 'bestEffort' }))).output).toEqual({ a: null, b: 1 });
    expect((await failureOf(make({ a: fails, b: fails }, { strategy: 'bestEffort' }))).code).toBe('task-failed');
    expect((await play(make({ a: fails, b: fails }, { strategy: 'allowNone' }))).output).toEqual({ a: null, b: null });
  });

  test('under "race" is over at the first that completes; the losers are really cancelled (P100)', async () => {
    const told: string[] = [];
    const { output, history } = await play(
      make(
        {
          lost: fails,
          slow: holds(told),
          won: t()
            .sleep('nap', '1s')
            .step('s', echo, () => 'won'),
        },
        { strategy: 'race' },
      ),
    );

    expect(output).toEqual({ lost: null, slow: null, won: 'won' });
    expect(told).toEqual(['begins t/p/slow#1', 'told t/p/slow#1', 'cleanup t/p/slow#1']);
    expect(history.slice(-3).map((line) => line.replace('track.completed t/p', 'step.completed t/p'))).toEqual([
      'step.completed t/p',
      'track.completed t',
      'run.completed',
    ]);
    expect((await failureOf(make({ a: fails, b: fails }, { strategy: 'race' }))).code).toBe('task-failed');
  });

  test('under a quorum is over at the nth that completes, or when so many cannot be reached any more (P100)', async () => {
    const told: string[] = [];
    const two = { quorum: 2 };
    const slow = t()
      .sleep('nap', '1s')
      .step('s', echo, () => 'slow');

    expect((await play(make({ a: says(1), b: fails, c: slow, d: holds(told) }, { strategy: two }))).output).toEqual({
      a: 1,
      b: null,
      c: 'slow',
      d: null,
    });
    expect(told).toEqual(['begins t/p/d#1', 'told t/p/d#1', 'cleanup t/p/d#1']);
    const told2: string[] = [];
    expect((await failureOf(make({ a: fails, b: fails, c: holds(told2) }, { strategy: two }))).code).toBe(
      'task-failed',
    );
    expect(told2.at(-1)).toBe('cleanup t/p/c#1');
    expect((await play(make({ a: says(1), b: slow }, { strategy: { quorum: 1, rest: 'finish' } }))).output).toEqual({
      a: 1,
      b: 'slow',
    });
  });

  test('whose race is won while the process dies has the same winner after it', async () => {
    const members = {
      won: says('won'),
      slow: t()
        .sleep('nap', '1m')
        .step('s', echo, () => 'slow'),
    };
    const flow = make(members, { strategy: 'race' }).sleep('then', '1m');
    const { history } = await restarted(flow, flow);

    expect(history.filter((line) => /^(step|track)\.(completed|cancelled) t\/p\/(won|slow)$/.test(line))).toEqual([
      'step.completed t/p/won',
      'track.cancelled t/p/slow',
    ]);
    expect(history.at(-1)).toBe('run.completed');
  });

  test('never has more members under way than it may', async () => {
    const { history } = await play(make({ a: says(1), b: says(2), c: says(3) }, { concurrency: 1 }));
    const own = history.filter((line) => /t\/p\/[abc]$/.test(line)).map((line) => line.replace('step.', ''));

    expect(own).toEqual(['a', 'b', 'c'].flatMap((name) => [`started t/p/${name}`, `completed t/p/${name}`]));
  });

  test.each([
    [{ strategy: 'fastest' }, /Option "strategy" cannot be "fastest"/],
    [{ strategy: { quorum: 0 } }, /Option "strategy"/],
    [{ strategy: { quorum: 1, rest: 'maybe' } }, /Option "strategy"/],
    [{ strategy: { quorum: 3 } }, /quorum of 3 can never be reached: there are 2/],
    [{ concurrency: 0 }, /Option "concurrency" cannot be 0/],
    [{ strat: 'race' }, /cannot have "strat"/],
  ])('with %o is faulty (S3)', async (options, fault) => {
    await expect(play(make({ a: echo, b: echo }, options))).rejects.toThrow(fault);
  });
});

test('members of a parallel step see what a step in its place would see; those of a composite track see its input', async () => {
  const flow = t()
    .step('before', echo, () => 'before')
    .parallel('p', { a: { do: echo, input: ({ outputs, previous, input }) => [outputs.before, previous, input] } });

  expect((await play(flow, 7)).output).toEqual({ a: ['before', 'before', 7] });
});

test('a composite track with an async merge takes no strategy under which some of its members never end', async () => {
  const merge = async () => 1;
  const race = compositeTrack('c', { tracks: { a: echo as never }, strategy: 'race', merge });

  await expect(play(t().step('c', race))).rejects.toThrow(/An async "merge" is one more step/);
});

test('members are given by name', async () => {
  await expect(play(t().parallel('p', [echo] as never))).rejects.toThrow(/give bodies by name/);
});
