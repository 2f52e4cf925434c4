/**
 * Where the time of a row goes: runs it under `--cpu-prof` and adds up the samples by
 * function. The profile stays in the temporary directory for a closer look.
 */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measured } from './child.ts';
import type { TimedRow } from './rows.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
}

interface Place {
  readonly name: string;
  readonly at: string;
  readonly share: number;
}

export interface Profile {
  readonly file: string;
  readonly places: readonly Place[];
}

const TOP = 10;
const IDLE = new Set(['(idle)', '(root)']);

export async function profileOf(row: TimedRow): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  await measured(row, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500']);
  const [name] = (await readdir(folder)).filter((each) => each.endsWith('.cpuprofile'));
  if (name === undefined) throw new Error(`Node wrote no profile into ${folder}.`);
  const file = join(folder, name);
  return { file, places: placesIn(JSON.parse(await readFile(file, 'utf8')) as CpuProfile).slice(0, TOP) };
}

/** Functions by self time, the heaviest first, as shares of the time that was not idle. */
function placesIn({ nodes, samples, timeDeltas }: CpuProfile): Place[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spent = new Map<string, { name: string; at: string; us: number }>();
  let all = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const us = timeDeltas[index] ?? 0;
    if (frame === undefined || IDLE.has(frame.functionName)) return;
    all += us;
    const at = placeOf(frame.url, frame.lineNumber);
    const key = `${frame.functionName} ${at}`;
    const place = spent.get(key) ?? { name: frame.functionName || '(anonymous)', at, us: 0 };
    place.us += us;
    spent.set(key, place);
  });
  const sorted = [...spent.values()].sort((a, b) => b.us - a.us);
  return sorted.map(({ name, at, us }) => ({ name, at, share: us / all }));
}

/** A path from here, or Node's own name for it; lines are counted from zero in a profile. */
function placeOf(url: string, line: number): string {
  if (url === '') return 'V8';
  const path = url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url;
  return `${path}:${line + 1}`;
}
