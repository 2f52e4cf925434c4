/**
 * The core is a function of rows. After every turn of every scenario the run is built again from its rows, and both take the
 * next message: events, rows, debts and answers are the same. And whoever takes a step leaves the run before as it was.
 */
import type { AnyOrchestrator } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { planOf } from '../../src/dsl/index.ts';
import { chanceOf } from '../../src/ids.ts';
import type { Json } from '../../src/json.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { isTerminal } from '../../src/status.ts';
import { adopt, assemble, newRun, parentsIn } from '../../src/core/assemble.ts';
import { steppers } from '../../src/core/lanes.ts';
import { takeCommand } from '../../src/commands/index.ts';
import { Items } from '../../src/core/children/items.ts';
import type { Kind } from '../../src/core/kind.ts';
import type { Message } from '../../src/core/message.ts';
import type { Rules } from '../../src/core/port.ts';
import type { Owed, RunState } from '../../src/core/run.ts';
import { type Step, step } from '../../src/core/step.ts';
import type { ActorRow, RunRow, SignalRow } from '../../src/store.ts';
import { completedOf } from '../../src/stores/completed.ts';
import { endless, scenarios } from '../helpers/scenarios.ts';
import { held, late } from '../helpers/undoing.ts';

const rules: Rules = {
  kinds: builtInKinds,
  maxValueBytes: 1_000_000,
  signalBuffer: 3,
  stepperOf: steppers(builtInKinds, 'table'),
  takeCommand,
};
/** The same with something else about collections. */
const withMaps = (rules: Rules, over: Partial<Kind>): Rules => ({
  ...rules,
  kinds: {
    get: (name: string) => ({ ...rules.kinds.get(name), ...(name === 'map' ? over : {}) }),
  } as typeof builtInKinds,
});
/** Where a collection remembers how many of its items have ended, as those of many do. */
const tallying = withMaps(rules, { children: (family) => new Items(family, null, 0) });
/** Somebody outside is asked before a track begins, as hooks are. */
const asking: Rules = { ...rules, asksFirst: (_, { node }) => node.noun === 'track' };
/** The rules, and the same where what items have left behind is never read before a turn needs it: their store counts them, or they do. */
const LANES = [rules, tallying, asking].map((whole) => [whole, withMaps(whole, { isCounted: () => true })] as const);
const WALKS = 40;
const LONGEST = 120;

/** What a store would have: rows by their key, in the order in which they came. */
class Rows {
  readonly actors = new Map<string, ActorRow>();
  readonly signals = new Map<string, SignalRow>();
  row: RunRow;
  seq = 0;

  constructor(row: RunRow) {
    this.row = row;
  }

  keep({ row, actors, signals, events, forgotten }: Step): void {
    if (row !== null) this.row = row;
    for (const each of actors) this.actors.set(each.path, each);
    for (const path of forgotten)
      for (const each of this.actors.keys()) if (each === path || each.startsWith(`${path}/`)) this.actors.delete(each);
    for (const each of signals) this.signals.set(each.id, each);
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
    // A run that is read back asks for a page, and counts it. The rest of the page that the other one has is as good.
    if (undoing !== null) {
      run.undoing = undoing;
      run.root.invoked = null;
    }
    return run;
  }

  /** What of the run has completed, a page of it. */
  page({ attempt, before }: Extract<Owed, { do: 'pull' }>): Message {
    const rows = completedOf([...this.actors.values()], { limit: 2, ...(before === null ? {} : { before }) });
    const next = rows.length < 2 ? null : (rows.at(-1)?.endedSeq ?? null);
    return { type: 'answer', from: 'pull', path: '', attempt, output: { rows, next } as never, error: null };
  }
}

/** Numbers that are the same again for the same seed. */
function dice(seed: string): (below: number) => number {
  let thrown = 0;
  return (below) => {
    thrown += 1;
    return Math.floor(chanceOf(`${seed} ${thrown}`) * below);
  };
}

const ERROR = { code: 'task-failed', name: 'Error', message: 'no' };
const PAYLOADS: readonly Json[] = [1, 2, 3, 'no number', { n: 7 }, null];
const SIGNALS = ['Early', 'Go', 'Never', 'nobody'];

/** What a debt brings: an answer, well or not, or the end of a time. */
function answerTo(
  owed: Owed,
  rows: Rows,
  throws: (below: number) => number,
): { readonly message: Message; readonly due: number } | null {
  const { path } = owed;
  if (owed.do === 'abort' || owed.do === 'abortUndo' || owed.do === 'unwake') return null;
  if (owed.do === 'pull') return { message: rows.page(owed), due: 0 };
  if (owed.do === 'wake') return { message: { type: 'wake', path, attempt: owed.attempt }, due: owed.due };
  if (owed.do === 'ask') return { message: { type: 'asked', path, error: throws(4) === 0 ? ERROR : null }, due: 0 };
  const error = throws(3) === 0 ? { ...ERROR, retryable: throws(2) === 0 } : null;
  const output = error === null ? (PAYLOADS[throws(PAYLOADS.length)] as Json) : null;
  const tries = owed.do === 'compensate' ? { tries: owed.tries } : {};
  return { message: { type: 'answer', from: owed.do, path, attempt: owed.attempt, output, error, ...tries }, due: 0 };
}

