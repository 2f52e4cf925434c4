/**
 * The composite track's machine: sub-tracks side by side, which it waits for and
 * then merges. Its `node` says what their ends mean for it.
 */
import { parentMachine } from '../parent.ts';

/** The machine of a composite track: draw it, walk it, or start it with `createActor`. */
export const compositeMachine = parentMachine('composite');
