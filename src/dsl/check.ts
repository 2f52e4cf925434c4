/**
 * The check of a definition (S3): everything that is wrong with it, at once, each fault
 * with a code, a place and a way out. It runs before a run exists, once per definition.
 *
 * What a builder could not put into the data comes from its notes; everything else is read
 * off the definition, so a definition from anywhere can be checked.
 */
import type {
  AnyDefinition,
  CompositeDefinition,
  Fault,
  FaultCode,
  OrchestratorDefinition,
  StepDefinition,
  TaskDefinition,
  TrackDefinition,
  WaitDefinition,
} from '../definition.ts';
import { DefinitionInvalid, show } from '../errors/index.ts';
import { isSchema } from '../schema.ts';
import { cyclesIn, printCycle } from './cycles.ts';
import { knownNames, nameProblem, segmentOf } from '../names.ts';
import { notesOf } from './notes.ts';
import { sourceOf } from './source.ts';
import { pathOf, stepsOf, walk } from './walk.ts';

/** How long the name of a signal may be. */
const MAX_SIGNAL = 200;

const checked = new WeakMap<AnyDefinition, readonly Fault[]>();

/** Every fault of a definition and of all that it contains, in declared order. */
export function faultsOf(definition: AnyDefinition): readonly Fault[] {
  let faults = checked.get(definition);
  if (faults === undefined) {
    faults = Object.freeze(new Check().of(definition));
    checked.set(definition, faults);
  }
  return faults;
}

/** Throws a `DefinitionInvalid` that lists every fault, if there are any. */
export function assertValid(definition: AnyDefinition): void {
  const faults = faultsOf(definition);
  if (faults.length > 0) throw new DefinitionInvalid({ definition: segmentOf(definition.name, 0), faults });
}

/** A task under its name, and where it was first met. */
interface Met {
  readonly definition: TaskDefinition;
  readonly path: string;
}

class Check {
  readonly #faults: Fault[] = [];
  /** What is looked at, and what it is part of. */
  #at: readonly object[] = [];
  readonly #tasks = new Map<string, Met>();

  of(root: AnyDefinition): Fault[] {
    walk(root, {
      enter: (definition, path) => this.#definition(definition, path),
      loop: (definition, path) => {
        this.#at = [definition];
        const message = `The ${definition.is} "${definition.name}" contains itself, so it would never end. Take it out here.`;
        this.#add('cycle', path, message);
      },
    });
    return this.#faults;
  }

  #add(code: FaultCode, path: string, message: string): void {
    const source = sourceOf(...this.#at);
    this.#faults.push({ code, path, message, ...(source === undefined ? {} : { source }) });
  }

