/**
 * Schedules, as an application meets them: `box.schedule` declares one, and the handle that it answers with looks at it and
 * speaks to it.
 *
 * A schedule is a run: of an orchestrator of the engine's own, `~schedule`, whose only step is a schedule (`machines/schedule`). So it is
 * owned, taken over, read back and told of like any other, in every store, and what is said to it is a signal. Its version is the name of the
 * orchestrator that it starts runs of, so that it is claimed by processes that have that one.
 */
import type { Clock } from '../clock.ts';
import { ask, askOptions } from '../checks.ts';
import type { Plan } from '../definition.ts';
import { type AnyOrchestrator, planOfStep, type RunInput } from '../dsl/index.ts';
import { InvalidOption, reasonOf, RunExists, ScheduleUnknown } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import { type Instant, instantOf } from '../instant.ts';
import { type Json, sameJson } from '../json.ts';
import { askedOf, SCHEDULE_SIGNAL, scheduleBody } from '../machines/schedule/index.ts';
import { type FiringOptions, problemOfId, readSchedule, type TimesOptions } from '../schedules/definition.ts';
import { nameOfTime, nameOfTrigger, runOfFiring, type ScheduleSpec } from '../schedules/spec.ts';
import { type FiringCounts, MAX_WAITING, specNow, type Standing, type Word } from '../schedules/standing.ts';
import { startOf, timesOf } from '../schedules/times.ts';
import { isTerminal } from '../status.ts';
import type { RunRow, Store } from '../store.ts';
import { planName } from './options.ts';
import { ASKER_KEYS, type AskerOptions, askerIn, sendFor } from './audit.ts';
import type { Asker } from '../core/audit.ts';
import type { AuditRecord } from '../views/audit.ts';
import { Run, type RunContext } from './run.ts';
import type { Starts } from './starts.ts';

/** What `box.schedule` is given. */
export type ScheduleOptions<O extends AnyOrchestrator> = TimesOptions &
  FiringOptions & {
    /** What it starts runs of, and what each of them is started with. */
    readonly orchestrator: O;
    readonly input: RunInput<O>;
  };

/** A run that a schedule has started, or will. */
export interface ScheduledRun {
  /** The id of the run. */
  readonly run: string;
  /** Its nominal time, in milliseconds since 1970; `run.metadata.schedule.at` is the same as a text. */
  readonly at: number;
  /** When it starts, which is later by its jitter. */
  readonly start: number;
}

/** Where a schedule stands, as the store has it. */
export interface ScheduleState {
  readonly id: string;
  /** It waits for its next time, stands still until somebody resumes it, or is over. */
  readonly status: 'waiting' | 'paused' | 'ended';
  readonly next: ScheduledRun | null;
  readonly paused: Standing['paused'];
  /** Ids of the runs that have not ended, and of those that wait for their end. */
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  readonly counts: FiringCounts;
  /** What it was declared as, with everything that was left out. */
  readonly definition: ScheduleSpec;
}

/** The orchestrator that every schedule is a run of, and its one step. */
export const SCHEDULES = '~schedule';
const STEP = scheduleBody.name;

/** The plan of the schedules that start runs of one orchestrator, in whichever version. */
export function planOfSchedule(orchestrator: string): Plan {
  return Object.freeze({ ...planOfStep(SCHEDULES, scheduleBody), version: orchestrator });
}

/** The run that a schedule is. */
function runOfSchedule(id: string): string {
  return `schedule:${id}`;
}

interface SchedulesOptions {
  readonly store: Store;
  readonly starts: Starts;
  readonly clock: Clock;
  readonly maxValueBytes: number;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly context: RunContext;
  /** Throws if the box is closed. */
  checkOpen(): void;
  /** Keeps what a run is pinned to. */
  save(plans: readonly Plan[]): Promise<void>;
}

/** The schedules of a box. */
export class Schedules {
  readonly #options: SchedulesOptions;

