/** `signal`: something that steps of a run wait for. One id is taken once, however often it is sent (S17). */
import { ASKER, readAsker, writeAsker } from '../core/audit.ts';
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
    body: { id: is.text, name: is.text, payload: is.any, asker: ASKER },
    write(message) {
      const { type, id, name, payload } = message;
      return { type, id, name, payload, ...writeAsker(message) };
    },
    read: (body) => {
      const { id, name, payload = null } = body;
      const said = { id: id as string, name: name as string, payload };
      return { type: 'signal', ...said, ...readAsker(body), answer: null, known: false };
    },
    answer: ({ answer }) => answer as unknown as Json,
    heed(message, answer) {
      message.answer = answer as unknown as SignalAnswer | null;
    },
  },
};
