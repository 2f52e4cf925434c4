/**
 * What came of an option, as a text: the faults of the definition that it was in, or what it has changed in the plan and in the
 * lines that runs are pinned by. Mappers in the plan are called, so that what they make stands in the text, too.
 */
import { planOf, planOfTask } from '../../src/dsl/index.ts';
import { structureOf } from '../../src/dsl/structure.ts';
import type { AnyDefinition, Plan, PlanNode } from '../../src/definition.ts';
import { DefinitionInvalid, show, SignalboxError } from '../../src/errors/index.ts';
import { untyped } from './fixtures.ts';

/** What a builder has made. */
export interface Made {
  readonly definition: AnyDefinition;
}

const names = new Map<unknown, string>();

/** The value under a name that it is written by. */
export function called<T>(name: string, value: T): T {
  names.set(value, name);
  return value;
}

/** The value as the text has it. */
export function written(value: unknown): string {
  const name = names.get(value);
  if (name !== undefined) return name;
  if (typeof value === 'string') return value.length > 60 ? `'${value.charAt(0)}' × ${value.length}` : `'${value}'`;
  if (typeof value === 'function') return 'ƒ';
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value))
    return value.length > 20 ? `[${value.length} of them]` : `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  const { is, name: of, '~standard': schema } = untyped(value);
  if (schema !== undefined) return 'a schema';
  if (typeof is === 'string') return `the ${is} ${of}`;
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${written(each)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** What mappers, predicates and whatever else is in a plan are called with here. */
const TOLD = {
  n: 0.5,
  input: { n: 1, judged: 7 },
  outputs: { first: { n: 2, deep: { n: 3 }, none: null }, judge: { score: 9 }, action: 'acted' },
  ordered: [{ n: 2 }, 'last'],
  previous: { n: 4 },
  item: 'item',
  index: 0,
  accumulator: 5,
  output: { n: 6 },
  payload: { n: 7 },
  run: { id: 'run-1', key: null, startedAt: 0, metadata: { initiator: 'ann' }, variables: { kept: 8 } },
};

/** The same where nothing is there yet. */
const BARE = { input: {}, outputs: {}, ordered: [], previous: null, run: TOLD.run };

/** What a function answers, and what if nothing is there yet, should that be something else. */
function answersOf(make: (facts: unknown, more: unknown) => unknown): string {
  const [told, bare] = [answerOf(() => make(TOLD, TOLD)), answerOf(() => make(BARE, BARE))];
  return told === bare ? told : `${told}, of nothing ${bare}`;
}

function answerOf(make: () => unknown): string {
  try {
    const made = make();
    if (made instanceof Promise) return 'a promise';
    return names.get(made) ?? JSON.stringify(made, (_, each: unknown) => (each === undefined ? '(undefined)' : each));
  } catch (thrown) {
    // What the language itself says is another text in every version of it.
    return thrown instanceof SignalboxError ? `throws ${thrown.code}: ${thrown.message}` : 'throws something else';
  }
}

/** What a node has if its kind says nothing else. */
const USUAL = new Map<string, unknown>(
  Object.entries({
    ...{ task: null, spec: null, makes: 'input', schema: null, repeats: false, catches: false, sees: 'earlier' },
    ...{ strategy: 'failFast', concurrency: 1, undoes: false, holds: false, deadline: null, output: null },
    ...{ result: 'last', optional: false, permissive: false, input: null },
  }),
);
/** Said by the path, by the pin, by the children themselves, or by the kind and the name. */
const SAID = new Set(['kind', 'noun', 'called', 'what', 'children', 'childByName', 'name', 'ordinal', 'node']);
/** The engine calls it with what it has made itself. */
const NOT_CALLED = new Set(['gather']);

/** Each leaf of a value on a line of its own. */
function leaves(path: string, value: unknown, lines: string[]): void {
  const key = path.slice(path.lastIndexOf('.') + 1);
  if (names.has(value)) lines.push(`${path} = ${names.get(value)}`);
  else if (typeof value === 'function')
    lines.push(NOT_CALLED.has(key) ? `${path} = ƒ` : `${path} makes ${answersOf(untyped(value))}`);
  else if (typeof value !== 'object' || value === null || '~standard' in value)
    lines.push(`${path} = ${written(value)}`);
  else if (Object.keys(value).length === 0) lines.push(`${path} = ${Array.isArray(value) ? '[]' : '{}'}`);
  else if (Array.isArray(value) && value.every((each) => Object(each) !== each))
    lines.push(`${path} = ${written(value)}`);
  else for (const [each, below] of Object.entries(value)) leaves(`${path}.${each}`, below, lines);
}

/** Every place of a plan, with what is not as usual there. */
function placesOf(plan: Plan): readonly string[] {
  const lines: string[] = [];
  const see = (node: PlanNode, path: string): void => {
    for (const [key, value] of Object.entries(node)) {
      if (SAID.has(key) || (USUAL.has(key) && USUAL.get(key) === value)) continue;
      if ((key === 'hooks' || key === 'bodies') && (value as readonly unknown[]).length === 0) continue;
      leaves(`${path}.${key}`, value, lines);
    }
    for (const place of node.children) {
      const at = path === '(run)' ? place.name : `${path}/${place.name}`;
      for (const [key, value] of Object.entries(place))
        if (!SAID.has(key) && !(USUAL.has(key) && USUAL.get(key) === value)) leaves(`${at}.${key}`, value, lines);
      if (node.childByName.get(place.name) !== place) lines.push(`${at} is not found by its name`);
      see(place.node, at);
    }
  };
  see(plan.root, '(run)');
  lines.push(`tasks: ${[...plan.tasks.keys()].join(', ')}`, `starts: ${(plan.starts ?? []).length}`);
  return lines;
}

/** Lines of the plan, below a place, if one is named; or the faults. */
export type Outcome = { readonly faults: readonly string[] } | { readonly lines: readonly string[] };

export function outcomeOf(make: () => Made, below = ''): Outcome {
  // Nobody is to be told where it was written: for thousands of values that is most of the time that they take.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const { definition } = make();
    const plan = definition.is === 'orchestrator' ? planOf(definition) : planOfTask(untyped(definition));
    const pins = structureOf(plan).lines.flatMap(pinsOf);
    const lines = [...pins, ...placesOf(plan)].filter(
      (line) => line.startsWith(below) || /^(tasks|starts):/.test(line),
    );
    return { lines };
  } catch (thrown) {
    if (!(thrown instanceof DefinitionInvalid)) return { faults: [`throws ${String(thrown)}`] };
    return { faults: thrown.faults.map(({ code, path, message }) => `${code} at ${path}: ${message}`) };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What a run is pinned to at a place, thing by thing. */
function pinsOf(line: string): readonly string[] {
  const [path, kind, name, ...rest] = line.split(' | ');
  return [`${path} | ${kind} ${name}`, ...rest.map((each) => `${path} | ${each}`)];
}

/** What came of a value beside what comes of the same without it. */
export function cameOf(outcome: Outcome, without: Outcome, value: unknown): string {
  if ('faults' in outcome) return outcome.faults.map((fault) => `  ✗ ${inGeneral(fault, value)}`).join('\n');
  const before = 'lines' in without ? without.lines : [];
  const come = outcome.lines.filter((line) => !before.includes(line));
  // What has another value now is said once.
  const about = new Set(come.map(subjectOf));
  const gone = before.filter((line) => !outcome.lines.includes(line) && !about.has(subjectOf(line)));
  return (
    [...gone.map((line) => `  - ${line}`), ...come.map((line) => `  + ${line}`)].join('\n') || '  ✓ as it is anyway'
  );
}

/** What a line says something of; a pin is only about itself. */
function subjectOf(line: string): string {
  return / (=|makes) /.exec(line) === null || line.includes(' | ') ? line : line.replace(/ (=|makes) .*/s, '');
}

/** Many values are refused with the same words. */
function inGeneral(fault: string, value: unknown): string {
  for (const each of [value, ...within(value)])
    for (const frame of [
      ' cannot be …: ',
      '" is …. Give',
      ': … is not an instant',
      ': … cannot be the name',
      '; got ….',
    ]) {
      const text = frame.replace('…', show(each));
      if (fault.includes(text)) return fault.replace(text, () => frame);
    }
  return fault;
}

function within(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || names.has(value)) return [];
  return Object.values(value).flatMap((each: unknown) => [each, ...within(each)]);
}
