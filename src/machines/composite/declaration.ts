/** A composite track where it is declared: members side by side, and what is made of their outputs. */
import { type Declaration, everyOrdinal, isAsync, NO_ORDINALS } from '../../core/declaration.ts';
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
    if (composite.strategy !== 'waitAll') checker.option('strategy', composite.strategy, `'waitAll'`);
    checker.steps(composite.members, 'member');
  },
  plan({ name, input, members, merge }, planner) {
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
      strategy: 'waitAll',
      concurrency: Number.POSITIVE_INFINITY,
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
