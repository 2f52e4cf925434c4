/** What a viewer of a run is sent: the chart and every actor first, then what happens, and nothing that is nobody's business. */
import { type AnyOrchestrator, chart, createSignalbox, memory, orchestrator, type Run, task, track } from 'signalbox';
import { inspectRun, type WireActor, type WireEvent, type WireSnapshot } from 'signalbox/inspect';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { Anything, never, rejection, stage, steps, work } from '../helpers/stage.ts';
import { flow, lively } from '../charts/lively.ts';

/** What a viewer knows after all that it was sent, by session. */
class Watched {
  readonly batches: (readonly WireEvent[])[] = [];
  readonly #stop = new AbortController();
  readonly over: Promise<void>;

  constructor(box: object, run: string, options: object = {}) {
    this.over = inspectRun(box as never, run, {
      send: (batch) => void this.batches.push(batch),
      signal: this.#stop.signal,
      ...options,
    });
    this.over.catch(() => {});
  }

  get all(): readonly WireEvent[] {
    return this.batches.flat();
  }

  get actors(): readonly WireActor[] {
    return this.all.filter((event) => event.type === '@xstate.actor');
  }

  events(session: string): string[] {
    return this.all.flatMap((each) =>
      each.type === '@xstate.event' && each.sessionId === session ? [each.event.type] : [],
    );
  }

  standing(session: string): WireSnapshot | undefined {
    const told = this.all.flatMap((each) =>
      each.type !== '@xstate.event' && each.sessionId === session ? [each.snapshot] : [],
    );
    return told.at(-1);
  }

  async until(session: string, value: unknown): Promise<void> {
    await expect.poll(() => this.standing(session)?.value).toEqual(value);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.over;
  }
}

async function boxOf(definition: AnyOrchestrator, more: object = {}) {
  const { desk, clock, options } = stage();
  const box = clock.follow(await createSignalbox({ ...options, ...more, orchestrators: [definition] }));
  const run = (await box.start(definition, { id: 'r', input: { card: '4111' } } as never)) as Run;
  await clock.advance(0);
  return { box, run, desk, clock };
}

/** Nothing is told of an actor that is not known, nothing twice, and no batch is empty. */
function expectSense(watched: Watched): void {
  const known = new Map<string, string>();
  for (const event of watched.all) {
    const { sessionId } = event;
    if (event.type === '@xstate.actor') known.set(sessionId, '');
    expect(known.has(sessionId)).toBe(true);
    if (event.type !== '@xstate.snapshot') continue;
    expect(JSON.stringify(event.snapshot)).not.toBe(known.get(sessionId));
    known.set(sessionId, JSON.stringify(event.snapshot));
  }
  expect(watched.batches.every((batch) => batch.length > 0)).toBe(true);
}

const flaky = task('flaky', { input: Anything, output: Anything, retry: { maxAttempts: 2, delay: '1m' }, run: never });

