/**
 * Would something bring a run from elsewhere on? Whatever is open of a run says what it waits for (I7), so one waits for ever in which a
 * parent has nothing under way, or nothing says how far its undoing has come. No box leaves such a run behind: a part of the document is
 * missing, or was changed.
 */
import type { Actor, Paused, RunState } from '../../core/run.ts';
import * as is from '../../forms.ts';
import { Unfit } from '../../forms.ts';
import { room } from '../../machines/parent.ts';
import type { ParentMemory, RunUndo } from '../../machines/parent-memory.ts';
import type { UndoMemory } from '../../machines/task/machine.ts';
import type { ActorRow } from '../../store.ts';

const PAUSED: readonly Paused[] = [true, 'above', 'both', 'over'];
const paused: is.Want = {
  wanted: 'true, "above", "both", "over" or nothing',
  fits: (value) => value === undefined || PAUSED.includes(value as never),
};
const ofRun: is.Form<RunUndo> = {
  of: is.orNull(is.text),
  before: is.orNull(is.amount),
  failed: is.texts,
  failures: is.amount,
  isCut: is.yesNo,
};
const ofStep: is.Form<UndoMemory> = {
  tries: is.version,
  completedAt: is.orNull(is.instant),
  of: is.orNull(is.text),
};
const [undoOfRun, undoOfStep] = [is.has(ofRun), is.has(ofStep)];
const three: is.Want = {
  wanted: 'three numbers',
  fits: (value) => Array.isArray(value) && value.length === 3 && value.every(is.amount.fits),
};
/** What parents remember of children that come one after the other, or of many at once; and in which states they have to. */
const KEPT: { readonly [kind: string]: { readonly form: is.Want; readonly states: readonly string[] } | undefined } = {
  map: {
    form: is.has({ count: is.amount, digest: is.text, tally: is.maybe(three) }),
    states: ['running', 'cancelling'],
  },
  // It has nothing to remember before its first round is over.
  loop: { form: is.has({ iterations: is.amount, accumulator: is.json, last: is.json }), states: [] },
};

/** What a row remembers of a pause, of being undone, and of its children. Throws `Unfit`. */
export function checkMemory({ path, kind, state, memory }: ActorRow, at: string): void {
  const undo = path === '' ? undoOfRun : undoOfStep;
  const isUndone = memory.undo !== undefined || state === 'compensating';
  if (isUndone && !undo.fits(memory.undo)) throw new Unfit(`${at}.memory.undo`, `${undo.wanted} belongs there`);
  if (path === '' && !paused.fits(memory.paused))
    throw new Unfit(`${at}.memory.paused`, `${paused.wanted} belongs there`);
  const kept = Object.hasOwn(KEPT, kind) ? KEPT[kind] : undefined;
  const isKept = memory.kept !== undefined || kept?.states.includes(state) === true;
  if (kept !== undefined && isKept && !kept.form.fits(memory.kept))
    throw new Unfit(`${at}.memory.kept`, `${kept.form.wanted} belongs there`);
}

/** Throws `Unfit` for a run that has come to a place from which nothing leads on. */
export function checkGoing(run: RunState): void {
  const isUndone = run.root.state.value === 'compensating';
  for (const actor of run.actors.values()) {
    const { path, parent } = actor;
    const where = parent === null ? 'the run' : `"${path}"`;
    if (hasLost(actor)) throw new Unfit('steps', `nothing is under way in ${where} that would bring it on`);
    const isOfUndo = parent !== null && (actor.state.context.undo ?? null) !== null;
    if (isOfUndo && !isUndone) throw new Unfit('steps', `"${path}" is being undone, and the run is not`);
  }
}

/** Does a parent wait for its children, and has fewer of them under way than it would have begun? */
function hasLost({ invoked, state }: Actor): boolean {
  const memory = state.context as unknown as ParentMemory;
  if (invoked === 'children') return memory.live === 0 || room(memory) > 0;
  return invoked === 'stopping' && memory.live === 0;
}
