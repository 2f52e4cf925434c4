/**
 * `begin`: the start of a machine that waits in `pending`. Under a host the parent sends the
 * start when it is the child's turn. A machine that was started with `createActor` has no
 * such parent and starts at once.
 */
import { type AnyActorLogic, type AnyEventObject, fromCallback } from 'xstate';
import type { Invoked } from '../core/effect.ts';

export interface BeginInput {
  /** The start event of a machine that runs without a host. */
  readonly start: () => AnyEventObject;
}

export const beginLogic: AnyActorLogic = fromCallback<AnyEventObject, BeginInput>(({ sendBack, input }) => {
  sendBack(input.start());
});

export const begin: Invoked = {
  waitsFor: ({ startedAt }) => ({ what: 'start', since: startedAt }),
  logic: beginLogic,
  describe: () => null,
};
