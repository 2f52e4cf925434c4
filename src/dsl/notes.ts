/**
 * What the builders saw and a definition cannot say: an unreadable duration, a key that
 * nobody knows, a body that is none. A builder never throws; it leaves a note beside the
 * data that it made, and the check turns the notes into faults, all at once (S3).
 *
 * The notes hang on the definition by identity, so a definition stays plain data.
 */
import type { FaultCode } from '../faults.ts';

export interface Note {
  readonly code: FaultCode;
  readonly message: string;
  /** A name below the definition that the note is about, when there is no step of that name to hang it on. */
  readonly at?: string;
  /** Nothing could be read: whatever else is found in this place is of a stand-in. */
  readonly isAll?: boolean;
}

const NONE: readonly Note[] = Object.freeze([]);
const notesByOwner = new WeakMap<object, readonly Note[]>();

/** Remembers `notes` about `owner`, which is a definition or a step of one. */
export function leaveNotes(owner: object, notes: readonly Note[]): void {
  if (notes.length > 0) notesByOwner.set(owner, notes);
}

export function notesOf(owner: object): readonly Note[] {
  return notesByOwner.get(owner) ?? NONE;
}
