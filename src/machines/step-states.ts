/** What steps without children have in common: how they begin, what ends them before that, how they end, and what is kept of them. */
import type { Memory } from '../core/kind.ts';
import type { JsonObject } from '../json.ts';

export const toBegin = { src: 'begin', id: 'begin', input: { start: () => ({ type: 'start' }) } } as const;

/** What ends a step before it has begun. */
export const beforehand = {
  fail: [
    { guard: 'standsStill', target: 'awaitingIntervention', actions: 'keepError' },
    { target: 'failed', actions: 'keepError' },
  ],
  skip: { target: 'skipped', actions: 'keepOutput' },
  cancel: { target: 'cancelled', actions: 'keepReason' },
} as const;

/** A step that stands still until somebody says what becomes of it (S12, S16). */
export const standing = {
  invoke: { src: 'intervention', id: 'intervention' },
  on: {
    skip: { target: 'skipped', actions: 'keepOutput' },
    resolve: { target: 'completed', actions: 'complete' },
    cancel: { target: 'cancelled', actions: 'keepReason' },
  },
} as const;

/** The same of one that can only have failed before it began. */
export const beginsAnew = {
  ...standing,
  on: { ...standing.on, retry: { target: 'pending', actions: 'takeInput' } },
} as const;

export const ended = {
  completed: { type: 'final' },
  failed: { type: 'final' },
  skipped: { type: 'final' },
  cancelled: { type: 'final' },
} as const;

const NOTHING: JsonObject = Object.freeze({});

interface Kept {
  readonly reason: string | null;
  readonly undo: JsonObject | null;
  readonly approval: JsonObject | null;
  readonly keeps?: JsonObject | null;
}

/** What is kept of the memory of a step that makes attempts. */
export function keepStep(memory: Memory): JsonObject {
  const { reason, undo, approval, keeps = null } = memory as unknown as Kept;
  if (approval !== null) {
    // Only as long as somebody is still to look at it.
    const kept = keeps !== null && approval.resolution === null ? { keeps } : {};
    return { ...keepStep({ ...memory, approval: null }), ...kept, approval };
  }
  if (undo !== null) return reason === null ? { undo } : { reason, undo };
  return reason === null ? NOTHING : { reason };
}
