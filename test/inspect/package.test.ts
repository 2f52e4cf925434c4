/** Against `@statelyai/inspect` as it is: its receiver, its adapter, its own server, and its plain `inspect` option for live machines. */
import { createServer } from 'node:net';
import {
  createWebSocketInspector,
  createWebSocketReceiver,
  type StatelyActorEvent,
  type StatelyInspectionEvent,
} from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';
import {
  type AnyOrchestrator,
  chart,
  createSignalbox,
  orchestrator,
  type Run,
  task,
  track,
  typedMachine,
} from 'signalbox';
import { inspectorServer, inspectRun } from 'signalbox/inspect';
import { machineInput } from 'signalbox/machines';
import { describe, expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { Anything, stage, steps } from '../helpers/stage.ts';

const order = orchestrator('order', { version: '1', input: Anything })
  .track('pay', steps('pay', 'hold', 'charge') as never)
  .track('ship', steps('ship', 'send') as never, { after: ['pay'] } as never) as unknown as AnyOrchestrator;

async function running() {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ ...options, orchestrators: [order] }));
  const run = (await box.start(order, { id: 'order-17', input: { card: '4111' } } as never)) as Run;
  await clock.advance(0);
  return { box, run, desk, clock };
}

/** Everything that the package's own receiver hears at an address. */
function receiving(server: string) {
  const events: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server }).subscribe((event) => events.push(event));
  const actors = (): StatelyActorEvent[] =>
    events.filter((event) => event.type === '@xstate.actor') as StatelyActorEvent[];
  const standing = (session: string): unknown => {
    const told = events.flatMap((event) =>
      'snapshot' in event && event.sessionId === session ? [event.snapshot] : [],
    );
    return (told.at(-1) as { readonly value?: unknown } | undefined)?.value;
  };
  return { events, actors, standing };
}

/** One that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a receiver has to have heard of the whole run. */
function expectWhole({ actors, standing, events }: ReturnType<typeof receiving>): void {
  const told = actors().map(({ sessionId, parentId, rootId }) => [sessionId, parentId, rootId]);
  expect(told[0]).toEqual(['order-17', undefined, 'order-17']);
  // Those of one batch come level by level.
  expect(told.slice(1).sort()).toEqual([
    ['order-17/pay', 'order-17', 'order-17'],
    ['order-17/pay/charge', 'order-17/pay', 'order-17'],
    ['order-17/pay/hold', 'order-17/pay', 'order-17'],
    ['order-17/ship', 'order-17', 'order-17'],
    ['order-17/ship/send', 'order-17/ship', 'order-17'],
  ]);
  expect(JSON.parse(actors()[0]?.definition ?? '')).toEqual(chart(order).config);
  expect(actors().flatMap(({ definition }) => (definition === undefined ? [] : [JSON.parse(definition).id]))).toEqual([
    'order',
    'track',
    'task',
  ]);
  expect(standing('order-17')).toBe('completed');
  expect(standing('order-17/ship/send')).toBe('completed');
  const happened = events.flatMap((event) =>
    event.type === '@xstate.event' ? [(event.event as { type: string }).type] : [],
  );
  expect(happened[0]).toBe('run.started');
  expect(happened.at(-1)).toBe('run.completed');
  expect(happened).toHaveLength(12);
}

test('the receiver of the package is told all of a run by our server, and first of all the chart of its orchestrator', async () => {
  const { box, desk, clock } = await running();
  const server = await inspectorServer(box);
  const receiver = receiving(server.feed('order-17'));
  await expect.poll(() => receiver.standing('order-17')).toEqual({ running: { pay: 'hold', ship: '~waiting' } });
  expect(receiver.events[0]).toMatchObject({ type: '@xstate.actor', sessionId: 'order-17', name: 'order' });
  for (const step of ['pay/hold', 'pay/charge', 'ship/send']) {
    desk.give(`${step}#1`);
    await clock.advance(0);
    await expect.poll(() => receiver.standing(`order-17/${step}`)).toBe('completed');
  }
  await expect.poll(() => receiver.standing('order-17')).toBe('completed');
  expectWhole(receiver);
  await server.close();
  await box.close();
});

describe('by the server of the package', () => {
  test('raw objects that go through the adapter of the package arrive whole, with parents and definitions', async () => {
    const { box, run, desk, clock } = await running();
    const port = await freePort();
    const server = createInspectorServer({ port, autoOpen: false });
    const inspector = createWebSocketInspector({ url: `ws://localhost:${port}` });
    const receiver = receiving(`ws://localhost:${port}`);
    const over = inspectRun(box, run, { adapter: inspector.adapter });
    for (const step of ['pay/hold', 'pay/charge', 'ship/send']) {
      desk.give(`${step}#1`);
      await clock.advance(0);
    }
    await over;
    await expect.poll(() => receiver.standing('order-17')).toBe('completed');
    expectWhole(receiver);
    inspector.stop();
    server.stop();
    await box.close();
  });

  test('a live machine with the plain `inspect` option tells of its tracks and steps', async () => {
    const N = Anything;
    const double = task('double', { input: N, output: N, run: ({ input }) => input * 2 });
    const twice = orchestrator('twice', { version: '1', input: N }).track(
      't',
      track('t', { input: N })
        .step('first', double, ({ input }) => input)
        .step('second', double, ({ previous }) => previous),
      { input: ({ input }) => input },
    );
    const port = await freePort();
    const server = createInspectorServer({ port, autoOpen: false });
    const receiver = receiving(`ws://localhost:${port}`);
    const inspector = createWebSocketInspector({ url: `ws://localhost:${port}` });
    const actor = createActor(typedMachine(twice), {
      input: machineInput(twice, 3),
      inspect: inspector.inspect,
    }).start();
    expect(await toPromise(actor)).toEqual({ t: 12 });
    const names = (): string[] => receiver.actors().map(({ name }) => name);
    await expect.poll(names).toEqual(expect.arrayContaining(['orchestrator', 't', 'first', 'second']));
    const bySession = new Map(receiver.actors().map((each) => [each.sessionId, each]));
    const parentOf = (name: string): string | undefined => {
      const { parentId } = receiver.actors().find((each) => each.name === name) as StatelyActorEvent;
      return bySession.get(parentId as string)?.name;
    };
    expect([parentOf('t'), parentOf('first'), parentOf('second')]).toEqual(['orchestrator', 't', 't']);
    const [first] = receiver.actors().filter(({ name }) => name === 'first');
    await expect.poll(() => receiver.standing((first as StatelyActorEvent).sessionId)).toBe('completed');
    inspector.stop();
    server.stop();
  });
});
