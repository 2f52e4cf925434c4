/** The types of embedded runs: input, output and signals are those of the orchestrator. */
import {
  type ActorSnapshot,
  actorOf,
  createSignalbox,
  fromOrchestrator,
  orchestrator,
  type RunActorSnapshot,
  type RunSnapshot,
  type Signalbox,
  type StartsPort,
  track,
  typedMachine,
} from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { expectTypeOf, test } from 'vitest';
import { type AnyActorRef, assign, createActor, type OutputFrom, setup, toPromise } from 'xstate';
import { z } from 'zod';
import { echo } from '../helpers/two-steps.ts';

const order = orchestrator('order', { version: '1', input: z.object({ cents: z.number() }) })
  .track(
    'payment',
    track('payment', { input: z.object({ cents: z.number() }) })
      .wait('paid', { signal: 'paid', payload: z.object({ receipt: z.string() }) })
      .wait('seen', { signal: 'seen' })
      .output(({ outputs }) => outputs.paid),
    { input: ({ input }) => input },
  )
  .output(({ outputs }) => ({ receipt: outputs.payment.receipt }));
const other = orchestrator('other', { version: '1', input: z.object({}) }).track(
  't',
  track('t', { input: z.object({}) }).step('s', echo, () => 1),
);

type Box = Signalbox<[typeof order]>;
const logicOf = (box: Box) => fromOrchestrator(box, order);
type Logic = ReturnType<typeof logicOf>;

test('a box is what embedding needs of one', () => {
  expectTypeOf<Box>().toExtend<StartsPort<typeof order>>();
  expectTypeOf(() => createSignalbox({ orchestrators: [order] }).then(logicOf)).toBeFunction();
});

test('the actor takes the input of the orchestrator and has its output', () => {
  expectTypeOf<OutputFrom<Logic>>().toEqualTypeOf<{ receipt: string }>();
  const never = (box: Box) => {
    const logic = logicOf(box);
    const actor = createActor(logic, { input: { input: { cents: 1 }, id: 'order-17' } });
    expectTypeOf(actor.getSnapshot()).toEqualTypeOf<RunActorSnapshot<{ receipt: string }, { cents: number }>>();
    expectTypeOf(toPromise(actor)).toEqualTypeOf<Promise<{ receipt: string }>>();
    // @ts-expect-error cents are a number
    createActor(logic, { input: { input: { cents: '1' } } });
    // @ts-expect-error there is an input
    createActor(logic);
    // @ts-expect-error a box of other orchestrators
    fromOrchestrator(box, other);
    // @ts-expect-error there is no such end
    fromOrchestrator(box, order, { onStop: 'pause' });
  };
  expectTypeOf(never).toBeFunction();
});

test('it is sent the signals that the orchestrator waits for', () => {
  const never = (box: Box) => {
    const actor = createActor(logicOf(box), { input: { input: { cents: 1 } } });
    actor.send({ type: 'signal', name: 'paid', payload: { receipt: 'r' }, id: '1' });
    actor.send({ type: 'signal', name: 'seen' });
    actor.send({ type: 'cancel' });
    actor.send({ type: 'cancel', reason: 'late' });
    actor.send({ type: 'pause' });
    actor.send({ type: 'resume' });
    // @ts-expect-error the receipt is missing
    actor.send({ type: 'signal', name: 'paid' });
    // @ts-expect-error nothing waits for it
    actor.send({ type: 'signal', name: 'pain', payload: { receipt: 'r' } });
    // @ts-expect-error there is no such command
    actor.send({ type: 'stop' });
  };
  expectTypeOf(never).toBeFunction();
});

test('a machine that invokes it knows input and output', () => {
  const never = (box: Box) => {
    const shop = setup({
      types: { context: {} as { readonly receipt: string } },
      actors: { order: fromOrchestrator(box, order) },
    });
    shop.createMachine({
      context: { receipt: '' },
      invoke: {
        src: 'order',
        input: { input: { cents: 1 } },
        onDone: { actions: assign({ receipt: ({ event }) => event.output.receipt }) },
      },
    });
    // @ts-expect-error cents are a number
    shop.createMachine({ context: { receipt: '' }, invoke: { src: 'order', input: { input: { cents: '1' } } } });
  };
  expectTypeOf(never).toBeFunction();
});

test('what is looked at is a run, or a track or a step', () => {
  const never = (box: Box) => {
    expectTypeOf(actorOf(box, 'r').getSnapshot().context.seen).toEqualTypeOf<RunSnapshot | null>();
    expectTypeOf(actorOf(box, 'r', 't').getSnapshot().context.seen).toEqualTypeOf<ActorSnapshot | null>();
    expectTypeOf(actorOf(box, 'r')).toExtend<AnyActorRef>();
    // @ts-expect-error there is no such command
    actorOf(box, 'r').send({ type: 'stop' });
  };
  expectTypeOf(never).toBeFunction();
});

test('the bare machine has the output of the orchestrator', () => {
  const machine = typedMachine(order);
  expectTypeOf<OutputFrom<typeof machine>>().toEqualTypeOf<{ receipt: string }>();
  const never = () => toPromise(createActor(machine, { input: machineInput(order, { cents: 1 }) }));
  expectTypeOf(never).returns.toEqualTypeOf<Promise<{ receipt: string }>>();
});
