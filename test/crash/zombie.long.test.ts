/**
 * Processes that are stopped for longer than their lease and then go on as if nothing had been: what others have taken over
 * meanwhile they must leave alone.
 *
 * `SIGNALBOX_SOAK` is how often, by fives: 25 means five times, which is what `npm test` does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postgres } from 'signalbox/postgres';
import { expect, test } from 'vitest';
import { KILLS } from '../helpers/form.ts';
import { newSchema, useServer } from '../helpers/postgres.ts';
import { linesOf, remainsIn, type Worker, worker } from './workers.ts';

const STOPS = Math.ceil(KILLS / 12);
/** How many runs a worker keeps going. */
const LOAD = 8;
/** The lease of a worker, and a third of it, and a little more. */
const LONG_ENOUGH = 2_900;
const server = useServer();

/**
 * Of each process that was stopped, one body or cleanup may begin at the moment it goes on: the one that it was just about to begin,
 * between the look at its lease and the first line of the body. No look is possible in there, so that one is in flight (I6).
 */
function unavoidable(resumed: readonly number[]): (fault: string) => boolean {
  const left = [...resumed];
  return (fault) => {
    const at = Number(/: (?:begin|cleanup) \d+ ms after its step was over, at (\d+)$/.exec(fault)?.[1]);
    const stop = left.findIndex((moment) => at >= moment && at < moment + 500);
    if (stop >= 0) left.splice(stop, 1);
    return stop >= 0;
  };
}

test(
  `three boxes on a Postgres, of which one after the other is stopped for longer than its lease: nothing completed is done again, and no history has a gap (I2, I5, I6, I7)`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-zombie-'));
    const schema = newSchema(server);
    const start = (name: string): Worker => worker(folder, name, LOAD, [], [server.url, schema]);
    const workers = ['p0-w', 'p1-w', 'p2-w'].map(start);
    try {
      await Promise.all(workers.map(({ ready }) => ready));
      for (const each of workers) each.tell('load');
      await Promise.all(workers.map(({ open }) => open));
      const resumed: number[] = [];
      for (let stop = 0; stop < STOPS; stop += 1) {
        const stopped = workers[stop % workers.length] as Worker;
        await pause(300 + Math.random() * 200);
        stopped.process.kill('SIGSTOP');
        await pause(LONG_ENOUGH + Math.random() * 300);
        resumed.push(Date.now());
        stopped.process.kill('SIGCONT');
      }
      await pause(500);
      // They live, and go on with what is theirs.
      expect(workers.map(({ process }) => process.exitCode ?? process.signalCode)).toEqual([null, null, null]);
      for (const each of workers) each.process.kill('SIGKILL');
      expect((await Promise.all(workers.map(({ over }) => over))).map(({ errors }) => errors)).toEqual(['', '', '']);

      const last = start('last');
      await last.ready;
      last.tell('finish');
      const end = await last.over;
      const { runs, repeats, faults } = await remainsIn(folder, postgres(server.url, { schema }));
      console.log(`${STOPS} stops, ${runs} runs, ${repeats} bodies begun again under their key`);
      const isUnavoidable = unavoidable(resumed);
      expect(faults.filter((fault) => !isUnavoidable(fault)).slice(0, 20)).toEqual([]);
      expect(end).toEqual({ code: 0, signal: null, errors: '' });
      // What was refused is told, and nothing else is wrong.
      const lines = linesOf(folder, 'log');
      const refused =
        /commit-failed .* (this process was taken for dead|another process has had it since|It is read again)/;
      expect(lines.filter((line) => !refused.test(line))).toEqual([]);
      expect(lines.length).toBeLessThan(STOPS * 20);
    } finally {
      for (const each of workers) each.process.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  },
  60_000 + STOPS * 5_000,
);
