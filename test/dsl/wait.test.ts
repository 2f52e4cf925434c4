/** A wait as it is declared: what is wrong with it is told with its place, and what a run is pinned to is in its structure. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { show } from '../../src/errors/index.ts';
import { orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { faultList, faultText, Nothing, ping, reserve, untyped } from './fixtures.ts';

/** An orchestrator `o` whose track `t` has one wait `w`. */
const waits = (options: unknown, name: unknown = 'w') =>
  orchestrator('o', { version: '1', input: Nothing }).track(
    't',
    untyped(track('t', { input: Nothing })).wait(name, options),
  );

/** Rows whose options are told in a few words. */
const told = <Rest extends unknown[]>(rows: readonly (readonly [unknown, ...Rest])[]) =>
  rows.map(([options, ...rest]) => [show(options).slice(0, 80), options, ...rest] as const);

describe('a wait', () => {
  test.each(
    told([
      [{ signal: 'go' }],
      [{ signal: 'go', payload: z.string(), where: () => true, timeout: '1h' }],
      [{ signal: 'go', timeout: 1, onTimeout: 'fail' }],
      [{ signal: 'go', timeout: '1h', onTimeout: { value: null } }],
      [{ signal: 'go', timeout: '1h', onTimeout: { value: undefined } }],
      [{ signal: 'go', timeout: '1h', onTimeout: { do: ping } }],
      [{ signal: 'n'.repeat(200) }],
      [{ signal: 'a/b #ü' }],
    ]),
  )('with %s is in order', (_, options) => {
    expect(faultList(waits(options))).toEqual([]);
  });

  test.each(
    told([
      [undefined, ['bad-option o/t/w']],
      ['go', ['bad-option o/t/w']],
      [{}, ['bad-option o/t/w']],
      [{ signal: '' }, ['bad-option o/t/w']],
      [{ signal: 7 }, ['bad-option o/t/w']],
      [{ signal: 'n'.repeat(201) }, ['bad-option o/t/w']],
      [{ signal: 'go', where: true }, ['bad-option o/t/w']],
      [{ signal: 'go', where: async () => true }, ['bad-option o/t/w']],
      [{ signal: 'go', payload: { type: 'string' } }, ['bad-schema o/t/w']],
      [{ signal: 'go', timeout: 0 }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: '0s' }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: -1 }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 'soon' }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: null }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 'soon', onTimeout: { value: 1 } }, ['bad-option o/t/w']],
      [{ signal: 'go', onTimeout: { value: 1 } }, ['bad-option o/t/w']],
      [{ signal: 'go', onTimeout: { do: ping } }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: 'explode' }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: null }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: {} }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: ping }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: { value: new Date(0) } }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: { value: 'x'.repeat(2_000_000) } }, ['bad-option o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: { value: 1, do: ping } }, ['unknown-key o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: { do: ping, with: 1 } }, ['unknown-key o/t/w']],
      [{ signal: 'go', timeout: 1, onTimeout: { do: 7 } }, ['bad-body o/t/w/onTimeout']],
      [{ signal: 'go', timeout: 1, onTimeout: { do: 'ping' } }, ['unknown-reference o/t/w/onTimeout']],
      [{ signal: 'go', timeout: 1, onTimeout: { do: ping, input: {} } }, ['bad-option o/t/w/onTimeout']],
      [{ signal: 'go', timeout: 1, onTimeout: { do: ping, input: async () => ({}) } }, ['bad-option o/t/w/onTimeout']],
      [
        {
          signal: 'go',
          timeout: 1,
          onTimeout: { do: untyped(track('x', { input: Nothing })).wait('y', { signal: 1 }) },
        },
        ['bad-option o/t/w/onTimeout/y'],
      ],
      [{ signal: 'go', timout: 1 }, ['unknown-key o/t/w']],
    ]),
  )('with %s is told with its place (S3)', (_, options, faults) => {
    expect(faultList(waits(options))).toEqual(faults);
  });

  test('has a name like any step', () => {
    expect(faultList(waits({ signal: 'go' }, 'a/b'))).toContain('bad-name o/t/a/b');
    const twice = untyped(track('t', { input: Nothing }))
      .wait('w', { signal: 'a' })
      .wait('w', { signal: 'b' });
    expect(faultList(twice)).toEqual(['duplicate-name t/w']);
  });

  test('says what is wrong in words, with the way out', () => {
    expect(faultText(waits({ signal: 'go', timout: 1 }))).toContain('Did you mean "timeout"?');
    expect(faultText(waits({ signal: 'go', onTimeout: { value: 1 } }))).toContain('never happens without a "timeout"');
    expect(faultText(waits({ signal: 'go', timeout: 0 }))).toContain('leave it out to wait for ever');
    expect(faultText(waits({ signal: 'go', timeout: 1, onTimeout: { value: new Date(0) } }))).toContain('onTimeout');
    expect(faultText(waits({ signal: 'go', where: async () => true }))).toContain('async');
    expect(faultText(waits({}))).toContain(`like 'confirm'`);
  });

  test('leads to the tasks that are called when its time is up', () => {
    const flow = waits({ signal: 'go', timeout: 1, onTimeout: { do: reserve, input: () => ({ id: 'x' }) } });
    expect([...planOf(untyped(flow)).tasks.keys()]).toEqual(['reserve']);
    const clash = task('ping', { input: Nothing, output: Nothing });
    const both = orchestrator('o', { version: '1', input: Nothing })
      .track('p', ping)
      .track(
        't',
        untyped(track('t', { input: Nothing })).wait('w', { signal: 'go', timeout: 1, onTimeout: { do: clash } }),
      );
    expect(faultList(both)).toEqual(['duplicate-name o/t/w/onTimeout']);
  });

  test('may be without a sender and without a timeout: nobody can tell who will send', () => {
    expect(faultList(waits({ signal: 'go' }))).toEqual([]);
  });
});

