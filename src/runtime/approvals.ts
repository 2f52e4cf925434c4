/** Deciding, for whoever exposes it: what somebody says is looked at before the run is asked, and answered also when the run is over. */
import { ask, askOptions, isObject } from '../checks.ts';
import { answerTo, entryOf } from '../commands/decide.ts';
import type { Kinds } from '../core/kind.ts';
import type { DecideMessage } from '../core/message.ts';
import { placeAt } from '../core/undo.ts';
import type { Plan, PlanNode } from '../definition.ts';
import { BoxClosed, Impossible, InvalidOption, isA, ValueTooLarge, NotJson } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import { type Instant, instantOf } from '../instant.ts';
import { type Json, toJson } from '../json.ts';
import {
  type Approval,
  type ApprovalAct,
  type ApprovalAnswer,
  type ApprovalAsk,
  type ApprovalRefusal,
  type ApprovalSpec,
  areNames,
  CHANGING,
  DECISION_RECORD,
  type DecisionName,
  isName,
  isOfTask,
  isOpen,
  LONGEST_NAME,
  MOST_FORM,
  MOST_PEOPLE,
  MOST_SHOWN,
  RESOLVING,
  specOf,
} from '../people.ts';
import { saidTooLate } from '../policies/approvals/decide.ts';
import { patched } from '../policies/approvals/patch.ts';
import { parse, type Schema } from '../schema.ts';
import { isTerminal } from '../status.ts';
import type { RunRow, Store } from '../store.ts';
import { MAX_TEXT } from '../text.ts';
import {
  type ApprovalEntry,
  type ApprovalReader,
  type ApprovalsPage,
  type ApprovalsQuery,
  type ApprovalView,
  recordOf,
} from '../views/approvals.ts';
import type { RedactionGate } from '../views/gate.ts';
import type { AskRun } from './ownership/requests.ts';
import { pinnedPlan } from './reading/pinned.ts';
import { keepRefusal } from './refusals.ts';

/** What somebody says to an approval. Who they are, and that they are that, is for you to know. */
export interface DecideOptions {
  readonly decision: ApprovalAct;
  /** Who says it, as your application knows them. */
  readonly by: string;
  /** The roles that they have. */
  readonly roles?: readonly string[];
  /** Whoever they decide for; it has to be declared (`substitutes`). */
  readonly onBehalfOf?: string;
  readonly comment?: string;
  /** What comes with the decision, if it was declared with a schema. */
  readonly form?: unknown;
  /** For `replace` and `respond`: what it is. For `edit` and `retry`: instead of a patch. */
  readonly value?: unknown;
  /** For `edit`, and for `retry`: what is to be different, as a merge patch. */
  readonly patch?: unknown;
  /** For `override`: what is decided. */
  readonly as?: DecisionName;
  /** For `reassign`, `forward`, `delegate` and `escalate`: who is asked. */
  readonly to?: { readonly users?: readonly string[]; readonly roles?: readonly string[] };
  /** For `defer`: when it is to be asked again. */
  readonly until?: Instant;
  /** Of what was shown. Needed once there has been more than one revision. */
  readonly digest?: string;
  /** The version that was looked at, if it is to be that one and no later one. */
  readonly version?: number;
  /** Tells it from all others: sent twice, it is answered as the first time, and changes nothing (S17). */
  readonly id?: string;
}

export interface ApprovalContext {
  readonly store: Store;
  readonly command: AskRun;
  readonly kinds: Kinds;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly maxValueBytes: number;
  readonly gate: RedactionGate;
}

const KEYS = [
  'decision',
  'by',
  'roles',
  'onBehalfOf',
  'comment',
  'form',
  'value',
  'patch',
  'as',
  'to',
  'until',
  'digest',
  'version',
  'id',
];
const ACTS: readonly unknown[] = [...RESOLVING, ...CHANGING, 'override'];
/** A run that goes from hand to hand is asked so often. */
const TRIES = 5;

type PeopleContext = ApprovalContext & ApprovalReader & { readonly followers: { readonly closed: boolean } };

/** What people are asked in a box, and what they say. */
export class People {
  readonly #context: PeopleContext;
  #underWay = 0;

  constructor(context: PeopleContext) {
    this.#context = context;
  }

  /** What is asked of the store on the way to an answer is under way, too. */
  get quiet(): boolean {
    return this.#underWay === 0;
  }

  list(query: ApprovalsQuery): Promise<ApprovalsPage> {
    return this.#during(this.#context.gate.approvals(this.#context, query));
  }

  view(id: string): Promise<ApprovalView | null> {
    return this.#during(this.#context.gate.approval(this.#context, id));
  }

  decide(id: string, options: DecideOptions): Promise<ApprovalAnswer> {
    return this.#during(decideOn({ ...this.#context, command: this.#command }, id, options));
  }

