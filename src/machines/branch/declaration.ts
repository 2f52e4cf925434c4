/** A router where it is declared: its routes, when each is taken, and what happens if none is. */
import { checkNow, type Declaration, NO_ORDINALS, type Options, type ReadPort } from '../../core/declaration.ts';
import type { BranchSpec } from '../../core/children/routes.ts';
import type { BranchDefinition, Mapper, StepDefinition } from '../../definition.ts';
import { show } from '../../errors/index.ts';
import { namesReadBy } from '../../mapping.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['when', 'on', 'routes', 'otherwise', 'all'];
/** The route that is taken if no other is. */
const OTHERWISE = 'otherwise';

interface Route {
  readonly step: StepDefinition;
  readonly when: Mapper | undefined;
}

export function readBranch(name: unknown, options: unknown, reader: ReadPort): BranchDefinition {
  const given = reader.options(options, 'options of a branch', KEYS);
  const { when, on, otherwise, all = false } = given;
  if ((when === undefined) === (on === undefined))
    reader.note(
      'bad-option',
      'A branch takes either "when", a list of predicates and bodies, or "on", which gives the name of one of its "routes".',
    );
  if (on === undefined && when !== undefined && given.routes !== undefined)
    reader.note('bad-option', 'What is in "routes" is never taken beside "when". Give "on", or leave them out.');
  const routes = on === undefined ? readPredicates(when, reader) : readNamed(given, reader);
  if (all !== false && (all !== true || on !== undefined))
    reader.note(
      'bad-option',
      `Option "all" cannot be ${show(all)}${on === undefined ? '' : ' beside "on", which gives one name'}: true takes every route whose predicate is true.`,
    );
  if (otherwise !== undefined && otherwise !== null)
    routes.push({ step: reader.use(OTHERWISE, otherwise), when: undefined });
  if (routes.length === 0 && isEmpty(on === undefined ? when : given.routes, on === undefined))
    reader.note('bad-option', 'A branch needs a route at least.');
  return {
    is: 'branch',
    name: name as string,
    routes: Object.freeze(routes.map(({ step }) => step)),
    when: Object.freeze(routes.map((route) => route.when)),
    on: on as Mapper | undefined,
    all: all === true,
    otherwise: otherwise === undefined ? 'fail' : otherwise === null ? 'nothing' : 'last',
  };
}

/** A list, or an object, with nothing in it. What is not what it should be has been told. */
function isEmpty(given: unknown, isList: boolean): boolean {
  const isIt = typeof given === 'object' && given !== null && Array.isArray(given) === isList;
  return isIt && Object.keys(given).length === 0;
}

/** Each route has the name of its body; where two have one body, the second is called `name-2`. */
function readPredicates(when: unknown, reader: ReadPort): Route[] {
  if (!Array.isArray(when)) {
    if (when !== undefined)
      reader.note('bad-option', `Option "when" cannot be ${show(when)}: it takes a list of [predicate, body].`);
    return [];
  }
  const names = new Map<string, number>();
  return when.flatMap((entry: unknown, position) => {
    if (!Array.isArray(entry) || entry.length !== 2) {
      const message = `Route number ${position + 1} cannot be ${show(entry)}: it is a pair, [predicate, body].`;
      reader.note('bad-option', message);
      return [];
    }
    const [predicate, use] = entry as readonly unknown[];
    const called = nameOfUse(use) ?? `route-${position + 1}`;
    const count = (names.get(called) ?? 0) + 1;
    names.set(called, count);
    return { step: reader.use(count === 1 ? called : `${called}-${count}`, use), when: predicate as Mapper };
  });
}

function nameOfUse(use: unknown): string | undefined {
  const body = (Object(use) as Options).do ?? use;
  const { name } = Object(body) as Options;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function readNamed({ routes }: Options, reader: ReadPort): Route[] {
  if (typeof routes === 'object' && routes !== null && !Array.isArray(routes))
    return Object.entries(routes).map(([name, use]) => ({ step: reader.use(name, use), when: undefined }));
  reader.note('bad-option', `Option "routes" cannot be ${show(routes)}: it takes bodies by name.`);
  return [];
}

export const branchDeclaration: Declaration<BranchDefinition> = {
  name: 'branch',
  noun: 'step',
  steps: ({ routes }) => routes,
  reads: ({ on, when }) => namesReadBy([on, ...when]),
  check({ routes, when, on, otherwise }, checker) {
    if (on !== undefined) checkNow(on, 'on', checker);
    else
      for (const [ordinal, predicate] of when.entries())
        if (ordinal < when.length - 1 || otherwise !== 'last') checkNow(predicate, 'when', checker);
    checker.steps(routes, 'route');
  },
  plan({ routes, when, on, all, otherwise }, planner) {
    const uses = routes.map((route) => planner.use(route));
    const spec: BranchSpec = { when: when.map((predicate) => predicate ?? null), on: on ?? null, all, otherwise };
    return {
      spec: Object.freeze(spec),
      ...planner.graph(
        uses,
        uses.map(() => NO_ORDINALS),
      ),
      sees: 'above',
      concurrency: Number.POSITIVE_INFINITY,
      result: 'taken',
    };
  },
  lines(node) {
    const { on, all, otherwise } = node.spec as BranchSpec;
    return [
      ...parentLines(node),
      `${on === null ? (all ? 'every route' : 'first route') : 'by key'}, otherwise ${otherwise}`,
    ];
  },
};
