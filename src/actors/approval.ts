/**
 * `approval`: somebody is asked. What is asked is opened when its state is entered, stands in the machine's memory and as a record
 * that others find it by, and is withdrawn if the state is left without an answer (S23). Time reminds and ends it (S22).
 */
import { waitingLogic } from './waiting.ts';
import { keepReviewed } from '../core/cache.ts';
import { decidersNamed, keepDeciders } from '../core/deciders.ts';
import type { Invoked, WaitingFor } from '../core/effect.ts';
import { mapped, parsedNow, synchronous } from '../core/facts.ts';
import type { EventPlace } from '../core/kind.ts';
import type { TurnPort } from '../core/port.ts';
import { type Actor, isHeld } from '../core/run.ts';
import type { Facts, Mapper } from '../definition.ts';
import {
  ApprovalExpired,
  ApprovalImpossible,
  ApprovalRejected,
  InitiatorUnknown,
  type ErrorRecord,
  toRecord,
} from '../errors/index.ts';
import { type Json, toJson } from '../json.ts';
import {
  type Approval,
  APPROVAL_RECORD,
  approvalId,
  type ApprovalSpec,
  areNames,
  type AskedWhen,
  type AskingSpec,
  type Assignees,
  type Consequence,
  deferredOf,
  isOfTask,
  isOpen,
  LONGEST_NAME,
  MOST_PEOPLE,
  MOST_SHOWN,
  recordOfApproval,
  type Resolution,
  specOf,
} from '../people.ts';
import { verdictOf } from '../policies/approvals/decide.ts';
import { keysOf, opened, type Opening } from '../policies/approvals/record.ts';
import { changed, elapsed, nextDue } from '../policies/approvals/time.ts';
import { electorate, reaches } from '../policies/approvals/votes.ts';

/** When a step asks, as it stands now. */
function whenAsked({ node, state }: Actor): AskedWhen {
  if (node.task === null) return state.value === 'awaitingIntervention' ? 'standing' : 'step';
  const { attempt } = state.context as unknown as { readonly attempt: number };
  return attempt === 0 ? 'before' : 'after';
}

/** The approval that a step waits for; null if it waits for none. */
export function openApproval({ invoked, state }: Actor): Approval | null {
  const { approval = null } = state.context as { readonly approval?: Approval | null };
  return invoked === 'approval' && approval !== null && isOpen(approval) ? approval : null;
}

type Waits = Extract<WaitingFor, { readonly what: 'approval' }>;

export const approval: Invoked = {
  waitsFor({ startedAt, due, memory }) {
    const open = (memory.approval ?? null) as Approval | null;
    if (open === null) return { what: 'person', since: startedAt };
    const { id, question, users, roles, claimed, createdAt, expiresAt } = open;
    return {
      what: 'approval',
      approval: id,
      question,
      users,
      roles,
      claimed: claimed?.by ?? null,
      claimedUntil: claimed?.until ?? null,
      ...stateOf(open),
      since: createdAt,
      due: expiresAt ?? due,
    };
  },
  logic: waitingLogic,
  /** The timer is set when it is known what is asked: by `told`, or by what was kept. */
  describe: ({ path, attempt, due }) => (due === null ? null : { do: 'wake', path, attempt, due }),
  told: open,
  woken(port, actor) {
    const asked = openApproval(actor);
    if (asked === null) return;
    pass(port, actor, asked);
  },
  left(port, actor) {
    const { approval: asked = null } = actor.state.context as { readonly approval?: Approval | null };
    if (asked === null || !isOpen(asked)) return;
    keep(port, changed(asked, { status: 'withdrawn', claimed: null, deferred: null, reminders: [] }));
    port.tell({ ...port.at(actor.path), type: 'approval.withdrawn', approval: asked.id });
  },
};

/** What has been said to it that is worth knowing for whoever waits. */
function stateOf(open: Approval): Pick<Waits, 'deferred' | 'delegated' | 'escalations' | 'info' | 'quorum'> {
  const { delegated, escalations, info, votes, approvals } = open;
  const asked = info.find(({ answer }) => answer === null);
  const approved = votes.reduce((sum, { decision, weight }) => sum + (decision === 'reject' ? 0 : weight), 0);
  return {
    deferred: deferredOf(open),
    delegated,
    escalations,
    info: asked === undefined ? null : { by: asked.by, question: asked.question, at: asked.at },
    quorum: approvals === 1 ? null : { approved, approvals },
  };
}

/** Keeps it where others find it. */
function keep(port: TurnPort, asked: Approval): void {
  const { version } = asked;
  const body = asked as unknown as Json;
  port.record({ type: APPROVAL_RECORD, id: recordOfApproval(asked), version, body, keys: keysOf(asked) });
}

