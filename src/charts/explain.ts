/**
 * Why a run stands where it stands: of each step that is under way what it waits for, since when, until when, what would move it, and
 * what may be done about it; of what has not begun, why; of a run that has ended, of what. As data, and in words for a person.
 */
import { allowedIn, type CommandName } from '../commands/index.ts';
import type { WaitingFor } from '../core/effect.ts';
import { roughly } from '../duration.ts';
import { isFailure, isTerminal, type Status } from '../status.ts';
import type { ActorSnapshot } from '../views/snapshot.ts';
import { dueIn, sayingOf, sentenceOf, sinceIn } from '../views/waits.ts';
import { countsIn, type DrawnRun, type StatusCounts, WORDS } from './marks.ts';
import type { Outline } from './outline.ts';
import { columnsOf, cut, plain } from './tree.ts';
import { type Hindrance, listed, reasonIn, type Stand, whyNot } from './why.ts';
import { pathAbove } from '../segments.ts';

/** A step that is under way. */
export interface StepExplanation {
  readonly path: string;
  readonly status: Status;
  readonly waitingFor: WaitingFor;
  /** In milliseconds since 1970; null where nobody has noted it. */
  readonly since: number | null;
  /** When that ends by itself; null if it does not. */
  readonly until: number | null;
  /** In words: `waiting for signal "paid" since 2 h; times out in 46 h`. */
  readonly says: string;
  /** What would move it, in words. */
  readonly moves: string;
  /** What may be done about it now: `run.skip(path, …)`. */
  readonly allowed: readonly CommandName[];
  /** Why its last attempt failed, if one has. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A track or a step that has not begun. */
export interface PendingExplanation {
  readonly path: string;
  /** Every reason, the nearest one first. */
  readonly why: readonly Hindrance[];
  /** The same in words. */
  readonly says: string;
}

/** What a run has failed of. */
export interface FailureExplanation {
  readonly path: string;
  readonly status: Status;
  readonly code: string;
  readonly message: string;
}

/** Why a run stands where it stands. */
export interface Explanation {
  readonly run: string;
  readonly orchestrator: string;
  readonly version: string;
  readonly status: Status;
  /** When it was asked, in milliseconds since 1970. */
  readonly at: number;
  /** One sentence for a person. */
  readonly says: string;
  /** What is under way, in the order in which it began. */
  readonly steps: readonly StepExplanation[];
  /** What has not begun, in declared order. */
  readonly pending: readonly PendingExplanation[];
  /** How many more have not begun, beyond the first hundred. */
  readonly more: number;
  /** What has gone wrong, the first one first. */
  readonly failures: readonly FailureExplanation[];
  /** What the run takes now. */
  readonly allowed: readonly CommandName[];
}

const MOST_PENDING = 100;
const MOST_FAILURES = 100;

/** What can be done about a step that stands so. */
export type AllowedAt = (path: string, actor: ActorSnapshot) => readonly CommandName[];

/** A run, and the one that has started it: with its status, or null if that one was deleted. */
type Explained = DrawnRun & {
  readonly reason?: string | null;
  readonly above?: { readonly run: string; readonly status: Status | null } | null;
};

/** `path`: of this step or track alone. */
export function explanationOf(
  outline: Outline,
  run: Explained,
  allowedAt: AllowedAt,
  now: number,
  path?: string,
): Explanation {
  const stand = standIn(outline, run);
  const steps = [...stand.live].flatMap(([each, actor]) => {
    const counts = run.counts?.[each];
    const isAsked = path === undefined ? actor.waitingFor?.what !== 'children' || counts !== undefined : each === path;
    return isAsked ? explained(each, actor, allowedAt, now, counts) : [];
  });
  const all = path === undefined ? pendingIn(stand) : stand.statusAt(path) === undefined ? [path] : [];
  // A row without a word: it is ready and waits for its turn.
  const ready = [...stand.live].flatMap(([each, { waitingFor }]) =>
    waitingFor?.what === 'start' && (path ?? each) === each ? [each] : [],
  );
  const pending = [...ready, ...all].slice(0, MOST_PENDING).map((each): PendingExplanation => {
    const why = whyNot(stand, each);
    return { path: each, why, says: why.map(reasonIn).join('; ') };
  });
  const underWay = steps.filter(({ waitingFor }) => waitingFor.what !== 'start');
  const failures = failuresIn(run);
  const { orchestrator, version, status } = run;
  const known = { run: run.run, orchestrator, version, status, at: now, steps: underWay, pending };
  const more = ready.length + all.length - pending.length;
  return { ...known, more, failures, allowed: allowedIn(status), says: headline(run, underWay, failures, now) };
}

function standIn(outline: Outline, run: DrawnRun): Stand {
  const statuses = new Map<string, Status>(Object.entries(run.ended ?? {}));
  const live = new Map<string, ActorSnapshot>();
  const held: string[] = [];
  const below = new Map<string, number>();
  const all = [...Object.entries(run.tracks), ...Object.entries(run.steps)];
  for (const [path, actor] of all) {
    statuses.set(path, actor.status);
    if (isTerminal(actor.status)) continue;
    live.set(path, actor);
    if (actor.status === 'awaitingIntervention') held.push(path);
    if (actor.waitingFor?.what === 'start') continue;
    const above = pathAbove(path);
    below.set(above, (below.get(above) ?? 0) + 1);
  }
  return {
    outline,
    status: run.status,
    statusAt: (path) => statuses.get(path),
    live,
    held,
    liveBelow: (path) => below.get(path) ?? 0,
  };
}

/** `counts`: what is in it, where that is a number and not told one by one. */
function explained(
  path: string,
  actor: ActorSnapshot,
  allowedAt: AllowedAt,
  now: number,
  counts: StatusCounts | undefined,
): readonly StepExplanation[] {
  const { status, waitingFor, attempts } = actor;
  if (waitingFor === null) return [];
  const failed = actor.error ?? attempts.findLast(({ error }) => error !== null)?.error ?? null;
  return [
    {
      path,
      status,
      waitingFor,
      since: sinceIn(waitingFor),
      until: dueIn(waitingFor),
      says: `${sentenceOf(waitingFor, now)}${counts === undefined ? '' : `: ${countsIn(counts)}`}`,
      moves: sayingOf(waitingFor).moves,
      allowed: allowedAt(path, actor),
      error: failed === null ? null : { code: failed.code, message: failed.message },
    },
  ];
}

/** What has not begun and could be asked for by its path: in the run, and in whatever is under way. Items and rounds to come have none. */
function pendingIn({ outline, statusAt, live, status }: Stand): readonly string[] {
  if (isTerminal(status)) return [];
  const pending: string[] = [];
  for (const [path, { status: above }] of [['', { status }] as const, ...live]) {
    const part = outline.at(path);
    if (part === undefined || part.repeats || above === 'pending') continue;
    for (const { name } of part.children) {
      const each = path === '' ? name : `${path}/${name}`;
      if (statusAt(each) === undefined) pending.push(each);
    }
  }
  return pending;
}

/** Steps that have failed; a track is not told beside the step that failed it. */
function failuresIn({ tracks, steps, error, status }: DrawnRun): readonly FailureExplanation[] {
  const found: FailureExplanation[] = [];
  for (const [path, actor] of [...Object.entries(steps), ...Object.entries(tracks)]) {
    if (!isFailure(actor.status) || actor.error === null || (actor.error.path ?? path) !== path) continue;
    found.push({ path, status: actor.status, code: actor.error.code, message: actor.error.message });
    if (found.length === MOST_FAILURES) break;
  }
  if (found.length === 0 && error !== null)
    found.push({ path: error.path ?? '', status, code: error.code, message: error.message });
  return found;
}

/** One sentence for a person who has to know at night. */
function headline(
  run: Explained,
  steps: readonly StepExplanation[],
  failures: readonly FailureExplanation[],
  now: number,
): string {
  const { status, startedAt, endedAt, error, withErrors } = run;
  const took = roughly((endedAt ?? now) - startedAt);
  const [first] = failures;
  // What fails the run itself, as its deadline does, is no step's failure, whatever has failed beside it.
  const own = error?.path === '' ? { path: '', message: error.message } : undefined;
  const cause = failures.find(({ path }) => path === error?.path) ?? own ?? first;
  const at =
    cause === undefined ? '' : cause.path === '' ? `: ${cause.message}` : ` at ${cause.path}: ${cause.message}`;
  const because = run.reason ? `: ${run.reason}` : '';
  const busy = listed(steps.map(({ path }) => path));
  switch (status) {
    case 'completed':
      return withErrors ? `completed after ${took}, with errors${at}` : `completed after ${took}`;
    case 'failed':
    case 'timedOut':
    case 'compensationFailed':
      return `${WORDS[status]} after ${took}${at}`;
    case 'compensated':
      return `${hasUndone(run) ? 'was undone' : 'ended, with nothing to undo,'} after ${took}${at === '' ? because : `, because it failed${at}`}`;
    case 'cancelled':
      return `cancelled after ${took}${because}`;
    case 'cancelling':
      return `is being cancelled${because}${busy === '' ? '' : `; waits for ${busy}`}`;
    case 'compensating':
      return `is being undone${at === '' ? because : `, because it failed${at}`}${busy === '' ? '' : `; under way: ${busy}`}`;
    case 'paused':
      return `paused: nothing begins until run.resume()${orphaned(run)}${busy === '' ? '' : `; under way: ${busy}`}`;
    case 'awaitingIntervention': {
      const held = steps.filter((step) => step.status === 'awaitingIntervention');
      const why = held[0]?.error == null ? '' : `: ${held[0].error.message}`;
      const isOne = held.length === 1;
      return `${listed(held.map(({ path }) => path))} ${isOne ? 'has failed and stands' : 'have failed and stand'} still${why}; retry, skip or resolve ${isOne ? 'it' : 'them'}`;
    }
    default: {
      const [step, ...others] = [...steps].sort((left, right) => patience(right) - patience(left));
      if (step === undefined) return `${WORDS[status]} since ${took}`;
      const rest = others.length === 0 ? '' : `, and ${others.length} more under way`;
      return `${step.says} (${step.path})${rest}`;
    }
  }
}

/** Was anything undone? Where steps are told as counts, it may have been. */
function hasUndone({ steps, tracks, ended = {}, counts = {} }: DrawnRun): boolean {
  if (Object.keys(counts).length > 0 || Object.values(ended).includes('compensated')) return true;
  return [...Object.values(steps), ...Object.values(tracks)].some(({ status }) => status === 'compensated');
}

/** Of a paused child whose parent has ended: nobody lets it go on any more. */
function orphaned({ above = null }: Explained): string {
  if (above === null || (above.status !== null && !isTerminal(above.status))) return '';
  const end = above.status === null ? 'is deleted' : `has ended (${above.status})`;
  return `, and its parent, run "${above.run}", ${end} and does not call that any more; run.cancel() ends it`;
}

const FROM_OUTSIDE: ReadonlySet<WaitingFor['what']> = new Set(['signal', 'person', 'approval']);

/** What a person would ask about first: what only somebody else can move, then what takes longest. */
function patience({ until, waitingFor }: StepExplanation): number {
  if (FROM_OUTSIDE.has(waitingFor.what)) return until ?? Number.MAX_VALUE;
  return until === null ? 0 : until / 2;
}

const WIDTH = 80;
const MOST_SHOWN = 20;

/** The explanation as text. */
export function explanationText(explanation: Explanation): string {
  const { run, orchestrator, version, says, steps, pending, more, failures, allowed } = explanation;
  const lines = wrapped(`${run} (${orchestrator}, version ${version}): ${says}`, '');
  if (steps.length > 0) lines.push('', 'Under way');
  for (const step of steps.slice(0, MOST_SHOWN)) {
    lines.push(...wrapped(step.path, '  '), ...wrapped(step.says, '    '), ...wrapped(step.moves, '    '));
    if (step.error !== null) lines.push(...wrapped(`The last attempt failed: ${step.error.message}`, '    '));
    if (step.allowed.length > 0) lines.push(...wrapped(`Possible: ${step.allowed.join(', ')}`, '    '));
  }
  if (steps.length > MOST_SHOWN) lines.push(`  and ${steps.length - MOST_SHOWN} more`);
  if (pending.length > 0) lines.push('', 'Not begun');
  for (const { path, says: why } of pending) lines.push(...wrapped(`${path}: ${why}`, '  '));
  if (more > 0) lines.push(`  and ${more} more`);
  if (failures.length > 0) lines.push('', 'Gone wrong');
  for (const { path, code, message } of failures)
    lines.push(...wrapped(`${path === '' ? 'the run' : path}: ${message} (${code})`, '  '));
  if (allowed.length > 0) lines.push('', ...wrapped(`The run takes: ${allowed.join(', ')}`, ''));
  return `${lines.join('\n')}\n`;
}

/** Lines of up to 80 columns; what comes after the first is two columns further in. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of plain(text).split(/ +/)) {
    const lead = lines.length === 0 ? indent : `${indent}  `;
    if (line !== '' && columnsOf(lead) + columnsOf(line) + 1 + columnsOf(word) > WIDTH) {
      lines.push(`${lead}${line}`);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(`${lines.length === 0 ? indent : `${indent}  `}${line}`);
  return lines.map((each) => cut(each, WIDTH));
}
