/**
 * `program(name, { phases })`: an orchestrator of phases in order (P199–P203). A phase is a track: its tasks side by side, in the order
 * that they depend on each other, then its gate and its approval. A phase in the background is a run of its own, which nobody waits for.
 */
import type {
  Facts,
  GroupDefinition,
  Mapper,
  OrchestratorDefinition,
  StepDefinition,
  TrackUse,
} from '../definition.ts';
import { type InputOf, type OutputOf, type Schema, AS_IT_COMES } from '../schema.ts';
import { knownNames } from '../names.ts';
import type { GateDefinition } from '../gates.ts';
import type { Json } from '../json.ts';
import { readApprovalStep } from '../machines/approval/declaration.ts';
import { namesRead, readGate } from '../machines/gate/declaration.ts';
import { compositeTrack } from './composite.ts';
import type { Note } from './notes.ts';
import { orchestratorOf, readUse } from './orchestrator.ts';
import { readPhaseInput } from './phase-input.ts';
import type { CheckPhases, Program, ProgramOptions, ProgramPhases } from './program-types.ts';
import { isOptions, readByKind, readDuration, readOptions, readStep } from './reading.ts';
import { from } from './source.ts';
import { track, trackOf } from './track.ts';
import type { AnyBody } from './types.ts';

/** A task as it is looked at. */
export interface TaskPlan {
  readonly name: string;
  /** Where it stands among the tasks of its phase. */
  readonly path: string;
  /** Where its body stands: below that, if the phase can do without it, or something is noted after it. */
  readonly body: string;
  readonly isRequired: boolean;
}

/** A phase as it is looked at. */
export interface PhasePlan {
  readonly name: string;
  readonly within: number | null;
  readonly isBackground: boolean;
  /** By name, where each stands in the run. */
  readonly tasks: readonly TaskPlan[];
  readonly gate: string | null;
  readonly approval: string | null;
}

const phasesByProgram = new WeakMap<OrchestratorDefinition, readonly PhasePlan[]>();

/** The phases of a program; null for an orchestrator that is none. */
export function phasesOf({ definition }: { readonly definition: OrchestratorDefinition }): readonly PhasePlan[] | null {
  return phasesByProgram.get(definition) ?? null;
}

const KEYS = ['version', 'input', 'phases', 'onFailure', 'deadline', 'approval'];
const PHASE_KEYS = ['tasks', 'within', 'onOverrun', 'background', 'gate', 'approval'];
const TASK_KEYS = ['do', 'input', 'after', 'required', 'notes'];
/** The steps of a phase. */
const [WORK, GATE, APPROVAL] = ['work', 'gate', 'approval'] as const;
/** What the history calls what is to be remembered. */
export const KNOWLEDGE = 'knowledge';

/**
 * Declares a program.
 *
 * @example
 * const delivery = program('delivery', {
 *   version: '1',
 *   input: Brief,
 *   phases: {
 *     analysis: { within: '10m', tasks: { audit: { do: audit, input: ({ input }) => input } } },
 *     testing: {
 *       tasks: { unit: { do: unit, input: ({ phases }) => phases.analysis.audit } },
 *       gate: { criteria: { 'unit.coverage': { min: 80, required: true } } },
 *     },
 *     monitoring: { background: true, tasks: { watch } },
 *   },
 * });
 */
export function program<const N extends string, I extends Schema, const Ps extends ProgramPhases<OutputOf<I>>, A>(
  name: N,
  options: ProgramOptions<I, Ps> & { readonly approval?: A; readonly phases: CheckPhases<NoInfer<Ps>> },
): Program<N, InputOf<I>, Ps, A> {
  const notes: Note[] = [];
  const { phases, ...given } = readOptions(options, 'options of a program', KEYS, notes, 'all');
  const reader = new PhaseReader(name, given, notes);
  const uses = reader.read(phases);
  const made = orchestratorOf(from(program, { name, given, notes }), uses, undefined);
  phasesByProgram.set(made.definition, Object.freeze(reader.plans));
  return made as Program<N, InputOf<I>, Ps, A>;
}

/** Whatever a builder takes. */
// biome-ignore lint/suspicious/noExplicitAny: what is put together here is checked as data, with all the rest
type Loose = any;

interface ReadTask {
  readonly name: string;
  readonly body: unknown;
  readonly input: Mapper | undefined;
  readonly after: readonly string[];
  readonly isRequired: boolean;
  readonly notes: ((facts: { readonly input: unknown; readonly output: unknown }) => object) | undefined;
}

class PhaseReader {
  readonly plans: PhasePlan[] = [];
  readonly #program: string;
  readonly #given: { readonly [option: string]: unknown };
  readonly #notes: Note[];
  /** Tasks of earlier phases, and in which. */
  readonly #earlier = new Map<string, string>();

