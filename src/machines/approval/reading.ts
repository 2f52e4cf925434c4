/** The options of an approval, of a step or of a task: how they are read, what is wrong with them (S3), and the line that runs are pinned by. */
import { type Checker, isAsync, type Options, type ReadPort } from '../../core/declaration.ts';
import type { Mapper } from '../../definition.ts';
import { fromMs } from '../../duration.ts';
import { show } from '../../errors/index.ts';
import { canonicalText, type Json } from '../../json.ts';
import {
  type ApprovalSpec,
  areNames,
  type AskedWhen,
  type Assignees,
  type DecisionName,
  isOfTask,
  LONGEST_NAME,
  MOST_PEOPLE,
} from '../../people.ts';
import { electorate, reaches } from '../../policies/approvals/votes.ts';
import type { Schema } from '../../schema.ts';

const KEYS = [
  'ask',
  'show',
  'propose',
  'value',
  'decisions',
  'assignees',
  'excluded',
  'fourEyes',
  'quorum',
  'expires',
  'onExpiry',
  'escalate',
  'remind',
  'claim',
  'reasons',
  'onReject',
  'onEdit',
  'onDefer',
  'override',
  'substitutes',
];
const QUORUM_KEYS = ['approvals', 'of', 'veto', 'weights'];
const EXCLUDED_KEYS = ['initiator', 'decidersOf', 'users'];
const PEOPLE_KEYS = ['users', 'roles'];
const DEFAULT_LEASE = 15 * 60_000;

const OF_A_STEP: readonly DecisionName[] = ['approve', 'edit', 'reject', 'replace', 'respond', 'skip', 'abort'];
/** What can be decided where. */
const DECISIONS: { readonly [when in AskedWhen]: readonly DecisionName[] } = {
  step: OF_A_STEP,
  standing: OF_A_STEP,
  before: ['approve', 'edit', 'reject', 'replace', 'skip', 'abort'],
  after: ['approve', 'edit', 'reject', 'retry', 'replace', 'skip', 'abort'],
};
/** Several votes can say these. */
const VOTED: readonly DecisionName[] = ['approve', 'edit', 'reject'];
const ON_EXPIRY = ['reject', 'approve', 'escalate', 'fail', 'wait'];

export function readApproval(options: unknown, reader: ReadPort, what = 'options of an approval'): ApprovalSpec {
  const given = reader.options(options, what, KEYS);
  const quorum = quorumOf(given.quorum, reader);
  const remind = given.remind === undefined ? [] : Array.isArray(given.remind) ? given.remind : [given.remind];
  const { roles: override = [] } = reader.options(given.override, 'option "override"', ['roles']);
  const { onExpiry = 'fail', reasons = false, onReject = 'fail' } = given;
  const { onEdit = 'approve', onDefer = 'keep', substitutes = {} } = given;
  return Object.freeze({
    ask: given.ask as ApprovalSpec['ask'],
    show: orNone(given.show, 'show', 'a mapper', reader) as Mapper | null,
    propose: orNone(given.propose, 'propose', 'a mapper', reader) as Mapper | null,
    value: orNone(given.value, 'value', 'a schema', reader) as Schema | null,
    decisions: decisionsIn(given.decisions),
    assignees:
      typeof given.assignees === 'function'
        ? (given.assignees as Mapper)
        : peopleOf(given.assignees, 'assignees', reader),
    excluded: excludedOf(given, reader),
    ...quorum,
    expires: reader.duration(given.expires, 'expires', null),
    onExpiry: onExpiry as ApprovalSpec['onExpiry'],
    escalate: given.escalate === undefined ? null : peopleOf(given.escalate, 'escalate', reader),
    remind: remind.map((each) => reader.duration(each, 'remind', 1)).sort((left, right) => left - right),
    lease: reader.duration(given.claim, 'claim', DEFAULT_LEASE),
    reasons: reasons as boolean,
    onReject: onReject as ApprovalSpec['onReject'],
    onEdit: onEdit as ApprovalSpec['onEdit'],
    onDefer: onDefer as ApprovalSpec['onDefer'],
    override: override as readonly string[],
    substitutes: substitutes as ApprovalSpec['substitutes'],
  });
}

