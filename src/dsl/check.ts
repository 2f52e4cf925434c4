/**
 * The check of a definition (S3): everything that is wrong with it, at once, each fault
 * with a code, a place and a way out. It runs before a run exists, once per definition.
 *
 * What a builder could not put into the data comes from its notes; everything else is read
 * off the definition, so a definition from anywhere can be checked.
 */
import type { Checker } from '../core/declaration.ts';
import { isAsync } from '../core/declaration.ts';
import type { AnyDefinition, StepDefinition } from '../definition.ts';
import type { Fault, FaultCode } from '../faults.ts';
import { fromMs } from '../duration.ts';
import { DefinitionInvalid, show } from '../errors/index.ts';
import { declarationOf } from '../machines/declarations.ts';
import { checkUndo, REVIEWED_AND_UNDONE } from '../machines/task/declaration.ts';
import { mappingFaults, namesReadBy } from '../mapping.ts';
import { knownNames, nameProblem, segmentOf } from '../names.ts';
import { isSchema } from '../schema.ts';
import { CACHED_AND_UNDONE } from './cache.ts';
import { decidersFaults } from './deciders.ts';
import { notesOf } from './notes.ts';
import { sourceOf } from './source.ts';
import { pathOf, walk } from './walk.ts';

const checked = new WeakMap<AnyDefinition, readonly Fault[]>();

/** Every fault of a definition and of all that it contains, in declared order. */
export function faultsOf(definition: AnyDefinition): readonly Fault[] {
  let faults = checked.get(definition);
  if (faults === undefined) {
    faults = Object.freeze(new Check().all(definition));
    checked.set(definition, faults);
  }
  return faults;
}

/** Throws a `DefinitionInvalid` that lists every fault, if there are any. */
export function assertValid(definition: AnyDefinition): void {
  const faults = faultsOf(definition);
  if (faults.length > 0) throw new DefinitionInvalid({ definition: segmentOf(definition.name, 0), faults });
}

/** A definition that was met under its name, and where. */
interface Met {
  readonly definition: object;
  readonly path: string;
}

class Check implements Checker {
  readonly #faults: Fault[] = [];
  /** What is looked at, and what it is part of. */
  #at: readonly object[] = [];
  /** Where it stands. */
  #path = '';
  /** Places of which nothing could be read. */
  readonly #unread: string[] = [];
  readonly #met = new Map<string, Met>();

  of(step: StepDefinition, position: number, code: FaultCode, message: string): void {
    const [owner] = this.#at;
    this.#at = owner === undefined ? [step] : [step, owner];
    this.#add(code, pathOf(this.#path, step.name, position), message);
    this.#at = owner === undefined ? [] : [owner];
  }

  all(root: AnyDefinition): Fault[] {
    walk(root, {
      enter: (definition, path) => this.#definition(definition, path),
      loop: (definition, path) => {
        this.#at = [definition];
        const message = `The ${nameOf(definition)} "${definition.name}" contains itself, so it would never end. Take it out here.`;
        this.#add('cycle', path, message);
      },
    });
    for (const { of, path, message } of decidersFaults(root)) {
      this.#at = of;
      this.#add('unknown-reference', path, message);
    }
    return this.#faults;
  }

  #add(code: FaultCode, path: string, message: string): void {
    if (this.#unread.some((place) => path === place || path.startsWith(`${place}/`))) return;
    const source = sourceOf(...this.#at);
    this.#faults.push({ code, path, message, ...(source === undefined ? {} : { source }) });
  }

  #definition(definition: AnyDefinition, path: string): void {
    this.#at = [definition];
    this.#path = path;
    this.#name(definition.name, nameOf(definition), path);
    this.#notes(definition, path);
    declarationOf(definition).check(definition, this);
    this.#within(definition, path);
  }

