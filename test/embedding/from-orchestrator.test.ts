/** Runs as actors of XState: invoked, persisted, restored beside the next box, stopped. The boxes and the stores are real ones. */
import {
  type AnyOrchestrator,
  type EmbeddingOptions,
  fromOrchestrator,
  orchestrator,
  RunCancelled,
  type RunEmitted,
  RunFailed,
  type RunsPage,
  type Signalbox,
  track,
} from 'signalbox';
import { settled } from 'signalbox/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Actor, assign, createActor, type Snapshot, setup, spawnChild, toPromise, waitFor } from 'xstate';
import { Anything, eventsOf } from '../helpers/stage.ts';
import { echo } from '../helpers/two-steps.ts';
import { head, one, open, places, waiting } from '../helpers/waits.ts';
import { placeCases } from './place-cases.ts';

const flow = waiting();
const done = orchestrator('done', head).track(
  't',
  track('t', { input: Anything }).step('s', echo, ({ input }) => input),
  {
    input: ({ input }) => input,
  },
);
const broken = orchestrator('broken', head).track('t', one('t', 'go'), {
  input: (): never => {
    throw new Error('no stamp');
  },
});

const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);
beforeEach(() => void process.on('unhandledRejection', note));
afterEach(() => {
  process.off('unhandledRejection', note);
  expect(rejections.splice(0)).toEqual([]);
});

const embed = (box: Signalbox, of: AnyOrchestrator = flow, options: EmbeddingOptions = {}) =>
  fromOrchestrator(box, of, options);
type Embedded = Actor<ReturnType<typeof embed>>;

const attached = (actor: Embedded) => waitFor(actor, ({ context }) => context.attached);
const seen = (actor: Embedded, seq: number) => waitFor(actor, ({ context }) => context.progress.seq >= seq);
/** As it comes back from a file. */
const kept = (actor: { getPersistedSnapshot(): Snapshot<unknown> }): Snapshot<unknown> =>
  JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
const idsOf = ({ runs }: RunsPage): string[] => runs.map(({ run }) => run);
const failed = (actor: Embedded): Promise<unknown> =>
  toPromise(actor).then(
    () => null,
    (error: unknown) => error,
  );

