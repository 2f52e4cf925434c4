/**
 * The track's machine: steps one after the other. To the machine it is a parent like any
 * other; that each step follows the one before it stands in the plan.
 */
import { parentMachine } from '../parent.ts';

/** The machine of a track: draw it, walk it, or start it with `createActor`. */
export const trackMachine = parentMachine('track');
