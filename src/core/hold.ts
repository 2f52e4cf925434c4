/** A run in which nothing was to begin goes on: what is ready begins, and timers that fell due meanwhile are set again. */
import type { TurnPort } from './port.ts';

export function goOn(port: TurnPort): void {
  const { root, actors } = port.run;
  for (const actor of actors.values()) {
    if (actor !== root && actor.state.value === 'pending') port.start(actor);
    if (actor.due === null || actor.due > port.now) continue;
    const { attempt = 0 } = actor.state.context as { readonly attempt?: number };
    port.changes.owe({ do: 'wake', path: actor.path, attempt, due: actor.due });
  }
}
