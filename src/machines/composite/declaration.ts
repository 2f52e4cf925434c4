/** A composite track where it is declared: members side by side, and what is made of their outputs. */
import { checkConcurrency, checkStrategy, type Declaration, everyOrdinal, isAsync } from '../../core/declaration.ts';
import type { CompositeDefinition, Facts } from '../../definition.ts';
import type { Json } from '../../json.ts';
import { knownNames } from '../../names.ts';
import { allBefore, checkDependencies, type Dependent, ordinalsAfter } from '../dependencies.ts';
import { checkDeadline, parentLines } from '../endings.ts';

export const compositeDeclaration: Declaration<CompositeDefinition> = {
  name: 'composite',
  noun: 'track',
  steps: ({ members }) => members,
  before: (composite, position) => allBefore(dependentsIn(composite), position),
  check(composite, checker) {
    checker.schema(composite.input, 'input', 'optional');
    checker.function(composite.merge, 'merge');
    checkStrategy(composite.strategy, checker, composite.members.length);
    checkConcurrency(composite.concurrency, checker);
    const { strategy } = composite;
    if (isAsync(composite.merge) && strategy !== 'waitAll' && strategy !== 'failFast') {
      const message = `An async "merge" is one more step, which waits for all members, and with this strategy not all of them end. Make it a function that is not async.`;
      checker.fault('bad-option', message);
    }
    checker.steps(composite.members, 'member');
    checkDependencies(dependentsIn(composite), 'member', 'composite track', checker);
    checkDeadline(composite, checker);
    const names = composite.members.map(({ name }) => name);
    for (const name of Object.keys(composite.after ?? {}))
      if (!names.includes(name))
        checker.fault(
          'unknown-reference',
          `Option "after" speaks of "${name}", which is none of the members. ${knownNames('members', names, name)}`,
        );
  },
  plan(composite, planner) {
    const { name, input, members, merge, strategy, concurrency, deadline } = composite;
    const uses = members.map((member) => planner.use(member));
    const after = ordinalsAfter(dependentsIn(composite));
    const isLater = isAsync(merge);
    if (merge !== undefined && isLater) {
      const order = members.map((member) => member.name);
      const mapper = ({ outputs }: Facts) => ({ ordered: order.map((each) => outputs[each] ?? null), named: outputs });
      after.push(everyOrdinal(uses.length));
      uses.push(planner.ending('~merge', name, mapper, ({ ordered, named }: Merged) => merge(ordered, named)));
    }
    return {
      schema: input ?? null,
      ...planner.graph(uses, after),
      sees: 'dependencies',
      strategy,
      concurrency,
      deadline: deadline ?? null,
      output: merge === undefined || isLater ? null : (finish) => merge(finish.ordered, finish.outputs),
      result: isLater ? 'last' : 'byName',
    };
  },
  lines: parentLines,
};

function dependentsIn({ members, after = {} }: CompositeDefinition): readonly Dependent[] {
  return members.map((member) => ({
    ...member,
    after: Object.hasOwn(after, member.name) ? (after[member.name] ?? []) : [],
  }));
}

interface Merged {
  readonly ordered: readonly Json[];
  readonly named: { readonly [name: string]: Json };
}
