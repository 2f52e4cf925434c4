/**
 * `pause` and `resume`: a flag of the run (S15). While it is set, what is under way may end, and nothing begins: what is ready has its row and
 * waits, and timers that fall due act when the run is resumed.
 */
import type { TurnPort } from '../core/port.ts';
import type { PauseMessage } from '../core/message.ts';
import { goOn } from '../core/hold.ts';
import { statusOf } from '../core/rest.ts';
import { isTerminal, type Status } from '../status.ts';
import type { Command } from './command.ts';

/** Why a run of this status can be neither paused nor resumed; null if it can. */
function conflict(status: Status): string | null {
  if (isTerminal(status)) return `the run has ended: it is ${status}`;
  return status === 'cancelling' || status === 'compensating' ? `the run is ${status}` : null;
}

function commandOf(
  name: PauseMessage['type'],
  refusal: (status: Status) => string | null,
  act: (port: TurnPort) => void,
): Command<PauseMessage> {
  return {
    name,
    refusal,
    take(port, message) {
      const status = statusOf(port.run);
      message.refused = conflict(status) === null ? null : status;
      // Asked twice, it is so already.
      if (message.refused !== null || (status === 'paused') === (name === 'pause')) return false;
      act(port);
      return true;
    },
    shared: {
      write: ({ type }) => ({ type }),
      read: () => ({ type: name, refused: null }),
      answer: ({ refused }) => refused,
      heed(message, answer) {
        message.refused = answer as Status | null;
      },
    },
  };
}

export const pause = commandOf(
  'pause',
  (status) => conflict(status) ?? (status === 'paused' ? 'the run is paused already' : null),
  (port) => {
    port.tell({ ...port.at(''), type: 'run.paused' });
    port.send(port.run.root, { type: 'pause' });
  },
);

export const resume = commandOf(
  'resume',
  (status) => conflict(status) ?? (status === 'paused' ? null : 'the run is not paused'),
  (port) => {
    port.tell({ ...port.at(''), type: 'run.resumed' });
    port.send(port.run.root, { type: 'resume' });
    // A step that stands still holds the others up all the same.
    if (port.run.standing === 0) goOn(port);
  },
);
