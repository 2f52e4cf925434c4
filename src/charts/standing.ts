/**
 * Where a run stands in the chart of its definition, as a state value of XState. It follows from the marks of the parts and not from a
 * walk, so whoever comes late knows it, too. Of items and rounds, which have one state together, it is the one that is under way.
 */
import { isTerminal, type Status } from '../status.ts';
import { chartOf } from './chart.ts';
import type { Marks } from './marks.ts';
import type { Outline } from './outline.ts';
import type { State } from './states.ts';

/** A state value as XState has it. */
export type StandingValue = string | { readonly [state: string]: StandingValue };

type Named = readonly [name: string, state: State];

/** The state of the chart that the run is in. */
export function standingIn(outline: Outline, { status, of }: Marks): StandingValue {
  const states = chartOf(outline).config.states as { [name: string]: State };
  const standing = new Standing((path) => of.get(path)?.status ?? 'pending');
  if (status !== 'running' && Object.hasOwn(states, status)) return status;
  if (isTerminal(status)) return ENDS_AS[status] ?? 'failed';
  return standing.in('running', states.running as State, '');
}

/** Ends that a chart may not have as states of their own. */
const ENDS_AS: { readonly [status in Status]?: string } = { compensated: 'failed', skipped: 'cancelled' };

class Standing {
  readonly #statusOf: (path: string) => Status;

  constructor(statusOf: (path: string) => Status) {
    this.#statusOf = statusOf;
  }

  /** That it is in the state `name`, and where in it. `path` is the part that the state belongs to. */
  in(name: string, state: State, path: string): StandingValue {
    const inside = this.#inside(state, path);
    return inside === null ? name : { [name]: inside };
  }

  #inside(state: State, path: string): StandingValue | null {
    const { type, states } = state;
    if (states === undefined) return null;
    const all = Object.entries(states);
    if (type === 'parallel')
      return Object.fromEntries(all.map(([name, each]) => [name, this.#inside(each, pathOf(each) ?? path) ?? {}]));
    const [name, chosen] = this.#chosen(state, all, path);
    return this.in(name, chosen, pathOf(chosen) ?? path);
  }

  /** The one of its states in which it is. */
  #chosen({ initial, states }: State, all: readonly Named[], path: string): Named {
    const named = (name: string): Named | undefined => {
      const state = states !== undefined && Object.hasOwn(states, name) ? states[name] : undefined;
      return state === undefined ? undefined : [name, state];
    };
    const first = (named(initial as string) ?? all[0]) as Named;
    const taken = named('~taken');
    const status = this.#statusOf(taken === undefined ? path : (pathOf(taken[1]) ?? path));
    if (status === 'pending') return first;
    const end = isTerminal(status) ? (ENDS[status] ?? []).map(named).find((each) => each !== undefined) : undefined;
    if (end !== undefined) return end;
    if (status === 'awaitingIntervention') {
      const held = named('~held');
      if (held !== undefined) return held;
    }
    const begun = all.filter(([, each]) => pathOf(each) !== undefined);
    const live = begun.find(([, each]) => isUnderWay(this.#statusOf(pathOf(each) as string)));
    if (live !== undefined) return live;
    const again = named('~running') ?? named('~next') ?? named('~some');
    if (again !== undefined) return again;
    // It waits for its own time to be up. The state in which a track waits for others is left by `always`.
    if (first[0] === '~waiting' && first[1].always === undefined) return first;
    const statusOf = ([, each]: Named): Status => this.#statusOf(pathOf(each) as string);
    const choosing = named('~choosing');
    if (choosing !== undefined) return begun.find((each) => !NOT_TAKEN.has(statusOf(each))) ?? choosing;
    return begun.find((each) => statusOf(each) === 'pending') ?? begun.at(-1) ?? first;
  }
}

const NOT_TAKEN: ReadonlySet<Status> = new Set(['pending', 'skipped']);

/** The states that stand for an end in a chart, the best one first. */
const ENDS: { readonly [status in Status]?: readonly string[] } = {
  completed: ['~completed'],
  skipped: ['~skipped', '~completed'],
  // What may fail is gone on without.
  failed: ['~failed', '~completed'],
  timedOut: ['~failed', '~completed'],
  compensationFailed: ['~failed', '~completed'],
  cancelled: ['~failed', '~skipped'],
  compensated: ['~completed'],
};

function isUnderWay(status: Status): boolean {
  return status !== 'pending' && !isTerminal(status);
}

function pathOf({ meta }: State): string | undefined {
  return (meta as { readonly path?: string } | undefined)?.path;
}
