/** The machine of a loop: a parent like any other, with one child at a time. */
import { stepParentMachine } from '../parent.ts';

/** The machine of a loop: draw it, or walk it. */
export const loopMachine = stepParentMachine('loop');
