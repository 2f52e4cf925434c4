import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Finish, GraphPlace, PlanNode, TaskContext } from '../../src/definition.ts';
import { type AnyBody, compositeTrack, orchestrator, planOf, planOfTask, task, track } from '../../src/dsl/index.ts';
import { DefinitionInvalid } from '../../src/errors/index.ts';
import type { Json } from '../../src/json.ts';
import { charge, facts, Nothing, Order, ping, reserve, run, untyped } from './fixtures.ts';

const payment = track('payment', { input: Order })
  .step('hold', reserve, ({ input }) => input)
  .step('receipt', charge, ({ input, outputs }) => ({ hold: outputs.hold.hold, cents: input.cents }));

const finish = (ordered: readonly Json[], outputs: { readonly [name: string]: Json } = {}): Finish => ({
  input: { id: 'o1' },
  outputs,
  ordered,
  run,
});

const place = (node: PlanNode, name: string): GraphPlace => node.childByName.get(name)!;
const child = (node: PlanNode, name: string): PlanNode => place(node, name).node;

/** Runs the body of a place that an async function became, on what its mapper makes of `given`. */
const answerOf = ({ node, input }: GraphPlace, given: Parameters<typeof facts>[0]) =>
  node.task!.run!(untyped({ input: input!(facts(given)) }) as TaskContext<never>);

describe('the plan of an orchestrator', () => {
  const order = orchestrator('order', { version: '3', input: Order, onFailure: 'continue', concurrency: 2 })
    .track('payment', payment, { input: ({ input }) => input })
    .track('ping', ping)
    .track('end', ping, { after: ['ping', 'payment', 'ping'] });
  const { root } = planOf(order);

  test('has a root without a name that sees what is depended on (S2)', () => {
    expect(root).toMatchObject({
      kind: 'orchestrator',
      called: 'order',
      task: null,
      schema: Order,
      sees: 'dependencies',
      strategy: 'waitAll',
      concurrency: 2,
      output: null,
      result: 'byName',
    });
    expect(planOf(order)).toMatchObject({ name: 'order', version: '3' });
  });

  test('turns dependencies into ordinals, both ways, each once', () => {
    expect(root.children.map(({ name, ordinal, after, dependents }) => [name, ordinal, after, dependents])).toEqual([
      ['payment', 0, [], [2]],
      ['ping', 1, [], [2]],
      ['end', 2, [0, 1], []],
    ]);
    expect(root.childByName.get('end')).toBe(root.children[2]);
  });

  test('makes a track a chain in which a step sees all that came before (S1)', () => {
    const node = child(root, 'payment');

    expect(node).toMatchObject({
      kind: 'track',
      called: 'payment',
      schema: Order,
      sees: 'earlier',
      strategy: 'failFast',
    });
    expect(node).toMatchObject({ concurrency: 1, result: 'last', output: null, task: null });
    expect(
      node.children.map(({ name, node: { kind, called }, after, dependents }) => [
        name,
        kind,
        called,
        after,
        dependents,
      ]),
    ).toEqual([
      ['hold', 'task', 'reserve', [], [1]],
      ['receipt', 'task', 'charge', [0], []],
    ]);
  });

  test('gives a task its definition and no schema: its input is parsed where its body runs', () => {
    const node = child(child(root, 'payment'), 'hold');

    expect(node).toMatchObject({ task: reserve.definition, schema: null, children: [], result: 'last' });
    expect(place(child(root, 'payment'), 'hold').input!(facts({ input: { id: 'o1' } }))).toEqual({ id: 'o1' });
    expect(place(root, 'ping').input).toBeNull();
  });

  test('lists every task that a run can call', () => {
    expect([...planOf(order).tasks.keys()].sort()).toEqual(['charge', 'ping', 'reserve']);
    expect(planOf(order).tasks.get('charge')).toBe(charge.definition);
  });

  test('is compiled once, from the builder or from its definition (P119)', () => {
    expect(planOf(order)).toBe(planOf(order.definition));
  });

  test('does not exist for a faulty definition (S3)', () => {
    const faulty = untyped(orchestrator('o', { version: '', input: Order })).track('a', ping, { after: ['b'] });

    expect(() => planOf(faulty)).toThrow(DefinitionInvalid);
    expect(() => planOf(faulty)).toThrow(/unknown-reference/);
  });

  test('of no tracks has no children (S2)', () => {
    expect(planOf(orchestrator('o', { version: '1', input: Order })).root).toMatchObject({
      children: [],
      result: 'byName',
    });
  });

  test('has one node for a body, however many places it has', () => {
    const twice = orchestrator('o', { version: '1', input: Order })
      .track('a', payment, { input: ({ input }) => input })
      .track('b', payment, { input: ({ input }) => input });
    const [a, b] = planOf(twice).root.children;

    expect(a?.node).toBe(b?.node);
    expect([a?.ordinal, b?.ordinal]).toEqual([0, 1]);
  });

  test('compiles 100,000 tracks in a row, and tracks ten thousand deep', { timeout: 60_000 }, () => {
    let wide = untyped(orchestrator('wide', { version: '1', input: Nothing }));
    for (let at = 0; at < 100_000; at += 1) {
      const one = track(`t${at}`, { input: Nothing }).step('p', ping);
      wide = wide.track(`t${at}`, one, at === 0 ? undefined : { after: [`t${at - 1}`] });
    }
    let deep = untyped(ping);
    for (let at = 0; at < 10_000; at += 1) deep = untyped(track('t', { input: Nothing })).step('x', deep);

    const { root } = planOf(wide);
    expect([root.children.length, root.children[99_999]?.after, root.children[5]?.dependents]).toEqual([
      100_000,
      [99_998],
      [6],
    ]);
    expect(planOf(orchestrator('deep', { version: '1', input: Nothing }).track('deep', deep)).tasks.size).toBe(1);
  });
});