describe('what a run is pinned to', () => {
  const base = { signal: 'go', timeout: '1h', onTimeout: { value: { ok: false } } };
  const hashOf = (options: unknown) => structureOf(planOf(untyped(waits(options)))).hash;

  test.each([
    ['the signal', { ...base, signal: 'stop' }],
    ['the timeout', { ...base, timeout: '2h' }],
    ['that there is a timeout', { signal: 'go' }],
    ['what happens then', { ...base, onTimeout: 'fail' }],
    ['the value', { ...base, onTimeout: { value: { ok: true } } }],
    ['a value that reads like a word', { ...base, onTimeout: { value: 'fail' } }],
    ['the step', { ...base, onTimeout: { do: ping } }],
    ['another step', { ...base, onTimeout: { do: reserve, input: () => ({ id: 'x' }) } }],
  ])('changes with %s', (_, options) => {
    const others = [base, { ...base, onTimeout: 'fail' }, { ...base, onTimeout: { do: ping } }, { signal: 'go' }];
    const hash = hashOf(options);
    expect(others.filter((other) => JSON.stringify(other) !== JSON.stringify(options)).map(hashOf)).not.toContain(hash);
  });

  test('does not change with a schema, a "where" or a mapper, nor with another way to write the same', () => {
    expect(hashOf({ ...base, payload: z.string(), where: () => true, timeout: 3_600_000 })).toBe(hashOf(base));
    const wide = { ...base, onTimeout: { value: { a: 1, b: [{ c: 1, d: 2 }] } } };
    expect(hashOf({ ...base, onTimeout: { value: { b: [{ d: 2, c: 1 }], a: 1 } } })).toBe(hashOf(wide));
  });

  test('is a line that can be read', () => {
    const { lines } = structureOf(planOf(untyped(waits(base))));
    expect(lines.find((line) => line.startsWith('t/w'))).toBe(
      't/w | wait | w | concurrency 1 | for signal "go", 1h, then {"ok":false}',
    );
  });
});
