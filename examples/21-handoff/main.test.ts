/** Work in a worker thread: what a box needs of an executor, and that each handoff is on record. */
import { executorSuite } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { Handoff } from './handoff.ts';
import { main } from './main.ts';

test('every handoff is an attempt of its step and an event of its run, under the key that the worker was given (P224)', async () => {
  const lines: string[] = [];
  const { handed, attempts, started, thread } = await main((line) => lines.push(line));
  expect(handed).toEqual(['primes-1/count/counted#1', 'primes-1/count/told#1', 'primes-1/count/told#2']);
  expect([attempts, started]).toEqual([handed, handed]);
  expect(lines).toEqual([
    '5133 primes',
    'count/counted, attempt 1: completed',
    'count/told, attempt 1: failed, the printer is busy',
    'count/told, attempt 2: completed',
    'count/counted: counting',
  ]);
  // Another thread than this one has done it.
  expect((thread as { readonly thread: number }).thread).toBeGreaterThan(0);
});

describe('the worker as an executor', () => {
  const bodies = new URL('../../src/testing/executor-bodies.ts', import.meta.url);
  const make = () => {
    const handoff = new Handoff(bodies, 'executorBodies');
    return { executor: () => handoff, dispose: () => handoff[Symbol.asyncDispose]() };
  };
  for (const { title, run } of executorSuite(make)) test(title, { timeout: 60_000 }, run);
});
