/**
 * What is shown of a run that somebody's actor stands for: an actor for each of its tracks and steps, below the one of what it stands
 * in, as XState and inspectors know them. A turn decides with machines as data; each machine's actor is then told what it was told,
 * in the order of the turn, and comes to the same state; one that is just hearing something
 * is told when it has heard it. Actors are shown after the turn and do nothing of their own.
 */
import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type AnyStateMachine,
  createActor,
  fromCallback,
} from 'xstate';
import type { Kinds } from '../core/kind.ts';
import type { Actor, Changes, RunState } from '../core/run.ts';
import { type MachineState, type Stepper, xstateStepper } from '../core/stepper.ts';
import { shows, tellActor } from '../machines/live.ts';

/** One actor of the run, and who shows it. */
interface Shown {
  ref: AnyActorRef | null;
  /** Known once its turn is over. */
  actor: Actor | null;
}

const steppers = new WeakMap<AnyStateMachine, Stepper>();
const shells = new WeakMap<AnyStateMachine, AnyActorLogic>();
const idle: AnyActorLogic = fromCallback(() => undefined);

export class Stage {
  readonly #kinds: Kinds;
  readonly #steppers = new Map<string, Stepper>();
  /** Whom a state belongs to: states are what a turn knows of an actor. */
  readonly #byState = new WeakMap<MachineState, Shown>();
  /** What actors were told in the turns that have not been shown. */
  #told: [Shown, AnyEventObject][] = [];

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  readonly stepperOf = (kind: string): Stepper => {
    let stepper = this.#steppers.get(kind);
    if (stepper === undefined) {
      stepper = this.#watched(this.#kinds.get(kind).machine);
      this.#steppers.set(kind, stepper);
    }
    return stepper;
  };

  /** The actor of the run itself is somebody's own. */
  stand(root: Actor, self: AnyActorRef): void {
    const shown = this.#shownIn(root.state);
    shown.ref = self;
    shown.actor = root;
  }

  /** Shows those that are there, in the order in which they began. */
  open(run: RunState): void {
    for (const actor of run.actors.values()) {
      const shown = this.#shownIn(actor.state);
      shown.actor = actor;
      this.#refOf(shown, true);
    }
  }

  /** Shows what a turn has brought. */
  show({ dirty }: Changes): void {
    for (const actor of dirty) this.#shownIn(actor.state).actor = actor;
    const told = this.#told;
    this.#told = [];
    for (const [shown, event] of told) {
      const ref = this.#refOf(shown);
      if (ref !== null) tellActor(ref, event);
    }
  }

  refOf(actor: Actor): AnyActorRef | null {
    return this.#refOf(this.#shownIn(actor.state));
  }

  #shownIn(state: MachineState): Shown {
    let shown = this.#byState.get(state);
    if (shown === undefined) {
      shown = { ref: null, actor: null };
      this.#byState.set(state, shown);
    }
    return shown;
  }

  #watched(machine: AnyStateMachine): Stepper {
    const stepper = steppers.get(machine) ?? xstateStepper(machine);
    steppers.set(machine, stepper);
    return {
      ...stepper,
      next: (state, event, wishes) => {
        const shown = this.#shownIn(state);
        const next = stepper.next(state, event, wishes);
        this.#byState.set(next, shown);
        this.#told.push([shown, event]);
        return next;
      },
    };
  }

  /** Null for one that is not shown, because what it stands in is not. */
  #refOf(shown: Shown, isRestored = false): AnyActorRef | null {
    const { actor } = shown;
    if (shown.ref !== null || actor === null) return shown.ref;
    const { kind, node, input, place, parent, path } = actor;
    const above = parent === null ? null : this.#refOf(this.#shownIn(parent.state));
    if (above === null) return null;
    const options = { id: place?.name ?? path, input: { node, input }, parent: above };
    const snapshot = isRestored ? { snapshot: persisted(actor) } : {};
    shown.ref = createActor(shellOf(kind.machine), { ...options, ...snapshot } as never);
    shows(shown.ref);
    shown.ref.start();
    return shown.ref;
  }
}

/** An actor as its machine would have persisted it. */
function persisted({ state: { value, status, context }, node }: Actor): object {
  const { node: _, ...rest } = context;
  const over = { output: undefined, error: undefined, historyValue: {}, children: {} };
  return { value, status, context: rest, definition: node.called, ...over };
}

/** The same machine, whose states have nobody do anything: the run sees to that. */
function shellOf(machine: AnyStateMachine): AnyActorLogic {
  let shell = shells.get(machine);
  if (shell === undefined) {
    const actors: { [name: string]: AnyActorLogic } = {};
    for (const state of Object.values(machine.states)) for (const { src } of state.invoke) actors[String(src)] = idle;
    shell = machine.provide({ actors } as never);
    shells.set(machine, shell);
  }
  return shell;
}
