/**
 * Where a program stands (P217–P219, P226): phases, tasks, gates, what is still to do, what is to be remembered, and how well it went. All
 * of it is a function of a run's snapshot and history, and can be made again from them at any time.
 */
import { KNOWLEDGE, type PhasePlan, phasesOf } from '../dsl/program.ts';
import type { AnyOrchestrator } from '../dsl/index.ts';
import { InvalidOption } from '../errors/index.ts';
import { isTerminal, type RunEvent, type Status } from '../events.ts';
import type { Miss } from '../gates.ts';
import type { ActorSnapshot, RunSnapshot } from './snapshot.ts';

/** A task of a program as it stands. */
export interface TaskState {
  readonly name: string;
  readonly phase: string;
  readonly path: string;
  readonly status: Status;
  readonly isRequired: boolean;
  /** How often it was tried, as far as it is a step of its own. */
  readonly attempts: number;
  readonly error: string | null;
}

/** A gate as it stands. */
export interface GateState {
  readonly status: Status;
  /** What it thinks; null as long as it has not been asked. */
  readonly decision: 'APPROVE' | 'REVIEW' | 'REJECT' | null;
  readonly score: number | null;
  readonly missed: readonly Miss[];
}

/** A phase of a program as it stands. */
export interface PhaseState {
  readonly name: string;
  /** `started`: it is in the background, and how its run stands is for that one to say: `box.run(phase.run).status()`. */
  readonly status: Status | 'started';
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** How long it may take, in milliseconds. */
  readonly within: number | null;
  readonly isOverrun: boolean;
  readonly isBackground: boolean;
  /** Of one in the background: the run that it is, once it has been started. What is known of its tasks is in there. */
  readonly run: string | null;
  readonly tasks: readonly TaskState[];
  readonly gate: GateState | null;
  readonly approval: Status | null;
}

/** Something to remember, and where it comes from. */
export interface Remembered {
  readonly text: string;
  readonly phase: string;
  readonly task: string;
  readonly at: number;
}

/** A measure of how well it went, in percent; null where there is nothing to measure yet. */
export interface Metric {
  readonly value: number | null;
  readonly target: number;
  readonly isMet: boolean | null;
}

/** The measures of a program. */
export interface ProgramMetrics {
  /** Required tasks that have completed, of those that have ended. */
  readonly completion: Metric;
  /** Gates that have let through at once, of those that have ended or stand. */
  readonly gates: Metric;
  /** Steps that were tried again and have completed, of those that were tried again and have ended. */
  readonly retries: Metric;
  /** Events that are there, of those that were told. */
  readonly persistence: Metric;
  /** Runs that have completed, of those that have ended: of one run, all or nothing. */
  readonly success: Metric;
}

/** A program as it stands, as one JSON document. */
export interface ProgramState {
  readonly program: string;
  readonly version: string;
  readonly run: string;
  readonly status: Status;
  /** The first that has begun and not ended; null before and after. */
  readonly currentPhase: string | null;
  readonly phases: readonly PhaseState[];
  readonly counts: { readonly [what in Counted]: number };
  readonly todo: readonly TodoItem[];
  readonly knowledge: { readonly [kind in Kind]: readonly Remembered[] };
  readonly metrics: ProgramMetrics;
}

/** Something that is to be done, or is. */
export interface TodoItem {
  readonly phase: string;
  readonly task: string;
  readonly status: Status;
  readonly isDone: boolean;
}

type Counted = 'total' | 'completed' | 'failed' | 'skipped' | 'running' | 'pending' | 'retries';
type Kind = 'decisions' | 'patterns' | 'learnings';

/** What of a run is looked at: a handle on one has it. */
export interface Looked {
  snapshot(): Promise<RunSnapshot>;
  history(): AsyncIterable<RunEvent>;
  /** Of one that was made again: the events of what it has taken over. */
  taken?(): AsyncIterable<RunEvent>;
}

/** What was told of what a run has taken over, by the runs in which that ended. */
export async function toldBefore(run: Looked): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run.taken?.() ?? []) events.push(event);
  return events;
}

/**
 * Where a run of a program stands.
 *
 * @example
 * const state = await programState(delivery, run);
 * console.log(state.currentPhase, state.counts, todoText(state));
 */
export async function programState(program: AnyOrchestrator, run: Looked): Promise<ProgramState> {
  const snapshot = await run.snapshot();
  const events = [...(await toldBefore(run))];
  for await (const event of run.history()) events.push(event);
  return stateFrom(program, snapshot, events);
}