/** What is left out is null from here on; null itself is nothing that could be given. */
function orNone(given: unknown, option: string, wanted: string, reader: ReadPort): unknown {
  if (given === null) reader.note('bad-option', `Option "${option}" cannot be null: it takes ${wanted}.`);
  return given ?? null;
}

function quorumOf(given: unknown, reader: ReadPort): Pick<ApprovalSpec, 'approvals' | 'of' | 'veto' | 'weights'> {
  const isNumber = typeof given !== 'object' || given === null;
  const quorum: Options = isNumber ? { approvals: given } : reader.options(given, 'option "quorum"', QUORUM_KEYS);
  const { approvals = 1, veto = true, weights = {} } = quorum;
  const of = orNone(quorum.of, 'quorum.of', 'how many votes there can be', reader);
  return { approvals, of, veto, weights } as Pick<ApprovalSpec, 'approvals' | 'of' | 'veto' | 'weights'>;
}

function peopleOf(given: unknown, option: string, reader: ReadPort): Assignees {
  const { users = [], roles = [] } = reader.options(given, `option "${option}"`, PEOPLE_KEYS);
  return Object.freeze({ users, roles }) as Assignees;
}

function excludedOf({ excluded, fourEyes = false }: Options, reader: ReadPort): ApprovalSpec['excluded'] {
  if (fourEyes !== false && typeof excluded === 'function')
    reader.note(
      'bad-option',
      'The mapper "excluded" alone says who may not decide, so "fourEyes" would change nothing. Have the mapper name whoever has started the run, and leave "fourEyes" out.',
    );
  if (typeof excluded === 'function') return excluded as Mapper;
  const {
    initiator = false,
    decidersOf = [],
    users = [],
  } = reader.options(excluded, 'option "excluded"', EXCLUDED_KEYS);
  for (const [option, value] of Object.entries({ fourEyes, 'excluded.initiator': initiator }))
    if (typeof value !== 'boolean')
      reader.note('bad-option', `Option "${option}" cannot be ${show(value)}: it takes true or false.`);
  return Object.freeze({
    initiator: fourEyes === true || initiator === true,
    decidersOf: typeof decidersOf === 'string' ? [decidersOf] : decidersOf,
    users,
  }) as ApprovalSpec['excluded'];
}

function decisionsIn(given: unknown): ApprovalSpec['decisions'] {
  if (given === undefined) return Object.freeze({ approve: null, reject: null });
  if (Array.isArray(given)) return Object.freeze(Object.fromEntries(given.map((name) => [nameIn(name), null])));
  if (typeof given !== 'object' || given === null) return Object.freeze({ [nameIn(given)]: null } as object);
  return Object.freeze(
    Object.fromEntries(Object.entries(given).map(([name, schema]) => [name, schema === true ? null : schema])),
  );
}

/** What is no name is told as what it is. */
function nameIn(given: unknown): string {
  return typeof given === 'string' ? given : show(given);
}

export function checkApproval(spec: ApprovalSpec, when: AskedWhen, checker: Checker): void {
  const { ask, show, propose, value } = spec;
  if (typeof ask !== 'function' && (typeof ask !== 'string' || ask === ''))
    checker.option('ask', ask, 'a question, or a mapper that makes one');
  for (const [option, mapper] of Object.entries({
    ask,
    show,
    propose,
    assignees: spec.assignees,
    excluded: spec.excluded,
  })) {
    if (typeof mapper === 'function') checkMapper(mapper, option, checker);
    else if (mapper !== null && (option === 'show' || option === 'propose')) checker.option(option, mapper, 'a mapper');
  }
  if (value !== null) checker.schema(value, 'value');
  if (value !== null && isOfTask(when))
    checker.fault('bad-option', 'What is decided about a task is held to the schemas of the task. Leave "value" out.');
  checkDecisions(spec, when, checker);
  checkPeople(spec, checker);
  checkQuorum(spec, checker);
  checkTimes(spec, checker);
}