  /** What waits for another process is not: it may be dead, and only time tells. */
  readonly #command: AskRun = async (run, request) => {
    this.#underWay -= 1;
    try {
      return await this.#context.command(run, request);
    } finally {
      this.#underWay += 1;
    }
  };

  async #during<T>(work: Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work;
    } catch (error) {
      // What was under way when the box was closed finds no store any more.
      throw this.#context.followers.closed ? new BoxClosed() : error;
    } finally {
      this.#underWay -= 1;
    }
  }
}

/** Says something to an approval, and answers with what came of it. */
async function decideOn(
  context: ApprovalContext & Pick<PeopleContext, 'now'>,
  id: string,
  options: DecideOptions,
): Promise<ApprovalAnswer> {
  const { store, command } = context;
  const given = checked(options);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const record = await recordOf(store, id);
    const row = record === null ? null : await store.readRun(record.run);
    if (record === null || row === null) return { answer: 'noSuchApproval' };
    const { run } = row;
    const known = options.id === undefined ? null : await answerThen(store, run, options.id);
    if (known !== null) return known;
    const approval = record.body as unknown as Approval;
    const { path, number } = approval;
    const asked = await askOf(context, row, approval, given);
    const tooLate = isOpen(approval) && !isTerminal(row.status) ? null : saidTooLate(approval, asked);
    if (tooLate === 'again') return answerTo(approval, true);
    const toAsk: ApprovalAsk = tooLate === null ? asked : { ...asked, fault: tooLate };
    const message: DecideMessage = {
      type: 'decide',
      id: options.id ?? randomIds(),
      path,
      number,
      ask: toAsk,
      answer: null,
      known: false,
    };
    const isTaken = !isTerminal(row.status) && (await command(run, message));
    if (isTaken && message.answer !== null) return message.answer;
    const later = await answerThen(store, run, message.id);
    if (later !== null) return later;
    if (tooLate !== null) return refusedBehind(context, message.id, approval, toAsk, tooLate);
    // It was decided, or its run ended, while it was on its way: what there is now is looked at.
  }
  throw new Impossible(`Approval "${id}" could not take "${options.decision}"; the log says why.`);
}

/** The run has ended, and no turn of it can tell of this: it stays as it is, and who has tried what is on record (I5, S20). */
async function refusedBehind(
  { store, now }: Pick<PeopleContext, 'store' | 'now'>,
  id: string,
  { id: approval, run }: Approval,
  ask: ApprovalAsk,
  fault: ApprovalRefusal,
): Promise<ApprovalAnswer> {
  const answer = { answer: 'refused', approval, ...fault } as const;
  const said = { ...entryOf(approval, ask, answer, now()), before: null, after: null };
  await keepRefusal(store, { run, type: DECISION_RECORD, id, keys: { approval, by: ask.by } }, said);
  return answer;
}

/** What was answered when this was said before. */
export async function answerThen(store: Store, run: string, id: string): Promise<ApprovalAnswer | null> {
  const record = await store.readRecord(run, DECISION_RECORD, id);
  return record === null ? null : (record.body as unknown as ApprovalEntry).answer;
}

type Given = Omit<ApprovalAsk, 'value' | 'fault' | 'made'> & Pick<DecideOptions, 'value' | 'patch' | 'form'>;

/** Looks at everything but the payload, which its schema judges. */
function checked(options: DecideOptions): Given {
  askOptions('decide', options, KEYS);
  const {
    decision,
    by,
    roles = [],
    onBehalfOf = null,
    comment = null,
    as = null,
    to,
    until,
    digest = null,
    version = null,
  } = options;
  const need = (option: string, value: unknown, expected: string, fits: (value: unknown) => boolean): void => {
    if (!fits(value)) throw new InvalidOption({ option, value, expected });
  };
  need('decision', decision, ACTS.map((act) => `'${String(act)}'`).join(', '), (value) => ACTS.includes(value));
  need('by', by, `who decides, a text of 1 to ${LONGEST_NAME} characters`, isName);
  need('roles', roles, `a list of up to ${MOST_PEOPLE} names of roles`, areNames);
  need('onBehalfOf', onBehalfOf, 'the name of a user', (value) => value === null || isName(value));
  need('comment', comment, `a text of up to ${MAX_TEXT} characters`, (value) => {
    return value === null || (typeof value === 'string' && value.length <= MAX_TEXT);
  });
  need('digest', digest, 'the digest of an approval', (value) => value === null || isName(value));
  need('version', version, 'the version of an approval', (value) => value === null || Number.isSafeInteger(value));
  ask('id', options.id, `a text of 1 to ${LONGEST_NAME} characters`, isName);
  if (decision === 'override')
    need('as', as, 'what is decided, like "approve"', (value) => RESOLVING.includes(value as DecisionName));
  else need('as', as, 'nothing, but for "override"', (value) => value === null);
  if (decision !== 'defer') need('until', until, 'nothing, but for "defer"', (value) => value === undefined);
  const { patch, value, form } = options;
  return {
    act: decision,
    by,
    roles,
    onBehalfOf,
    comment,
    form: form as Json,
    patch: patch as Json,
    value,
    as,
    to: peopleIn(to),
    until: decision === 'defer' ? instantOf(until, 'until of "defer"') : null,
    digest,
    version,
  };
}

