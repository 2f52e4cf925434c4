/**
 * The actors as a box has them: with what they do in the turn in which a state enters or leaves them. Apart from the actors themselves,
 * so that machines without a box do not bring the engine along.
 */
import type { Invoked } from '../core/effect.ts';
import { offer, signalsOf } from '../core/signals.ts';
import { actors } from './index.ts';

function withHooks(): { readonly [name: string]: Invoked } {
  const signal: Invoked = {
    ...actors.signal,
    entered: (run, actor) => signalsOf(run).await(actor),
    told: (port, actor) => offer(port, actor),
    left: (run, actor) => run.signals?.forget(actor),
  };
  return { ...actors, signal };
}

// Said to be pure, for bundlers: where no kind is used, none of this is there.
export const hosted = /* @__PURE__ */ withHooks();
