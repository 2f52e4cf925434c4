/**
 * What it costs to look: charts and drawings of large definitions, a run with 100,000 items drawn, explained and seen in time, in memory and
 * on SQLite. Each row in a process of its own, three times, in turns. `npm run bench:seeing`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chart, coverageOf, createSignalbox, diagram, memory, orchestrator, task, track } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { z } from 'zod';
import { machine } from './report.ts';

const STEPS = 2_000;
const ITEMS = 100_000;
/** Of these runs the history is read, event by event. */
const FEW = 10_000;
const ROUNDS = 3;
/** So often a row is repeated after the first time, which is cold. */
const TIMES = 7;

const anything = z.any();
const work = task('work', { input: anything, output: anything, run: () => null });

/** Milliseconds: the first time, and the median of the times after it. */
interface Measured {
  readonly what: string;
  readonly first: number;
  readonly median: number;
  readonly heap: number;
}

// biome-ignore lint/suspicious/noExplicitAny: steps by the thousand have no type of their own
type Loose = any;

const head = { version: '1', input: anything } as const;

/** A new definition each time: what was made of one is remembered. */
function long(): Loose {
  let steps: Loose = track('t', { input: anything });
  for (let at = 0; at < STEPS; at += 1) steps = steps.step(`s${at}`, work);
  return orchestrator('long', head).track('t', steps);
}

function wide(): Loose {
  let tracks: Loose = orchestrator('wide', head);
  const body = track('t', { input: anything }).step('one', work).step('two', work);
  for (let at = 0; at < STEPS / 2; at += 1)
    tracks = tracks.track(`t${at}`, body, at === 0 ? {} : { after: [`t${Math.floor((at - 1) / 4)}`] });
  return tracks;
}

const flowOf = (name: string, items: number) =>
  orchestrator(name, head).track(
    't',
    track('t', { input: anything })
      .map('items', { over: () => `1..${items}`, each: work, collect: false })
      .wait('go', { signal: 'go' }),
  );
const many = flowOf('many', ITEMS);
const few = flowOf('few', FEW);

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

async function timed(what: string, prepare: () => Loose, act: (given: Loose) => unknown): Promise<Measured> {
  const times: number[] = [];
  let heap = 0;
  for (let time = 0; time <= TIMES; time += 1) {
    const given = prepare();
    gc?.();
    const before = process.memoryUsage().heapUsed;
    const began = performance.now();
    await act(given);
    times.push(performance.now() - began);
    heap = Math.max(heap, process.memoryUsage().heapUsed - before);
  }
  return { what, first: times[0] ?? 0, median: median(times.slice(1)), heap: heap / 1e6 };
}

const DEFINITIONS: Readonly<Record<string, () => Loose>> = { 'one track': long, '1,000 tracks': wide };

async function measure(group: string): Promise<readonly Measured[]> {
  const make = DEFINITIONS[group];
  if (make !== undefined)
    return [
      await timed('chart and SVG', make, (flow) => [chart(flow), diagram(flow)]),
      await timed('chart', make, chart),
      await timed('SVG', make, (flow) => diagram(flow)),
      await timed('text', make, (flow) => diagram(flow, { format: 'text' })),
    ];
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const store = group === 'memory' ? memory() : sqlite(join(folder, 'runs.db'));
  const box = await createSignalbox({ orchestrators: [many, few], store, logger: () => {} });
  try {
    const run = await box.start(many, { input: null });
    const small = await box.start(few, { input: null });
    for (const each of [run, small])
      while ((await each.status()) !== 'waiting') await new Promise((wait) => setTimeout(wait, 50));
    const snapshot = await run.snapshot();
    const nothing = (): null => null;
    const fewer = `${FEW} items`;
    return [
      await timed('run.diagram()', nothing, () => run.diagram()),
      await timed('run.explain()', nothing, () => run.explain()),
      await timed('diagram(flow, { run: snapshot })', nothing, () => diagram(many, { run: snapshot })),
      await timed('beside it: run.snapshot()', nothing, () => run.snapshot()),
      await timed(`${fewer}: run.timeline()`, nothing, () => small.timeline()),
      await timed(`${fewer}: run.at(${FEW})`, nothing, () => small.at(FEW)),
      await timed(`${fewer}: coverageOf`, nothing, () => coverageOf(box, few)),
    ];
  } finally {
    await box.close();
    rmSync(folder, { recursive: true });
  }
}

const [, , group] = process.argv;
if (group !== undefined) console.log(JSON.stringify(await measure(group)));
else {
  console.log(machine(new Date()));
  console.log('| of | what | ms, the first time | ms, again | heap, MB |\n|---|---|---|---|---|');
  const groups = [...Object.keys(DEFINITIONS), 'memory', 'sqlite'];
  const all = new Map<string, Measured[][]>(groups.map((each) => [each, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const each of groups) {
      const { stdout } = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), each]);
      all.get(each)?.push(JSON.parse(String(stdout)) as Measured[]);
    }
  for (const [each, rounds] of all)
    for (const [at, { what }] of (rounds[0] ?? []).entries()) {
      const of = (key: 'first' | 'median' | 'heap'): string =>
        median(rounds.map((rows) => rows[at]?.[key] ?? 0)).toFixed(0);
      const name = each in DEFINITIONS ? `${STEPS} steps, ${each}` : `${ITEMS} items, ${each}`;
      console.log(`| ${name} | ${what} | ${of('first')} | ${of('median')} | ${of('heap')} |`);
    }
}
