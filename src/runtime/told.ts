/** Messages that somebody waits for: who sent one is told when what it changed is committed, or why it never will be. */
import type { CommandMessage, HookMessage, Message, SpentMessage } from '../core/message.ts';

interface Awaited {
  told?: (error?: Error) => void;
}

/** Does somebody wait for it? */
export function isAwaited(message: Message & Awaited): boolean {
  return message.told !== undefined;
}

/** Tells who waits for a message that it is committed, or why it will not be. Most messages nobody waits for. */
export function tell(message: Message & Awaited, error?: Error): void {
  message.told?.(error);
}

/** Resolves when what the message changes is committed. */
export function committed(message: (CommandMessage | HookMessage | SpentMessage) & Awaited): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  message.told = (error) => (error === undefined ? resolve() : reject(error));
  // Whoever asked may be told otherwise, and then nobody waits for this.
  promise.catch(() => {});
  return promise;
}
