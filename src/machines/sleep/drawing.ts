/** How a sleep is drawn: how long it is, or until when. */
import type { Drawn } from '../../core/drawing.ts';
import type { SleepSpec } from '../../definition.ts';
import { lengthIn } from './words.ts';

export const drawSleep: Drawn = ({ spec }) => ({ detail: lengthIn(spec as SleepSpec) });
