/**
 * `retry`, `skip` and `resolve`: somebody says what becomes of a step (S16). What a step takes now is what its machine takes now. Every
 * attempt to intervene leaves a record, a refused one too: who, when, what, why, and what the step was before and after.
 */
import { INTERVENTION, type InterveneMessage } from '../core/message.ts';
import type { TurnPort } from '../core/port.ts';
import type { Kind } from '../core/kind.ts';
import type { Json, JsonObject } from '../json.ts';
import { isTerminal, type Status } from '../status.ts';
import type { Command } from './command.ts';

export type Intervention = InterveneMessage['type'];
export const INTERVENTIONS: readonly Intervention[] = ['retry', 'skip', 'resolve'];

/** In which statuses of a run there may be a step that takes it. */
const HELD: ReadonlySet<Status> = new Set(['awaitingIntervention', 'paused']);
const OPEN: { readonly [name in Intervention]: ReadonlySet<Status> } = {
  retry: HELD,
  resolve: HELD,
  skip: new Set(['running', 'waiting', ...HELD]),
};

/** What can be done about a step as it stands. */
export function interventionsIn(kind: Kind, state: string): readonly Intervention[] {
  const { ownEvents = [] } = kind.machine.states[state] ?? {};
  return INTERVENTIONS.filter((name) => ownEvents.includes(name));
}

function commandOf(name: Intervention): Command<InterveneMessage> {
  return {
    name,
    refusal(status) {
      if (isTerminal(status)) return `the run has ended: it is ${status}`;
      return OPEN[name].has(status) ? null : `the run is ${status}`;
    },
    take,
    shared: {
      write: ({ refused: _, isTaken: __, ...rest }) => rest as unknown as JsonObject,
      read: (body) => ({ ...(body as unknown as InterveneMessage), type: name, refused: null, isTaken: false }),
      answer: ({ refused }) => refused,
      heed(message, answer) {
        message.refused = answer as string | null;
      },
    },
  };
}

function take(port: TurnPort, message: InterveneMessage): boolean {
  const { type, id, path, reason, by, input, output } = message;
  const actor = port.run.actors.get(path);
  const before = actor === undefined || path === '' ? 'ended' : (String(actor.state.value) as Status);
  const allowed = actor === undefined || path === '' ? [] : interventionsIn(actor.kind, before);
  const isAllowed = allowed.includes(type);
  // Taken again, because nobody knew whether its commit had landed: it has.
  if (!isAllowed && message.isTaken) return false;
  message.refused = isAllowed ? null : refusalOf(path, before, allowed);
  message.isTaken = isAllowed;
  const body = { type, path, reason, by, at: port.now, before, refused: message.refused, input, output };
  port.record({ type: INTERVENTION, id, version: 1, body: body as unknown as Json, keys: { path } });
  if (!isAllowed || actor === undefined) return true;
  if (type === 'retry' && input !== undefined) actor.input = input;
  port.send(actor, {
    type,
    ...(input === undefined ? {} : { input }),
    ...(type === 'retry' ? {} : { output: output ?? null }),
  });
  return true;
}

function refusalOf(path: string, before: string, allowed: readonly string[]): string {
  const now = before === 'ended' ? 'is not under way: it has ended, or has not begun' : `is ${before}`;
  return `"${path}" ${now}. ${allowed.length === 0 ? 'Nothing can be done about it.' : `Possible now: ${allowed.join(', ')}.`}`;
}

export const retry = commandOf('retry');
export const skip = commandOf('skip');
export const resolve = commandOf('resolve');
