/** `start`: a run begins. It is new, so it is nobody else's. One that undoes another does nothing else (S13). */
import { DECIDERS, recallDeciders } from '../core/deciders.ts';
import type { StartMessage } from '../core/message.ts';
import type { Command } from './command.ts';

export const start: Command<StartMessage> = {
  name: 'start',
  refusal: (status) => (status === 'pending' ? null : `the run has begun already: it is ${status}`),
  take(port, { undoes, limit, rerun = null, records = [] }) {
    const { root, plan } = port.run;
    if (root.state.value !== 'pending') return false;
    if (limit !== undefined) root.due = Math.min(limit, port.now + (root.node.deadline ?? Number.POSITIVE_INFINITY));
    port.run.rerun = rerun;
    if (rerun !== null)
      recallDeciders(
        port.run,
        records.filter(({ type }) => type === DECIDERS),
      );
    for (const record of records) port.record(record);
    if (undoes === undefined) port.start(root);
    else {
      port.tell({ ...port.at(''), type: 'run.started', orchestrator: plan.name, version: plan.version });
      port.send(root, { type: 'undo', of: undoes });
    }
    return true;
  },
};
