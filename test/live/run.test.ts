/** What only the engine can do, in runs that an actor stands for: people, pauses, undoing, interventions, deadlines; and what the actor itself is asked. */
import { orchestrator, orchestratorMachine, type ReadEvent, task, track } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, type AnyStateMachine, assign, createActor, setup } from 'xstate';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';

afterEach(() => void vi.useRealTimers());

const head = { version: '1', input: Anything };
const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const broken = task('broken', {
  input: Anything,
  output: Anything,
  run: () => {
    throw new Error('broken');
  },
});

// biome-ignore lint/suspicious/noExplicitAny: the machines take any definition
const start = (flow: any, snapshot?: unknown) => {
  const events: ReadEvent[] = [];
  const actor: AnyActorRef = createActor(orchestratorMachine as AnyStateMachine, {
    input: machineInput(flow, {}),
    ...(snapshot === undefined ? {} : { snapshot: JSON.parse(JSON.stringify(snapshot)) }),
  });
  actor.on('*', (event) => events.push(event as unknown as ReadEvent));
  actor.start();
  return { actor, events, types: () => events.map(({ type, path }) => `${type} ${path}`.trim()) };
};

describe('people', () => {
  const asks = orchestrator('asks', head).track(
    't',
    track('t', { input: Anything })
      .approval('ok', {
        ask: 'Ship it?',
        assignees: { users: ['mia'] },
        decisions: { approve: z.object({ n: z.number() }), reject: true },
      })
      .step('after', echo, ({ outputs }) => outputs.ok),
  );

  test('are asked, and decide by an event', async () => {
    const { actor, types } = start(asks);
    await settled();
    for (const wrong of [
      { by: 'tom', decision: 'approve', form: { n: 1 } },
      { by: 'mia', decision: 'approve', form: { n: 'one' } },
      { by: 'mia', decision: 'edit', value: 7 },
      { by: 'mia', decision: 'nothing' },
      { decision: 'approve' },
    ])
      actor.send({ type: 'decide', path: 't/ok', ...wrong });
    actor.send({
      type: 'decide',
      path: 't/ok',
      get by() {
        throw new Error('not to be read');
      },
    });
    await settled();
    expect(actor.getSnapshot().value).toBe('running');

    actor.send({ type: 'decide', path: 't/ok', by: 'mia', decision: 'approve', form: { n: 1 } });
    await settled();

    expect(actor.getSnapshot().output).toMatchObject({ t: { decision: 'approve', by: 'mia', form: { n: 1 } } });
    expect(types()).toContain('approval.requested t/ok');
  });

  test('may be asked before the machine is persisted, and decide afterwards', async () => {
    const first = start(asks);
    await settled();
    const { actor } = start(asks, first.actor.getPersistedSnapshot());
    actor.send({ type: 'decide', path: 't/ok', by: 'mia', decision: 'approve', form: { n: 2 } });
    await settled();

    expect(actor.getSnapshot().output).toMatchObject({ t: { form: { n: 2 } } });
  });

  test('may not decide after they have decided in an earlier track, persisted or not (S29)', async () => {
    const asked = (name: string, excluded: object) =>
      track(name, { input: Anything }).approval('ok', { ask: 'Well?', excluded });
    const twice = orchestrator('twice', head)
      .track('t', asked('t', {}))
      .track('u', asked('u', { decidersOf: 't/ok' }), { after: ['t'] });
    const first = start(twice);
    await settled();
    first.actor.send({ type: 'decide', path: 't/ok', by: 'mia', decision: 'approve' });
    await settled();
    const says = { type: 'decide', path: 'u/ok', decision: 'approve' };
    for (const { actor } of [first, start(twice, first.actor.getPersistedSnapshot())]) {
      actor.send({ ...says, by: 'mia' });
      await settled();
      expect(actor.getSnapshot().value).toBe('running');
      actor.send({ ...says, by: 'tom' });
      await settled();
      expect(actor.getSnapshot().output).toMatchObject({ u: { by: 'tom' } });
    }
  });

  test('say what becomes of a step that stands still', async () => {
    const stands = orchestrator('stands', { ...head, onFailure: 'pause' }).track(
      't',
      track('t', { input: Anything })
        .step('a', broken)
        .step('b', echo, ({ outputs }) => outputs.a),
    );
    const { actor, types } = start(stands);
    await settled();
    expect(types()).toContain('run.awaitingIntervention');
    actor.send({ type: 'resolve', path: 't/a', reason: 'by hand', by: 'mia', output: 5 });
    await settled();

    expect(actor.getSnapshot().output).toEqual({ t: 5 });
  });
});

