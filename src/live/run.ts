/**
 * A run that somebody's actor stands for: `createActor(orchestratorMachine, { input: machineInput(order, …) })`. Its turns are those of
 * every run, over a run in memory; there is no store, so nothing is committed, and what is owed to the world is done at once.
 * Everything of it can be persisted with the actor, as rows, and goes on from there.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate';
import { systemClock } from '../clock.ts';
import { takeCommand } from '../commands/index.ts';
import { adopt, assemble, Misfit, newRun, owedTo } from '../core/assemble.ts';
import { DECIDERS, keepDeciders, recallDeciders } from '../core/deciders.ts';
import type { Message, SignalMessage } from '../core/message.ts';
import type { Rules } from '../core/port.ts';
import { keepRow } from '../core/rest.ts';
import { Changes, type Owed, type RunState } from '../core/run.ts';
import type { SignalAnswer } from '../core/signals.ts';
import { Turn } from '../core/turn.ts';
import type { Plan } from '../definition.ts';
import { DEFAULT_MAX_BYTES, type JsonObject } from '../json.ts';
import type { Approval } from '../people.ts';
import { type LiveRoot, type LiveRun, needsDefinition, standsFor } from '../machines/live.ts';
import type { RunRow, SignalRow } from '../store.ts';
import { kindsOfRuns } from './kinds.ts';
import { type KeptRows, LiveRows, NAMELESS } from './rows.ts';
import { Stage } from './shown.ts';
import { messageOf } from './wishes.ts';
import { type KeptWorld, World } from './world.ts';

/** So many signals of one name are kept, as a box does if nothing else is said. */
const KEPT = 100;

/** Runs that know of each other, by their ids. */
export type Kin = Map<string, Pick<RunOfActor, 'signal' | 'waitsFor'>>;

/** What a run is to be, beside its definition. */
export interface LiveFacts {
  readonly id: string;
  readonly version: string;
  readonly metadata: JsonObject;
  /** How many runs it stands below. */
  readonly level: number;
  /** When its time is over, whatever its own deadline says. */
  readonly limit?: number | null;
  /** The runs that it can send a signal to: those of its family, itself included. */
  readonly kin: Kin;
  /** It undoes another one, which has ended and whose rows these are, and does nothing else. */
  readonly undoes?: { readonly run: string; readonly rows: LiveRows };
  /** It has come to its end. */
  readonly ended?: (row: RunRow, rows: LiveRows) => void;
}

interface Below extends KeptRows {
  /** Who has decided what; left out where nothing asks for it. */
  readonly decided?: { readonly [path: string]: readonly string[] };
  readonly world: KeptWorld;
}

export class RunOfActor implements LiveRun {
  readonly #root: LiveRoot;
  readonly #facts: LiveFacts;
  readonly #run: RunState;
  readonly #rows = new LiveRows(kindsOfRuns());
  readonly #stage = new Stage(kindsOfRuns());
  readonly #turn: Turn;
  readonly #world: World;
  readonly #inbox: Message[] = [];
  #isTaking = false;
  #isStopped = false;
  #hasBegun = false;
  /** Of signals and what else has no id of its own. */
  #number = 0;

