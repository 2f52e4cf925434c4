/** What the command line shows of runs that a process has left, with their definitions and without. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSignalbox } from '../../src/index.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { asking, orchestrators, tasks } from './flow.ts';
import { FLOW, Shell } from './shell.ts';

/** Times are as long as the machine takes. */
const timeless = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\d+(\.\d+)? (ms|s|min|h|d)( \d+ (s|min|h))?/g, 'TIME')
    .replace(/ {2,}(TIME|TOOK)$/gm, '  $1');

test('status, explain, events and diagram of a run that waits, without its definition and with it (P208)', {
  timeout: 120_000,
}, async () => {
  const shell = new Shell();
  const application = await shell.application('order', ['order-17', 'order-18']);
  while (shell.effects.filter((line) => line.startsWith('charge ')).length < 4) await pause(10);
  await application.close();
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await shell.here(args);
    expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
    return timeless(out);
  };

  expect(
    await said('status', 'order-17'),
  ).toBe(`order-17 (order, version 1): waiting for signal "paid" since TIME; times out in TIME (payment/paid)

◔ order, version 1 · run order-17 · waiting · TIME
└─ ● payment  running  TIME
   ├─ ✓ hold  TIME
   ├─ ✓ charge  TIME
   └─ ◔ paid  signal "paid", TIME left  TIME

signalbox signal order-17 paid JSON

Steps that have not begun are told with --app FILE.
`);
  expect(
    await said('status', 'order-17', '--app', FLOW),
  ).toBe(`order-17 (order, version 1): waiting for signal "paid" since TIME; times out in TIME (payment/paid)

◔ order, version 1 · run order-17 · waiting · TIME
├─ ● payment  running  TIME
│  ├─ ✓ hold  TIME
│  ├─ ✓ charge  TIME
│  ├─ ◔ paid  signal "paid", TIME left  TIME
│  └─ · ship  task
└─ · thanks  after payment
   └─ · ship  task

signalbox signal order-17 paid JSON
`);
  expect(await said('status')).toBe(`RUN       ORCHESTRATOR  STATUS   STARTED  TOOK
order-18  order 1       waiting  TIME ago
order-17  order 1       waiting  TIME ago
`);
  const page = await said('status', '--limit', '1');
  expect(page).toMatch(/order-18.*\nperhaps more: --cursor \d+\n$/);
  const cursor = /--cursor (\d+)/.exec(page)?.[1] as string;
  expect(await said('status', '--limit', '1', '--cursor', cursor)).toContain('order-17');
  expect(await said('status', '--orchestrator', 'asking')).toBe('no runs\n');
  expect(await said('explain', 'order-17')).toContain('run.signal("paid", …)');
  expect(JSON.parse(await said('explain', 'order-17', '--app', FLOW, '--json'))).toMatchObject({
    pending: [{ path: 'thanks' }, { path: 'payment/ship' }],
  });
  expect(await said('events', 'order-17', '--after', '2')).toContain('TIME    3  ');
  expect(await said('diagram', 'order-17', '--format', 'mermaid', '--app', FLOW)).toContain('stateDiagram-v2');
  expect(await said('diagram', 'order-17', '--format', 'svg')).toContain('</svg>');
});

test('events are followed while the application has the file, to the end of the run (P208)', {
  timeout: 120_000,
}, async () => {
  const shell = new Shell();
  shell.put('hang');
  await shell.application('plain', ['order-17']);
  while (!shell.effects.some((line) => line.startsWith('charge begins'))) await pause(10);
  const following = shell.call(['events', 'order-17', '--follow', '--json']);
  expect(await Promise.race([following, pause(1_500).then(() => 'still there')])).toBe('still there');
  shell.take('hang');
  const { code, out, err } = await following;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const types = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect([types[0], types.at(-1)]).toEqual(['run.started', 'run.completed']);
  expect(new Set(types).size).toBeGreaterThan(4);
});

test('what an application blanks is blanked on the command line, also where its definition is not there (P208, S34)', async () => {
  const shell = new Shell();
  const box = await createSignalbox({ store: sqlite(shell.file), orchestrators, tasks });
  const run = await box.start(asking, { id: 'invoice-1', input: { cents: 4242 } });
  await run.cancel({ reason: 'customer 17 called' });
  await run.outcome();
  await box.close();
  const app = (names: string): string =>
    shell.put(
      `${names}.mjs`,
      `import { asking, plain, tasks } from ${JSON.stringify(FLOW)};
       export const orchestrators = [${names}];
       export const redact = ['input.cents', /customer \\d+/];
       ${names === 'asking' ? 'export { tasks };' : ''}`,
    );
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await shell.here(['status', 'invoice-1', ...args]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out;
  };
  expect(await said()).toContain('customer 17 called');
  for (const names of ['asking', 'plain'])
    for (const more of [[], ['--json']]) {
      const out = await said('--app', app(names), ...more);
      expect(out).toContain('cancelled');
      expect(out).not.toMatch(/customer 17|4242/);
    }
});
