/**
 * What a viewer is sent, in the words of `@statelyai/inspect` 0.7: an actor once, then its events and snapshots. The package's own
 * helpers drop the parent and the definition of an actor, so these objects are written out here and go through an adapter as they are.
 */
import type { Json } from '../json.ts';

/** The version of the package that these objects are read by. */
const VERSION = '0.7.2';

interface WireBase {
  readonly _version: string;
  /** The actor: the run's id, and behind a slash its path in the run. It stays the same for every viewer and after a restart. */
  readonly sessionId: string;
  /** The run. */
  readonly rootId: string;
  /** Milliseconds since 1970, as text. */
  readonly createdAt: string;
  readonly id: string | null;
}

/** How an actor stands. `value` is a state of its definition. */
export interface WireSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: unknown;
  readonly context: { readonly [key: string]: unknown };
  readonly output?: Json;
  readonly error?: unknown;
}

/** A run, a track or a step. */
export interface WireActor extends WireBase {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly parentId: string | undefined;
  /** The config of a machine as JSON. A viewer is sent each once, with the first actor that has it. */
  readonly definition: string | undefined;
  /** The actor that was sent with the same definition before. */
  readonly definitionOf?: string;
  readonly snapshot: WireSnapshot;
}

/** An event of the run's history. */
export interface WireHappening extends WireBase {
  readonly type: '@xstate.event';
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  readonly sourceId: string | undefined;
}

/** An actor as it stands now. */
export interface WireStanding extends WireBase {
  readonly type: '@xstate.snapshot';
  readonly event: { readonly type: string };
  readonly snapshot: WireSnapshot;
}

/** What a viewer is sent. */
export type WireEvent = WireActor | WireHappening | WireStanding;

/** What every one of them has. */
export function wireBase(run: string, path: string, at: number, id: string | null = null): WireBase {
  return { _version: VERSION, sessionId: sessionOf(run, path), rootId: run, createdAt: String(at), id };
}

export function sessionOf(run: string, path: string): string {
  return path === '' ? run : `${run}/${path}`;
}