function open(port: TurnPort, actor: Actor): void {
  const when = whenAsked(actor);
  const spec = specOf(actor.node, { when });
  const { id: run, plan, row } = port.run;
  const { approval: before = null } = actor.state.context as { readonly approval?: Approval | null };
  const number = (before?.number ?? 0) + 1;
  const id = approvalId(run, actor.path, number);
  const made = openingOf(spec, when, actor, port, id);
  if ('error' in made) return port.send(actor, { type: 'fail', error: { ...made.error, path: actor.path } });
  const at = { run, path: actor.path, number, when, orchestrator: plan.name, version: plan.version, hash: row.hash };
  const asked = opened(made.output as unknown as Opening, spec, { ...at, now: port.now });
  const { question, users, roles, decisions, expiresAt } = asked;
  port.tell({
    ...port.at(actor.path),
    type: 'approval.requested',
    approval: asked.id,
    question,
    users: [...users],
    roles: [...roles],
    decisions: [...decisions],
    due: expiresAt,
  });
  stand(port, actor, asked);
}

/** It is as it is now: in the machine, as a record, and with the timer for what happens to it next. */
export function stand(port: TurnPort, actor: Actor, asked: Approval): void {
  keep(port, asked);
  port.arm(actor, nextDue(asked));
  port.send(actor, { type: 'asked', approval: asked });
}

/** Is over: the machine goes on. */
export function settle(port: TurnPort, actor: Actor, asked: Approval, verdict: Consequence): void {
  const { decision, by, isOverride } = asked.resolution as Resolution;
  keep(port, asked);
  keepDeciders(port.run, asked);
  const { id, revision, status } = asked;
  const event = { ...port.at(actor.path), approval: id } as const;
  if (status === 'expired') port.tell({ ...event, type: 'approval.expired', outcome: decision });
  else {
    const over = isOverride ? ({ override: true } as const) : {};
    port.tell({ ...event, type: 'approval.resolved', decision, by, revision, ...over });
  }
  if (verdict.how === 'abort') {
    port.send(actor, { type: 'asked', approval: asked });
    port.send(port.run.root, { type: 'cancel', reason: reasonOf(asked), compensate: port.run.root.node.undoes });
    return;
  }
  if (verdict.how === 'go' && verdict.again === true) sentBack(port, actor, asked);
  if (verdict.how === 'go' && verdict.input !== undefined) actor.input = verdict.input;
  if (verdict.how === 'complete') keepReviewed(port, actor, verdict.output);
  const error = verdict.how === 'fail' ? failureOf(asked, actor) : null;
  // What goes on to a body does not while nothing is to begin (S15).
  port.send(actor, { type: 'resolved', approval: asked, ...verdict, error, held: isHeld(port.run) });
}

function reasonOf({ resolution }: Approval): string {
  const { by, comment } = resolution as Resolution;
  return `"${by}" aborted it: ${comment}`;
}

/** The attempt whose output was not good enough has a row of its own. */
function sentBack(port: TurnPort, actor: Actor, asked: Approval): void {
  const { attempt } = actor.state.context as unknown as { readonly attempt: number };
  const error = rejection(asked, actor.path);
  const { attemptAt: startedAt, path } = actor;
  port.changes.retry({ run: port.run.id, path, attempt, error, startedAt, endedAt: port.now });
}

function failureOf(asked: Approval, { node, path }: Actor): ErrorRecord {
  const { id, users, roles, resolution, escalations } = asked;
  if (resolution?.decision !== 'expire') return rejection(asked, path);
  const { assignees, remind, onExpiry } = specOf(node, asked);
  const isEscalated = escalations > 0;
  // Whom a mapper had named before an escalation is not on record.
  const first = isEscalated && typeof assignees === 'object' ? [...assignees.users, ...assignees.roles] : [];
  const names = [...new Set([...first, ...users, ...roles])];
  const said = { isEscalated, isReminded: remind.length > 0, hasRule: onExpiry !== 'fail' };
  return toRecord(new ApprovalExpired({ approval: id, asked: names, ...said }), { path, retryable: false });
}

function rejection({ id, resolution }: Approval, path: string): ErrorRecord {
  const { by, comment } = resolution as Resolution;
  return toRecord(new ApprovalRejected({ approval: id, by, comment }), { path, retryable: false });
}

