/** Routers: which routes are taken, once, and what becomes of the others. */
import { track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { settled } from 'signalbox/testing';
import { Anything } from '../helpers/stage.ts';
import { echo, failureOf, fails, holds, play, restarted, twice } from '../helpers/track-play.ts';

const t = () => track('t', { input: Anything });
const says = (value: unknown) => ({ do: echo, input: () => value });

describe('a branch', () => {
  const flow = t()
    .branch('size', {
      when: [
        [({ input }) => input > 100, says('large')],
        [({ input }) => input > 10, { do: twice, input: ({ input }) => input }],
      ],
      otherwise: says('small'),
    })
    .step('after', echo, ({ outputs }) => ['after', outputs.size]);

  test.each([
    [1_000, 'large'],
    [50, 100],
    [1, 'small'],
  ])('of %d takes the first route whose predicate is true, or the other one: %s (P54)', async (input, output) => {
    expect((await play(flow, input)).output).toEqual(['after', output]);
  });

  test('skips what it does not take, and whoever comes after counts that as arrived (P54)', async () => {
    const { history } = await play(flow, 50);

    expect(history).toEqual([
      'run.started',
      'track.started t',
      'step.started t/size',
      'step.skipped t/size/echo',
      'step.skipped t/size/otherwise',
      'step.started t/size/twice',
      'step.completed t/size/twice',
      'step.completed t/size',
      'step.started t/after',
      'step.completed t/after',
      'track.completed t',
      'run.completed',
    ]);
  });

  test('with "all" takes every route whose predicate is true, and gives their outputs by name', async () => {
    const all = t().branch('b', {
      all: true,
      when: [
        [() => true, says(1)],
        [() => false, fails],
        [() => true, says(3)],
      ],
    });

    expect((await play(all)).output).toEqual({ echo: 1, 'echo-2': 3 });
    expect((await play(t().branch('b', { all: true, when: [[() => false, fails]], otherwise: null }))).output).toEqual(
      {},
    );
  });

  test('by key takes the route of that name, whatever type the key has (P97)', async () => {
    const byKey = t().branch('b', {
      on: ({ input }) => input,
      routes: { a: says('A'), 7: says('seven'), true: says('yes') },
      otherwise: says('other'),
    });

    expect((await play(byKey, 'a')).output).toBe('A');
    expect((await play(byKey, 7)).output).toBe('seven');
    expect((await play(byKey, true)).output).toBe('yes');
    expect((await play(byKey, 'otherwise')).output).toBe('other');
    expect((await play(byKey, 'nobody')).output).toBe('other');
  });

  test('that has no route fails with the names of those that there are, and with "otherwise: null" does nothing (P54, P97)', async () => {
    const routes = { a: says('A'), b: says('B') };
    const key = () => 'c';

    expect(await failureOf(t().branch('b', { on: key, routes }))).toMatchObject({
      code: 'route-missing',
      path: 't/b',
      message: expect.stringContaining('There is none for "c"; its routes are "a", "b".'),
    });
    expect(
      (
        await play(
          t()
            .branch('b', { on: key, routes, otherwise: null })
            .step('s', echo, ({ outputs }) => [outputs.b]),
        )
      ).output,
    ).toEqual([null]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'mapper-failed',
      'no',
    ],
    ['answers with a promise', async () => true, 'mapper-async', ''],
    ['answers with no boolean', () => 1, 'predicate-failed', 'answered with 1'],
  ])('whose predicate %s fails with a code of its own (S5, P55)', async (_, predicate, code, message) => {
    // An async function is seen by the check; this is one that only behaves so.
    const behaves = () => predicate();
    const error = await failureOf(t().branch('b', { when: [[behaves as unknown as () => boolean, echo]] }));

    expect(error).toMatchObject({ code, path: 't/b', message: expect.stringContaining(message) });
  });

  test('decides once: a predicate that says something else after a crash is not asked again (P55)', async () => {
    let says = true;
    const asked: boolean[] = [];
    const flow = t().branch('b', {
      when: [
        [
          () => {
            asked.push(says);
            return says;
          },
          track('waits', { input: Anything })
            .sleep('nap', '1m')
            .step('s', echo, () => 'first'),
        ],
      ],
      otherwise: { do: echo, input: () => 'second' },
    });
    const running = restarted(flow, flow);
    // The branch has begun by now, and the box is about to be closed.
    await settled();
    says = false;
    const { output, history } = await running;

    expect(output).toBe('first');
    expect(asked).toEqual([true]);
    expect(history.filter((line) => line.includes('skipped'))).toEqual(['step.skipped t/b/otherwise']);
  });

  test('that is cancelled cancels what it has taken, and its cleanup comes first', async () => {
    const told: string[] = [];
    const flow = t().parallel(
      'race',
      { slow: t().branch('b', { when: [[() => true, holds(told)]] }), fast: t().sleep('nap', '1s') },
      { strategy: 'race' },
    );
    await play(flow);

    expect(told).toEqual([
      'begins t/race/slow/b/holds#1',
      'told t/race/slow/b/holds#1',
      'cleanup t/race/slow/b/holds#1',
    ]);
  });

  test.each<[object, RegExp]>([
    [{}, /takes either "when"/],
    [{ when: [], on: () => 'a', routes: {} }, /takes either "when"/],
    [{ when: [] }, /needs a route at least/],
    [{ when: [[1, echo]] }, /Option "when" cannot be 1/],
    [{ when: [[async () => true, echo]] }, /async function/],
    [{ when: [echo] }, /is a pair/],
    [{ when: [[() => true, 7]] }, /Expected a task/],
    [{ on: 'a', routes: { a: echo } }, /Option "on" cannot be "a"/],
    [{ on: () => 'a', routes: [] }, /"routes" cannot be/],
    [{ on: () => 'a', routes: { a: echo }, all: true }, /"all" cannot be true/],
    [{ when: [[() => true, echo]], otherwise: 7 }, /Expected a task/],
    [{ when: [[() => true, echo]], els: echo }, /cannot have "els"/],
  ])('of %o is faulty (S3)', async (options, fault) => {
    await expect(play(t().branch('b', options as never))).rejects.toThrow(fault);
  });
});
