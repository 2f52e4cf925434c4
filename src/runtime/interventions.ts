/** Interventions, for a handle on a run: what somebody asks for is looked at before the run is asked, and what was asked is read back. */
import type { CommandName } from '../commands/index.ts';
import { allowedOf, type Intervention, NOT_TAKEN } from '../commands/intervene.ts';
import type { Clock } from '../clock.ts';
import { placeAt } from '../core/undo.ts';
import type { Kinds } from '../core/kind.ts';
import { INTERVENTION, type InterveneMessage } from '../core/message.ts';
import type { Plan } from '../definition.ts';
import { ask, askOptions } from '../checks.ts';
import { InterventionRefused, InvalidOption, OutputInvalid } from '../errors/index.ts';
import { randomIds } from '../ids.ts';
import { toJson } from '../json.ts';
import { parse } from '../schema.ts';
import type { RunRow, Store } from '../store.ts';
import { MAX_TEXT } from '../text.ts';
import { isText } from './audit.ts';
import { type AskRun, recognise } from './ownership/requests.ts';
import { pinnedPlan } from './reading/pinned.ts';
import { keepRefusal } from './refusals.ts';

/** Who intervenes, and why. */
export interface InterventionOptions {
  readonly reason: string;
  /** Whoever it is, as your application knows them. Whether they may is for you to say. */
  readonly by?: string | null;
}

export interface InterventionContext {
  readonly store: Store;
  readonly command: AskRun;
  readonly kinds: Kinds;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly maxValueBytes: number;
  readonly clock: Clock;
}

/** Asks the run, and throws if it does not do it. */
export async function intervene(
  context: InterventionContext,
  row: RunRow,
  type: Intervention,
  path: string,
  options: InterventionOptions & { readonly input?: unknown; readonly output?: unknown },
): Promise<void> {
  const { run } = row;
  const id = randomIds();
  const refuse = (said: object, refused: string): Promise<void> => {
    const body = { type, path, ...said, at: context.clock.now(), before: 'ended', after: 'ended', refused };
    return keepRefusal(context.store, { run, type: INTERVENTION, id, keys: { path } }, body);
  };
  const wanted = await read(context, row, type, path, options).catch(async (error: unknown) => {
    // Somebody has tried; an option that is none is a slip of whoever has written the call.
    if (error instanceof OutputInvalid) await refuse({ reason: options.reason, by: options.by ?? null }, error.message);
    throw error;
  });
  const message: InterveneMessage = { type, id, path, ...wanted, refused: NOT_TAKEN, known: false };
  const isThere = await context.command(run, message);
  // Another process may have done it, and the run may have ended before that one could say so.
  if (!isThere) await recognise(context.store, run, message);
  const { refused } = message;
  if (refused === NOT_TAKEN) await refuse(wanted, refused);
  if (refused !== null) throw new InterventionRefused({ run, command: type, path, why: refused });
}

export function checkPath(path: unknown): void {
  if (!isText(path)) throw new InvalidOption({ option: 'path', value: path, expected: 'the path of a step' });
}

const KEYS: { readonly [type in Intervention]: readonly string[] } = {
  retry: ['reason', 'by', 'input'],
  skip: ['reason', 'by', 'output'],
  resolve: ['reason', 'by', 'output'],
};

async function read(
  { store, plans, kinds, maxValueBytes }: InterventionContext,
  row: RunRow,
  type: Intervention,
  path: unknown,
  options: InterventionOptions & { readonly input?: unknown; readonly output?: unknown },
): Promise<Pick<InterveneMessage, 'reason' | 'by' | 'input' | 'output'>> {
  const expected = `a text of 1 to ${MAX_TEXT} characters`;
  checkPath(path);
  askOptions(type, options, KEYS[type]);
  const { reason, by, input, output } = options;
  if (!isText(reason)) throw new InvalidOption({ option: 'reason', value: reason, expected });
  ask('by', by ?? undefined, expected, isText);
  const said = { reason, by: by ?? null };
  if (type === 'retry')
    return input === undefined ? said : { ...said, input: toJson(input, `input of "${path}"`, maxValueBytes) };
  if (type === 'skip' && output === undefined) return said;
  const plan = await pinnedPlan(store, plans, row);
  const schema = placeAt(kinds, plan.root, path as string)?.node.task?.output;
  const what = `output of "${path}"`;
  if (schema === undefined) return { ...said, output: toJson(output ?? null, what, maxValueBytes) };
  const parsed = await parse(schema, output);
  if (!parsed.ok) throw new OutputInvalid({ what, issues: parsed.issues });
  return { ...said, output: toJson(parsed.value, what, maxValueBytes) };
}

/** What can be done about a step as its row says that it stands. */
export async function allowedAt(
  { store, plans, kinds }: Pick<InterventionContext, 'store' | 'plans' | 'kinds'>,
  run: RunRow,
  path: string,
): Promise<readonly CommandName[]> {
  const open = (await store.readOpen(run.run))?.open ?? [];
  const row = open.find((each) => each.path === path);
  if (row === undefined) return [];
  const { state, attempt } = row;
  const kind = kinds.get(row.kind);
  // Of a run whose definition is not here, as much as its machine says.
  const plan = await pinnedPlan(store, plans, run).catch(() => null);
  const node = plan === null ? null : (placeAt(kinds, plan.root, path)?.node ?? null);
  return allowedOf({ kind, state, node, attempt });
}
