/**
 * The machine of a gate. Its input are values; it is over if they are good enough, asks somebody if they are not quite,
 * and stands still if something required is missed: until somebody with the right to it overrides it, or measures again.
 */
import { assign } from 'xstate';
import type { GateSpec, Judgement } from '../../gates.ts';
import { GateRejected, toRecord } from '../../errors/index.ts';
import type { Json } from '../../json.ts';
import { judge, sayMissed } from '../../policies/gates.ts';
import { asking, stepMemory, type TaskEvent, type TaskMemory, taskSetup } from '../task/machine.ts';
import { persistable } from '../persist.ts';
import { beforehand, ended, toBegin } from '../step-states.ts';

type In = { readonly context: TaskMemory; readonly event?: object };

/** What it thinks of the values that it has; of others, if it is told others. */
function judgementOf({ context: { node, input }, event }: In): Judgement {
  const { criteria = {}, threshold } = (node?.spec ?? {}) as Partial<GateSpec>;
  // Null is something that was measured, which is nothing.
  const values = event !== undefined && 'input' in event && event.input !== undefined ? event.input : input;
  return judge(
    criteria,
    values as { readonly [metric: string]: unknown },
    threshold === undefined ? {} : { threshold },
  );
}
const is = (decision: Judgement['decision']) => (args: In) => judgementOf(args).decision === decision;

/** What it leaves behind: what it thought, and who let it pass nevertheless. */
const letPass = assign<TaskMemory, TaskEvent, undefined, TaskEvent, never>({
  output: ({ context, event }) => {
    const { score, missed } = judgementOf({ context });
    const { by = null, comment = null } = ('output' in event ? event.output : {}) as { by?: string; comment?: string };
    return { decision: 'APPROVE', score, missed: missed as unknown as Json, by, comment };
  },
  error: null,
});
const close = assign<TaskMemory, TaskEvent, undefined, TaskEvent, never>({
  error: ({ context }) => {
    const missed = sayMissed(judgementOf({ context }));
    return toRecord(new GateRejected({ gate: context.node?.called ?? '', missed }), { retryable: false });
  },
});

/** The machine of a gate: draw it, walk it, or start it with `createActor` and values for an input. */
export const gateMachine = persistable('gate', (id) =>
  taskSetup.createMachine({
    id,
    initial: 'pending',
    context: stepMemory,
    output: ({ context }) => context.output,
    states: {
      pending: {
        invoke: toBegin,
        on: {
          ...beforehand,
          start: [
            {
              guard: is('APPROVE'),
              target: 'completed',
              actions: ['countAttempt', letPass],
            },
            { guard: is('REVIEW'), target: 'awaitingApproval', actions: 'countAttempt' },
            { target: 'awaitingIntervention', actions: ['countAttempt', close] },
          ],
        },
      },
      awaitingApproval: {
        invoke: { src: 'approval', id: 'approval' },
        on: {
          ...asking,
          resolved: [
            { guard: 'isAnswered', target: 'completed', actions: ['keepApproval', letPass] },
            ...asking.resolved.slice(1),
          ],
        },
      },
      awaitingIntervention: {
        invoke: { src: 'approval', id: 'approval' },
        on: {
          asked: { actions: 'keepApproval' },
          resolved: [
            { guard: 'isAnswered', target: 'completed', actions: ['keepApproval', letPass] },
            { guard: 'isSkipped', target: 'skipped', actions: ['keepApproval', 'keepOutput'] },
            { target: 'failed', actions: 'keepApproval' },
          ],
          fail: { target: 'failed', actions: 'keepError' },
          retry: [
            { guard: is('APPROVE'), target: 'completed', actions: ['takeInput', 'countAttempt', letPass] },
            { guard: is('REVIEW'), target: 'awaitingApproval', actions: ['takeInput', 'countAttempt'] },
            { target: 'awaitingIntervention', reenter: true, actions: ['takeInput', close] },
          ],
          skip: { target: 'skipped', actions: 'keepOutput' },
          cancel: { target: 'cancelled', actions: 'keepReason' },
        },
      },
      ...ended,
      timedOut: { type: 'final' },
    },
  }),
);
