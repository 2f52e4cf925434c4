/**
 * Starts `row.ts` in a new process for a row, and reads what it says. Rows are run one
 * after the other: two at a time would measure each other.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Held } from './memory.ts';
import type { Timing } from './measure.ts';
import type { HeldRow, Row, TimedRow } from './rows.ts';

const FLAGS = ['--expose-gc', '--max-semi-space-size=64'];
const PROGRAM = fileURLToPath(new URL('./row.ts', import.meta.url));

export type ResultOf<R extends Row> = R extends TimedRow ? Timing : R extends HeldRow ? Held : never;

export async function measured<R extends Row>(row: R, flags: readonly string[] = []): Promise<ResultOf<R>> {
  const child = spawn(process.execPath, [...FLAGS, ...flags, PROGRAM, JSON.stringify(row)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${row.label} ended with ${signal ?? `code ${code}`}: ${JSON.stringify(row)}`);
  return JSON.parse(text) as ResultOf<R>;
}
