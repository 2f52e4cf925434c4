/** A hook that has failed, and that nothing came of: the history says so, unless it has ended. */
import type { HookMessage } from './message.ts';
import type { TurnPort } from './port.ts';

export function tellOfHook(port: TurnPort, { path, hook, on, error }: HookMessage): boolean {
  // The end of a run is the last that is told of it.
  if (port.run.root.state.status !== 'active') return false;
  port.tell({ ...port.at(path), type: 'hook.failed', hook, on, error });
  return true;
}
