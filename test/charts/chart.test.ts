/** A definition as an XState machine: its own tracks and steps, walked by `xstate/graph` to every end (P244). */
import { globSync } from 'node:fs';
import {
  type AnyOrchestrator,
  chart,
  createSignalbox,
  type Drawable,
  InvalidOption,
  orchestrator,
  type Run,
  type Signalbox,
  task,
  track,
} from 'signalbox';
import { defineKind, sleepMachine } from 'signalbox/machines';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor, createMachine } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { outlineOf } from '../../src/charts/outline.ts';
import { ROOT } from '../helpers/sources.ts';
import { Anything, graphOf, stage, steps, work } from '../helpers/stage.ts';
import { everyKind } from './every-kind.ts';

interface Standing {
  readonly value: unknown;
  readonly status: string;
  readonly _nodes: readonly { readonly id: string; readonly tags: readonly string[]; readonly type: string }[];
}

/** What a walk over all events comes to: the states, the ends, and where it cannot get away from. */
function walk(machine: AnyStateMachine) {
  const map = getAdjacencyMap(machine as never, { limit: 100_000 } as never) as unknown as Record<
    string,
    { readonly state: Standing; readonly transitions: Record<string, { readonly state: Standing }> }
  >;
  const reached = new Set<string>();
  const ends = new Set<string>();
  const stuck: unknown[] = [];
  for (const { state, transitions } of Object.values(map)) {
    for (const { id } of state._nodes) reached.add(id);
    const next = Object.values(transitions).map((each) => JSON.stringify(each.state.value));
    if (state.status === 'done') ends.add(String(state.value));
    else if (next.every((value) => value === JSON.stringify(state.value))) stuck.push(state.value);
  }
  return { reached, ends: [...ends].sort(), stuck };
}

/** Parts that a walk does not come to. */
function missed(definition: Drawable, reached: ReadonlySet<string>): string[] {
  return outlineOf(definition)
    .parts.map(({ path }) => path)
    .filter((path) => !reached.has(path));
}

function valueAfter(definition: Drawable, ...events: readonly string[]): unknown {
  const actor = createActor(chart(definition));
  actor.start();
  for (const type of events) actor.send({ type });
  return actor.getSnapshot().value;
}

test('every kind of step has a state, each is reached, and nothing is stuck (P244)', () => {
  const { reached, ends, stuck } = walk(chart(everyKind));
  expect(missed(everyKind, reached)).toEqual([]);
  expect({ ends, stuck }).toEqual({ ends: ['cancelled', 'failed'], stuck: [] });
});

test('what one looks at is JSON, and a machine again without us (P244)', () => {
  const { config } = chart(everyKind);
  const copy = JSON.parse(JSON.stringify(config));
  expect(copy).toEqual(config);
  expect(createMachine(copy).states.running?.states.pay?.states.paid?.meta).toEqual({
    path: 'pay/paid',
    kind: 'wait',
    noun: 'step',
  });
});

test('asked twice, it is made once', () => {
  expect(chart(everyKind)).toBe(chart(everyKind));
});

describe('the examples', async () => {
  const files = globSync('examples/[0-9][0-9]-*/main.ts', { cwd: ROOT }).sort();
  for (const file of files) {
    const given: Record<string, unknown> = await import(`${ROOT}/${file}`);
    const { reports, invoices, indicators, deliveries } = given as { readonly [name: string]: unknown };
    const made = [reports, invoices, indicators, deliveries].flatMap((make) =>
      typeof make === 'function' ? [make([])] : [],
    );
    const all = [...Object.values(given), ...made] as readonly AnyOrchestrator[];
    const found = all.filter((each) => each?.is === 'orchestrator' && each.name !== 'faulty');

    test(`${file}: each part is reached, and each walk comes to an end (P244)`, () => {
      expect(found).not.toEqual([]);
      for (const each of found) {
        const { reached, ends, stuck } = walk(chart(each));
        expect({ missed: missed(each, reached), stuck }).toEqual({ missed: [], stuck: [] });
        expect(ends).toContain('completed');
      }
    });
  }
});

