/** Boxes that share a place in memory: what holds on every server, wherever these tests are run; and the place itself, which passes the suite of stores. */
import { storeSuite } from 'signalbox/testing';
import { describe, test } from 'vitest';
import { rerunCrashCases } from '../crash/rerun-cases.ts';
import { shared } from '../crash/places.ts';
import { sharedMemory } from '../helpers/shared-memory.ts';
import { abandonCases } from './abandon-cases.ts';
import { sharedCases } from './cases.ts';
import { deleteCases } from './delete-cases.ts';
import { handoverCases } from './handover-cases.ts';
import { crashCases } from './points.ts';
import { ruleCases } from './rule-cases.ts';

describe('the place passes the suite of stores', () => {
  for (const { title, run } of storeSuite(sharedMemory)) test(title, run);
});

describe('in memory', () => {
  const place = async () => sharedMemory();

  sharedCases(place);
  handoverCases(place);
  deleteCases(place);
  abandonCases(place);
  ruleCases(place);
  crashCases(() => sharedMemory().open);
  rerunCrashCases(() => shared(sharedMemory().open));
});
