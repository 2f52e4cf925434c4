/**
 * The registry of kinds. A kind is a machine, a noun for its events and how its memory is
 * told and kept; nothing else in the engine names one. Registering another is adding a file.
 */
import type { AnyStateMachine } from 'xstate';
import type { PlanNode } from '../definition.ts';
import { KindTaken, KindUnknown } from '../errors.ts';
import type { EventBase, EventType, RunEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';

/** What a machine remembers: its own keys, and the ones that every row has a column for. */
export type Memory = { readonly node: PlanNode | null } & { readonly [key: string]: unknown };

/** An event without its number and place, which the turn gives it. */
export type Telling = { readonly type: EventType } & { readonly [field: string]: unknown };

export interface Kind {
  readonly name: string;
  /** An ordinary XState machine; it takes a `MachineInput`. */
  readonly machine: AnyStateMachine;
  /** Has it children, and so a ledger? */
  readonly parent: boolean;
  /** What the history is told when a machine of this kind comes from one state to another; null for nothing. */
  tell(
    from: string,
    to: string,
    memory: Memory,
    times: { readonly now: number; readonly due: number | null },
  ): Telling | null;
  /** The part of its memory that has no column of its own. */
  keep(memory: Memory): JsonObject;
}

export class Kinds {
  readonly #byName = new Map<string, Kind>();

  register(kind: Kind): this {
    if (this.#byName.has(kind.name)) throw new KindTaken({ kind: kind.name });
    this.#byName.set(kind.name, kind);
    return this;
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

/** The kinds that come with the package; `kinds.ts` fills it. */
export const builtInKinds = new Kinds();

/** An event with its number and place. */
export function numbered(base: Omit<EventBase, 'type'>, telling: Telling): RunEvent {
  return Object.freeze({ ...base, ...telling }) as unknown as RunEvent;
}
