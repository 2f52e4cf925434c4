/** The command line across the end of a process: what an application has left is looked at, gone on with, and nothing is done twice. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSignalbox } from '../../src/index.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { orchestrators, tasks } from './flow.ts';
import { FLOW, Shell } from './shell.ts';

const PATIENCE = 120_000;
const ONE_LINE = /^signalbox: [^\n]+\n$/;

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(10);
}

test('an application is killed in the middle of a step: its run is seen, gone on with, and nothing is done twice (P208, I6)', {
  timeout: PATIENCE,
}, async () => {
  const shell = new Shell();
  shell.put('hang');
  const application = await shell.application('order', ['order-17', 'order-18']);
  await until(() => shell.effects.filter((line) => line.startsWith('charge begins')).length === 2);

  // While it has the file: to look does no harm, and to change something is refused in one line that says whose it is.
  const seen = await shell.call(['status', 'order-17', '--json']);
  expect(seen).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(seen.out)).toMatchObject({ snapshot: { status: 'running', steps: { 'payment/hold': {} } } });
  const held = await shell.call(['resume', 'order-17', '--app', FLOW]);
  expect(held).toMatchObject({ code: 2, out: '' });
  expect(held.err).toMatch(ONE_LINE);
  expect(held.err).toContain(`runs.db is held by process ${application.pid} on `);
  await application.kill();

  const left = await shell.call(['status', 'order-17']);
  expect(left).toMatchObject({ code: 0, err: '' });
  expect(left.out).toContain('payment/charge');
  expect(shell.effects.filter((line) => line.startsWith('charge begins'))).toHaveLength(2);

  shell.take('hang');
  const waits = await shell.call(['resume', 'order-17', '--app', FLOW]);
  expect(waits).toMatchObject({ code: 3, err: '' });
  expect(waits.out).toContain('step.completed');
  expect(waits.out).toMatch(/order-17: waiting for signal "paid" since .*; times out in .* \(payment\/paid\)\n/);
  expect(waits.out).toMatch(/^signalbox signal order-17 paid JSON$/m);

  const refused = await shell.call(['signal', 'order-17', 'paid', '{"from":"tom"}', '--app', FLOW]);
  expect(refused).toMatchObject({ code: 1, err: '' });
  expect(refused.out).toMatch(/^refused: .* by: /);
  const sent = await shell.call(['signal', 'order-17', 'paid', '{"by":"tom"}', '--app', FLOW]);
  expect(sent).toEqual({ code: 0, out: 'accepted\n', err: '' });
  expect((await shell.here(['audit', 'order-17'])).out).toMatch(/Z {2}signal paid {2}by .*→/);
  // The signal is on record, and no body was begun for it.
  expect(shell.effects.filter((line) => line.startsWith('ship'))).toEqual([]);

  const ended = await shell.call(['resume', 'order-17', '--app', FLOW]);
  expect(ended).toMatchObject({ code: 0, err: '' });
  expect(ended.out).toMatch(/order-17: completed after .*\n$/);
  const again = await shell.call(['resume', 'order-17', '--app', FLOW]);
  expect(again).toMatchObject({ code: 0, err: '' });

  // What was in flight at the kill was begun again under its key; all else was done once. The other run was let alone.
  expect(shell.effects.filter((line) => line.includes('order-17'))).toEqual([
    'hold order-17/payment/hold#1',
    'charge begins order-17/payment/charge#1',
    'charge begins order-17/payment/charge#1',
    'charge order-17/payment/charge#1',
    'ship order-17/payment/ship#1',
    'ship order-17/thanks/ship#1',
  ]);
  expect(shell.effects.filter((line) => line.includes('order-18'))).toEqual([
    'hold order-18/payment/hold#1',
    'charge begins order-18/payment/charge#1',
  ]);
  const history = await shell.call(['events', 'order-17', '--json']);
  const events = history.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.filter(({ type, path }) => type === 'step.completed' && path === 'payment/charge')).toHaveLength(1);
});

test('a run is paused, resumed and cancelled between two processes of its application (P208)', {
  timeout: PATIENCE,
}, async () => {
  const shell = new Shell();
  shell.put('hang');
  const application = await shell.application('order', ['order-17', 'order-18']);
  await until(() => shell.effects.filter((line) => line.startsWith('charge begins')).length === 2);
  await application.kill();

  const who = ['--by', 'mia', '--reason', 'the bank is down'];
  expect(await shell.here(['pause', 'order-17', '--app', FLOW, ...who])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^order-17: paused: nothing begins/),
    err: '',
  });
  expect(await shell.here(['status', '--status', 'paused', '--json'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('"order-17"'),
  });
  const cancelled = await shell.here(['cancel', 'order-18', '--reason', 'the customer called', '--app', FLOW]);
  expect(cancelled).toMatchObject({ code: 0, err: '' });
  expect(cancelled.out).toMatch(/^order-18: cancelled after .*: the customer called\n$/);
  expect(await shell.here(['cancel', 'order-18', '--app', FLOW])).toMatchObject({
    code: 1,
    err: 'signalbox: run "order-18" has ended: it is cancelled\n',
  });
  expect(await shell.here(['resume', 'order-18', '--app', FLOW])).toMatchObject({ code: 1, err: '' });
  expect(await shell.here(['pause', 'order-18', '--app', FLOW])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^signalbox: Run "order-18" does not take "pause": it is cancelled\. .*\n$/),
  });

  shell.take('hang');
  const resumed = await shell.here(['resume', 'order-17', '--app', FLOW, '--json']);
  expect(resumed).toMatchObject({ code: 3, err: '' });
  const lines = resumed.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  // What was under way at the kill may end in a paused run, too.
  expect(lines.map(({ type }) => type)).toContain('run.resumed');
  expect(lines.at(-1)).toMatchObject({ run: 'order-17', status: 'waiting', output: null });

  const audit = await shell.here(['audit', 'order-17', '--json']);
  const records = audit.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map(({ type, by, reason }) => [type, by, reason])).toEqual([
    ['start', null, null],
    ['pause', 'mia', 'the bank is down'],
    ['resume', null, null],
  ]);
  expect((await shell.here(['audit', 'order-18'])).out).toMatch(
    /^.*start.*\n.*Z {2}cancel {2}by nobody who was named: the customer called \(.*\)\n.*\n.*pause.*refused: the run is cancelled\)\n$/,
  );

  // Nobody needs a definition for it.
  const abandoned = await shell.here(['abandon', 'order-17', '--reason', 'never released']);
  expect(abandoned).toMatchObject({ code: 0, err: '' });
  expect(abandoned.out).toMatch(/^order-17: abandoned; cancelled after .*: never released\n$/);
});

test('a person decides, and says what becomes of a step, between two processes of the application (P208)', {
  timeout: PATIENCE,
}, async () => {
  const shell = new Shell();
  const first = await shell.application('asking', ['invoice-1', 'invoice-2']);
  await first.close();
  const second = await shell.application('failing', ['print-1', 'print-2']);
  await second.close();

  const list = await shell.here(['approvals', '--role', 'finance', '--json']);
  const { approvals } = JSON.parse(list.out);
  expect(approvals.map(({ id }: { id: string }) => id)).toEqual([
    'invoice-1/release/manager#1',
    'invoice-2/release/manager#1',
  ]);
  const text = await shell.here(['approvals', '--user', 'mia', '--run', 'invoice-1']);
  expect(text.out).toContain(
    `  Pay 4200?\n  asks mia, role finance; takes approve, reject\n  digest ${approvals[0].digest}\n`,
  );
  expect(await shell.here(['approvals', '--user', 'tom'])).toEqual({
    code: 0,
    out: 'nobody is asked anything\n',
    err: '',
  });
  const decide = (by: string, ...more: readonly string[]) =>
    shell.here(['decide', 'invoice-1/release/manager#1', 'approve', '--by', by, '--app', FLOW, ...more]);
  expect(await decide('tom')).toMatchObject({ code: 1, out: expect.stringMatching(/^refused: /), err: '' });
  expect(await decide('mia', '--digest', approvals[0].digest)).toEqual({
    code: 0,
    out: 'resolved: approve\n',
    err: '',
  });
  expect(await shell.here(['resume', 'invoice-1', '--app', FLOW])).toMatchObject({ code: 0 });
  expect(shell.effects).toEqual(['ship invoice-1/release/ship#1']);

  const stands = await shell.here(['resume', 'print-1', '--app', FLOW]);
  expect(stands).toMatchObject({ code: 3, err: '' });
  expect(stands.out).toContain('print/page has failed and stands still: the printer is on fire');
  expect(stands.out).toContain('signalbox retry print-1 print/page --reason TEXT\n');
  shell.put('mended');
  const say = (command: string, run: string, ...more: readonly string[]) =>
    shell.here([command, run, 'print/page', '--reason', 'it is out', '--by', 'mia', '--app', FLOW, ...more]);
  expect(await say('retry', 'print-1')).toMatchObject({ code: 0, err: '' });
  expect(shell.effects.filter((line) => line.startsWith('shaky'))).toEqual([]);
  expect(await shell.here(['resume', 'print-1', '--app', FLOW])).toMatchObject({ code: 0 });
  expect(shell.effects.filter((line) => line.startsWith('shaky'))).toEqual(['shaky print-1/print/page#2']);
  expect(await say('skip', 'print-2', '--output', '"by hand"')).toMatchObject({ code: 0, err: '' });
  expect(await say('skip', 'print-1')).toMatchObject({ code: 1, out: '' });
});

test('a run goes on with the runs that it has started, and Ctrl-C leaves it as it is (P208, I6)', {
  timeout: PATIENCE,
}, async () => {
  const shell = new Shell();
  shell.put('hang');
  const application = await shell.application('family', ['family-1']);
  await until(() => shell.effects.some((line) => line.startsWith('charge begins')));
  await application.kill();

  const stopped = shell.begin(['resume', 'family-1', '--app', FLOW]);
  await until(() => shell.effects.filter((line) => line.startsWith('charge begins')).length === 2);
  stopped.interrupt();
  const left = await stopped.ended;
  expect(left).toMatchObject({ code: 3, err: '' });
  expect(left.out).toMatch(/^family-1: .* \(left as it is\)\n$/m);

  shell.take('hang');
  const { code, out } = await shell.here(['resume', 'family-1', '--app', FLOW]);
  // It waits for its child, and that for a signal.
  expect(code).toBe(3);
  const [, child] = /^signalbox signal (\S+) paid JSON$/m.exec(out) ?? [];
  expect(child).toMatch(/^family-1\.child\./);
  expect(await shell.here(['signal', child as string, 'paid', '{"by":"tom"}', '--app', FLOW])).toMatchObject({
    code: 0,
  });
  expect(await shell.here(['resume', 'family-1', '--app', FLOW])).toMatchObject({ code: 0, err: '' });
  expect(shell.effects.filter((line) => line.startsWith('ship'))).toHaveLength(2);
  expect(shell.effects.filter((line) => line.startsWith('hold'))).toHaveLength(1);
});

test('who has deleted a run is told when it is gone (S39); who reads no more is no reason to say that it has completed (P208)', {
  timeout: PATIENCE,
}, async () => {
  const shell = new Shell();
  shell.put('hang');
  const application = await shell.application('order', ['order-17', 'order-18']);
  await until(() => shell.effects.filter((line) => line.startsWith('charge begins')).length === 2);
  await application.kill();
  const read = shell.begin(['resume', 'order-17', '--app', FLOW]);
  read.shut();
  shell.take('hang');
  expect(await read.ended).toMatchObject({ code: 3, err: '' });

  await shell.here(['cancel', 'order-18', '--app', FLOW, '--force']);
  const box = await createSignalbox({ store: sqlite(shell.file), orchestrators, tasks });
  await box.run('order-18').delete({ by: 'mia', reason: 'a test' });
  await box.close();
  for (const [run, what] of [
    ['order-18', 'delete'],
    ['~deletions', 'delete order-18'],
  ] as const)
    expect((await shell.here(['audit', run])).out).toMatch(
      new RegExp(`^\\S+ {2}${what} {2}by mia: a test \\(cancelled → -\\)\n$`),
    );
  expect((await shell.here(['status'])).out).not.toContain('~deletions');
});
