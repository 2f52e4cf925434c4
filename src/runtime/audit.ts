/**
 * Who asks something of a run, and why (S39). What is done keeps that in its commit; what is refused is added here to the records that
 * the run has.
 */
import { ask } from '../checks.ts';
import { type Asker, COMMAND } from '../core/audit.ts';
import type { Clock } from '../clock.ts';
import { BoxClosed, reasonOf } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import type { Json, JsonObject } from '../json.ts';
import type { RecordRow, Store } from '../store.ts';
import { MAX_TEXT } from '../text.ts';
import type { SignalMessage } from '../core/message.ts';
import { whyNotTaken, type SignalAnswer } from '../core/signals.ts';
import { type AskRun, send } from './ownership/requests.ts';
import { keepRefusal } from './refusals.ts';

/** Who asks, and why. */
export interface AskerOptions {
  /** Whoever it is, as your application knows them. Whether they may is for you to say. */
  readonly by?: string | null;
  readonly reason?: string | null;
}

export const ASKER_KEYS: readonly string[] = ['by', 'reason'];

export function askerIn(type: string, { by = null, reason = null }: AskerOptions): Asker {
  if (by !== null) ask('by', by, `a text of 1 to ${MAX_TEXT} characters`, isText);
  if (reason !== null)
    ask('reason', reason, `a string of up to ${MAX_TEXT} characters`, (value) => value === '' || isText(value));
  return { id: randomIds(), type, by, reason, known: false };
}

export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT;
}

/** What was asked, and what else came with it. */
export interface Wanted {
  readonly asker: Asker;
  readonly details?: JsonObject;
}

/** How it came out. */
interface CameOf {
  readonly at: number;
  readonly before: string | null;
  readonly after: string | null;
  readonly refused: string | null;
}

export function commandRecord(
  { asker: { id, type, by, reason }, details = {} }: Wanted,
  { at, before, after, refused }: CameOf,
  keys: RecordRow['keys'] = {},
): Omit<RecordRow, 'run'> {
  const body: Json = { type, by, reason, at, before, after, refused, details };
  return { type: COMMAND, id, version: 1, body, keys };
}

export interface AuditPort {
  readonly store: Store;
  readonly clock: Clock;
}

/** Adds to a run's records that something was refused, and why. */
export async function keepRefused(
  { store, clock }: AuditPort,
  run: string,
  wanted: Wanted,
  status: string | null,
  refused: string,
): Promise<void> {
  await addCommand(store, run, commandRecord(wanted, { at: clock.now(), before: status, after: status, refused }));
}

/** Adds that something was done, of which no commit of the run can tell. */
export async function keepDone(
  { store, clock }: AuditPort,
  run: string,
  wanted: Wanted,
  before: string,
  after: string,
): Promise<void> {
  await addCommand(store, run, commandRecord(wanted, { at: clock.now(), before, after, refused: null }));
}

/** Adds it to the records of a run, whatever becomes of that. */
export async function addCommand(
  store: Store,
  run: string,
  { body, ...record }: Omit<RecordRow, 'run'>,
): Promise<void> {
  await keepRefusal(store, { ...record, run }, body as object);
}

/** Sends somebody's signal, which is on record also if it is refused. */
export async function sendFor(
  port: AuditPort & { readonly command: AskRun },
  run: string,
  message: SignalMessage & { readonly asker: Asker },
): Promise<SignalAnswer> {
  const { store, command } = port;
  const { name, id, asker } = message;
  const wanted = { asker, details: { name, id } };
  const answer = await orRefused(port, run, wanted, null, () => send(store, command, run, message));
  if (answer.answer === 'refused') await keepRefused(port, run, wanted, null, whyNotTaken(answer));
  return answer;
}

/** What is thrown meanwhile is why it was refused. */
export async function orRefused<T>(
  port: AuditPort,
  run: string,
  wanted: Wanted,
  status: string | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A store that fails takes no record either, and what it was asked for may be done.
    if (!(error instanceof BoxClosed)) await keepRefused(port, run, wanted, status, reasonOf(error)).catch(() => {});
    throw error;
  }
}
