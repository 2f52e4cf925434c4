/**
 * `cancel`: ends a run and everything below it (S14). A second one changes nothing, unless it asks for more: that what has completed
 * is undone, or that nothing is waited for.
 */
import { ASKER, keepAsked, readAsker, writeAsker } from '../core/audit.ts';
import type { CancelMessage } from '../core/message.ts';
import * as is from '../forms.ts';
import { isTerminal } from '../status.ts';
import type { Command } from './command.ts';

// An earlier version says nothing of the others. A call, which bundlers may leave out.
const BODY = Object.freeze({
  reason: is.orNull(is.text),
  compensate: is.maybe(is.yesNo),
  force: is.maybe(is.yesNo),
  asker: ASKER,
});

export const cancel: Command<CancelMessage> = {
  name: 'cancel',
  refusal(status) {
    return isTerminal(status) ? `the run has ended: it is ${status}` : null;
  },
  take(port, message) {
    const { root } = port.run;
    if (root.state.status !== 'active') return false;
    const { compensate = false, force = false } = message;
    if (!keepAsked(port, message, { compensate, force })) return false;
    port.send(root, message);
    return true;
  },
  shared: {
    write(message) {
      const { type, reason, compensate = false, force = false } = message;
      return { type, reason, compensate, force, ...writeAsker(message) };
    },
    body: BODY,
    read: (body) => {
      const { reason, compensate, force } = body;
      return {
        type: 'cancel',
        reason: reason as string | null,
        compensate: compensate === true,
        force: force === true,
        ...readAsker(body),
      };
    },
    answer: () => null,
    heed: () => {},
  },
};
