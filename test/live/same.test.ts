/**
 * A machine that is started with `createActor` runs the same engine as a box: what happens in every scenario happens there in the same
 * order, with the same words, and comes to the same end: what is decided is decided in one place.
 */
import { type AnyOrchestrator, createSignalbox, orchestratorMachine, type ReadEvent } from 'signalbox';
import { machineInput } from 'signalbox/machines';
import { fakeClock, settled } from 'signalbox/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate';
import { called, playing, scenarios } from '../helpers/scenarios.ts';

afterEach(() => {
  vi.useRealTimers();
  playing.box = null;
});

/** Hooks are a box's; what sends a signal to other runs, or waits for people, is played by hand elsewhere. */
const OF_A_BOX = ['hooked', 'people'];
/** At so many moments a run is persisted, spread over its life. */
const MOMENTS = 20;
/** How time passes: a minute in seconds, and then some days. */
const STEPS: readonly number[] = [...Array(60).fill(1_000), ...Array(40).fill(86_400_000)];

interface Played {
  readonly events: { readonly [path: string]: readonly object[] };
  readonly called: readonly string[];
  readonly status: string;
  readonly output: unknown;
}

/**
 * What each place tells, in its order, without what is of this machine: the hour, as a length of time from the start, and stacks. What
 * answers at the same time is taken one by one here, and with one commit there: which of two places comes first is not said.
 */
function tale(events: readonly ReadEvent[]): Played['events'] {
  const start = events[0]?.at ?? 0;
  const told = (key: string, value: unknown): unknown => {
    if (key === 'stack' || key === 'seq') return undefined;
    return (key === 'at' || key === 'due') && typeof value === 'number' ? value - start : value;
  };
  const all = JSON.parse(JSON.stringify(events, told)) as ReadEvent[];
  return Object.fromEntries(
    [...new Set(all.map(({ path }) => path))].sort().map((path) => [path, all.filter((event) => event.path === path)]),
  );
}

async function inBox(flow: AnyOrchestrator): Promise<Played> {
  const clock = fakeClock();
  await using box = clock.follow(await createSignalbox({ orchestrators: [flow], clock, logger: () => {} }));
  playing.box = box;
  called.length = 0;
  const run = await box.start(flow, { id: 'live', input: { n: 1 } });
  for (const ms of STEPS) await clock.advance(ms);
  const { status, output } = await run.outcome();
  const events: ReadEvent[] = [];
  for await (const event of run.history()) events.push(event);
  return { events: tale(events), called: [...called].sort(), status, output };
}

/** What a sender was told, by the id of the signal: it is as old as the run, which is persisted. */
const answers = new Map<string, string>();

/** What bodies send to their own run, as events; what became of a signal the history says at once. */
function asBox(actor: AnyActorRef, events: readonly ReadEvent[]): NonNullable<typeof playing.box> {
  const signal = async (_: string, name: string, payload: unknown, { id }: { readonly id: string }) => {
    const before = events.length;
    actor.send({ type: 'signal', name, payload, id });
    const told = events
      .slice(before)
      .find((event) => event.type.startsWith('signal.') && 'id' in event && event.id === id);
    const answer = told?.type.slice('signal.'.length) ?? answers.get(id) ?? 'refused';
    answers.set(id, answer);
    return { answer };
  };
  return { signal } as unknown as NonNullable<typeof playing.box>;
}

/** Plays it to its end, from the beginning or from what was persisted; `seen` is called in the middle of whatever happens. */
async function alone(flow: AnyOrchestrator, snapshot?: string, seen?: (actor: AnyActorRef) => void): Promise<Played> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  called.length = 0;
  const events: ReadEvent[] = [];
  const actor = createActor(orchestratorMachine as AnyStateMachine, {
    input: machineInput(flow, { n: 1 }),
    ...(snapshot === undefined ? {} : { snapshot: JSON.parse(snapshot) }),
  });
  actor.on('*', (event) => {
    events.push(event as unknown as ReadEvent);
    seen?.(actor);
  });
  playing.box = asBox(actor, events);
  actor.start();
  for (const ms of STEPS) {
    for (let round = 0; round < 3; round += 1) {
      await settled();
      vi.advanceTimersByTime(0);
    }
    vi.advanceTimersByTime(ms);
    if (actor.getSnapshot().status !== 'active') break;
  }
  await settled();
  const { value, output, status } = actor.getSnapshot();
  vi.useRealTimers();
  return {
    events: tale(events),
    called: [...called].sort(),
    status: String(value),
    output: status === 'done' && value === 'completed' ? output : null,
  };
}

describe('a run without a box', () => {
  const flows = scenarios.filter(({ name }) => !OF_A_BOX.includes(name)).map((flow) => ({ name: flow.name, flow }));

  test.each(flows)('tells of "$name" what a box tells', async ({ flow }) => {
    const there = await inBox(flow);
    const here = await alone(flow);
    expect(here).toEqual(there);
  });

  test.each(flows)(
    'goes on with "$name" from whatever moment it was persisted at, and ends in the same way',
    async ({ flow }) => {
      const snapshots: { readonly text: string; readonly called: readonly string[] }[] = [];
      const whole = await alone(flow, undefined, (actor) =>
        snapshots.push({ text: JSON.stringify(actor.getPersistedSnapshot()), called: [...called] }),
      );
      const every = Math.ceil(snapshots.length / MOMENTS);
      for (const { text } of snapshots.filter((_, at) => at % every === 0)) {
        const { status, output, called: again } = await alone(flow, text);
        expect([text, status, output]).toEqual([text, whole.status, whole.output]);
        const over = completedIn(text);
        expect(
          again.filter((key) => over.some((path) => key.startsWith(`live/${path}#`) && !key.includes('~undo'))),
        ).toEqual([]);
      }
    },
  );
});

/** Places that had completed. */
function completedIn(text: string): readonly string[] {
  const { below } = JSON.parse(text) as {
    readonly below: { readonly steps: readonly { path: string; state: string }[] };
  };
  return below.steps.flatMap(({ path, state }) => (state === 'completed' && path !== '' ? [path] : []));
}