describe('an output', () => {
  test('of a track is told the input, the outputs and the last of them (S1)', () => {
    const made = payment.output(({ input, outputs, previous }) => [input.id, outputs.hold.hold, previous.receipt]);
    const node = planOf(
      orchestrator('o', { version: '1', input: Order }).track('p', made, { input: ({ input }) => input }),
    ).root.children[0]!.node;

    expect(
      node.output!(finish([{ hold: 'h' }, { receipt: 'r' }], { hold: { hold: 'h' }, receipt: { receipt: 'r' } })),
    ).toEqual(['o1', 'h', 'r']);
  });

  test('of a track without steps finds null before it', () => {
    const made = track('t', { input: Nothing }).output(({ previous }) => ({ previous }));
    const node = planOf(orchestrator('o', { version: '1', input: Order }).track('t', made)).root.children[0]!.node;

    expect(node.output!(finish([]))).toEqual({ previous: null });
  });

  test('of an orchestrator is told all outputs', () => {
    const made = orchestrator('o', { version: '1', input: Order })
      .track('a', ping)
      .output(({ outputs, run: { id } }) => [outputs.a.pong, id]);

    expect(planOf(made).root.output!(finish([{ pong: true }], { a: { pong: true } }))).toEqual([true, 'run-1']);
  });

  test('that is async becomes a last child, a task that waits for all the others (S5)', async () => {
    const made = orchestrator('o', { version: '1', input: Order })
      .track('a', ping)
      .track('b', ping)
      .output(async ({ input, outputs }) => ({ id: input.id, both: outputs.a.pong && outputs.b.pong }));
    const { root, tasks } = planOf(made);
    const last = place(root, '~output');

    expect([root.output, root.result]).toEqual([null, 'last']);
    expect(last).toMatchObject({ ordinal: 2, after: [0, 1], dependents: [], node: { kind: 'task' } });
    expect(root.children.map(({ dependents }) => dependents)).toEqual([[2], [2], []]);
    expect(tasks.get(last.node.called)).toBe(last.node.task);
    expect(await answerOf(last, { input: { id: 'o1' }, outputs: { a: { pong: true }, b: { pong: false } } })).toEqual({
      id: 'o1',
      both: false,
    });
  });

  test('of a track that is async comes after its last step and sees the one before', async () => {
    const made = track('t', { input: Nothing })
      .step('a', ping)
      .step('b', ping)
      .output(async ({ previous }) => previous.pong);
    const node = planOf(orchestrator('o', { version: '1', input: Nothing }).track('t', made)).root.children[0]!.node;

    expect(place(node, '~output')).toMatchObject({ ordinal: 2, after: [1] });
    expect(await answerOf(place(node, '~output'), { previous: { pong: true } })).toBe(true);
  });

  test('of two tracks of one name become two tasks', () => {
    const one = () =>
      track('same', { input: Nothing })
        .step('a', ping)
        .output(async () => 1);
    const { tasks } = planOf(orchestrator('o', { version: '1', input: Nothing }).track('x', one()).track('y', one()));

    expect([...tasks.keys()]).toEqual(['ping', '~output:same', '~output:same:2']);
  });
});

