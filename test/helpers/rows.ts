/** A store for walks through the core: what a run has committed, and the run again from that; and what the world answers. */
import type { AnyOrchestrator } from 'signalbox';
import { adopt, assemble, parentsIn } from '../../src/core/assemble.ts';
import type { Message } from '../../src/core/message.ts';
import type { Rules } from '../../src/core/port.ts';
import { rerunFrom, rerunOf } from '../../src/core/rerun.ts';
import type { Owed, RunState } from '../../src/core/run.ts';
import type { Step } from '../../src/core/step.ts';
import { planOf } from '../../src/dsl/index.ts';
import { chanceOf } from '../../src/ids.ts';
import type { Json } from '../../src/json.ts';
import { isTerminal } from '../../src/status.ts';
import type { ActorRow, RecordRow, RunRow, SignalRow } from '../../src/store.ts';
import { completedOf } from '../../src/stores/completed.ts';
import { isLeft } from '../../src/core/undo.ts';

/** What a store would have: rows by their key, in the order in which they came. */
export class Rows {
  readonly actors = new Map<string, ActorRow>();
  readonly signals = new Map<string, SignalRow>();
  readonly records = new Map<string, RecordRow>();
  row: RunRow;
  seq = 0;

  constructor(row: RunRow) {
    this.row = row;
  }

  keep({ row, actors, signals, records, recordsGone, events, forgotten }: Step): void {
    if (row !== null) this.row = row;
    for (const each of actors) this.actors.set(each.path, each);
    for (const path of forgotten)
      for (const each of this.actors.keys()) if (each === path || each.startsWith(`${path}/`)) this.actors.delete(each);
    for (const each of signals) this.signals.set(each.id, each);
    for (const { type, id } of recordsGone) this.records.delete(`${type} ${id}`);
    for (const each of records) this.records.set(`${each.type} ${each.id}`, each);
    this.seq += events.length;
  }

  /** The run, from nothing but these. */
  build(flow: AnyOrchestrator, rules: Rules, undoing: RunState['undoing'], needed: readonly string[] = []): RunState {
    const all = [...this.actors.values()];
    const open = all.filter(({ state }) => !isTerminal(state));
    const signals = [...this.signals.values()].filter(({ takenBy }) => takenBy === null);
    const run = assemble(rules, planOf(flow), { row: this.row, seq: this.seq, open, signals });
    const { rows, counts, known } = parentsIn(run, new Set(needed));
    const below = (parent: string) => all.filter((each) => each.parent === parent);
    const counted = counts.map((parent) => {
      const states: { [state: string]: number } = {};
      for (const { state } of below(parent)) states[state] = (states[state] ?? 0) + 1;
      return [parent, states] as const;
    });
    adopt(
      rules,
      run,
      all.filter(({ parent }) => parent !== null && rows.includes(parent)),
      new Map([...known, ...counted]),
    );
    const of = rerunOf(this.row);
    if (of !== null) run.rerun = rerunFrom(of.run, of.from, [...this.records.values()]);
    // A run that is read back asks for a page, and counts it. The rest of the page that the other one has is as good.
    if (undoing !== null) {
      run.undoing = undoing;
      run.root.invoked = null;
    }
    return run;
  }

  /** What of the run has completed, a page of it. */
  page({ attempt, before }: Extract<Owed, { do: 'pull' }>): Message {
    const all = [...this.actors.values()];
    const rows = completedOf(all, { limit: 2, ...(before === null ? {} : { before }) });
    const next = rows.length < 2 ? null : (rows.at(-1)?.endedSeq ?? null);
    const left = before === null ? all.filter(isLeft).map((row) => row.path) : [];
    return { type: 'answer', from: 'pull', path: '', attempt, output: { rows, next, left } as never, error: null };
  }
}

/** Numbers that are the same again for the same seed. */
export function dice(seed: string): (below: number) => number {
  let thrown = 0;
  return (below) => {
    thrown += 1;
    return Math.floor(chanceOf(`${seed} ${thrown}`) * below);
  };
}

const CHILD_FAILED = { code: 'child-failed', name: 'ChildFailed', message: 'it stays' };
const ERROR = { code: 'task-failed', name: 'Error', message: 'no' };
export const PAYLOADS: readonly Json[] = [1, 2, 3, 'no number', { n: 7 }, null];
/** A child run that was cancelled in time, or too late, or that could not undo what it had done. */
function endedChild(how: number): Omit<Extract<Message, { readonly type: 'answer' }>, 'path' | 'attempt'> {
  const answer = { type: 'answer', from: 'endChild', output: null, error: null } as const;
  if (how === 0) return answer;
  return how === 1 ? { ...answer, output: { late: { output: 7 } } } : { ...answer, error: CHILD_FAILED };
}

/** What a debt brings: an answer, well or not, or the end of a time. */
export function answerTo(
  owed: Owed,
  rows: Rows,
  throws: (below: number) => number,
): { readonly message: Message; readonly due: number } | null {
  const { path } = owed;
  if (owed.do === 'abort' || owed.do === 'abortUndo' || owed.do === 'unwake' || owed.do === 'holdChild') return null;
  if (owed.do === 'pull') return { message: rows.page(owed), due: 0 };
  if (owed.do === 'ask') return { message: { type: 'asked', path, error: throws(4) === 0 ? ERROR : null }, due: 0 };
  if (owed.do === 'wake') return { message: { type: 'wake', path, attempt: owed.attempt }, due: owed.due };
  if (owed.do === 'endChild') return { message: { ...endedChild(throws(3)), path, attempt: owed.attempt }, due: 0 };
  const error = throws(3) === 0 ? { ...ERROR, retryable: throws(2) === 0 } : null;
  const output = error === null ? (PAYLOADS[throws(PAYLOADS.length)] as Json) : null;
  const tries = owed.do === 'compensate' ? { tries: owed.tries } : {};
  return { message: { type: 'answer', from: owed.do, path, attempt: owed.attempt, output, error, ...tries }, due: 0 };
}
