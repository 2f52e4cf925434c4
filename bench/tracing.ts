/**
 * What traces cost on `many` (runs of ten tasks, in memory): a box without a tracer, one with a tracer and no SDK, one where no trace is
 * looked at, and one where every span is made and thrown away. Each in a process of its own, in turns. `npm run bench:tracing`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createSignalbox, orchestrator, task, track } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { z } from 'zod';
import { machine } from './report.ts';

const WAYS = ['no tracer', 'no SDK', 'not looked at', 'every span', 'the SDK alone'] as const;
const ROUNDS = 5;
const RUNS = 2_000;
const TASKS = 10;

const anything = z.any();
const work = task('work', { input: anything, output: anything, run: () => null });
// biome-ignore lint/suspicious/noExplicitAny: ten steps in a loop have no type of their own
let steps: any = track('t', { input: anything });
for (let at = 0; at < TASKS; at += 1) steps = steps.step(`s${at}`, work);
const many = orchestrator('many', { version: '1', input: anything }).track('t', steps);

function register(way: string): void {
  if (way === 'no tracer' || way === 'no SDK') return;
  const nowhere = {
    export: (_: unknown, done: (said: { code: number }) => void) => done({ code: 0 }),
    shutdown: async () => {},
  };
  const spanProcessors = [new BatchSpanProcessor(nowhere)];
  const sampler = way === 'not looked at' ? { sampler: new AlwaysOffSampler() } : {};
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors, ...sampler }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** Microseconds of processor time for a task. */
async function measured(way: string): Promise<number> {
  register(way);
  if (way === 'the SDK alone') return alone();
  const tracing = way === 'no tracer' ? {} : { tracing: openTelemetry() };
  await using box = await createSignalbox({ orchestrators: [many], logger: () => {}, ...tracing } as never);
  const round = async (): Promise<number> => {
    const before = process.cpuUsage();
    const runs = await Promise.all(
      Array.from({ length: RUNS }, () => box.start(many as never, { input: null } as never)),
    );
    await Promise.all(runs.map((run) => run.result()));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (RUNS * TASKS);
  };
  await round();
  await round();
  return await round();
}

/** As many spans as there are in a run, and a box is not: of what spans cost, this is not ours. */
async function alone(): Promise<number> {
  const tracer = trace.getTracer('alone');
  const around = trace.setSpan(context.active(), tracer.startSpan('around'));
  let spent = 0;
  for (let round = 0; round < 3; round += 1) {
    const before = process.cpuUsage();
    for (let at = 0; at < RUNS * (2 * TASKS + 3); at += 1) {
      const attributes = { 'signalbox.run': String(at), 'signalbox.path': 't/s1' };
      const span = tracer.startSpan('step t/s1', { attributes, startTime: [1_800_000_000, 0] }, around);
      span.setAttributes({ 'signalbox.status': 'completed' });
      span.end([1_800_000_001, 0]);
    }
    await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    spent = (user + system) / (RUNS * TASKS);
  }
  return spent;
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

const [, , way] = process.argv;
if (way !== undefined) {
  console.log(await measured(way));
  process.exit(0);
}

const found = new Map<string, number[]>(WAYS.map((each) => [each, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const each of WAYS) {
    const { stdout, status, stderr } = spawnSync(
      process.execPath,
      ['--max-semi-space-size=64', fileURLToPath(import.meta.url), each],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(stderr);
    found.get(each)?.push(Number(stdout));
  }
}
const base = median(found.get('no tracer') ?? []);
console.log(
  `${machine(new Date())}\n\n| traces | µs of processor time a task (median of ${ROUNDS}) | beside no tracer |\n|---|---|---|`,
);
for (const [each, times] of found)
  console.log(`| ${each} | ${median(times).toFixed(1)} | ${(median(times) / base).toFixed(2)}× |`);
