/** What an embedded run is promised in every place: beside one box after another, and where a place can be shared beside two at once. */
import { actorOf, type AnyOrchestrator, fromOrchestrator, type RunsPage, type Signalbox, type Store } from 'signalbox';
import { settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { type Actor, assign, createActor, type Snapshot, setup, toPromise, waitFor } from 'xstate';
import { open, waiting } from '../helpers/waits.ts';

const flow = waiting();
const embed = (box: Signalbox, of: AnyOrchestrator = flow) => fromOrchestrator(box, of, {});
type Embedded = Actor<ReturnType<typeof embed>>;

const attached = (actor: Embedded) => waitFor(actor, ({ context }) => context.attached);
const detached = (actor: Embedded) => waitFor(actor, ({ context }) => !context.attached);
/** As it comes back from a file. */
const kept = (actor: { getPersistedSnapshot(): Snapshot<unknown> }): Snapshot<unknown> =>
  JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
const idsOf = ({ runs }: RunsPage): string[] => runs.map(({ run }) => run);

/** Registers the cases. `make` makes a place, which opens one store after another. */
export function placeCases(make: () => () => Store): void {
  test('the box closes and the actor stays as it is, to be restored beside the next one', async () => {
    const next = make();
    const stage = await open(flow, { store: next() });
    const actor = createActor(embed(stage.box), { input: { id: 'r', input: { n: 1 } } }).start();
    await attached(actor);
    await settled(stage.box);
    await stage.box.close();
    await detached(actor);
    const snapshot = kept(actor);
    expect(snapshot).toEqual({ status: 'active', context: { run: 'r' }, begin: null });

    await using second = await open(flow, { store: next() });
    const restored = createActor(embed(second.box), { input: { input: 'not looked at' }, snapshot }).start();
    await attached(restored);
    expect(restored.getSnapshot().context.progress).toMatchObject({ status: 'running', steps: { total: 1 } });
    restored.send({ type: 'signal', name: 'go', payload: 'paid' });
    expect(await toPromise(restored)).toEqual({ t: 'paid' });
    expect(idsOf(await second.box.runs())).toEqual(['r']);
  });

  test('a run starts once, though its actor was persisted and restored before the start was committed (S17)', async () => {
    const next = make();
    const stage = await open(flow, { store: next() });
    const actor = createActor(embed(stage.box), { input: { input: { n: 1 } } });
    const before = kept(actor);
    actor.start();
    const underWay = kept(actor);
    expect(underWay).toEqual(before);
    const { run } = actor.getSnapshot().context;
    // Twice beside the first one, and once more in the next process.
    const twin = createActor(embed(stage.box), { input: { input: null }, snapshot: underWay }).start();
    await Promise.all([attached(actor), attached(twin)]);
    await settled(stage.box);
    await stage.box.close();

    await using second = await open(flow, { store: next() });
    const late = createActor(embed(second.box), { input: { input: null }, snapshot: before }).start();
    await attached(late);
    expect(idsOf(await second.box.runs())).toEqual([run]);
    late.send({ type: 'signal', name: 'go', payload: 1 });
    expect(await toPromise(late)).toEqual({ t: 1 });
  });

  test('a box that was closed before the start starts nothing, and the next one does', async () => {
    const next = make();
    const stage = await open(flow, { store: next() });
    await stage.box.close();
    const actor = createActor(embed(stage.box), { input: { id: 'r', input: { n: 1 } } }).start();
    await settled(stage.box);
    const snapshot = kept(actor);
    expect(snapshot).toMatchObject({ status: 'active', begin: { input: { n: 1 } } });
    await using second = await open(flow, { store: next() });
    await attached(createActor(embed(second.box), { input: { input: null }, snapshot }).start());
    expect(await second.box.run('r').snapshot()).toMatchObject({ status: 'waiting', input: { n: 1 } });
  });

  test('a machine invokes it, is persisted with it, and goes on with its output after a restart', async () => {
    const next = make();
    const parentOf = (box: Signalbox) =>
      setup({
        types: { context: {} as { readonly output: unknown } },
        actors: { order: fromOrchestrator(box, flow) },
      }).createMachine({
        initial: 'ordering',
        context: { output: null },
        states: {
          ordering: {
            invoke: {
              src: 'order',
              id: 'order',
              input: { id: 'r', input: { n: 1 } },
              onDone: { target: 'ordered', actions: assign({ output: ({ event }) => event.output }) },
              onError: 'refused',
            },
          },
          ordered: { type: 'final' },
          refused: { type: 'final' },
        },
      });
    const stage = await open(flow, { store: next() });
    const actor = createActor(parentOf(stage.box)).start();
    await attached(actor.getSnapshot().children.order as Embedded);
    await settled(stage.box);
    const snapshot = kept(actor);
    await stage.box.close();
    expect(actor.getSnapshot().value).toBe('ordering');
    actor.stop();

    await using second = await open(flow, { store: next() });
    const restored = createActor(parentOf(second.box), { snapshot }).start();
    const child = restored.getSnapshot().children.order as Embedded;
    await attached(child);
    expect(child.getSnapshot().context.run).toBe('r');
    child.send({ type: 'signal', name: 'go', payload: 'paid' });
    const end = await waitFor(restored, ({ status }) => status === 'done');
    expect(end).toMatchObject({ value: 'ordered', context: { output: { t: 'paid' } } });
  });

  test('a run that is looked at is seen as it stands, takes a signal, and is done when it is; the next box shows the same', async () => {
    const next = make();
    const stage = await open(flow, { store: next() });
    await stage.start({ n: 1 }, { id: 'r' });
    const step = actorOf(stage.box, 'r', 't/w');
    const watching = step.subscribe(() => {});
    await waitFor(step, ({ context }) => context.status === 'waiting');
    expect(step.getSnapshot().context.seen?.waitingFor).toMatchObject({ signal: 'go' });
    watching.unsubscribe();
    await stage.box.close();

    await using second = await open(flow, { store: next() });
    const [run, again] = [actorOf(second.box, 'r'), actorOf(second.box, 'r', 't/w')];
    await waitFor(again, ({ context }) => context.status === 'waiting');
    again.send({ type: 'signal', name: 'go', payload: 'paid' });
    expect(await waitFor(run, ({ status }) => status === 'done')).toMatchObject({
      output: { t: 'paid' },
      context: { status: 'completed' },
    });
    expect(await waitFor(again, ({ status }) => status === 'done')).toMatchObject({ output: 'paid' });
    expect(run.getSnapshot().context.seen).toEqual(await second.box.run('r').snapshot());
  });
}

/** Registers what is true of two boxes that share a place. */
export function sharedPlaceCases(make: () => () => Store): void {
  test('an actor beside a box that does not have the run follows it, commands it, and is done with its output', async () => {
    const next = make();
    await using one = await open(flow, { store: next() });
    await one.start({ n: 1 }, { id: 'r' });
    await using two = await open(flow, { store: next(), clock: one.clock });
    const snapshot = { status: 'active', context: { run: 'r' }, begin: null } as never;
    const actor = createActor(embed(two.box), { input: { input: null }, snapshot }).start();
    await attached(actor);
    expect(actor.getSnapshot().context.progress).toMatchObject({ status: 'running', steps: { total: 1 } });
    const step = actorOf(two.box, 'r', 't/w');
    await waitFor(step, ({ context }) => context.status === 'waiting');
    actor.send({ type: 'pause' });
    await expect.poll(() => one.box.run('r').status()).toBe('paused');
    actor.send({ type: 'resume' });
    actor.send({ type: 'signal', name: 'go', payload: 'paid' });
    expect(await toPromise(actor)).toEqual({ t: 'paid' });
    expect(await one.box.run('r').result()).toEqual({ t: 'paid' });
    expect(await waitFor(step, ({ status }) => status === 'done')).toMatchObject({ output: 'paid' });
  });

  test('actors beside two boxes that start under one id start one run (S17)', async () => {
    const next = make();
    await using one = await open(flow, { store: next() });
    await using two = await open(flow, { store: next(), clock: one.clock });
    const [left, right] = [one, two].map(({ box }) =>
      createActor(embed(box), { input: { id: 'r', input: { n: 1 } } }).start(),
    ) as [Embedded, Embedded];
    await Promise.all([attached(left), attached(right)]);
    expect(idsOf(await two.box.runs())).toEqual(['r']);
    right.send({ type: 'signal', name: 'go', payload: 1 });
    expect(await Promise.all([toPromise(left), toPromise(right)])).toEqual([{ t: 1 }, { t: 1 }]);
  });

  test('a cancel by an actor reaches the box that has the run, and both hear why', async () => {
    const next = make();
    await using one = await open(flow, { store: next() });
    await using two = await open(flow, { store: next(), clock: one.clock });
    const owner = createActor(embed(one.box), { input: { id: 'r', input: null } }).start();
    await attached(owner);
    const snapshot = kept(owner);
    const other = createActor(embed(two.box), { input: { input: null }, snapshot }).start();
    const ends = [owner, other].map((actor) => toPromise(actor).catch((error: unknown) => error));
    await attached(other);
    other.send({ type: 'cancel', reason: 'the customer called' });
    for (const end of await Promise.all(ends))
      expect(end).toMatchObject({ code: 'run-cancelled', reason: 'the customer called' });
  });
}
