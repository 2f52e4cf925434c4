/** Many waits, many signals, deep places: what one signal costs does not grow with the run (I9). Work is counted, not time. */
import { type AnyOrchestrator, orchestrator, type Run, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Graph } from '../../src/core/children/graph.ts';
import { Anything } from '../helpers/stage.ts';
import { head, one, open } from '../helpers/waits.ts';

const FEW = 20;
const MANY = 2_000;

afterEach(() => vi.restoreAllMocks());

/** A schema that takes numbers and counts how often it is asked. */
function counting() {
  const schema = {
    asked: 0,
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate(value: unknown) {
        schema.asked += 1;
        return typeof value === 'number' ? { value } : { issues: [{ message: 'a number is wanted' }] };
      },
    },
  };
  return schema;
}

/** `count` tracks, each of what `body` gives. */
function wide(count: number, body: (index: number) => ReturnType<typeof one>): AnyOrchestrator {
  let flow = orchestrator('wide', head) as AnyOrchestrator & { track(name: string, body: unknown): typeof flow };
  for (let index = 0; index < count; index += 1) flow = flow.track(`t${index}`, body(index));
  return flow;
}

/** Sends so many signals at once; what each was answered. */
const sendAll = (run: Run, count: number, name: (index: number) => string, payload: unknown = 1) =>
  Promise.all(Array.from({ length: count }, (_, index) => run.signal(name(index), payload, { id: `${index}` })));

const answers = (all: readonly { answer: string; reason?: string }[]): string =>
  [...new Set(all.map(({ answer, reason }) => reason ?? answer))].join();

/** How often siblings are looked at among children while something happens. */
async function looksDuring(happening: () => Promise<unknown>): Promise<number> {
  const standing = vi.spyOn(Graph.prototype, 'standing');
  await happening();
  return standing.mock.calls.length;
}

describe.each([FEW, MANY])('of %i', (count) => {
  test('waits for one name each takes a signal, which is looked at once', async () => {
    const schema = counting();
    let where = 0;
    const takes = () => {
      where += 1;
      return true;
    };
    await using at = await open(wide(count, (index) => one(`t${index}`, 'go', { payload: schema, where: takes })));
    const run = await at.start();
    expect(answers(await sendAll(run, count, () => 'go'))).toBe('accepted');
    expect([schema.asked, where]).toEqual([count, count]);
    expect(Object.keys((await run.result()) as object)).toHaveLength(count);
  });

  test('waits for names of their own each takes its signal, which nobody else looks at', async () => {
    const schema = counting();
    await using at = await open(wide(count, (index) => one(`t${index}`, `go${index}`, { payload: schema })));
    const run = await at.start();
    const looks = await looksDuring(async () => {
      expect(answers(await sendAll(run, count, (index) => `go${count - 1 - index}`))).toBe('accepted');
    });
    expect([schema.asked, looks]).toEqual([count, 0]);
  });

  test('waits under one schema each is not asked about a payload that none of them takes', async () => {
    const schema = counting();
    await using at = await open(wide(count, (index) => one(`t${index}`, 'go', { payload: schema })));
    const run = await at.start();
    const all = await sendAll(run, count, () => 'go', 'no number');
    expect(answers(all)).toBe('payload-invalid');
    expect(schema.asked).toBe(count);
    expect(all[0]).toMatchObject({ issues: [{ message: 'a number is wanted' }] });
  });

  test.each([
    ['one name', () => 'go'],
    ['names of their own', (index: number) => `go${index}`],
  ])('waits for %s that are to come each gets a signal that was kept for it', async (_, name) => {
    const schema = counting();
    const nap = (index: number) =>
      track(`t${index}`, { input: Anything })
        .sleep('nap', '1s')
        .wait('w', { signal: name(index), payload: schema }) as unknown as ReturnType<typeof one>;
    await using at = await open(wide(count, nap), { signalBuffer: count });
    const run = await at.start();
    const looks = await looksDuring(async () => {
      expect(answers(await sendAll(run, count, name))).toBe('buffered');
    });
    // Once for its sender, once for the step that takes it; and for each a look at its track and its step.
    expect(looks).toBeLessThanOrEqual(3 * count);
    await at.clock.advance('1s');
    await run.result();
    expect(schema.asked).toBe(2 * count);
  });

  test('waits that are over each is passed by once, however many signals come too late', async () => {
    const flow = wide(count, (index) => one(`t${index}`, 'go', { timeout: '1s', onTimeout: { value: 0 } }));
    const held = (flow as never as { track(name: string, body: unknown): AnyOrchestrator }).track(
      'on',
      one('on', 'on'),
    );
    await using at = await open(held);
    const run = await at.start();
    await at.clock.advance('1s');
    const looks = await looksDuring(async () => {
      expect(answers(await sendAll(run, count, () => 'go'))).toBe('signal-late');
    });
    expect(looks).toBeLessThanOrEqual(2 * count);
  });
});

test('what a sender is told of many steps that do not take a signal can be read', async () => {
  await using at = await open(wide(FEW * 20, (index) => one(`t${index}`, 'go', { where: () => false })));
  const run = await at.start();
  const answer = await run.signal('go', 1);
  expect(answer).toMatchObject({ reason: 'payload-invalid', message: expect.stringContaining(`${FEW * 20} steps`) });
  expect(answer.answer === 'refused' && answer.issues.length).toBeLessThanOrEqual(100);
});

describe('tracks that are nested 5,000 deep', () => {
  const DEEP = 5_000;
  // biome-ignore lint/suspicious/noExplicitAny: a type of such depth is nobody's concern here
  const nest = (innermost: any, depth: number): any => {
    let body = innermost;
    for (let at = 0; at < depth; at += 1) body = track('t', { input: Anything }).step('x', body);
    return body;
  };
  const bottom = track('bottom', { input: Anything })
    .wait('first', { signal: 'go' })
    .sleep('nap', '1s')
    .wait('then', { signal: 'last' });
  const flow: AnyOrchestrator = orchestrator('deep', head).track('deep', nest(bottom, DEEP));

  test('take a signal at the bottom, keep one for a place that is to come, and refuse one that is late', async () => {
    await using at = await open(flow);
    const run = await at.start();
    expect(await run.signal('last', 1)).toEqual({ answer: 'buffered' });
    expect(await run.signal('go', 2)).toMatchObject({ answer: 'accepted' });
    expect(await run.signal('go', 2)).toMatchObject({ reason: 'signal-late' });
    expect(await run.signal('nope', 2)).toMatchObject({ reason: 'signal-unknown' });
    await at.clock.advance('1s');
    expect(await run.result()).toEqual({ deep: 1 });
    await settled(at.box);
  }, 30_000);
});
