/**
 * The machines by themselves, in an application that wants XState and no store: an
 * orchestrator as an ordinary actor, with an inspector of Stately attached to it.
 *
 * The inspector here prints what it is sent. In a browser, `createBrowserInspector()` of
 * `@statelyai/inspect` in its place opens the Stately inspector on the same stream.
 */
import { createInspector } from '@statelyai/inspect';
import { orchestrator, orchestratorMachine, task, track } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { createActor, toPromise } from 'xstate';
import { z } from 'zod';

const Name = z.object({ name: z.string() });
const greet = task('greet', { input: Name, output: z.string(), run: async ({ input }) => `Hello, ${input.name}!` });
export const greeting = orchestrator('greeting', { version: '1', input: Name })
  .track(
    'say',
    track('say', { input: Name }).step('hello', greet, ({ input }) => input),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => outputs.say);

export async function main(print: (line: string) => void = console.log) {
  const seen: { type: string; name: string | undefined }[] = [];
  const shown = Promise.withResolvers<void>();
  const inspector = createInspector({
    start: () => {},
    stop: () => {},
    send(event) {
      seen.push({ type: event.type, name: 'name' in event ? event.name : undefined });
      if (event.type === '@xstate.snapshot' && event.sessionId === event.rootId && event.snapshot.status === 'done')
        shown.resolve();
    },
  });

  const actor = createActor(orchestratorMachine, {
    id: 'greeting',
    input: machineInput(greeting, { name: 'signal box' }),
    inspect: inspector.inspect,
  });
  actor.start();
  const output = await toPromise(actor);
  // The inspector is shown what happens a little later than it does.
  await shown.promise;
  inspector.stop();

  const actors = seen.filter(({ type }) => type === '@xstate.actor').map(({ name }) => name);
  print(`the inspector was shown ${actors.length} actors and ${seen.length - actors.length} events and snapshots`);
  print(String(output));
  return { output, actors };
}

if (import.meta.main) await main();
