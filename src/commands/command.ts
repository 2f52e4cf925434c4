/**
 * What a command is: a request to change a run, from whoever has a handle on it, in this process or another. The local way,
 * the way across processes and what is allowed now all come from the table of them (`index.ts`).
 */
import type { CommandMessage } from '../core/message.ts';
import type { Want } from '../forms.ts';
import type { TurnPort } from '../core/port.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Status } from '../status.ts';

export interface Command<M extends CommandMessage = CommandMessage> {
  /** The type of its message. */
  readonly name: M['type'];
  /** Why a run of this status does not take it; null if it does. */
  refusal(status: Status): string | null;
  /** What it does in a turn. False if nothing waited for it (I5). */
  take(port: TurnPort, message: M): boolean;
  /** The type of the record that it leaves, also where it was refused (S16, S20). Left out: the history says what came of it. */
  readonly record?: string;
  /** For one that may be for a run of another process: as it lies in the store until it is answered. */
  readonly shared?: Shared<M>;
}

/** The way of a command across processes. */
export interface Shared<M> {
  /** What its body has. What lies in a store was written by another process, perhaps of another version. */
  readonly body: { readonly [field: string]: Want };
  /** As JSON, and back; `body` fits. */
  write(message: M): JsonObject;
  read(body: JsonObject): M;
  /** What whoever sent it is told beside that it was taken; null for nothing. */
  answer(message: M): Json;
  /** Tells the message what came of it elsewhere. */
  heed(message: M, answer: Json): void;
}
