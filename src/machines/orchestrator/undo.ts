/**
 * Undoing a run (S13): the state in which its completed steps are undone, from the last to the first, and what it remembers of
 * that. Which steps those are the turn is told by the page (`core/undo.ts`), and what has become of each stands in its row.
 */
import { assign } from 'xstate';
import { isToBeUndone } from '../../core/to-be-undone.ts';
import { CompensationIncomplete, type ErrorRecord, toRecord } from '../../errors/index.ts';
import { parentSetup } from '../parent.ts';
import type { ParentEvent, ParentMemory, RunUndo } from '../parent-memory.ts';

/** So many paths of steps that could not be undone are named in the run's error. */
const MOST_NAMED = 100;

const NOTHING_YET: RunUndo = { of: null, before: null, failed: [], failures: 0, isCut: false };

/** What an orchestrator's machine is made of: what every parent's is, and what is for undoing. */
export const runSetup = parentSetup.extend({
  guards: {
    /** Are its steps to be undone, now that nothing of it is under way? */
    isUndone: ({ context }) => context.live === 0 && isToBeUndone(context, context.node),
    isCut: ({ context }) => context.undo?.isCut === true,
    hasFailures: ({ context }) => (context.undo?.failures ?? 0) > 0,
  },
  actions: {
    keepPaused: assign({
      paused: ({ event }) => ('paused' in event ? (event.paused ?? false) : event.type === 'pause'),
    }),
    /** Somebody asks for it, who cancels the run. */
    askUndo: assign({
      undo: ({ context, event }) =>
        event.type === 'cancel' && event.compensate === true ? (context.undo ?? NOTHING_YET) : context.undo,
    }),
    beginUndo: assign({
      undo: ({ context, event }) =>
        event.type === 'undo' ? { ...NOTHING_YET, of: event.of } : (context.undo ?? NOTHING_YET),
    }),
    /** A page has come. Should it come once more, it is one that nobody waits for: what is on it may be undone by then. */
    countPage: assign({
      attempt: ({ context }) => context.attempt + 1,
      undo: ({ context, event }) => withLeft(context, event),
    }),
    keepPlace: assign({ undo: ({ context, event }) => upTo(context, event) }),
    countUndone: assign({ undo: ({ context, event }) => counted(context, event) }),
    cut: assign({ undo: ({ context: { undo } }) => ({ ...(undo ?? NOTHING_YET), isCut: true }) }),
    keepIncomplete: assign({ error: ({ context }) => incomplete(context) }),
    keepUnread: assign({ error: ({ context, event }) => unread(context, event) }),
  },
});

function upTo({ undo }: ParentMemory, event: ParentEvent): RunUndo | null {
  return 'before' in event && undo !== null ? { ...undo, before: event.before } : undo;
}

function counted({ undo }: ParentMemory, event: ParentEvent): RunUndo | null {
  if (event.type !== 'undone' || event.isUndone || undo === null) return undo;
  const failed = undo.failed.length < MOST_NAMED ? [...undo.failed, event.path] : undo.failed;
  return { ...undo, failed, failures: undo.failures + 1 };
}

/** What child runs could not undo, who were cancelled before. The first page says it, and may come twice. */
function withLeft({ undo }: ParentMemory, event: object): RunUndo | null {
  const { left = [] } = pageIn(event);
  return undo === null || undo.failures > 0
    ? undo
    : { ...undo, failed: left.slice(0, MOST_NAMED), failures: left.length };
}

function incomplete({ error: cause, undo }: ParentMemory): ErrorRecord {
  const { failed, failures } = undo ?? NOTHING_YET;
  return causedBy(cause, toRecord(new CompensationIncomplete({ failed, failures })));
}

/** Nobody can say what has completed: the store has it and does not give it, or there is none. */
function unread({ error: cause, undo }: ParentMemory, event: object): ErrorRecord {
  const { failed, failures } = undo ?? NOTHING_YET;
  const { message: reason = '' } = ((event as { readonly error?: unknown }).error ?? {}) as {
    readonly message?: string;
  };
  return causedBy(cause, toRecord(new CompensationIncomplete({ failed, failures, reason })));
}

function causedBy(cause: ErrorRecord | null, error: ErrorRecord): ErrorRecord {
  return cause === null ? error : { ...error, cause };
}

/** While a run is undone, `pull` reads the next page of what has completed, and one step of it after the other is undone. */
export const compensating = {
  invoke: {
    src: 'pull',
    id: 'pull',
    onDone: {
      actions: ['countPage', { type: 'undoPage', params: ({ event }: { event: object }) => ({ page: pageIn(event) }) }],
    },
    onError: { target: 'failed', actions: 'keepUnread' },
  },
  on: {
    undoing: { actions: 'keepPlace' },
    undone: { actions: ['countUndone', 'undoNext'] },
    'undo.more': { target: 'compensating', reenter: true, actions: 'keepPlace' },
    'undo.over': [
      { guard: 'isCut', target: 'cancelled' },
      { guard: 'hasFailures', target: 'failed', actions: 'keepIncomplete' },
      { target: 'compensated' },
    ],
    cancel: { guard: 'isForced', actions: ['keepReason', 'cut', 'cutUndo'] },
  },
} as const;

function pageIn(event: object): { readonly left?: readonly string[] } {
  return (event as { readonly output: { readonly left?: readonly string[] } | null }).output ?? {};
}
