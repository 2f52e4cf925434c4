/** Members of which some wait for others, by name: what is wrong with that, and the same by number. */
import { type Checker, NO_ORDINALS } from '../core/declaration.ts';
import type { StepDefinition } from '../definition.ts';
import { show } from '../errors/index.ts';
import { namesReadBy } from '../mapping.ts';
import { knownNames, segmentOf } from '../names.ts';
import { cyclesIn, printCycle } from './orchestrator/cycles.ts';

/** A member, and those that it waits for. */
export type Dependent = StepDefinition & { readonly after: readonly string[] };

/** `what` is what a member is called, and `of` what they are members of. */
export function checkDependencies(members: readonly Dependent[], what: string, of: string, checker: Checker): void {
  const called = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  const positions = new Map<string, number>();
  for (const [position, { name }] of members.entries()) if (!positions.has(name)) positions.set(name, position);
  let names: readonly string[] | undefined;
  const graph = members.map((use, position) => {
    const after: number[] = [];
    for (const name of use.after) {
      const other = positions.get(name);
      if (other !== undefined && name !== use.name) after.push(other);
      else if (other !== undefined) {
        const message = `${called} "${use.name}" waits for itself, so it could never start. Take it out of its dependencies.`;
        checker.of(use, position, 'self-dependency', message);
      } else {
        names ??= [...positions.keys()];
        const message = `${called} "${use.name}" waits for ${show(name)}, which is no ${what} of this ${of}. ${knownNames(`${what}s`, names, String(name))}`;
        checker.of(use, position, 'unknown-reference', message);
      }
    }
    for (const name of namesReadBy([use.input])) {
      if (use.after.includes(name)) continue;
      const message = `${called} "${use.name}" reads the output of ${show(name)}, which it does not wait for. ${knownNames(`${what}s that it waits for`, use.after, name)}`;
      checker.of(use, position, 'unknown-reference', message);
    }
    return after;
  });
  for (const cycle of cyclesIn(graph)) {
    const way = printCycle(cycle.map((position) => segmentOf(members[position]?.name, position)));
    const message = `Each of these ${what}s waits for the next, so none of them could start: ${way}. Take out one of the dependencies.`;
    checker.fault('cycle', message);
  }
}

/** What an `output` reads is there. `what` is what is called by the names. */
export function checkOutput(output: unknown, uses: readonly StepDefinition[], what: string, checker: Checker): void {
  checker.function(output, 'output');
  const names = uses.map(({ name }) => name);
  for (const name of namesReadBy([output])) {
    if (names.includes(name)) continue;
    const message = `The "output" reads the output of ${show(name)}, and there is no such ${what}. ${knownNames(`${what}s`, names, name)}`;
    checker.fault('unknown-reference', message);
  }
}

/** All that a member waits for, and what those wait for, as far as they are there. */
export function allBefore(members: readonly Dependent[], position: number): readonly Dependent[] {
  const found = new Set<Dependent>();
  const todo = [members[position]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop())
    for (const name of next.after) {
      const other = members.find((member) => member.name === name);
      if (other === undefined || found.has(other)) continue;
      found.add(other);
      todo.push(other);
    }
  return [...found];
}

/** For each member the ordinals of those that it waits for, ascending. */
export function ordinalsAfter(members: readonly Dependent[]): (readonly number[])[] {
  const ordinals = new Map<string, number>();
  for (const [index, { name }] of members.entries()) ordinals.set(name, index);
  return members.map(({ after }) => {
    if (after.length === 0) return NO_ORDINALS;
    const found = new Set(after.map((name) => ordinals.get(name) as number));
    return Object.freeze([...found].sort((left, right) => left - right));
  });
}
