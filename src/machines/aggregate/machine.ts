/** The machine of an aggregate: it is over as soon as it has begun. */
import { momentMachine } from '../moment.ts';

/** The machine of an aggregate: draw it, walk it, or start it with `createActor`. */
export const aggregateMachine = momentMachine('aggregate');
