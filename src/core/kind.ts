/**
 * What a kind is to the engine: a machine, what its states may invoke, how it has children, what it wishes, and how it
 * is told and kept. Nothing else in the engine names one.
 */
import type { AnyStateMachine } from 'xstate';
import type { Place, PlanNode } from '../definition.ts';
import { KindInvalid, KindTaken, KindUnknown } from '../errors/index.ts';
import type { EventBase, RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import type { Children, Family } from './children/children.ts';
import type { Invoked } from './effect.ts';
import { misnamed, unkept } from './keepable.ts';
import type { TurnPort } from './port.ts';
import type { Actor } from './run.ts';
import type { ChildCounts } from '../store.ts';
import type { MachineState } from './stepper.ts';

/** What a machine remembers: its own keys, and the ones that every row has a column for. */
export type Memory = { readonly node: PlanNode | null } & { readonly [key: string]: unknown };

/** What an event has before its kind says what happened. */
export type EventPlace = Omit<EventBase, 'type'>;

/** What a machine wishes by an action of its own, done in its turn. */
export type Act = (port: TurnPort, actor: Actor, params: unknown) => void;

/** A kind, as the engine runs it. `defineKind` makes one of a step's. */
export interface Kind {
  readonly name: string;
  /** An XState machine of flat states, each of which invokes one actor at the most; it takes a `MachineInput`. */
  readonly machine: AnyStateMachine;
  /** What it is called in events and snapshots. */
  readonly noun: 'run' | 'track' | 'step';
  /** It does not come with the package: what it leaves behind is looked at before it is kept. */
  readonly isForeign?: boolean;
  /** What its states invoke, by the names that the machine uses. */
  readonly actors: { readonly [name: string]: Invoked };
  /** What its machine wishes, by the names of its actions. */
  readonly acts?: { readonly [action: string]: Act };
  /** For a parent: its children as they stand. */
  readonly children?: (family: Family) => Children;
  /** The place below a node that has this name, where children are not those of the plan: items of a list have places by the million. */
  readonly placeNamed?: (node: PlanNode, name: string) => Place | null;
  /** What the history is told when a machine of this kind comes from one state to another; null for nothing. */
  tell(place: EventPlace, from: string, to: string, memory: Memory, due: number | null): RunEvent | null;
  /** The part of its memory that has no column of its own and that nothing else says. */
  keep(memory: Memory): JsonObject;
  /** Has anything changed that a row keeps? */
  changed(before: MachineState, after: MachineState): boolean;
  /** It asks, waits or reckons and does nothing to the world, so nothing of it stays when a run is undone. */
  readonly leavesNothing?: true;
  /** Can what a step of this node has done be undone? */
  undoes?(node: PlanNode): boolean;
  /** Of a step whose input goes into the variables of the run: their names. */
  sets?(node: PlanNode): readonly string[];
  /** What a step of it has done is a run of its own, whose id follows from the step's row (`childOf`). */
  readonly isRun?: boolean;
  /** For a parent: what it counts, worked out again from how many of its children are in which state. */
  recount?(memory: Memory, children: Children, counts: ChildCounts): Memory;
  /** For a parent that is read back: are there so many children that their counts have to do, until somebody needs more? */
  isCounted?(node: PlanNode, memory: Memory): boolean;
  /** The types of the records that it writes, if it writes any of its own: an export of a run has those. */
  readonly records?: readonly string[];
  /** How many of its children have ended, in which way, where its memory says it; null: the store is to count them. */
  endedIn?(memory: Memory): ChildCounts | null;
}

/** What every kind has. */
type Needed = 'name' | 'machine' | 'noun' | 'actors' | 'tell' | 'keep' | 'changed';

/** A kind that is as another one, but for what is its own. A call, because bundlers drop one that nobody needs, and keep an object that is spread. */
export function kindOf<B extends Partial<Kind>>(
  base: B,
  own: Partial<Kind> & Pick<Kind, Exclude<Needed, keyof B>>,
): Kind {
  return { ...base, ...own } as B & typeof own as Kind;
}

export class Kinds {
  readonly #byName = new Map<string, Kind>();

  /** The machines of these are not looked through: they come with the package, and every import would pay for what a test does once. */
  constructor(known: readonly Kind[] = []) {
    for (const kind of known) this.#add(kind);
  }

  register(kind: Kind): this {
    const faults = unkept(kind.machine, kind.actors);
    if (kind.isForeign) faults.push(...misnamed(kind.machine));
    if (faults.length > 0) throw new KindInvalid({ kind: kind.name, faults });
    this.#add(kind);
    return this;
  }

  #add(kind: Kind): void {
    if (this.#byName.has(kind.name)) throw new KindTaken({ kind: kind.name });
    this.#byName.set(kind.name, kind);
  }

  get(name: string): Kind {
    const kind = this.#byName.get(name);
    if (kind === undefined) throw new KindUnknown({ kind: name, known: [...this.#byName.keys()] });
    return kind;
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }
}
