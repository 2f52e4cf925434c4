/**
 * What the states of a chart are made of: the states as JSON, their ids, and the guards. A guard is a text in the JSON; what it
 * means is made here, of XState's own `stateIn`. A parent that needs so and so many children counts them in the context.
 */
import { and, assign, or, stateIn } from 'xstate';
import type { Part } from './outline.ts';

export interface Transition {
  readonly target: string;
  readonly guard?: string | { readonly type: string; readonly params: { readonly [name: string]: unknown } };
}
export type Transitions = Transition | readonly Transition[];

/** The state of a chart, as JSON. */
export interface State {
  id?: string;
  type?: 'parallel' | 'final';
  initial?: string;
  description?: string;
  meta?: object;
  tags?: readonly string[];
  entry?: readonly object[];
  states?: { [key: string]: State };
  on?: { [event: string]: Transitions };
  always?: Transitions;
}

/** Where a state is left for: ids of states. */
export interface Exits {
  readonly done: string;
  readonly failed: string;
}

/** When a guard lets pass: this state is reached, all of these hold, or one of them. */
export type Condition = string | { readonly all: readonly Condition[] } | { readonly one: readonly Condition[] };

/** The state that stands for what a part ends in: `~completed` of the run is the end of it all. */
export const stateId = (path: string, state = ''): string =>
  path === '' ? state : state === '' ? path : `${path}/${state}`;

/** A target. XState takes dots for steps from state to state, unless they are escaped. */
export const to = (id: string): string => `#${id.replace(/[\\.]/g, '\\$&')}`;

/** How many children of each parent that counts have ended in which way. */
interface Counts {
  readonly [path: string]: { readonly completed: number; readonly failed: number };
}

/** A state that the chart does not have is never reached. */
// biome-ignore lint/suspicious/noExplicitAny: guards of XState have many types
export function guardOf(condition: Condition, there: ReadonlySet<string>): any {
  if (typeof condition === 'string') return there.has(condition) ? stateIn(to(condition)) : () => false;
  return 'all' in condition
    ? and(condition.all.map((each) => guardOf(each, there)))
    : or(
        condition.one.filter((each) => typeof each !== 'string' || there.has(each)).map((each) => guardOf(each, there)),
      );
}

export const lastStateOf = ({ path }: Part): Condition => ({
  one: ['~completed', '~failed', '~skipped'].map((state) => stateId(path, state)),
});

export function idsIn(root: State): ReadonlySet<string> {
  const ids = new Set<string>();
  const todo: State[] = [root];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (state.id !== undefined) ids.add(state.id);
    todo.push(...Object.values(state.states ?? {}));
  }
  return ids;
}

export const isEnough = (
  { context }: { readonly context: { readonly counts: Counts } },
  params: { readonly of: string; readonly as: 'completed' | 'failed'; readonly count: number },
): boolean => (context.counts[params.of]?.[params.as] ?? 0) >= params.count;

interface Counted {
  readonly context: { readonly counts: Counts };
}
type CountedAs = { readonly of: string; readonly as: 'completed' | 'failed' };

/** The actions by which a parent counts. Made when they are needed: nothing is to happen on import. */
export function counting(): object {
  return {
    count: assign(({ context }: Counted, { of, as }: CountedAs) => {
      const before = context.counts[of] ?? { completed: 0, failed: 0 };
      return { counts: { ...context.counts, [of]: { ...before, [as]: before[as] + 1 } } };
    }),
    recount: assign(({ context }: Counted, { of }: Pick<CountedAs, 'of'>) => ({
      counts: { ...context.counts, [of]: { completed: 0, failed: 0 } },
    })),
  };
}
