/** Scenarios of the steps that are no bodies: branches, members side by side, groups, collections, loops, and those that take no time. */
import { type AnyOrchestrator, type Json, orchestrator, type Task, track } from 'signalbox';
import { z } from 'zod';
import { Anything } from './stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies that take and give anything
type Body = Task<string, any, any, any>;

/** The bodies that scenarios are made of. */
export interface Bodies {
  readonly echo: Body;
  readonly atOnce: Body;
  readonly flaky: Body;
  readonly broken: Body;
  readonly waiting: Body;
}

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;

/** Each ends by itself. */
export function controlled({ echo, atOnce, flaky, broken, waiting }: Bodies): readonly AnyOrchestrator[] {
  const says = (value: unknown) => ({ do: echo, input: () => value });
  const chain = track('links', input)
    .step('one', echo, () => 1)
    .step('two', atOnce);
  const routes = track('routes', input)
    .branch('first', {
      when: [
        [() => false, atOnce],
        [() => true, says('second')],
        [() => true, chain],
      ],
      otherwise: flaky,
    })
    .branch('every', {
      all: true,
      when: [
        [({ previous }) => previous !== 'other', says(1)],
        [() => false, broken],
        [() => true, chain],
      ],
    })
    .branch('key', { on: () => 'b', routes: { a: broken, b: flaky } })
    .branch('none', { when: [[() => false, broken]], otherwise: null })
    .branch('other', { on: () => 'nobody', routes: { a: broken }, otherwise: says('other') });
  const sides = track('sides', input)
    .parallel('all', { a: says('a'), b: chain, c: flaky })
    .parallel('race', { slow: waiting, lost: broken, won: says('won') }, { strategy: 'race' })
    .parallel(
      'quorum',
      { a: says('a'), b: broken, c: says('c'), d: waiting },
      { strategy: { quorum: 2 }, concurrency: 4 },
    )
    .parallel('some', { a: broken, b: flaky }, { strategy: 'bestEffort', concurrency: 1 })
    .parallel('nobody', { a: broken }, { strategy: 'allowNone' });
  const groups = track('groups', input)
    .step('before', echo, () => 'before')
    .group(
      'well',
      (t) =>
        t
          .step('one', echo, ({ outputs }) => outputs.before)
          .group('in', (u) => u.step('two', echo, ({ previous }) => previous)),
      {
        onError: broken,
      },
    )
    .group('badly', (t) => t.step('one', broken).step('two', echo), {
      onError: { do: echo, input: ({ error, outputs }) => [error.step, error.code, Object.keys(outputs)] },
    })
    .step('after', echo, ({ outputs }) => [outputs.well, outputs.badly]);
  const items = track('items', input)
    .map('some', { over: () => [3, 1, 2, 5], each: echo, filter: ({ item }) => item !== 1, concurrency: 2 })
    .map('batches', { over: () => '1..5', each: { do: echo, input: ({ item, index }) => [item, index] }, batch: 2 })
    .map('pairs', { over: () => ({ b: 2, a: 1 }), each: { do: chain, input: ({ item }) => item }, mode: 'sequential' })
    .map('best', {
      over: () => [true, false],
      each: track('maybe', input).branch('b', {
        when: [[({ input: isGood }) => isGood === true, says(1)]],
        otherwise: broken,
      }),
      strategy: 'bestEffort',
    })
    .map('rows', {
      over: () => [[1, 2], [3]],
      each: track('row', input).map('cells', { over: ({ input: row }) => row as number[], each: echo }),
    })
    .map('counted', { over: () => '1..4', each: echo, collect: false, concurrency: 3 })
    .map('none', { over: () => [], each: broken });
  const rounds = track('rounds', input)
    .loop('sum', {
      body: { do: echo, input: ({ index, accumulator }) => [index, accumulator] },
      until: ({ index }) => index === 3,
      from: 0,
      accumulate: (sum, { index }) => sum + index,
      keepLast: 2,
    })
    .loop('never', { body: broken, while: () => false })
    .loop('short', { body: chain, while: () => true, maxIterations: 2, onLimit: 'stop', keepLast: 1 })
    .map('loops', {
      over: () => [1, 2],
      each: track('loop', input).loop('l', { body: atOnce, until: ({ index, input: most }) => index + 1 === most }),
    });
  const words = track('words', input)
    .step('one', echo, () => 1)
    .aggregate('two', { output: z.any(), of: ({ outputs }) => [outputs.one] })
    .set('three', { seen: ({ outputs }) => outputs.two, fixed: 'yes' })
    .step('four', echo, ({ run }) => run.variables)
    .sleep('nap', '1s')
    .set('five', { seen: 5 })
    .step('six', echo, ({ run }) => run.variables)
    .terminate('over', { output: ({ outputs }) => outputs.six as Json })
    .step('never', broken);
  const lost = track('lost', input).map('items', {
    over: () => '1..300',
    each: { do: broken, input: ({ item }) => item },
    concurrency: 2,
  });
  const limit = track('limit', input).loop('l', { body: atOnce, while: () => true, maxIterations: 2 });
  const noWay = track('noWay', input).branch('b', { on: () => 'nobody', routes: { a: broken } });
  return [
    orchestrator('routes', head).track('t', routes),
    orchestrator('sides', head).track('t', sides),
    orchestrator('groups', head).track('t', groups),
    orchestrator('items', head).track('t', items),
    orchestrator('rounds', head).track('t', rounds),
    orchestrator('words', head).track('t', words).track('beside', track('beside', input).step('waits', waiting)),
    orchestrator('ended', head)
      .track(
        't',
        track('t', input).step('one', atOnce).sleep('nap', '1s').terminate('over', { as: 'failed', reason: 'enough' }),
      )
      .track('beside', track('beside', input).step('waits', waiting)),
    orchestrator('faults', { ...head, onFailure: 'continue' })
      .track('lost', lost)
      .track('limit', limit)
      .track('noWay', noWay),
  ];
}
