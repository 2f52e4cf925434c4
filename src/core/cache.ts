/** The history of a step says whether its output was kept from before (S32). */
import type { CacheMessage } from './message.ts';
import type { TurnPort } from './port.ts';

export function tellOfCache(port: TurnPort, { path, attempt, from }: CacheMessage): boolean {
  if (port.run.actors.get(path)?.invoked !== 'execute') return false;
  port.tell({
    ...port.at(path),
    ...(from === null ? { type: 'cache.missed', attempt } : { type: 'cache.hit', attempt, from }),
  });
  return true;
}
