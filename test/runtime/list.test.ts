/** Lists of runs: pages that stay where they are, narrowed by what runs were started with. */
import { createSignalbox, type InvalidOption, orchestrator, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rejection } from '../helpers/stage.ts';
import { counted } from '../helpers/stores.ts';

const any = { input: z.any() };
const quick = orchestrator('quick', { version: '1', ...any });
const newer = orchestrator('quick', { version: '2', ...any });
const slow = orchestrator('slow', { version: '1', ...any }).track('t', track('t', any).sleep('nap', '1d'));
const open = () => createSignalbox({ orchestrators: [quick, newer, slow] });
const idsOf = (page: { readonly runs: readonly { readonly run: string }[] }) => page.runs.map(({ run }) => run);

test('runs are listed in the order of their starts, in pages that new ones do not shift (P127)', async () => {
  await using box = await open();
  for (const id of ['c', 'a', 'b']) await box.start(quick, { id, input: 1 });
  const first = await box.runs({ limit: 2 });
  expect(idsOf(first)).toEqual(['c', 'a']);
  await box.start(quick, { id: '0', input: 1 });
  const second = await box.runs({ limit: 2, cursor: first.cursor as string });
  expect(idsOf(second)).toEqual(['b', '0']);
  expect(idsOf(await box.runs())).toEqual(['c', 'a', 'b', '0']);
});

test('the newest runs come first if that is asked for, and what starts meanwhile is on no later page (P127)', async () => {
  await using box = await open();
  for (const id of ['c', 'a', 'b']) await box.start(quick, { id, input: 1 });
  const first = await box.runs({ order: 'newest', limit: 2 });
  expect(idsOf(first)).toEqual(['b', 'a']);
  await box.start(quick, { id: 'later', input: 1 });
  const second = await box.runs({ order: 'newest', limit: 2, cursor: first.cursor as string });
  expect([idsOf(second), second.cursor]).toEqual([['c'], null]);
  expect(idsOf(await box.runs({ order: 'newest', limit: 1 }))).toEqual(['later']);
});

test('a list is narrowed by orchestrator, version and status (P127)', async () => {
  await using box = await open();
  await box.start(quick, { id: 'a', input: 1 });
  await box.start(newer, { id: 'b', input: 1 });
  await box.start(slow, { id: 'c', input: 1 });
  await settled(box);
  expect(idsOf(await box.runs({ orchestrator: 'quick' }))).toEqual(['a', 'b']);
  expect(idsOf(await box.runs({ orchestrator: 'quick', version: '2' }))).toEqual(['b']);
  expect(idsOf(await box.runs({ status: 'completed' }))).toEqual(['a', 'b']);
  expect((await box.runs({ status: 'waiting' })).runs).toMatchObject([
    { orchestrator: 'slow', version: '1', input: 1 },
  ]);
  expect(idsOf(await box.runs({ status: 'running' }))).toEqual([]);
});

test('who asks for the runs of one tenant sees none of another, and finds a run by what it is about (P126, P133)', async () => {
  await using box = await open();
  for (let index = 0; index < 30; index += 1) {
    const metadata = { tenant: index % 3 === 0 ? 'acme' : 'other', deliverable: { id: index } };
    await box.start(quick, { id: `r${index}`, input: 1, metadata });
  }
  await box.start(quick, { id: 'none', input: 1 });
  const found: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await box.runs({
      metadata: { tenant: 'acme' },
      limit: 4,
      ...(cursor === undefined ? {} : { cursor }),
    });
    expect(page.runs.length).toBeLessThanOrEqual(4);
    found.push(...idsOf(page));
    cursor = page.cursor;
  }
  expect(found).toEqual(Array.from({ length: 10 }, (_, index) => `r${index * 3}`));
  expect(idsOf(await box.runs({ metadata: { deliverable: { id: 7 } } }))).toEqual(['r7']);
  expect(idsOf(await box.runs({ metadata: { tenant: 'acme', deliverable: { id: 7 } } }))).toEqual([]);
  expect(idsOf(await box.runs({ metadata: { toString: 'x' } }))).toEqual([]);
});

