/**
 * The loads in plain XState, as its documentation shows: an orchestrator spawns a child
 * machine for each track, a track invokes a promise in a state for each step, and results
 * gather in the orchestrator's context.
 *
 * Where two ways are as usual, the cheaper one stands here: what is left is counted, not
 * searched for, and a track keeps its last output only.
 */
import { assign, createActor, enqueueActions, fromPromise, setup, toPromise } from 'xstate';
import { type Contender, type Count, type Load, type Step, stepOf } from './load.ts';

interface TrackEnded {
  readonly type: `xstate.done.actor.${string}`;
  readonly actorId: string;
  readonly output: Count;
}

interface Gathered {
  readonly left: number;
  readonly results: { readonly [track: string]: Count };
}

export function textbook(load: Load): Contender {
  const machine = orchestratorMachine(load.tracks, trackMachine(load.steps, stepOf(load)));
  const one = async (): Promise<number> => {
    const actor = createActor(machine);
    const done = toPromise(actor);
    actor.start();
    return done;
  };
  return {
    begin: async () => ({
      go: async () => (await Promise.all(Array.from({ length: load.runs }, one))).reduce((all, n) => all + n, 0),
      end: async () => null,
    }),
  };
}

function trackMachine(steps: number, step: Step) {
  const building = setup({
    types: { input: {} as Count, context: {} as Count, output: {} as Count },
    actors: { increment: fromPromise<Count, Count>(({ input }) => step(input)) },
  });
  const stateAt = (at: number) =>
    building.createStateConfig({
      invoke: {
        id: 'step',
        src: 'increment',
        input: ({ context }) => ({ n: context.n }),
        onDone: { target: `s${at + 1}`, actions: assign({ n: ({ event }) => event.output.n }) },
      },
    });
  return building.createMachine({
    context: ({ input }) => input,
    initial: 's0',
    states: {
      ...Object.fromEntries(Array.from({ length: steps }, (_, at) => [`s${at}`, stateAt(at)])),
      [`s${steps}`]: { type: 'final' },
    },
    output: ({ context }) => context,
  });
}

function orchestratorMachine(tracks: number, track: ReturnType<typeof trackMachine>) {
  return setup({
    types: { context: {} as Gathered, events: {} as TrackEnded, output: {} as number },
    actors: { track },
  }).createMachine({
    context: { left: tracks, results: {} },
    initial: 'running',
    states: {
      running: {
        entry: enqueueActions(({ enqueue }) => {
          for (let at = 0; at < tracks; at += 1) enqueue.spawnChild('track', { id: `t${at}`, input: { n: 0 } });
        }),
        on: {
          'xstate.done.actor.*': {
            actions: assign({
              left: ({ context }) => context.left - 1,
              results: ({ context, event }) => ({ ...context.results, [event.actorId]: event.output }),
            }),
          },
        },
        always: { guard: ({ context }) => context.left === 0, target: 'done' },
      },
      done: { type: 'final' },
    },
    output: ({ context }) => Object.values(context.results).reduce((all, { n }) => all + n, 0),
  });
}
