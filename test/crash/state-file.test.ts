/** `kill -9` at every event of a run that is in memory and in a state file: the file is whole, and the run ends from it as it would have. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSignalbox } from 'signalbox';
import { restoreFrom } from 'signalbox/files';
import { afterAll, expect, test } from 'vitest';
import { stateIn } from '../../src/files/document.ts';
import { oneIn } from '../helpers/form.ts';
import { filedFlow } from './filed-flow.ts';
import { linesOf } from './workers.ts';

const root = mkdtempSync(join(tmpdir(), 'signalbox-filing-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const FILING = fileURLToPath(new URL('filing.ts', import.meta.url));
const MANY = 100;
/** After so many turns of the event loop: while a state is being written, and when it has been. */
const TURNS = [0, 5, 12];

/** How the process ended. */
async function filing(folder: string, event: number, turns: number): Promise<string | number | null> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', FILING, folder, `${event}`, `${turns}`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') },
    },
  );
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return signal ?? code;
}

test('a process that is killed at any event leaves a whole state file, from which the run ends as it would have (P220, P228, I6)', {
  timeout: 240_000,
}, async () => {
  const clean = mkdtempSync(join(root, 'clean-'));
  expect(await filing(clean, MANY, 0)).toBe(0);
  const last = Number(linesOf(clean, 'acks').at(-1));
  expect(last).toBeGreaterThan(10);
  let restored = 0;
  const kills = oneIn(
    8,
    Array.from(
      { length: last * TURNS.length },
      (_, at) => [1 + (at % last), TURNS[Math.floor(at / last)] as number] as const,
    ),
  );
  for (const [event, turns] of kills) {
    const folder = mkdtempSync(join(root, `at-${event}-`));
    expect(await filing(folder, event, turns)).toBe('SIGKILL');
    const path = join(folder, 'state.json');
    const acked = Number(linesOf(folder, 'acks').at(-1) ?? 0);
    for (const each of [path, `${path}-before`])
      if (existsSync(each))
        expect([each, stateIn(readFileSync(each, 'utf8'))]).not.toMatchObject([each, { fault: expect.any(String) }]);
    const before = linesOf(folder, 'effects');
    const again: string[] = [];
    const flow = filedFlow(async (key) => void again.push(key));
    await using box = await createSignalbox({ orchestrators: [flow], logger: () => {} });
    const { run, event: known, fault } = await restoreFrom(box, path);
    restored += 1;
    expect([fault, known >= acked]).toEqual([null, true]);
    expect(await run.outcome()).toMatchObject({ status: 'completed' });
    const { steps, events } = await run.export();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    // What the file knew as completed was not done again, and what it did not know was done under the same key.
    for (const { path: step, endedSeq, attempt } of steps) {
      const key = `r/${step}#${attempt}`;
      if ((endedSeq ?? Number.POSITIVE_INFINITY) <= known) expect(again).not.toContain(key);
    }
    const all = new Set([...before, ...again]);
    expect([...all].sort()).toEqual([...new Set(linesOf(clean, 'effects'))].sort());
  }
  expect(restored).toBe(kills.length);
});
