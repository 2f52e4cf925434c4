/** Child runs of runs that an actor stands for, and what becomes of what is under way when it is stopped, cancelled, or persisted. */
import { orchestrator, orchestratorMachine, type ReadEvent, task, track } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate';
import { z } from 'zod';
import { Anything } from '../helpers/stage.ts';

afterEach(() => void vi.useRealTimers());

const head = { version: '1', input: Anything };
const echo = task('echo', { input: Anything, output: Anything, run: ({ input }) => input });
const T = (name = 't', options: object = {}) => track(name, { input: Anything, ...options });

interface Live {
  readonly actor: AnyActorRef;
  readonly types: () => string[];
  /** The actors that were shown, by their ids. */
  readonly shown: Map<string, AnyActorRef>;
}

// biome-ignore lint/suspicious/noExplicitAny: the machines take any definition
const start = (flow: any, snapshot?: unknown): Live => {
  const events: ReadEvent[] = [];
  const shown = new Map<string, AnyActorRef>();
  const actor: AnyActorRef = createActor(orchestratorMachine as AnyStateMachine, {
    id: 'root',
    input: machineInput(flow, {}),
    inspect: ({ type, actorRef }) =>
      void (type === '@xstate.actor' && shown.set((actorRef as AnyActorRef).id, actorRef as AnyActorRef)),
    ...(snapshot === undefined ? {} : { snapshot: JSON.parse(JSON.stringify(snapshot)) }),
  });
  actor.on('*', (event) => events.push(event as unknown as ReadEvent));
  actor.start();
  return { actor, shown, types: () => events.map(({ type, path }) => `${type} ${path}`.trim()) };
};
const rest = async () => {
  for (let round = 0; round < 6; round += 1) await settled();
};

describe('a child run', () => {
  test('that went on after a failure says in its error what has failed', async () => {
    const broken = task('broken', {
      input: Anything,
      output: Anything,
      run: () => Promise.reject(new Error('broken')),
    });
    const child = orchestrator('child', { ...head, onFailure: 'continue' })
      .track('a', T('a').step('a', broken))
      .track('b', T('b').step('b', echo));
    const { actor } = start(orchestrator('flow', head).track('t', T().run('child', child)));
    await rest();

    expect(actor.getSnapshot().context.error).toMatchObject({ code: 'child-failed', cause: { message: 'broken' } });
  });

  test('that starts itself is stopped at its depth', async () => {
    const tree: ReturnType<typeof orchestrator> = orchestrator('tree', head).track(
      't',
      T().run('deeper', { orchestrator: () => tree as never, depth: 2 }),
    ) as never;
    const { actor, shown } = start(tree);
    await rest();

    expect(actor.getSnapshot().value).toBe('failed');
    expect(JSON.stringify(actor.getSnapshot().context.error)).toContain('child-too-deep');
    expect([...shown.keys()].filter((id) => id.includes('deeper.'))).toHaveLength(2);
  });

  test('takes what its schema has made of its input, or never begins', async () => {
    const slow = z.object({ n: z.number() }).transform(async ({ n }) => {
      await null;
      return { n: n + 1 };
    });
    const child = orchestrator('child', { version: '1', input: slow }).track(
      'c',
      T('c').step('c', echo, ({ input }) => input),
      {
        input: ({ input }) => input,
      },
    );
    const of = (input: unknown) =>
      orchestrator('flow', head).track(
        't',
        T().run('child', child, () => input as never),
      );
    const right = start(of({ n: 1 }));
    await rest();
    expect(right.actor.getSnapshot().output).toEqual({ t: { c: { n: 2 } } });

    const wrong = start(of({ n: 'x' }));
    await rest();
    expect(wrong.actor.getSnapshot().context.error.code).toBe('input-invalid');

    const called = start(of({ n: 1 }));
    await null;
    called.actor.send({ type: 'cancel' });
    await rest();
    expect(called.actor.getSnapshot().value).toBe('cancelled');
    expect([...called.shown.keys()].filter((id) => id.includes('child.'))).toEqual([]);
  });

  test('stands still with its parent, and goes on with it (S15)', async () => {
    const child = orchestrator('child', head).track(
      'c',
      T('c')
        .wait('w', { signal: 'go' })
        .step('c', echo, ({ previous }) => previous),
    );
    const { actor, shown } = start(orchestrator('flow', head).track('t', T().run('child', child)));
    await rest();
    const [id, ref] = [...shown].find(([name]) => name.includes('child.')) as [string, AnyActorRef];
    actor.send({ type: 'pause' });
    ref.send({ type: 'signal', name: 'go', payload: 1 });
    await rest();
    expect([id.startsWith('live.child.'), actor.getSnapshot().value]).toEqual([true, 'running']);
    actor.send({ type: 'resume' });
    await rest();

    expect(actor.getSnapshot().output).toEqual({ t: { c: 1 } });
  });

  test('has the time that its parent has left', async () => {
    const seen: unknown[] = [];
    const looks = task('looks', {
      input: Anything,
      output: Anything,
      run: ({ deadline }) => void seen.push(deadline !== null),
    });
    const child = orchestrator('child', head).track('c', T('c').step('c', looks));
    start(orchestrator('flow', head).track('t', T('t', { deadline: '1h' }).run('child', child)));
    start(orchestrator('flow', head).track('t', T('t').run('child', child)));
    await rest();

    expect(seen).toEqual([true, false]);
  });

  test('that has ended refuses a signal, and one that nobody has started takes none', async () => {
    const child = orchestrator('child', head).track('c', T('c').step('c', echo));
    const flow = orchestrator('flow', head).track(
      't',
      T()
        .run('child', { orchestrator: child, id: () => 'mine' })
        .signal('late', { signal: 'go', to: () => 'mine' })
        .signal('nobody', { signal: 'go', to: () => 'nobody' })
        .step('both', echo, ({ outputs: { late, nobody } }) => [late, nobody]),
    );
    const { actor } = start(flow);
    await rest();

    expect(actor.getSnapshot().output).toEqual({
      t: [
        { accepted: 0, buffered: 0, refused: 1 },
        { accepted: 0, buffered: 0, refused: 0 },
      ],
    });
  });

  test('whose undoing was under way is undone once, after a restart', async () => {
    const calls: string[] = [];
    let end = (): void => {};
    const held = task('held', {
      input: Anything,
      output: Anything,
      run: () => 1,
      compensate: ({ key }) => {
        calls.push(key);
        return new Promise<void>((resolve) => {
          end = resolve;
        });
      },
    });
    const child = orchestrator('child', head).track('c', T('c').step('c', held));
    const flow = orchestrator('flow', head).track('t', T().run('child', child).wait('w', { signal: 'go' }));
    const first = start(flow);
    await rest();
    first.actor.send({ type: 'cancel', compensate: true });
    await rest();
    expect(calls).toHaveLength(1);
    const { actor } = start(flow, first.actor.getPersistedSnapshot());
    await rest();
    expect(new Set(calls).size).toBe(1);
    end();
    await rest();

    expect([actor.getSnapshot().value, calls.length]).toEqual(['compensated', 2]);
  });
});

