/** The conformance suite on SQLite files that are written on a thread: a file of its own, and so a process that runs beside the other stores'. */
import { storeSuite } from 'signalbox/testing';
import { describe, test } from 'vitest';
import { inFile } from '../helpers/conformance.ts';

describe('a sqlite file that is written on a thread', () => {
  for (const { title, run } of storeSuite(() => inFile({ thread: 'always' }), { sequential: true })) test(title, run);
});