test('nothing begins in a run that is paused, until it goes on', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .wait('w', { signal: 'go' })
      .step('a', echo, ({ previous }) => previous),
  );
  const { actor, types } = start(flow);
  await settled();
  actor.send({ type: 'pause' });
  actor.send({ type: 'signal', name: 'go', payload: 1 });
  await settled();
  expect(types()).not.toContain('step.started t/a');
  const again = start(flow, actor.getPersistedSnapshot());
  await settled();
  expect(again.types()).toEqual([]);
  again.actor.send({ type: 'resume' });
  await settled();

  expect(again.actor.getSnapshot().output).toEqual({ t: 1 });
});

describe('what has completed', () => {
  const undone: string[] = [];
  const books = (name: string) =>
    task(name, {
      input: Anything,
      output: Anything,
      run: ({ key }) => key,
      compensate: ({ key, output }) => void undone.push(`${key} of ${String(output)}`),
    });
  const child = orchestrator('child', head).track('c', track('c', { input: Anything }).step('c', books('c')));
  const trip = orchestrator('trip', { ...head, onFailure: 'compensate' }).track(
    't',
    track('t', { input: Anything })
      .step('a', books('a'))
      .run('family', child)
      .map('items', { over: () => [1, 2], each: { do: books('item'), input: ({ item }) => item } })
      .wait('w', { signal: 'go' })
      .step('b', broken),
  );
  const LAST_FIRST = ['live/t/items/1', 'live/t/items/0', 'live.family.*/c/c', 'live/t/a'].map((path) =>
    expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.').replace('*', '.*')}#1~undo of `)),
  );

  test('is undone when the run fails, the last first, child runs included', async () => {
    undone.length = 0;
    const { actor } = start(trip);
    await settled();
    actor.send({ type: 'signal', name: 'go' });
    for (let round = 0; round < 5; round += 1) await settled();

    expect(actor.getSnapshot().value).toBe('compensated');
    expect(undone).toEqual(LAST_FIRST);
  });

  test('is undone also if it completed before the machine was persisted', async () => {
    undone.length = 0;
    const first = start(trip);
    await settled();
    const { actor } = start(trip, first.actor.getPersistedSnapshot());
    actor.send({ type: 'cancel', compensate: true });
    for (let round = 0; round < 5; round += 1) await settled();

    expect(actor.getSnapshot().value).toBe('compensated');
    expect(undone).toEqual(LAST_FIRST);
  });
});

test('a deadline ends a track, and goes on with the time that remains', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything, deadline: '1h' }).wait('w', { signal: 'x' }),
  );
  const first = start(flow);
  await settled();
  vi.advanceTimersByTime(50 * 60_000);
  const kept = first.actor.getPersistedSnapshot();
  const now = Date.now();
  vi.clearAllTimers();
  vi.setSystemTime(now);
  const { actor } = start(flow, kept);
  await settled();
  vi.advanceTimersByTime(10 * 60_000 - 1);
  await settled();
  expect(actor.getSnapshot().value).toBe('running');
  vi.advanceTimersByTime(1);
  await settled();

  expect(actor.getSnapshot()).toMatchObject({ value: 'failed', context: { error: { code: 'deadline-passed' } } });
});

test('a signal that comes a second time under its id counts once (S17)', async () => {
  const two = orchestrator('two', head)
    .track('a', track('a', { input: Anything }).wait('a', { signal: 'go' }))
    .track('b', track('b', { input: Anything }).wait('b', { signal: 'go' }));
  const { actor } = start(two);
  await settled();
  actor.send({ type: 'signal', name: 'go', payload: 1, id: 'one' });
  const again = start(two, actor.getPersistedSnapshot());
  again.actor.send({ type: 'signal', name: 'go', payload: 1, id: 'one' });
  await settled();
  expect(again.actor.getSnapshot().value).toBe('running');
  again.actor.send({ type: 'signal', name: 'go', payload: 2, id: 'two' });
  await settled();

  expect(again.actor.getSnapshot().output).toEqual({ a: 1, b: 2 });
});

