/** Limits where they are declared (S30): what is made of them, and what is refused, each with its option and the value. */
import { describe, expect, test } from 'vitest';
import { defineOrchestrator, defineTrack, orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { faultList, faultText, Nothing, Order, ping, untyped } from './fixtures.ts';

const body = { input: Order, output: Nothing, run: () => ({}) };
const of = (options: object) => task('limited', { ...body, ...options } as typeof body).definition;

describe('what is made of', () => {
  const WAIT = { whenFull: 'wait', queue: Number.POSITIVE_INFINITY };
  const key = () => 'k';

  test.each<[object, object[]]>([
    [{}, []],
    [{ concurrency: 4 }, [{ limit: 4, per: null, key: undefined, ...WAIT }]],
    [{ concurrency: { limit: 1, key } }, [{ limit: 1, per: null, key, ...WAIT }]],
    [{ concurrency: [8, { limit: 1, key }] }, [{ limit: 8 }, { limit: 1, key }]],
    [{ concurrency: { limit: 1, whenFull: 'dropNewest' } }, [{ whenFull: 'dropNewest', queue: 0 }]],
    [{ concurrency: { limit: 1, whenFull: 'replaceOldest', queue: 3 } }, [{ whenFull: 'replaceOldest', queue: 3 }]],
    [{ rate: { limit: 10, per: '1m' } }, [{ limit: 10, per: 60_000, burst: 10, key: undefined, ...WAIT }]],
    [{ rate: [{ limit: 10, per: '1s', burst: 1, key }] }, [{ limit: 10, per: 1_000, burst: 1, key }]],
    [
      { concurrency: 4, rate: { limit: 10, per: 5 } },
      [
        { limit: 4, per: null },
        { limit: 10, per: 5 },
      ],
    ],
  ])('%j', (options, limits) => {
    expect(of(options).limits).toMatchObject(limits);
  });

  test('limits of tracks and orchestrators stands in their nodes', () => {
    const pings = track('pings', { input: Nothing, bodies: { limit: 2, key } }).step('p', ping);
    const flow = orchestrator('flow', { version: '1', input: Nothing, bodies: 8 }).track('t', pings);
    const { root } = planOf(flow);

    expect(root.bodies).toMatchObject([{ limit: 8, per: null }]);
    expect(root.children[0]?.node.bodies).toMatchObject([{ limit: 2, key }]);
    expect(root.children[0]?.node.children[0]?.node.bodies).toEqual([]);
  });

  test('a document is what is made of builders', () => {
    const built = track('pings', { input: Nothing, bodies: 2 }).step('ping', ping);
    const document = defineTrack({ name: 'pings', input: Nothing, bodies: 2, registry: { ping }, tasks: ['ping'] });
    expect(document.definition).toEqual(built.definition);
    const flow = defineOrchestrator({ name: 'o', version: '1', input: Nothing, bodies: 8, tracks: { t: built } });
    expect(flow.definition.bodies).toMatchObject([{ limit: 8 }]);
  });
});

describe('what is refused:', () => {
  test.each<[object, string]>([
    [{ concurrency: 0 }, 'Option "concurrency.limit" cannot be 0: it takes a whole number from 1.'],
    [{ concurrency: -1 }, '"concurrency.limit" cannot be -1'],
    [{ concurrency: 1.5 }, '"concurrency.limit" cannot be 1.5'],
    [{ concurrency: Number.NaN }, '"concurrency.limit" cannot be NaN'],
    [{ concurrency: '4' }, '"concurrency.limit" cannot be "4"'],
    [{ concurrency: null }, '"concurrency" cannot be null'],
    [{ concurrency: [2, 0] }, '"concurrency.limit" cannot be 0'],
    [{ concurrency: {} }, '"concurrency.limit" cannot be undefined'],
    [{ concurrency: { limit: 1, key: 'account' } }, '"concurrency.key" cannot be "account": it takes a function.'],
    [
      { concurrency: { limit: 1, whenFull: 'drop' } },
      `cannot be "drop": it takes 'wait', 'dropNewest', 'replaceOldest'.`,
    ],
    [
      { concurrency: { limit: 1, queue: 3 } },
      `"concurrency.queue" cannot be 3: it takes nothing where whenFull is 'wait'`,
    ],
    [{ concurrency: { limit: 1, whenFull: 'dropNewest', queue: -1 } }, '"concurrency.queue" cannot be -1'],
    [{ concurrency: { limit: 1, per: '1s' } }, 'cannot have "per"'],
    [{ rate: 10 }, 'The option "rate" cannot be 10: give an object.'],
    [{ rate: null }, 'The option "rate" cannot be null: give an object.'],
    [{ rate: { limit: 0, per: '1s' } }, '"rate.limit" cannot be 0'],
    [{ rate: { limit: Number.POSITIVE_INFINITY, per: '1s' } }, '"rate.limit" cannot be Infinity'],
    [{ rate: { limit: 1 } }, '"rate.per" cannot be undefined: it takes a duration above 0'],
    [{ rate: { limit: 1, per: 'soon' } }, '"rate.per" cannot be "soon"'],
    [{ rate: { limit: 1, per: 0 } }, '"rate.per" cannot be 0'],
    [{ rate: { limit: 1, per: '1s', burst: 0 } }, '"rate.burst" cannot be 0'],
    [{ rate: { limit: 1, per: '1s', whenFull: 'dropNewest' } }, 'cannot have "whenFull"'],
    [{ priority: Number.NaN }, '"priority" cannot be NaN: it takes a number, or a function that gives one.'],
    [{ priority: 'high' }, '"priority" cannot be "high"'],
  ])('of a task %j', (options, message) => {
    const definition = of(options);
    expect(new Set(faultList({ definition }).map((line) => line.split(' ')[1]))).toEqual(new Set(['limited']));
    expect(faultText({ definition })).toContain(message);
  });

  test.each<[unknown, string]>([
    [0, '"bodies.limit" cannot be 0'],
    [{ limit: 1, wait: true }, 'cannot have "wait"'],
    ['8', '"bodies.limit" cannot be "8"'],
  ])('of a track and of an orchestrator %j', (bodies, message) => {
    const pings = track('pings', { input: Nothing, bodies: untyped(bodies) }).step('p', ping);
    const flow = orchestrator('flow', { version: '1', input: Nothing, bodies: untyped(bodies) });

    expect(faultText(pings)).toContain(message);
    expect(faultText(flow)).toContain(message);
  });
});

test('a run is not pinned to limits: they may be another in the next process', () => {
  const flow = (options: object, more: object) =>
    orchestrator('flow', { version: '1', input: Nothing, ...more }).track(
      't',
      track('t', { input: Nothing, ...more }).step('s', task('ping', { ...body, input: Nothing, ...options })),
    );
  const hashOf = (...given: readonly [object, object]) => structureOf(planOf(flow(...given))).hash;

  expect(hashOf({ concurrency: 4, rate: { limit: 1, per: 1 }, priority: 3 }, { bodies: 2 })).toBe(hashOf({}, {}));
});
