/**
 * Random signals, time that passes, boxes that are closed or die: what senders are told, what the history says and what
 * the steps leave behind is what a model of a page says that it must be.
 */
import fc from 'fast-check';
import {
  type AnyOrchestrator,
  createSignalbox,
  memory,
  orchestrator,
  type Signalbox,
  type Store,
  track,
} from 'signalbox';
import { fakeClock, settled } from 'signalbox/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Anything, eventsOf, faultsOfHistory } from '../helpers/stage.ts';
import { head } from '../helpers/waits.ts';

const BUFFER = 2;
/** Times are multiples of it, and each step adds a power of two below it, so that no two timers are ever due at once. */
const TICK = 4_096;

interface Step {
  /** The signal that it waits for; null for a sleep. */
  readonly signal: 'a' | 'b' | null;
  /** What its schema and its `where` take. */
  readonly takes: 'all' | 'numbers' | 'even numbers';
  /** In ticks; 0 for none. */
  readonly time: number;
}

type Action =
  | {
      readonly do: 'signal';
      readonly name: 'a' | 'b' | 'unknown';
      readonly payload: number | string;
      readonly id: string;
      /** Where the box dies that takes it, if it comes to a commit. */
      readonly crash: 'before' | 'after' | null;
    }
  | { readonly do: 'advance'; readonly ticks: number }
  | { readonly do: 'restart' };

