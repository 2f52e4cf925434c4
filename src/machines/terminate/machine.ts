/**
 * The machine of a step that ends its run. It tells the run so and waits for it: the run cancels whatever is under way, this step
 * too, and so nothing that would come after it begins.
 */
import { RunTerminated, toRecord } from '../../errors/index.ts';
import { momentSetup } from '../moment.ts';
import { persistable } from '../persist.ts';
import { beforehand, beginsAnew, ended, toBegin } from '../step-states.ts';
import { stepMemory, type TaskMemory } from '../task/machine.ts';

/** What the run is told. */
function endOf({ node, input }: TaskMemory) {
  const isFailed = (node?.spec as { readonly as?: string } | null)?.as === 'failed';
  const error = isFailed
    ? toRecord(new RunTerminated({ step: node?.called ?? '', reason: String(input) }), { retryable: false })
    : null;
  return { type: 'terminate', output: isFailed ? null : input, error };
}

/** The machine of a step that ends its run: draw it, or walk it. */
export const terminateMachine = persistable('terminate', (id) =>
  momentSetup.createMachine({
    id,
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: toBegin,
        on: {
          ...beforehand,
          start: {
            target: 'running',
            actions: { type: 'tellRun', params: ({ context }: { context: TaskMemory }) => ({ event: endOf(context) }) },
          },
        },
      },
      running: {
        invoke: { src: 'runEnd', id: 'runEnd' },
        on: { cancel: { target: 'completed', actions: 'give' } },
      },
      awaitingIntervention: beginsAnew,
      ...ended,
    },
  }),
);
