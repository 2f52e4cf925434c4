/** When what an actor waits for is over, for actors that run without a host: so that one that is persisted has the rest of its time left. */
import type { AnyActorRef } from 'xstate';
import { dueAfter, systemClock, wakeAfterAny } from '../clock.ts';

const dues = new WeakMap<AnyActorRef, number>();

/** When the actor's time is up, in milliseconds since 1970; undefined for one that waits for no timer. */
export function dueOf(actor: AnyActorRef): number | undefined {
  return dues.get(actor);
}

/** Wakes after `ms`; or at `due`, if that was fixed before. Ends when the actor is stopped. */
export function wakeWhenDue(
  { self, signal, input: { due } }: { self: AnyActorRef; signal: AbortSignal; input: { readonly due?: number | null } },
  ms: number,
  wake: () => void,
): void {
  const now = systemClock.now();
  const at = due ?? dueAfter(now, ms);
  dues.set(self, at);
  const stop = wakeAfterAny(Math.max(0, at - now), wake);
  signal.addEventListener('abort', stop, { once: true });
}
