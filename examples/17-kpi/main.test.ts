/** Every decision on a summary, and what becomes of it (P160). */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('a summary is reported as somebody has decided', async () => {
  const lines: string[] = [];
  await main((line) => lines.push(line));
  expect(lines).toEqual([
    'approve: {"month":"reported: a profit of 300, draft 1"}',
    'edit: {"month":"reported: a fair profit"}',
    'retry, approve: {"month":"reported: a handsome profit of 300, draft 2"}',
    'replace: {"month":"reported: see the appendix"}',
    'skip: {"month":"reported: nothing"}',
    'reject: approval-rejected',
  ]);
});
