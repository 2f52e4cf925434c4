/** What a hook fails with (S31). */
import { SignalboxError } from './base.ts';
import { sentence } from './wording.ts';

/** Its name, and the moment at which it was called. */
type HookFields = { readonly hook: string; readonly on: string };

/** Whether its `onHookError` is `'ignore'`. */
type Ignores = { readonly ignores: boolean };

/** A hook threw, or its promise was rejected. */
export class HookFailed extends SignalboxError<HookFields> {
  readonly code = 'hook-failed';
  constructor({ hook, on, reason, ignores }: HookFields & Ignores & { reason: string }, cause?: unknown) {
    super(`Hook "${hook}" failed in its ${on}: ${sentence(reason)} ${wayOut(on, ignores)}`, { hook, on }, cause);
  }
}

/** A hook took longer than its `timeout`. */
export class HookTimedOut extends SignalboxError<HookFields & { readonly timeout: number }> {
  readonly code = 'hook-timed-out';
  constructor({ hook, on, timeout, text, ignores }: HookFields & Ignores & { timeout: number; text: string }) {
    super(
      `Hook "${hook}" did not end its ${on} within its timeout of ${text}. Its signal was aborted, and what it still does is of no interest. Raise its "timeout", or end it when the signal fires. ${wayOut(on, ignores)}`,
      { hook, on, timeout },
    );
  }
}

function wayOut(on: string, ignores: boolean): string {
  if (!on.startsWith('before')) return 'Nothing else came of it.';
  return ignores
    ? 'It was ignored, as its "onHookError" says.'
    : `What it stood before was not begun; with "onHookError: 'ignore'" it would be.`;
}