describe('a run as an actor', () => {
  test('is started with it, shows how far it has come, and is done with its output', async () => {
    await using stage = await open(done);
    const actor = createActor(embed(stage.box, done), {
      input: { id: 'r', input: { n: 1 }, metadata: { who: 'mia' } },
    });
    const percents: number[] = [];
    actor.subscribe(({ context }) => void percents.push(context.progress.percent));
    const emitted: string[] = [];
    actor.on('*', ({ type }) => void emitted.push(type));

    expect(await toPromise(actor.start())).toEqual({ t: { n: 1 } });

    const { context, begin } = actor.getSnapshot();
    expect(begin).toBeNull();
    expect(context).toMatchObject({ run: 'r', attached: true, progress: { status: 'completed', percent: 100 } });
    expect(context.progress.actors['t/s']).toMatchObject({ status: 'completed', attempt: 1 });
    expect([percents[0], percents.at(-1)]).toEqual([0, 100]);
    const history = await eventsOf(stage.box.run('r'));
    expect(emitted).toEqual(history.map(({ type }) => type));
    expect(history[0]?.metadata).toEqual({ who: 'mia' });
  });

  test('gets an id of its own with its first snapshot, before it is started', async () => {
    await using stage = await open(flow);
    const [one, other] = [0, 1].map(() => createActor(embed(stage.box), { input: { input: null } }));
    const id = one!.getSnapshot().context.run;
    expect(id).toMatch(/^[\w-]{21}$/);
    expect(other!.getSnapshot().context.run).not.toBe(id);
    expect(idsOf(await stage.box.runs())).toEqual([]);
    await attached(one!.start());
    expect(idsOf(await stage.box.runs())).toEqual([id]);
  });

  test('takes signals and commands as events, in their order, and tells what came of each', async () => {
    await using stage = await open(flow);
    const actor = createActor(embed(stage.box), { input: { id: 'r', input: null } });
    const answers: unknown[] = [];
    const tell = (event: RunEmitted): void => {
      if (event.type === 'command.answered') answers.push([event.command.type, event.answer]);
      if (event.type === 'command.failed') answers.push([event.command.type, (event.error as { code: string }).code]);
    };
    actor.on('*', tell);
    // The start is not committed yet.
    actor.start();
    actor.send({ type: 'pause' });
    actor.send({ type: 'resume' });
    actor.send({ type: 'signal', name: 'come', id: '1' });
    actor.send({ type: 'signal', name: '', id: '2' });
    actor.send({ type: 'signal', name: 'go', payload: { paid: true }, id: '3' });

    expect(await toPromise(actor)).toEqual({ t: { paid: true } });
    expect(answers.slice(0, 4)).toMatchObject([
      ['pause', null],
      ['resume', null],
      ['signal', { answer: 'refused', reason: 'signal-unknown' }],
      ['signal', 'option-invalid'],
    ]);
    const types = (await eventsOf(stage.box.run('r'))).map(({ type }) => type);
    expect(types.filter((type) => type === 'run.paused' || type === 'run.resumed')).toEqual([
      'run.paused',
      'run.resumed',
    ]);
  });

  test('fails with RunCancelled or RunFailed, and with why a run cannot be started', async () => {
    await using stage = await open(flow);
    const cancelled = createActor(embed(stage.box), { input: { id: 'r', input: null } }).start();
    cancelled.send({ type: 'cancel', reason: 'the customer called' });
    const error = await failed(cancelled);
    expect(error).toBeInstanceOf(RunCancelled);
    expect(error).toMatchObject({ run: 'r', reason: 'the customer called' });

    const other = createActor(embed(stage.box), { input: { id: 'r', input: 'another' } }).start();
    expect(await failed(other)).toMatchObject({ code: 'run-exists' });
    const bad = createActor(embed(stage.box), { input: { id: 'a/b', input: null } }).start();
    expect(await failed(bad)).toMatchObject({ code: 'option-invalid' });

    await using second = await open(broken);
    const failing = createActor(embed(second.box, broken), { input: { id: 'r', input: null } }).start();
    expect(await failed(failing)).toBeInstanceOf(RunFailed);
  });

  test('is restored as what it came to, and starts nothing again', async () => {
    await using stage = await open(broken);
    const actor = createActor(embed(stage.box, broken), { input: { id: 'r', input: null } }).start();
    const error = await failed(actor);
    const restored = createActor(embed(stage.box, broken), { input: { input: null }, snapshot: kept(actor) });
    expect(restored.getSnapshot()).toMatchObject({
      status: 'error',
      context: { run: 'r', progress: { status: 'failed' } },
    });
    const again = restored.getSnapshot().error;
    expect(again).toBeInstanceOf(RunFailed);
    expect(again).toMatchObject({ message: (error as RunFailed).message, failures: (error as RunFailed).failures });
  });

  test('says so if it is restored from a snapshot of something else', async () => {
    await using stage = await open(flow);
    const snapshot = { status: 'active', output: undefined, error: undefined } as Snapshot<unknown>;
    const actor = createActor(embed(stage.box), { input: { input: null }, snapshot });
    const end = failed(actor);
    actor.start();
    expect(await end).toMatchObject({ code: 'option-invalid' });
    expect(kept(actor)).toMatchObject({ status: 'error' });
  });
});

describe.each(places)('in %s', (_, place) => placeCases(place));

describe('an actor that is attached again', () => {
  test('catches up in one step, and emits only what comes from then on', async () => {
    await using stage = await open(flow);
    const { id } = await stage.start({ n: 1 });
    const snapshot = { status: 'active', context: { run: id }, begin: null } as never;
    const actor = createActor(embed(stage.box), { input: { input: null }, snapshot });
    const [seqs, emitted]: [number[], number[]] = [[], []];
    actor.subscribe(({ context }) => void seqs.push(context.progress.seq));
    actor.on('*', (event) => void ('seq' in event && emitted.push(event.seq)));
    await attached(actor.start());
    const before = (await eventsOf(stage.box.run(id))).length;
    expect(before).toBeGreaterThan(2);
    expect(seqs).toEqual([0, before]);
    actor.send({ type: 'signal', name: 'go' });
    await toPromise(actor);
    const all = (await eventsOf(stage.box.run(id))).map(({ seq }) => seq);
    expect(emitted).toEqual(all.slice(before));
  });

  test('fails if its run is not there', async () => {
    await using stage = await open(flow);
    const snapshot = { status: 'active', context: { run: 'r' }, begin: null } as never;
    const missing = createActor(embed(stage.box), { input: { input: null }, snapshot });
    const end = failed(missing);
    missing.start();
    expect(await end).toMatchObject({ code: 'run-unknown' });
  });
});