  /** What would take longer than the deadline that it stands in is over before it ends. */
  #within(definition: AnyDefinition, path: string): void {
    const { deadline } = definition as { readonly deadline?: number };
    if (deadline === undefined || !(deadline > 0)) return;
    const name = segmentOf(definition.name, 0);
    walk(definition, {
      enter: (below, at) => {
        const [option, ms] = below === definition ? ['', 0] : longestIn(below);
        if (!(ms > deadline)) return;
        this.#at = [below, definition];
        const message = `The ${nameOf(definition)} "${definition.name}" has a deadline of ${fromMs(deadline)}, and this has a "${option}" of ${fromMs(ms)}, which would never be reached. Make it shorter, or the deadline longer.`;
        this.#add('bad-option', `${path}${at.slice(name.length)}`, message);
      },
      loop: () => {},
    });
    this.#at = [definition];
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
    const notes = notesOf(owner);
    const all = notes.filter(({ isAll }) => isAll);
    for (const { code, message, at } of all.length > 0 ? all : notes) {
      this.#add(code, at === undefined ? path : `${path}/${at}`, message);
    }
    if (all.length > 0) this.#unread.push(path);
  }

  fault(code: FaultCode, message: string): void {
    this.#add(code, this.#path, message);
  }

  /** A mapper may be looked at as a step's and as an option of what the step is. */
  #once(code: FaultCode, message: string): void {
    const isKnown = this.#faults.some((fault) => fault.path === this.#path && fault.message === message);
    if (!isKnown) this.fault(code, message);
  }

  option(option: string, value: unknown, expected: string, code: FaultCode = 'bad-option'): void {
    this.fault(code, `Option "${option}" cannot be ${show(value)}: it takes ${expected}.`);
  }

  schema(schema: unknown, option: string, needed?: 'optional'): void {
    if (isSchema(schema) || (schema === undefined && needed === 'optional')) return;
    const found = schema === undefined ? 'is missing' : `is ${show(schema)}`;
    this.fault(
      'bad-schema',
      `The schema "${option}" ${found}. Give a schema of any Standard Schema library, such as Zod.`,
    );
  }

  function(value: unknown, option: string, code: FaultCode = 'bad-option'): void {
    for (const fault of mappingFaults(value)) this.#once(fault.code, fault.message);
    if (value === undefined || typeof value === 'function') return;
    this.fault(code, `Option "${option}" cannot be ${show(value)}: it takes a function.`);
  }

  metBefore(what: string, name: string, definition: object): string | null {
    const key = `${what} ${name}`;
    const known = this.#met.get(key);
    if (known !== undefined) return known.definition === definition ? null : known.path;
    this.#met.set(key, { definition, path: this.#path });
    return null;
  }

  /** The uses of bodies in a definition; the bodies themselves are walked. */
  steps(steps: readonly StepDefinition[], what: string): void {
    const [definition] = this.#at as readonly [object];
    const path = this.#path;
    const positions = new Map<string, number>();
    for (const [position, step] of steps.entries()) {
      const place = pathOf(path, step.name, position);
      this.#at = [step, definition];
      this.#path = place;
      this.#name(step.name, what, place);
      this.#notes(step, place);
      const first = positions.get(step.name);
      if (first === undefined) positions.set(step.name, position);
      else {
        const message = `"${step.name}" is the name of two ${what}s, number ${first + 1} and number ${position + 1}. Outputs are kept by name; rename one of them.`;
        this.#add('duplicate-name', place, message);
      }
      this.#reference(step, place);
      this.#mapper(step);
      this.#undo(step);
      this.#optional(step);
      if (what === 'step') this.#reads(step, positions);
      this.#cache(step);
    }
    this.#at = [definition];
    this.#path = path;
  }

  /** What a step says that it reads comes before it; what is around a group is seen by its steps, too. */
  #reads(step: StepDefinition, positions: ReadonlyMap<string, number>): void {
    const { name } = step;
    const owner = this.#at.at(-1) as AnyDefinition;
    if (declarationOf(owner).noun !== 'track') return;
    for (const read of readsOf(step)) {
      if (read !== name && positions.has(read)) continue;
      const known = [...positions.keys()].filter((each) => each !== name);
      const message = `It reads the output of "${read}", and no step before it has that name. ${knownNames('steps', known, read)}`;
      this.fault('unknown-reference', message);
    }
  }

  #reference(step: StepDefinition, path: string): void {
    if (typeof step.body !== 'string') return;
    const explained = notesOf(step).some(({ code }) => code === 'bad-body' || code === 'unknown-reference');
    if (explained) return;
    const message = `Nothing says what ${show(step.body)} is. Give the task or the track itself, or a document with a "registry" that has it.`;
    this.#add('unknown-reference', path, message);
  }

  #undo({ body, undo }: StepDefinition): void {
    if (undo === undefined) return;
    if (typeof body !== 'string' && body.is !== 'task')
      this.fault(
        'bad-option',
        `Only a task is undone as a whole: the steps of the ${nameOf(body)} "${body.name}" are undone one by one. Say it at its tasks.`,
      );
    checkUndo(undo, this);
    // What the task says of both is told there.
    const isTold = typeof body === 'string' || body.is !== 'task' || body.review === undefined || body.compensate;
    if (undo.compensate !== undefined && !isTold) this.fault('bad-option', REVIEWED_AND_UNDONE);
  }

  #optional({ optional, permissive }: StepDefinition): void {
    for (const [option, value] of Object.entries({ optional, permissive }))
      if (value !== undefined && typeof value !== 'boolean') this.option(option, value, 'true or false');
    if (optional === true && permissive === true)
      this.fault(
        'bad-option',
        'A step is optional, and its failure counts for nothing, or permissive, and it counts at the end: not both.',
      );
  }

  #cache({ body, undo, cache }: StepDefinition): void {
    const task = typeof body !== 'string' && body.is === 'task' ? body : null;
    if (cache !== undefined && task === null && typeof body !== 'string')
      this.fault('bad-option', `Only what a task answers is kept: say "cache" at the tasks of the ${nameOf(body)}.`);
    const compensate = undo === undefined ? task?.compensate : undo.compensate;
    // What the task says of both is told there.
    if ((cache ?? task?.cache) !== undefined && compensate !== undefined && (cache ?? undo) !== undefined)
      this.fault('bad-option', CACHED_AND_UNDONE);
  }

  #mapper({ input }: StepDefinition): void {
    this.function(input, 'input');
    if (!isAsync(input)) return;
    this.fault(
      'bad-option',
      'The input mapper is an async function, and mappers cannot wait (S5). Do the waiting in a task before it.',
    );
  }
}