  constructor(options: SchedulesOptions) {
    this.#options = options;
  }

  /** A handle on a schedule that somebody has declared. */
  find(id: string): Schedule {
    this.#options.checkOpen();
    const problem = problemOfId(id);
    if (problem !== null)
      throw new InvalidOption({ option: 'id', value: id, expected: `the id of a schedule; ${problem}` });
    return new Schedule(id, this.#options);
  }

  /** Declares a schedule: it begins, or becomes what is said here, or is that already. */
  async declare(id: string, plan: Plan, options: unknown): Promise<Schedule> {
    const { store, starts, clock, maxValueBytes, plans, context, save } = this.#options;
    const of = { orchestrator: plan.name, version: plan.version };
    const run = runOfSchedule(id);
    const isKnown = problemOfId(id) === null && (await store.readRun(run)) !== null;
    const spec = readSchedule(id, options, { of, now: clock.now(), maxValueBytes, isKnown });
    await starts.checkInput(plan, spec.input);
    const handle = this.find(id);
    const own = plans.get(planName(SCHEDULES, plan.name)) as Plan;
    await save([own]);
    for (;;) {
      const there = await store.readRun(run);
      if (there === null) {
        if (await this.#begin(own, run, spec)) return handle;
      } else if (isTerminal(there.status)) {
        const definition = await handle.definition();
        if (there.status === 'completed' && sameJson(definition, spec)) return handle;
        if (await store.deleteRun(run)) context.followers.deleted(run);
      } else {
        if (there.version !== own.version) throw new RunExists({ run, differs: 'orchestrator' });
        await handle.become(spec);
        return handle;
      }
    }
  }

  /** False if somebody else was faster, and has another one. */
  async #begin(own: Plan, id: string, spec: ScheduleSpec): Promise<boolean> {
    try {
      await this.#options.starts.start(own, { input: spec, id, key: undefined, metadata: {}, parent: null });
      return true;
    } catch (error) {
      if (error instanceof RunExists) return false;
      throw error;
    }
  }

  /** The ids of all schedules that have not ended, in the order in which they began. */
  async *ids(): AsyncGenerator<string, void, undefined> {
    const { store } = this.#options;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      this.#options.checkOpen();
      const query = { orchestrator: SCHEDULES, limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      const page = await store.readRuns(query);
      for (const { status, input } of page.runs) if (!isTerminal(status)) yield (input as ScheduleSpec).id;
      cursor = page.cursor;
    }
  }
}

/** A handle on a schedule. What it does is durable, and may be done from every process. */
export class Schedule {
  readonly id: string;
  readonly #options: SchedulesOptions;

  /** @internal Handles are given by `box.schedule`. */
  constructor(id: string, options: SchedulesOptions) {
    this.id = id;
    this.#options = options;
  }

  /** Where it stands. Throws `ScheduleUnknown` if there is none. */
  async state(): Promise<ScheduleState> {
    const { context } = this.#options;
    const { definition, standing, row, running } = await this.#read();
    const isOver = isTerminal(row.status);
    const paused = isOver ? null : (standing?.paused ?? null);
    return Object.freeze({
      id: this.id,
      status: isOver ? 'ended' : paused === null ? 'waiting' : 'paused',
      next: isOver || paused !== null || standing === null ? null : this.#following(definition, standing.cursor),
      paused: paused === null ? null : { ...paused, reason: context.gate.text(paused.reason) },
      running,
      waiting: (standing?.waiting ?? []).map((at) => runOfFiring(this.id, nameOfTime(at))),
      counts: standing?.counts ?? { started: 0, completed: 0, failed: 0, skipped: 0, missed: 0, dropped: 0 },
      // As it is told: what the runs are started with may have secrets in it.
      definition: context.gate.definition(definition),
    });
  }

