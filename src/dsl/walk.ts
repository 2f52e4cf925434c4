/**
 * Walks every body below a definition once, without recursion: bodies may be nested as
 * deep as somebody likes, and one that is used in many places is one body.
 */
import type { AnyDefinition, BodyDefinition, StepDefinition } from '../definition.ts';
import { declarationOf } from '../machines/declarations.ts';
import { segmentOf } from '../names.ts';

interface Visitor {
  /** A definition is met for the first time, before what is below it. */
  enter(definition: AnyDefinition, path: string): void;
  /** A definition contains itself. */
  loop(definition: AnyDefinition, path: string): void;
}

interface Stop {
  readonly definition: AnyDefinition;
  readonly path: string;
  /** True on the way back, when everything below has been walked. */
  readonly leaving: boolean;
}

/** The definitions below `root` and itself, each after all that it contains. */
export function walk(root: AnyDefinition, visitor?: Visitor): readonly AnyDefinition[] {
  const walked: AnyDefinition[] = [];
  const state = new Map<AnyDefinition, 'open' | 'done'>();
  const stack: Stop[] = [{ definition: root, path: segmentOf(root.name, 0), leaving: false }];
  for (let stop = stack.pop(); stop !== undefined; stop = stack.pop()) {
    const { definition, path } = stop;
    if (stop.leaving) {
      state.set(definition, 'done');
      walked.push(definition);
      continue;
    }
    const met = state.get(definition);
    if (met === 'open') visitor?.loop(definition, path);
    if (met !== undefined) continue;
    state.set(definition, 'open');
    visitor?.enter(definition, path);
    stack.push({ definition, path, leaving: true });
    const steps = stepsOf(definition);
    // The last one goes on the stack first, so that they are walked in declared order.
    for (let at = steps.length - 1; at >= 0; at -= 1) {
      const { name, body } = steps[at]!;
      if (typeof body !== 'string') stack.push({ definition: body, path: pathOf(path, name, at), leaving: false });
    }
  }
  return walked;
}

/** What a definition uses, under the names that it uses it by. */
export function stepsOf(definition: AnyDefinition): readonly StepDefinition[] {
  return declarationOf(definition).steps?.(definition) ?? NONE;
}

const NONE: readonly StepDefinition[] = Object.freeze([]);

/** The place of a step in the definition that stands at `path`. */
export function pathOf(path: string, name: unknown, position: number): string {
  return `${path}/${segmentOf(name, position)}`;
}

/** Is this a body, and not the whole? */
export function isBody(definition: AnyDefinition): definition is BodyDefinition {
  return definition.is !== 'orchestrator';
}
