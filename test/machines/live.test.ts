/** The machines on their own, started with `createActor`: no host, no store, the same endings. */
import {
  createSignalbox,
  compositeTrack,
  orchestrator,
  orchestratorMachine,
  task,
  taskMachine,
  track,
  trackMachine,
} from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor, fromPromise, waitFor } from 'xstate';
import { z } from 'zod';

const N = z.object({ n: z.number() });
const add = task('add', { input: N, output: N, run: async ({ input }) => ({ n: input.n + 1 }) });
const fail = task('fail', {
  input: N,
  output: N,
  run: () => {
    throw new Error('broken');
  },
});
const flaky = task('flaky', {
  input: N,
  output: N,
  retry: { maxAttempts: 3, delay: 0 },
  run: ({ input, attempt }) => {
    if (attempt < 3) throw new Error(`attempt ${attempt}`);
    return input;
  },
});
const slow = task('slow', { input: N, output: N, timeout: 1, run: () => new Promise<never>(() => {}) });

const chain = track('chain', { input: N })
  .step('one', add, ({ input }) => input)
  .step('two', add, ({ previous }) => previous)
  .output(({ outputs }) => outputs.two.n);
const broken = track('broken', { input: N })
  .step('one', add, ({ input }) => input)
  .step('two', fail, ({ input }) => input)
  .step('three', add, ({ input }) => input);
const retried = track('retried', { input: N }).step('one', flaky, ({ input }) => input);
const late = track('late', { input: N }).step('one', slow, ({ input }) => input);
const badMapper = track('badMapper', { input: N }).step('one', add, () => {
  throw new Error('no input');
});
const empty = track('empty', { input: N });
const both = compositeTrack('both', {
  input: N,
  tracks: { left: { do: chain, input: ({ input }) => input }, right: { do: chain, input: ({ input }) => input } },
  merge: ([left, right]) => (left ?? 0) + (right ?? 0),
});

const graph = orchestrator('graph', { version: '1', input: N })
  .track('a', chain, { input: ({ input }) => input })
  .track('b', both, { input: ({ input }) => input })
  .track('c', chain, { after: ['a', 'b'], input: ({ outputs }) => ({ n: outputs.a + outputs.b }) })
  .output(({ outputs }) => outputs.c);
const falling = orchestrator('falling', { version: '1', input: N })
  .track('a', broken, { input: ({ input }) => input })
  .track('b', chain, { after: ['a'], input: ({ input }) => input });
const going = orchestrator('going', { version: '1', input: N, onFailure: 'continue' })
  .track('a', broken, { input: ({ input }) => input })
  .track('b', chain, { after: ['a'], input: ({ input }) => input })
  .track('c', chain, { input: ({ input }) => input });

async function live(machine: AnyStateMachine, input: unknown): Promise<{ value: unknown; output: unknown }> {
  const actor = createActor(machine, { input }).start();
  const { value, output } = await waitFor(actor, (snapshot) => snapshot.status === 'done');
  return { value, output };
}

test('a bare task machine runs the actor that it is provided with', async () => {
  const doubled = taskMachine.provide({
    actors: { execute: fromPromise(async ({ input }) => (input as { input: number }).input * 2) },
  });
  expect(await live(doubled as AnyStateMachine, { input: 21 })).toEqual({ value: 'completed', output: 42 });
});

test('a machine that is started without a definition says how to give it one', () => {
  const actor = createActor(trackMachine as AnyStateMachine, { input: { input: null } });
  const errors: unknown[] = [];
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  expect(String(errors[0])).toContain('machineInput(');
});

test('a running task machine that is cancelled aborts its body and ends cancelled', async () => {
  const seen: unknown[] = [];
  const hanging = task('hanging', {
    input: N,
    output: N,
    run: ({ signal }) =>
      new Promise<never>(() => {
        signal.addEventListener('abort', () => seen.push(signal.reason));
      }),
  });
  const actor = createActor(taskMachine as AnyStateMachine, { input: machineInput(hanging, { n: 1 }) }).start();
  await waitFor(actor, (snapshot) => snapshot.value === 'running');
  actor.send({ type: 'cancel', reason: 'enough' });
  const { value } = await waitFor(actor, (snapshot) => snapshot.status === 'done');
  expect(value).toBe('cancelled');
  expect(seen).toHaveLength(1);
});

describe('an orchestrator ends live as it ends in a box', () => {
  const one = (
    name: string,
    body: typeof chain | typeof broken | typeof retried | typeof late | typeof badMapper | typeof empty,
  ) =>
    orchestrator(name, { version: '1', input: N }).track('only', body as typeof chain, { input: ({ input }) => input });

  test.each([
    ['a graph with a composite track', graph],
    ['a graph that falls', falling],
    ['a graph that goes on after a failure', going],
    ['a track that succeeds at the third attempt', one('retrying', retried)],
    ['a body that times out', one('lateOne', late)],
    ['a mapper that throws', one('badly', badMapper)],
    ['a track of no steps', one('emptily', empty)],
    ['no tracks at all', orchestrator('none', { version: '1', input: N })],
  ] as const)('%s', async (_, definition) => {
    const node = machineInput(definition as typeof graph, { n: 1 });
    const alone = await live(orchestratorMachine as AnyStateMachine, node);

    await using box = await createSignalbox({ orchestrators: [definition as typeof graph] });
    const run = await box.start(definition as typeof graph, { input: { n: 1 } });
    const { status, output } = await run.outcome();

    expect(alone.value).toBe(status);
    expect(status === 'completed' ? alone.output : null).toEqual(output);
  });
});
