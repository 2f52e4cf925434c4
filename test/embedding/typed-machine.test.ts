/** The bare machine under the types of an orchestrator. */
import { orchestrator, track, typedMachine } from 'signalbox';
import { machineInput, orchestratorMachine } from 'signalbox/machines';
import { expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { N } from '../helpers/stage.ts';
import { echo } from '../helpers/two-steps.ts';

test('runs an orchestrator without a box, and is the machine that all of them have', async () => {
  const order = orchestrator('order', { version: '1', input: N })
    .track(
      't',
      track('t', { input: N }).step('s', echo, ({ input }) => input),
      { input: ({ input }) => input },
    )
    .output(({ input }) => ({ twice: input.n * 2 }));
  const machine = typedMachine(order);
  expect(machine).toBe(orchestratorMachine);
  const { twice } = await toPromise(createActor(machine, { input: machineInput(order, { n: 2 }) }).start());
  expect(twice).toBe(4);
});
