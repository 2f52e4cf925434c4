/**
 * Does a run from elsewhere fit the definition that this box has? Its places are places of the plan, of the kinds that are there, its
 * records are what readers of records take them for, and what is open is read as it would be after a restart, before anything is kept.
 */
import { owedTo } from '../../core/assemble.ts';
import type { Kinds } from '../../core/kind.ts';
import type { Rules } from '../../core/port.ts';
import { COMMAND } from '../../core/audit.ts';
import { INTERVENTION } from '../../core/message.ts';
import { DECIDERS } from '../../core/deciders.ts';
import { recordTypesOf } from '../../core/record-types.ts';
import { RERUN, TAKEN } from '../../core/rerun.ts';
import { isSets } from '../../core/taken-sets.ts';
import { placeAt, placeIn } from '../../core/undo.ts';
import { AWAITED, SPENT } from '../../budgets.ts';
import { CACHED } from '../../cache.ts';
import type { Plan, PlanNode } from '../../definition.ts';
import { reasonOf } from '../../errors/index.ts';
import { type Json, sameJson } from '../../json.ts';
import { type Approval, APPROVAL_RECORD, approvalId, DECISION_RECORD, isOpen, recordOfApproval } from '../../people.ts';
import { keysOf } from '../../policies/approvals/record.ts';
import { isTerminal } from '../../status.ts';
import type { ActorRow, OpenRun, Store } from '../../store.ts';
import { recall } from '../reading/recall.ts';
import type { Brought } from './document.ts';
import * as is from '../../forms.ts';
import { Unfit } from '../../forms.ts';
import { checkGoing, checkMemory } from './going.ts';

/** Throws `Unfit` for what is no run of this plan. */
export async function checkFit(rules: Rules, plan: Plan, brought: Brought, now: number): Promise<void> {
  checkPlaces(rules.kinds, plan, brought);
  checkRecords(rules.kinds, brought);
  if (isTerminal(brought.row.status)) return;
  try {
    const run = await recall(rules, storeOf(brought), plan, openOf(brought), undefined);
    owedTo(run, now);
    checkGoing(run);
  } catch (error) {
    if (error instanceof Unfit) throw error;
    throw new Unfit('steps', `no box can go on with them: ${reasonOf(error)}`);
  }
}

/** What nothing but a time wakes. */
const TIMED: readonly unknown[] = ['backoff', 'sleep'];
/** Where somebody is asked. */
const ASKING: readonly unknown[] = ['approval'];

/** Does a kind invoke one of these actors in that state? */
function invokes(kinds: Kinds, kind: string, state: string, actors: readonly unknown[]): boolean {
  return kinds.get(kind).machine.states[state]?.invoke.some(({ src }) => actors.includes(src)) === true;
}

/** Each place is one of the plan, of its kind, and in a state that it can be in. */
function checkPlaces(kinds: Kinds, { root }: Plan, { steps, attempts }: Brought): void {
  const nodes = new Map<string, PlanNode>();
  for (const [index, row] of steps.entries()) {
    const { path, parent, kind, state, memory, due } = row;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const above = parent === null ? undefined : nodes.get(parent);
    const place = above === undefined ? placeAt(kinds, root, path) : placeIn(kinds, above, name);
    const node = path === '' ? root : place?.node;
    const at = `steps[${index}]`;
    if (node === undefined) throw new Unfit(`${at}.path`, `the definition has no place "${path}"`);
    if (node.kind !== kind)
      throw new Unfit(`${at}.kind`, `it is of kind "${kind}", and the definition has a ${node.kind} at "${path}"`);
    if (!isTerminal(state) && !Object.hasOwn(kinds.get(kind).machine.states, state))
      throw new Unfit(`${at}.state`, `no ${kind} is ever "${state}"`);
    if (due === null && invokes(kinds, kind, state, TIMED))
      throw new Unfit(`${at}.due`, 'the instant at which it goes on belongs there');
    if (memory.sets !== undefined && !isSets(memory.sets))
      throw new Unfit(`${at}.memory.sets`, 'variables belong there, each with the order in which it was set');
    if (memory.variables !== undefined && !is.object.fits(memory.variables))
      throw new Unfit(`${at}.memory.variables`, `${is.object.wanted} belongs there`);
    checkMemory(row, at);
    nodes.set(path, node);
  }
  const stray = attempts.findIndex(({ path, attempt }) => !nodes.has(path) || attempt === 0);
  if (stray !== -1) throw new Unfit(`attempts[${stray}]`, 'it is of no step');
}

const vote = is.has({
  by: is.text,
  onBehalfOf: is.orNull(is.text),
  decision: is.text,
  weight: is.amount,
  comment: is.orNull(is.text),
  form: is.json,
  at: is.instant,
});

const resolution = is.has({
  decision: is.text,
  by: is.orNull(is.text),
  onBehalfOf: is.orNull(is.text),
  comment: is.orNull(is.text),
  form: is.json,
  value: is.json,
  at: is.instant,
  deciders: is.texts,
  isOverride: is.yesNo,
});

