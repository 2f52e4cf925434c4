/**
 * What is waited for, in words: one entry for each kind of waiting, so a new kind is an entry here, and the types ask for it. Each
 * says for what, what its end is called where it has one, and what would move it.
 */
import type { WaitingFor } from '../core/effect.ts';
import { roughly } from '../duration.ts';
import type { QueuedFor } from '../limits.ts';

/** Something that is waited for, in words. */
export interface Saying {
  /** Behind "waiting for": `signal "paid"`. */
  readonly for: string;
  /** What it does meanwhile, where that is more than waiting: `running`. */
  readonly doing?: string;
  /** What comes when it is due: `times out`, `ends`. */
  readonly end: string;
  /** What would move it, as a sentence. */
  readonly moves: string;
  /** What else is known of it. */
  readonly also?: readonly string[];
}

type Of<W extends WaitingFor['what']> = Extract<WaitingFor, { readonly what: W }>;

const SAYINGS: { readonly [W in WaitingFor['what']]: (waits: Of<W>, now: number | undefined) => Saying } = {
  start: () => ({ for: 'its turn to begin', end: 'begins', moves: 'It begins when the run goes on.' }),
  signal: ({ signal }) => ({
    for: `signal ${JSON.stringify(signal)}`,
    end: 'times out',
    moves: `run.signal(${JSON.stringify(signal)}, …)`,
  }),
  timer: () => ({ for: 'the end of its sleep', end: 'ends', moves: 'It ends by itself.' }),
  retry: ({ attempt }) => ({
    for: `attempt ${attempt}`,
    end: `attempt ${attempt} begins`,
    moves: `Attempt ${attempt} begins by itself.`,
  }),
  body: ({ attempt }) => ({
    for: attempt > 1 ? `its body, in attempt ${attempt}` : 'its body',
    doing: attempt > 1 ? `running attempt ${attempt}` : 'running',
    end: 'times out',
    moves: 'Its body has to answer.',
  }),
  queued: ({ limit }) => ({
    for: `a place under ${limitIn(limit)}`,
    end: 'begins',
    moves: 'It begins when another body under this limit has ended.',
  }),
  children: () => ({
    for: 'what is in it',
    end: 'its deadline passes',
    moves: 'The steps in it have to end.',
  }),
  person: () => ({ for: 'a person', end: 'times out', moves: 'Somebody has to decide.' }),
  approval: (waits, now) => ({
    for: `a decision${isClaimed(waits, now) ? ` of "${waits.claimed}"` : whoIn(waits.users, waits.roles)}`,
    end: 'expires',
    moves: `box.decide(${JSON.stringify(waits.approval)}, { decision, by })`,
    also: now === undefined ? [] : saidTo(waits, now),
  }),
  cleanup: () => ({
    for: 'its cleanup',
    doing: 'cleaning up',
    end: 'ends',
    moves: 'Its cleanup has to end; run.cancel({ force: true }) cuts it short.',
  }),
  compensation: () => ({
    for: 'its compensation',
    doing: 'being undone',
    end: 'ends',
    moves: 'Its compensation has to answer.',
  }),
  run: ({ run }) => ({
    for: `run ${JSON.stringify(run)}`,
    end: 'ends',
    moves: `The other run has to end: box.run(${JSON.stringify(run)}).explain()`,
  }),
  delivery: () => ({ for: 'answers to its signal', end: 'ends', moves: 'The runs that it sends to have to answer.' }),
  other: ({ of }) => ({ for: of, end: 'ends', moves: `What its kind calls ${JSON.stringify(of)} has to come.` }),
};

/** A claim that has ended keeps nobody away. */
function isClaimed({ claimed, claimedUntil }: Of<'approval'>, now = 0): boolean {
  return claimed !== null && (claimedUntil === null || claimedUntil > now);
}

/** What people have said to an approval, in words: what keeps it from being decided comes first. */
function saidTo(waits: Of<'approval'>, now: number): readonly string[] {
  const { claimed, claimedUntil, deferred, delegated, escalations, info, quorum } = waits;
  const said: string[] = [];
  if (deferred !== null)
    said.push(
      deferred.until > now
        ? `put off by "${deferred.by}" for ${roughly(deferred.until - now)} more`
        : `put off by "${deferred.by}", and open again since ${roughly(now - deferred.until)}`,
    );
  if (claimedUntil !== null)
    said.push(
      claimedUntil > now
        ? `claimed for ${roughly(claimedUntil - now)} more`
        : `the claim of "${claimed}" ended ${roughly(now - claimedUntil)} ago`,
    );
  if (delegated !== null) said.push(`"${delegated.by}" waits for the word of "${delegated.to}"`);
  if (info !== null) said.push(`"${info.by}" asked ${roughly(now - info.at)} ago: ${JSON.stringify(info.question)}`);
  if (escalations > 0) said.push(escalations === 1 ? 'escalated once' : `escalated ${escalations} times`);
  if (quorum !== null) said.push(`${quorum.approved} of ${quorum.approvals} approvals are there`);
  return said;
}

/** ` of role manager or mia`. */
function whoIn(users: readonly string[], roles: readonly string[]): string {
  const who = [...roles.map((role) => `role ${role}`), ...users];
  if (who.length === 0) return ' of anybody';
  const last = who.pop();
  return who.length === 0 ? ` of ${last}` : ` of ${who.join(', ')} or ${last}`;
}

/** What is waited for, in words. Without the time, nothing is said of what depends on it. */
export function sayingOf(waits: WaitingFor, now?: number): Saying {
  const say = SAYINGS[waits.what] as ((waits: WaitingFor, now: number | undefined) => Saying) | undefined;
  return say?.(waits, now) ?? { for: String(waits.what), end: 'ends', moves: 'It has to come.' };
}

/** Since when, where it is known. */
export function sinceIn(waits: WaitingFor): number | null {
  return 'since' in waits ? waits.since : null;
}

/** Until when, where there is an end to it. */
export function dueIn(waits: WaitingFor): number | null {
  return 'due' in waits ? waits.due : null;
}

/** `waiting for signal "paid" since 2 h; times out in 46 h`. */
export function sentenceOf(waits: WaitingFor, now: number): string {
  const { for: what, doing = `waiting for ${what}`, end, also = [] } = sayingOf(waits, now);
  const [since, due] = [sinceIn(waits), dueIn(waits)];
  const began = since === null ? '' : ` since ${roughly(now - since)}`;
  const said = [`${doing}${began}`, ...also].join('; ');
  if (due === null) return said;
  // Nothing happens in a run that is held, whatever is due.
  return `${said}; ${due > now ? `${end} in ${roughly(due - now)}` : `was due ${roughly(now - due)} ago`}`;
}

/** `limit 4 of task "charge", key "7"`. */
export function limitIn({ of, name, key, limit, per }: QueuedFor): string {
  const whose = name === null ? `the ${of}` : `${of} ${JSON.stringify(name)}`;
  const many = per === null ? `${limit} at once` : `${limit} in ${per} ms`;
  return `the limit of ${whose} (${many}${key === null ? '' : `, key ${JSON.stringify(key)}`})`;
}