test('bodies see the variables of the run, and what they do of their own', async () => {
  const seen: unknown[] = [];
  const looks = task('looks', {
    input: Anything,
    output: Anything,
    run: ({ run, key, attempt }) => void seen.push([run.variables, key, attempt]),
  });
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .set('s', { color: () => 'red' })
      .step('looks', looks),
  );
  const { types } = start(flow);
  await settled();
  expect(seen).toEqual([[{ color: 'red' }, 'live/t/looks#1', 1]]);
  expect(types()).toEqual([
    'run.started',
    'track.started t',
    'step.started t/s',
    'step.completed t/s',
    'step.started t/looks',
    'step.completed t/looks',
    'track.completed t',
    'run.completed',
  ]);
});

test('an actor that is stopped calls nothing any more, and tells its bodies to end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const told: unknown[] = [];
  const hangs = task('hangs', {
    input: Anything,
    output: Anything,
    run: ({ signal }) => new Promise(() => signal.addEventListener('abort', () => told.push(signal.reason.name))),
  });
  const child = orchestrator('child', head).track('c', track('c', { input: Anything }).step('c', hangs));
  const flow = orchestrator('flow', head)
    .track('a', track('a', { input: Anything }).step('a', hangs))
    .track('b', track('b', { input: Anything }).sleep('nap', '1h').step('b', echo))
    .track('c', track('c', { input: Anything }).run('child', child));
  const { actor, types } = start(flow);
  await settled();
  const before = types().length;
  actor.stop();
  await settled();

  expect([told, vi.getTimerCount(), types().length]).toEqual([['AbortError', 'AbortError'], 0, before]);
});

test('a machine of your own invokes an orchestrator, hears its end, and is persisted with it', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .step('a', echo, () => 1)
      .wait('w', { signal: 'go' }),
  );
  const shop = setup({
    types: { context: {} as { output: unknown } },
    actors: { flow: orchestratorMachine as AnyStateMachine },
  }).createMachine({
    context: { output: null },
    initial: 'at',
    states: {
      at: {
        invoke: {
          src: 'flow',
          id: 'flow',
          input: () => machineInput(flow, {}),
          onDone: { target: 'over', actions: assign({ output: ({ event }) => event.output as unknown }) },
        },
      },
      over: { type: 'final' },
    },
  });
  const actor = createActor(shop).start();
  await settled();
  actor.getSnapshot().children.flow?.send({ type: 'signal', name: 'go', payload: 5 } as never);
  await settled();

  expect(actor.getSnapshot().context.output).toEqual({ t: 5 });
});

test('what is persisted does not grow with what is over and cannot be undone', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    track('t', { input: Anything })
      .map('items', {
        over: () => [...Array(500).keys()],
        each: { do: echo, input: ({ item }) => item },
        collect: false,
      })
      .wait('w', { signal: 'go' }),
  );
  const { actor } = start(flow);
  for (let round = 0; round < 5; round += 1) await settled();

  expect(JSON.stringify(actor.getPersistedSnapshot()).length).toBeLessThan(3_000);
});

test('actors of tracks and steps are shown to an inspector below what they stand in, and are told what their machines were told', async () => {
  const seen: string[] = [];
  const flow = orchestrator('flow', head).track('t', track('t', { input: Anything }).step('a', echo));
  createActor(orchestratorMachine as AnyStateMachine, {
    id: 'flow',
    input: machineInput(flow, {}),
    inspect: (event) => {
      if (event.type === '@xstate.snapshot' && 'value' in event.snapshot)
        seen.push(
          `${(event.actorRef as AnyActorRef)._parent?.id ?? '-'} > ${(event.actorRef as AnyActorRef).id}: ${String(event.snapshot.value)}`,
        );
    },
  }).start();
  await settled();

  expect([...new Set(seen)]).toEqual([
    'flow > t: pending',
    'flow > t: running',
    't > a: pending',
    't > a: running',
    // It was in the middle of being started.
    '- > flow: pending',
    '- > flow: running',
    't > a: completed',
    'flow > t: completed',
    '- > flow: completed',
  ]);
});
