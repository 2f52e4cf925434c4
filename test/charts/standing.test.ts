/** Where a run stands in the chart of its definition: as a walk through the chart would stand after the same events. */
import { type AnyOrchestrator, chart, createSignalbox, type Run, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { marksOf } from '../../src/charts/marks.ts';
import { standingIn } from '../../src/charts/standing.ts';
import { Anything, graphOf, never, stage, steps, work } from '../helpers/stage.ts';
import { everyKind } from './every-kind.ts';
import { flow, lively } from './lively.ts';

async function standingOf(run: Run) {
  const { outline, run: seen } = await run.inspected();
  return standingIn(outline, marksOf(outline, seen));
}

/** What XState makes of a value that it is given: the same one, if every state of it is there. */
function known(definition: AnyOrchestrator, value: unknown): unknown {
  return chart(definition).resolveState({ value: value as never, context: { counts: {} } as never }).value;
}

async function started(definition: AnyOrchestrator) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ ...options, orchestrators: [definition] }));
  const run = (await box.start(definition, { input: null } as never)) as Run;
  await clock.advance(0);
  return { box, run, desk, clock };
}

describe('graphs of tracks', () => {
  const order = orchestrator('order', { version: '1', input: Anything })
    .track('pay', steps('pay', 'hold', 'charge') as never)
    .track('news', steps('news', 'mail') as never)
    .track('ship', steps('ship', 'send') as never, { after: ['pay', 'news'] } as never) as unknown as AnyOrchestrator;
  const lenient = graphOf({ a: [], b: ['a'], c: [] }, { onFailure: 'continue' });
  const held = graphOf({ a: [], b: ['a'] }, { onFailure: 'pause' });

  for (const definition of [order, lenient, held]) {
    const paths = getShortestPaths(chart(definition) as never) as unknown as readonly {
      readonly steps: readonly {
        readonly event: { readonly type: string };
        readonly state: { readonly value: unknown };
      }[];
    }[];
    test(`${paths.length} walks through "${definition.name}" and the runs that go the same way stand in the same states (P244)`, async () => {
      for (const { steps: taken } of paths) {
        const { box, run, desk, clock } = await started(definition);
        const tries = new Map<string, number>();
        for (const { event, state } of taken) {
          const [, path = '', happened] = /^(?:(.*)\.)?(\w+)$/.exec(event.type) ?? [];
          const attempt = `${path}#${tries.get(path) ?? 1}`;
          if (event.type === 'xstate.init') continue;
          if (event.type === 'cancel') await run.cancel();
          else if (happened === 'done') desk.give(attempt);
          else if (happened === 'failed') desk.fail(attempt);
          else if (happened === 'skip') await run.skip(path, { reason: 'test' });
          else if (happened === 'resolve') await run.resolve(path, { reason: 'test', output: 1 });
          else {
            tries.set(path, (tries.get(path) ?? 1) + 1);
            await run.retry(path, { reason: 'test' });
          }
          await clock.advance(0);
          expect(await standingOf(run)).toEqual(state.value);
        }
        await box.close();
      }
    });
  }
});

describe('inside of tracks', () => {
  const busy = task('busy', { input: Anything, output: Anything, retry: { maxAttempts: 2, delay: '1m' }, run: never });
  const odd = orchestrator('odd', { version: '1', input: Anything, onFailure: 'compensate' })
    .track(
      't',
      track('t', { input: Anything })
        .branch('risk', { on: () => 'high', routes: { low: work, high: steps('high', 'look') } })
        .branch('some', {
          when: [
            [() => true, steps('one', 'first')],
            [() => false, steps('two', 'second')],
            [() => true, work],
          ],
          all: true,
        })
        .wait('paid', { signal: 'paid', timeout: '1h', onTimeout: { do: work } })
        .parallel('votes', { a: work, b: busy, c: work }, { strategy: { quorum: 2 } })
        .map('lines', { over: () => [1, 2], each: steps('line', 'pack'), concurrency: 1 })
        .group('last', (t) => t.step('box', work), { onError: work }),
    )
    .track('u', steps('u', 'after') as never, { after: ['t'] } as never) as unknown as AnyOrchestrator;

  test('of a route, a wait whose time is up, a quorum, a collection and a group (P244)', async () => {
    const { box, run, desk, clock } = await started(odd);
    const actor = createActor(chart(odd)).start();
    const routes = ['t/some/one.taken', 't/some/two.passed', 't/some/work.taken'];
    /** What happens in the run, and the events of the chart for it. */
    const acts: readonly (readonly [() => unknown, ...string[]])[] = [
      [() => {}, 't/risk/high.taken'],
      [() => desk.give('t/risk/high/look#1'), 't/risk/high/look.done', ...routes],
      [() => desk.give('t/some/work#1'), 't/some/work.done'],
      [() => desk.give('t/some/one/first#1'), 't/some/one/first.done'],
      [() => clock.advance('1h'), 't/paid.timedOut'],
      [() => desk.give('t/paid/onTimeout#1'), 't/paid/onTimeout.done'],
      [() => desk.fail('t/votes/b#1')],
      [() => clock.advance('1m')],
      [() => desk.fail('t/votes/b#2'), 't/votes/b.failed'],
      [() => desk.give('t/votes/a#1'), 't/votes/a.done'],
      [() => desk.give('t/votes/c#1'), 't/votes/c.done', 't/lines.next'],
      [() => desk.give('t/lines/0/pack#1'), 't/lines/each/pack.done', 't/lines.next'],
      [() => desk.give('t/lines/1/pack#1'), 't/lines/each/pack.done', 't/lines.done'],
      [() => desk.fail('t/last/box#1'), 't/last/box.failed'],
      [() => desk.give('t/last/onError#1'), 't/last/onError.done'],
      [() => desk.fail('u/after#1'), 'u/after.failed', 'compensated'],
    ];
    for (const [act, ...events] of acts) {
      await act();
      await clock.advance(0);
      for (const type of events) actor.send({ type });
      expect(await standingOf(run)).toEqual(actor.getSnapshot().value);
    }
    expect(await run.status()).toBe('compensated');
    await box.close();
  });

  test('of every kind of step, in states that the chart has (P244)', async () => {
    const { box, run, desk, clock } = await started(everyKind as never);
    const seen = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      const value = await standingOf(run);
      seen.add(JSON.stringify(value));
      expect(known(everyKind as never, value)).toEqual(value);
      for (const signal of round % 3 === 0 ? ['seen', 'sure', 'ever'] : []) await run.signal(signal, null);
      const [first] = desk.open;
      // Each charge is tried twice.
      if (first?.endsWith('/charge#1')) {
        desk.fail(first);
        await clock.advance('1m');
      } else if (first !== undefined) desk.give(first);
      else await clock.advance('2d');
      await clock.advance(0);
    }
    expect(seen.size).toBeGreaterThan(15);
    await box.close();
  });

  test('of a run with something of everything under way (P244)', async () => {
    const { box, run } = await lively();
    const value = await standingOf(run);
    expect(value).toEqual({
      running: {
        intake: '~completed',
        payment: { paid: '~waiting' },
        parcels: { lines: { each: 'pack' } },
        news: { '~running': { mail: '~failed', shop: 'tell' } },
        close: '~waiting',
      },
    });
    expect(known(flow as never, value)).toEqual(value);
    await box.close();
  });
});
