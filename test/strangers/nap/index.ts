/**
 * A sleep that comes from outside: `nap` waits for a time, or until an instant that a mapper gives when it begins. It is made of
 * what `signalbox` and `signalbox/machines` export, after `docs/kinds.md`, and uses no file of the engine.
 */
import type { Duration, ErrorRecord, Json, Types } from 'signalbox';
import {
  defineKind,
  type Facts,
  type Instant,
  type Invoked,
  type Mapper,
  instantOf,
  type MachineInput,
  type PlanNode,
} from 'signalbox/machines';
import { assign, fromPromise, setup } from 'xstate';

// A kind cannot know which steps come before it, so what its mapper is told is typed loosely.
// biome-ignore lint/suspicious/noExplicitAny: any facts
type Told = Types.StepFacts<any, any, any>;

export type NapOptions = { readonly lasts: Duration } | { readonly until: Instant | ((facts: Told) => Instant) };

/** What is kept of the options: a length, an instant, or the mapper that makes one the step's input. */
interface NapSpec {
  readonly ms: number | null;
  readonly at: number | null;
  readonly mapper: Mapper | null;
}

const specOf = (node: PlanNode): NapSpec => node.spec as NapSpec;

/** Until the nap is over: when that is stands in the row, and is asked for once. */
const napping: Invoked = {
  waitsFor: ({ startedAt, due }) => ({ what: 'timer', since: startedAt, due: due ?? startedAt }),
  logic: fromPromise(async () => null),
  describe({ path, attempt, node, input, now, due }) {
    const { ms, at } = specOf(node);
    const end = ms === null ? (at ?? Number(input)) : now + ms;
    return { do: 'wake', path, attempt, due: due ?? Math.max(now, end) };
  },
};

interface NapMemory {
  readonly node: PlanNode | null;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
}

type NapEvent =
  | { readonly type: 'start' }
  | { readonly type: 'fail'; readonly error: ErrorRecord; readonly spared?: boolean }
  | { readonly type: 'skip'; readonly output?: Json }
  | { readonly type: 'cancel'; readonly reason?: string | null }
  | { readonly type: 'retry'; readonly input?: Json }
  | { readonly type: 'resolve'; readonly output: Json };

const nothing = fromPromise(async () => null);
const ended = { type: 'final' } as const;
const byHand = {
  skip: { target: 'skipped', actions: 'keepOutput' },
  cancel: { target: 'cancelled', actions: 'keepReason' },
} as const;

const napMachine = setup({
  types: { context: {} as NapMemory, events: {} as NapEvent, input: {} as MachineInput },
  actors: { begin: nothing, napping: nothing, intervention: nothing },
  guards: { standsStill: ({ context, event }) => context.node?.holds === true && !('spared' in event) },
  actions: {
    keepError: assign({ error: ({ event }) => ('error' in event ? event.error : null) }),
    keepOutput: assign({ output: ({ event }) => ('output' in event ? (event.output ?? null) : null) }),
    keepReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
    takeInput: assign({
      input: ({ context, event }) => ('input' in event ? (event.input ?? context.input) : context.input),
      error: null,
    }),
  },
}).createMachine({
  id: 'nap',
  initial: 'pending',
  context: ({ input: { node, input } }) => ({
    node: node ?? null,
    input,
    output: null,
    error: null,
    attempt: 0,
    reason: null,
  }),
  states: {
    pending: {
      invoke: { src: 'begin', id: 'begin' },
      on: {
        ...byHand,
        start: 'waiting',
        fail: [
          { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
          { target: 'failed', actions: 'keepError' },
        ],
      },
    },
    waiting: { invoke: { src: 'napping', id: 'napping', onDone: 'completed' }, on: byHand },
    awaitingIntervention: {
      invoke: { src: 'intervention', id: 'intervention' },
      on: {
        ...byHand,
        resolve: { target: 'completed', actions: 'keepOutput' },
        retry: { target: 'pending', actions: 'takeInput' },
      },
    },
    completed: ended,
    failed: ended,
    skipped: ended,
    cancelled: ended,
  },
});

export const nap = defineKind<NapOptions, null>()({
  name: 'nap',
  machine: napMachine,
  actors: { napping },
  read(options, reader): NapSpec {
    const given = reader.options(options, 'options of a nap', ['lasts', 'until']);
    const { lasts, until } = given;
    const nothing = { ms: null, at: null, mapper: null };
    if ('lasts' in given === 'until' in given) {
      reader.note('bad-option', 'A nap takes either "lasts" or "until".');
      return nothing;
    }
    if ('lasts' in given) return { ...nothing, ms: reader.duration(lasts ?? '', 'lasts', 0) };
    if (typeof until === 'function') {
      return { ...nothing, mapper: (facts: Facts) => instantOf(until(facts), 'the "until" of a nap') };
    }
    try {
      return { ...nothing, at: instantOf(until, 'option "until"') };
    } catch (error) {
      reader.note('bad-option', (error as Error).message);
      return nothing;
    }
  },
  input: ({ mapper }) => mapper ?? undefined,
  line: (spec) => napsFor(spec),
  drawn: (spec) => ({ detail: napsFor(spec) }),
});

function napsFor({ ms, at }: NapSpec): string {
  if (ms !== null) return `naps ${ms} ms`;
  return at === null ? 'naps until it is told' : `naps until ${new Date(at).toISOString()}`;
}
