import { describe, expect, test } from 'vitest';
import { compositeTrack, orchestrator, pipe, track } from '../../src/dsl/index.ts';
import { charge, faultList, faultText, facts, Nothing, Order, ping, reserve, untyped } from './fixtures.ts';

const stepNames = (made: { readonly definition: { readonly steps: readonly { readonly name: string }[] } }) =>
  made.definition.steps.map((step) => step.name);

describe('a track', () => {
  test('keeps its steps in the order in which they were added (S1)', () => {
    const payment = track('payment', { input: Order })
      .step('hold', reserve, ({ input }) => input)
      .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }));

    expect(payment.definition).toMatchObject({ is: 'track', name: 'payment', input: Order, output: undefined });
    expect(payment.definition.steps.map(({ name, body }) => [name, body])).toEqual([
      ['hold', reserve.definition],
      ['receipt', charge.definition],
    ]);
  });

  test('is not changed by what is built on it: two builders branch off one', () => {
    const base = track('base', { input: Nothing }).step('one', ping);
    const left = base.step('left', ping);
    const right = base.step('right', ping).step('more', ping);

    expect([stepNames(base), stepNames(left), stepNames(right)]).toEqual([
      ['one'],
      ['one', 'left'],
      ['one', 'right', 'more'],
    ]);
    expect(left.definition.steps[0]).toBe(right.definition.steps[0]);
  });

  test('gives the same frozen definition each time it is asked', () => {
    const made = track('t', { input: Nothing }).step('one', ping);

    expect(made.definition).toBe(made.definition);
    expect([made, made.definition, made.definition.steps, made.definition.steps[0]].every(Object.isFrozen)).toBe(true);
  });

  test('takes two thousand steps in a loop', () => {
    let long = untyped(track('long', { input: Nothing }));
    for (let at = 0; at < 2_000; at += 1) long = long.step(`s${at}`, ping);

    expect(long.definition.steps).toHaveLength(2_000);
    expect(faultList(long)).toEqual([]);
  });

  test('can be a step of another track', () => {
    const inner = track('inner', { input: Nothing }).step('one', ping);
    const outer = track('outer', { input: Nothing }).step('in', inner);

    expect(outer.definition.steps[0]?.body).toBe(inner.definition);
  });

  test('hands over the previous output with pipe (S1)', () => {
    expect(pipe(facts({ previous: { hold: 'h1' } }))).toEqual({ hold: 'h1' });
  });
});

describe('a composite track', () => {
  test('keeps its members in declared order, with and without a mapper (P28)', () => {
    const input = () => ({ id: 'x' });
    const launch = compositeTrack('launch', { tracks: { web: ping, hold: { do: reserve, input } } });

    expect(launch.definition.members).toEqual([
      { name: 'web', body: ping.definition, input: undefined },
      { name: 'hold', body: reserve.definition, input },
    ]);
    expect(launch.definition).toMatchObject({
      is: 'composite',
      strategy: 'waitAll',
      input: undefined,
      merge: undefined,
    });
  });

  test('stands wherever a track can, three levels deep (P29)', () => {
    const inner = compositeTrack('inner', { tracks: { web: ping } });
    const middle = compositeTrack('middle', { tracks: { inner, ping } });
    const outer = track('outer', { input: Nothing }).step('middle', middle);
    const whole = orchestrator('whole', { version: '1', input: Nothing }).track('outer', outer).track('inner', inner);

    expect(faultList(whole)).toEqual([]);
  });

  test.each([
    [{ tracks: undefined }, 'bad-option c'],
    [{ tracks: [ping] }, 'bad-option c'],
    [{ tracks: {}, strategy: 'fastest' }, 'bad-option c'],
    [{ tracks: {}, merge: 'all' }, 'bad-option c'],
    [{ tracks: {}, input: 1 }, 'bad-schema c'],
    [{ tracks: { web: { do: ping, with: 1 } } }, 'unknown-key c/web'],
    [{ tracks: { web: { do: 1 } } }, 'bad-body c/web'],
    [{ tracks: { web: 'ping' } }, 'unknown-reference c/web'],
    [{ tracks: {}, concurency: 2 }, 'unknown-key c'],
  ])('of %o is faulty (S3)', (options, fault) => {
    expect(faultList(compositeTrack('c', untyped(options)))).toEqual([fault]);
  });
});

describe('an orchestrator', () => {
  test('fails fast and lets everything run that is ready, unless it says otherwise (S12)', () => {
    const quiet = orchestrator('o', { version: '1', input: Order });
    const strict = orchestrator('o', { version: '2', input: Order, onFailure: 'continue', concurrency: 3 });

    expect(quiet.definition).toMatchObject({
      onFailure: 'failFast',
      concurrency: Number.POSITIVE_INFINITY,
      version: '1',
    });
    expect(strict.definition).toMatchObject({ onFailure: 'continue', concurrency: 3, version: '2' });
  });

  test('is not changed by what is built on it', () => {
    const base = orchestrator('o', { version: '1', input: Nothing }).track('a', ping);
    const left = base.track('b', ping, { after: ['a'] });
    const right = base.output(({ outputs }) => outputs.a.pong);

    expect([base, left, right].map(({ definition }) => definition.tracks.map(({ name }) => name))).toEqual([
      ['a'],
      ['a', 'b'],
      ['a'],
    ]);
    expect([base.definition.output, typeof right.definition.output]).toEqual([undefined, 'function']);
  });

  test('keeps its own copy of a list of dependencies', () => {
    const after: 'a'[] = ['a'];
    const made = orchestrator('o', { version: '1', input: Nothing }).track('a', ping).track('b', ping, { after });
    after.push('a');

    expect(made.definition.tracks[1]?.after).toEqual(['a']);
    expect(Object.isFrozen(made.definition.tracks[1]?.after)).toBe(true);
  });

  test('cannot be a step, and says what can', () => {
    const inner = orchestrator('inner', { version: '1', input: Nothing });
    const outer = untyped(track('outer', { input: Nothing })).step('in', inner);

    expect(faultList(outer)).toEqual(['bad-body outer/in']);
    expect(faultText(outer)).toContain('got the orchestrator "inner".');
  });
});