describe('whoever comes late', () => {
  test('gets the chart of the orchestrator first, with the state in which the run stands, then every actor below its parent', async () => {
    const { box, run } = await lively();
    const watched = new Watched(box, run.id);
    const { tracks, steps: all } = await run.snapshot();
    const paths = [...Object.keys(tracks), ...Object.keys(all)];
    // They may come in several batches.
    await expect.poll(() => watched.actors.length).toBeGreaterThan(paths.length);
    const [first, ...others] = watched.actors;
    expect(first).toMatchObject({ sessionId: 'order-17', rootId: 'order-17', name: 'fulfilment' });
    expect(first?.parentId).toBeUndefined();
    expect(JSON.parse(first?.definition ?? '')).toEqual(chart(flow).config);
    expect(first?.snapshot.value).toMatchObject({
      running: { intake: '~completed', news: { '~running': { mail: '~failed' } } },
    });
    expect(others.map(({ sessionId }) => sessionId).sort()).toEqual(paths.map((path) => `order-17/${path}`).sort());
    const seen = new Set<string | undefined>(['order-17']);
    for (const { sessionId, parentId, rootId, name } of others) {
      expect(sessionId).toBe(`${parentId}/${name}`);
      expect(rootId).toBe('order-17');
      expect(seen.has(parentId)).toBe(true);
      seen.add(sessionId);
    }
    expectSense(watched);
    await watched.stop();
    await box.close();
  });

  test('gets each definition once, and every step stands in a state of its own machine', async () => {
    const { box, run } = await lively();
    const watched = new Watched(box, run.id);
    const { tracks, steps: all } = await run.snapshot();
    await expect.poll(() => watched.actors.length).toBe(1 + Object.keys(tracks).length + Object.keys(all).length);
    const sent = watched.actors.filter(({ definition }) => definition !== undefined);
    expect(new Set(sent.map(({ definition }) => definition)).size).toBe(sent.length);
    expect(sent.map(({ definition }) => JSON.parse(definition as string).id)).toEqual([
      'fulfilment',
      ...['track', 'composite', 'task', 'wait', 'map'],
    ]);
    for (const { definition, definitionOf, sessionId, parentId } of watched.actors) {
      const whole = definition ?? watched.actors.find((each) => each.sessionId === definitionOf)?.definition;
      const value = watched.standing(sessionId)?.value;
      if (parentId !== undefined)
        expect(Object.keys(createMachine(JSON.parse(whole as string)).states)).toContain(value);
    }
    await watched.stop();
    await box.close();
  });

  test('and whoever comes after the end gets all of it, and it is over', async () => {
    const { box, run, desk, clock } = await boxOf(
      orchestrator('o', { version: '1', input: Anything }).track('t', steps('t', 's') as never) as never,
    );
    desk.give('t/s#1');
    await clock.advance(0);
    const watched = new Watched(box, run.id);
    await watched.over;
    expect(watched.standing('r')).toEqual({ status: 'done', value: 'completed', context: { status: 'completed' } });
    expect(watched.events('r')).toEqual(['run.started', 'run.completed']);
    expect(watched.standing('r/t/s')).toMatchObject({ status: 'done', value: 'completed' });
    await box.close();
  });
});

describe('a run that is watched', () => {
  const definition = orchestrator('o', { version: '1', input: Anything, onFailure: 'continue' })
    .track('a', track('a', { input: Anything }).step('try', flaky).wait('paid', { signal: 'paid' }))
    .track('b', steps('b', 'bad') as never)
    .track(
      'c',
      track('c', { input: Anything }).branch('risk', { on: () => 'low', routes: { low: work, high: flaky } }),
    ) as unknown as AnyOrchestrator;

  test('is told as it goes: attempts, waits, failures, and of a branch the route that is taken', async () => {
    const { box, run, desk, clock } = await boxOf(definition);
    const watched = new Watched(box, run.id);
    await watched.until('r/a/try', 'running');
    desk.fail('a/try#1');
    await clock.advance(0);
    await watched.until('r/a/try', 'retrying');
    await expect
      .poll(() => watched.standing('r/a/try'))
      .toMatchObject({
        status: 'active',
        context: { waitsFor: 'retry', due: expect.any(Number) },
      });
    await clock.advance('1m');
    desk.give('a/try#2');
    await clock.advance(0);
    await watched.until('r/a/paid', 'waiting');
    // What is told of one look may come in several batches.
    const done = { status: 'done', value: 'completed', context: { attempt: 2 } };
    await expect.poll(() => watched.standing('r/a/try')).toEqual(done);
    await watched.until('r', { running: { a: 'paid', b: 'bad', c: { risk: 'low' } } });
    desk.fail('b/bad#1');
    await clock.advance(0);
    await watched.until('r/b/bad', 'failed');
    await expect
      .poll(() => watched.standing('r/b/bad'))
      .toMatchObject({ status: 'error', error: { code: 'task-failed' } });
    desk.give('c/risk/low#1');
    await run.signal('paid', null);
    await clock.advance(0);
    await watched.over;
    expect(watched.standing('r')).toMatchObject({ status: 'error', value: 'failed' });
    expect(watched.events('r/a/try')).toEqual(['step.started', 'step.retrying', 'step.started', 'step.completed']);
    expect(watched.standing('r/c/risk/low')).toMatchObject({ status: 'done', value: 'completed' });
    expect(watched.standing('r/c/risk/high')).toEqual({ status: 'done', value: 'skipped', context: {} });
    expectSense(watched);
    // Each event of the history, once and in order.
    const numbers = watched.all.flatMap((each) => (each.type === '@xstate.event' ? [each.event.seq] : []));
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
    const start = watched.all.find((each) => each.type === '@xstate.event' && each.sessionId === 'r/a/try');
    expect(start).toMatchObject({ sourceId: 'r/a', id: 'r#5' });
    await box.close();
  });

  test('is told with its last snapshots only, where much has happened at once', async () => {
    const { box, run, desk, clock } = await boxOf(definition);
    let open = (): void => {};
    const watched = new Watched(box, run.id);
    const slow: (readonly WireEvent[])[] = [];
    const stop = new AbortController();
    const over = inspectRun(box, run.id, {
      signal: stop.signal,
      send: (batch) => {
        slow.push(batch);
        if (slow.length > 1) return undefined;
        return new Promise<void>((resolve) => {
          open = resolve;
        });
      },
    });
    await watched.until('r/a/try', 'running');
    await expect.poll(() => slow.length).toBe(1);
    desk.fail('a/try#1');
    await clock.advance('1m');
    desk.give('a/try#2');
    await clock.advance(0);
    await watched.until('r/a/paid', 'waiting');
    // What the viewer has not taken is not followed by anything.
    expect(slow.length).toBe(1);
    open();
    const later = (type: WireEvent['type']) =>
      slow
        .slice(1)
        .flat()
        .filter((event) => event.type === type && event.sessionId === 'r/a/try');
    await expect.poll(() => later('@xstate.event').length).toBe(4);
    await expect.poll(() => later('@xstate.snapshot').length).toBe(1);
    stop.abort();
    await Promise.all([over, watched.stop()]);
    await box.close();
  });
});

