/** Side by side and back together: a composite track, one inside the other, and what their merges make of it. */
import { compositeTrack, createSignalbox, orchestrator, task, track } from 'signalbox';
import { z } from 'zod';

const Page = z.object({ url: z.string() });
const Score = z.object({ name: z.string(), points: z.number() });

const measure = (name: string, points: number) =>
  track(name, { input: Page }).step(
    'score',
    task(`measure ${name}`, { input: Page, output: Score, run: async () => ({ name, points }) }),
    ({ input }) => input,
  );

const speed = compositeTrack('speed', {
  input: Page,
  tracks: {
    desktop: { do: measure('desktop', 97), input: ({ input }) => input },
    phone: { do: measure('phone', 71), input: ({ input }) => input },
  },
  // Outputs come in declared order, whoever was first.
  merge: (scores) => ({ name: 'speed', points: Math.min(...scores.map(({ points }) => points)) }),
});

const audit = compositeTrack('audit', {
  input: Page,
  tracks: {
    speed: { do: speed, input: ({ input }) => input },
    access: { do: measure('access', 88), input: ({ input }) => input },
  },
  // A merge may wait if it is written as `async`: then it is a step of its own, `audit/~merge`.
  merge: async (scores, { access }) => ({
    page: scores,
    worst: Math.min(...scores.map(({ points }) => points)),
    access: access.points,
  }),
});

export const check = orchestrator('check', { version: '1', input: Page })
  .track('audit', audit, { input: ({ input }) => input })
  .output(({ outputs }) => outputs.audit);

export async function main(print: (line: string) => void = console.log) {
  await using box = await createSignalbox({ orchestrators: [check] });
  const run = await box.start(check, { input: { url: 'https://example.com' } });
  const result = await run.result();
  for (const [path, { status }] of Object.entries((await run.snapshot()).steps)) print(`${status}  ${path}`);
  print(JSON.stringify(result));
  return result;
}

if (import.meta.main) await main();
