/**
 * A schedule: every night at half past two in Berlin a report is made, also in the night that has no half past two. The
 * process ends one evening and is back two days later: what it has missed is made up for. Time is a fake clock.
 */
import { createSignalbox, memory, orchestrator, task, track } from 'signalbox';
import { fakeClock } from 'signalbox/testing';
import { z } from 'zod';

const Region = z.object({ region: z.string() });

/** What starts the run is in its metadata: the schedule, and the time that it is for. */
export function reports(print: (line: string) => void) {
  const make = task('make', {
    input: Region,
    output: z.string(),
    run: ({ input, run }) => {
      print(`report of the ${input.region}: ${run.id}`);
      return run.id;
    },
  });
  return orchestrator('report', { version: '1', input: Region }).track(
    'make',
    track('make', { input: Region }).step('make', make, ({ input }) => input),
    { input: ({ input }) => input },
  );
}

export async function main(print: (line: string) => void = console.log) {
  const report = reports(print);
  const clock = fakeClock({ start: Date.parse('2026-03-27T20:00:00Z') });
  const store = memory();
  {
    await using box = clock.follow(await createSignalbox({ store, clock, orchestrators: [report] }));
    const nightly = await box.schedule('nightly', {
      cron: '30 2 * * *',
      zone: 'Europe/Berlin',
      orchestrator: report,
      input: { region: 'north' },
      overlap: 'bufferAll',
      catchUp: '3d',
      dst: { missing: 'next' },
    });
    for (const { run } of await nightly.preview(3)) print(`to come: ${run}`);
    await clock.advance('1d');
  }

  print('the process is away');
  await clock.advance('2d');

  // The schedule is in the store: this process only has to know what it starts.
  await using box = clock.follow(await createSignalbox({ store, clock, orchestrators: [report] }));
  await clock.advance('1m');
  const nightly = await box.schedule('nightly');
  const { counts, next } = await nightly.state();
  print(`${counts.completed} reports; the next is ${next?.run}`);

  await nightly.pause({ reason: 'holidays' });
  await clock.advance('7d');
  await (await nightly.trigger({ id: 'for-the-board' })).result();
  const after = await nightly.state();
  print(`${after.status}, with ${after.counts.started} reports`);
}

if (import.meta.main) await main();
