/** What steps without children have in common: how they begin, what ends them before that, and how they end. */

export const toBegin = { src: 'begin', id: 'begin', input: { start: () => ({ type: 'start' }) } } as const;

/** What ends a step before it has begun. */
export const beforehand = {
  fail: { target: 'failed', actions: 'keepError' },
  skip: { target: 'skipped', actions: 'keepOutput' },
  cancel: { target: 'cancelled', actions: 'keepReason' },
} as const;

export const ended = {
  completed: { type: 'final' },
  failed: { type: 'final' },
  skipped: { type: 'final' },
  cancelled: { type: 'final' },
} as const;
