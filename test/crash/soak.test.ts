/**
 * A process that is killed again and again under load, and loses nothing that it acknowledged.
 *
 * `SIGNALBOX_SOAK` is how often: 25 times in `npm test`, 200 in `.ci/run`, more for a night. The next
 * worker is loaded while the one before it works, so that most of the time is spent on work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KILLS } from '../helpers/form.ts';
import { linesOf, remainsOf, worker } from './workers.ts';

const LOAD = 30;

test(
  `a box that is killed ${KILLS} times under load loses no acknowledged start or result, gets no run stuck, and does nothing completed again (I3, I6, I7)`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-soak-'));
    const began = Date.now();
    try {
      let next = worker(folder, 'w0', LOAD);
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const current = next;
        await current.ready;
        current.tell('load');
        next = worker(folder, `w${kill}`, LOAD);
        // Every fifth is killed while it opens the file and recovers, the others in the middle of their work, however slow the machine is.
        if (kill % 5 === 0) await pause(Math.random() * 25);
        else await current.busy.then(() => pause(Math.random() * 145));
        current.process.kill('SIGKILL');
        const { signal, errors } = await current.over;
        expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
      }
      await next.ready;
      next.tell('finish');
      const stuck = setTimeout(() => next.process.kill('SIGKILL'), 30_000);
      const end = await next.over;
      clearTimeout(stuck);

      const { runs, repeats, faults } = await remainsOf(folder);
      const seconds = Math.round((Date.now() - began) / 1000);
      console.log(`${KILLS} kills, ${runs} runs, ${repeats} bodies begun again under their key, ${seconds} s`);
      expect(faults.slice(0, 20)).toEqual([]);
      expect(end).toEqual({ code: 0, signal: null, errors: '' });
      expect(linesOf(folder, 'log')).toEqual([]);
      expect(runs).toBeGreaterThan(LOAD);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000 + KILLS * 2_000,
);
