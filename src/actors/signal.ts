/** `signal`: what a wait waits for. Somebody else sends it; the timer that may stand beside it is only a limit. */
import { dueAfter } from '../clock.ts';
import type { PlanNode, WaitSpec } from '../definition.ts';
import { fromMs } from '../duration.ts';
import { type ErrorRecord, toRecord, WaitTimedOut } from '../errors/index.ts';
import { waitingLogic } from './waiting.ts';
import type { Invoked } from '../core/effect.ts';
import { offer, signalsOf } from '../core/signals.ts';

export const signal: Invoked = {
  waitsFor: ({ memory, startedAt, due }) => ({ what: 'signal', signal: String(memory.signal), since: startedAt, due }),
  logic: waitingLogic,
  describe({ path, attempt, node, now, due }) {
    const limit = limitOf(node);
    return limit === null ? null : { do: 'wake', path, attempt, due: due ?? dueAfter(now, limit) };
  },
  late: ({ node, path }) => lateFor(node, path),
  entered: (run, actor) => signalsOf(run).await(actor),
  told: (port, actor) => offer(port, actor),
  left: ({ run }, actor) => run.signals?.forget(actor),
};

function limitOf(node: PlanNode): number | null {
  return (node.spec as WaitSpec | null)?.timeout ?? null;
}

function lateFor(node: PlanNode, path: string): ErrorRecord {
  const { signal: name, timeout } = node.spec as WaitSpec;
  const limit = timeout ?? 0;
  return toRecord(new WaitTimedOut({ signal: name, timeout: limit, text: fromMs(limit) }), { path, retryable: false });
}
