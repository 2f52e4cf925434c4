/** A sleep in words, as it is drawn and as runs are pinned to it: how long it is, or until when. */
import type { SleepSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';

export function lengthIn({ ms, until, for: length }: SleepSpec): string {
  if (length === 'input') return 'for as long as it is told';
  if (until === undefined) return `for ${fromMs(ms)}`;
  return until === 'input' ? 'until it is told' : `until ${new Date(until).toISOString()}`;
}
