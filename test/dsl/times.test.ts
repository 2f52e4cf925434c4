/** Deadlines and limits of time in definitions: what is read, and what can never be met (S3, S11). */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineOrchestrator, defineTrack, orchestrator, planOf, task, track } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import { faultList, faultText, untyped } from './fixtures.ts';

const Any = z.any();
const body = { input: Any, output: Any, run: () => 1 };
const work = task('work', body);
const head = { version: '1', input: Any } as const;
const one = (name: string, given: unknown) => untyped(track(name, { input: Any })).step('one', given);

describe('a deadline', () => {
  test('is read as any duration, with a builder and in a document', () => {
    const inner = track('inner', { input: Any, deadline: '5m' }).step('one', work);
    const built = untyped(orchestrator('flow', { ...head, deadline: '1h' })).track('a', inner);
    const document = defineOrchestrator(
      untyped({
        name: 'flow',
        ...head,
        deadline: '1h',
        tracks: { a: defineTrack({ name: 'inner', input: Any, deadline: '5m', tasks: [{ task: work, name: 'one' }] }) },
      }),
    );

    for (const made of [built, document]) {
      const { root } = planOf(untyped(made));
      expect([root.deadline, root.children[0]?.node.deadline]).toEqual([3_600_000, 300_000]);
    }
  });

  test('is part of what a run is pinned to (P234)', () => {
    const hashes = [undefined, '1h', '2h'].map(
      (deadline) =>
        structureOf(planOf(untyped(orchestrator('flow', untyped({ ...head, deadline }))).track('a', one('t', work))))
          .hash,
    );
    expect(new Set(hashes).size).toBe(3);
  });

  test.each([0, -1, 'soon', {}])('of %j is none', (deadline) => {
    const ofRun = untyped(orchestrator('flow', untyped({ ...head, deadline }))).track('a', one('t', work));
    const ofTrack = untyped(track('t', untyped({ input: Any, deadline }))).step('one', work);
    expect(faultList(ofRun)).toEqual(['bad-option flow']);
    expect(faultList(ofTrack)).toEqual(['bad-option t']);
  });

  test.each([
    ['timeout', one('t', task('slow', { ...body, timeout: '2h' })), 'flow/a/one'],
    ['totalTimeout', one('t', task('slow', { ...body, totalTimeout: '2h' })), 'flow/a/one'],
    ['duration', untyped(track('t', { input: Any })).sleep('nap', '2h'), 'flow/a/nap'],
    ['timeout', untyped(track('t', { input: Any })).wait('w', { signal: 'go', timeout: '2h' }), 'flow/a/w'],
    ['deadline', untyped(track('t', { input: Any, deadline: '2h' })).step('one', work), 'flow/a'],
  ])('that is shorter than a "%s" below it is a fault at that place', (option, below, path) => {
    const made = untyped(orchestrator('flow', { ...head, deadline: '1h' })).track('a', below);
    expect(faultList(made)).toEqual([`bad-option ${path}`]);
    expect(faultText(made)).toContain(
      `has a deadline of 1h, and this has a "${option}" of 2h, which would never be reached.`,
    );
  });
});

describe('the times of a task', () => {
  test.each([
    [{ totalTimeout: 0 }, 'Option "totalTimeout" cannot be 0'],
    [{ totalTimeout: 'x' }, 'Option "totalTimeout" cannot be "x"'],
    [{ heartbeat: 0 }, 'Option "heartbeat" cannot be 0'],
    [{ timeout: '2m', totalTimeout: '1m' }, 'so a "timeout" of 120000 ms would never be reached'],
    [{ timeout: '1m', heartbeat: '2m' }, 'so a "heartbeat" of 120000 ms would never be reached'],
  ])('%j are refused', (given, says) => {
    const made = task('t', untyped({ ...body, ...given }));
    expect(faultList(made)).toEqual(['bad-option [0]'.replace('[0]', 't')]);
    expect(faultText(made)).toContain(says);
  });
});
