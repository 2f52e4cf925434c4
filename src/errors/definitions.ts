/** What is wrong with a definition, or with what a box is set up with. */
import type { Fault } from '../faults.ts';
import { hide, shorten } from '../traces.ts';
import { SignalboxError } from './base.ts';
import { show } from './thrown.ts';
import { known } from './wording.ts';

/** A definition has faults; all of them are listed (S3). */
export class DefinitionInvalid extends SignalboxError<{
  readonly definition: string;
  readonly faults: readonly Fault[];
}> {
  readonly code = 'definition-invalid';
  readonly faults: readonly Fault[];
  constructor(fields: { definition: string; faults: readonly Fault[] }) {
    const count = fields.faults.length === 1 ? 'a fault' : `${fields.faults.length} faults`;
    const list = fields.faults.map(lineAbout).join('');
    super(`The definition of "${fields.definition}" has ${count}; fix these before starting a run.${list}`, fields);
    this.faults = fields.faults;
    hide(this, 'fields', 'faults');
    shorten(this);
  }
}

/** A duration that cannot be read. */
export class InvalidDuration extends SignalboxError<{ readonly what: string; readonly value: unknown }> {
  readonly code = 'duration-invalid';
  constructor(fields: { what: string; value: unknown }) {
    super(
      `${show(fields.value)} is not a duration (${fields.what}). Write it like '250ms', '30s', '1h30m', '2d', or as milliseconds.`,
      fields,
    );
  }
}

/** An instant that cannot be read. */
export class InvalidInstant extends SignalboxError<{ readonly what: string; readonly value: string }> {
  readonly code = 'instant-invalid';
  constructor({ what, value }: { what: string; value: unknown }) {
    super(
      `${show(value)} is not an instant (${what}). Give a Date, milliseconds since 1970, or a text with its zone, like '2030-01-01T09:00:00Z'.`,
      { what, value: show(value) },
    );
  }
}

/** An option with a value that it cannot have. */
export class InvalidOption extends SignalboxError<{
  readonly option: string;
  readonly value: unknown;
  readonly expected: string;
}> {
  readonly code = 'option-invalid';
  /** `unknown`: there is no option of that name, and `expected` says which there are. */
  constructor({ unknown, ...fields }: { option: string; value: unknown; expected: string; unknown?: boolean }) {
    const { option, value, expected } = fields;
    super(
      unknown
        ? `Unknown option "${option}". ${expected}.`
        : `Option "${option}" cannot be ${show(value)}: it takes ${expected}.`,
      fields,
    );
  }
}

/** A task that an orchestrator calls has no body. */
export class TaskMissing extends SignalboxError<{ readonly tasks: readonly { task: string; orchestrator: string }[] }> {
  readonly code = 'task-missing';
  constructor(fields: { tasks: readonly { task: string; orchestrator: string }[] }) {
    const list = fields.tasks
      .map(({ task, orchestrator }) => `"${task}", which orchestrator "${orchestrator}" calls`)
      .join('; ');
    const names = [...new Set(fields.tasks.map(({ task }) => task))].join(', ');
    super(
      `No body was given for task ${list}. Add it to createSignalbox({ tasks: { ${names} } }), or give the task a "run".`,
      fields,
    );
  }
}

/** Bodies were given for tasks that nothing calls: most often misspelt names. */
export class TaskUnknown extends SignalboxError<{
  readonly tasks: readonly string[];
  readonly known: readonly string[];
  readonly missing: readonly string[];
}> {
  readonly code = 'task-unknown';
  constructor(fields: { tasks: readonly string[]; known: readonly string[]; missing: readonly string[] }) {
    const { tasks, missing } = fields;
    const names = tasks.map((task) => `"${task}"`).join(', ');
    const lacking = missing.length === 0 ? '' : ` Still without a body: ${missing.join(', ')}.`;
    super(
      `createSignalbox({ tasks }) has a body for ${names}, but no orchestrator calls a task of that name. ${known('tasks', fields.known)}${lacking}`,
      fields,
    );
  }
}

/** The box was asked to start an orchestrator that it was not given. */
export class OrchestratorUnknown extends SignalboxError<{
  readonly orchestrator: string;
  readonly known: readonly string[];
}> {
  readonly code = 'orchestrator-unknown';
  constructor(fields: { orchestrator: string; known: readonly string[]; another: boolean }) {
    const { orchestrator, known: names, another } = fields;
    const message = another
      ? `This box has another definition under the name "${orchestrator}" and this version. Start the very object that it was given, or give this one a version of its own.`
      : `This box has no orchestrator "${orchestrator}". ${known('orchestrators', names)} Add it to createSignalbox({ orchestrators: [...] }).`;
    super(message, { orchestrator, known: names });
  }
}

/** A kind of step that nobody registered. */
export class KindUnknown extends SignalboxError<{ readonly kind: string; readonly known: readonly string[] }> {
  readonly code = 'kind-unknown';
  constructor(fields: { kind: string; known: readonly string[] }) {
    super(
      `No kind of step is called "${fields.kind}". ${known('kinds', fields.known)} One from outside is given to the box: createSignalbox({ kinds: [${fields.kind}] }).`,
      fields,
    );
  }
}

/** A kind of step was registered under a name that is taken. */
export class KindTaken extends SignalboxError<{ readonly kind: string }> {
  readonly code = 'kind-taken';
  constructor(fields: { kind: string }) {
    super(`A kind of step called "${fields.kind}" is registered already. Give yours another name.`, fields);
  }
}

/** The machine of a kind wants what a host cannot keep. */
export class KindInvalid extends SignalboxError<{ readonly kind: string; readonly faults: readonly string[] }> {
  readonly code = 'kind-invalid';
  constructor(fields: { kind: string; faults: readonly string[] }) {
    super(`The machine of kind "${fields.kind}" cannot be kept: ${fields.faults.join(' ')}`, fields);
  }
}

function lineAbout({ path, message, code, source }: Fault): string {
  return `\n  ${path}: ${message} [${code}]${source === undefined ? '' : `\n    defined at ${source}`}`;
}
