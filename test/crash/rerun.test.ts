/** A run is made again by a box that dies, in memory and on a SQLite file that is copied as it lies; `test/shared` has the servers. */
import { describe } from 'vitest';
import { onFiles } from './places.ts';
import { inMemory } from './play.ts';
import { rerunCrashCases } from './rerun-cases.ts';

describe('in memory', () => rerunCrashCases(() => inMemory()));

describe('on a SQLite file', () => rerunCrashCases(onFiles()));
