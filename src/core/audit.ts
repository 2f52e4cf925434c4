/**
 * What somebody asks of a run leaves a record (S39): who, when, what, why, and how the run stood before and after. What the engine asks of
 * itself, as a parent of its child runs, is on record where it began, and leaves none.
 */
import * as is from '../forms.ts';
import type { Json, JsonObject } from '../json.ts';
import type { TurnPort } from './port.ts';
import { statusOf } from './rest.ts';

/** The type of the records that commands leave. */
export const COMMAND = 'command';

/** The run that keeps who has deleted others. It is no run of anybody's, and is in no list unless it is asked for. */
export const DELETIONS = '~deletions';

/** Who asks, and why. */
export interface Asker {
  /** Of the record. */
  readonly id: string;
  /** What they ask for: the name of the method. */
  readonly type: string;
  readonly by: string | null;
  readonly reason: string | null;
  /** The store has the record: it was done. */
  known: boolean;
}

/** A message of somebody. Left out: nobody's. */
export interface Commanded {
  readonly asker?: Asker;
}

/** Keeps, with what the turn changes, who has asked for it. False if that was kept before: then it was done. */
export function keepAsked(port: TurnPort, { asker }: Commanded, details: JsonObject): boolean {
  if (asker === undefined) return true;
  if (asker.known) return false;
  const { id, type, by, reason } = asker;
  const before = statusOf(port.run);
  port.atEnd(() => {
    const after = statusOf(port.run);
    const body: Json = { type, by, reason, at: port.now, before, after, refused: null, details };
    port.record({ type: COMMAND, id, version: 1, body, keys: {} });
  });
  return true;
}

/** An earlier version says nothing of it. */
export const ASKER = is.maybe(
  is.has({ id: is.text, type: is.text, by: is.orNull(is.text), reason: is.orNull(is.text) }),
);

/** As it lies in the store for another process, and back. */
export function writeAsker({ asker }: Commanded): JsonObject {
  if (asker === undefined) return {};
  const { id, type, by, reason } = asker;
  return { asker: { id, type, by, reason } };
}

export function readAsker(body: JsonObject): Pick<Commanded, 'asker'> {
  return body.asker == null ? {} : { asker: { ...(body.asker as unknown as Asker), known: false } };
}