test('a machine spawns several, hears why one was cancelled, and stops those that it has left', async () => {
  await using stage = await open(flow);
  const logic = fromOrchestrator(stage.box, flow, { onStop: 'cancel' });
  const parent = setup({
    types: { context: {} as { readonly why: unknown } },
    actors: { order: logic },
  }).createMachine({
    context: { why: null },
    initial: 'both',
    entry: ['a', 'b'].map((id) => spawnChild('order', { id, input: { id, input: null } })),
    states: {
      both: {
        on: { 'xstate.error.actor.a': { target: 'over', actions: assign({ why: ({ event }) => event.error }) } },
      },
      over: { type: 'final' },
    },
  });
  const actor = createActor(parent).start();
  const { a, b } = actor.getSnapshot().children as { readonly [id: string]: Embedded };
  await Promise.all([attached(a!), attached(b!)]);
  a!.send({ type: 'cancel', reason: 'late' });
  const { context } = await waitFor(actor, ({ status }) => status === 'done');
  expect(context.why).toMatchObject({ code: 'run-cancelled', run: 'a', reason: 'late' });
  await expect(stage.box.run('b').result()).rejects.toMatchObject({ reason: 'its actor was stopped' });
});

describe('an actor that is stopped', () => {
  test('leaves its run alone, and hears no more of it', async () => {
    await using stage = await open(flow);
    const actor = createActor(embed(stage.box), { input: { id: 'r', input: null } }).start();
    await attached(actor);
    await settled(stage.box);
    await seen(actor, 1);
    const { seq } = actor.getSnapshot().context.progress;
    actor.stop();
    await settled(stage.box);
    expect(await stage.box.run('r').status()).toBe('waiting');
    await stage.box.signal('r', 'go', 1);
    expect(await stage.box.run('r').result()).toEqual({ t: 1 });
    expect(actor.getSnapshot()).toMatchObject({ status: 'stopped', context: { progress: { seq } } });
  });

  test('cancels its run, if that was asked for, also one whose start is not committed yet', async () => {
    await using stage = await open(flow);
    const logic = embed(stage.box, flow, { onStop: 'cancel' });
    const actor = createActor(logic, { input: { id: 'r', input: null } }).start();
    const early = createActor(logic, { input: { id: 'early', input: null } }).start();
    early.stop();
    await attached(actor);
    actor.stop();
    for (const id of ['r', 'early']) {
      await settled(stage.box);
      await expect(stage.box.run(id).result()).rejects.toMatchObject({ reason: 'its actor was stopped' });
    }
  });

  test('cancels nothing once its run has ended or its box is closed', async () => {
    const stage = await open(done);
    const logic = embed(stage.box, done, { onStop: 'cancel' });
    const ended = createActor(logic, { input: { id: 'r', input: 1 } }).start();
    await toPromise(ended);
    ended.stop();
    expect(await stage.box.run('r').status()).toBe('completed');
    await stage.box.close();
    const late = createActor(logic, { input: { id: 's', input: 1 } }).start();
    late.stop();
    await settled(stage.box);
    expect(late.getSnapshot().status).toBe('stopped');
  });
});

test('options that there are not are refused', async () => {
  await using stage = await open(flow);
  expect(() => embed(stage.box, flow, { onStop: 'pause' as never })).toThrow(`'detach' or 'cancel'`);
  expect(() => embed(stage.box, flow, { onStopp: 'cancel' } as never)).toThrow('onStop');
});
