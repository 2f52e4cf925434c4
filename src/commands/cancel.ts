/** `cancel`: ends a run and everything below it (S14). A second one changes nothing. */
import type { CancelMessage } from '../core/message.ts';
import { isTerminal } from '../status.ts';
import type { Command } from './command.ts';

export const cancel: Command<CancelMessage> = {
  name: 'cancel',
  refusal(status) {
    if (status === 'cancelling') return 'the run is being cancelled';
    return isTerminal(status) ? `the run has ended: it is ${status}` : null;
  },
  take(port, message) {
    const { root } = port.run;
    if (root.state.status !== 'active') return false;
    port.send(root, message);
    return true;
  },
  shared: {
    write: ({ type, reason }) => ({ type, reason }),
    read: ({ reason }) => ({ type: 'cancel', reason: reason as string | null }),
    answer: () => null,
    heed: () => {},
  },
};