/** All that can be compared of a step: what is told, kept, owed and answered. */
const saidBy = ({ owed, run: _, ...rest }: Step): unknown => {
  const debts = owed.map((each) => ('node' in each ? { ...each, node: each.node.called } : each));
  return { ...rest, debts };
};

/** How often a turn needed rows that it was not given. */
let needs = 0;

/** One way through a flow. Answers with how many turns there were. */
function walk(flow: AnyOrchestrator, seed: string, [rules, counting]: (typeof LANES)[number]): number {
  const throws = dice(seed);
  const plan = planOf(flow);
  const none = { output: null, error: null, reason: null, metadata: {}, endedAt: null, parent: null };
  const pinned = { orchestrator: plan.name, version: plan.version, hash: '', status: 'pending' } as const;
  const row: RunRow = { run: 'r', key: null, input: 1, startedAt: 0, ...pinned, ...none };
  const rows = new Rows(row);
  let run = newRun(rules, plan, row);
  let now = 0;
  const debts: Owed[] = [];
  const taken: Message[] = [];
  let message: Message = { type: 'start', plan, row };
  let turns = 0;
  while (turns < LONGEST) {
    const made = step(rules, run, message, now);
    // The run before was not touched: the same step from it is the same once more.
    expect(saidBy(step(rules, run, message, now))).toEqual(saidBy(made));
    if (turns > 0) {
      const { undoing } = run;
      expect(saidBy(step(rules, rows.build(flow, rules, undoing), message, now))).toEqual(saidBy(made));
      let counted = step(counting, rows.build(flow, counting, undoing), message, now);
      for (const needed: string[] = []; counted.needs !== null; needs += 1) {
        needed.push(counted.needs);
        counted = step(counting, rows.build(flow, counting, undoing, needed), message, now);
      }
      expect(saidBy(counted)).toEqual(saidBy(made));
    }
    // A store is told of what something stands in before it is told of that.
    for (const [at, { path, parent }] of made.actors.entries()) {
      const isKnown =
        parent === null || rows.actors.has(parent) || made.actors.slice(0, at).some((each) => each.path === parent);
      expect(isKnown, `${path} comes with or after ${parent}`).toBe(true);
    }
    rows.keep(made);
    run = made.run;
    turns += 1;
    taken.push(message);
    for (const each of made.owed) {
      if (each.do === 'abort' || each.do === 'abortUndo' || each.do === 'unwake') continue;
      debts.push(each);
    }
    if (isTerminal(rows.row.status)) break;
    // Now and then a cancel, a signal, or something that was taken before and comes again.
    const chance = throws(24);
    if (chance === 0)
      message = { type: 'cancel', reason: 'enough', compensate: throws(2) === 0, force: throws(4) === 0 };
    else if (chance < 5) {
      const [name, payload] = [SIGNALS[throws(SIGNALS.length)] as string, PAYLOADS[throws(PAYLOADS.length)] as Json];
      message = { type: 'signal', id: `s${turns}`, name, payload, answer: null, known: false };
    } else if (chance > 20) {
      const paths = ['a/one', 'a/nap', 'a/two', 'b/items/1', 'b'];
      const type = (['retry', 'skip', 'resolve'] as const)[throws(3)] as 'retry';
      const asked = { type, path: paths[throws(paths.length)] as string, id: `i${turns}`, reason: 'x', by: null };
      message = { ...asked, ...(throws(2) === 0 ? { input: 3, output: 3 } : {}), refused: null, isTaken: false };
    } else if (chance === 20) message = { type: throws(2) === 0 ? 'pause' : 'resume', refused: null };
    else if (chance === 5) {
      const again = taken[throws(taken.length)] as Message;
      message = again.type === 'signal' ? { ...again, known: true } : again;
    } else {
      const at = throws(debts.length);
      const found = debts.length === 0 ? null : answerTo(debts[at] as Owed, rows, throws);
      if (found === null) {
        message = { type: 'cancel', reason: null };
        continue;
      }
      debts.splice(at, 1);
      now = Math.max(now + 1, found.due);
      message = found.message;
    }
  }
  return turns;
}

describe.each([...scenarios, endless, late, held].map((flow) => ({ name: flow.name, flow })))('$name', ({ flow }) => {
  test('goes on from its rows as it would have gone on, whatever comes in whatever order (I3, I5, I9, P109)', () => {
    let turns = 0;
    for (let seed = 1; seed <= WALKS; seed += 1)
      turns += walk(flow, `${flow.name} ${seed}`, LANES[seed % LANES.length] as (typeof LANES)[number]);
    expect(turns).toBeGreaterThanOrEqual(WALKS);
    // Of a collection that completes after its run was read back.
    if (flow.name === 'items') expect(needs).toBeGreaterThan(0);
  });
});