describe('what is nobody’s business', () => {
  const asked = task('asked', { input: Anything, output: Anything, run: never });
  const definition = orchestrator('o', { version: '1', input: Anything })
    .track(
      't',
      track('t', { input: Anything })
        .step('pay', asked, ({ input }) => input)
        .emit('tell', { event: 'paid', data: ({ input }) => input }),
      {
        input: ({ input }) => input,
      },
    )
    .output(() => ({ card: '4111', token: 'abc' })) as unknown as AnyOrchestrator;

  async function sent(options: object, more: object = {}) {
    const { box, run, desk, clock } = await boxOf(definition, more);
    desk.fail('t/pay#1', new Error('card 4111 was refused'));
    await clock.advance(0);
    const watched = new Watched(box, run.id, options);
    await watched.over;
    await box.close();
    return watched;
  }

  test('is not sent: no input, no output, no message of an error', async () => {
    const watched = await sent({});
    expect(watched.standing('r/t/pay')).toMatchObject({ status: 'error', error: { code: 'task-failed' } });
    expect(JSON.stringify(watched.all)).not.toContain('4111');
  });

  test('is sent when it is asked for', async () => {
    const watched = await sent({ outputs: true });
    expect(watched.standing('r/t/pay')).toMatchObject({
      context: { input: { card: '4111' } },
      error: { code: 'task-failed', message: expect.stringContaining('card 4111 was refused') },
    });
    expect(watched.standing('r')?.context).toMatchObject({ input: { card: '4111' } });
  });

  test('is blanked all the same if the box says so (S34)', async () => {
    const watched = await sent({ outputs: true }, { redact: ['input.card', /\b4111\b/] });
    expect(watched.standing('r/t/pay')?.context).toHaveProperty('input');
    expect(JSON.stringify(watched.all)).not.toContain('4111');
  });
});

describe('a run with many items', () => {
  const many = (count: number): AnyOrchestrator =>
    orchestrator('many', { version: '1', input: Anything }).track(
      't',
      track('t', { input: Anything })
        .map('items', {
          over: () => `1..${count}`,
          each: steps('item', 'one') as never,
          collect: false,
          concurrency: 50,
        } as never)
        .wait('go', { signal: 'go' }),
    ) as unknown as AnyOrchestrator;
  test.each([150, 3_000])('of %i items the first 100 are actors, and the others are counted', async (count) => {
    const { box, desk, clock } = await boxOf(many(count));
    const watched = new Watched(box, 'r');
    await watched.until('r/t/items/49/one', 'running');
    // The first ones last: by then there is so much of it that only what is under way has an entry of its own.
    const isFirst = (place: string): boolean => /items\/\d\//.test(place);
    for (let open = desk.open; open.length > 10; open = desk.open) {
      for (const place of open) if (!isFirst(place)) desk.give(place);
      await clock.advance(0);
    }
    const counts = { completed: count - 10, running: 10 };
    await expect.poll(() => watched.standing('r/t/items')?.context).toMatchObject({ counts });
    for (const place of desk.open) desk.give(place);
    await clock.advance(0);
    await watched.until('r/t/go', 'waiting');
    await expect.poll(() => watched.standing('r/t/items')?.context).toEqual({ counts: { completed: count } });
    const items = watched.actors.filter(({ parentId }) => parentId === 'r/t/items');
    expect(items.length).toBeLessThanOrEqual(100);
    expect(items.every(({ name }) => Number(name) < 100)).toBe(true);
    // Whichever were told have ended.
    const about = watched.actors.filter(({ sessionId }) => sessionId.startsWith('r/t/items/'));
    await expect
      .poll(() => about.filter(({ sessionId }) => watched.standing(sessionId)?.value !== 'completed'))
      .toEqual([]);
    expectSense(watched);
    await watched.stop();
    await box.close();
  });
});