const NUMBER = z.number();
const steps = fc.record<Step>({
  signal: fc.constantFrom('a', 'a', 'b', null),
  takes: fc.constantFrom('all', 'numbers', 'even numbers'),
  time: fc.nat({ max: 3 }),
});
const graphs = fc.array(fc.array(steps, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
const actions = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record<Extract<Action, { do: 'signal' }>>({
        do: fc.constant('signal'),
        name: fc.constantFrom('a', 'a', 'b', 'b', 'unknown'),
        payload: fc.constantFrom(1, 2, 3, 4, 'text'),
        id: fc.nat({ max: 12 }).map(String),
        crash: fc.constantFrom(null, null, null, 'before', 'after'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record<Extract<Action, { do: 'advance' }>>({
        do: fc.constant('advance'),
        ticks: fc.nat({ max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Extract<Action, { do: 'restart' }>>({ do: 'restart' }) },
  ),
  { maxLength: 25 },
);

const fits = ({ takes }: Step, payload: unknown): boolean =>
  schemaTakes({ takes }, payload) && (takes !== 'even numbers' || Number(payload) % 2 === 0);
const schemaTakes = ({ takes }: Pick<Step, 'takes'>, payload: unknown): boolean =>
  takes === 'all' || typeof payload === 'number';

const lengthOf = ({ time }: Step, offset: number): number => time * TICK + 2 ** offset;

function flowOf(graph: readonly (readonly Step[])[]): AnyOrchestrator {
  let flow = orchestrator('model', head) as AnyOrchestrator & { track(name: string, body: unknown): typeof flow };
  let offset = 0;
  for (const [index, list] of graph.entries()) {
    // biome-ignore lint/suspicious/noExplicitAny: a track of random steps has no type that anybody could say
    let made = track(`t${index}`, { input: Anything }) as any;
    for (const [at, step] of list.entries()) {
      const ms = lengthOf(step, offset);
      offset += 1;
      if (step.signal === null) made = made.sleep(`s${at}`, ms);
      else {
        made = made.wait(`s${at}`, {
          signal: step.signal,
          ...(step.takes === 'all' ? {} : { payload: NUMBER }),
          ...(step.takes === 'even numbers' ? { where: ({ payload }: { payload: number }) => payload % 2 === 0 } : {}),
          ...(step.time === 0 ? {} : { timeout: ms, onTimeout: { value: 'late' } }),
        });
      }
    }
    flow = flow.track(`t${index}`, made);
  }
  return flow;
}

/** How far a track has come. */
interface Course {
  readonly list: readonly Step[];
  readonly offset: number;
  at: number;
  /** When it came there, as an ordinal. */
  since: number;
  due: number;
  readonly outputs: unknown[];
}

/** What must come of it. */
class Model {
  readonly log: string[] = [];
  readonly #tracks: readonly Course[];
  readonly #answers = new Map<string, string>();
  readonly #kept: { name: string; payload: unknown; id: string }[] = [];
  #now = 0;
  #order = 0;

  constructor(graph: readonly (readonly Step[])[]) {
    let offset = 0;
    this.#tracks = graph.map((list) => {
      const made = { list, offset, at: -1, since: 0, due: Number.POSITIVE_INFINITY, outputs: [] };
      offset += list.length;
      return made;
    });
    for (const each of this.#tracks) this.#goOn(each);
  }

  get outputs(): unknown {
    return this.#tracks.map(({ outputs }) => outputs);
  }

  get #ended(): boolean {
    return this.#tracks.every(({ at, list }) => at === list.length);
  }

  send(name: string, payload: unknown, id: string): string {
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const answer = this.#answer(name, payload, id);
    if (answer === 'buffered' || answer.startsWith('accepted')) this.#answers.set(id, answer);
    return answer;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#tracks.reduce((first, each) => (each.due < first.due ? each : first));
      if (next.due > until) break;
      this.#now = next.due;
      this.#end(next, next.list[next.at]?.signal === null ? null : 'late');
    }
    this.#now = until;
  }

  #answer(name: string, payload: unknown, id: string): string {
    if (this.#ended) return 'run-ended';
    const all = this.#tracks.flatMap(({ list }) => list).filter(({ signal }) => signal === name);
    if (all.length === 0) return 'signal-unknown';
    const waiting = this.#tracks.filter(({ list, at }) => list[at]?.signal === name);
    const taker = waiting
      .sort((left, right) => left.since - right.since)
      .find(({ list, at }) => fits(list[at] as Step, payload));
    if (taker !== undefined) return this.#take(taker, payload, id);
    if (waiting.length > 0) return 'payload-invalid';
    const ahead = this.#tracks.flatMap(({ list, at }) => list.slice(at + 1)).filter(({ signal }) => signal === name);
    if (ahead.length === 0) return 'signal-late';
    if (!ahead.some((step) => schemaTakes(step, payload))) return 'payload-invalid';
    if (this.#kept.filter((each) => each.name === name).length === BUFFER) return 'buffer-full';
    this.#kept.push({ name, payload, id });
    this.log.push(`buffered ${id}`);
    return 'buffered';
  }

  #take(taker: Course, payload: unknown, id: string): string {
    const path = `t${this.#tracks.indexOf(taker)}/s${taker.at}`;
    this.log.push(`accepted ${id} ${path}`);
    this.#end(taker, payload);
    return `accepted ${path}`;
  }

  #end(each: Course, output: unknown): void {
    each.outputs.push(output);
    this.#goOn(each);
  }

  #goOn(each: Course): void {
    each.at += 1;
    each.due = Number.POSITIVE_INFINITY;
    const step = each.list[each.at];
    if (step === undefined) return;
    this.#order += 1;
    each.since = this.#order;
    const kept = this.#kept.find(({ name, payload }) => name === step.signal && fits(step, payload));
    if (kept !== undefined) {
      this.#kept.splice(this.#kept.indexOf(kept), 1);
      this.#take(each, kept.payload, kept.id);
    } else if (step.signal === null || step.time > 0) {
      each.due = this.#now + lengthOf(step, each.offset + each.at);
    }
  }
}

/** A store that can die with its box at the next commit, and the word that it has. */
function mortal(inner: Store) {
  let dead = false;
  let armed: 'before' | 'after' | null = null;
  const { promise: died, resolve: die } = Promise.withResolvers<'died'>();
  const never = new Promise<never>(() => {});
  const store = new Proxy(inner, {
    get(target, name) {
      const member: unknown = target[name as keyof Store];
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        if (dead) return never;
        if (name !== 'commit' || armed === null) return (member as (...given: readonly unknown[]) => unknown)(...args);
        if (armed === 'after') (member as (...given: readonly unknown[]) => unknown)(...args);
        dead = true;
        die('died');
        return never;
      };
    },
  });
  return {
    store,
    died,
    get dead() {
      return dead;
    },
    arm(where: typeof armed) {
      armed = where;
    },
  };
}

