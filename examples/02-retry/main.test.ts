/** The delays of the retry example, to the second. */
import { RunFailed } from 'signalbox';
import { expect, test } from 'vitest';
import { main } from './main.ts';

test('delays follow the policy, the other side, and the timeout; a terminal error is not retried (S10, S11)', async () => {
  const lines: string[] = [];
  const { result, failed } = await main((line) => lines.push(line));

  expect(result).toBe('the report, at attempt 4');
  expect(lines.slice(0, 3)).toEqual([
    '    0 s  attempt 1: 502 from the report server; again in 600 s',
    '  600 s  attempt 2: 429: come back in 90 s; again in 90 s',
    '  750 s  attempt 3: Task "fetchReport" did not settle within its timeout of 1m; again in 2400 s',
  ]);
  expect(failed).toBeInstanceOf(RunFailed);
  expect((failed as RunFailed).error).toMatchObject({ path: 'login/password', attempt: 1, name: 'TerminalError' });
});
