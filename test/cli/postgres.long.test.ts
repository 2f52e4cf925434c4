/** The command line on a server, beside the application that has the run: what is asked is a command that its owner takes. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { FLOW, Shell } from './shell.ts';

const server = useServer();

test('a run of a living process is paused, resumed and told something from a shell, without its definition (P208)', {
  timeout: 120_000,
}, async () => {
  const shell = new Shell();
  const schema = newSchema(server);
  const application = await shell.application('order', ['order-17'], server.url, schema);
  const call = (...args: readonly string[]) => shell.call([...args, '--schema', schema], server.url);
  expect(await call('pause', 'order-17')).toMatchObject({ code: 0, err: '' });
  expect(await call('status', 'order-17')).toMatchObject({ code: 0, out: expect.stringContaining('paused'), err: '' });
  const resumed = await call('resume', 'order-17');
  expect(resumed).toMatchObject({ code: 3, err: '' });
  expect(resumed.out).toContain('run.resumed');
  const needless = await call('resume', 'order-17');
  expect(needless).toMatchObject({ code: 2, out: '' });
  expect(needless.err).toMatch(/^signalbox: run "order-17" is not paused: its process goes on with it[^\n]*\n$/);
  expect(await call('signal', 'order-17', 'paid', '{"by":"tom"}')).toEqual({ code: 0, out: 'accepted\n', err: '' });
  while (!shell.effects.includes('ship order-17/thanks/ship#1')) await pause(20);
  await application.close();
  expect(await call('status', '--status', 'completed', '--json')).toMatchObject({
    code: 0,
    out: expect.stringContaining('order-17'),
  });

  // The next application is killed, and this process goes on in its place.
  shell.put('hang');
  const next = await shell.application('order', ['order-18'], server.url, schema);
  while (!shell.effects.includes('charge begins order-18/payment/charge#1')) await pause(20);
  await next.kill();
  shell.take('hang');
  const waits = await call('resume', 'order-18', '--app', FLOW);
  expect(waits).toMatchObject({ code: 3, err: '' });
  expect(shell.effects.filter((line) => line.startsWith('hold order-18'))).toHaveLength(1);
});
