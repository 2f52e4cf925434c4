/**
 * What is kept of outputs (S32), in a turn: the history says whether one was kept from before, and what is made is kept by the commit that
 * completes its step. Where somebody looks at it first, that is the commit of what they decide.
 */
import { CACHED } from '../cache.ts';
import type { Json } from '../json.ts';
import type { RecordRow } from '../store.ts';
import type { CacheMessage, Message } from './message.ts';
import type { TurnPort } from './port.ts';
import type { Actor } from './run.ts';

export function tellOfCache(port: TurnPort, { path, attempt, from }: CacheMessage): boolean {
  if (port.run.actors.get(path)?.invoked !== 'execute') return false;
  port.tell({
    ...port.at(path),
    ...(from === null ? { type: 'cache.missed', attempt } : { type: 'cache.hit', attempt, from }),
  });
  return true;
}

/** What an output is to be kept as, once somebody has looked at it. */
export interface Keeps {
  readonly id: string;
  readonly keys: RecordRow['keys'];
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What comes with an answer is kept with it, unless somebody is to look at the answer first. */
export function keepAnswered(
  port: TurnPort,
  { node }: Actor,
  { record, error }: Extract<Message, { readonly type: 'answer' }>,
): void {
  const isReviewed = error === null && node.task?.review !== undefined;
  if (record !== undefined && !isReviewed) port.record(record);
}

/** The same, as its step remembers it until then. */
export function keepsOf(record: Omit<RecordRow, 'run'> | undefined): Keeps | null {
  if (record?.type !== CACHED) return null;
  const { until } = record.body as { readonly until: number };
  return { id: record.id, keys: record.keys, until };
}

/** Somebody has looked at it, and the step completes with this. */
export function keepReviewed(port: TurnPort, { state }: Actor, output: Json): void {
  const { keeps = null } = state.context as { readonly keeps?: Keeps | null };
  if (keeps === null || keeps.until <= port.now) return;
  const { id, keys, until } = keeps;
  port.record({ type: CACHED, id, version: 1, body: { output, until }, keys });
}
