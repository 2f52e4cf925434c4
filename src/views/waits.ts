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
}

const SAYINGS: { readonly [W in WaitingFor['what']]: (waits: Extract<WaitingFor, { readonly what: W }>) => Saying } = {
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
  approval: ({ approval, users, roles, claimed }) => ({
    for: `a decision${claimed === null ? whoIn(users, roles) : ` of "${claimed}", who has claimed it`}`,
    end: 'expires',
    moves: `box.decide(${JSON.stringify(approval)}, { decision, by })`,
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

/** ` of role manager or mia`. */
function whoIn(users: readonly string[], roles: readonly string[]): string {
  const who = [...roles.map((role) => `role ${role}`), ...users];
  if (who.length === 0) return ' of anybody';
  const last = who.pop();
  return who.length === 0 ? ` of ${last}` : ` of ${who.join(', ')} or ${last}`;
}

/** What is waited for, in words. */
export function sayingOf(waits: WaitingFor): Saying {
  const say = SAYINGS[waits.what] as ((waits: WaitingFor) => Saying) | undefined;
  return say?.(waits) ?? { for: String(waits.what), end: 'ends', moves: 'It has to come.' };
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
  const { for: what, doing = `waiting for ${what}`, end } = sayingOf(waits);
  const [since, due] = [sinceIn(waits), dueIn(waits)];
  const began = since === null ? '' : ` since ${roughly(now - since)}`;
  if (due === null) return `${doing}${began}`;
  // Nothing happens in a run that is held, whatever is due.
  return `${doing}${began}; ${due > now ? `${end} in ${roughly(due - now)}` : `was due ${roughly(now - due)} ago`}`;
}

/** `limit 4 of task "charge", key "7"`. */
export function limitIn({ of, name, key, limit, per }: QueuedFor): string {
  const whose = name === null ? `the ${of}` : `${of} ${JSON.stringify(name)}`;
  const many = per === null ? `${limit} at once` : `${limit} in ${per} ms`;
  return `the limit of ${whose} (${many}${key === null ? '' : `, key ${JSON.stringify(key)}`})`;
}
