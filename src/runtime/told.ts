/** Messages that somebody waits for: who sent one is told when what it changed is committed, or why it never will be. */
import type { CommandMessage, HookMessage, Message, SpentMessage } from '../core/message.ts';

/** Why nothing came of a message; nothing, if it was committed. */
export type Untold = Error | 'over' | undefined;

interface Awaited {
  told?: (why: Untold) => void;
}

/** Does somebody wait for it? */
export function isAwaited(message: Message & Awaited): boolean {
  return message.told !== undefined;
}

/** Tells who waits for a message that it is committed, or why it will not be. Most messages nobody waits for. */
export function tell(message: Message & Awaited, why?: Untold): void {
  message.told?.(why);
}

/** Resolves when what the message changes is committed; with false, if its run had ended before. */
export function committed(message: (CommandMessage | HookMessage | SpentMessage) & Awaited): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  message.told = (why) => (why instanceof Error ? reject(why) : resolve(why === undefined));
  // Whoever asked may be told otherwise, and then nobody waits for this.
  promise.catch(() => {});
  return promise;
}
