/** What an attempt spends of its budgets (S38) is kept in records of its run, as long as the step waits for the attempt. */
import type { SpentMessage } from './message.ts';
import type { TurnPort } from './port.ts';
import { waiting } from './waited.ts';

export function keepSpent(port: TurnPort, message: SpentMessage): boolean {
  const { actors, root } = port.run;
  message.isWanted = waiting(actors.get(message.path), 'execute', message.attempt) !== null;
  // A run that has ended keeps what it has.
  if (root.state.status === 'active') for (const name of message.gone) port.dropRecord(name);
  if (message.isWanted) for (const record of message.records) port.record(record);
  return message.isWanted;
}