test('a page is one question to the store, however few of its runs fit (P127)', async () => {
  const { store, calls } = counted();
  await using box = await createSignalbox({ orchestrators: [quick, newer, slow], store });
  for (let index = 0; index < 200; index += 1)
    await box.start(index % 50 === 0 ? newer : quick, { id: `r${index}`, input: 1, metadata: { n: index % 40 } });
  calls();
  expect(idsOf(await box.runs({ version: '2' }))).toEqual(['r0', 'r50', 'r100', 'r150']);
  expect(idsOf(await box.runs({ metadata: { n: 10 }, version: '2' }))).toEqual(['r50']);
  expect(calls()).toEqual({ readRuns: 2 });
});

test('a query that makes no sense is refused with what would', async () => {
  const box = await open();
  const refused = async (query: unknown, option: string, value: unknown, told = '') => {
    const error = await rejection<InvalidOption>(box.runs(query as never));
    expect(error).toMatchObject({ code: 'option-invalid', fields: { option, value } });
    expect(error.message).toContain(told);
  };
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['limit', [0, 1.5, 1_001, '5', null, Number.NaN]],
    ['order', ['asc', 'newer', '', null, -1]],
    ['status', ['done', '', null, 1, ['running']]],
    ['cursor', [3, '', null, 'x', '0', '-1', '1.5', '1e3', '9'.repeat(16)]],
    ['orchestrator', [quick, null, '', 7]],
    ['version', [1, null, '']],
    ['metadata', [null, 'acme', [], { at: new Date(0) }, { tenant: 1n }, { tenant: () => 'acme' }]],
  ];
  for (const [option, values] of cases) for (const value of values) await refused({ [option]: value }, option, value);
  for (const query of [null, 'quick', 5]) await refused(query, 'runs', query, 'an object of options');
  await refused({ orchestator: 'quick' }, 'orchestator', 'quick', 'Did you mean "orchestrator"? Options: ');
  await refused({ where: 1 }, 'where', 1, 'Options: orchestrator, version, status, metadata, limit');
  await expect(box.runs({ orchestrator: undefined, metadata: {} } as never)).resolves.toMatchObject({ runs: [] });
  await box.close();
  await expect(box.runs()).rejects.toMatchObject({ code: 'box-closed' });
});

describe('what is asked of a run', () => {
  test.each(['events', 'history'] as const)(
    'run.%s refuses an "after" that is no number of an event (I10)',
    async (what) => {
      await using box = await open();
      const run = await box.start(quick, { id: 'r', input: 1 });
      await run.result();
      const read = async (options: unknown): Promise<number[]> => {
        const seen: number[] = [];
        for await (const { seq } of run[what](options as never)) seen.push(seq);
        return seen;
      };
      for (const after of [-1, 1.5, '1', null, Number.NaN, Number.POSITIVE_INFINITY, 1n]) {
        const error = await rejection<InvalidOption>(read({ after }));
        expect(error).toMatchObject({ code: 'option-invalid', fields: { option: 'after', value: after } });
      }
      expect(await rejection(read({ affter: 1 }))).toMatchObject({ fields: { option: 'affter' } });
      expect(await rejection(read(null))).toMatchObject({ fields: { option: what, value: null } });
      expect(await rejection(read(1))).toMatchObject({ fields: { option: what, value: 1 } });

      expect(await read({ after: 1 })).toEqual([2]);
      expect(await read({ after: undefined })).toEqual([1, 2]);
      expect(await read({ after: 99 })).toEqual([]);
    },
  );

  test('box.run refuses what cannot be the id of a run, and knows nothing of any other (I10)', async () => {
    await using box = await open();
    for (const id of [undefined, null, 7, '', 'a/b', 'a#1', 'a\nb', '\ud800', 'x'.repeat(201), { id: 'r' }]) {
      const refusal = (): unknown => box.run(id as never);
      expect(refusal).toThrow(
        expect.objectContaining({
          code: 'option-invalid',
          fields: expect.objectContaining({ option: 'id', value: id }),
        }),
      );
    }
    expect(await rejection(box.run('nobody').status())).toMatchObject({ code: 'run-unknown' });
  });
});
