/** The kinds of a run without a box. Made once, and not before somebody needs them. */
import { Kinds } from '../core/kind.ts';
import { RUN_KINDS } from '../machines/run-kinds.ts';

let made: Kinds | null = null;

export function kindsOfRuns(): Kinds {
  made ??= new Kinds(RUN_KINDS);
  return made;
}
