/** The machine of a collection: a parent like any other. It counts, and so it stays as small with a million items as with one. */
import { stepParentMachine } from '../parent.ts';

/** The machine of a collection: draw it, or walk it. */
export const mapMachine = stepParentMachine('map');
