/**
 * The words of hooks (S31): functions that are called before and after runs, tracks and attempts, and when something is tried again or
 * has failed. They may refuse what is about to begin; they change nothing else. When they are called is in `runtime/performing/hooks.ts`.
 */
import type { Duration } from './duration.ts';
import type { ErrorRecord } from './errors/index.ts';
import type { RunEvent } from './events.ts';
import type { Json, JsonObject } from './json.ts';
import type { Status } from './status.ts';

/** Every moment that has hooks. */
export const HOOK_NAMES = [
  'beforeRun',
  'afterRun',
  'beforeTrack',
  'afterTrack',
  'beforeStep',
  'afterStep',
  'onRetry',
  'onError',
  'onApproval',
] as const;

/** A moment that has hooks. */
export type HookName = (typeof HOOK_NAMES)[number];

/** The run that a hook is called for. */
export interface HookedRun {
  readonly id: string;
  readonly key: string | null;
  readonly orchestrator: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly metadata: JsonObject;
}

interface OfRun {
  readonly run: HookedRun;
  /** Fires when the hook's time is over, or nobody waits for it any more. */
  readonly signal: AbortSignal;
}

interface OfTrack extends OfRun {
  readonly path: string;
  /** The name of the track's definition. */
  readonly track: string;
}

interface OfStep extends OfRun {
  readonly path: string;
  readonly task: string;
  readonly attempt: number;
}

/** What each hook is told. All of it is frozen. */
export interface HookFacts {
  readonly beforeRun: OfRun & { readonly input: Json };
  readonly afterRun: OfRun & { readonly status: Status; readonly output: Json; readonly error: ErrorRecord | null };
  readonly beforeTrack: OfTrack & { readonly input: Json };
  readonly afterTrack: OfTrack & { readonly status: Status; readonly error: ErrorRecord | null };
  readonly beforeStep: OfStep & { readonly key: string; readonly input: Json };
  readonly afterStep: OfStep & {
    readonly key: string;
    readonly input: Json;
    readonly status: 'completed' | 'failed' | 'timedOut' | 'cancelled';
    readonly output: Json;
    readonly error: ErrorRecord | null;
  };
  /** `due` is when the next attempt begins. */
  readonly onRetry: OfStep & { readonly error: ErrorRecord; readonly due: number };
  /** A step has failed for good. `task` is null for one that is no task. */
  readonly onError: Omit<OfStep, 'task'> & {
    readonly task: string | null;
    readonly status: Status;
    readonly error: ErrorRecord;
  };
  /** Somebody is asked, reminded, has said something, or is not asked any more. `task` is null for a step of its own. */
  readonly onApproval: OfRun & {
    readonly path: string;
    readonly task: string | null;
    readonly event: Extract<RunEvent, { readonly type: `approval.${string}` }>;
  };
}

/** Which runs, tracks and steps a hook is for. In a path, `*` is any one segment and `**` any number of them. */
export interface HookFilter {
  readonly orchestrator?: string | readonly string[];
  readonly path?: string | readonly string[];
  /** For hooks of steps. */
  readonly task?: string | readonly string[];
}

/** What every entry of `hooks` may say beside its functions. */
export interface HookOptions {
  /** What messages and events call it. Left out: its number in its list. */
  readonly name?: string;
  readonly only?: HookFilter;
  /** How long each call may take. Default `'5s'`. */
  readonly timeout?: Duration;
  /**
   * What a `before*` does that throws or takes too long: what it stands before fails (`'fail'`, the default), or a warning in the history
   * says so (`'ignore'`). Of the others it is always the warning.
   */
  readonly onHookError?: 'fail' | 'ignore';
}

/** Functions by the moment at which they are called; what they answer is of no interest. */
export type Hook<N extends HookName = HookName> = HookOptions & {
  readonly [K in N]?: (facts: HookFacts[K]) => unknown;
};

/** The moments of a step. */
export type StepHook = Hook<'beforeStep' | 'afterStep' | 'onRetry' | 'onError' | 'onApproval'>;
/** The moments of a track, and of the steps in it. */
export type TrackHook = Hook<Exclude<HookName, 'beforeRun' | 'afterRun'>>;

/** One with everything filled in. */
export interface HookDefinition {
  readonly name: string;
  readonly calls: { readonly [name in HookName]?: (facts: never) => unknown };
  readonly only: { readonly [what in keyof HookFilter]?: readonly string[] };
  /** Milliseconds. */
  readonly timeout: number;
  readonly ignores: boolean;
}

export const NO_HOOKS: readonly HookDefinition[] = Object.freeze([]);
/** Of an orchestrator that the engine has made: nobody's hooks are called for its runs, not those of the box either. */
export const UNHOOKED: readonly HookDefinition[] = Object.freeze([]);
