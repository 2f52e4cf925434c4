/** A schedule: a step that starts runs at its times, and tells its run's history only that it was paused, goes on, or has ended. */
import { actors } from '../../actors/index.ts';
import type { Declaration } from '../../core/declaration.ts';
import type { Invoked } from '../../core/effect.ts';
import type { Act, Kind } from '../../core/kind.ts';
import { sumOf } from '../../core/children/children.ts';
import { pathUnder } from '../../core/run.ts';
import { signalsOf } from '../../core/signals.ts';
import { waitingLogic } from '../../actors/waiting.ts';
import type { KindDefinition, WaitSpec } from '../../definition.ts';
import type { Json } from '../../json.ts';
import type { FiringAsked } from '../../leaves.ts';
import type { Schema } from '../../schema.ts';
import { type Firing, faultOfWord, type Standing, specNow } from '../../schedules/standing.ts';
import { nameOfTime, runOfFiring, type ScheduleSpec } from '../../schedules/spec.ts';
import { isTerminal } from '../../status.ts';
import { tellStep } from '../telling.ts';
import { Firings, firingAt } from './firings.ts';
import { type ScheduleMemory, scheduleMachine } from './machine.ts';

/** The signal that a schedule takes: what `pause`, `resume`, `trigger` and the like say to it. */
export const SCHEDULE_SIGNAL = 'schedule';

/** Both states of a schedule listen for a word, and are left by one. */
const listens: Pick<Invoked, 'logic' | 'entered' | 'left'> = {
  logic: waitingLogic,
  entered: (run, actor) => signalsOf(run).await(actor),
  left: ({ run }, actor) => run.signals?.forget(actor),
};

const tick: Invoked = {
  ...listens,
  waitsFor: ({ startedAt, due }) => ({ what: 'other', of: 'schedule', since: startedAt, due }),
  describe({ path, attempt, output }) {
    const due = (output as Standing | null)?.due ?? null;
    return due === null ? null : { do: 'wake', path, attempt, due };
  },
};

const pause: Invoked = {
  ...listens,
  waitsFor: ({ output, startedAt }) => ({
    what: 'person',
    since: (output as Standing | null)?.paused?.at ?? startedAt,
  }),
  describe: () => null,
};

/** What the run of a firing is started with. */
export function askedOf({ id, input, metadata, of }: ScheduleSpec, { name, at }: Firing): FiringAsked {
  const facts = { ...metadata, schedule: { id, at: nameOfTime(at) } };
  return Object.freeze({ input, id: runOfFiring(id, name), metadata: facts, of });
}

const acts: { readonly [action: string]: Act } = {
  look: (port, actor, cause) => port.send(actor, { type: 'now', now: port.now, cause }),
  carryOut(port, actor) {
    const { decision, input, output } = actor.state.context as unknown as ScheduleMemory;
    if (decision === null) return;
    if (decision.cancels)
      for (let child = actor.firstLive; child !== null; child = child.nextLive)
        port.send(child, { type: 'cancel', reason: 'the next run of its schedule has come' });
    const spec = specNow(input as ScheduleSpec, output);
    for (const each of decision.fire) {
      // A time that is made up for may be the one that is just running.
      if (port.run.actors.has(pathUnder(actor.path, each.name))) {
        port.send(actor, { type: 'child.settled', status: 'skipped', error: null });
        continue;
      }
      (actor.children as Firings).add(each.name);
      port.spawn(actor, firingAt(each.name, askedOf(spec, each) as unknown as Json));
    }
  },
  cancelRuns(port, actor) {
    const { reason } = actor.state.context as unknown as ScheduleMemory;
    for (let child = actor.firstLive; child !== null; child = child.nextLive)
      port.send(child, { type: 'cancel', reason });
  },
};

/** What is said to a schedule by a signal that anybody may send. */
const Words: Schema = Object.freeze({
  '~standard': Object.freeze({
    version: 1,
    vendor: 'signalbox',
    validate(value: unknown) {
      const fault = faultOfWord(value);
      return fault === null ? { value } : { issues: [{ message: fault }] };
    },
  }),
});

const SPEC: WaitSpec = Object.freeze({
  signal: SCHEDULE_SIGNAL,
  payload: Words,
  where: null,
  timeout: null,
  onTimeout: 'fail',
  value: null,
});

const declaration: Declaration<KindDefinition> = {
  name: 'schedule',
  noun: 'step',
  check: () => {},
  plan: () => ({ spec: SPEC }),
};

/** The body that the run of a schedule has for its only step. */
export const scheduleBody: KindDefinition = Object.freeze({
  is: 'kind',
  name: 'schedule',
  kind: declaration,
  spec: Object.freeze({}),
});

export const schedule: Kind = {
  name: declaration.name,
  noun: declaration.noun,
  machine: scheduleMachine,
  actors: { begin: actors.begin, children: actors.children, tick, pause },
  acts,
  children: (family) => new Firings(family),
  placeNamed: (_, name) => firingAt(name),
  tell(place, from, to, memory, due) {
    if (to !== 'paused') return tellStep(place, from, to, memory, due);
    const { output } = memory as unknown as ScheduleMemory;
    return { ...place, type: 'step.paused', reason: output?.paused?.reason ?? null };
  },
  keep: ({ reason }) => (reason === null ? {} : { reason: reason as string }),
  changed: (before, after) =>
    before.value !== after.value ||
    before.context.output !== after.context.output ||
    before.context.reason !== after.context.reason,
  recount: (memory, _, counts) => ({ ...memory, live: sumOf(counts, (status) => !isTerminal(status)) }),
};
