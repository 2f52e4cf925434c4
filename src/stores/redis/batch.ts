/** From the changes of one commit to the values that its script takes, in the order that `scripts.ts` says; and from its refusal to an error. */
import { CommitConflict, LeaseLost, RunExists } from '../../errors/index.ts';
import { isFailure, isTerminal } from '../../status.ts';
import type { ActorRow, RunChange } from '../../store.ts';
import { idOf, listOf, part, pinOf } from './keys.ts';
import { indexesOf } from './lists.ts';
import { recordField, recordLists, recordMember, recordText } from './records.ts';
import { attemptText, headOf, partText, startText, stateText, stepText } from './rows.ts';

/** A key of a run within its orchestrator, as `keys` has it. */
export function keyField(orchestrator: string, key: string): string {
  return JSON.stringify([orchestrator, key]);
}

/** `owner` and `lease` as the server keeps them, `news` as it is published. */
export function valuesOf(changes: readonly RunChange[], owner: string, lease: string, news: string): string[] {
  const values = [owner, lease, news, String(changes.length)];
  for (const {
    run,
    fence,
    after,
    row,
    events,
    actors,
    attempts,
    signals,
    records,
    recordsGone,
    forgotten,
  } of changes) {
    const key = row === null || row.key === null ? '' : keyField(row.orchestrator, row.key);
    values.push(part(run), String(fence), String(after), key);
    values.push(String(events.length), String(actors.length), String(attempts.length), String(signals.length));
    const none = records === undefined && recordsGone === undefined && forgotten === undefined;
    values.push(none ? '' : `${records?.length ?? 0} ${recordsGone?.length ?? 0} ${forgotten?.length ?? 0}`);
  }
  for (const change of changes) pushRun(values, change);
  return values;
}

function pushRun(values: string[], change: RunChange): void {
  const { run, after, row, events, actors, attempts, signals, records, recordsGone, forgotten } = change;
  if (row === null) values.push('');
  else {
    // What stays as it began travels with the first commit only.
    values.push(stateText(row), after === 0 ? startText(row) : '', listOf(row.orchestrator, row.status));
    values.push(String(row.startedAt), isTerminal(row.status) ? String(row.endedAt ?? row.startedAt) : '');
    values.push(after === 0 ? pinOf(row) : '', after === 0 ? indexesOf(row) : '');
  }
  for (const path of forgotten ?? []) values.push(part(path), JSON.stringify(path));
  const head = headOf(run);
  for (const event of events) values.push(partText(event, head));
  for (const { path } of actors) values.push(part(path));
  for (const actor of actors) {
    const { parent } = actor;
    values.push(standingOf(actor) + (parent === null ? '' : `/${part(parent)}`), stepText(actor));
  }
  for (const attempt of attempts) values.push(attemptText(attempt));
  for (const signal of signals)
    values.push(part(signal.id), signal.takenBy === null ? '+' : '-', partText(signal, head));
  for (const gone of recordsGone ?? []) values.push(recordField(gone), recordMember(run, gone));
  for (const record of records ?? [])
    values.push(recordField(record), recordMember(run, record), recordLists(record), recordText(record));
}

/** Whether it is open, has failed, has completed and with which event, or has ended otherwise. */
function standingOf({ state, endedSeq }: ActorRow): string {
  if (state === 'completed') return `=${endedSeq ?? 0}`;
  return isFailure(state) ? '!' : isTerminal(state) ? '-' : '+';
}

/** Why the script took nothing: for which of the changes, counted from 1, and what it found instead. */
export type Refusal = readonly [why: string, index: number, found: string | number, fence?: string];

/** A refusal as the error that the port wants. */
export function refused(changes: readonly RunChange[], [why, index, found, fence]: Refusal): Error {
  const { run, after } = changes[index - 1] as RunChange;
  if (why === 'lease') {
    return new LeaseLost({ run, owner: found === '' ? 'nobody' : idOf(String(found)), fence: Number(fence) });
  }
  if (why === 'taken') return new RunExists({ run: idOf(String(found)), differs: 'id' });
  return new CommitConflict({ run, expected: after, found: Number(found) });
}
