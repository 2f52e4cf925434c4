/** The end of a process: what is done leaves no timer and no listener behind that would keep it alive (P27). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const index = new URL('../../src/index.ts', import.meta.url).href;
const machines = new URL('../../src/entries/machines.ts', import.meta.url).href;
const zod = fileURLToPath(import.meta.resolve('zod'));
const xstate = fileURLToPath(import.meta.resolve('xstate'));

/** Runs a script in a process of its own; how it ended and what it said. */
function play(script: string): Promise<{ code: number | null; out: string; error: string }> {
  const source = `import * as s from ${JSON.stringify(index)};\nimport { z } from ${JSON.stringify(zod)};\nconst Any = z.any();\n${script}`;
  // Killed after a while, so that a process that stays is a failure of the test and not of the machine.
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { timeout: 60_000 });
  let [out, error] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (error += data));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, error })));
}

test('a process ends by itself after runs with timeouts, retries, caps and cancels, without closing the box', async () => {
  const { code, out, error } = await play(`
    const quick = s.task('quick', {
      input: Any, output: Any, timeout: '1h', retry: { maxAttempts: 3, delay: 1 },
      run: ({ attempt, signal }) => { signal.addEventListener('abort', () => {}); if (attempt < 3) throw new Error('again'); return 'ok'; },
    });
    const hanging = s.task('hanging', {
      input: Any, output: Any, timeout: '1h', cleanupTimeout: '1h', run: () => new Promise(() => {}), cleanup: async () => {},
    });
    const patient = s.task('patient', { input: Any, output: Any, retry: { maxAttempts: 2, delay: '30d' }, run: () => { throw new Error('not yet'); } });
    const one = (name, task) => s.track(name, { input: Any }).step('work', task);
    const good = s.orchestrator('good', { version: '1', input: Any }).track('a', one('a', quick)).track('b', one('b', quick));
    const stopped = s.orchestrator('stopped', { version: '1', input: Any }).track('a', one('a', hanging)).track('b', one('b', patient));
    const box = await s.createSignalbox({ orchestrators: [good, stopped], concurrency: 2 });
    const first = await box.start(good, { input: null });
    console.log(JSON.stringify(await first.result()));
    const second = await box.start(stopped, { input: null });
    await second.cancel();
    console.log((await second.outcome()).status, box.counts.timers);
  `);
  expect({ code, out, error }).toEqual({ code: 0, out: '{"a":"ok","b":"ok"}\ncancelled 0\n', error: '' });
}, 70_000);

test('a process ends by itself when a box is closed over a run that would wait for days', async () => {
  const { code, out, error } = await play(`
    const patient = s.task('patient', { input: Any, output: Any, retry: { maxAttempts: 2, delay: '30d' }, run: () => { throw new Error('not yet'); } });
    const flow = s.orchestrator('flow', { version: '1', input: Any }).track('a', s.track('a', { input: Any }).step('work', patient));
    const box = await s.createSignalbox({ orchestrators: [flow] });
    const run = await box.start(flow, { input: null });
    const result = run.result().catch((error) => error.code);
    for await (const { type } of run.events()) if (type === 'step.retrying') break;
    await box.close();
    console.log(await result);
  `);
  expect({ code, out, error }).toEqual({ code: 0, out: 'box-closed\n', error: '' });
}, 70_000);

test('a process stays for a run that waits for its next attempt, and ends with it', async () => {
  const { code, out, error } = await play(`
    const twice = s.task('twice', { input: Any, output: Any, retry: { maxAttempts: 2, delay: 100 }, run: ({ attempt }) => { if (attempt === 1) throw new Error('once'); console.log('done'); } });
    const flow = s.orchestrator('flow', { version: '1', input: Any }).track('a', s.track('a', { input: Any }).step('work', twice));
    const box = await s.createSignalbox({ orchestrators: [flow] });
    await box.start(flow, { input: null });
  `);
  expect({ code, out, error }).toEqual({ code: 0, out: 'done\n', error: '' });
}, 70_000);

test('a process ends by itself after machines by themselves were cancelled, whatever they waited for', async () => {
  const { code, out, error } = await play(`
    import { createActor, waitFor } from ${JSON.stringify(xstate)};
    import { machineInput } from ${JSON.stringify(machines)};
    const patient = s.task('patient', { input: Any, output: Any, retry: { maxAttempts: 2, delay: '30d' }, run: () => { throw new Error('not yet'); } });
    const hanging = s.task('hanging', { input: Any, output: Any, timeout: '30d', run: () => new Promise(() => {}) });
    const of = (name, make) => make(s.track(name, { input: Any }));
    const tracks = [
      of('retries', (t) => t.step('s', patient)),
      of('runs', (t) => t.step('s', hanging)),
      of('sleeps', (t) => t.sleep('s', '30d')),
      of('waits', (t) => t.wait('s', { signal: 'go', timeout: '30d' })),
    ];
    for (const track of tracks) {
      const actor = createActor(s.trackMachine, { input: machineInput(track, null) });
      actor.start();
      for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
      actor.send({ type: 'cancel', reason: null });
      const { value } = await waitFor(actor, ({ status }) => status === 'done');
      console.log(track.definition.name, value);
    }
  `);
  const told = 'retries cancelled\nruns cancelled\nsleeps cancelled\nwaits cancelled\n';
  expect({ code, out, error }).toEqual({ code: 0, out: told, error: '' });
}, 70_000);

describe('a process outlives', () => {
  const around = (body: string, more = '') => `
    const bad = s.task('bad', { input: Any, output: Any, run: ${body} });
    const flow = s.orchestrator('flow', { version: '1', input: Any }).track('a', s.track('a', { input: Any }).step('work', bad));
    await using box = await s.createSignalbox({ orchestrators: [flow], logger: () => {} });
    ${more}
    const run = await box.start(flow, { input: null });
    const { status, error } = await run.outcome();
    console.log(status, error?.code ?? '');
  `;

  test.each([
    [
      'throws an error whose message is an object',
      `() => { throw Object.assign(new Error(), { message: { status: 503 } }); }`,
      'failed task-threw',
    ],
    [
      'is rejected with an error whose message is undefined',
      `async () => { throw Object.assign(new Error(), { message: undefined }); }`,
      'failed task-failed',
    ],
  ])(
    'a body that %s (S5, P49)',
    async (_, body, said) => {
      expect(await play(around(body))).toEqual({ code: 0, out: `${said}\n`, error: '' });
    },
    70_000,
  );

  test('a subscriber that throws what cannot be printed (S31, P49)', async () => {
    const subscriber = `box.on('*', () => { throw Object.create(null); });`;
    expect(await play(around(`() => 1`, subscriber))).toEqual({ code: 0, out: 'completed \n', error: '' });
  }, 70_000);

  test('a logger that throws (P49)', async () => {
    const script = around(`() => 1`, `box.on('*', () => { throw new Error('heard enough'); });`);
    const loud = script.replace('logger: () => {}', `logger: () => { throw new Error('the disk is full'); }`);
    const { code, out, error } = await play(loud);
    expect({ code, out }).toEqual({ code: 0, out: 'completed \n' });
    expect(error).toContain('the logger threw (the disk is full)');
  }, 70_000);
});