  #option(path: string, option: string, value: unknown, expected: string): void {
    this.#add('bad-option', path, `Option "${option}" cannot be ${show(value)}: it takes ${expected}.`);
  }

  #definition(definition: AnyDefinition, path: string): void {
    this.#at = [definition];
    this.#name(definition.name, definition.is, path);
    this.#notes(definition, path);
    switch (definition.is) {
      case 'task':
        this.#task(definition, path);
        break;
      case 'track':
        this.#track(definition, path);
        break;
      case 'sleep':
        if (!(definition.ms >= 0)) this.#option(path, 'duration', definition.ms, 'a duration');
        break;
      case 'wait':
        this.#wait(definition, path);
        break;
      case 'composite':
        this.#composite(definition, path);
        break;
      case 'orchestrator':
        this.#orchestrator(definition, path);
        break;
      default:
        definition satisfies never;
    }
  }

  #name(name: unknown, what: string, path: string): void {
    const problem = nameProblem(name);
    if (problem === null) return;
    this.#add(
      'bad-name',
      path,
      `${show(name)} cannot be the name of ${article(what)}: ${problem}. Choose another name.`,
    );
  }

  #notes(owner: object, path: string): void {
    for (const { code, message, at } of notesOf(owner)) {
      this.#add(code, at === undefined ? path : `${path}/${at}`, message);
    }
  }

  #task(task: TaskDefinition, path: string): void {
    const known = this.#tasks.get(task.name);
    if (known === undefined) this.#tasks.set(task.name, { definition: task, path });
    else {
      const message = `Two different tasks are called "${task.name}": this one and the one at ${known.path}. A body is bound by the name of its task; rename one of them, or use one and the same.`;
      this.#add('duplicate-name', path, message);
    }
    this.#schema(task.input, 'input', path);
    this.#schema(task.output, 'output', path);
    this.#function(task.run, 'run', path, 'bad-body');
    this.#function(task.compensate, 'compensate', path, 'bad-body');
    this.#function(task.cleanup, 'cleanup', path, 'bad-body');
    if (!(task.cleanupTimeout > 0)) this.#option(path, 'cleanupTimeout', task.cleanupTimeout, 'a duration above 0');
    if (task.timeout !== undefined && !(task.timeout > 0)) {
      this.#option(path, 'timeout', task.timeout, 'a duration above 0; leave it out for an attempt without a limit');
    }
    this.#retry(task.retry, path);
  }

  #retry(retry: TaskDefinition['retry'], path: string): void {
    const { maxAttempts, backoff, jitter } = retry;
    if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
      this.#option(path, 'retry.maxAttempts', maxAttempts, 'a whole number from 1 (the first attempt counts)');
    }
    if (backoff !== 'fixed' && backoff !== 'linear' && backoff !== 'exponential') {
      this.#option(path, 'retry.backoff', backoff, `'fixed', 'linear' or 'exponential'`);
    }
    if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
      this.#option(path, 'retry.jitter', jitter, 'a number from 0 to 1');
    }
    this.#function(retry.when, 'retry.when', path, 'bad-option');
  }

  #track(track: TrackDefinition, path: string): void {
    this.#schema(track.input, 'input', path, 'optional');
    this.#function(track.output, 'output', path, 'bad-option');
    this.#steps(track, 'step', path);
  }

  #wait(wait: WaitDefinition, path: string): void {
    const { signal, payload, where, timeout, onTimeout } = wait;
    if (typeof signal !== 'string' || signal === '' || signal.length > MAX_SIGNAL) {
      this.#option(path, 'signal', signal, `the name of a signal, like 'confirm', of up to ${MAX_SIGNAL} characters`);
    }
    this.#schema(payload, 'payload', path, 'optional');
    this.#function(where, 'where', path, 'bad-option');
    if (isAsync(where)) {
      const message =
        'Option "where" is an async function, and nobody could wait for it (S5). Do the waiting in a step after it.';
      this.#add('bad-option', path, message);
    }
    if (timeout !== undefined && !(timeout > 0)) {
      this.#option(path, 'timeout', timeout, 'a duration above 0; leave it out to wait for ever');
    }
    if (onTimeout !== 'fail' && timeout === undefined) {
      const message = `What is to happen "onTimeout" never happens without a "timeout". Give the step one.`;
      this.#add('bad-option', path, message);
    }
    this.#steps(wait, 'step', path);
  }

  #composite(composite: CompositeDefinition, path: string): void {
    this.#schema(composite.input, 'input', path, 'optional');
    this.#function(composite.merge, 'merge', path, 'bad-option');
    if (composite.strategy !== 'waitAll') this.#option(path, 'strategy', composite.strategy, `'waitAll'`);
    this.#steps(composite, 'member', path);
  }

  #orchestrator(orchestrator: OrchestratorDefinition, path: string): void {
    const { version, onFailure, concurrency } = orchestrator;
    if (typeof version !== 'string' || version === '') {
      this.#option(path, 'version', version, `a text that is not empty, like '1'`);
    }
    if (onFailure !== 'failFast' && onFailure !== 'continue') {
      this.#option(path, 'onFailure', onFailure, `'failFast' or 'continue'`);
    }
    if (concurrency !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(concurrency) && concurrency > 0)) {
      this.#option(path, 'concurrency', concurrency, 'a whole number from 1; leave it out for no limit');
    }
    this.#schema(orchestrator.input, 'input', path);
    this.#function(orchestrator.output, 'output', path, 'bad-option');
    this.#steps(orchestrator, 'track', path);
    this.#dependencies(orchestrator, path);
  }

  /** The uses of bodies in a definition; the bodies themselves are walked. */
  #steps(definition: AnyDefinition, what: string, path: string): void {
    const positions = new Map<string, number>();
    for (const [position, step] of stepsOf(definition).entries()) {
      const place = pathOf(path, step.name, position);
      this.#at = [step, definition];
      this.#name(step.name, what, place);
      this.#notes(step, place);
      const first = positions.get(step.name);
      if (first === undefined) positions.set(step.name, position);
      else {
        const message = `"${step.name}" is the name of two ${what}s, number ${first + 1} and number ${position + 1}. Outputs are kept by name; rename one of them.`;
        this.#add('duplicate-name', place, message);
      }
      this.#reference(step, place);
      this.#mapper(step, place);
    }
    this.#at = [definition];
  }

  #reference(step: StepDefinition, path: string): void {
    if (typeof step.body !== 'string') return;
    const explained = notesOf(step).some(({ code }) => code === 'bad-body' || code === 'unknown-reference');
    if (explained) return;
    const message = `Nothing says what ${show(step.body)} is. Give the task or the track itself, or a document with a "registry" that has it.`;
    this.#add('unknown-reference', path, message);
  }

  #mapper({ input }: StepDefinition, path: string): void {
    this.#function(input, 'input', path, 'bad-option');
    if (!isAsync(input)) return;
    this.#add(
      'bad-option',
      path,
      'The input mapper is an async function, and mappers cannot wait (S5). Do the waiting in a task before it.',
    );
  }

  #dependencies(orchestrator: OrchestratorDefinition, path: string): void {
    const uses = orchestrator.tracks;
    const positions = new Map<string, number>();
    for (const [position, { name }] of uses.entries()) if (!positions.has(name)) positions.set(name, position);
    let names: readonly string[] | undefined;
    const graph = uses.map((use, position) => {
      const place = pathOf(path, use.name, position);
      const after: number[] = [];
      this.#at = [use, orchestrator];
      for (const name of use.after) {
        const other = positions.get(name);
        if (other !== undefined && name !== use.name) after.push(other);
        else if (other !== undefined) {
          this.#add(
            'self-dependency',
            place,
            `Track "${use.name}" waits for itself, so it could never start. Take it out of its dependencies.`,
          );
        } else {
          names ??= [...positions.keys()];
          const message = `Track "${use.name}" waits for ${show(name)}, which is no track of this orchestrator. ${knownNames('tracks', names, String(name))}`;
          this.#add('unknown-reference', place, message);
        }
      }
      return after;
    });
    this.#at = [orchestrator];
    for (const cycle of cyclesIn(graph)) {
      const way = printCycle(cycle.map((position) => segmentOf(uses[position]!.name, position)));
      this.#add(
        'cycle',
        path,
        `Each of these tracks waits for the next, so none of them could start: ${way}. Take out one of the dependencies.`,
      );
    }
  }

  #schema(schema: unknown, option: string, path: string, needed: 'needed' | 'optional' = 'needed'): void {
    if (isSchema(schema) || (schema === undefined && needed === 'optional')) return;
    const found = schema === undefined ? 'is missing' : `is ${show(schema)}`;
    this.#add(
      'bad-schema',
      path,
      `The schema "${option}" ${found}. Give a schema of any Standard Schema library, such as Zod.`,
    );
  }

  #function(value: unknown, option: string, path: string, code: FaultCode): void {
    if (value === undefined || typeof value === 'function') return;
    this.#add(code, path, `Option "${option}" cannot be ${show(value)}: it takes a function.`);
  }
}

/** Is it written as an `async` function? What merely answers with a promise cannot be told beforehand. */
export function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AsyncFunction]';
}

function article(what: string): string {
  return /^[aeiou]/.test(what) ? `an ${what}` : `a ${what}`;
}
