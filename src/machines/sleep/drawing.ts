/** How a sleep is drawn: how long it is, or until when. */
import type { Drawn } from '../../core/drawing.ts';
import type { SleepSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';

export const drawSleep: Drawn = ({ spec }) => {
  const { ms, until } = spec as SleepSpec;
  if (until === undefined) return { detail: `for ${fromMs(ms)}` };
  return { detail: until === 'input' ? 'until it is told' : `until ${new Date(until).toISOString()}` };
};
