/** The hostile corpus on SQLite files. */
import { sqlite } from 'signalbox/sqlite';
import { newFile } from '../helpers/files.ts';
import { hostileCorpus } from './corpus.ts';

hostileCorpus(() => sqlite(newFile()), { step: 5, stride: 3 });
