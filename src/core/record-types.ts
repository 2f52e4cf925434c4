/** The types of records that runs leave. A store is asked for records by their type, so whoever wants all of a run's goes through these. */
import { AWAITED, SPENT } from '../budgets.ts';
import { CACHED } from '../cache.ts';
import { APPROVAL_RECORD, DECISION_RECORD } from '../people.ts';
import { COMMAND } from './audit.ts';
import { DECIDERS } from './deciders.ts';
import type { Kinds } from './kind.ts';
import { INTERVENTION } from './message.ts';
import { RERUN, TAKEN } from './rerun.ts';

/** The record of a run that was started under a key of which there is one at a time (S30). */
export const KEYED = 'keyed';

const OWN: readonly string[] = [
  APPROVAL_RECORD,
  DECISION_RECORD,
  INTERVENTION,
  COMMAND,
  RERUN,
  TAKEN,
  DECIDERS,
  CACHED,
  KEYED,
  SPENT,
  AWAITED,
];

/** Those of the engine, and those that kinds from outside say that they write. */
export function recordTypesOf(kinds: Kinds): readonly string[] {
  const others = kinds.names().flatMap((name) => kinds.get(name).records ?? []);
  return [...new Set([...OWN, ...others])];
}
