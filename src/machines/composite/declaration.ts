/** A composite track where it is declared: members side by side, and what is made of their outputs. */
import {
  checkConcurrency,
  checkStrategy,
  type Declaration,
  everyOrdinal,
  isAsync,
  NO_ORDINALS,
} from '../../core/declaration.ts';
import type { CompositeDefinition, Facts } from '../../definition.ts';
import type { Json } from '../../json.ts';
import { parentLines } from '../endings.ts';

export const compositeDeclaration: Declaration<CompositeDefinition> = {
  name: 'composite',
  noun: 'track',
  steps: ({ members }) => members,
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
  },
  plan({ name, input, members, merge, strategy, concurrency }, planner) {
    const uses = members.map((member) => planner.use(member));
    const after = uses.map(() => NO_ORDINALS);
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
      output: merge === undefined || isLater ? null : (finish) => merge(finish.ordered, finish.outputs),
      result: isLater ? 'last' : 'byName',
    };
  },
  lines: parentLines,
};

interface Merged {
  readonly ordered: readonly Json[];
  readonly named: { readonly [name: string]: Json };
}
