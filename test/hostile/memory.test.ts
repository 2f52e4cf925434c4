/** The hostile corpus on the store in memory. */
import { memory } from 'signalbox';
import { hostileCorpus } from './corpus.ts';

hostileCorpus(() => memory(), { step: 3 });