describe('the plan of a composite track', () => {
  const planned = (composite: AnyBody) =>
    planOf(untyped(orchestrator('o', { version: '1', input: Nothing })).track('c', composite)).root.children[0]!.node;

  test('runs its members side by side and lets all of them end (P28)', () => {
    const node = planned(compositeTrack('launch', { tracks: { web: ping, mail: ping } }));

    expect(node).toMatchObject({
      kind: 'composite',
      called: 'launch',
      schema: null,
      sees: 'dependencies',
      strategy: 'waitAll',
    });
    expect(node).toMatchObject({ concurrency: Number.POSITIVE_INFINITY, result: 'byName', output: null });
    expect(node.children.map(({ name, after, dependents }) => [name, after, dependents])).toEqual([
      ['web', [], []],
      ['mail', [], []],
    ]);
  });

  test('merges the outputs in declared order and by name (P28)', () => {
    const merge = (outputs: readonly unknown[], named: object) => ({ outputs, named });
    const node = planned(compositeTrack('c', { tracks: { web: ping, mail: ping }, merge }));

    expect(node.output!(finish([1, 2], { web: 1, mail: 2 }))).toEqual({ outputs: [1, 2], named: { web: 1, mail: 2 } });
  });

  test('that merges asynchronously has one more member for it (P30)', async () => {
    const merge = async (outputs: readonly unknown[], named: object) => ({ outputs, named });
    const node = planned(compositeTrack('c', { tracks: { web: ping, mail: ping }, merge }));
    const last = place(node, '~merge');

    expect([node.output, node.result]).toEqual([null, 'last']);
    expect(last).toMatchObject({ ordinal: 2, after: [0, 1] });
    expect(await answerOf(last, { outputs: { mail: 2, web: 1 } })).toEqual({
      outputs: [1, 2],
      named: { mail: 2, web: 1 },
    });
  });
});

describe('the plan of one task', () => {
  test('is a run whose only child gets the input of the run (P22)', () => {
    const plan = planOfTask(charge);
    const [only] = plan.root.children;

    expect(plan).toMatchObject({ name: 'task:charge', version: '1' });
    expect(plan.root).toMatchObject({
      kind: 'orchestrator',
      called: 'task:charge',
      schema: null,
      result: 'last',
      output: null,
    });
    expect(only).toMatchObject({
      name: 'charge',
      after: [],
      dependents: [],
      node: { kind: 'task', task: charge.definition },
    });
    expect(only!.input!(facts({ input: { hold: 'h' } }))).toEqual({ hold: 'h' });
    expect([...plan.tasks]).toEqual([['charge', charge.definition]]);
    expect(planOfTask(charge.definition)).toBe(plan);
  });

  test('does not exist for a faulty task (S3)', () => {
    expect(() => planOfTask(task('a/b', { input: Nothing, output: z.string() }))).toThrow(DefinitionInvalid);
  });
});
