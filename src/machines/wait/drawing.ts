/** How a wait is drawn: its signal, its time, and what comes when that is up. */
import type { Drawn } from '../../core/drawing.ts';
import type { WaitSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';

const LATE = { fail: 'fails', value: 'completes', step: 'child' } as const;

export const drawWait: Drawn = ({ spec }) => {
  const { signal, timeout, onTimeout } = spec as WaitSpec;
  const detail = `signal "${signal}"`;
  if (timeout === null) return { arrangement: 'late', detail };
  return { arrangement: 'late', detail: `${detail}, within ${fromMs(timeout)}`, late: LATE[onTimeout] };
};
