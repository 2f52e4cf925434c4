/** What a failed run looks like where most people meet it: printed, by somebody who did nothing about it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSignalbox, memory, orchestrator, RunFailed, task, track } from 'signalbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../helpers/sources.ts';
import { Anything, rejection } from '../helpers/stage.ts';

let folder = '';
beforeAll(() => {
  mkdirSync(join(ROOT, 'test/.tmp'), { recursive: true });
  folder = mkdtempSync(join(ROOT, 'test/.tmp/printed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = `import * as s from ${JSON.stringify(join(ROOT, 'src/index.ts'))};
import { z } from 'zod';
const A = z.any();
const helper = () => { throw new TypeError('card declined', { cause: new Error('no money') }); };
const charge = s.task('charge', { input: A, output: A, run: async () => { await null; helper(); } });
const order = s.orchestrator('order', { version: '1', input: A }).track('payment', s.track('payment', { input: A }).step('charge', charge));
const box = await s.createSignalbox({ orchestrators: [order] });
const main = async () => {
  const run = await box.start(order, { id: 'order-17', input: null });
  await run.result();
};
`;

function play(script: string): Promise<{ code: number | null; error: string[] }> {
  const file = join(folder, 'app.ts');
  writeFileSync(file, HEAD + script);
  const child = spawn(process.execPath, ['--no-warnings', file], { timeout: 15_000 });
  let text = '';
  child.stderr.on('data', (data) => (text += data));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, error: text.trimEnd().split('\n') })));
}

test('printed, it says which run, where it failed and what was thrown, with the lines of the user and no others', async () => {
  const { error } = await play('await main().catch((thrown) => console.error(thrown));');
  const app = `file://${join(folder, 'app.ts')}`;

  expect(error).toEqual([
    'RunFailed: Run "order-17" of orchestrator "order" ended failed: step "payment/charge": card declined',
    `    at async main (${app}:10:3)`,
    `    at async ${app}:12:1 {`,
    `  code: 'run-failed',`,
    `  run: 'order-17',`,
    `  status: 'failed',`,
    '  [cause]: TypeError: card declined',
    `      at helper (${app}:4:30)`,
    `      at run (${app}:5:87) {`,
    '    [cause]: Error: no money',
    `        at helper (${app}:4:70)`,
    `        at run (${app}:5:87)`,
    '  }',
    '}',
  ]);
}, 20_000);

test('a process that it ends prints hardly more', async () => {
  const { code, error } = await play('await main();');

  expect(code).toBe(1);
  expect(error.length).toBeLessThan(22);
  expect(error.join('\n')).not.toMatch(/src\/(runtime|attempt|body)/);
}, 20_000);

test('its cause is what the body threw, as an error, also in another process and long after (P12)', async () => {
  const run = (): never => {
    throw new RangeError('too much', { cause: new Error('way too much') });
  };
  const flow = orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).step('s', task('s', { input: Anything, output: Anything, run })),
  );
  const store = memory();
  {
    await using first = await createSignalbox({ orchestrators: [flow], store });
    await (await first.start(flow, { id: 'r', input: null })).outcome();
  }
  await using box = await createSignalbox({ orchestrators: [flow], store });
  const error = await rejection<RunFailed>(box.run('r').result());
  const cause = error.cause as Error;

  expect(cause).toBeInstanceOf(Error);
  expect([cause.name, cause.message, (cause.cause as Error).message]).toEqual([
    'RangeError',
    'too much',
    'way too much',
  ]);
  expect(cause.stack).toMatch(/^RangeError: too much\n\s+at .*printed\.test\.ts:\d+/);
  expect(cause.stack).not.toContain('/src/');
  // For programs, everything is where it was.
  expect(error.error).toMatchObject({ code: 'task-threw', path: 't/s', message: 'too much' });
  expect(error.fields.failures).toEqual(error.failures);
});

test('what failed a step without an error of the user has a cause without frames', () => {
  const record = { code: 'step-timed-out', name: 'StepTimedOut', message: 'Too slow.' };
  const error = new RunFailed({ run: 'r', orchestrator: 'o', status: 'failed', error: record, failures: [record] });

  expect((error.cause as Error).stack).toBe('StepTimedOut: Too slow.');
});
