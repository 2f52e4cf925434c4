/** Runs, tracks and steps that are looked at as actors of XState. The boxes and the stores are real ones. */
import { actorOf, type RunPort, type RunsPort, type Signalbox } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { waitFor } from 'xstate';
import { eventsOf } from '../helpers/stage.ts';
import { open, places, waiting } from '../helpers/waits.ts';

const flow = waiting();

/** A box, and how many readers of events it has at the moment. */
function counted(box: Signalbox): { readonly port: RunsPort; readonly readers: () => number } {
  let readers = 0;
  const run = (id: string): RunPort => {
    const inner: RunPort = box.run(id);
    async function* events(options: Parameters<RunPort['events']>[0]) {
      readers += 1;
      try {
        yield* inner.events(options);
      } finally {
        readers -= 1;
      }
    }
    return {
      events,
      result: () => inner.result(),
      snapshot: () => inner.snapshot(),
      history: (options) => inner.history(options),
      signal: (...given) => inner.signal(...given),
      cancel: (options) => inner.cancel(options),
      pause: () => inner.pause(),
      resume: () => inner.resume(),
    };
  };
  return { port: { run }, readers: () => readers };
}

describe.each(places)('in %s', (_, place) => {
  test('a run and a step of it are seen as they go on, until the run has ended', async () => {
    await using stage = await open(flow, { store: place()() });
    await stage.start({ n: 1 }, { id: 'r' });
    const run = actorOf(stage.box, 'r');
    const step = actorOf(stage.box, 'r', 't/w');
    expect(run.getSnapshot()).toMatchObject({
      status: 'active',
      context: { run: 'r', path: '', status: null, seen: null },
    });

    const statuses: unknown[] = [];
    step.select(({ context }) => context.status).subscribe((status) => void statuses.push(status));
    const emitted: string[] = [];
    run.on('*', ({ type }) => void emitted.push(type));
    await waitFor(step, ({ context }) => context.status === 'waiting');
    await waitFor(run, ({ context }) => context.status === 'waiting');
    expect(step.getSnapshot().context.seen?.waitingFor).toMatchObject({ signal: 'go' });
    expect(run.getSnapshot().context.seen).toEqual(await stage.box.run('r').snapshot());
    expect(emitted).toEqual([]);

    step.send({ type: 'signal', name: 'go', payload: 'paid' });
    const end = await waitFor(run, ({ status }) => status === 'done');
    expect(end).toMatchObject({ output: { t: 'paid' }, context: { status: 'completed' } });
    await waitFor(step, ({ status }) => status === 'done');
    expect(step.getSnapshot()).toMatchObject({ output: 'paid', context: { status: 'completed', error: null } });
    expect([statuses[0], statuses.at(-1)]).toEqual(['waiting', 'completed']);
    const history = (await eventsOf(stage.box.run('r'))).map(({ type }) => type);
    expect(history.slice(-emitted.length)).toEqual(emitted);
    expect(emitted.at(-1)).toBe('run.completed');
  });
});

describe('a run that is looked at', () => {
  test('is followed only as long as somebody has subscribed, once for all, and again for who comes later', async () => {
    await using stage = await open(flow);
    await stage.start(null, { id: 'r' });
    const { port, readers } = counted(stage.box);
    const run = actorOf(port, 'r');
    await settled(stage.box);
    expect(readers()).toBe(0);
    const [one, other] = [run.subscribe(() => {}), run.subscribe(() => {})];
    await waitFor(run, ({ context }) => context.status === 'waiting');
    await settled(stage.box);
    expect(readers()).toBe(1);
    one.unsubscribe();
    one.unsubscribe();
    await settled(stage.box);
    expect(readers()).toBe(1);
    other.unsubscribe();
    await settled(stage.box);
    expect(readers()).toBe(0);

    const before = run.getSnapshot();
    await stage.box.run('r').pause();
    await settled(stage.box);
    expect(run.getSnapshot()).toBe(before);
    const again = run.subscribe(() => {});
    await waitFor(run, ({ context }) => context.status === 'paused');
    again.unsubscribe();
  });

  test('that ended badly is done, and says how in its context; what never began was skipped', async () => {
    await using stage = await open(flow);
    const { id } = await stage.start();
    await stage.box.run(id).cancel({ reason: 'the customer called' });
    const run = actorOf(stage.box, id);
    const end = await waitFor(run, ({ status }) => status === 'done');
    expect(end).toMatchObject({ output: null, context: { status: 'cancelled', seen: { status: 'cancelled' } } });
    const never = await waitFor(actorOf(stage.box, id, 't/constructor'), ({ status }) => status === 'done');
    expect(never.context).toMatchObject({ status: 'skipped', seen: null });
    // Nobody is there any more to be followed.
    run.subscribe(() => {}).unsubscribe();
  });

  test('that is not there says so, and is looked for again by who subscribes later', async () => {
    await using stage = await open(flow);
    const run = actorOf(stage.box, 'r');
    const missing = await waitFor(run, ({ context }) => context.error !== null);
    expect(missing).toMatchObject({ status: 'active', context: { status: null, error: { code: 'run-unknown' } } });
    await stage.start(null, { id: 'r' });
    await waitFor(run, ({ context }) => context.status === 'waiting' && context.error === null);
    expect(() => actorOf(stage.box, 'a/b')).toThrow('"/"');
    expect(() => actorOf(stage.box, 'r', 1 as never)).toThrow('path');
  });

  test('stays as it was seen last when the box closes, and when its actor is stopped', async () => {
    const stage = await open(flow);
    await stage.start(null, { id: 'r' });
    const [run, stopped] = [actorOf(stage.box, 'r'), actorOf(stage.box, 'r')];
    const errors: unknown[] = [];
    for (const each of [run, stopped]) each.subscribe({ error: (error) => void errors.push(error) });
    await waitFor(run, ({ context }) => context.status === 'waiting');
    stopped.stop();
    stopped.subscribe(() => {});
    await stage.box.close();
    await settled(stage.box);
    run.send({ type: 'pause' });
    await settled(stage.box);
    expect(run.getSnapshot()).toMatchObject({ status: 'active', context: { status: 'waiting', error: null } });
    expect(errors).toEqual([]);
  });
});
