/**
 * A walk through the core: one run takes messages at random, as they might come, until it has ended or is long enough. After each
 * turn the run is built again from its rows, and has to take the next message alike; and whoever takes a step leaves the run before as it was.
 */
import type { AnyOrchestrator } from 'signalbox';
import { expect } from 'vitest';
import { planOf } from '../../src/dsl/index.ts';
import type { Json } from '../../src/json.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { type Approval, type ApprovalAct, type ApprovalAsk, CHANGING, isOpen, RESOLVING } from '../../src/people.ts';
import { sha256 } from '../../src/sha256.ts';
import { isTerminal } from '../../src/status.ts';
import { newRun } from '../../src/core/assemble.ts';
import { steppers } from '../../src/core/lanes.ts';
import { takeCommand } from '../../src/commands/index.ts';
import { Items } from '../../src/core/children/items.ts';
import type { Kind } from '../../src/core/kind.ts';
import type { Message } from '../../src/core/message.ts';
import type { Rules } from '../../src/core/port.ts';
import { parentOfRerun, type Rerun, RERUN, takenRecords } from '../../src/core/rerun.ts';
import type { Owed } from '../../src/core/run.ts';
import { type Step, step } from '../../src/core/step.ts';
import type { RecordRow, RunRow } from '../../src/store.ts';
import { answerTo, dice, PAYLOADS, Rows } from '../helpers/rows.ts';

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
const LONGEST = 120;
type Lane = (typeof LANES)[number];

/** One after the other. */
export function laneOf(number: number): Lane {
  return LANES[number % LANES.length] as Lane;
}

const SIGNALS = ['Early', 'Go', 'Never', 'nobody'];

const ACTS = [...RESOLVING, ...CHANGING, 'override'] as const;
const PEOPLE = ['mia', 'tom', 'eve'] as const;

/** Something that somebody says to an approval, perhaps on what was shown a while ago, or to one that was never asked. */
function saying(id: string, { actors }: Rows, throws: (below: number) => number): Message {
  const open = [...actors.values()].filter(({ memory }) => memory.approval !== undefined);
  const { path, memory } = open[throws(open.length)] ?? { path: 'nobody', memory: {} };
  const { number = 1, digest = null } = ((memory as { approval?: Approval }).approval ?? {}) as Partial<Approval>;
  const act = ACTS[throws(ACTS.length)] as ApprovalAct;
  const ask: ApprovalAsk = {
    act,
    by: PEOPLE[throws(3)] as string,
    roles: throws(2) === 0 ? ['boss'] : [],
    onBehalfOf: null,
    comment: throws(2) === 0 ? null : 'so',
    form: null,
    value: throws(3),
    patch: null,
    as: act === 'override' ? 'approve' : null,
    to: { users: ['tom'], roles: [] },
    until: act === 'defer' ? throws(200) : null,
    digest: throws(3) === 0 ? 'another' : digest,
    version: null,
    made: null,
    fault: throws(9) === 0 ? { reason: 'payload-invalid', message: 'no', issues: [] } : null,
  };
  return { type: 'decide', id, path, number: number - (throws(9) === 0 ? 1 : 0), ask, answer: null, known: false };
}

/** All that can be compared of a step: what is told, kept, owed and answered. */
const saidBy = ({ owed, run: _, ...rest }: Step): unknown => {
  const debts = owed.map((each) => ('node' in each ? { ...each, node: each.node.called } : each));
  return { ...rest, debts };
};