  /** @internal */
  async definition(): Promise<ScheduleSpec> {
    return (await this.#read()).definition;
  }

  /** The next `count` runs from now on, or after a moment, whether or not it is paused or another one will still run then. */
  async preview(count: number, options: { readonly after?: Instant } = {}): Promise<readonly ScheduledRun[]> {
    askOptions('preview', options, ['after']);
    ask('count', count, `a whole number from 1 to ${MAX_WAITING}`, (value) => {
      return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_WAITING;
    });
    const { after } = options;
    let last = after === undefined ? this.#options.clock.now() : instantOf(after, 'option "after"');
    const { definition } = await this.#read();
    const found: ScheduledRun[] = [];
    while (found.length < count) {
      const next = this.#following(definition, last);
      if (next === null) break;
      found.push(next);
      last = next.at;
    }
    return found;
  }

  /** Nothing is started any more but what somebody triggers; what runs goes on. Pausing twice changes nothing. */
  async pause(options: AskerOptions = {}): Promise<void> {
    askOptions('pause', options, ASKER_KEYS);
    const asker = askerIn('pause', options);
    await this.#say({ do: 'pause', reason: asker.reason }, asker);
  }

  /** Goes on, with the next time from now on: what would have come meanwhile is not made up for. */
  async resume(options: AskerOptions = {}): Promise<void> {
    askOptions('resume', options, ASKER_KEYS);
    await this.#say({ do: 'resume' }, askerIn('resume', options));
  }

  /**
   * Starts a run at once, whatever else runs, and also while it is paused. Give it an `id` if it may be asked for twice: the second
   * time gives the same run (S17).
   */
  async trigger(options: AskerOptions & { readonly id?: string } = {}): Promise<Run> {
    askOptions('trigger', options, ['id', ...ASKER_KEYS]);
    const { id: key = randomIds() } = options;
    const asker = askerIn('trigger', options);
    ask('id', key, 'a string of 1 to 40 characters without "/", "#" and control characters', (value) => {
      return typeof value === 'string' && /^[^/#\p{Cc}]{1,40}$/u.test(value);
    });
    const { definition } = await this.#read();
    const { starts, plans, context, clock } = this.#options;
    await this.#say({ do: 'trigger', key }, asker, `trigger.${key}`);
    const name = nameOfTrigger(key);
    const run = runOfFiring(this.id, name);
    const plan = plans.get(planName(definition.of.orchestrator, definition.of.version));
    // The schedule starts it in any case. Whoever asked for it can read it as soon as this resolves, and is told what is wrong with it.
    if (plan !== undefined && (await this.#options.store.readRun(run)) === null) {
      const asked = askedOf(definition, { name, at: clock.now() });
      const parent = { run: runOfSchedule(this.id), path: `${STEP}/${name}` };
      await starts.start(plan, { ...asked, id: run, key: undefined, parent });
    }
    return new Run(run, context);
  }

  /**
   * Makes up for the times from `from` to `to`, both included: one after the other, or all at once if its `overlap` is `allowAll`. A
   * time that has had its run is not run again, and is not counted again. Answers with the runs of all these times, and with those that
   * come of it (`added`): they were not there, and did not wait either.
   */
  async backfill(
    span: AskerOptions & { readonly from: Instant; readonly to: Instant },
  ): Promise<{ readonly runs: readonly string[]; readonly added: readonly string[] }> {
    askOptions('backfill', span, ['from', 'to', ...ASKER_KEYS]);
    const asker = askerIn('backfill', span);
    const from = instantOf(span.from, 'option "from"');
    const to = instantOf(span.to, 'option "to"');
    if (to > this.#options.clock.now())
      throw new InvalidOption({ option: 'to', value: span.to, expected: 'a moment that is past' });
    const { definition, standing } = await this.#read();
    const times = timesOf(definition);
    const found: number[] = [];
    for (let at = times.next(from - 1); at !== null && at <= to; at = times.next(at)) {
      if (found.length === MAX_WAITING)
        throw new InvalidOption({ option: 'to', value: span.to, expected: `at most ${MAX_WAITING} times in the span` });
      found.push(at);
    }
    const runOf = (at: number): string => runOfFiring(this.id, nameOfTime(at));
    const { store } = this.#options;
    const rows = await Promise.all(found.map((at) => store.readRun(runOf(at))));
    const had = found.filter((_, index) => rows[index] !== null);
    const isKnown = new Set([...had, ...(standing?.waiting ?? [])]);
    const added = found.filter((at) => !isKnown.has(at));
    if (added.length > 0) await this.#say({ do: 'backfill', from, to, had }, asker);
    return { runs: found.map(runOf), added: added.map(runOf) };
  }

  /** Takes the schedule out of the store. Runs that it has started go on, and stay. False if there is none. */
  async remove(options: AskerOptions = {}): Promise<boolean> {
    askOptions('remove', options, ASKER_KEYS);
    const asker = askerIn('remove', options);
    const { store, context, checkOpen } = this.#options;
    checkOpen();
    const run = runOfSchedule(this.id);
    const row = await store.readRun(run);
    if (row === null) return false;
    if (!isTerminal(row.status)) await context.abandon(run, 'the schedule was removed');
    if (asker.by !== null) await context.deletions.keep(row, { asker });
    const deleted = await store.deleteRun(run);
    if (deleted) context.followers.deleted(run);
    return deleted;
  }

  /** Who has said what to it, refused or not, and when (S39); of one that was removed, who has, if that was said. */
  audit(): AsyncGenerator<AuditRecord, void, undefined> {
    return new Run(runOfSchedule(this.id), this.#options.context).audit();
  }

  /** @internal Changes what it is declared as, unless it is that. */
  async become(spec: ScheduleSpec): Promise<void> {
    const { definition } = await this.#read();
    if (!sameJson(definition, spec)) await this.#say({ do: 'change', spec }, askerIn('change', {}));
  }

  #following(spec: ScheduleSpec, after: number): ScheduledRun | null {
    const times = timesOf(spec);
    const at = times.next(after);
    if (at === null) return null;
    const start = startOf(spec, at, spec.jitter === 0 ? null : times.next(at));
    return Object.freeze({ run: runOfFiring(spec.id, nameOfTime(at)), at, start });
  }

  async #read(): Promise<{
    readonly row: RunRow;
    readonly definition: ScheduleSpec;
    readonly standing: Standing | null;
    readonly running: readonly string[];
  }> {
    const { store, checkOpen } = this.#options;
    checkOpen();
    const run = runOfSchedule(this.id);
    const row = await store.readRun(run);
    if (row === null) throw new ScheduleUnknown({ schedule: this.id });
    const actors = await store.readActors(run);
    const standing = (actors.find(({ path }) => path === STEP)?.output ?? null) as Standing | null;
    const definition = specNow(row.input as ScheduleSpec, standing);
    const live = actors.filter(({ parent, endedAt }) => parent === STEP && endedAt === null);
    return { row, definition, standing, running: live.map(({ input }) => (input as { readonly id: string }).id) };
  }

  async #say(word: Word, asker: Asker, id = randomIds()): Promise<void> {
    const { context, checkOpen } = this.#options;
    checkOpen();
    const message = { id, name: SCHEDULE_SIGNAL, payload: word as unknown as Json, asker, answer: null, known: false };
    const said = await sendFor(context, runOfSchedule(this.id), { type: 'signal', ...message });
    if (said.answer === 'accepted') return;
    if (said.answer === 'refused' && said.reason === 'payload-invalid') {
      const expected = `what a schedule takes: ${reasonOf(said.issues.map((issue) => issue.message).join('; '))}`;
      throw new InvalidOption({ option: word.do, value: word, expected });
    }
    throw new ScheduleUnknown({ schedule: this.id });
  }
}
