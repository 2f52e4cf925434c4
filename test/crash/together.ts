/**
 * Processes that share a server, each killed again and again under load; what the dead leave, the living take over. Which server it is
 * the caller knows: `soak-shared.long.test.ts` is on Postgres, `soak-redis.long.test.ts` on Redis.
 *
 * `SIGNALBOX_SOAK` is how often: 200 times in `.ci/run`, more for a night.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from 'signalbox';
import { expect } from 'vitest';
import { KILLS } from '../helpers/form.ts';
import { linesOf, remainsIn, type Worker, worker } from './workers.ts';

const LOAD = 12;
export const PROCESSES = 2;
/** How long such a test may take. */
export const PATIENCE = 120_000 + KILLS * 3_000;

/** A place on a server: what a worker is told of it, and the place for the one who looks in the end. */
export interface SoakPlace {
  /** The URL of the server, and the name of the place there. */
  readonly at: readonly [url: string, name: string];
  open(): Store;
}

/** Kills the processes as often as it is said, lets one more bring all to its end, and looks for what was lost or done twice. */
export async function soakTogether({ at, open }: SoakPlace): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-soak-'));
  const began = Date.now();
  const start = (name: string): Worker => worker(folder, name, LOAD, [], at);
  try {
    await Promise.all(Array.from({ length: PROCESSES }, (_, slot) => killed(start, slot)));
    const last = start('last');
    await last.ready;
    last.tell('finish');
    const stuck = setTimeout(() => last.process.kill('SIGKILL'), 60_000);
    const end = await last.over;
    clearTimeout(stuck);

    const { runs, repeats, faults } = await remainsIn(folder, open());
    const seconds = Math.round((Date.now() - began) / 1000);
    console.log(`${KILLS} kills, ${runs} runs, ${repeats} bodies begun again under their key, ${seconds} s`);
    expect(faults.slice(0, 20)).toEqual([]);
    expect(end).toEqual({ code: 0, signal: null, errors: '' });
    expect(linesOf(folder, 'log')).toEqual([]);
    expect(runs).toBeGreaterThan(LOAD * PROCESSES);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One process after another in one place, each killed in the middle of its work. */
async function killed(start: (name: string) => Worker, slot: number): Promise<void> {
  const kills = Math.ceil(KILLS / PROCESSES);
  let next = start(`p${slot}-w0`);
  for (let kill = 1; kill <= kills; kill += 1) {
    const current = next;
    await current.ready;
    current.tell('load');
    if (kill < kills) next = start(`p${slot}-w${kill}`);
    // Every fifth is killed while it opens the store and takes over, the others in the middle of their work.
    if (kill % 5 === 0) await pause(Math.random() * 200);
    else await current.busy.then(() => pause(Math.random() * 700));
    current.process.kill('SIGKILL');
    const { signal, errors } = await current.over;
    expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  }
}
