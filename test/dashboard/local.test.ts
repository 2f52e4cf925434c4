/** What a dashboard asks, in memory and on SQLite files. */
import { memory } from 'signalbox';
import { sqlite } from 'signalbox/sqlite';
import { describe } from 'vitest';
import { newFile } from '../helpers/files.ts';
import { dashboardCases } from './cases.ts';

describe('memory', () => dashboardCases(() => memory()));
describe('sqlite', () => dashboardCases(() => sqlite(newFile())));
