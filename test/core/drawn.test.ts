/**
 * Definitions, answers, commands and crashes drawn at random; after every turn it is looked at what must never be otherwise: ends
 * stay, nothing completed is done again, what is undone had completed and is undone once and backwards, policies and caps hold, a
 * cancel reaches everything, and a run ends or says what it waits for.
 */
import type { AnyOrchestrator } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { takeCommand } from '../../src/commands/index.ts';
import { newRun, owedTo } from '../../src/core/assemble.ts';
import { steppers } from '../../src/core/lanes.ts';
import type { Message } from '../../src/core/message.ts';
import type { Rules } from '../../src/core/port.ts';
import { isHeld, isPaused, type Owed, type RunState } from '../../src/core/run.ts';
import { type Step, step } from '../../src/core/step.ts';
import { placeAt } from '../../src/core/undo.ts';
import { planOf } from '../../src/dsl/index.ts';
import { builtInKinds } from '../../src/machines/index.ts';
import { isTerminal } from '../../src/status.ts';
import type { ActorRow, RunRow } from '../../src/store.ts';
import { drawn } from '../helpers/definitions.ts';
import { isLong } from '../helpers/form.ts';
import { answerTo, dice, Rows } from '../helpers/rows.ts';

const rules: Rules = {
  kinds: builtInKinds,
  maxValueBytes: 1_000_000,
  signalBuffer: 3,
  stepperOf: steppers(builtInKinds, 'table'),
  takeCommand,
};
const DRAWN = isLong ? 1_500 : 200;
/** So many turns at random; then everything is done that lets it end, which has to come soon. */
const TURNS = 60;
const MORE = 600;

/** What has happened so far in a walk. */
class Watch {
  readonly faults: string[] = [];
  readonly #flow: AnyOrchestrator;
  readonly #rows: Rows;
  readonly #executed = new Set<string>();
  readonly #completedWith = new Map<string, number>();
  #undoneWith = Number.POSITIVE_INFINITY;

  constructor(flow: AnyOrchestrator, rows: Rows) {
    this.#flow = flow;
    this.#rows = rows;
  }

  /** Looks at a turn: `before` are the rows without it. */
  look(before: ReadonlyMap<string, ActorRow>, made: Step, message: Message): void {
    this.#ends(before, made);
    // What is begun and told to end in one turn is told so before it does anything.
    const cut = new Set(made.owed.flatMap((each) => (each.do === 'abort' ? [each.path] : [])));
    for (const owed of made.owed) if (!cut.has(owed.path)) this.#owes(owed, made.run, message);
    this.#policies(made.run);
    this.#caps();
    this.#waits(made.run);
  }