/** The same of what somebody has read. Of a run that was made again, `events` may begin with those of what it has taken over. */
export function stateFrom(program: AnyOrchestrator, snapshot: RunSnapshot, events: readonly RunEvent[]): ProgramState {
  const own = events.filter((event) => event.run === snapshot.run);
  const before = events.filter((event) => event.run !== snapshot.run);
  // That it was taken over is told once more, and has not happened once more.
  const again = new Set(before.map(({ path }) => path));
  const all = before.length === 0 ? events : [...before, ...own.filter(({ path }) => !again.has(path))];
  const plans = phasesOf(program);
  if (plans === null)
    throw new InvalidOption({ option: 'program', value: program.name, expected: 'what program(…) has made' });
  const phases = plans.map((plan) => phaseState(plan, snapshot, events.at(-1)?.at ?? snapshot.startedAt));
  const tasks = phases.flatMap((phase) => (phase.isBackground ? [] : phase.tasks));
  const current = phases.find(
    ({ status, isBackground }) => !isBackground && status !== 'pending' && status !== 'started' && !isTerminal(status),
  );
  const { run, version, status } = snapshot;
  return {
    program: program.name,
    version,
    run,
    status,
    currentPhase: current?.name ?? null,
    phases,
    counts: countsOf(tasks, all),
    todo: tasks.map(({ phase, name, status: of }) => ({
      phase,
      task: name,
      status: of,
      isDone: of === 'completed',
    })),
    knowledge: knowledgeIn(all),
    metrics: { ...metricsOf(program, all), persistence: metricsOf(program, own).persistence },
  };
}

function phaseState(plan: PhasePlan, snapshot: RunSnapshot, now: number): PhaseState {
  const { name, within, isBackground } = plan;
  const actor = snapshot.tracks[name];
  const started = isBackground ? (snapshot.steps[`${name}/started`]?.output as { readonly run?: string } | null) : null;
  const run = started?.run ?? null;
  const isOver = actor !== undefined && isTerminal(actor.status);
  const endedAt = actor?.endedAt ?? null;
  return {
    name,
    // It has been started, and is not waited for.
    status: run === null ? (actor?.status ?? 'pending') : 'started',
    startedAt: actor?.startedAt ?? null,
    endedAt: isBackground ? null : endedAt,
    within,
    isOverrun: !isBackground && within !== null && actor !== undefined && (endedAt ?? now) - actor.startedAt >= within,
    isBackground,
    run,
    tasks: plan.tasks.map(({ name: task, path, body, isRequired }) => {
      const found = isBackground ? undefined : at(snapshot, path);
      const status = found?.status ?? (isOver && !isBackground ? 'skipped' : 'pending');
      const own = isBackground ? undefined : (at(snapshot, body) ?? found);
      return {
        name: task,
        phase: name,
        path,
        // What the phase can do without has failed even so.
        status: own !== undefined && own.status === 'failed' ? 'failed' : status,
        isRequired,
        attempts: own?.attempts.length ?? 0,
        error: own?.error?.message ?? null,
      };
    }),
    gate: plan.gate === null || isBackground ? null : gateState(snapshot.steps[plan.gate]),
    approval: plan.approval === null || isBackground ? null : (snapshot.steps[plan.approval]?.status ?? 'pending'),
  };
}

function at({ steps, tracks }: RunSnapshot, path: string): ActorSnapshot | undefined {
  return steps[path] ?? tracks[path];
}

function gateState(step: ActorSnapshot | undefined): GateState {
  const { status = 'pending', output = null } = step ?? {};
  const passed = output as { readonly score?: number; readonly missed?: readonly Miss[] } | null;
  const standing =
    status === 'awaitingApproval'
      ? 'REVIEW'
      : status === 'awaitingIntervention' || status === 'failed'
        ? 'REJECT'
        : null;
  const decision = status === 'completed' ? 'APPROVE' : standing;
  return { status, decision, score: passed?.score ?? null, missed: passed?.missed ?? [] };
}

const LIVE: ReadonlySet<Status> = new Set([
  'running',
  'waiting',
  'retrying',
  'awaitingApproval',
  'awaitingIntervention',
  'cancelling',
]);

