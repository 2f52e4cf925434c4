/**
 * What stands under which key. Every key begins with the prefix in braces: the hash tag by which a cluster
 * keeps all of them in one slot, so that one script may write to several. `docs/redis.md` says what a reader finds where.
 */

import type { Pin } from '../../store.ts';

/** What all keys of a store begin with. */
export function baseOf(prefix: string): string {
  return `{${prefix}}:`;
}

const SPECIAL = /[%:]|\p{Surrogate}/gu;

/**
 * An id as a part of a key. Without the colon that stands between parts two ids could mean one key, and half a
 * surrogate pair would become another character on its way to the server.
 */
export function part(id: string): string {
  return id.replace(SPECIAL, (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The id that a part of a key stands for. */
export function idOf(text: string): string {
  return text.replace(/%(25|3A|D[0-9A-F]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** What a run is pinned to, as a part of a key. */
export function pinOf({ orchestrator, version, hash }: Pin): string {
  return `${part(orchestrator)}:${part(version)}:${part(hash)}`;
}

/** The list of runs of one orchestrator in one status. */
export function listOf(orchestrator: string, status: string): string {
  return `${part(orchestrator)}:${status}`;
}