  #fault(rule: string, what: string): void {
    this.faults.push(`${rule}: ${what}`);
  }

  #ends(before: ReadonlyMap<string, ActorRow>, { actors, events }: Step): void {
    for (const { path, state, endedSeq } of actors) {
      const was = before.get(path)?.state;
      if (was !== undefined && isTerminal(was) && was !== state) {
        const isUndone = was === 'completed' && ['compensating', 'compensated', 'compensationFailed'].includes(state);
        if (!isUndone) this.#fault('I5', `${path} was ${was} and is ${state}`);
      }
      if (state === 'completed' && path !== '') this.#completedWith.set(path, endedSeq as number);
    }
    const last = before.get('')?.state;
    if (last !== undefined && isTerminal(last) && events.length > 0) this.#fault('I5', 'it goes on after its end');
  }

  #owes(owed: Owed, run: RunState, message: Message): void {
    const row = this.#rows.actors.get(owed.path);
    if (owed.do === 'execute') {
      const key = `${owed.path}#${owed.attempt}`;
      if (this.#executed.has(key)) this.#fault('I6', `${key} is begun twice`);
      this.#executed.add(key);
      if (row?.state !== 'running' || row.attempt !== owed.attempt)
        this.#fault('I6', `${key} is begun while it is ${row?.state}`);
      const status = String(run.root.state.value);
      if (status !== 'running') this.#fault('S14', `${key} is begun while the run is ${status}`);
      const isWanted = message.type === 'retry' && message.path === owed.path;
      if (isHeld(run) && !isWanted) this.#fault('S12', `${key} is begun while nothing is to begin`);
    }
    if (owed.do === 'compensate' && owed.tries === 1) {
      const seq = this.#completedWith.get(owed.path);
      if (seq === undefined) this.#fault('I8', `${owed.path} is undone and has not completed`);
      else if (seq >= this.#undoneWith) this.#fault('I8', `${owed.path} is undone after what came before it`);
      else this.#undoneWith = seq;
    }
  }

  #policies({ root }: RunState): void {
    const { onFailure, tracks } = this.#flow.definition;
    const stateOf = (name: string): string | undefined => this.#rows.actors.get(name)?.state;
    const failed = tracks.filter(({ name }) => ['failed', 'timedOut'].includes(stateOf(name) ?? ''));
    const { borne } = root.state.context as unknown as { readonly borne: { readonly count: number } | null };
    if (root.state.value === 'running' && onFailure !== 'continue' && failed.length > (borne?.count ?? 0))
      this.#fault('S12', `it goes on after ${failed.map(({ name }) => name).join(', ')}`);
    if (onFailure !== 'continue') return;
    for (const { name, after } of tracks) {
      const is = stateOf(name);
      const isLost = after.some((each) => failed.some((other) => other.name === each));
      if (isLost && is !== undefined && is !== 'skipped')
        this.#fault('S12', `${name} is ${is} after what it depends on`);
    }
  }

  #caps(): void {
    const live = new Map<string, number>();
    for (const { parent, state } of this.#rows.actors.values())
      if (parent !== null && !isTerminal(state) && state !== 'compensating')
        live.set(parent, (live.get(parent) ?? 0) + 1);
    const { root } = planOf(this.#flow);
    for (const [path, count] of live) {
      const isUndoing = this.#rows.actors.get('')?.state === 'compensating';
      const { concurrency } = path === '' ? root : (placeAt(builtInKinds, root, path)?.node ?? root);
      if (!isUndoing && count > concurrency)
        this.#fault('S30', `${count} are live in "${path}", and ${concurrency} may be`);
    }
  }

  #waits(run: RunState): void {
    const open = [...this.#rows.actors.values()].filter(({ state }) => !isTerminal(state));
    if (isTerminal(this.#rows.row.status)) {
      if (open.length > 0) this.#fault('S14', `the run has ended, and ${open.map(({ path }) => path).join(', ')} not`);
      return;
    }
    for (const actor of run.actors.values()) {
      const { path, invoked, kind, state } = actor;
      const isAsked = path === '' && state.value === 'compensating';
      if (!isAsked && (invoked === null || kind.actors[invoked]?.waitsFor === undefined))
        this.#fault('I7', `${path} is ${String(state.value)} and waits for nothing`);
    }
    const isAsking = open.some(
      ({ state, path }) => state === 'waiting' || state === 'awaitingIntervention' || path === '',
    );
    if (open.length === 0 || !isAsking) this.#fault('I7', 'nothing of it is open');
    const needsNobody = owedTo(run, 0).length > 0 || isHeld(run) || run.undoing !== null;
    if (!needsNobody && !open.some(({ state }) => state === 'waiting')) this.#fault('I7', 'it is stuck');
  }
}

/** Something that somebody asks of the run, at random. */
function asked(rows: Rows, turn: number, throws: (below: number) => number): Message {
  const id = `m${turn}`;
  const paths = [...rows.actors.keys()];
  switch (throws(6)) {
    case 0:
      return { type: 'cancel', reason: 'enough', compensate: throws(2) === 0, force: throws(4) === 0 };
    case 1:
      return { type: throws(2) === 0 ? 'pause' : 'resume', refused: null };
    case 2:
    case 3: {
      const type = (['retry', 'skip', 'resolve'] as const)[throws(3)] as 'retry';
      const path = paths[throws(paths.length)] as string;
      return { type, id, path, reason: 'x', by: null, output: 1, refused: null, known: false };
    }
    default:
      return { type: 'signal', id, name: 'go', payload: 1, answer: null, known: false };
  }
}

/** What lets a run end that waits for nothing but somebody. */
function ending(rows: Rows, run: RunState, turn: number): Message | null {
  const id = `e${turn}`;
  if (isPaused(run)) return { type: 'resume', refused: null };
  for (const { path, state } of rows.actors.values()) {
    if (state === 'awaitingIntervention')
      return { type: 'skip', id, path, reason: 'x', by: null, refused: null, known: false };
    if (state === 'waiting') return { type: 'signal', id, name: 'go', payload: 1, answer: null, known: false };
  }
  return null;
}

function walk(number: number): {
  readonly flow: AnyOrchestrator;
  readonly faults: readonly string[];
  readonly end: string;
} {
  const throws = dice(`drawn ${number}`);
  const flow = drawn(number, throws);
  const plan = planOf(flow);
  const none = { output: null, error: null, reason: null, metadata: {}, endedAt: null, parent: null };
  const pinned = { orchestrator: plan.name, version: plan.version, hash: '', status: 'pending' } as const;
  const row: RunRow = { run: 'r', key: null, input: 1, startedAt: 0, ...pinned, ...none };
  const rows = new Rows(row);
  const watch = new Watch(flow, rows);
  let run = newRun(rules, plan, row);
  let now = 0;
  let debts: Owed[] = [];
  let message: Message | null = { type: 'start', plan, row };
  for (let turn = 0; turn < TURNS + MORE && message !== null; turn += 1) {
    const before = new Map(rows.actors);
    const made = step(rules, run, message, now);
    rows.keep(made);
    run = made.run;
    watch.look(before, made, message);
    if (watch.faults.length > 0) break;
    if (isTerminal(rows.row.status)) break;
    debts.push(...made.owed.filter((each) => !['abort', 'abortUndo', 'unwake', 'holdChild'].includes(each.do)));
    if (throws(8) === 0) {
      // A crash: what is owed follows from the rows.
      run = rows.build(flow, rules, null);
      debts = owedTo(run, now);
    }
    const isEnding = turn >= TURNS;
    if (!isEnding && throws(7) === 0) {
      message = asked(rows, turn, throws);
      continue;
    }
    if (isEnding && turn % 3 === 0) {
      const word = ending(rows, run, turn);
      if (word !== null) {
        message = word;
        continue;
      }
    }
    const owed = debts.splice(throws(debts.length), 1)[0];
    const found = owed === undefined ? null : answerTo(owed, rows, isEnding ? (below) => below - 1 : throws);
    if (found !== null) now = Math.max(now + 1, found.due);
    message = found?.message ??
      ending(rows, run, turn) ?? {
        type: 'signal',
        id: `n${turn}`,
        name: 'none',
        payload: 1,
        answer: null,
        known: false,
      };
  }
  return { flow, faults: watch.faults, end: rows.row.status };
}

describe(`${DRAWN} definitions that are drawn at random`, () => {
  test('keep what is promised after every turn, whatever comes and wherever they crash (I5, I6, I7, I8, S12, S14, S30)', () => {
    const wrong: string[] = [];
    const ends = new Set<string>();
    for (let number = 1; number <= DRAWN; number += 1) {
      const { faults, end } = walk(number);
      ends.add(end);
      if (faults.length > 0) wrong.push(`${number}: ${faults.join('; ')}`);
      else if (!isTerminal(end as never)) wrong.push(`${number}: it is ${end} and does not end`);
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect([...ends].sort()).toEqual(['cancelled', 'compensated', 'completed', 'failed']);
  });
});
