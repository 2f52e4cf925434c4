/**
 * Requests to a run that this process may own: a cancel, a signal. A signal is taken once for each id, however often
 * and from wherever it comes (S17); what it was answered the first time is the answer.
 */
import { NOT_TAKEN } from '../../commands/intervene.ts';
import { commandNamed } from '../../commands/index.ts';
import { Impossible } from '../../errors/index.ts';
import { isTerminal } from '../../events.ts';
import type { Store } from '../../store.ts';
import type { Host } from '../host.ts';
import type {
  CancelMessage,
  DecideMessage,
  InterveneMessage,
  PauseMessage,
  SignalMessage,
} from '../../core/message.ts';
import type { ApprovalAnswer } from '../../people.ts';
import { COMMAND } from '../../core/audit.ts';
import { answerOf, refusedSignal, type SignalAnswer } from '../../core/signals.ts';

/** What can be asked of a run from outside. */
export type Request = CancelMessage | PauseMessage | InterveneMessage | SignalMessage | DecideMessage;

/** Hands a request to the run. False if the run has ended, is not there, or is somebody else's. */
export type AskRun = (run: string, request: Request) => Promise<boolean>;

/** The way to runs that this process owns. */
export function requests(store: Store, host: Host): AskRun {
  /** What is being taken, by run and id: the same once more waits, and is then known. */
  const underWay = new Map<string, Promise<unknown>>();

  const once = async (run: string, request: Request): Promise<boolean> => {
    if (request.type === 'signal') {
      const known = await store.readSignal(run, request.id);
      if (known === null) return host.command(run, request);
      request.answer = answerOf(known);
      return true;
    }
    // One that was done by a process which died before it could say so is answered as it was.
    await recognise(store, run, request);
    return ('path' in request && request.known) || host.command(run, request);
  };

  return async (run, request) => {
    const id = idOf(request);
    if (id === undefined) return host.command(run, request);
    const name = `${run}/${id}`;
    for (let other = underWay.get(name); other !== undefined; other = underWay.get(name)) await other.catch(() => {});
    const taken = once(run, request);
    underWay.set(name, taken);
    try {
      return await taken;
    } finally {
      underWay.delete(name);
    }
  };
}

/** By what a request is known when it comes again; undefined for a cancel or a pause of nobody, which is the same the second time. */
function idOf(request: Request): string | undefined {
  return 'id' in request ? request.id : request.asker?.id;
}

/** What a record says was answered. */
interface Noted {
  readonly answer?: ApprovalAnswer | null;
  readonly refused?: string | null;
}

/** What is to be taken again, and must not be twice: the store knows whether it was. What was said in a turn that did not land is worth nothing. */
export async function recognise(store: Store, run: string, message: Request): Promise<void> {
  if (message.type === 'signal') {
    const there = await store.readSignal(run, message.id);
    message.known = there !== null;
    message.answer = there === null ? null : answerOf(there);
    return;
  }
  if (!('path' in message)) {
    const { asker } = message;
    if (asker !== undefined) asker.known = (await store.readRecord(run, COMMAND, asker.id)) !== null;
    return;
  }
  // Whatever is said to a place of a run leaves a record.
  const type = commandNamed(message.type)?.record as string;
  const record = await store.readRecord(run, type, message.id);
  message.known = record !== null;
  const { answer = null, refused = NOT_TAKEN } = (record?.body ?? {}) as unknown as Noted;
  if (message.type === 'decide') message.answer = answer;
  else message.refused = refused;
}

/** Sends a signal, and tells what came of it. */
export async function send(store: Store, command: AskRun, run: string, message: SignalMessage): Promise<SignalAnswer> {
  if ((await command(run, message)) && message.answer !== null) return message.answer;
  const row = await store.readRun(run);
  if (row === null) return { answer: 'noSuchRun' };
  // Sent twice at once, from two processes: the other one was taken, and was the last that the run waited for.
  const known = await store.readSignal(run, message.id);
  if (known !== null) return answerOf(known);
  if (isTerminal(row.status)) return refusedSignal('run-ended', `Run "${run}" has ended: it is ${row.status}.`);
  throw new Impossible(`Run "${run}" could not take signal "${message.name}"; the log says why.`);
}
