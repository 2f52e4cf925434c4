/** `rerun`: a new run that takes over from one that has ended what had finished there before a step, and goes on from it (S16). */
import { askOptions, ask } from '../checks.ts';
import { DECIDERS, type Deciders, isAtOrBelow, looksAtDeciders, recallDeciders } from '../core/deciders.ts';
import { RERUN, type Rerun, takenOver, takenRecords } from '../core/rerun.ts';
import { pathUnder } from '../core/run.ts';
import type { Kinds } from '../core/kind.ts';
import type { Plan } from '../definition.ts';
import {
  DefinitionChanged,
  DefinitionMissing,
  InterventionRefused,
  InvalidOption,
  reasonOf,
  RunExists,
  RunUnfinished,
} from '../errors/index.ts';
import type { Clock } from '../clock.ts';
import { randomIds } from '../ids.ts';
import { type Json, toJson } from '../json.ts';
import { isTerminal } from '../status.ts';
import type { ActorRow, RecordRow, RunRow, Store } from '../store.ts';
import { MAX_TEXT } from '../text.ts';
import type { InterventionOptions } from './interventions.ts';
import { pinnedPlan } from './reading/pinned.ts';
import { recordsOfDeciders } from './reading/recall.ts';
import { keepRefusal } from './refusals.ts';
import { checkId, type Starts } from './starts.ts';
import { undoingsOf, undoneRows } from './undoings.ts';

/** From where a run is made again, by whom, and why. */
export interface RerunOptions extends InterventionOptions {
  /** The path of the step, or the track, that the new run goes on from. What had finished before it is taken over. */
  readonly from: string;
  /** What that step is given; left out: what its mapper makes. */
  readonly input?: unknown;
  /** Of the new run. The same one twice is one run (S17). */
  readonly id?: string;
}

export interface RerunContext {
  readonly store: Store;
  readonly starts: Pick<Starts, 'rerun'>;
  readonly kinds: Kinds;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly maxValueBytes: number;
  readonly clock: Clock;
}

/** Starts the new run, unless it is there already. Answers with its id. */
export async function rerun(context: RerunContext, row: RunRow, options: RerunOptions): Promise<string> {
  const { store, maxValueBytes, clock } = context;
  askOptions('rerun', options, ['from', 'input', 'id', 'by', 'reason']);
  const { from, input, id = randomIds(), by, reason } = options;
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= MAX_TEXT;
  const expected = `a text of 1 to ${MAX_TEXT} characters`;
  if (!isText(from)) throw new InvalidOption({ option: 'from', value: from, expected: 'the path of a step' });
  if (!isText(reason)) throw new InvalidOption({ option: 'reason', value: reason, expected });
  ask('by', by ?? undefined, expected, isText);
  checkId('id', id);
  const given = input === undefined ? {} : { input: toJson(input, `input of "${from}"`, maxValueBytes) };
  const said: Said = { path: from, reason, by: by ?? null, at: clock.now(), ...given };
  try {
    return await make(context, row, said, id);
  } catch (error) {
    const refused = refusalIn(error);
    if (refused !== null) {
      const record = { run: row.run, type: RERUN, id: randomIds(), keys: { of: row.run, path: from } };
      await keepRefusal(store, record, { type: RERUN, before: 'ended', ...said, refused });
    }
    throw error;
  }
}

/** What somebody has asked for. */
interface Said {
  readonly path: string;
  readonly reason: string;
  readonly by: string | null;
  readonly at: number;
  readonly input?: Json;
}

async function make(context: RerunContext, row: RunRow, said: Said, id: string): Promise<string> {
  const { store, starts, kinds, plans } = context;
  const { run: of, status } = row;
  const { path: from, input } = said;
  if (!isTerminal(status)) throw new RunUnfinished({ run: of, status, wanted: 'rerun' });
  const plan = await pinnedPlan(store, plans, row);
  const refused = (why: string): Error => new InterventionRefused({ run: of, command: RERUN, path: from, why });
  const undoings = await undoingsOf(store, of);
  const goesOn = undoings.find((each) => !isTerminal(each.status));
  if (goesOn !== undefined) throw refused(`run "${goesOn.run}" is undoing it. Wait until that one has ended`);
  const rows = await undoneRows(store, of, undoings);
  const taken = takenOver(kinds, plan.root, rows, from);
  if ('why' in taken) {
    const by = undoings.length === 0 ? '' : ` It was undone by run "${undoings.map((each) => each.run).join('", "')}".`;
    throw refused(`${taken.why}${by}`);
  }
  // What was never reached was refused just now.
  const { state: before } = rows.get(from) as ActorRow;
  const body = { type: RERUN, ...said, before, refused: null, run: id } as unknown as Json;
  const record = { type: RERUN, id: RERUN, version: 1, body, keys: { of, path: from } };
  const again = { of, from, ...(input === undefined ? {} : { input }), ...taken };
  const decided = looksAtDeciders(plan.root) ? await decidersTaken(store, again) : [];
  return starts.rerun(plan, row, id, again, [record, ...takenRecords(again), ...decided]);
}

/** Who has decided the steps that are taken over: nobody is asked about those again. */
async function decidersTaken(store: Store, { of, below }: Rerun): Promise<readonly Omit<RecordRow, 'run'>[]> {
  const taken = [...below].flatMap(([parent, list]) => list.map(({ name }) => pathUnder(parent, name)));
  const before: { decided: Deciders | null } = { decided: null };
  recallDeciders(before, await recordsOfDeciders(store, of));
  return [...(before.decided ?? [])]
    .filter(([path]) => taken.some((place) => isAtOrBelow(path, place)))
    .map(([id, who]) => ({ type: DECIDERS, id, version: 1, body: [...who], keys: {} }));
}

const REFUSALS = [InterventionRefused, RunUnfinished, RunExists, DefinitionMissing, DefinitionChanged];

/** Why it was refused; null if it was not, and something else went wrong. */
function refusalIn(error: unknown): string | null {
  if (error instanceof InterventionRefused) return error.fields.why;
  return REFUSALS.some((refusal) => error instanceof refusal) ? reasonOf(error) : null;
}
