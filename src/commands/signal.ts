/** `signal`: something that steps of a run wait for. One id is taken once, however often it is sent (S17). */
import type { SignalMessage } from '../core/message.ts';
import { receive, type SignalAnswer } from '../core/signals.ts';
import * as is from '../forms.ts';
import type { Json } from '../json.ts';
import { isTerminal } from '../status.ts';
import type { Command } from './command.ts';

export const signal: Command<SignalMessage> = {
  name: 'signal',
  refusal: (status) => (isTerminal(status) ? `the run has ended: it is ${status}` : null),
  take: (port, message) => !message.known && receive(port, message),
  shared: {
    body: { id: is.text, name: is.text, payload: is.any },
    write: ({ type, id, name, payload }) => ({ type, id, name, payload }),
    read: ({ id, name, payload = null }) => {
      return { type: 'signal', id: id as string, name: name as string, payload, answer: null, known: false };
    },
    answer: ({ answer }) => answer as unknown as Json,
    heed(message, answer) {
      message.answer = answer as unknown as SignalAnswer | null;
    },
  },
};
