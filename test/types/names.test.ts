/** Names that are given twice: a compile error where the types can know it, and never one where they cannot. */
import { expect, expectTypeOf, test } from 'vitest';
import { orchestrator, pipe, task, track } from '../../src/dsl/index.ts';
import { faultList } from '../dsl/fixtures.ts';
import { type Out, Order, ping, reserve } from './fixtures.ts';

const begun = track('t', { input: Order }).step('a', ping).sleep('nap', '1s').wait('w', { signal: 'go' });
const flow = orchestrator('o', { version: '1', input: Order })
  .track('a', ping)
  .track('b', ping, { after: ['a'] });

test('a name of an earlier step is an error, whatever kind of step either is (P15)', () => {
  // @ts-expect-error a step has this name
  begun.step('a', ping);
  // @ts-expect-error a sleep has this name
  begun.step('nap', reserve, ({ input }) => input);
  // @ts-expect-error a wait has this name
  begun.sleep('w', '1s');
  // @ts-expect-error a step has this name
  begun.wait('a', { signal: 'go' });
  // @ts-expect-error a step has this name
  begun.wait('a', { signal: 'go', timeout: '1s', onTimeout: { value: 1 } });
  // @ts-expect-error a sleep has this name
  begun.wait('nap', { signal: 'go', timeout: '1s', onTimeout: { do: ping } });
  // @ts-expect-error a track has this name
  flow.track('a', ping);
  // @ts-expect-error a track has this name
  const twice = flow.track('b', ping, { after: ['a'] });
  expect(faultList(twice)).toEqual(['duplicate-name o/b']);
});

test('another name is none, and types travel on as before', () => {
  const more = begun
    .step('b', ping)
    .step('A', reserve, ({ input }) => input)
    .step('last', ping);
  const made = more.output(({ outputs }) => outputs.A.hold);

  expectTypeOf<Out<typeof made>>().toEqualTypeOf<string>();
  flow.track('c', ping, { after: ['a', 'b'] });
  // The same name in another track, and below, is another step.
  track('other', { input: Order }).step('a', begun, ({ input }) => input);
  expect(faultList(more)).toEqual([]);
});

test('a name that only the running program knows is left to the check', () => {
  const name: string = 'a';
  const one: 'a' | 'z' = 'z' as 'a' | 'z';
  begun.step(name, ping);
  begun.step(one, ping);
  begun.step(name, ping).step('b', ping);
  for (const n of [1, 2])
    track('t', { input: Order })
      .step(`s${n}`, ping)
      .step(`s${n + 1}`, ping)
      .step('a', ping);
  const helper = <K extends string>(k: K) => track('t', { input: Order }).step(k, ping).output(pipe);

  expect(faultList(helper('a'))).toEqual([]);
  expect(faultList(begun.step(name, ping))).toEqual(['duplicate-name t/a']);
});

test('a name of an unknown kind is taken as it is', () => {
  const odd: unknown = 'a';
  begun.step(odd as never, ping);
  // @ts-expect-error names are strings
  begun.step(7, ping);
  // @ts-expect-error and tasks, too
  task(7, { input: Order, output: Order });
  expect(faultList(begun)).toEqual([]);
});
