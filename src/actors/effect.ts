/**
 * The described form of what a state may invoke: a wish as data, for a host that commits
 * before it acts. The live form, for `createActor`, stands beside it in the same file of
 * this folder. A state of a machine names the actor; only this folder knows what it does.
 */
import type { AnyActorLogic } from 'xstate';
import type { PlanNode } from '../definition.ts';
import type { ErrorRecord } from '../errors.ts';
import type { Json } from '../json.ts';

/** Something that the host owes the world once the turn is committed. */
export type Effect =
  | {
      readonly do: 'execute';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
    }
  | { readonly do: 'wake'; readonly path: string; readonly attempt: number; readonly due: number }
  | {
      readonly do: 'cleanup';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly reason: string;
    }
  | {
      readonly do: 'compensate';
      readonly path: string;
      readonly attempt: number;
      readonly node: PlanNode;
      readonly input: Json;
      readonly output: Json;
    };

/** What is known of the actor whose state invokes something. */
export interface Invoker {
  readonly run: string;
  readonly path: string;
  readonly node: PlanNode;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempt: number;
  readonly reason: string | null;
  readonly now: number;
  /** When an actor is read back from the store: the due time that it had. */
  readonly due: number | null;
}

export interface Invoked {
  /** What a state that invokes this is waiting for, for `explain` (I7). */
  readonly waitsFor:
    | 'its start'
    | 'an attempt'
    | 'a timer'
    | 'its children'
    | 'a signal'
    | 'a person'
    | 'a cleanup'
    | 'a compensation';
  /** For `createActor`. */
  readonly logic: AnyActorLogic;
  /** For the host; null when nothing has to be done, because others will send the event. */
  describe(invoker: Invoker): Effect | null;
  /** For what waits for something else, and a timer is only its limit: the error that the end of the time is. */
  late?(invoker: Pick<Invoker, 'path' | 'node'>): ErrorRecord;
}
