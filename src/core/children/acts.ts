/** What the machines of parents wish, by the names of their actions. */
import type { Act } from '../kind.ts';
import type { AnyEventObject } from 'xstate';
import type { Actor } from '../run.ts';
import type { TurnPort } from '../port.ts';

function tellAll(port: TurnPort, actor: Actor, event: AnyEventObject): void {
  for (let child = actor.firstLive; child !== null; child = child.nextLive) port.send(child, event);
}

export const parentActs: { readonly [action: string]: Act } = {
  startNext(port, actor, params) {
    const { count } = params as { readonly count: number };
    for (let started = 0; started < count; started += 1) {
      const place = actor.children?.take();
      if (place) port.spawn(actor, place);
    }
  },
  skipRest(port, actor) {
    if (actor.children !== null) port.skip(actor, actor.children.rest());
  },
  cancelChildren(port, actor, params) {
    tellAll(port, actor, { type: 'cancel', reason: (params as { readonly reason: string | null }).reason });
  },
  tellChildren: (port, actor, params) => tellAll(port, actor, params as AnyEventObject),
};
