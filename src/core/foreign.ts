/**
 * What a kind from outside leaves behind, held up to the light within the turn: a memory that is no JSON or a due time that is no
 * number would break the commit, and with it the runs beside this one (I10, S37). What throws here breaks this turn alone.
 */
import { DEFAULT_MAX_BYTES, toJson } from '../json.ts';
import type { RunEvent } from '../events.ts';
import type { Effect } from './effect.ts';
import { MAX_TEXT } from '../text.ts';
import type { Actor } from './run.ts';
import type { RecordRow } from '../store.ts';

/** What a record says beside the values in it: reasons, names, times. */
const FRAME = 16 * 1024;
/** What the engine's own records come to at the most: an approval with a hundred votes, and as many questions. */
const LARGEST = 2 * 1024 * 1024;

/** It may have one or two values in it, each of which may have its size. */
export function checkRecord(row: RecordRow, maxValueBytes: number): RecordRow {
  const { type, id, version, body, keys } = row;
  const what = `record "${String(id)}" of type "${String(type)}"`;
  toJson(body, what, Math.max(2 * maxValueBytes, LARGEST) + FRAME);
  const texts: readonly unknown[] = [type, id, ...Object.values(keys)];
  if (!texts.every((text) => typeof text === 'string' && text.length <= MAX_TEXT))
    throw new TypeError(
      `The type, the id and the keys of the ${what} have to be texts of up to ${MAX_TEXT} characters.`,
    );
  if (!Number.isSafeInteger(version) || version < 1)
    throw new TypeError(`The version of the ${what} cannot be ${String(version)}: it is a whole number from 1 on.`);
  return row;
}

/** What its row will say. */
export function checkActor({ kind, path, state }: Actor): void {
  const { output, error } = state.context as { readonly output?: unknown; readonly error?: unknown };
  const of = `of ${path}, which is of kind "${kind.name}"`;
  toJson(kind.keep(state.context), `memory ${of}`, DEFAULT_MAX_BYTES);
  toJson(output, `output ${of}`, DEFAULT_MAX_BYTES);
  toJson(error, `error ${of}`, DEFAULT_MAX_BYTES);
}

export function checkEvent(event: RunEvent | null, kind: string): RunEvent | null {
  if (event !== null) toJson(event, `event that kind "${kind}" tells`, DEFAULT_MAX_BYTES);
  return event;
}

export function checkEffect(effect: Effect | null, kind: string): Effect | null {
  if (effect?.do === 'wake') checkDue(effect.due, kind);
  return effect;
}

export function checkDue(due: number | null, kind: string): number | null {
  if (due === null || Number.isFinite(due)) return due;
  throw new TypeError(`Kind "${kind}" wants to be woken at ${String(due)}, which is no time.`);
}
