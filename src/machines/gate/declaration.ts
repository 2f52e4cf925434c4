/**
 * A gate where it is declared: criteria, where the values come from, who looks at what is not quite good enough, and who may let
 * through what is not good enough at all. The values are made by its mapper, and are its input: they stand in its row.
 */
import type { Checker, Declaration, ReadPort } from '../../core/declaration.ts';
import type { BodyDefinition, Facts, GroupDefinition, Mapper, StepDefinition } from '../../definition.ts';
import type { Criteria, Criterion, GateDefinition, GateSpec, Judgement } from '../../gates.ts';
import { show } from '../../errors/index.ts';
import { speakingFor } from '../../mapping.ts';
import type { ApprovalSpec } from '../../people.ts';
import { DEFAULT_THRESHOLD, judge, sayMissed } from '../../policies/gates.ts';
import { disarm, isThenable } from '../../promises.ts';
import { AS_IT_COMES } from '../../schema.ts';
import { checkApproval, linesOfApproval, readApproval } from '../approval/reading.ts';
import { checkMapper } from '../together.ts';

type Values = { readonly [metric: string]: unknown };

const KEYS = ['criteria', 'values', 'threshold', 'steps', 'min', 'review', 'override', 'action'];
const CRITERION_KEYS = ['min', 'max', 'equals', 'required'];
/** Where a gate does something on passing, it is a group of these. */
const [JUDGES, ACTS, LEAVES] = ['judge', 'action', 'result'];

/** A gate, or a gate with what is done when it lets something through. */
export function readGate(
  name: unknown,
  options: unknown,
  reader: ReadPort,
  view?: GateDefinition['view'],
): readonly [BodyDefinition, Mapper | undefined] {
  const given = reader.options(options, 'options of a gate', KEYS);
  const definition = definitionOf(name, given, view, reader);
  const mapper = judging(definition);
  if (given.action === undefined) return [definition, mapper];
  const group: GroupDefinition = {
    is: 'group',
    name: name as string,
    steps: [
      Object.freeze({
        name: JUDGES,
        body: Object.freeze({ ...definition, name: JUDGES }),
        input: mapper,
      }) as StepDefinition,
      reader.use(ACTS, given.action),
      Object.freeze({ name: LEAVES, body: RESULT, input: resultOf }) as StepDefinition,
    ],
    onError: undefined,
  };
  return [group, undefined];
}

const RESULT: BodyDefinition = Object.freeze({ is: 'aggregate', name: LEAVES as string, output: AS_IT_COMES });

function resultOf({ outputs }: Facts): unknown {
  const { [JUDGES as string]: judged, [ACTS as string]: action } = outputs;
  return { ...(judged as object), action: action ?? null };
}

function definitionOf(
  name: unknown,
  given: { readonly [key: string]: unknown },
  view: GateDefinition['view'],
  reader: ReadPort,
): GateDefinition {
  const { values, threshold = DEFAULT_THRESHOLD, steps = [] } = given;
  const areNamed = Array.isArray(steps) && steps.every((step) => typeof step === 'string');
  if (!areNamed)
    reader.note('bad-option', `Option "steps" cannot be ${show(steps)}: it takes a list of names of earlier steps.`);
  const override = reader.options(given.override, 'option "override"', ['roles']);
  const bounds: { [metric: string]: unknown } = {};
  for (const [metric, bound] of Object.entries(tableIn('min', given, reader)))
    bounds[metric] = { min: bound, required: true };
  const review = { ask: asked('is not quite good enough'), show: shown, ...tableIn('review', given, reader) };
  const standing = {
    ask: asked('is closed'),
    show: shown,
    decisions: ['approve', 'reject', 'skip', 'abort'],
    reasons: true,
    assignees: { roles: override.roles },
  };
  return {
    is: 'gate',
    name: name as string,
    criteria: Object.freeze({ ...tableIn('criteria', given, reader), ...bounds }) as Criteria,
    threshold: threshold as number,
    values: values as Mapper | undefined,
    steps: areNamed ? steps : [],
    view,
    review: readApproval(review, reader, 'option "review" of a gate'),
    rejected: readApproval(standing, reader),
  };
}

/** An option that is an object, or nothing. */
function tableIn(option: string, given: { readonly [key: string]: unknown }, reader: ReadPort): object {
  const { [option]: table = {} } = given;
  if (typeof table === 'object' && table !== null && !Array.isArray(table)) return table;
  reader.note('bad-option', `Option "${option}" cannot be ${show(table)}: it takes an object.`);
  return {};
}

/** What somebody is asked who looks at it. */
function asked(how: string): Mapper {
  return ({ judgement }: Facts & { readonly judgement?: Judgement }) =>
    judgement === undefined
      ? `The gate ${how}.`
      : `The gate ${how} (score ${Math.round(judgement.score)}): ${sayMissed(judgement)}. Let it pass?`;
}

const shown: Mapper = ({ judgement }: Facts & { readonly judgement?: Judgement }) => judgement;