  constructor(root: LiveRoot, facts: LiveFacts) {
    this.#root = root;
    this.#facts = facts;
    const { self, node } = root;
    const below = root.below as Below | null;
    const rules: Rules = {
      kinds: kindsOfRuns(),
      maxValueBytes: DEFAULT_MAX_BYTES,
      signalBuffer: KEPT,
      stepperOf: this.#stage.stepperOf,
      takeCommand,
    };
    this.#turn = new Turn(rules);
    const plan: Plan = { name: node.called, version: facts.version, root: node, tasks: new Map() };
    this.#run =
      below === null ? newRun(rules, plan, firstRow(root, plan, facts)) : this.#recall(rules, plan, below, self);
    this.#world = new World({
      run: this.#run,
      level: facts.level,
      kin: facts.kin,
      rowsOf: (run) => (run === null ? this.#rows : facts.undoes?.run === run ? facts.undoes.rows : null),
      refOf: (actor) => this.#stage.refOf(actor),
      take: (message) => this.#take(message),
      begin: (child, its) => void new RunOfActor(child, its),
    });
    standsFor(self, this);
    facts.kin.set(facts.id, this);
    this.#stage.stand(this.#run.root, self);
    if (below !== null) this.#resume(below);
    else this.#start(plan);
    this.#hasBegun = true;
  }

  #start(plan: Plan): void {
    const { limit = null, undoes } = this.#facts;
    this.#take({
      type: 'start',
      plan,
      row: this.#run.row,
      ...(limit === null ? {} : { limit }),
      ...(undoes === undefined ? {} : { undoes: undoes.run }),
    });
  }

  get state(): LiveRun['state'] {
    return this.#run.root.state;
  }

  persist(): object {
    const { decided } = this.#run;
    const who = decided === null ? {} : { decided: Object.fromEntries(decided) };
    return { ...this.#rows.persist(this.#run), ...who, world: this.#world.persist() } satisfies Below;
  }

  hear(event: AnyEventObject): void {
    this.#number += 1;
    let message: Message | null;
    try {
      message = messageOf(this.#run, event, `${NAMELESS}${this.#run.seq}.${this.#number}`);
    } catch {
      // It cannot even be read: a getter of its own has thrown.
      return;
    }
    if (message !== null) this.#take(message);
  }

  /** A step of its family sends it a signal. */
  signal(message: Pick<SignalMessage, 'id' | 'name' | 'payload'>): SignalAnswer {
    const sent: SignalMessage = { type: 'signal', ...message, answer: null, known: false };
    const known = this.#rows.signal(message.id);
    if (known !== null) return answerThen(known);
    const { id, root } = this.#run;
    if (root.state.status !== 'active') {
      const said = `Run "${id}" has ended: it is ${String(root.state.value)}.`;
      return { answer: 'refused', reason: 'run-ended', message: said, issues: [] };
    }
    this.#take(sent);
    return sent.answer ?? { answer: 'noSuchRun' };
  }

  waitsFor(signal: string): boolean {
    return (this.#run.signals?.waitingFor(signal).size ?? 0) > 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#world.stop();
  }

  /** The run as it was persisted. */
  #recall(rules: Rules, plan: Plan, { row, seq, decided = {}, ...kept }: Below, self: AnyActorRef): RunState {
    this.#rows.restore(kept, row.run);
    const { steps, signals } = this.#rows;
    const open = steps.filter(({ endedAt }) => endedAt === null);
    try {
      const run = assemble(rules, plan, { row, seq, open, signals });
      const records = Object.entries(decided).map(([id, body]) => ({ type: DECIDERS, id, body: [...body] }));
      recallDeciders(run, records);
      // One that was persisted before that was kept has at least what stands in its steps.
      for (const { memory } of steps)
        if (memory.approval !== undefined) keepDeciders(run, memory.approval as unknown as Approval);
      return adopt(
        rules,
        run,
        steps.filter(({ path }) => path !== ''),
      );
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const step = error.path.slice(error.path.lastIndexOf('/') + 1);
      throw needsDefinition(self, `"${plan.name}" that has a step "${step}"`);
    }
  }

  #resume({ world }: Below): void {
    this.#stage.open(this.#run);
    this.#world.open(world);
    this.#perform(owedTo(this.#run, systemClock.now()));
  }

  /** What is owed at its beginning comes when the actor has been started, which sees that it has begun before it sees anything come of it. */
  #perform(owed: readonly Owed[]): void {
    if (!this.#hasBegun) return queueMicrotask(() => this.#performNow(owed));
    this.#performNow(owed);
  }

  #performNow(owed: readonly Owed[]): void {
    for (const each of owed) if (!this.#isStopped) this.#world.perform(each);
  }

  /** One message after the other: what comes while one is taken waits. */
  #take(message: Message): void {
    this.#inbox.push(message);
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        if (!this.#isStopped) this.#turnOf(next);
      }
    } finally {
      this.#isTaking = false;
    }
  }

  #turnOf(message: Message): void {
    const run = this.#run;
    if (message.type === 'signal' && this.#rows.signal(message.id) !== null) return;
    const changes = new Changes(run.seq);
    const now = systemClock.now();
    this.#turn.take(run, changes, now, message);
    keepRow(run, changes, now);
    this.#rows.keep(run, changes);
    const { metadata } = run.row;
    // As XState does with what is emitted in a transition: before the new state is seen. Who listens to an actor that is over hears nothing.
    for (const event of changes.events) this.#root.emit({ ...event, metadata });
    this.#stage.show(changes);
    this.#perform(changes.owed);
    if (run.root.state.status === 'active') return;
    this.#facts.ended?.(run.row, this.#rows);
  }
}

function answerThen({ answer, takenBy }: SignalRow): SignalAnswer {
  return answer === 'buffered' ? { answer } : { answer, step: takenBy ?? '' };
}

function firstRow({ input }: LiveRoot, { name, version }: Plan, { id, metadata }: LiveFacts): RunRow {
  const ends = { output: null, error: null, reason: null, endedAt: null, parent: null };
  const what = { orchestrator: name, version, hash: '', status: 'pending', input, metadata } as const;
  return { run: id, key: null, ...what, startedAt: systemClock.now(), ...ends };
}
