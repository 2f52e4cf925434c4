/**
 * Children are an interface (S2, I9): a kind from outside whose places are numbers, a million of them, of which those that have
 * not begun cost nothing; and what a kind keeps beside rows and events.
 */
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { createSignalbox, memory, orchestrator, type Store, task, track } from 'signalbox';
import { type Children, compositeMachine, defineKind, type Family, parentKind, type Skipped } from 'signalbox/machines';
import { settled } from 'signalbox/testing';
import { sqlite } from 'signalbox/sqlite';
import { describe, expect, test } from 'vitest';
import type { Place, PlanNode, StepDefinition } from '../../src/definition.ts';
import { newFile } from '../helpers/files.ts';
import { Anything, historyOf, never, stage } from '../helpers/stage.ts';

const NONE: Skipped = { count: 0, steps: 0, places: [] };
const MANY = 1_000_000;
const AT_ONCE = 3;

interface Spec {
  readonly body: StepDefinition;
  readonly count: number;
}

const countOf = (node: PlanNode): number => (node.spec as Spec).count;

/** The place of a number: made when it is asked for. */
function placeOf(node: PlanNode, ordinal: number): Place {
  const body = node.children[0] as Place;
  return { name: String(ordinal), ordinal, node: body.node, input: () => ordinal };
}

/** Places from 0 on, in order, each as soon as there is room: a counter, and those under way. */
class Numbers implements Children {
  readonly #family: Family;
  readonly #live = new Set<number>();
  #next = 0;
  #completed = 0;
  #ended = 0;
  #never = 0;

  constructor(family: Family) {
    this.#family = family;
    for (const { name, status } of family.known) {
      const ordinal = Number(name);
      this.#next = Math.max(this.#next, ordinal + 1);
      if (status === 'running' || status === 'cancelling') this.#live.add(ordinal);
      else this.#count(status);
    }
  }

  get total(): number {
    return countOf(this.#family.node);
  }

  get ready(): number {
    return this.total - this.#never - this.#next;
  }

  get settled(): number {
    return this.#ended + this.#never;
  }

  begin() {
    return { ready: this.ready, skipped: NONE, finished: null };
  }

  take(): Place | null {
    if (this.ready === 0) return null;
    const place = placeOf(this.#family.node, this.#next);
    this.#live.add(this.#next);
    this.#next += 1;
    return place;
  }

  settle({ ordinal }: Place, status: string) {
    this.#live.delete(ordinal);
    this.#count(status);
    const finished = this.settled === this.total ? { output: this.#completed } : null;
    return { ready: 0, skipped: NONE, finished };
  }

  rest(): Skipped {
    const count = this.ready;
    this.#never += count;
    return { count, steps: count, places: [] };
  }

  standing({ ordinal }: Place) {
    if (this.#live.has(ordinal)) return 'begun' as const;
    return ordinal < this.#next ? ('over' as const) : ('to come' as const);
  }

  factsFor(): never {
    return { input: null, outputs: {}, previous: null, run: this.#family.run } as never;
  }

  fork(above: Children | null): Children {
    const copy = new Numbers({ ...this.#family, above, known: [] });
    for (const each of this.#live) copy.#live.add(each);
    [copy.#next, copy.#completed, copy.#ended, copy.#never] = [this.#next, this.#completed, this.#ended, this.#never];
    return copy;
  }

  #count(status: string): void {
    this.#ended += 1;
    if (status === 'completed') this.#completed += 1;
  }
}

const numbers = defineKind<{ readonly of: unknown; readonly count: number }, number>()({
  ...parentKind,
  name: 'numbers',
  machine: compositeMachine,
  children: (family) => new Numbers(family),
  placeNamed: (node, name) => (/^\d+$/.test(name) && Number(name) < countOf(node) ? placeOf(node, Number(name)) : null),
  acts: {
    ...parentKind.acts,
    startNext(port, actor, params) {
      parentKind.acts?.startNext?.(port, actor, params);
      // How far it has come, for whoever looks: one record, written again with each commit in which one begins.
      const begun = [...port.run.actors.keys()].filter((path) => path.startsWith(`${actor.path}/`));
      const id = actor.path;
      port.record({ type: 'window', id, version: 1, body: begun, keys: { first: begun[0] ?? '' } });
    },
  },
  read: ({ of, count }, reader) => ({ body: reader.step('each', of, undefined), count }),
  steps: ({ body }) => [body],
  plan: ({ body }, planner) => ({
    ...planner.graph([planner.use(body)], []),
    strategy: 'waitAll',
    concurrency: AT_ONCE,
  }),
  line: ({ count }) => `${count} times`,
});

const work = task('work', { input: Anything, output: Anything, run: never });
const flowOf = (count: number) =>
  orchestrator('flow', { version: '1', input: Anything }).track(
    't',
    track('t', { input: Anything }).kind('all', numbers, { of: work, count }),
    { input: ({ input }) => input },
  );

describe.each([
  ['in memory', () => memory()],
  ['in a SQLite file', () => sqlite(newFile())],
] as readonly (readonly [string, () => Store])[])('%s', (_, make) => {
  test('a million places go on where they were, and a cancel leaves a number (I9)', async () => {
    const store = make();
    const flow = flowOf(MANY);
    const { desk, clock, options } = stage();
    const open = async () =>
      clock.follow(await createSignalbox({ orchestrators: [flow], kinds: [numbers], ...options, store }));
    const first = await open();
    const { id } = await first.start(flow, { id: 'r', input: null });
    await settled(first);
    for (const ordinal of [1, 0, 3]) {
      desk.give(`t/all/${ordinal}#1`, 'done');
      await settled(first);
    }
    expect([...desk.open].sort()).toEqual(['t/all/2#1', 't/all/4#1', 't/all/5#1']);
    const record = await store.readRecord('r', 'window', 't/all');
    expect(record?.body).toEqual(['t/all/2', 't/all/4', 't/all/5']);
    await first.close();

    const box = await open();
    await box.recovered;
    await settled(box);
    desk.give('t/all/4#1', 'done');
    await settled(box);
    expect([...desk.open].sort()).toEqual(['t/all/2#1', 't/all/5#1', 't/all/6#1']);
    const run = box.run(id);
    expect(Object.keys((await run.snapshot()).steps)).toHaveLength(1 + 7);

    await run.cancel();
    for (const place of [...desk.open]) desk.give(place, null);
    await settled(box);
    expect((await run.outcome()).status).toBe('cancelled');
    const { steps } = await run.snapshot();
    expect(Object.keys(steps)).toHaveLength(1 + 7);
    expect(steps['t/all']?.skipped).toBe(MANY - 7);
    expect(await historyOf(run)).toContain('children.skipped t/all');
    await box.close();
  });
});

test('all of them come to their end, each once', async () => {
  const flow = flowOf(20);
  const { desk, options } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], kinds: [numbers], ...options });
  const run = await box.start(flow, { input: null });
  await settled(box);
  while (desk.open.length > 0) {
    desk.give(desk.open[0] as string, 'done');
    await settled(box);
  }
  expect(await run.result()).toEqual({ t: 20 });
  expect(new Set(desk.begun).size).toBe(20);
});

test('a parent with a million children that have not begun takes less than a megabyte (I9)', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const flow = flowOf(MANY);
  const { options } = stage();
  await using box = await createSignalbox({ orchestrators: [flow], kinds: [numbers], ...options });
  await box.start(flow, { id: 'warm', input: null });
  await settled(box);
  collect();
  const before = process.memoryUsage().heapUsed;
  await box.start(flow, { id: 'measured', input: null });
  await settled(box);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});
