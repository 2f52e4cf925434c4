/** Lines of the log as programs read them: their schema, what they are correlated by, and a logger that takes fields (P178). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createSignalbox, type LogLine, orchestrator, task, track } from 'signalbox';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../helpers/sources.ts';
import { Anything } from '../helpers/stage.ts';

const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(ROOT, 'docs/log-line.schema.json'), 'utf8')));
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const metadata = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };

let tries = 0;
const charge = task('charge', {
  input: Anything,
  output: Anything,
  retry: { maxAttempts: 2, delay: 1 },
  run: ({ log }) => {
    tries += 1;
    log('asking the bank', { cents: 4200, run: 'mine', path: 'mine' });
    if (tries % 2 === 1) throw new Error('busy');
    return null;
  },
});
const order = orchestrator('order', { version: '1', input: Anything }).track(
  't',
  track('t', { input: Anything })
    .step('charge', charge)
    .wait('paid', { signal: 'paid' })
    .emit('told', { event: 'told', data: () => ({ all: true }) }),
);

async function played(logger: object, started = {}): Promise<void> {
  await using box = await createSignalbox({ orchestrators: [order], logger: logger as never });
  const run = await box.start(order, { id: 'order-17', input: 1, ...started });
  await run.signal('paid');
  await run.result();
}

test('each line fits the schema of lines, and says of which run, place and trace it is (P178)', async () => {
  const lines: LogLine[] = [];
  await played((line: LogLine) => void lines.push(line), { metadata });
  for (const { error, ...line } of lines) {
    expect(schema.safeParse(JSON.parse(JSON.stringify(line))).error).toBeUndefined();
    expect(line).toMatchObject({ run: 'order-17', trace: TRACE });
    expect(line.path).toBeTypeOf('string');
  }
  const attempts = lines
    .filter(({ path }) => path === 't/charge')
    .map(({ message, attempt }) => `${message} ${attempt}`);
  expect(attempts).toEqual([
    'asking the bank 1',
    'step.started t/charge 1',
    expect.stringMatching(/^step t\/charge: attempt 1 failed, next in .*: busy 1$/),
    'asking the bank 2',
    'step.started t/charge 2',
    'step.completed t/charge 2',
  ]);
  // The schema can say no.
  for (const wrong of [
    {},
    { level: 'loud', message: 'x' },
    { level: 'info', message: 'x', trace: '7' },
    { level: 'info', message: 'x', more: 1 },
  ])
    expect(schema.safeParse(wrong).success).toBe(false);
});

test('a run without a trace has lines without one', async () => {
  const lines: LogLine[] = [];
  await played((line: LogLine) => void lines.push(line));
  expect(lines.filter((line) => 'trace' in line)).toEqual([]);
});

test('a logger of pino gets fields and a message, at its own level; where a line is from is not what a body says', async () => {
  const written: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(JSON.parse(String(chunk)));
      done();
    },
  });
  await played(pino({ level: 'info' }, stream), { metadata });
  const place = { run: 'order-17', path: 't/charge', trace: TRACE };
  expect(written.map(({ time: _, pid: __, hostname: ___, ...line }) => line)).toEqual([
    { level: 30, msg: 'asking the bank', ...place, attempt: 1, cents: 4200 },
    {
      level: 40,
      msg: expect.stringMatching(/^step t\/charge: attempt 1 failed/),
      ...place,
      attempt: 1,
      type: 'step.retrying',
      code: 'task-threw',
      name: 'Error',
    },
    { level: 30, msg: 'asking the bank', ...place, attempt: 2, cents: 4200 },
  ]);
});

test('what went wrong with the box itself is an error that pino prints with its code', async () => {
  const written: { level: number; err?: { code?: string } }[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const twice = task('twice', { input: Anything, output: Anything, run: () => 1 });
  const executor = () => ({
    execute: (_: unknown, answer: (said: { ok: true; value: number }) => void) => {
      answer({ ok: true, value: 1 });
      answer({ ok: true, value: 2 });
    },
  });
  await using box = await createSignalbox({ logger: pino(stream), executor } as never);
  await box.runTask(twice as never, 1 as never).catch(() => {});
  // A body that answers twice is a mistake of somebody's: a warning, which is 40 there.
  expect(written.find(({ err }) => err !== undefined)).toMatchObject({
    level: 40,
    err: { code: 'answer-ignored', type: 'AnswerIgnored' },
  });
});
