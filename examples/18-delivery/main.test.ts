/** Eight phases to their end, and a deployment that is rolled back (P199–P205, P217–P222, P226). */
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('a program goes through its phases, and rolls back what it has deployed when that fails (P221)', async () => {
  const lines: string[] = [];
  const { well, badly } = await main((line) => lines.push(line));
  expect(lines.slice(0, -1)).toEqual([
    'checkpoint: 14 of 22 done, 2 retries',
    'the shop is ready. Go?',
    'completed: analysis completed, planning completed, implementation completed, testing completed, checkpoint completed, deployment completed, monitoring started, quality completed',
    'gates: APPROVE 75, APPROVE 100',
    'to remember: one service (architecture), outbox (architecture), the import is slow (audit)',
    'retries that helped: 100 %, gates at once: 50 %',
    'beside it: alerts, metrics, logs',
    'checkpoint: 14 of 22 done, 2 retries',
    'the shop is ready. Go?',
    'compensated: migrate back',
  ]);
  expect(lines.at(-1)).toContain(
    '## deployment (failed)\n\n- [x] freeze\n- [ ] migrate (compensated)\n- [ ] rollout (failed)\n- [ ] smoke (skipped)\n',
  );
  expect(well.state.counts).toEqual({
    total: 22,
    completed: 21,
    failed: 1,
    skipped: 0,
    running: 0,
    pending: 0,
    retries: 2,
  });
  expect(well.state.metrics.success).toEqual({ value: 100, target: 95, isMet: true });
  expect(badly.state.metrics.success).toEqual({ value: 0, target: 95, isMet: false });
  expect(well.state.metrics.persistence.value).toBe(100);
  // It is one JSON document.
  expect(JSON.parse(JSON.stringify(badly.state))).toEqual(badly.state);
});