function peopleIn(to: DecideOptions['to']): ApprovalAsk['to'] {
  if (to === undefined) return null;
  if (!isObject(to)) throw new InvalidOption({ option: 'to', value: to, expected: '{ users, roles }' });
  askOptions('to', to, ['users', 'roles']);
  const { users = [], roles = [] } = to;
  for (const [option, value] of Object.entries({ 'to.users': users, 'to.roles': roles }))
    if (!areNames(value)) throw new InvalidOption({ option, value, expected: `a list of up to ${MOST_PEOPLE} names` });
  return { users: [...users], roles: [...roles] };
}

/** What the run is asked: the payload as its schema has made it, or what is wrong with it. */
async function askOf(context: ApprovalContext, row: RunRow, approval: Approval, given: Given): Promise<ApprovalAsk> {
  const what = { ...given, form: null, value: null, patch: null, fault: null, made: null };
  const decision = given.act === 'override' ? given.as : given.act;
  if (!RESOLVING.includes(decision as DecisionName) || !isOpen(approval)) return what;
  const plan = await pinnedPlan(context.store, context.plans, row);
  const node = placeAt(context.kinds, plan.root, approval.path)?.node;
  if (node === undefined) return what;
  try {
    return { ...what, ...(await payloadOf(context, approval, node, decision as DecisionName, given)) };
  } catch (error) {
    if (!(isA(error, ValueTooLarge) || isA(error, NotJson))) throw error;
    return { ...what, fault: { reason: 'payload-invalid', message: error.message, issues: [] } };
  }
}

type Payload = Partial<Pick<ApprovalAsk, 'form' | 'value' | 'patch' | 'fault' | 'made'>>;

async function payloadOf(
  { store, maxValueBytes }: ApprovalContext,
  approval: Approval,
  node: PlanNode,
  decision: DecisionName,
  given: Given,
): Promise<Payload> {
  const spec = specOf(node, approval);
  const own = spec.decisions[decision] ?? null;
  const payload = (value: unknown, what: string, most = MOST_SHOWN): Json =>
    toJson(value, `${what} of "${approval.id}"`, Math.min(maxValueBytes, most));
  if (decision === 'edit' || decision === 'retry' || decision === 'replace' || decision === 'respond') {
    const patch = given.patch === undefined ? null : payload(given.patch, 'patch');
    if (patch === null && given.value === undefined) {
      if (decision === 'retry') return {};
      return wrong(`Say in "${decision === 'edit' ? 'patch' : 'value'}" what it is to be.`);
    }
    const from = decision === 'retry' ? await inputOf(store, approval) : approval.proposed;
    const wanted = patch === null ? payload(given.value, 'value') : patched(from, patch);
    const schema = own ?? schemaOf(node, approval, decision, spec);
    // A task's own schema makes what it makes of it when the body is called.
    const isKept = isOfTask(approval.when) && own === null;
    const made = await fitting(schema, wanted, isKept);
    if ('issues' in made) return wrong('What it would become does not fit.', made.issues);
    return { value: payload(made.value, 'value'), patch, made: decision === 'edit' ? approval.digest : null };
  }
  if (own === null) return given.form === undefined ? {} : { form: payload(given.form, 'form', MOST_FORM) };
  const made = await fitting(own, given.form, false);
  return 'issues' in made
    ? wrong('What comes with the decision does not fit.', made.issues)
    : { form: payload(made.value, 'form', MOST_FORM) };
}

function wrong(message: string, issues: ApprovalRefusal['issues'] = []): Payload {
  return { fault: { reason: 'payload-invalid', message, issues } };
}

function schemaOf(
  { task }: PlanNode,
  { when }: Approval,
  decision: DecisionName,
  { value }: ApprovalSpec,
): Schema | null {
  if (task === null) return value;
  if (decision === 'retry') return task.input;
  return when === 'before' && decision === 'edit' ? task.input : task.output;
}

async function fitting(
  schema: Schema | null,
  value: unknown,
  isKept: boolean,
): Promise<{ readonly value: unknown } | { readonly issues: ApprovalRefusal['issues'] }> {
  if (schema === null) return { value };
  const parsed = await parse(schema, value);
  if (!parsed.ok) return { issues: parsed.issues };
  return { value: isKept ? value : parsed.value };
}

/** What the attempt was given that is looked at. */
async function inputOf(store: Store, { run, path }: Approval): Promise<Json> {
  const open = (await store.readOpen(run))?.open ?? [];
  return open.find((row) => row.path === path)?.input ?? null;
}
