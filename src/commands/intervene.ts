/**
 * `retry`, `skip` and `resolve`: somebody says what becomes of a step (S16). What a step takes now is what its machine takes now. Every
 * attempt to intervene leaves a record, a refused one too: who, when, what, why, and what the step was before and after.
 */
import { INTERVENTION, type InterveneMessage } from '../core/message.ts';
import type { TurnPort } from '../core/port.ts';
import { prepare } from '../core/facts.ts';
import type { Kind } from '../core/kind.ts';
import type { Actor } from '../core/run.ts';
import type { PlanNode } from '../definition.ts';
import * as is from '../forms.ts';
import type { Json, JsonObject } from '../json.ts';
import type { AskingSpec } from '../people.ts';
import { isTerminal, type Status } from '../status.ts';
import type { Command } from './command.ts';

export type Intervention = InterveneMessage['type'];
export const INTERVENTIONS: readonly Intervention[] = ['retry', 'skip', 'resolve'];

/** In which statuses of a run there may be a step that takes it. */
const OPEN: { readonly [name in Intervention]: readonly Status[] } = {
  retry: ['awaitingIntervention', 'paused'],
  resolve: ['awaitingIntervention', 'paused'],
  skip: ['running', 'waiting', 'awaitingIntervention', 'paused'],
};

/** What is said of one that no turn has taken: the run has ended before. */
export const NOT_TAKEN = 'the run has ended';

/** A step as it stands. `node` is null where nobody knows its definition. */
export interface StandingStep {
  readonly kind: Kind;
  readonly state: string;
  readonly node: PlanNode | null;
  readonly attempt: number;
}

/** What can be asked of a step as it stands. */
export function allowedOf(step: StandingStep): readonly (Intervention | 'decide')[] {
  const interventions = interventionsIn(step);
  return isAsking(step.kind, step.state) ? [...interventions, 'decide'] : interventions;
}

/** What can be done about a step as it stands, by somebody from outside. */
function interventionsIn(step: StandingStep): readonly Intervention[] {
  return INTERVENTIONS.filter(
    (name) => takes(step.kind, step.state, name) && !(name === 'resolve' && isForPeople(step)),
  );
}

/** What comes out of it is for those to say who are asked: of an approval, a gate, a task before its approval or with a review (S20, S28). */
function isForPeople({ node, attempt }: Pick<StandingStep, 'node' | 'attempt'>): boolean {
  if (node === null) return false;
  if (node.task === null) return (node.spec as Partial<AskingSpec> | null)?.approval !== undefined;
  const { approval, review } = node.task;
  return review !== undefined || (approval !== undefined && attempt === 0);
}

/** Is somebody asked by it? */
function isAsking(kind: Kind, state: string): boolean {
  return takes(kind, state, 'asked');
}

function takes(kind: Kind, state: string, event: string): boolean {
  return kind.machine.states[state]?.ownEvents.includes(event) ?? false;
}

function commandOf(name: Intervention): Command<InterveneMessage> {
  return {
    name,
    refusal(status) {
      if (isTerminal(status)) return `the run has ended: it is ${status}`;
      return OPEN[name].includes(status) ? null : `the run is ${status}`;
    },
    take,
    record: INTERVENTION,
    shared: {
      body: {
        id: is.text,
        path: is.text,
        reason: is.text,
        by: is.orNull(is.text),
        input: is.any,
        output: is.any,
      },
      write: ({ refused: _, known: __, ...rest }) => rest as unknown as JsonObject,
      read: (body) => ({ ...(body as unknown as InterveneMessage), type: name, refused: NOT_TAKEN, known: false }),
      answer: ({ refused }) => refused,
      heed(message, answer) {
        message.refused = answer as string | null;
      },
    },
  };
}

function take(port: TurnPort, message: InterveneMessage): boolean {
  // Taken before, in a turn of which nobody may have heard.
  if (message.known) return false;
  // Its end may be on its way to the store: nothing can be committed behind it, not even that this was refused.
  if (isTerminal(port.run.row.status)) return false;
  const { type, id, path, reason, by, input, output } = message;
  const actor = port.run.actors.get(path);
  const before = actor === undefined || path === '' ? 'ended' : (String(actor.state.value) as Status);
  const step = actor === undefined || path === '' ? null : standingOf(actor, before);
  const allowed = step === null ? [] : interventionsIn(step);
  const forbidden = step === null ? null : roundApproval(step, message);
  const isListed = allowed.includes(type) && forbidden === null;
  const made = isListed && type === 'retry' && input === undefined ? madeAgain(port, actor as Actor) : null;
  const isAllowed = isListed && !(made !== null && 'error' in made);
  const given = made !== null && 'output' in made ? made.output : type === 'retry' ? input : undefined;
  message.refused = isAllowed
    ? null
    : made !== null && 'error' in made
      ? `what it is given cannot be made: ${made.error.message}`
      : `${refusalOf(path, before, allowed)}${forbidden === null ? '' : ` ${forbidden}`}`;
  const said = { type, path, reason, by, at: port.now, before, refused: message.refused, input, output };
  const body = isAllowed && actor !== undefined && input !== undefined ? { ...said, ...replacedIn(actor) } : said;
  port.atEnd(() => {
    const after = actor === undefined || path === '' ? before : String(actor.state.value);
    port.record({ type: INTERVENTION, id, version: 1, body: { ...body, after } as unknown as Json, keys: { path } });
  });
  if (!isAllowed || actor === undefined) return true;
  if (given !== undefined) actor.input = given;
  port.send(actor, {
    type,
    ...(given === undefined ? {} : { input: given }),
    ...(type === 'retry' ? {} : { output: output ?? null }),
  });
  return true;
}

function standingOf({ kind, node, state: { context } }: Actor, state: string): StandingStep {
  return { kind, state, node, attempt: (context as { readonly attempt?: number }).attempt ?? 0 };
}

/** Why it would go round an approval; null if it does not. */
function roundApproval(step: StandingStep, { type, path, input, output = null }: InterveneMessage): string | null {
  if (type === 'retry')
    return input !== undefined && step.attempt > 0 && step.node?.task?.approval !== undefined
      ? 'Its input was approved, and another one was not: try it again without "input", or, once the run has ended, run.rerun from it with that input, which asks again.'
      : null;
  if ((type === 'skip' && output === null) || !isForPeople(step)) return null;
  return `What comes out of it is for those to say who are asked: run.decide(${JSON.stringify(path)}, { decision, by }), which is 'override' for the roles that may. It may be skipped without "output".`;
}

/** What a step is given that never began, because it could not be made: a mapper may have been mended since. Null for one that began. */
function madeAgain({ rules }: TurnPort, { place, parent, state }: Actor): ReturnType<typeof prepare> | null {
  const { attempt = 0 } = state.context as { readonly attempt?: number };
  if (attempt > 0 || place === null || parent?.children == null) return null;
  return prepare(place, parent.children, rules.maxValueBytes);
}

/** What the attempts so far were given, which the step's row says no more. */
function replacedIn({ state, input: replaced }: Actor): { readonly attempt: number; readonly replaced: Json } {
  return { attempt: (state.context as { readonly attempt?: number }).attempt ?? 0, replaced };
}

function refusalOf(path: string, before: string, allowed: readonly string[]): string {
  const now = before === 'ended' ? 'is not under way: it has ended, or has not begun' : `is ${before}`;
  return `"${path}" ${now}. ${allowed.length === 0 ? 'Nothing can be done about it.' : `Possible now: ${allowed.join(', ')}.`}`;
}

export const retry = commandOf('retry');
export const skip = commandOf('skip');
export const resolve = commandOf('resolve');
