/** What the machines of parents wish, by the names of their actions. */
import type { Act } from '../kind.ts';
import type { Skipped } from './children.ts';

export const parentActs: { readonly [action: string]: Act } = {
  startNext(port, actor, params) {
    const { count } = params as { readonly count: number };
    for (let started = 0; started < count; started += 1) {
      const place = actor.children?.take();
      if (place) port.spawn(actor, place);
    }
  },
  skipGiven(port, actor, params) {
    const { given } = params as { readonly given: Skipped | null };
    if (given !== null) port.skip(actor, given);
  },
  skipRest(port, actor) {
    if (actor.children !== null) port.skip(actor, actor.children.rest());
  },
  cancelChildren(port, actor, params) {
    const { reason, decider = null } = params as { readonly reason: string | null; readonly decider?: string | null };
    const why = decider === null ? reason : `"${actor.place?.name ?? actor.path}" was decided by "${decider}"`;
    for (let child = actor.firstLive; child !== null; child = child.nextLive)
      port.send(child, { type: 'cancel', reason: why });
  },
  forceChildren(port, { firstLive, state }) {
    const { reason = null } = state.context as { readonly reason?: string | null };
    for (let child = firstLive; child !== null; child = child.nextLive)
      port.send(child, { type: 'cancel', reason, force: true });
  },
};