function checkMapper(mapper: unknown, option: string, checker: Checker): void {
  checker.function(mapper, option);
  if (isAsync(mapper))
    checker.fault(
      'bad-option',
      `Option "${option}" is an async function, and nobody could wait for it (S5). Do the waiting in a step before.`,
    );
}

function checkDecisions(
  { decisions, reasons, onReject, onEdit, onExpiry }: ApprovalSpec,
  when: AskedWhen,
  checker: Checker,
): void {
  const can = DECISIONS[when];
  const names = Object.keys(decisions) as DecisionName[];
  for (const name of names) {
    if (!can.includes(name)) {
      const review =
        name === 'retry' ? ' What is tried again is a task: give it a "review" in which "retry" can be decided.' : '';
      checker.fault('bad-option', `"${name}" cannot be decided here. Possible: ${can.join(', ')}.${review}`);
    } else if (decisions[name] !== null) checker.schema(decisions[name], `decisions.${name}`);
  }
  if (names.length === 0) checker.fault('bad-option', 'Option "decisions" is empty, so nobody could end it.');
  if (onReject !== 'fail' && (onReject !== 'complete' || isOfTask(when)))
    checker.option(
      'onReject',
      onReject,
      isOfTask(when) ? `'fail': a task cannot complete without an output` : `'fail' or 'complete'`,
    );
  if (typeof reasons !== 'boolean') checker.option('reasons', reasons, 'true or false');
  if (onEdit !== 'approve' && onEdit !== 'ask') checker.option('onEdit', onEdit, `'approve' or 'ask'`);
  if (!ON_EXPIRY.includes(onExpiry))
    checker.option('onExpiry', onExpiry, ON_EXPIRY.map((name) => `'${name}'`).join(', '));
}

function checkPeople(
  { assignees, excluded, escalate, override, substitutes, onExpiry }: ApprovalSpec,
  checker: Checker,
): void {
  if (typeof assignees !== 'function') checkNames(assignees, 'assignees', checker);
  if (escalate !== null) checkNames(escalate, 'escalate', checker);
  if (onExpiry === 'escalate' && (escalate === null || escalate.users.length + escalate.roles.length === 0))
    checker.fault('bad-option', `With onExpiry: 'escalate', say in "escalate" who is asked then: { users, roles }.`);
  if (typeof excluded !== 'function') {
    names(excluded.users, 'excluded.users', checker);
    names(excluded.decidersOf, 'excluded.decidersOf', checker);
  }
  names(override, 'override.roles', checker);
  if (typeof substitutes !== 'object' || substitutes === null)
    return checker.option('substitutes', substitutes, '{ mia: [who may decide for her] }');
  for (const [user, others] of Object.entries(substitutes)) names(others, `substitutes.${user}`, checker);
}

function checkNames({ users, roles }: Assignees, option: string, checker: Checker): void {
  names(users, `${option}.users`, checker);
  names(roles, `${option}.roles`, checker);
}

function names(given: unknown, option: string, checker: Checker): void {
  if (areNames(given)) return;
  checker.option(option, given, `a list of up to ${MOST_PEOPLE} names of up to ${LONGEST_NAME} characters`);
}