/** A turn, with stacks that do not say who took it: that stands in several lines here. */
const take: typeof step = (...turn) => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 3;
  try {
    return step(...turn);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

/** What came of a walk. */
export interface Walked {
  readonly rows: Rows;
  readonly turns: number;
  /** How often a turn needed rows that it was not given. */
  readonly needs: number;
  /** All that was asked for, in order. */
  readonly owed: readonly Owed[];
  readonly steps: readonly Step[];
  /** What it began with, and every message that it took, with the time. */
  readonly begun: RunRow;
  readonly log: readonly Taken[];
}

interface Taken {
  readonly message: Message;
  readonly now: number;
}

/** All that is kept of a run, and all that was told, owed and answered on the way, as a hash. */
export function hashOf({ row, actors, signals, records }: Rows, steps: readonly Step[]): string {
  const kept = [row, ...[actors, signals, records].map((rows) => [...rows.values()]), steps.map(saidBy)];
  return sha256(JSON.stringify(kept));
}

/** The messages of a walk again, from the beginning; the hash of what comes of them. */
export function replayed(flow: AnyOrchestrator, { begun, log }: Walked, [rules]: Lane): string {
  const rows = new Rows(begun);
  const steps: Step[] = [];
  let run = newRun(rules, planOf(flow), begun);
  for (const { message, now } of log) {
    const made = take(rules, run, message, now);
    rows.keep(made);
    steps.push(made);
    run = made.run;
  }
  return hashOf(rows, steps);
}

/** One way through a flow; of a run that begins anew, or of one that takes over from another. */
export function walk(flow: AnyOrchestrator, seed: string, [rules, counting]: Lane, rerun: Rerun | null = null): Walked {
  const throws = dice(seed);
  const plan = planOf(flow);
  const parent = rerun === null ? null : parentOfRerun(rerun.of, rerun.from);
  const none = { output: null, error: null, reason: null, metadata: {}, endedAt: null, parent };
  const pinned = { orchestrator: plan.name, version: plan.version, hash: '', status: 'pending' } as const;
  const id = rerun === null ? 'r' : `${rerun.of}.again`;
  const row: RunRow = { run: id, key: null, input: 1, startedAt: 0, ...pinned, ...none };
  const rows = new Rows(row);
  let run = newRun(rules, plan, row);
  let now = 0;
  const debts: Owed[] = [];
  const taken: Message[] = [];
  const over = new Set<string>();
  const owed: Owed[] = [];
  const steps: Step[] = [];
  let needs = 0;
  let message: Message = { type: 'start', plan, row, ...(rerun === null ? {} : { rerun, records: recordsOf(rerun) }) };
  let turns = 0;
  const log: Taken[] = [];
  while (turns < LONGEST) {
    log.push({ message: { ...message }, now });
    const made = take(rules, run, message, now);
    // The run before was not touched: the same step from it is the same once more.
    expect(saidBy(take(rules, run, message, now))).toEqual(saidBy(made));
    if (turns > 0) {
      const { undoing } = run;
      expect(saidBy(take(rules, rows.build(flow, rules, undoing), message, now))).toEqual(saidBy(made));
      let counted = take(counting, rows.build(flow, counting, undoing), message, now);
      for (const needed: string[] = []; counted.needs !== null; needs += 1) {
        needed.push(counted.needs);
        counted = take(counting, rows.build(flow, counting, undoing, needed), message, now);
      }
      expect(saidBy(counted)).toEqual(saidBy(made));
    }
    // A store is told of what something stands in before it is told of that.
    for (const [at, { path, parent }] of made.actors.entries()) {
      const isKnown =
        parent === null || rows.actors.has(parent) || made.actors.slice(0, at).some((each) => each.path === parent);
      expect(isKnown, `${path} comes with or after ${parent}`).toBe(true);
    }
    for (const { type, id, body } of made.records) {
      if (type !== 'approval') continue;
      expect(over.has(id), `${id} was over, and is written again`).toBe(false);
      if (!isOpen(body as unknown as Approval)) over.add(id);
    }
    rows.keep(made);
    steps.push(made);
    owed.push(...made.owed);
    run = made.run;
    turns += 1;
    taken.push(message);
    for (const each of made.owed) {
      if (each.do === 'abort' || each.do === 'abortUndo' || each.do === 'unwake' || each.do === 'holdChild') continue;
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
      message = { ...asked, ...(throws(2) === 0 ? { input: 3, output: 3 } : {}), refused: null, known: false };
    } else if (chance > 15 && chance < 20) {
      message = saying(`d${turns}`, rows, throws);
    } else if (chance === 20) message = { type: throws(2) === 0 ? 'pause' : 'resume', refused: null };
    else if (chance === 5) {
      const again = taken[throws(taken.length)] as Message;
      message = 'known' in again ? { ...again, known: true } : again;
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
  return { rows, turns, needs, owed, steps, begun: row, log };
}

/** What a rerun keeps beside its rows, as it is asked for. */
function recordsOf(rerun: Rerun): readonly Omit<RecordRow, 'run'>[] {
  const body = rerun.input === undefined ? {} : { input: rerun.input };
  return [{ type: RERUN, id: RERUN, version: 1, body, keys: {} }, ...takenRecords(rerun)];
}
