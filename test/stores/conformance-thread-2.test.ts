/** Part 2 of the conformance suite on files that are written on a thread. */
import { threadCases } from '../helpers/conformance.ts';

threadCases(2);