describe('order and ends', () => {
  const diamond = graphOf({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] });

  test('a track waits for the tracks before it, and for all of them (S2)', () => {
    expect(valueAfter(diamond)).toEqual({ running: { a: 'work', b: '~waiting', c: '~waiting', d: '~waiting' } });
    const one = ['a/work.done', 'b/work.done'];
    expect(valueAfter(diamond, ...one)).toMatchObject({ running: { b: '~completed', c: 'work', d: '~waiting' } });
    expect(valueAfter(diamond, ...one, 'c/work.done')).toMatchObject({ running: { d: 'work' } });
    expect(valueAfter(diamond, ...one, 'c/work.done', 'd/work.done')).toBe('completed');
    expect(valueAfter(diamond, 'a/work.done', 'b/work.failed')).toBe('failed');
  });

  test('what depends on a failed track is skipped where the others go on (S12)', () => {
    const lenient = graphOf({ a: [], b: ['a'], c: [] }, { onFailure: 'continue' });
    expect(valueAfter(lenient, 'a/work.failed')).toEqual({ running: { a: '~failed', b: '~skipped', c: 'work' } });
    expect(valueAfter(lenient, 'a/work.failed', 'c/work.done')).toBe('failed');
  });

  test('what may fail is gone on without (S12)', () => {
    const one = track('t', { input: Anything }).step('s', work, undefined as never, { optional: true } as never);
    expect(valueAfter(one, 's.failed')).toEqual({ running: { t: 's' } });
    expect(valueAfter(one, 't/s.failed')).toBe('completed');
  });

  test('a run that is undone fails by way of it, and one that pauses stands still (S13, S16)', () => {
    const undone = graphOf({ a: [] }, { onFailure: 'compensate' });
    expect(valueAfter(undone, 'a/work.failed')).toBe('compensating');
    expect(valueAfter(undone, 'a/work.failed', 'compensated')).toBe('compensated');
    const held = graphOf({ a: [] }, { onFailure: 'pause' });
    expect(valueAfter(held, 'a/work.failed')).toEqual({ running: { a: { work: '~held' } } });
    expect(valueAfter(held, 'a/work.failed', 'a/work.retry', 'a/work.failed', 'a/work.skip')).toBe('completed');
  });

  test('a deadline ends a track as long as it is under way, and no longer (S11)', () => {
    const timed = track('t', { input: Anything, deadline: '1h' } as never).step('s', work as never);
    const both = orchestrator('both', { version: '1', input: Anything })
      .track('t', timed as never)
      .track('u', steps('u', 's') as never);
    expect(valueAfter(both, 't.timedOut')).toBe('failed');
    expect(valueAfter(both, 't/s.done', 't.timedOut')).toMatchObject({ running: { t: '~completed' } });
  });

  test('so many of them have to complete, and no more than that (quorum)', () => {
    const voted = track('t', { input: Anything })
      .parallel('votes', { a: work, b: work, c: work }, { strategy: { quorum: 2 } })
      .step('then', work as never);
    expect(valueAfter(voted, 't/votes/a.done', 't/votes/b.failed')).toMatchObject({ running: { t: { votes: {} } } });
    expect(valueAfter(voted, 't/votes/a.done', 't/votes/c.done')).toEqual({ running: { t: 'then' } });
    expect(valueAfter(voted, 't/votes/a.failed', 't/votes/c.failed')).toBe('failed');
  });

  test('names may be anything that a name can be', () => {
    const names = ['a.b', 'a\\b', '*', 'x.*', 'odd.running.~waiting', 'odd', '<script>', '1', 'constructor'];
    const odd = names.reduce(
      (made, name, at) =>
        made.track(name, steps(name, name) as never, at === 0 ? {} : ({ after: [names[at - 1]] } as never)),
      orchestrator('odd', { version: '1', input: Anything }) as unknown as { track(...given: unknown[]): never },
    ) as unknown as AnyOrchestrator;
    expect(valueAfter(odd, ...names.map((name) => `${name}/${name}.done`))).toBe('completed');
  });
});

