/** The machine of members side by side: a parent like any other. What their ends mean for it stands in the plan. */
import { stepParentMachine } from '../parent.ts';

/** The machine of a parallel step: draw it, or walk it. */
export const parallelMachine = stepParentMachine('parallel');
