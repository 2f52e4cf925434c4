/** The machine of a step that sets variables: it tells the run, which keeps them, and is over. */
import { momentMachine } from '../moment.ts';

/** The machine of a step that sets variables: draw it, or walk it. */
export const setMachine = momentMachine('set', (values) => ({ type: 'set', values }));
