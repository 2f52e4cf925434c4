/** The machine of a group of steps: a parent like any other. What follows what stands in the plan. */
import { stepParentMachine } from '../parent.ts';

/** The machine of a group: draw it, or walk it. */
export const groupMachine = stepParentMachine('group');
