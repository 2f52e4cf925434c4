/** `start`: a run begins. It is new, so it is nobody else's. */
import type { StartMessage } from '../core/message.ts';
import type { Command } from './command.ts';

export const start: Command<StartMessage> = {
  name: 'start',
  refusal: (status) => (status === 'pending' ? null : `the run has begun already: it is ${status}`),
  take(port) {
    const { root } = port.run;
    if (root.state.value !== 'pending') return false;
    port.start(root);
    return true;
  },
};