/** The longest time that something says it may take, and by which option; 0 if it says none. */
function longestIn(definition: AnyDefinition): readonly [option: string, ms: number] {
  const { deadline, timeout, totalTimeout, ms } = definition as object as { readonly [option: string]: unknown };
  let longest: readonly [string, number] = ['', 0];
  for (const [option, value] of Object.entries({ deadline, timeout, totalTimeout, duration: ms }))
    if (typeof value === 'number' && value > longest[1]) longest = [option, value];
  return longest;
}

/** What a step reads of those before it, as far as it says so, with what the steps in it read that are not about each other. */
function readsOf({ input, body }: StepDefinition): readonly string[] {
  const mapped = namesReadBy([input]);
  if (typeof body === 'string') return mapped;
  const { noun, steps, reads } = declarationOf(body);
  const own = [...mapped, ...(reads?.(body) ?? [])];
  if (noun !== 'step' || steps === undefined) return [...new Set(own)];
  const below = steps(body);
  const names = below.map(({ name }) => name);
  const read = below.flatMap(readsOf).filter((name) => !names.includes(name));
  return [...new Set([...own, ...read])];
}

/** What a definition is called in a message: its kind. */
function nameOf(definition: AnyDefinition): string {
  return declarationOf(definition).name;
}

function article(what: string): string {
  return /^[aeiou]/.test(what) ? `an ${what}` : `a ${what}`;
}