describe('an actor that is stopped', () => {
  test('at once has begun nothing', async () => {
    const calls: unknown[] = [];
    const once = task('once', { input: Anything, output: Anything, run: () => void calls.push(1) });
    start(orchestrator('flow', head).track('t', T().step('a', once))).actor.stop();
    await rest();

    expect(calls).toEqual([]);
  });

  test.each(['cleanup', 'compensate'] as const)('tells a %s to end', async (what) => {
    const told: unknown[] = [];
    const tidy = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
      new Promise(() => signal.addEventListener('abort', () => told.push(signal.reason.name)));
    const begun = task('begun', {
      input: Anything,
      output: Anything,
      run: () => (what === 'cleanup' ? new Promise(() => {}) : 1),
      [what]: tidy,
    });
    const { actor } = start(orchestrator('flow', head).track('t', T().step('a', begun).wait('w', { signal: 'go' })));
    await rest();
    actor.send({ type: 'cancel', compensate: true });
    await rest();
    expect(told).toEqual([]);
    actor.stop();
    await rest();

    expect(told).toEqual(['AbortError']);
  });
});

test('a body whose time is up is tidied up before it is tried again (S11)', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const calls: string[] = [];
  const slow = task('slow', {
    input: Anything,
    output: Anything,
    timeout: '1s',
    retry: { maxAttempts: 2, delay: 0 },
    run: ({ key }) => {
      calls.push(key);
      return new Promise(() => {});
    },
    cleanup: ({ key }) => void calls.push(`cleanup ${key}`),
  });
  start(orchestrator('flow', head).track('t', T().step('a', slow)));
  for (let step = 0; step < 4; step += 1) {
    await settled();
    vi.advanceTimersByTime(1_000);
  }

  expect(calls).toEqual(['live/t/a#1', 'cleanup live/t/a#1', 'live/t/a#2', 'cleanup live/t/a#2']);
});

test('rounds that a loop forgets are forgotten in what is persisted, too', async () => {
  const flow = orchestrator('flow', head).track(
    't',
    T()
      .loop('l', { body: echo, until: ({ index }) => index === 199, maxIterations: 300, keepLast: 2 })
      .wait('w', { signal: 'go' }),
  );
  const { actor } = start(flow);
  for (let round = 0; round < 20; round += 1) await rest();
  expect(actor.getSnapshot().value).toBe('running');

  expect(JSON.stringify(actor.getPersistedSnapshot()).length).toBeLessThan(3_000);
});

test('actors that are shown take no orders, and stand where they stood after a restart', async () => {
  const flow = orchestrator('flow', head).track('t', T().wait('w', { signal: 'go' }));
  const first = start(flow);
  await rest();
  first.shown.get('t')?.send({ type: 'cancel', reason: 'no' });
  first.shown.get('w')?.send({ type: 'signal', payload: 1 });
  await rest();
  expect(first.types().at(-1)).toBe('step.waiting t/w');

  const { actor, shown } = start(flow, first.actor.getPersistedSnapshot());
  expect(['t', 'w'].map((id) => shown.get(id)?.getSnapshot().value)).toEqual(['running', 'waiting']);
  actor.send({ type: 'signal', name: 'go', payload: 5 });
  await rest();
  expect(actor.getSnapshot().output).toEqual({ t: 5 });
  expect(['t', 'w'].map((id) => shown.get(id)?.getSnapshot().value)).toEqual(['completed', 'completed']);
});