/** Time has passed: somebody is reminded, others are asked, or it is over. Answers with what it is now. */
export function pass(port: TurnPort, actor: Actor, before: Approval): Approval {
  const spec = specOf(actor.node, before);
  const { approval: asked, reminded, expired } = elapsed(before, spec, port.now);
  const { id, users, roles } = asked;
  const at = (): EventPlace & { readonly approval: string } => ({ ...port.at(actor.path), approval: id });
  if (reminded > 0) port.tell({ ...at(), type: 'approval.reminded', users: [...users], roles: [...roles] });
  if (expired === 'wait' || expired === 'escalate') port.tell({ ...at(), type: 'approval.expired', outcome: expired });
  if (asked === before) port.arm(actor, nextDue(before));
  else if (isOpen(asked)) stand(port, actor, asked);
  else settle(port, actor, asked, verdictOf(asked, asked.resolution as Resolution, spec));
  return asked;
}

/** What the mappers make of the facts; what they cannot make fails the step. */
function openingOf(
  spec: ApprovalSpec,
  when: AskedWhen,
  actor: Actor,
  port: TurnPort,
  id: string,
): { readonly output: Json } | { readonly error: ErrorRecord } {
  const facts = factsOf(when, actor, port);
  return mapped(`question of approval "${actor.node.called}"`, () => {
    const { ask, show, propose, assignees } = spec;
    const question = typeof ask === 'string' ? ask : now(ask, facts);
    if (typeof question !== 'string' || question === '') throw new TypeError('"ask" has to give a text.');
    const { users, roles } = typeof assignees === 'function' ? peopleIn(now(assignees, facts)) : assignees;
    const excluded = excludedBy(spec, facts, id, (step) => decidersNamed(port.run, actor, step));
    const proposed = propose === null ? proposedBy(when, facts) : (now(propose, facts) ?? null);
    const shown = show === null ? null : (now(show, facts) ?? null);
    const made = { question, shown, proposed: proposedAs(spec, proposed), users, roles, excluded };
    const { approvals } = spec;
    const all = electorate(spec, made);
    if (all !== null && !reaches(all, approvals))
      throw new ApprovalImpossible({ approval: id, approvals, users, excluded });
    return toJson(made, 'question', Math.min(MOST_SHOWN, port.rules.maxValueBytes));
  });
}

function now(mapper: Mapper, facts: Facts): unknown {
  return synchronous('approval', mapper(facts));
}

function proposedAs({ value }: ApprovalSpec, proposed: unknown): unknown {
  return value === null || proposed === null ? proposed : parsedNow(value, proposed, 'proposal');
}

/** What a mapper is told: as every mapper in the place of the step, or what the task was given, and what it has left behind. */
function factsOf(when: AskedWhen, { place, node, parent, input, state }: Actor, { run }: TurnPort): Facts {
  const { output } = state.context as unknown as { readonly output: Json };
  if (!isOfTask(when) && place !== null && parent?.children) {
    const { beside } = node.spec as AskingSpec;
    return Object.freeze({ ...parent.children.factsFor(place), ...beside?.(input) });
  }
  return Object.freeze({ input, outputs: NO_OUTPUTS, previous: null, output, run: run.facts });
}

const NO_OUTPUTS = Object.freeze({});

function proposedBy(when: AskedWhen, { input, output = null }: Facts & { readonly output?: Json }): unknown {
  if (!isOfTask(when)) return null;
  return when === 'before' ? input : output;
}

function peopleIn(given: unknown): Assignees {
  const { users = [], roles = [] } = Object(given ?? {}) as { readonly users?: unknown; readonly roles?: unknown };
  return { users: namesIn(users, 'assignees.users'), roles: namesIn(roles, 'assignees.roles') };
}

function namesIn(given: unknown, what: string): readonly string[] {
  if (!areNames(given))
    throw new TypeError(
      `"${what}" has to give a list of up to ${MOST_PEOPLE} names of up to ${LONGEST_NAME} characters.`,
    );
  return [...new Set(given)];
}

function excludedBy(
  { excluded }: ApprovalSpec,
  facts: Facts,
  id: string,
  decidersAt: (step: string) => readonly string[] | null,
): readonly string[] {
  if (typeof excluded === 'function') return namesIn(now(excluded, facts), 'excluded');
  const { initiator, decidersOf, users } = excluded;
  const names = new Set(users);
  if (initiator) {
    const { initiator: who } = facts.run.metadata;
    if (typeof who !== 'string') throw new InitiatorUnknown({ approval: id });
    names.add(who);
  }
  for (const step of decidersOf) {
    const deciders = decidersAt(step);
    // Nobody is let in because it is not known who was to be kept out.
    if (deciders === null)
      throw new TypeError(`"excluded.decidersOf" names "${step}", and no step before it has that name.`);
    for (const who of deciders) names.add(who);
  }
  return [...names];
}
