/**
 * The check of names of steps whose deciders an approval excludes (S3, S29). A name is looked for as `core/deciders.ts` does it in a
 * run: the nearest one around the step that asks. It has to come before that step on every way to it, and somebody has to be asked there;
 * whatever cannot be said to is a fault, for an approval that excludes nobody lets in whoever was meant.
 */
import type { AnyDefinition, StepDefinition } from '../definition.ts';
import { declarationOf } from '../machines/declarations.ts';
import { closest, segmentOf } from '../names.ts';
import type { ApprovalSpec, AskingSpec } from '../people.ts';
import { pathOf, stepsOf, walk } from './walk.ts';

/** What stands around a step: all names there, and those that come before it. */
interface Around {
  readonly all: readonly StepDefinition[];
  readonly before: readonly StepDefinition[];
}

interface Place {
  readonly owner: AnyDefinition;
  readonly step: StepDefinition;
  readonly path: string;
  /** The nearest first. */
  readonly around: readonly Around[];
}

/** A name that excludes nobody, and why. `of` is what has it and what that stands in. */
export interface DecidersFault {
  readonly of: readonly object[];
  readonly path: string;
  readonly message: string;
}

/** Where a part of a definition runs by itself, what stands around it is not known: then the run looks. */
export function decidersFaults(root: AnyDefinition): readonly DecidersFault[] {
  if (root.is !== 'orchestrator') return [];
  const loops: AnyDefinition[] = [];
  const below = walk(root, { enter() {}, loop: (definition) => void loops.push(definition) });
  // One that contains itself is a fault already, and has no end of places.
  if (loops.length > 0) return [];
  const looking = new Set<AnyDefinition>();
  // Each comes after all that it contains.
  for (const each of below)
    if (namesIn(each).length > 0 || stepsOf(each).some(({ body }) => looking.has(body as AnyDefinition)))
      looking.add(each);
  if (!looking.has(root)) return [];
  const asking = new Set<AnyDefinition>();
  for (const each of below)
    if (specsOf(each).length > 0 || stepsOf(each).some(({ body }) => asking.has(body as AnyDefinition)))
      asking.add(each);
  const faults: DecidersFault[] = [];
  for (const name of namesIn(root))
    faults.push({
      of: [root],
      path: segmentOf(root.name, 0),
      message: `${said(name)}, and nothing comes before a run.`,
    });
  for (const { owner, step, path, around } of placesIn(root, looking))
    for (const name of namesIn(step.body as AnyDefinition)) {
      const why = whyNot(name, around, asking);
      if (why !== null) faults.push({ of: [step, owner], path, message: `${said(name)}, ${why}` });
    }
  return faults;
}

function said(name: string): string {
  return `Option "excluded.decidersOf" names "${name}"`;
}

/** The places of those definitions, in declared order: one that is used in several has several. */
function placesIn(root: AnyDefinition, wanted: ReadonlySet<AnyDefinition>): readonly Place[] {
  const places: Place[] = [];
  const below = (owner: AnyDefinition, at: string, above: readonly Around[]): Place[] => {
    const steps = stepsOf(owner);
    return steps.flatMap((step, position) => {
      if (!wanted.has(step.body as AnyDefinition)) return [];
      const before = declarationOf(owner).before?.(owner, position) ?? [];
      const around = [{ all: [...steps, ...before], before }, ...above];
      return [{ owner, step, path: pathOf(at, step.name, position), around }];
    });
  };
  const todo = below(root, segmentOf(root.name, 0), []).reverse();
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    places.push(place);
    todo.push(...below(place.step.body as AnyDefinition, place.path, place.around).reverse());
  }
  return places;
}

/** Why a name excludes nobody; null if it does exclude somebody. */
function whyNot(name: string, around: readonly Around[], asking: ReadonlySet<AnyDefinition>): string | null {
  const [first, ...rest] = name.split('/') as [string, ...string[]];
  const near = around.find(({ all }) => all.some((step) => step.name === first));
  if (near === undefined) return `and nothing around it has that name.${meant(name, around, asking)}`;
  let found = near.before.find((step) => step.name === first);
  if (found === undefined) return `and "${first}" does not end before it begins.${meant(name, around, asking)}`;
  for (const next of rest) {
    const below: readonly StepDefinition[] = stepsIn(found);
    const inside = found.name;
    found = below.find((step) => step.name === next);
    if (found === undefined) return `and "${inside}" has nothing of the name "${next}".${meant(name, around, asking)}`;
  }
  return asks(found, asking) ? null : `and nobody is asked anything there.${meant(name, around, asking)}`;
}

/** The approval of a run is made of its options, and stands in no definition. */
function asks({ body }: StepDefinition, asking: ReadonlySet<AnyDefinition>): boolean {
  return typeof body !== 'string' && (asking.has(body) || specsOf(body).length > 0);
}

/** Steps that follow each other stand under their names. */
function stepsIn({ body }: StepDefinition): readonly StepDefinition[] {
  return typeof body === 'string' || declarationOf(body).before === undefined ? [] : stepsOf(body);
}

/** The names that would do, and the one that was perhaps meant. */
function meant(name: string, around: readonly Around[], asking: ReadonlySet<AnyDefinition>): string {
  const known = new Set<string>();
  for (const { before } of around)
    for (const step of before) {
      if (!asks(step, asking)) continue;
      known.add(step.name);
      for (const below of stepsIn(step)) if (asks(below, asking)) known.add(`${step.name}/${below.name}`);
    }
  if (known.size === 0) return ' Nobody is asked anything before it.';
  const names = [...known];
  const guess = names.find((each) => each.endsWith(`/${name}`)) ?? closest(name, names);
  const list = `${names.slice(0, LISTED).join(', ')}${names.length > LISTED ? ', …' : ''}`;
  return ` Somebody is asked before it at: ${list}.${guess == null ? '' : ` Did you mean "${guess}"?`}`;
}

const LISTED = 20;

/** The approvals of a definition itself, and not of what is below it. */
function specsOf(definition: AnyDefinition): readonly ApprovalSpec[] {
  const { approval, review, rejected } = definition as Partial<
    AskingSpec & { review: ApprovalSpec; rejected: ApprovalSpec }
  >;
  return [approval, review, rejected].filter((each) => each !== undefined);
}

/** The names that it excludes the deciders of; what is no list of names is a fault of its own. */
function namesIn(definition: AnyDefinition): readonly string[] {
  const names = specsOf(definition).flatMap(({ excluded }) => {
    if (typeof excluded === 'function') return [];
    const { decidersOf } = excluded as { readonly decidersOf: unknown };
    return Array.isArray(decidersOf) ? decidersOf.filter((name) => typeof name === 'string') : [];
  });
  return [...new Set(names)];
}
