/**
 * `pause` and `resume`: a flag of the run (S15). While it is set, what is under way may end, and nothing begins: what is ready has its row and
 * waits, and timers that fall due act when the run is resumed. Its child runs stand still and go on with it.
 */
import { ASKER, keepAsked, readAsker, writeAsker } from '../core/audit.ts';
import type { PauseMessage } from '../core/message.ts';
import { goOn } from '../core/hold.ts';
import { statusOf } from '../core/rest.ts';
import { isPaused, type Paused, pausedOf, toldChildren } from '../core/run.ts';
import * as is from '../forms.ts';
import { isTerminal, type Status } from '../status.ts';
import type { Command } from './command.ts';

/** Why a run of this status can be neither paused nor resumed; null if it can. */
function conflict(status: Status): string | null {
  if (isTerminal(status)) return `the run has ended: it is ${status}`;
  return status === 'cancelling' || status === 'compensating' ? `the run is ${status}` : null;
}

/** Who has paused it afterwards. What somebody pauses himself does not go on with the run that started it; what he lets go on, goes on. */
function after(paused: Paused, name: PauseMessage['type'], above: boolean): Paused {
  const [byHand, byAbove] = [paused === true || paused === 'both', paused === 'above' || paused === 'both'];
  if (name === 'pause') return above ? (byHand ? 'both' : 'above') : byAbove ? 'both' : true;
  if (above && byHand) return true;
  return byHand || byAbove ? 'over' : paused;
}

function commandOf(name: PauseMessage['type'], refusal: (status: Status) => string | null): Command<PauseMessage> {
  return {
    name,
    refusal,
    take(port, message) {
      const { run, changes } = port;
      const status = statusOf(run);
      message.refused = conflict(status) === null ? null : status;
      const before = pausedOf(run);
      const paused = after(before, name, message.above === true);
      if (message.refused !== null || !keepAsked(port, message, {})) return false;
      // Asked twice, it is so already.
      if (paused === before) return message.asker !== undefined;
      const was = isPaused(run);
      const is = paused !== 'over';
      if (was !== is) port.tell({ ...port.at(''), type: is ? 'run.paused' : 'run.resumed' });
      port.send(run.root, { type: name, paused });
      if (was === is) return true;
      for (const owed of toldChildren(run)) changes.owe(owed);
      // A step that stands still holds the others up all the same.
      if (!is && run.standing === 0) goOn(port);
      return true;
    },
    shared: {
      body: { above: is.maybe(is.yesNo), asker: ASKER },
      write: (message) => ({ type: name, ...(message.above === true ? { above: true } : {}), ...writeAsker(message) }),
      read: (body) => ({
        type: name,
        ...(body.above === true ? { above: true } : {}),
        ...readAsker(body),
        refused: null,
      }),
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
);

export const resume = commandOf(
  'resume',
  (status) => conflict(status) ?? (status === 'paused' ? null : 'the run is not paused'),
);
