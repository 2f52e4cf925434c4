/** What a hook fails with (S31). */
import { SignalboxError } from './base.ts';

/** Its name, and the moment at which it was called. */
type HookFields = { readonly hook: string; readonly on: string };

/** A hook threw, or its promise was rejected. */
export class HookFailed extends SignalboxError<HookFields> {
  readonly code = 'hook-failed';
  constructor({ hook, on, reason }: HookFields & { reason: string }, cause?: unknown) {
    super(`Hook "${hook}" failed in its ${on}: ${reason} ${wayOut(on)}`, { hook, on }, cause);
  }
}

/** A hook took longer than its `timeout`. */
export class HookTimedOut extends SignalboxError<HookFields & { readonly timeout: number }> {
  readonly code = 'hook-timed-out';
  constructor({ hook, on, timeout, text }: HookFields & { timeout: number; text: string }) {
    super(
      `Hook "${hook}" did not end its ${on} within its timeout of ${text}. Its signal was aborted, and what it still does is of no interest. Raise its "timeout", or end it when the signal fires. ${wayOut(on)}`,
      { hook, on, timeout },
    );
  }
}

function wayOut(on: string): string {
  return on.startsWith('before')
    ? `What it stood before was not begun; with "onHookError: 'ignore'" it would be.`
    : 'Nothing else came of it.';
}