/** The mapper of its step: a value for each criterion. */
function judging({ criteria, values, steps, view }: GateDefinition): Mapper {
  const mapper: Mapper = (given) => judged(view === undefined ? given : view(given));
  // Of a gate that looks into something else, the names are names in there.
  return view === undefined ? speakingFor(mapper, values) : mapper;

  function judged(facts: Facts): unknown {
    const given: unknown = values === undefined ? byPath(criteria, steps, facts) : values(facts);
    if (isThenable(given)) return given;
    const found: { [metric: string]: unknown } = {};
    for (const metric of Object.keys(criteria)) found[metric] = sayable(at(given, [metric]));
    for (const step of steps) if ((facts.outputs[step] ?? null) !== null) found[step] = 1;
    return found;
  }
}

/** As JSON can say it: what is no number is missed whatever it is, and not a mistake of whoever measured. */
function sayable(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // The rejection of a promise would otherwise end the process as unhandled.
  disarm(value);
  return typeof value === 'object' ? '(an object)' : `(a ${typeof value})`;
}

/** Steps that have to have completed, as criteria. */
function all(steps: readonly string[]): Criteria {
  return Object.fromEntries(steps.map((step) => [step, { equals: 1, required: true }]));
}

/** A criterion is the path of its value in the outputs; of the steps that it is about, if it names none. */
function byPath(
  criteria: Criteria,
  steps: readonly string[],
  { outputs }: Facts,
): { readonly [metric: string]: unknown } {
  const found: { [metric: string]: unknown } = {};
  for (const metric of Object.keys(criteria)) {
    const own = steps.map((step) => at(outputs[step], metric.split('.'))).find((value) => value !== undefined);
    found[metric] = own === undefined ? at(outputs, metric.split('.')) : own;
  }
  return found;
}

function at(from: unknown, path: readonly string[]): unknown {
  let value: unknown = from;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return value;
}

export const gateDeclaration: Declaration<GateDefinition> = {
  name: 'gate',
  noun: 'step',
  check(gate, checker) {
    const { criteria, threshold, values, steps, review, rejected } = gate;
    if (Object.keys(criteria).length + steps.length === 0)
      checker.fault(
        'bad-option',
        'A gate without criteria judges nothing. Give it "criteria", or "steps" that have to have completed.',
      );
    for (const [metric, criterion] of Object.entries(criteria)) checkCriterion(metric, criterion, checker);
    if (typeof threshold !== 'number' || !(threshold >= 0 && threshold <= 100))
      checker.option('threshold', threshold, 'percent of the criteria, a number from 0 to 100');
    checkMapper(values, 'values', checker);
    checkApproval(review, 'step', checker);
    checkApproval(rejected, 'standing', checker);
  },
  /** What it says that it reads has to be there before it. */
  reads: (gate) => (gate.view === undefined ? namesRead(gate) : []),
  plan: ({ criteria, threshold, steps, review, rejected }) => ({
    spec: Object.freeze({
      criteria: Object.freeze({ ...all(steps), ...criteria }),
      threshold,
      approval: review,
      standing: rejected,
      beside: (input) => ({ judgement: judge({ ...all(steps), ...criteria }, input as Values, { threshold }) }),
    } satisfies GateSpec),
  }),
  lines({ spec }) {
    const { criteria, threshold, approval, standing } = spec as GateSpec;
    const lines = Object.entries(criteria).map(([metric, criterion]) => `${metric} ${JSON.stringify(criterion)}`);
    return [...lines, `passes from ${threshold} %`, ...about('review', approval), ...about('override', standing)];
  },
};

/** The outputs that it reads, as far as it says which. */
export function namesRead({ criteria, values, steps }: GateDefinition): readonly string[] {
  const isByPath = values === undefined && steps.length === 0;
  const names = isByPath ? Object.keys(criteria).map((path) => path.split('.')[0] as string) : [];
  return [...new Set([...names, ...steps])];
}

function about(what: string, spec: ApprovalSpec): readonly string[] {
  return linesOfApproval(spec).map((line) => `${what}: ${line}`);
}

function checkCriterion(metric: string, given: Criterion, checker: Checker): void {
  const option = `criteria.${metric}`;
  if (typeof given !== 'object' || given === null)
    return checker.option(option, given, '{ min, max, equals, required }');
  for (const key of Object.keys(given))
    if (!CRITERION_KEYS.includes(key))
      checker.fault('unknown-key', `"${option}" cannot have "${key}". Known keys: ${CRITERION_KEYS.join(', ')}.`);
  const { min, max, equals, required } = given;
  for (const [key, value] of Object.entries({ min, max, equals }))
    if (value !== undefined && !Number.isFinite(value)) checker.option(`${option}.${key}`, value, 'a finite number');
  if (min === undefined && max === undefined && equals === undefined)
    checker.fault('bad-option', `"${option}" asks for nothing: give it "min", "max" or "equals".`);
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    checker.fault('bad-option', `"${option}" can never be met: its "min" of ${min} is above its "max" of ${max}.`);
  if (required !== undefined && typeof required !== 'boolean')
    checker.option(`${option}.required`, required, 'true or false');
}