describe('the chart is what a run does', () => {
  const order = orchestrator('order', { version: '1', input: Anything })
    .track('pay', steps('pay', 'hold', 'charge') as never)
    .track('news', steps('news', 'mail') as never)
    .track('ship', steps('ship', 'send') as never, { after: ['pay', 'news'] } as never) as unknown as AnyOrchestrator;
  const paths = getShortestPaths(chart(order) as never) as unknown as readonly {
    readonly steps: readonly { readonly event: { readonly type: string }; readonly state: Standing }[];
  }[];

  test.each(paths.map(({ steps: taken }) => [taken.map(({ event }) => event.type).join(', '), taken] as const))(
    '%s',
    async (_, taken) => {
      const { desk, options, clock } = stage();
      await using box = clock.follow((await createSignalbox({ ...options, orchestrators: [order] })) as Signalbox);
      const run = (await box.start(order, { input: null } as never)) as Run;
      for (const { event, state } of taken) {
        const [, path = '', happened] = /^(.*)\.(done|failed)$/.exec(event.type) ?? [];
        if (event.type === 'cancel') await run.cancel();
        else if (happened === 'done') desk.give(`${path}#1`);
        else if (happened === 'failed') desk.fail(`${path}#1`);
        await clock.advance(0);
        const live = state._nodes.filter(({ tags }) => tags.includes('task')).map(({ id }) => `${id}#1`);
        expect(desk.open.sort()).toEqual(live.sort());
        if (state.status === 'done') expect(await run.status()).toBe(state.value);
      }
    },
  );
});

describe('what a stranger hands over', () => {
  test.each([undefined, null, 1, 'order', {}, { definition: 1 }, []])('%j is refused in words', (given) => {
    expect(() => chart(given as never)).toThrow(InvalidOption);
  });

  test('a definition may be as deep and as wide as it likes: what is too much is one closed state', () => {
    let deep = task('t', { input: Anything, output: Anything }) as unknown as Drawable;
    for (let at = 0; at < 2_000; at += 1) deep = track('t', { input: Anything }).step('x', deep as never) as never;
    expect(outlineOf(deep).parts.length).toBeLessThan(100);
    expect(outlineOf(deep).parts.at(-1)?.hidden).toBe(1);
    let wide = work as unknown as Drawable;
    for (let at = 0; at < 30; at += 1)
      wide = track('t', { input: Anything })
        .step('x', wide as never)
        .step('y', wide as never) as never;
    const { parts } = outlineOf(wide);
    expect(parts.length).toBeLessThan(21_000);
    expect(parts.reduce((sum, { hidden }) => sum + hidden, 0)).toBeGreaterThan(1e8);
    expect(chart(deep).id).toBe('t#run');
  });

  test.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers with nothing', () => null],
    ['answers with nonsense', () => ({ arrangement: 'upwards', detail: 7, ends: 'never' })],
  ])('a kind from outside that %s when it is asked how it is drawn is drawn all the same', (_, drawn) => {
    const odd = defineKind<object, null>()({
      name: 'odd',
      machine: sleepMachine,
      read: () => ({}),
      drawn: drawn as never,
    });
    const t = track('t', { input: Anything }).kind('s', odd, {});
    expect(valueAfter(t)).toEqual({ running: { t: 's' } });
    expect(valueAfter(t, 't/s.done')).toBe('completed');
  });

  test('a kind from outside says how it is drawn', () => {
    const door = defineKind<{ readonly opens: string }, null>()({
      name: 'door',
      machine: sleepMachine,
      read: ({ opens }) => ({ opens }),
      drawn: ({ opens }) => ({ detail: `opens ${opens}` }),
    });
    const t = track('t', { input: Anything }).kind('s', door, { opens: 'at nine' });
    expect(chart(t).states.running?.states.t?.states.s?.description).toBe('opens at nine');
  });
});