function countsOf(tasks: readonly TaskState[], events: readonly RunEvent[]): ProgramState['counts'] {
  const count = (fits: (status: Status) => boolean): number => tasks.filter(({ status }) => fits(status)).length;
  return {
    total: tasks.length,
    completed: count((status) => status === 'completed'),
    failed: count((status) => status === 'failed' || status === 'timedOut'),
    skipped: count((status) => status === 'skipped' || status === 'cancelled'),
    running: count((status) => LIVE.has(status)),
    pending: count((status) => status === 'pending'),
    retries: events.filter(({ type }) => type === 'step.retrying').length,
  };
}

function knowledgeIn(events: readonly RunEvent[]): ProgramState['knowledge'] {
  const known: { [kind in Kind]: Remembered[] } = { decisions: [], patterns: [], learnings: [] };
  for (const event of events) {
    if (event.type !== 'user.emitted' || event.name !== KNOWLEDGE) continue;
    const { phase, task, ...kinds } = Object(event.data) as { readonly phase: string; readonly task: string } & {
      readonly [kind: string]: unknown;
    };
    for (const kind of Object.keys(known) as Kind[])
      for (const text of (kinds[kind] ?? []) as readonly unknown[])
        known[kind].push({ text: String(text), phase, task, at: event.at });
  }
  return known;
}

const TARGETS = { completion: 100, gates: 80, retries: 70, persistence: 100, success: 95 } as const;

/** How well a run went, by its history alone; of several runs, by all of their histories one after the other. */
export function metricsOf(program: AnyOrchestrator, events: readonly RunEvent[]): ProgramMetrics {
  const plans = (phasesOf(program) ?? []).filter(({ isBackground }) => !isBackground);
  const required = new Set(
    plans.flatMap(({ tasks }) => tasks.filter(({ isRequired }) => isRequired).map(({ path }) => path)),
  );
  const gates = new Set(plans.flatMap(({ gate }) => (gate === null ? [] : [gate])));
  const tally = {
    ended: 0,
    completed: 0,
    atOnce: 0,
    judged: 0,
    retried: 0,
    helped: 0,
    told: 0,
    last: 0,
    runs: 0,
    well: 0,
  };
  /** Gates that somebody had to look at, and steps that were tried again, by run and path. */
  const looked = new Set<string>();
  const retried = new Set<string>();
  const lastSeq = new Map<string, number>();
  for (const { run, path, type, seq } of events) {
    const key = `${run}/${path}`;
    const what = type.slice(type.indexOf('.') + 1);
    tally.told += 1;
    lastSeq.set(run, Math.max(seq, lastSeq.get(run) ?? 0));
    if (path === '' && isTerminal(what)) {
      tally.runs += 1;
      if (what === 'completed') tally.well += 1;
    }
    if (required.has(path) && isTerminal(what) && what !== 'skipped') {
      tally.ended += 1;
      if (what === 'completed') tally.completed += 1;
    }
    if (gates.has(path) && (what === 'awaitingApproval' || what === 'awaitingIntervention') && !looked.has(key)) {
      looked.add(key);
      tally.judged += 1;
    }
    if (gates.has(path) && what === 'completed' && !looked.has(key)) {
      tally.judged += 1;
      tally.atOnce += 1;
    }
    if (what === 'retrying') retried.add(key);
    if (type.startsWith('step.') && isTerminal(what) && retried.delete(key)) {
      tally.retried += 1;
      if (what === 'completed') tally.helped += 1;
    }
  }
  for (const seq of lastSeq.values()) tally.last += seq;
  return {
    completion: metric('completion', tally.completed, tally.ended),
    gates: metric('gates', tally.atOnce, tally.judged),
    retries: metric('retries', tally.helped, tally.retried),
    persistence: metric('persistence', tally.told, tally.last),
    success: metric('success', tally.well, tally.runs),
  };
}

function metric(of: keyof typeof TARGETS, part: number, whole: number): Metric {
  const target = TARGETS[of];
  if (whole === 0) return { value: null, target, isMet: null };
  const value = (part / whole) * 100;
  return { value, target, isMet: value >= target };
}

/** What is still to do, as `todo.md` has it. */
export function todoText({ program, run, phases, todo }: ProgramState): string {
  const lines = [`# ${program}: ${run}`, ''];
  for (const { name, status, isBackground, run: apart } of phases) {
    const started = apart === null ? status : `${status} as run ${apart}`;
    lines.push(`## ${name} (${isBackground ? `in the background, ${started}` : status})`, '');
    for (const { task, status: of, isDone } of todo.filter(({ phase }) => phase === name))
      lines.push(`- [${isDone ? 'x' : ' '}] ${task}${isDone || of === 'pending' ? '' : ` (${of})`}`);
    if (todo.some(({ phase }) => phase === name)) lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