function checkQuorum(spec: ApprovalSpec, checker: Checker): void {
  const { approvals, of, veto, weights, decisions, assignees, excluded } = spec;
  const isWeight = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value > 0;
  if (!isWeight(approvals)) return checker.option('quorum', approvals, 'how many have to approve, a number above 0');
  if (of !== null && !isWeight(of))
    return checker.option('quorum.of', of, 'how many votes there can be, a number above 0');
  if (typeof veto !== 'boolean') checker.option('quorum.veto', veto, 'true or false');
  const isByName = typeof weights === 'object' && weights !== null && !Array.isArray(weights);
  if (!isByName || !Object.values(weights).every(isWeight))
    return checker.option('quorum.weights', weights, '{ mia: 2 }: numbers above 0');
  if (approvals === 1) return checkElectorate();
  const others = (Object.keys(decisions) as DecisionName[]).filter(
    (name) => !VOTED.includes(name) && name !== 'abort' && name !== 'skip',
  );
  if (others.length > 0)
    checker.fault(
      'bad-option',
      `Votes are for "approve" or "reject": with a quorum, ${others.join(', ')} cannot be decided.`,
    );
  checkElectorate();

  /** A quorum that the exclusions make impossible (S29). */
  function checkElectorate(): void {
    if (typeof assignees === 'function' || !Array.isArray(assignees.users) || !Array.isArray(assignees.roles)) return;
    const out = typeof excluded === 'function' || !Array.isArray(excluded.users) ? [] : excluded.users;
    const all = electorate(spec, { ...assignees, excluded: out });
    if (all === null || reaches(all, approvals)) return;
    checker.fault(
      'bad-option',
      `It takes votes of weight ${approvals} to approve it, and only ${all} can come together${out.length === 0 ? '' : `, since ${out.join(', ')} are excluded`}. Ask more people, or for fewer votes.`,
    );
  }
}

function checkTimes({ expires, onExpiry, onDefer, remind, lease }: ApprovalSpec, checker: Checker): void {
  if (onDefer !== 'keep' && onDefer !== 'move') checker.option('onDefer', onDefer, `'keep' or 'move'`);
  if (expires !== null && !(expires > 0))
    checker.option('expires', expires, 'a duration above 0; leave it out to wait for ever');
  if (expires === null && onExpiry !== 'fail' && ON_EXPIRY.includes(onExpiry))
    checker.fault(
      'bad-option',
      'What is to happen "onExpiry" never happens without "expires". Say how long it may take.',
    );
  if (!(lease > 0))
    checker.option('claim', lease, 'a duration above 0: how long one who claims it has it for themselves');
  for (const each of remind) {
    if (!(each > 0)) checker.option('remind', each, 'durations above 0');
    else if (expires !== null && each >= expires)
      checker.fault(
        'bad-option',
        `It expires after ${fromMs(expires)}, so the reminder after ${fromMs(each)} would never come.`,
      );
  }
}

/** What a run is pinned to of it. */
export function linesOfApproval(spec: ApprovalSpec): readonly string[] {
  const {
    decisions,
    assignees,
    excluded,
    approvals,
    of,
    veto,
    weights,
    expires,
    onExpiry,
    escalate,
    remind,
    onReject,
    onEdit,
    onDefer,
    override,
    substitutes,
  } = spec;
  const who = {
    assignees: typeof assignees === 'function' ? 'mapped' : assignees,
    excluded: typeof excluded === 'function' ? 'mapped' : excluded,
  };
  const lines = [`decisions ${Object.keys(decisions).join(', ')}`, `asks ${text(who)}`];
  lines.push(`quorum ${text({ approvals, of, veto, weights })}`);
  if (expires !== null)
    lines.push(`expires after ${fromMs(expires)}, then ${onExpiry}${escalate === null ? '' : ` to ${text(escalate)}`}`);
  if (remind.length > 0) lines.push(`reminds after ${remind.map(fromMs).join(', ')}`);
  lines.push(`on reject ${onReject}, on edit ${onEdit}`);
  // Not said where it is as it was before there was a choice: runs that are pinned to that go on.
  if (onDefer !== 'keep') lines.push(`on defer ${onDefer}`);
  if (override.length > 0) lines.push(`override by ${override.join(', ')}`);
  if (Object.keys(substitutes).length > 0) lines.push(`substitutes ${text(substitutes)}`);
  return lines;
}

function text(value: object): string {
  return canonicalText(value as Json);
}
