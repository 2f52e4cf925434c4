/** One track fails. What becomes of the others is a policy, not a catch block: the same graph under both, and a run that is cancelled. */
import { createSignalbox, orchestrator, RunCancelled, type Task, task, track } from 'signalbox';
import { z } from 'zod';

const Nothing = z.object({});

const work = task('work', { input: Nothing, output: z.string(), run: async () => 'done' });
const fail = task('fail', {
  input: Nothing,
  output: z.string(),
  run: async () => {
    throw new Error('the disk is full');
  },
});
const hang = task('hang', {
  input: Nothing,
  output: z.string(),
  run: ({ signal }) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  cleanup: ({ reason }) => console.assert(reason !== ''),
});

type Plain = Task<string, z.infer<typeof Nothing>, string, unknown>;

const one = (name: string, body: Plain) => track(name, { input: Nothing }).step('step', body);

/** `left` fails; `right` does not depend on it; `joined` needs both. */
const diamond = (name: string, onFailure: 'failFast' | 'continue') =>
  orchestrator(name, { version: '1', input: Nothing, onFailure })
    .track('root', one('root', work))
    .track('left', one('left', fail), { after: ['root'] })
    .track('right', one('right', work).step('more', work), { after: ['root'] })
    .track('joined', one('joined', work), { after: ['left', 'right'] })
    .track('after', one('after', work), { after: ['right'] });

export const strict = diamond('strict', 'failFast');
export const lenient = diamond('lenient', 'continue');
export const endless = orchestrator('endless', { version: '1', input: Nothing }).track('hanging', one('hanging', hang));

export async function main(print: (line: string) => void = console.log) {
  await using box = await createSignalbox({ orchestrators: [strict, lenient, endless] });
  const maps: { [policy: string]: { [track: string]: string } } = {};
  for (const definition of [strict, lenient]) {
    const run = await box.start(definition, { input: {} });
    const { status, error } = await run.outcome();
    const { tracks } = await run.snapshot();
    const map = Object.fromEntries(Object.entries(tracks).map(([name, { status }]) => [name, status]));
    maps[definition.name] = map;
    print(`${definition.name}: ${status}, because of ${error?.path}: ${error?.message}`);
    print(
      `  ${Object.entries(map)
        .map(([name, status]) => `${name} ${status}`)
        .join(', ')}`,
    );
  }

  const run = await box.start(endless, { input: {} });
  await run.cancel({ reason: 'nobody wants it any more' });
  const cancelled = await run.result().catch((error: unknown) => error);
  if (cancelled instanceof RunCancelled) print(cancelled.message);
  return { maps, cancelled };
}

if (import.meta.main) await main();