describe('what comes to an end', () => {
  const definition = orchestrator('o', { version: '1', input: Anything }).track(
    't',
    steps('t', 's') as never,
  ) as unknown as AnyOrchestrator;

  test('a run that is not there is an error, and so is one that is deleted meanwhile', async () => {
    const { box, run, desk, clock } = await boxOf(definition);
    expect(await rejection(inspectRun(box, 'nobody', { send: () => {} }))).toMatchObject({ code: 'run-unknown' });
    let open = (): void => {};
    const over = inspectRun(box, run, {
      send: () =>
        new Promise<void>((resolve) => {
          open = resolve;
        }),
    });
    await new Promise((wait) => setTimeout(wait, 50));
    desk.give('t/s#1');
    await clock.advance(0);
    await run.delete();
    open();
    expect(await rejection(over)).toMatchObject({ code: 'run-unknown' });
    await box.close();
  });

  test('another run under the same id is not told as if it were the first one', async () => {
    const { box, run, desk, clock } = await boxOf(definition);
    let open = (): void => {};
    const batches: (readonly WireEvent[])[] = [];
    const send = (batch: readonly WireEvent[]): Promise<void> => {
      batches.push(batch);
      return new Promise<void>((resolve) => {
        open = resolve;
      });
    };
    const over = inspectRun(box, run, { send });
    over.catch(() => {});
    await expect.poll(() => batches.length).toBe(1);
    desk.give('t/s#1');
    await clock.advance('1s');
    await run.delete();
    const again = (await box.start(definition as never, { id: 'r', input: null } as never)) as Run;
    open();
    await clock.advance('1s');
    await again.cancel();
    expect(await rejection(over)).toMatchObject({ code: 'run-unknown' });
    expect(batches).toHaveLength(1);
    await box.close();
  });

  test('a box that is closed ends it, and so does whoever does not want to see more', async () => {
    const { box, run } = await boxOf(definition);
    const [one, other] = [new Watched(box, run.id), new Watched(box, run.id)];
    await one.until('r/t/s', 'running');
    await one.stop();
    await other.until('r/t/s', 'running');
    await box.close();
    expect(await rejection(other.over)).toMatchObject({ code: 'box-closed' });
    expect(await rejection(inspectRun(box, run, { send: () => {} }))).toMatchObject({ code: 'box-closed' });
  });

  test('a run of a definition that the box does not know is an error that says so', async () => {
    const store = memory();
    const { box, run } = await boxOf(definition, { store });
    await box.close();
    const other = orchestrator('other', { version: '1', input: Anything }).track('t', steps('t', 's') as never);
    await using next = await createSignalbox({ ...stage().options, store, orchestrators: [other] } as never);
    expect(await rejection(inspectRun(next, run.id, { send: () => {} }))).toMatchObject({ code: 'definition-missing' });
  });

  test.each<[string, object]>([
    ['send', {}],
    ['send', { send: 1 }],
    ['adapter', { adapter: {} }],
    ['send', { send: () => {}, adapter: { send: () => {} } }],
    ['outputs', { send: () => {}, outputs: 'yes' }],
    ['signal', { send: () => {}, signal: {} }],
    ['output', { send: () => {}, output: true }],
  ])('option "%s" of %o is refused in words', async (option, options) => {
    const { box } = await boxOf(definition);
    expect(await rejection(inspectRun(box, 'r', options as never))).toMatchObject({
      code: 'option-invalid',
      fields: { option },
    });
    for (const wrong of [null, {}, { run: () => ({}) }])
      expect(await rejection(inspectRun(wrong as never, 'r', { send: () => {} }))).toMatchObject({
        fields: { option: 'box' },
      });
    await box.close();
  });
});