const approval: is.Form<Approval> = {
  id: is.text,
  run: is.text,
  path: is.text,
  number: is.amount,
  when: is.oneOf('step', 'standing', 'before', 'after'),
  orchestrator: is.text,
  question: is.text,
  shown: is.json,
  proposed: is.json,
  digest: is.text,
  revision: is.amount,
  decisions: is.texts,
  users: is.texts,
  roles: is.texts,
  excluded: is.texts,
  approvals: is.amount,
  status: is.oneOf('pending', 'claimed', 'resolved', 'expired', 'withdrawn'),
  claimed: is.orNull(is.has({ by: is.text, until: is.instant })),
  delegated: is.orNull(is.has({ by: is.text, to: is.text })),
  deferred: is.maybe(is.has({ by: is.text, until: is.instant })),
  votes: is.each(vote),
  info: is.each(is.has({ by: is.text, question: is.text, at: is.instant, answer: is.orNull(is.object) })),
  createdAt: is.instant,
  expiresAt: is.orNull(is.instant),
  escalations: is.amount,
  reminders: is.each(is.instant),
  resolution: is.orNull(resolution),
  version: is.amount,
};

const said = { type: is.text, path: is.text, reason: is.text, by: is.orNull(is.text), at: is.instant, before: is.text };

/** What the readers of records take the bodies of each type for. */
const BODIES: { readonly [type: string]: is.Want } = {
  [APPROVAL_RECORD]: is.has(approval),
  [DECISION_RECORD]: is.has({ approval: is.text, act: is.text, by: is.text, at: is.instant, answer: is.json }),
  [INTERVENTION]: is.has({ ...said, refused: is.orNull(is.text) }),
  [COMMAND]: is.has({
    type: is.text,
    by: is.orNull(is.text),
    reason: is.orNull(is.text),
    at: is.instant,
    before: is.orNull(is.text),
    after: is.orNull(is.text),
    refused: is.orNull(is.text),
    details: is.object,
  }),
  // One that was refused has made no run.
  [RERUN]: is.has({ ...said, refused: is.orNull(is.text), run: is.maybe(is.text) }),
  [TAKEN]: is.each(
    is.has({
      name: is.text,
      kind: is.text,
      status: is.oneOf('completed', 'skipped'),
      failed: is.maybe(is.has({ state: is.oneOf('failed', 'timedOut'), error: is.orNull(is.error) })),
      withErrors: is.maybe(is.yesNo),
      input: is.json,
      output: is.json,
      sets: is.maybe({ wanted: 'variables with the order in which they were set', fits: isSets }),
    }),
  ),
  [DECIDERS]: is.texts,
  [SPENT]: is.has({ at: is.instant, cost: is.cost, path: is.text, attempt: is.amount }),
  [AWAITED]: is.has({ path: is.text, attempt: is.amount, until: is.instant }),
  [CACHED]: is.has({ output: is.json, until: is.instant }),
};

/** Each record is of a type that there is, and what is open of approvals is what its step remembers. */
function checkRecords(kinds: Kinds, { row, steps, records }: Brought): void {
  const types = recordTypesOf(kinds);
  const asking = new Map<string, Json>();
  for (const [index, { kind, memory, state }] of steps.entries()) {
    const asked = (memory.approval ?? null) as unknown as Approval | null;
    if (asked === null || isTerminal(state) || !isOpen(asked)) continue;
    if (!invokes(kinds, kind, state, ASKING))
      throw new Unfit(
        `steps[${index}].state`,
        `approval "${asked.id}" is open, and nobody is asked while it is "${state}"`,
      );
    asking.set(String(asked.id), memory.approval as Json);
  }
  for (const [index, { type, id, body, keys, version }] of records.entries()) {
    const at = `forImport.records[${index}]`;
    if (!types.includes(type)) throw new Unfit(`${at}.type`, `there are no records of type "${type}"`);
    const form = Object.hasOwn(BODIES, type) ? BODIES[type] : undefined;
    if (form?.fits(body) === false) throw new Unfit(`${at}.body`, `${form.wanted} belongs there`);
    if (type !== APPROVAL_RECORD) continue;
    const asked = body as unknown as Approval;
    const isOwn = asked.run === row.run && asked.id === approvalId(row.run, asked.path, asked.number);
    // Whose word is awaited was not found by that once.
    const isFiled = [asked, { ...asked, delegated: null }].some((each) => sameJson(keysOf(each), keys));
    if (!isOwn || recordOfApproval(asked) !== id || asked.version !== version || !isFiled)
      throw new Unfit(at, `it is not filed as the approval that it is`);
    if (!isOpen(asked) || isTerminal(row.status)) continue;
    const remembered = asking.get(asked.id);
    if (remembered === undefined || !sameJson(remembered, body))
      throw new Unfit(at, `approval "${asked.id}" is open, and its step remembers something else`);
    asking.delete(asked.id);
  }
  const [missing] = asking.keys();
  if (missing !== undefined) throw new Unfit('forImport.records', `approval "${missing}" is open, and has no record`);
}

/** What is open of it, as a store answers it. */
function openOf({ row, steps, signals, events }: Brought): OpenRun {
  const open = steps.filter(({ state }) => !isTerminal(state));
  const kept = signals.filter(({ takenBy }) => takenBy === null);
  return { row, owner: null, fence: 1, seq: events.length, open, signals: kept };
}

/** What is asked of a store when a run is read, answered from the document. */
function storeOf({ steps, records }: Brought): Pick<Store, 'name' | 'readChildren' | 'countChildren' | 'readRecords'> {
  const below = Map.groupBy(steps, ({ parent }) => parent);
  const childrenOf = (parent: string): readonly ActorRow[] => below.get(parent) ?? [];
  return {
    name: 'the export',
    readChildren: (_, parents) => parents.flatMap(childrenOf),
    countChildren: (_, parent) => {
      const counts: { [state: string]: number } = {};
      for (const { state } of childrenOf(parent)) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
    readRecords: ({ type }) => ({ records: records.filter((record) => record.type === type), cursor: null }),
  };
}