/** The same sequence, for real. */
class Real {
  readonly #flow: AnyOrchestrator;
  readonly #inner = memory();
  readonly #clock = fakeClock();
  readonly #options: object;
  #box: Signalbox | null = null;
  #place = mortal(this.#inner);

  constructor(flow: AnyOrchestrator, options: object) {
    this.#flow = flow;
    this.#options = options;
    const box = () => (this.#place.dead ? null : this.#box);
    // Whichever box is alive is waited for.
    this.#clock.follow({
      get quiet() {
        return box()?.quiet ?? true;
      },
      get counts() {
        return box()?.counts ?? { turns: 0, commits: 0 };
      },
    });
  }

  get run() {
    return (this.#box as Signalbox).run('r');
  }

  async open(): Promise<void> {
    this.#place = mortal(this.#inner);
    const { store } = this.#place;
    const given = { orchestrators: [this.#flow], clock: this.#clock, store, signalBuffer: BUFFER, ...this.#options };
    this.#box = (await createSignalbox(given as never)) as Signalbox;
    await this.#box.recovered;
    await this.#box.start(this.#flow, { id: 'r', input: null } as never);
    await settled(this.#box);
  }

  async send(name: string, payload: unknown, id: string, crash: 'before' | 'after' | null): Promise<string> {
    this.#place.arm(crash);
    const answer = await Promise.race([this.run.signal(name, payload, { id }), this.#place.died]);
    this.#place.arm(null);
    if (answer === 'died') {
      // Whoever was not answered asks again.
      await this.open();
      return this.send(name, payload, id, null);
    }
    await settled(this.#box as Signalbox);
    if (answer.answer === 'refused') return answer.reason;
    return answer.answer === 'accepted' ? `accepted ${answer.step}` : answer.answer;
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  async close(): Promise<void> {
    await this.#box?.close();
  }

  /** What the steps have left behind, by track. */
  async outputs(count: number): Promise<unknown> {
    const { steps: all } = await this.run.snapshot();
    const ended = Object.entries(all).filter(([, { status }]) => status === 'completed');
    return Array.from({ length: count }, (_, index) =>
      ended.filter(([path]) => path.startsWith(`t${index}/`)).map(([, { output }]) => output),
    );
  }

  async log(): Promise<string[]> {
    const events = await eventsOf(this.run);
    return events.flatMap((event) => {
      if (event.type === 'signal.buffered') return [`buffered ${event.id}`];
      return event.type === 'signal.accepted' ? [`accepted ${event.id} ${event.path}`] : [];
    });
  }
}

test('signals in any order, of any kind, sent again, through restarts and crashes, come to what the model says (S17, I3)', async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs,
      actions,
      fc.constantFrom('table', 'xstate'),
      fc.constantFrom(0, 1_000),
      async (graph, list, lane, idleRuns) => {
        const model = new Model(graph);
        const real = new Real(flowOf(graph), { lane, idleRuns });
        await real.open();
        for (const action of list) {
          if (action.do === 'advance') {
            model.advance(action.ticks * TICK);
            await real.advance(action.ticks * TICK);
          } else if (action.do === 'restart') {
            await real.close();
            await real.open();
          } else {
            const { name, payload, id, crash } = action;
            expect(await real.send(name, payload, id, crash)).toBe(model.send(name, payload, id));
          }
        }
        expect(await real.log()).toEqual(model.log);
        expect(await real.outputs(graph.length)).toEqual(model.outputs);
        expect(await faultsOfHistory(real.run)).toEqual([]);
        await real.close();
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);