  constructor(name: string, given: { readonly [option: string]: unknown }, notes: Note[]) {
    this.#program = name;
    this.#given = given;
    this.#notes = notes;
  }

  #note(message: string, at?: string): void {
    this.#notes.push({ code: 'bad-option', message, ...(at === undefined ? {} : { at }) });
  }

  read(phases: unknown): readonly TrackUse[] {
    if (!isOptions(phases) || Array.isArray(phases)) {
      this.#note('Option "phases" takes an object of phases by name, in their order.');
      return [];
    }
    const uses: TrackUse[] = [];
    const before: string[] = [];
    const names = Object.keys(phases);
    for (const [name, phase] of Object.entries(phases)) {
      const given = readOptions(phase, `phase "${name}"`, PHASE_KEYS, this.#notes);
      const tasks = this.#tasks(name, given.tasks, names, before);
      const body = this.#phase(name, given, tasks);
      const input: Mapper = ({ input, outputs }: Facts) => ({ input, phases: outputs });
      const isBackground = given.background === true;
      uses.push(readUse(name, isBackground ? this.#apart(name, body) : body, [...before], input, []));
      for (const task of tasks) this.#earlier.set(task.name, name);
      if (!isBackground) before.push(name);
    }
    return uses;
  }

  #tasks(phase: string, given: unknown, phases: readonly string[], before: readonly string[]): readonly ReadTask[] {
    if (!isOptions(given) || Array.isArray(given)) {
      this.#note(`The "tasks" of phase "${phase}" take an object of tasks by name.`, phase);
      return [];
    }
    const names = Object.keys(given);
    return Object.entries(given).map(([name, entry]) => {
      const isUse = isOptions(entry) && 'do' in entry;
      const {
        do: body,
        input,
        after,
        required = true,
        notes,
      } = isUse ? readOptions(entry, `task "${name}" of phase "${phase}"`, TASK_KEYS, this.#notes) : { do: entry };
      if (phases.includes(name))
        this.#note(
          `"${name}" is a phase and a task of phase "${phase}", so nobody could say which of them is waited for. Rename one.`,
          `${phase}/${name}`,
        );
      const waits = (Array.isArray(after) ? after : after === undefined ? [] : [after]) as readonly unknown[];
      const waitsFor = waits.filter((other): other is string => this.#isWaitedFor(phase, name, other, names, before));
      const readable = { phases: before, tasks: waitsFor };
      return {
        name,
        body,
        input: readPhaseInput(input, readable, (code, message) =>
          this.#notes.push({ code, message, at: `${phase}/${name}` }),
        ),
        after: waitsFor,
        isRequired: required !== false,
        notes: notes as ReadTask['notes'],
      };
    });
  }

  /** Within the phase it is waited for. What an earlier one has done is done. */
  #isWaitedFor(
    phase: string,
    task: string,
    other: unknown,
    siblings: readonly string[],
    before: readonly string[],
  ): boolean {
    if (typeof other === 'string' && siblings.includes(other)) return true;
    if (typeof other === 'string' && (before.includes(other) || this.#earlier.has(other))) return false;
    const known = [...siblings.filter((name) => name !== task), ...before, ...this.#earlier.keys()];
    const message = `Task "${task}" waits for "${String(other)}", which is no task of its phase and nothing earlier. ${knownNames('tasks and phases', known, String(other))}`;
    this.#notes.push({ code: 'unknown-reference', message, at: `${phase}/${task}` });
    return false;
  }

  /** A track: the tasks, then the gate, then the approval. */
  #phase(name: string, given: { readonly [option: string]: unknown }, tasks: readonly ReadTask[]): AnyBody {
    const within = readDuration(given.within, 'within', undefined, this.#notes);
    const isNoted = given.onOverrun === 'note';
    if (given.onOverrun !== undefined && !isNoted && given.onOverrun !== 'fail')
      this.#note(`"onOverrun" of phase "${name}" takes 'fail' or 'note'.`, name);
    const work = compositeTrack(WORK, {
      input: AS_IT_COMES,
      tracks: Object.fromEntries(tasks.map((task) => [task.name, memberOf(name, task)])),
      after: Object.fromEntries(tasks.map((task) => [task.name, task.after])),
      strategy: 'failFast',
    } as Loose);
    const names = tasks.map((task) => task.name);
    const steps = [readStep(WORK, work, ({ input }: Facts) => input, [])];
    if (given.gate !== undefined)
      steps.push(
        gateStep(given.gate, names, (message) => this.#notes.push({ code: 'unknown-reference', message, at: name })),
      );
    if (given.approval !== undefined) {
      const options = told(given.approval);
      steps.push(readByKind(APPROVAL, program, (reader) => readApprovalStep(APPROVAL, options, reader)));
    }
    const isBackground = given.background === true;
    const at = (step: string): string => (isBackground ? `~/${name}/${step}` : `${name}/${step}`);
    const hasAction = isOptions(given.gate) && 'action' in given.gate && given.gate.action !== undefined;
    this.plans.push(
      Object.freeze({
        name,
        within: within ?? null,
        isBackground,
        tasks: tasks.map((task) => planned(task, at(`${WORK}/${task.name}`))),
        gate: given.gate === undefined ? null : at(hasAction ? `${GATE}/judge` : GATE),
        approval: given.approval === undefined ? null : at(APPROVAL),
      }),
    );
    const output = ({ outputs: { [WORK]: done, ...rest } }: Facts): object => ({ ...(done as object), ...rest });
    return trackOf({ name, input: AS_IT_COMES, deadline: isNoted ? undefined : within, notes: [] }, steps, output);
  }

  /** A run of its own, which is started and not waited for. */
  #apart(name: string, body: AnyBody): AnyBody {
    const head = { version: this.#given.version as string, input: AS_IT_COMES };
    const use = readUse(name, body, undefined, (({ input }: Facts) => input) as Mapper, []);
    const child = orchestratorOf({ name: `${this.#program}.${name}`, given: head, notes: [] }, [use], undefined);
    const made = track(name, { input: AS_IT_COMES }) as Loose;
    return made.run('started', { orchestrator: child, detach: true, input: ({ input }: Facts) => input });
  }
}

/** As `memberOf` puts it together. */
function planned({ name, isRequired, notes }: ReadTask, path: string): TaskPlan {
  const within = [...(isRequired ? [] : ['do']), ...(notes === undefined ? [] : ['do'])];
  return { name, path, body: [path, ...within].join('/'), isRequired };
}

/** A member of the composite that the tasks of a phase are. */
function memberOf(phase: string, { name, body, input, isRequired, notes }: ReadTask): unknown {
  const mapper = ({ input: given, outputs, run }: Facts): unknown => {
    const { input: own, phases } = given as unknown as { readonly input: unknown; readonly phases: unknown };
    return input === undefined ? {} : input({ input: own, phases, tasks: outputs, run } as Loose);
  };
  const inner = notes === undefined ? body : remembering(phase, name, body, notes);
  if (isRequired) return { do: inner, input: mapper };
  // What the phase can do without is a step of a track, which may be optional.
  const made = (track(name, { input: AS_IT_COMES }) as Loose).step('do', inner, ({ input: given }: Facts) => given, {
    optional: true,
  });
  return { do: made, input: mapper };
}

/** The body, and after it what is to be remembered of it, in the history. */
function remembering(phase: string, task: string, body: unknown, notes: NonNullable<ReadTask['notes']>): unknown {
  const made = (track(task, { input: AS_IT_COMES }) as Loose)
    .step('do', body, ({ input }: Facts) => input)
    .emit('notes', {
      event: KNOWLEDGE,
      data: ({ input, outputs }: Facts) => ({ ...notes({ input, output: outputs.do }), phase, task }),
    });
  return made.output(({ outputs }: Facts) => outputs.do);
}

/** Mappers of a gate and of an approval are told the tasks by name, and the input of the program. */
function told(options: unknown): unknown {
  if (!isOptions(options)) return options;
  return Object.fromEntries(
    Object.entries(options).map(([option, value]) => [
      option,
      typeof value === 'function' ? (facts: Facts) => (value as Mapper)(inPhase(facts)) : value,
    ]),
  );
}

/** The facts at the end of a phase, as its gate and its approval are told them. */
function inPhase({ input, outputs, ...facts }: Facts): Facts & { readonly tasks: Facts['outputs'] } {
  const { input: own, phases } = input as unknown as { readonly input: Json; readonly phases: Json };
  const tasks = (outputs[WORK] ?? {}) as Facts['outputs'];
  return { ...facts, input: own, outputs: tasks, tasks, ...{ phases } };
}

/** The step of a gate, whose criteria speak of tasks. */
function gateStep(options: unknown, tasks: readonly string[], note: (message: string) => void): StepDefinition {
  const { review, action, ...rest } = (isOptions(options) ? options : {}) as { readonly [option: string]: unknown };
  const given = {
    ...rest,
    ...(review === undefined ? {} : { review: told(review) }),
    ...(action === undefined ? {} : { action: isOptions(action) && 'do' in action ? told(action) : action }),
  };
  return readByKind(GATE, program, (reader) => {
    const made = readGate(GATE, isOptions(options) ? given : options, reader, inPhase);
    const [body] = made;
    const gate = body.is === 'gate' ? body : ((body as GroupDefinition).steps[0]?.body as GateDefinition);
    for (const name of namesRead(gate))
      if (!tasks.includes(name))
        note(
          `The gate reads the output of "${name}", which is no task of its phase. ${knownNames('tasks', tasks, name)}`,
        );
    return made;
  });
}
