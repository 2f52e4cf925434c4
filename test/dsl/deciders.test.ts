/** Names of steps whose deciders an approval excludes: one that would exclude nobody is a fault, told with what was perhaps meant (S3, S29). */
import { type AnyOrchestrator, compositeTrack, orchestrator, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { faultsOf } from '../../src/dsl/check.ts';
import { Anything, never } from '../helpers/stage.ts';

const bodies = { input: Anything, output: Anything, run: never } as const;
const work = task('work', bodies);
const ask = { ask: 'Well?' };
const but = (...decidersOf: readonly string[]) => ({ ask: 'Well?', excluded: { decidersOf } });
const T = (name = 't') => track(name, { input: Anything });
const flow = () => orchestrator('flow', { version: '1', input: Anything });
const faults = (made: { readonly definition: object }) =>
  faultsOf((made as AnyOrchestrator).definition).map(({ code, path, message }) => `${code} ${path}: ${message}`);

describe('whose deciders are excluded is', () => {
  test.each<[string, AnyOrchestrator]>([
    ['an approval before it', flow().track('t', T().approval('first', ask).approval('second', but('first')))],
    [
      'a task with an approval, or a review',
      flow().track(
        't',
        T()
          .step('one', task('a', { ...bodies, approval: ask }))
          .step('two', task('b', { ...bodies, review: ask }))
          .step('three', task('c', { ...bodies, approval: but('one'), review: but('two', 'one') })),
      ),
    ],
    [
      'a gate, also one that does something',
      flow().track(
        't',
        T()
          .gate('first', { criteria: { a: { min: 1 } }, values: () => ({ a: 1 }), action: work } as never)
          .approval('second', but('first')),
      ),
    ],
    [
      'in a track that it waits for, or in one that that one waits for, by its path or as a whole',
      flow()
        .track('t', T().approval('first', ask))
        .track('u', T('u').step('work', work), { after: ['t'] })
        .track('v', T('v').approval('second', but('t/first', 't')), { after: ['u'] }),
    ],
    [
      'the approval of the run',
      orchestrator('flow', { version: '1', input: Anything, approval: ask }).track(
        't',
        T().approval('second', but('~approval')),
      ),
    ],
    [
      'before the steps of a group, of routes, of items and of rounds',
      flow().track(
        't',
        T()
          .approval('first', ask)
          .group('all', (g) =>
            g
              .approval('inner', but('first'))
              .map('each', { over: () => [1], each: task('item', { ...bodies, review: but('first', 'inner') }) }),
          )
          .approval('last', but('all', 'all/inner')),
      ),
    ],
    [
      'a member that it waits for',
      flow().track(
        'c',
        compositeTrack('c', {
          input: Anything,
          tracks: { one: T('one').approval('first', ask), two: T('two').approval('second', but('one/first')) },
          after: { two: ['one'] },
        } as never),
      ) as AnyOrchestrator,
    ],
  ])('%s', (_, made) => {
    expect(faults(made)).toEqual([]);
  });

  test.each<[string, AnyOrchestrator, string, string]>([
    [
      'a name that there is not',
      flow().track('t', T().approval('fisrt', ask).approval('second', but('first'))),
      'flow/t/second',
      'names "first", and nothing around it has that name. Somebody is asked before it at: fisrt. Did you mean "fisrt"?',
    ],
    [
      'a step of another track',
      flow()
        .track('t', T().approval('first', ask))
        .track('u', T('u').approval('second', but('first')), { after: ['t'] }),
      'flow/u/second',
      'Somebody is asked before it at: t, t/first. Did you mean "t/first"?',
    ],
    [
      'in a track that it does not wait for',
      flow()
        .track('t', T().approval('first', ask))
        .track('u', T('u').approval('second', but('t/first'))),
      'flow/u/second',
      '"t" does not end before it begins. Nobody is asked anything before it.',
    ],
    [
      'itself',
      flow().track('t', T().step('x', task('x', { ...bodies, approval: ask, review: but('x') }))),
      'flow/t/x',
      '"x" does not end before it begins',
    ],
    [
      'after it',
      flow().track('t', T().approval('second', but('first')).approval('first', ask)),
      'flow/t/second',
      '"first" does not end before it begins',
    ],
    [
      'beside it',
      flow().track(
        't',
        T().parallel('p', {
          one: task('a', { ...bodies, review: ask }),
          two: task('b', { ...bodies, review: but('one') }),
        }),
      ),
      'flow/t/p/two',
      '"one" does not end before it begins',
    ],
    [
      'a step that asks nobody',
      flow().track('t', T().step('first', work).approval('second', but('first'))),
      'flow/t/second',
      'and nobody is asked anything there. Nobody is asked anything before it.',
    ],
    [
      'a step that is not in that track',
      flow()
        .track('t', T().approval('first', ask))
        .track('u', T('u').approval('second', but('t/frist')), { after: ['t'] }),
      'flow/u/second',
      '"t" has nothing of the name "frist". Somebody is asked before it at: t, t/first. Did you mean "t/first"?',
    ],
    [
      'anything, for the approval of a run',
      orchestrator('flow', { version: '1', input: Anything, approval: but('first') }).track(
        't',
        T().approval('first', ask),
      ),
      'flow',
      'nothing comes before a run',
    ],
  ])('not %s', (_, made, path, message) => {
    expect(faults(made)).toEqual([expect.stringContaining(message)]);
    expect(faults(made)[0]).toMatch(`unknown-reference ${path}: `);
  });

  test('told for each place of a track that is used twice', () => {
    const shared = T('shared').approval('second', but('t'));
    const made = flow()
      .track('t', T().approval('first', ask))
      .track('u', shared, { after: ['t'] })
      .track('v', shared);
    expect(faults(made)).toEqual([expect.stringContaining('unknown-reference flow/v/second: ')]);
  });
});
