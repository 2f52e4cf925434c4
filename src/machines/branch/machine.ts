/** The machine of a router: a parent some of whose children never begin. Which ones is known when it starts, and told then. */
import { parentSetup, stepStates } from '../parent.ts';
import { emptyMemory, type ParentEvent } from '../parent-memory.ts';
import { persistable } from '../persist.ts';

/** The others are told first. */
const tellGiven = [
  'countGiven',
  {
    type: 'skipGiven',
    params: ({ event }: { event: ParentEvent }) => ({ given: event.type === 'start' ? (event.given ?? null) : null }),
  },
] as const;

/** The machine of a branch: draw it, or walk it. */
export const branchMachine = persistable('branch', (id) => {
  const { pending, ...states } = stepStates();
  return parentSetup.createMachine({
    id,
    initial: 'pending',
    context: emptyMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        ...pending,
        on: {
          ...pending.on,
          start: [
            { guard: 'finishesWell', target: 'completed', actions: [...tellGiven, 'keepFinish'] },
            { guard: 'standsStillAtStart', target: 'awaitingIntervention', actions: 'keepFinish' },
            { guard: 'finishesBadly', target: 'failed', actions: [...tellGiven, 'keepFinish'] },
            { target: 'running', actions: [...tellGiven, 'countReady'] },
          ],
        },
      },
      ...states,
    },
  });
});
